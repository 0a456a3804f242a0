#include "gateway/codec/ipv6_packet.h"

#include <algorithm>

#include "gateway/codec/byte_reader.h"
#include "gateway/codec/byte_writer.h"

namespace sstpgw::codec {
namespace {

constexpr std::uint8_t kHopLimit = 64;
constexpr std::uint8_t kNeighbourDiscoveryHopLimit = 255;  // RFC 4861: it cannot have been routed
constexpr std::size_t kIcmpv6ChecksumAt = 2;
constexpr std::size_t kUdpChecksumAt = 6;
constexpr std::size_t kMaxPayload = 0xffff;

Ipv6Address Multicast(std::uint8_t octet13, std::uint8_t octet15) {
  std::array<std::uint8_t, 16> octets{0xff, 0x02};
  octets[13] = octet13;
  octets[15] = octet15;
  return Ipv6Address(octets);
}

// Sum of 16-bit words; an odd octet at the end is the high half of one.
std::uint32_t SumOf(ByteView bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
  }
  return sum;
}

// `message` with `checksum_at` patched, behind an IPv6 header.
Bytes Encode(const Ipv6Ends& ends, std::uint8_t next_header, std::uint8_t hop_limit,
             ByteView message, std::size_t checksum_at) {
  Bytes out;
  out.reserve(kIpv6HeaderSize + message.size());
  ByteWriter writer(out);
  writer.U32(0x60000000);
  writer.U16(static_cast<std::uint16_t>(message.size()));
  writer.U8(next_header);
  writer.U8(hop_limit);
  writer.Raw(ends.source.octets());
  writer.Raw(ends.destination.octets());
  writer.Raw(message);
  std::uint16_t checksum = UpperLayerChecksum(ends, next_header, message);
  // Zero means "none" in UDP; the other zero of ones' complement is as good in ICMPv6.
  if (checksum == 0) checksum = 0xffff;
  writer.PatchU16(kIpv6HeaderSize + checksum_at, checksum);
  return out;
}

}  // namespace

Ipv6Address AllNodes() { return Multicast(0, 1); }
Ipv6Address AllRouters() { return Multicast(0, 2); }
Ipv6Address AllDhcpServersAndRelays() { return Multicast(1, 2); }

bool IsUnspecified(const Ipv6Address& address) { return address == Ipv6Address(); }

bool IsLinkLocal(const Ipv6Address& address) {
  return address.octets()[0] == 0xfe && (address.octets()[1] & 0xc0) == 0x80;
}

Parsed<Ipv6Packet> ParseIpv6Packet(ByteView packet) {
  ByteReader reader(packet);
  const std::uint32_t version_class_flow = reader.U32();
  const std::size_t size = reader.U16();
  Ipv6Packet parsed;
  parsed.next_header = reader.U8();
  parsed.hop_limit = reader.U8();
  parsed.ends.source = Ipv6Address(reader.Array<16>());
  parsed.ends.destination = Ipv6Address(reader.Array<16>());
  if (!reader.ok()) return FailAt(ParseErrc::kTruncated, packet.size());
  if (version_class_flow >> 28 != 6) return FailAt(ParseErrc::kBadVersion, 0);
  if (size == 0 || size > reader.remaining()) return FailAt(ParseErrc::kBadLength, 4);
  parsed.payload = reader.Take(size);
  return parsed;
}

std::uint16_t UpperLayerChecksum(const Ipv6Ends& ends, std::uint8_t next_header, ByteView message) {
  // At most 2^16 words of 16 bits: no overflow.
  std::uint32_t sum = SumOf(ends.source.octets()) + SumOf(ends.destination.octets()) + next_header;
  const auto size = static_cast<std::uint32_t>(message.size());
  sum += (size >> 16) + (size & 0xffff);
  sum += SumOf(message);
  while (sum >> 16 != 0) sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<std::uint16_t>(~sum);
}

Parsed<UdpDatagram> ParseUdp(const Ipv6Packet& packet) {
  if (packet.next_header != kNextHeaderUdp) return FailAt(ParseErrc::kWrongType, 0);
  ByteReader reader(packet.payload);
  UdpDatagram datagram;
  datagram.source_port = reader.U16();
  datagram.destination_port = reader.U16();
  const std::size_t size = reader.U16();
  const std::uint16_t checksum = reader.U16();
  if (!reader.ok()) return FailAt(ParseErrc::kTruncated, packet.payload.size());
  if (size < kUdpHeaderSize || size > packet.payload.size()) {
    return FailAt(ParseErrc::kBadLength, 4);
  }
  if (checksum == 0 ||
      UpperLayerChecksum(packet.ends, kNextHeaderUdp, packet.payload.first(size)) != 0) {
    return FailAt(ParseErrc::kBadValue, kUdpChecksumAt);
  }
  datagram.payload = reader.Take(size - kUdpHeaderSize);
  return datagram;
}

Bytes EncodeUdpPacket(const Ipv6Ends& ends, const UdpPorts& ports, ByteView payload) {
  payload = payload.first(std::min(payload.size(), kMaxPayload - kUdpHeaderSize));
  Bytes message;
  ByteWriter writer(message);
  writer.U16(ports.source);
  writer.U16(ports.destination);
  writer.U16(static_cast<std::uint16_t>(kUdpHeaderSize + payload.size()));
  writer.U16(0);
  writer.Raw(payload);
  return Encode(ends, kNextHeaderUdp, kHopLimit, message, kUdpChecksumAt);
}

Bytes EncodeIcmpv6Packet(const Ipv6Ends& ends, ByteView message) {
  return Encode(ends, kNextHeaderIcmpv6, kNeighbourDiscoveryHopLimit,
                message.first(std::min(message.size(), kMaxPayload)), kIcmpv6ChecksumAt);
}

}  // namespace sstpgw::codec
