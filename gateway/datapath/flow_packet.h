// What a packet from a client is to the coalescer: whether it belongs to a flow at all, and whether
// it may become a part of a super packet.
//
// Reads the packet as if an enemy had made it; after ParseFlowPacket all offsets in the result lie
// inside it. Pure, no allocation.
#pragma once

#include <cstdint>

#include "gateway/datapath/packet_fields.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

enum class FlowFit : std::uint8_t {
  kNoFlow,  // ports unknown (fragment, ICMP, IPv4 options, IPv6 extension headers, not well formed)
  kAlone,   // of a flow, but can be no part of a super packet
  kMergeable,  // TCP or UDP with payload and nothing special; its checksums are not looked at yet
};

struct FlowPacket {
  ByteView bytes;
  FlowFit fit = FlowFit::kNoFlow;
  bool tcp = false;               // else UDP
  bool push = false;              // TCP PSH
  std::uint16_t transport = 0;    // where TCP or UDP begins: 20 or 40
  std::uint16_t header_size = 0;  // where the payload begins
  std::uint16_t payload = 0;      // octets
  std::uint32_t hash = 0;         // of addresses, ports and protocol; 0 only with kNoFlow
};

[[nodiscard]] FlowPacket ParseFlowPacket(ByteView bytes);

// Addresses, ports and protocol are the same. Both are of some flow.
[[nodiscard]] bool SameFlow(const FlowPacket& a, const FlowPacket& b);

// Every field that cutting copies from the super packet's header into all segments is the same, and
// `next`, `index` segments of `segment_size` octets behind `first`, has the IPv4 id and the TCP
// sequence number that cutting would give it. Both are mergeable and of one flow.
[[nodiscard]] bool Continues(const FlowPacket& first, const FlowPacket& next, std::uint32_t index,
                             std::uint32_t segment_size);

// The checksums are right, and are what cutting would compute: of the two ways to write zero, the
// one that a sender should use. `packet` is mergeable.
[[nodiscard]] bool ChecksumsHold(const FlowPacket& packet);

}  // namespace sstpgw::datapath
