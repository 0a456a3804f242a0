#include "gateway/datapath/downlink.h"

#include <algorithm>

#include "gateway/datapath/ipv6_scope.h"
#include "gateway/datapath/packet_fields.h"

namespace sstpgw::datapath {

DownlinkCounters& DownlinkCounters::operator+=(const DownlinkCounters& other) {
  packets += other.packets;
  bytes += other.bytes;
  dropped_closed += other.dropped_closed;
  dropped_malformed += other.dropped_malformed;
  dropped_interface += other.dropped_interface;
  dropped_not_negotiated += other.dropped_not_negotiated;
  dropped_link_local += other.dropped_link_local;
  dropped_mppe += other.dropped_mppe;
  return *this;
}

std::uint64_t* Downlink::Hindrance(const Segmenter& packet) {
  if (!open_) return &counters_.dropped_closed;
  if (packet.ipv6() ? !families_.ipv6 : !families_.ipv4) return &counters_.dropped_not_negotiated;
  if (packet.ipv6() && IsHostChatter(packet.packet())) return &counters_.dropped_link_local;
  return nullptr;
}

std::span<std::uint8_t> Downlink::Space(FrameBatch& batch, std::size_t size) const {
  if (sealer_ == nullptr) return batch.Space(size);
  const std::span<std::uint8_t> frame = batch.Space(kSealOverhead + size);
  return frame.empty() ? frame : frame.subspan(kSealOverhead);
}

bool Downlink::Commit(FrameBatch& batch, codec::PppProtocol protocol,
                      std::span<std::uint8_t> packet) {
  if (sealer_ == nullptr) {
    batch.Commit(protocol, packet.size());
    return true;
  }
  const std::size_t size = kSealOverhead + packet.size();
  if (!sealer_->Seal(protocol, batch.Space(size))) return false;
  batch.Commit(codec::PppProtocol::kCompressed, size);
  return true;
}

bool Downlink::Append(FrameBatch& batch, Segmenter& packet) {
  if (std::uint64_t* const counter = Hindrance(packet)) {
    *counter += packet.segments_left();
    return true;
  }
  const auto protocol = packet.ipv6() ? codec::PppProtocol::kIpv6 : codec::PppProtocol::kIpv4;
  const std::size_t most = FrameBatch::kMaxPacket - (sealer_ == nullptr ? 0 : kSealOverhead);
  while (!packet.done()) {
    const std::size_t size = packet.next_size();
    if (size > most) {
      counters_.dropped_malformed += packet.segments_left();
      return true;
    }
    const std::span<std::uint8_t> space = Space(batch, size);
    if (space.empty()) return false;
    packet.Emit(space);
    if (!Commit(batch, protocol, space)) {
      ++counters_.dropped_mppe;
      continue;
    }
    ++counters_.packets;
    counters_.bytes += size;
  }
  return true;
}

bool Downlink::AppendOwn(FrameBatch& batch, ByteView packet) {
  const bool fits =
      packet.size() >= kIpv6HeaderSize && packet.size() <= FrameBatch::kMaxPacket - kSealOverhead;
  if (!fits) return true;
  const std::span<std::uint8_t> space = Space(batch, packet.size());
  if (space.empty()) return false;
  std::copy(packet.begin(), packet.end(), space.begin());
  if (!Commit(batch, codec::PppProtocol::kIpv6, space)) ++counters_.dropped_mppe;
  return true;
}

}  // namespace sstpgw::datapath
