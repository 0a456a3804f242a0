// How long a TLS record may be on this path. Nothing in a record is usable before its last octet
// has arrived, so a record is also a unit of delay: 16 KiB take 130 ms at 1 Mbit/s. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "gateway/datapath/frame_batch.h"

namespace sstpgw::datapath {

// What the path carries in 5 ms, at most a whole record. `octets_per_second` 0: not known, no
// bound. A record holds at least one packet, however small this is. (A session's own rate limit
// will bound it as well once there are limits.)
[[nodiscard]] constexpr std::size_t RecordLimit(std::uint64_t octets_per_second) {
  if (octets_per_second == 0) return kMaxRecord;
  return static_cast<std::size_t>(std::min<std::uint64_t>(kMaxRecord, octets_per_second / 200));
}

}  // namespace sstpgw::datapath
