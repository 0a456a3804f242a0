#include "controlplane/edge/local_clock.h"

#include <algorithm>
#include <ctime>

namespace sstpgw::cp {

std::chrono::milliseconds LocalTimeOfDay(std::chrono::system_clock::time_point when) {
  const auto second = std::chrono::floor<std::chrono::seconds>(when);
  const std::time_t number = std::chrono::system_clock::to_time_t(second);
  std::tm local{};
  ::tzset();  // localtime_r need not look
  if (::localtime_r(&number, &local) == nullptr) return std::chrono::milliseconds(0);
  return std::chrono::hours(local.tm_hour) + std::chrono::minutes(local.tm_min) +
         std::chrono::seconds(std::min(local.tm_sec, 59)) +
         std::chrono::floor<std::chrono::milliseconds>(when - second);
}

}  // namespace sstpgw::cp
