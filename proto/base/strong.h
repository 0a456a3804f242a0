// A number with a name of its own. Strong<Tag, T> is explicit to make, comparable and hashable, and
// has no arithmetic, so two kinds of number cannot be swapped or added by mistake. Costs nothing at
// run time.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace sstpgw {

template <class Tag, class T>
class Strong {
 public:
  using Value = T;
  constexpr Strong() = default;
  constexpr explicit Strong(T value) : value_(value) {}
  [[nodiscard]] constexpr T value() const { return value_; }
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;

 private:
  T value_{};
};

}  // namespace sstpgw

template <class Tag, class T>
struct std::hash<sstpgw::Strong<Tag, T>> {
  std::size_t operator()(const sstpgw::Strong<Tag, T>& strong) const {
    return std::hash<T>{}(strong.value());
  }
};
