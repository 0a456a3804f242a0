// What a session may send and receive per second, as both daemons mean it.
#pragma once

#include <cstdint>

#include "proto/base/strong.h"

namespace sstpgw {

// Octets (as ShaperSettings::count says) times eight, per second of 1000 ms; 0 is no limit.
using BitsPerSecond = Strong<struct BitsPerSecondTag, std::uint64_t>;
// Octets that may pass at once after a pause; 0 is as many as the limiter's factor says.
using BurstOctets = Strong<struct BurstOctetsTag, std::uint64_t>;

// No rate is above this: a terabit. All arithmetic of the limiters is exact up to here.
inline constexpr BitsPerSecond kMaxRate{1'000'000'000'000};
// No burst is above this: a gibioctet.
inline constexpr BurstOctets kMaxBurst{std::uint64_t{1} << 30};

struct DirectionLimit {
  BitsPerSecond rate;
  BurstOctets burst;

  friend bool operator==(const DirectionLimit&, const DirectionLimit&) = default;
};

struct RateLimit {
  DirectionLimit down;  // to the client
  DirectionLimit up;    // from the client

  [[nodiscard]] bool any() const {
    return down.rate != BitsPerSecond{} || up.rate != BitsPerSecond{};
  }
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

}  // namespace sstpgw
