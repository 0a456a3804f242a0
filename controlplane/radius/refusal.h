// Why a Disconnect- or CoA-Request is not carried out: what the sender is told and what the log
// says. Pure.
#pragma once

#include <string>
#include <utility>

#include "controlplane/radius/error_cause.h"
#include "proto/base/result.h"

namespace sstpgw::cp::radius {

struct Refusal {
  ErrorCause cause = ErrorCause::kInvalidRequest;
  std::string why;  // a clause for the log, foreign text in it escaped
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// A value, or the reason to refuse the request it should come from.
template <class T>
using OrRefusal = Result<T, Refusal>;

[[nodiscard]] inline auto Refuse(ErrorCause cause, std::string why) {
  return Fail(Refusal{cause, std::move(why)});
}

}  // namespace sstpgw::cp::radius
