#include "controlplane/shaper/time_range.h"

#include <charconv>
#include <optional>

namespace sstpgw::cp {
namespace {

using std::chrono::minutes;

constexpr minutes kDay = std::chrono::hours(24);

std::optional<std::uint32_t> Number(std::string_view text, std::uint32_t most) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stop != end || value > most) return std::nullopt;
  return value;
}

// "HH:MM".
std::optional<minutes> TimeOf(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = Number(text.substr(0, 2), 23);
  const auto minute = Number(text.substr(3), 59);
  if (!hour || !minute) return std::nullopt;
  return minutes{*hour * 60 + *minute};
}

}  // namespace

Result<TimeRange, std::string> ReadTimeRange(std::string_view text) {
  const std::size_t comma = text.find(',');
  const std::size_t dash = text.find('-');
  if (comma == std::string_view::npos || dash == std::string_view::npos || dash < comma) {
    return Fail(std::string("must be ID,HH:MM-HH:MM"));
  }
  const auto id = Number(text.substr(0, comma), UINT32_MAX);
  if (!id || *id == 0) return Fail(std::string("must be ID,HH:MM-HH:MM with ID 1..4294967295"));
  const auto begin = TimeOf(text.substr(comma + 1, dash - comma - 1));
  const auto end = TimeOf(text.substr(dash + 1));
  if (!begin || !end) {
    return Fail(std::string("must be ID,HH:MM-HH:MM with times 00:00 to 23:59"));
  }
  if (*begin == *end) return Fail(std::string("ends in the minute in which it begins"));
  return TimeRange{*id, *begin, *end};
}

std::uint32_t ActiveTimeRange(std::span<const TimeRange> ranges, TimeOfDay now) {
  const auto minute = std::chrono::floor<minutes>(now);
  std::uint32_t active = 0;
  minutes shortest = kDay;
  for (const TimeRange& range : ranges) {
    const minutes since = (minute - range.begin + kDay) % kDay;
    const minutes length = (range.end - range.begin + kDay) % kDay;
    if (since >= length || since > shortest) continue;
    shortest = since;
    active = range.id;
  }
  return active;
}

std::chrono::milliseconds ToNextMinute(TimeOfDay now) {
  return std::chrono::minutes(1) - now % std::chrono::minutes(1);
}

}  // namespace sstpgw::cp
