// Times of the day with limits of their own: shaper.time-range, "ID,HH:MM-HH:MM". Pure; what time
// it is comes in as the wall clock shows it, so that a range is true to it through every change of
// the clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proto/base/result.h"

namespace sstpgw::cp {

// Since midnight, as the wall clock shows it: 0 to 24 h.
using TimeOfDay = std::chrono::milliseconds;

// `begin` belongs to the range, `end` does not; if it is the earlier one, midnight is inside.
struct TimeRange {
  std::uint32_t id = 0;  // never 0, which is "always"
  std::chrono::minutes begin{0};
  std::chrono::minutes end{0};

  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

// The error is a clause for the operator.
[[nodiscard]] Result<TimeRange, std::string> ReadTimeRange(std::string_view text);

// The ID of the range that began last among those around `now`; 0: there is none. Of two that
// began in the same minute, the later one in the list.
[[nodiscard]] std::uint32_t ActiveTimeRange(std::span<const TimeRange> ranges, TimeOfDay now);

// Until the next full minute, when any range may begin or end: more than 0. Looking every minute
// costs nothing and needs no knowledge of when the wall clock jumps.
[[nodiscard]] std::chrono::milliseconds ToNextMinute(TimeOfDay now);

}  // namespace sstpgw::cp
