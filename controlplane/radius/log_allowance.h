// Keeps what others can cause at will from filling the log: of each kind of line so many in so long
// a time, the next one that is written tells how many were not. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "proto/base/types.h"

namespace sstpgw::cp::radius {

// Kind: an enum; the caller has few of them.
template <class Kind>
class LogAllowance {
 public:
  static constexpr Duration kPeriod = std::chrono::seconds(10);
  static constexpr std::uint32_t kLines = 5;  // per kind and period

  // nullopt: the line is not to be written; else how many were not since the last one that was.
  [[nodiscard]] std::optional<std::uint64_t> Ask(Kind kind, TimePoint now) {
    State& state = states_[kind];
    if (state.lines == 0 || now - state.begin >= kPeriod) state = {now, 0, state.left_out};
    if (state.lines >= kLines) {
      ++state.left_out;
      return std::nullopt;
    }
    ++state.lines;
    const std::uint64_t left_out = state.left_out;
    state.left_out = 0;
    return left_out;
  }

 private:
  struct State {
    TimePoint begin;
    std::uint32_t lines = 0;
    std::uint64_t left_out = 0;
  };
  std::map<Kind, State> states_;
};

}  // namespace sstpgw::cp::radius
