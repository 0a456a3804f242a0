// Rate limits in the attribute that the operator named for them (features 6.7): from its values to
// what they say. Which text is read how:
//
//   Cisco-AVPair         rate-limit input|output ...; anything else speaks of something else
//   Mikrotik-Rate-Limit  the router's view, with bursts
//   numbers              kbit/s times the multiplier, both directions
//   any other text       N, DOWN/UP, ID,DOWN/UP, or as Cisco-AVPair
//
// (controlplane/shaper/rate_text.h). Pure; any thread.
#pragma once

#include <optional>
#include <vector>

#include "controlplane/config/radius_config.h"
#include "controlplane/radius/session_attributes.h"
#include "controlplane/radius/session_change.h"
#include "controlplane/shaper/rate_table.h"
#include "controlplane/shaper/rate_text.h"
#include "proto/base/result.h"

namespace sstpgw::cp::radius {

// Which attribute, and how its values are meant.
struct RateScheme {
  AttributeKey key;
  ValueType type = ValueType::kString;
  RateRules rules;
};
// Of a valid configuration; nullopt: rate limits are not enabled.
[[nodiscard]] std::optional<RateScheme> RateSchemeOf(const RadiusConfig& config);

struct RatesOfAccept {
  RateTable table;                         // empty: nothing was said
  std::vector<AttributeWarning> warnings;  // of values that cannot be read; they limit nothing
};
// SessionAttributes::rate_limits of an Access-Accept; later ones count more (RateTable::Add).
[[nodiscard]] RatesOfAccept ReadRates(const std::vector<RateLimitValue>& values,
                                      const RateScheme& scheme);

// SessionChange::rate_limits of a CoA-Request, in order. kInvalidArgument: one cannot be read; the
// message is a clause for the log.
[[nodiscard]] Result<std::vector<RateReading>> ReadChangedRates(
    const std::vector<RawRateLimit>& values, const RateScheme& scheme);
// Which of those values would do.
[[nodiscard]] RateJudge RateJudgeOf(RateScheme scheme);

}  // namespace sstpgw::cp::radius
