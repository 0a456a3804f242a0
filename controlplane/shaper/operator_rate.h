// A rate limit as operators write it, in the configuration and on the command line. Pure.
//
//   DOWN/UP      10M/2M, 512/128, 2.5G/0; the numbers and separators of rate_text.h
//   ID,DOWN/UP   while time range ID is active
#pragma once

#include <string>
#include <string_view>

#include "controlplane/shaper/rate_text.h"

namespace sstpgw::cp {

// Both directions are there. Nothing may follow, unlike in RADIUS attributes. The error is a clause
// for the operator: "no number at position 3".
[[nodiscard]] Result<RateReading, std::string> ReadOperatorRate(std::string_view text);

// "10240/512": kbit/s with as many decimals as it takes, 0 for a direction without limit. Empty if
// neither has one.
[[nodiscard]] std::string ToKilobits(const RateLimit& limit);
// "10240", "0.512".
[[nodiscard]] std::string ToKilobits(BitsPerSecond rate);

}  // namespace sstpgw::cp
