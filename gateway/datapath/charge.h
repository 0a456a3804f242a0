// What a packet costs a session that is limited: the same as the kernel's program counts for it, by
// the same arithmetic (ebpf/packet.h). Pure.
#pragma once

#include <cstdint>

#include "ebpf/packet.h"
#include "gateway/datapath/vnet_header.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

// What counts, as in the session's sg_policy.
struct ChargeRule {
  std::uint32_t flags = 0;  // SG_COUNT_PACKET; others are not looked at
  std::uint32_t mpu = 0;    // octets that the smallest packet counts as
};

// Octets that count, and packets; of any octets.
[[nodiscard]] sg_cost CostOf(ByteView packet, const ChargeRule& rule);
// As it was read from a TUN: a super packet costs what the packets it becomes cost.
[[nodiscard]] sg_cost CostOf(const VnetHeader& header, ByteView packet, const ChargeRule& rule);
// The same, with the vnet header in front. Without one: nothing.
[[nodiscard]] sg_cost CostOfRead(ByteView vnet_and_packet, const ChargeRule& rule);

}  // namespace sstpgw::datapath
