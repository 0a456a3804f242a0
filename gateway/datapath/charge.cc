#include "gateway/datapath/charge.h"

#include <algorithm>

namespace sstpgw::datapath {
namespace {

sg_cost Cost(ByteView packet, std::uint32_t gso_size, const ChargeRule& rule) {
  // Without a head it is no IP packet, and zeros say so.
  constexpr std::uint8_t kNoHead[SG_HEAD] = {};
  const std::uint8_t* const head = packet.size() < SG_HEAD ? kNoHead : packet.data();
  std::uint8_t tcp_offset = 0;
  if (gso_size != 0) {
    const std::size_t at = sg_tcp_offset_at(head);
    if (at != 0 && at < packet.size()) tcp_offset = packet[at];
  }
  return sg_cost_of(head, static_cast<std::uint32_t>(packet.size()), tcp_offset, gso_size,
                    rule.flags, rule.mpu);
}

}  // namespace

sg_cost CostOf(ByteView packet, const ChargeRule& rule) { return Cost(packet, 0, rule); }

sg_cost CostOf(const VnetHeader& header, ByteView packet, const ChargeRule& rule) {
  return Cost(packet, header.gso_type == kVnetGsoNone ? 0 : header.gso_size, rule);
}

sg_cost CostOfRead(ByteView vnet_and_packet, const ChargeRule& rule) {
  if (vnet_and_packet.size() < kVnetHeaderSize) return {};
  return CostOf(ParseVnetHeader(vnet_and_packet.first<kVnetHeaderSize>()),
                vnet_and_packet.subspan(kVnetHeaderSize), rule);
}

}  // namespace sstpgw::datapath
