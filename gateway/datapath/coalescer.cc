#include "gateway/datapath/coalescer.h"

#include <algorithm>
#include <cstring>

#include "gateway/datapath/checksum.h"

namespace sstpgw::datapath {
namespace {

constexpr std::array<std::uint8_t, kVnetHeaderSize> kFinished{};
constexpr std::size_t kMaxHeaders = kVnetHeaderSize + kIpv6HeaderSize + 60;  // 60: largest of TCP

bool PushOfLast(const ByteView& payload, const FlowPacket& first) {
  // The last packet's headers lie in front of its payload, with the size of the first one's.
  return first.tcp &&
         (*(payload.data() - first.header_size + first.transport + kTcpFlags) & kTcpPush) != 0;
}

}  // namespace

void Coalescer::Begin(Options options, PacketSink& sink) {
  options_ = options;
  sink_ = &sink;
}

void Coalescer::Add(ByteView packet) {
  if (!options_.tcp && !options_.udp) {
    PassAlone(packet);
    return;
  }
  const FlowPacket parsed = ParseFlowPacket(packet);
  if (parsed.fit == FlowFit::kNoFlow) {
    Flush();
    PassAlone(packet);
  } else if (parsed.tcp ? options_.tcp : options_.udp) {
    Merge(parsed);
  } else {
    PassAlone(packet);
  }
}

void Coalescer::Merge(const FlowPacket& packet) {
  const std::size_t index = Find(packet);
  if (index < kMaxFlows) {
    Group& group = groups_[index];
    if (packet.fit == FlowFit::kMergeable && Takes(group, packet)) {
      group.parts[++group.count] = packet.bytes.subspan(packet.header_size);
      group.total += packet.payload;
      group.bytes += static_cast<std::uint32_t>(packet.bytes.size());
      const std::size_t most = packet.tcp ? kMaxSegmentsTcp : kMaxSegmentsUdp;
      if (packet.push || packet.payload < group.first.payload || group.count == most) Close(index);
      return;
    }
    Close(index);
  }
  // PSH ends the super packet that it would begin.
  if (packet.fit == FlowFit::kMergeable && !packet.push) {
    Open(packet);
  } else {
    PassAlone(packet.bytes);
  }
}

std::size_t Coalescer::Find(const FlowPacket& packet) const {
  if (open_ == 0) return kMaxFlows;
  for (std::size_t i = 0; i < kMaxFlows; ++i) {
    if (hashes_[i] == packet.hash && SameFlow(groups_[i].first, packet)) return i;
  }
  return kMaxFlows;
}

bool Coalescer::Takes(Group& group, const FlowPacket& packet) {
  if (packet.payload > group.first.payload) return false;
  if (group.total + packet.payload > kMaxIpPacket) return false;
  if (!Continues(group.first, packet, group.count, group.first.payload)) return false;
  // Only now, since most packets that stay alone never come this far.
  if (!group.verified) {
    if (!ChecksumsHold(group.first)) return false;
    group.verified = true;
  }
  return ChecksumsHold(packet);
}

void Coalescer::Open(const FlowPacket& packet) {
  std::size_t index = victim_;
  if (open_ == kMaxFlows) {
    Close(index);
  } else {
    while (hashes_[index] != 0) index = (index + 1) % kMaxFlows;
  }
  victim_ = (index + 1) % kMaxFlows;
  ++open_;
  hashes_[index] = packet.hash;
  Group& group = groups_[index];
  group.first = packet;
  group.count = 1;
  group.total = static_cast<std::uint32_t>(packet.bytes.size());
  group.bytes = group.total;
  group.verified = false;
  group.parts[1] = packet.bytes.subspan(packet.header_size);
}

void Coalescer::Flush() {
  for (std::size_t i = 0; i < kMaxFlows && open_ > 0; ++i) {
    // The oldest first, as far as that is known.
    const std::size_t index = (victim_ + i) % kMaxFlows;
    if (hashes_[index] != 0) Close(index);
  }
}

void Coalescer::Close(std::size_t index) {
  Group& group = groups_[index];
  hashes_[index] = 0;
  --open_;
  if (group.count == 1) {
    PassAlone(group.first.bytes);
  } else {
    EmitMerged(group, PushOfLast(group.parts[group.count], group.first));
  }
}

void Coalescer::PassAlone(ByteView packet) {
  const std::array<ByteView, 2> parts{ByteView(kFinished), packet};
  sink_->OnPacket(parts, 1, packet.size());
}

// The first packet's headers, with the lengths of the whole and a checksum that the kernel, or a
// network card, finishes: the field holds the sum of the pseudo header, not complemented.
void Coalescer::EmitMerged(Group& group, bool push) {
  const FlowPacket& first = group.first;
  std::array<std::uint8_t, kMaxHeaders> headers;
  std::uint8_t* const ip = headers.data() + kVnetHeaderSize;
  std::uint8_t* const transport = ip + first.transport;
  std::memcpy(ip, first.bytes.data(), first.header_size);

  const auto length = static_cast<std::uint16_t>(group.total - first.transport);
  InternetSum pseudo = PseudoSum(first.bytes, first.tcp ? kProtocolTcp : kProtocolUdp);
  pseudo.AddWord(length);
  VnetHeader vnet{.flags = kVnetNeedsChecksum,
                  .header_length = first.header_size,
                  .gso_size = first.payload,
                  .checksum_start = first.transport};
  if (first.tcp) {
    if (push) transport[kTcpFlags] |= kTcpPush;
    Store16(transport + kTcpChecksum, pseudo.Fold());
    vnet.gso_type = first.transport == kIpv6HeaderSize ? kVnetGsoTcpv6 : kVnetGsoTcpv4;
    vnet.checksum_offset = kTcpChecksum;
  } else {
    Store16(transport + kUdpLength, length);
    Store16(transport + kUdpChecksum, pseudo.Fold());
    vnet.gso_type = kVnetGsoUdpL4;
    vnet.checksum_offset = kUdpChecksum;
  }
  if (first.transport == kIpv6HeaderSize) {
    Store16(ip + kIpv6PayloadLength, static_cast<std::uint16_t>(group.total - kIpv6HeaderSize));
  } else {
    Store16(ip + kIpv4TotalLength, static_cast<std::uint16_t>(group.total));
    Store16(ip + kIpv4Checksum, 0);
    Store16(ip + kIpv4Checksum, SumOf(ByteView(ip, kIpv4HeaderSize)).Checksum());
  }
  SerializeVnetHeader(vnet, std::span(headers).first<kVnetHeaderSize>());
  group.parts[0] = ByteView(headers).first(kVnetHeaderSize + first.header_size);
  sink_->OnPacket(std::span(group.parts).first(group.count + 1), group.count, group.bytes);
}

}  // namespace sstpgw::datapath
