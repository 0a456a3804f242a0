// Explicit Congestion Notification (RFC 3168): the low two bits of IPv4's TOS and of IPv6's traffic
// class say whether a packet's sender understands that a queue stands, and that one does.
//
//   0 Not-ECT   1 ECT(1)   2 ECT(0)   3 CE
//
// Pure.
#pragma once

#include <cstdint>
#include <span>

#include "proto/base/types.h"

namespace sstpgw::datapath {

inline constexpr std::uint8_t kNotEct = 0;
inline constexpr std::uint8_t kCongestionExperienced = 3;

// The field; kNotEct of what is no whole IP header.
[[nodiscard]] std::uint8_t EcnOf(ByteView packet);
// Sets it to CE in place, and IPv4's checksum with it. False, and nothing is changed: the sender
// would not understand, or it is no whole IP header.
bool MarkCongestion(std::span<std::uint8_t> packet);

}  // namespace sstpgw::datapath
