// How many messages without data a peer may send after the handshake (KeyUpdate, a refused
// ClientHello, an empty record): a burst at once, and one more per interval. An honest peer sends
// one in hours.
#pragma once

#include <algorithm>

#include "proto/base/types.h"

namespace sstpgw::edge {

class HousekeepingBucket {
 public:
  static constexpr int kBurst = 32;
  static constexpr Duration kInterval = std::chrono::seconds(1);

  // False: one too many.
  [[nodiscard]] bool Take(TimePoint now) {
    // The bucket, written as the time at which it will be empty.
    paid_ = std::max(paid_, now) + kInterval;
    return paid_ - now <= kBurst * kInterval;
  }

 private:
  TimePoint paid_{};
};

}  // namespace sstpgw::edge
