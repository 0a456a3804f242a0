// What the clock on the wall shows, in the time zone that the process has (TZ, or /etc/localtime,
// which is looked at again each time).
#pragma once

#include <chrono>
#include <cstdint>

namespace sstpgw::cp {

// Since midnight. Every day goes from 00:00 to 24:00; hours that daylight saving skips are not
// there, those that it repeats are there twice.
[[nodiscard]] std::chrono::milliseconds LocalTimeOfDay(std::chrono::system_clock::time_point when);
[[nodiscard]] inline std::chrono::milliseconds LocalTimeOfDay() {
  return LocalTimeOfDay(std::chrono::system_clock::now());
}
// Since 1970 in UTC, whole seconds.
[[nodiscard]] inline std::int64_t UnixSeconds() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())
      .time_since_epoch()
      .count();
}

}  // namespace sstpgw::cp
