// The limits of sessions whose pace the gateway keeps: one for the pacer, and the one that the
// kernel's program gets along with it. Pure.
#pragma once

#include <cstdint>

#include "ebpf/queue.h"
#include "proto/base/rate_limit.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

struct PaceWish {
  BitsPerSecond rate;   // 0: no limit
  BurstOctets burst{};  // 0: 50 ms of the rate; never below two packets
  Mtu mtu{1400};        // the interface's
  Duration latency = std::chrono::milliseconds(50);  // longest wait; never below 16 packets
  Duration target = std::chrono::milliseconds(10);   // wait that may last; never below four packets
  Duration interval = std::chrono::milliseconds(100);  // for no longer than this, when it is above
};

// To the client: the program and DownPacer get the same one. From it: UpPacer's.
[[nodiscard]] sg_limit PaceLimit(const PaceWish& wish);
// The program's behind an UpPacer with `pace`: the same rate, and it drops nothing that comes
// through there, however late the gateway hands it over, up to 100 ms.
[[nodiscard]] sg_limit BackstopLimit(const sg_limit& pace);

// What is worth waking up for: 2 ms of the rate, at least a packet, at most the burst.
[[nodiscard]] std::uint64_t PaceQuantum(const sg_limit& limit);

// The time of a pacer and of the kernel's programs: both clocks are CLOCK_MONOTONIC.
[[nodiscard]] constexpr std::uint64_t Nanoseconds(TimePoint now) {
  return static_cast<std::uint64_t>(now.time_since_epoch().count());
}

}  // namespace sstpgw::datapath
