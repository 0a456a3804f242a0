#include "controlplane/cli/format.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>

namespace sstpgw::cli {
namespace {

std::string Clock(std::int64_t seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%02" PRId64 ":%02" PRId64 ":%02" PRId64,
                seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
  return text.data();
}

constexpr std::int64_t kDay = 24 * 3600;

}  // namespace

std::string HumanBytes(std::uint64_t bytes) {
  constexpr std::uint64_t kKib = 1024;
  if (bytes < kKib) return std::to_string(bytes) + " B";
  const char* unit = "GiB";
  std::uint64_t one = kKib * kKib * kKib;
  if (bytes < kKib * kKib) {
    unit = "KiB";
    one = kKib;
  } else if (bytes < one) {
    unit = "MiB";
    one = kKib * kKib;
  }
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s",
                static_cast<double>(bytes) / static_cast<double>(one), unit);
  return text.data();
}

std::string Uptime(std::int64_t seconds) {
  seconds = std::max<std::int64_t>(seconds, 0);
  return seconds < kDay ? Clock(seconds) : UptimeWithDays(seconds);
}

std::string UptimeWithDays(std::int64_t seconds) {
  seconds = std::max<std::int64_t>(seconds, 0);
  return std::to_string(seconds / kDay) + "." + Clock(seconds);
}

}  // namespace sstpgw::cli
