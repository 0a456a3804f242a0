// Expected failure as a value. Result<T, E> holds a T or the reason E why there is none; ignoring
// one does not compile. std::expected names, so that C++23 later is one edit. Nothing here throws.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "proto/base/error.h"

namespace sstpgw {

template <class T, class E = Error>
class [[nodiscard]] Result : public tl::expected<T, E> {
 public:
  using tl::expected<T, E>::expected;
};

template <class E>
auto Fail(E error) {
  return tl::unexpected<E>(std::move(error));
}

}  // namespace sstpgw

// Leaves the enclosing function with the error of `expression`, if it has one.
#define SG_CONCAT_INNER(a, b) a##b
#define SG_CONCAT(a, b) SG_CONCAT_INNER(a, b)
#define SG_RETURN_IF_ERROR(expression)                                                       \
  do {                                                                                       \
    if (auto sg_result = (expression); !sg_result) return ::sstpgw::Fail(sg_result.error()); \
  } while (false)
// Declares `declaration` with the value of `expression`, or leaves with its error.
#define SG_ASSIGN_OR_RETURN(declaration, expression)                           \
  auto SG_CONCAT(sg_result_, __LINE__) = (expression);                         \
  if (!SG_CONCAT(sg_result_, __LINE__))                                        \
    return ::sstpgw::Fail(std::move(SG_CONCAT(sg_result_, __LINE__)).error()); \
  declaration = std::move(SG_CONCAT(sg_result_, __LINE__)).value()
