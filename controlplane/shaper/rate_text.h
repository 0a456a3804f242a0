// Rate limits as RADIUS servers and operators write them. Pure.
//
//   N                   both directions        DOWN/UP, DOWN\UP, DOWN:UP   each its own
//   ID,N  ID,DOWN/UP    while time range ID is active; 0 is always
//   a number            decimals allowed; kbit/s, or with a suffix B bit/s, K kbit/s, M Mbit/s, G
//   Gbit/s (any case);
//                       times the multiplier; 0 is no limit. What follows a blank is not looked at.
//   rate-limit output [access-group ID] BPS [BURST ...]   anywhere in the text: down, bit/s and
//   octets rate-limit input  [access-group ID] BPS [BURST ...]   up; no multiplier; any number of
//   either
//
// Mikrotik-Rate-Limit (the router's view: rx is what the client sends), numbers as above:
//   RX[/TX] [RX-BURST[/TX-BURST] [RX-THRESHOLD[/TX-THRESHOLD] [RX-SECONDS[/TX-SECONDS] ...]]]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/rate_limit.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

// Directions that an attribute speaks of. What a text says of another one is not taken.
enum class RateDirections { kBoth, kDown, kUp };

// Factor of the numbers in an attribute, in millionths: 1'000 (0.001) to 1'000'000'000 (1000).
using RateMultiplier = Strong<struct RateMultiplierTag, std::uint32_t>;
inline constexpr RateMultiplier kNoMultiplier{1'000'000};

struct RateRules {
  RateDirections directions = RateDirections::kBoth;
  RateMultiplier multiplier = kNoMultiplier;
};

// What one text says. A direction without a value was not spoken of; a rate of 0 is no limit.
struct RateReading {
  std::uint32_t time_range = 0;  // 0: always
  std::optional<DirectionLimit> down;
  std::optional<DirectionLimit> up;

  friend bool operator==(const RateReading&, const RateReading&) = default;
};

enum class RateTextErrorCode {
  kEmpty,         // nothing before the first blank
  kNoNumber,      // a number should begin here
  kUnknownText,   // neither a suffix, nor a separator, nor the end
  kBadTimeRange,  // not a number of 32 bits
  kTooLarge,      // rate above kMaxRate, or burst above kMaxBurst where it is written out
  kTooSmall,      // not zero, but less than 1 bit/s, which must not become "no limit"
};

struct RateTextError {
  RateTextErrorCode code = RateTextErrorCode::kEmpty;
  std::size_t offset = 0;  // octets into the text

  friend bool operator==(const RateTextError&, const RateTextError&) = default;
};

// "no number at position 3": a sentence part for logs and operators.
[[nodiscard]] std::string ToString(const RateTextError& error);

using RateReadings = Result<std::vector<RateReading>, RateTextError>;

// An attribute that is a number: kbit/s times the multiplier.
[[nodiscard]] RateReadings ReadRateNumber(std::uint32_t value, const RateRules& rules);
// Text of any vendor but those below, e.g. Filter-Id; also the operator's DOWN/UP.
[[nodiscard]] RateReadings ReadRateText(std::string_view text, const RateRules& rules);
// Cisco-AVPair: empty if it speaks of something else.
[[nodiscard]] RateReadings ReadCiscoRate(std::string_view text, const RateRules& rules);
// Mikrotik-Rate-Limit. The burst is what may pass above the rate after a pause:
// (BURST - RATE) * THRESHOLD * SECONDS / BURST bits; threshold RATE and one second where not given.
[[nodiscard]] RateReadings ReadMikrotikRate(std::string_view text, const RateRules& rules);

}  // namespace sstpgw::cp
