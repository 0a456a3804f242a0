#include "tests/support/packet_builder.h"

#include <algorithm>
#include <cstring>

#include "tests/client/wire.h"

namespace sstpgw::test {
namespace {

using client::Be16;
using client::Be32;
using client::Concat;
using client::Get16;
using client::Put16;

constexpr std::size_t kIpv4Header = 20;
constexpr std::uint8_t kIcmpProtocol = 1;
constexpr std::uint8_t kTcpProtocol = 6;
constexpr std::uint8_t kUdpProtocol = 17;

Bytes AddressBytes(Ipv4Address address) {
  const auto octets = address.octets();
  return Bytes(octets.begin(), octets.end());
}

// Of a TCP or UDP pseudo header (RFC 9293 3.1).
std::uint32_t PseudoHeaderSum(ByteView addresses, std::uint8_t protocol, std::size_t length) {
  return FoldedSum(addresses) + std::uint32_t{protocol} + static_cast<std::uint32_t>(length);
}

Bytes WithPayload(Bytes header, ByteView payload) {
  header.insert(header.end(), payload.begin(), payload.end());
  return header;
}

// Puts the checksum of a TCP or UDP message at `at`.
void FinishTransport(const Ipv4Fields& ip, Bytes& message, std::size_t at) {
  const Bytes addresses = Concat({AddressBytes(ip.source), AddressBytes(ip.destination)});
  const std::uint16_t sum =
      FoldedSum(message, PseudoHeaderSum(addresses, ip.protocol, message.size()));
  const auto checksum = static_cast<std::uint16_t>(~sum);
  Put16(message, at, checksum == 0 && ip.protocol == kUdpProtocol ? 0xffff : checksum);
}

}  // namespace

Bytes MakeIpv4(const Ipv4Fields& ip, ByteView payload) {
  const std::size_t header = kIpv4Header + ip.options.size();
  const Bytes head = Concat({{static_cast<std::uint8_t>(0x40 | (header / 4)), ip.tos},
                             Be16(static_cast<std::uint16_t>(header + payload.size())),
                             Be16(ip.id),
                             Be16(ip.flags_and_offset),
                             {ip.ttl, ip.protocol, 0, 0},
                             AddressBytes(ip.source),
                             AddressBytes(ip.destination),
                             ip.options});
  Bytes packet = WithPayload(head, payload);
  Put16(packet, 10, static_cast<std::uint16_t>(~FoldedSum(head)));
  return packet;
}

Bytes MakeTcp(Ipv4Fields ip, const TcpFields& tcp, ByteView payload) {
  ip.protocol = kTcpProtocol;
  const auto words = static_cast<std::uint8_t>(5 + tcp.options.size() / 4);
  const auto offset = static_cast<std::uint16_t>(tcp.offset.value_or(words) << 12);
  Bytes message = WithPayload(
      Concat({Be16(tcp.source_port), Be16(tcp.destination_port), Be32(tcp.sequence),
              Be32(tcp.acknowledgement), Be16(static_cast<std::uint16_t>(offset | tcp.flags)),
              Be16(tcp.window), Be16(0), Be16(tcp.urgent), tcp.options}),
      payload);
  FinishTransport(ip, message, 16);
  return MakeIpv4(ip, message);
}

Bytes MakeUdp(Ipv4Fields ip, const UdpFields& udp, ByteView payload) {
  ip.protocol = kUdpProtocol;
  const auto length = udp.length.value_or(static_cast<std::uint16_t>(8 + payload.size()));
  Bytes message = WithPayload(
      Concat({Be16(udp.source_port), Be16(udp.destination_port), Be16(length), Be16(0)}), payload);
  if (udp.checksum) FinishTransport(ip, message, 6);
  return MakeIpv4(ip, message);
}

Bytes MakeEchoRequest(Ipv4Fields ip, std::uint16_t id, std::uint16_t sequence, ByteView payload) {
  ip.protocol = kIcmpProtocol;
  Bytes message = WithPayload(Concat({{8, 0, 0, 0}, Be16(id), Be16(sequence)}), payload);
  Put16(message, 2, static_cast<std::uint16_t>(~FoldedSum(message)));
  return MakeIpv4(ip, message);
}

Bytes Filler(std::uint64_t seed, std::size_t size) {
  Bytes out(size);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
  for (std::size_t at = 0; at < size; at += sizeof(state)) {
    // splitmix64's steps.
    state += 0x9e3779b97f4a7c15u;
    std::uint64_t z = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
    z ^= z >> 27;
    std::memcpy(out.data() + at, &z, std::min(sizeof(z), size - at));
  }
  return out;
}

Bytes Spoiled(Bytes packet, std::ptrdiff_t at) {
  const auto size = static_cast<std::ptrdiff_t>(packet.size());
  packet[static_cast<std::size_t>(at < 0 ? size + at : at)] ^= 0x5a;
  return packet;
}

Bytes Forwarded(Bytes packet) {
  const std::size_t header = (packet[0] & 0x0fu) * std::size_t{4};
  --packet[8];
  Put16(packet, 10, 0);
  Put16(packet, 10, static_cast<std::uint16_t>(~FoldedSum(ByteView(packet).first(header))));
  return packet;
}

bool ChecksumsAreRight(ByteView packet) {
  if (packet.size() < kIpv4Header || Get16(packet, 2) != packet.size()) return false;
  const std::size_t header = (packet[0] & 0x0fu) * std::size_t{4};
  if (header < kIpv4Header || header > packet.size()) return false;
  if (FoldedSum(packet.first(header)) != 0xffff) return false;
  const bool fragment = (Get16(packet, 6) & ~kDontFragment) != 0;
  const ByteView message = packet.subspan(header);
  const std::uint8_t protocol = packet[9];
  if (fragment) return true;
  if (protocol == kIcmpProtocol) return FoldedSum(message) == 0xffff;
  if (protocol != kTcpProtocol && protocol != kUdpProtocol) return true;
  if (message.size() < 8) return false;
  if (protocol == kUdpProtocol && Get16(message, 6) == 0) return true;
  return FoldedSum(message, PseudoHeaderSum(packet.subspan(12, 8), protocol, message.size())) ==
         0xffff;
}

}  // namespace sstpgw::test
