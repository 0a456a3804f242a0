// Rate limits: any text in every form, with any multiplier and for any direction.
#include <string>
#include <string_view>

#include "controlplane/shaper/rate_table.h"
#include "controlplane/shaper/rate_text.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

void RequireLimit(const std::optional<DirectionLimit>& limit) {
  if (!limit) return;
  Require(limit->rate <= kMaxRate && limit->burst <= kMaxBurst);
}

void Judge(std::string_view text, const cp::RateReadings& readings, cp::RateDirections directions) {
  if (!readings) {
    Require(readings.error().offset <= text.size() && !ToString(readings.error()).empty());
    return;
  }
  cp::RateTable table;
  for (const cp::RateReading& reading : *readings) {
    RequireLimit(reading.down);
    RequireLimit(reading.up);
    Require(reading.down || reading.up);
    Require(directions != cp::RateDirections::kDown || !reading.up);
    Require(directions != cp::RateDirections::kUp || !reading.down);
    table.Add(reading);
    const RateLimit limit = table.During(reading.time_range);
    if (reading.down && reading.down->rate.value() != 0) Require(limit.down == *reading.down);
    if (reading.up && reading.up->rate.value() != 0) Require(limit.up == *reading.up);
  }
}

// What follows the first blank of a text without Cisco's words changes nothing.
void RequireTailIgnored(std::string_view text, const cp::RateRules& rules) {
  if (text.find("rate-limit") != std::string_view::npos) return;
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return;
  const std::size_t blank = std::min(text.find_first_of(" \t", first), text.size());
  const auto whole = cp::ReadRateText(text, rules);
  const auto word = cp::ReadRateText(text.substr(0, blank), rules);
  Require(whole.has_value() == word.has_value());
  Require(whole ? *whole == *word : whole.error() == word.error());
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sstpgw;
  if (size < 4) return 0;
  cp::RateRules rules;
  rules.directions = static_cast<cp::RateDirections>(data[0] % 3);
  std::uint32_t multiplier = 0;
  for (int i = 1; i < 4; ++i) multiplier = (multiplier << 8) | data[i];
  // Over the whole range that may be configured; the corpus' zeros are a multiplier of 1.
  rules.multiplier =
      multiplier == 0 ? cp::kNoMultiplier : cp::RateMultiplier{1'000 + multiplier * 59};
  const std::string text(reinterpret_cast<const char*>(data) + 4, size - 4);
  fuzz::Judge(text, cp::ReadRateText(text, rules), rules.directions);
  fuzz::Judge(text, cp::ReadCiscoRate(text, rules), rules.directions);
  fuzz::Judge(text, cp::ReadMikrotikRate(text, rules), rules.directions);
  fuzz::RequireTailIgnored(text, rules);
  fuzz::Judge("", cp::ReadRateNumber(multiplier, rules), rules.directions);
  return 0;
}
