// What the many-sessions mode reports: set-up times, rate, failures by reason. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proto/base/types.h"

namespace sstpgw::client {

// The smallest sample that at least `percent` of all samples do not exceed (nearest rank);
// zero without samples. `percent` 0..100.
[[nodiscard]] Duration Percentile(std::vector<Duration> samples, double percent);

struct RunReport {
  std::uint32_t wanted = 0;
  std::uint32_t concurrency = 0;
  Duration setup_elapsed{};  // first connect until the last one came up or failed; without a hold:
                             // until the last one was closed
  std::vector<Duration> setup_times;              // of those that came up
  std::map<std::string, std::uint32_t> failures;  // reason -> sessions, during set-up
  std::map<std::string, std::uint32_t> lost;      // reason -> sessions, while held
  std::uint32_t closed_cleanly = 0;               // at the end, with CALL_DISCONNECT_ACK
  bool ipv6 = false;                              // asked for; the next three are told then
  std::uint32_t ipv6_up = 0;                      // sessions in which IPv6CP opened
  std::uint32_t with_advertisement = 0;           // that heard a Router Advertisement
  std::uint64_t router_advertisements = 0;        // of all sessions
  std::uint32_t pings_sent = 0;
  std::vector<Duration> ping_times;  // of those that were answered

  [[nodiscard]] std::uint32_t up() const { return static_cast<std::uint32_t>(setup_times.size()); }
  [[nodiscard]] double rate_per_second() const;
};

// A table for people.
[[nodiscard]] std::string ToTable(const RunReport& report);
// One JSON object with stable names for programs.
[[nodiscard]] std::string ToJson(const RunReport& report);

}  // namespace sstpgw::client
