#include "gateway/datapath/downlink.h"

namespace sstpgw::datapath {

DownlinkCounters& DownlinkCounters::operator+=(const DownlinkCounters& other) {
  packets += other.packets;
  bytes += other.bytes;
  dropped_closed += other.dropped_closed;
  dropped_malformed += other.dropped_malformed;
  dropped_interface += other.dropped_interface;
  return *this;
}

bool Downlink::Append(FrameBatch& batch, Segmenter& packet) {
  if (!open_) {
    counters_.dropped_closed += packet.segments_left();
    return true;
  }
  // IPv6 is not negotiated with clients yet.
  if (packet.ipv6()) {
    counters_.dropped_malformed += packet.segments_left();
    return true;
  }
  const auto protocol = packet.ipv6() ? codec::PppProtocol::kIpv6 : codec::PppProtocol::kIpv4;
  while (!packet.done()) {
    const std::size_t size = packet.next_size();
    if (size > FrameBatch::kMaxPacket) {
      counters_.dropped_malformed += packet.segments_left();
      return true;
    }
    const std::span<std::uint8_t> space = batch.Space(size);
    if (space.empty()) return false;
    packet.Emit(space);
    batch.Commit(protocol, size);
    ++counters_.packets;
    counters_.bytes += size;
  }
  return true;
}

}  // namespace sstpgw::datapath
