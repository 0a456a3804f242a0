#include "gateway/datapath/flow_packet.h"

#include <cstring>

#include "gateway/datapath/checksum.h"

namespace sstpgw::datapath {
namespace {

std::uint32_t LoadAny32(const std::uint8_t* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

bool Equal(const FlowPacket& a, const FlowPacket& b, std::size_t at, std::size_t size) {
  return std::memcmp(a.bytes.data() + at, b.bytes.data() + at, size) == 0;
}

// Mixes addresses, ports and protocol; an even spread over a small table is all that is needed, and
// a client who makes its own flows collide slows down nobody else.
std::uint32_t Hash(const FlowPacket& packet) {
  const std::uint8_t* const bytes = packet.bytes.data();
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15U;
  std::uint64_t hash = LoadAny32(bytes + packet.transport) + (packet.tcp ? 1U : 0U);
  const std::size_t addresses = packet.transport == kIpv6HeaderSize ? kIpv6Source : kIpv4Source;
  for (std::size_t at = addresses; at < packet.transport; at += 4) {
    hash = (hash ^ LoadAny32(bytes + at)) * kOdd;
    hash ^= hash >> 32;
  }
  return static_cast<std::uint32_t>(hash) | 1U;
}

// The IP header: sets transport and tcp. False: no flow.
bool ParseIp(FlowPacket& packet) {
  const ByteView bytes = packet.bytes;
  if (bytes.size() < kIpv4HeaderSize + kUdpHeaderSize || bytes.size() > kMaxIpPacket) return false;
  std::uint8_t protocol = 0;
  if (bytes[0] == 0x45) {
    if (Load16(&bytes[kIpv4TotalLength]) != bytes.size()) return false;
    if ((Load16(&bytes[kIpv4Fragment]) & kIpv4FragmentMask) != 0) return false;
    protocol = bytes[kIpv4Protocol];
    packet.transport = kIpv4HeaderSize;
  } else if (IpVersion(bytes) == 6) {
    if (bytes.size() < kIpv6HeaderSize + kUdpHeaderSize) return false;
    if (Load16(&bytes[kIpv6PayloadLength]) + kIpv6HeaderSize != bytes.size()) return false;
    protocol = bytes[kIpv6NextHeader];
    packet.transport = kIpv6HeaderSize;
  } else {
    return false;
  }
  packet.tcp = protocol == kProtocolTcp;
  return packet.tcp || protocol == kProtocolUdp;
}

bool ParseTcp(FlowPacket& packet) {
  const ByteView tcp = packet.bytes.subspan(packet.transport);
  if (tcp.size() < kTcpHeaderSize) return false;
  const std::size_t header = (tcp[kTcpDataOffset] >> 4) * std::size_t{4};
  const std::uint8_t flags = tcp[kTcpFlags];
  packet.push = (flags & kTcpPush) != 0;
  if (header < kTcpHeaderSize || header >= tcp.size()) return false;  // broken, or no payload
  packet.header_size = static_cast<std::uint16_t>(packet.transport + header);
  // ACK, perhaps PSH, and none of the reserved bits next to the data offset.
  return (tcp[kTcpDataOffset] & 0x0f) == 0 && (flags & ~kTcpPush) == kTcpAckFlag;
}

bool ParseUdp(FlowPacket& packet) {
  const ByteView udp = packet.bytes.subspan(packet.transport);
  packet.header_size = static_cast<std::uint16_t>(packet.transport + kUdpHeaderSize);
  return Load16(&udp[kUdpLength]) == udp.size() && udp.size() > kUdpHeaderSize &&
         Load16(&udp[kUdpChecksum]) != 0;
}

}  // namespace

FlowPacket ParseFlowPacket(ByteView bytes) {
  FlowPacket packet{.bytes = bytes};
  if (!ParseIp(packet)) return packet;
  packet.hash = Hash(packet);
  packet.fit = FlowFit::kAlone;
  if (packet.tcp ? ParseTcp(packet) : ParseUdp(packet)) {
    packet.fit = FlowFit::kMergeable;
    packet.payload = static_cast<std::uint16_t>(bytes.size() - packet.header_size);
  }
  return packet;
}

bool SameFlow(const FlowPacket& a, const FlowPacket& b) {
  if (a.hash != b.hash || a.tcp != b.tcp || a.transport != b.transport) return false;
  // Addresses and ports lie next to each other: the options that could be between are excluded.
  return a.transport == kIpv6HeaderSize ? Equal(a, b, kIpv6Source, 32 + 4)
                                        : Equal(a, b, kIpv4Source, 8 + 4);
}

bool Continues(const FlowPacket& first, const FlowPacket& next, std::uint32_t index,
               std::uint32_t segment_size) {
  if (first.header_size != next.header_size) return false;
  const std::uint8_t* const a = first.bytes.data();
  const std::uint8_t* const b = next.bytes.data();
  if (first.transport == kIpv6HeaderSize) {
    // Version, traffic class and flow label; hop limit.
    if (!Equal(first, next, 0, 4) || a[7] != b[7]) return false;
  } else {
    // TOS; DF and the reserved bit; TTL.
    if (a[1] != b[1] || a[6] != b[6] || a[8] != b[8]) return false;
    if (Load16(b + kIpv4Id) != static_cast<std::uint16_t>(Load16(a + kIpv4Id) + index)) {
      return false;
    }
  }
  if (!first.tcp) return true;
  const std::uint8_t* const tcp_a = a + first.transport;
  const std::uint8_t* const tcp_b = b + first.transport;
  const std::uint32_t sequence = Load32(tcp_a + kTcpSequence) + index * segment_size;
  return Load32(tcp_b + kTcpSequence) == sequence &&
         LoadAny32(tcp_a + kTcpAck) == LoadAny32(tcp_b + kTcpAck) &&
         Load16(tcp_a + kTcpWindow) == Load16(tcp_b + kTcpWindow) &&
         // The urgent pointer, and the options.
         Equal(first, next, first.transport + kTcpChecksum + 2,
               first.header_size - first.transport - kTcpChecksum - 2);
}

bool ChecksumsHold(const FlowPacket& packet) {
  const ByteView bytes = packet.bytes;
  if (packet.transport == kIpv4HeaderSize) {
    if (SumOf(bytes.first(kIpv4HeaderSize)).Fold() != 0xffff) return false;
    if (Load16(&bytes[kIpv4Checksum]) == 0xffff) return false;  // 0 is meant
  }
  InternetSum sum = SumOf(bytes.subspan(packet.transport));
  sum.Add(PseudoSum(bytes, packet.tcp ? kProtocolTcp : kProtocolUdp));
  sum.AddWord(static_cast<std::uint16_t>(bytes.size() - packet.transport));
  if (sum.Fold() != 0xffff) return false;
  // TCP writes 0 where UDP writes 0xffff, since 0 means no checksum there.
  return !packet.tcp || Load16(&bytes[packet.transport + kTcpChecksum]) != 0xffff;
}

}  // namespace sstpgw::datapath
