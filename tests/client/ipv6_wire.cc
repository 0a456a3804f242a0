#include "tests/client/ipv6_wire.h"

#include <algorithm>
#include <array>

#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

constexpr std::uint8_t kEchoRequest = 128;
constexpr std::uint8_t kEchoReply = 129;
constexpr std::size_t kUdpHeader = 8;

// RFC 8200 8.1: the sum over addresses, length and next header.
std::uint32_t PseudoSum(const Ipv6Packet& packet) {
  const Bytes addresses = Concat({AsBytes(packet.source), AsBytes(packet.destination)});
  return FoldedSum(addresses,
                   static_cast<std::uint32_t>(packet.payload.size()) + packet.next_header);
}

Ipv6Address Multicast(std::uint8_t third_last, std::uint8_t last) {
  std::array<std::uint8_t, 16> octets{0xff, 0x02};
  octets[13] = third_last;
  octets[15] = last;
  return Ipv6Address(octets);
}

}  // namespace

std::optional<Ipv6Packet> ParseIpv6(ByteView packet) {
  if (packet.size() < kIpv6Header || packet[0] >> 4 != 6) return std::nullopt;
  if (Get16(packet, 4) != packet.size() - kIpv6Header) return std::nullopt;
  Ipv6Packet found;
  found.next_header = packet[6];
  found.hop_limit = packet[7];
  found.source = AddressAt(packet, 8);
  found.destination = AddressAt(packet, 24);
  found.payload.assign(packet.begin() + kIpv6Header, packet.end());
  return found;
}

Bytes MakeIpv6(const Ipv6Packet& packet) {
  return Concat({Bytes{0x60, 0, 0, 0}, Be16(static_cast<std::uint16_t>(packet.payload.size())),
                 Bytes{packet.next_header, packet.hop_limit}, AsBytes(packet.source),
                 AsBytes(packet.destination), packet.payload});
}

bool TransportSumIsRight(const Ipv6Packet& packet) {
  const bool icmp = packet.next_header == kNextIcmp6 && packet.payload.size() >= 4;
  const bool udp = packet.next_header == kNextUdp && packet.payload.size() >= kUdpHeader;
  return (icmp || udp) && FoldedSum(packet.payload, PseudoSum(packet)) == 0xffff;
}

std::uint16_t TransportSum(const Ipv6Packet& packet, std::size_t at) {
  Ipv6Packet without = packet;
  Put16(without.payload, at, 0);
  const auto sum =
      static_cast<std::uint16_t>(~FoldedSum(without.payload, PseudoSum(without)) & 0xffff);
  return sum == 0 && packet.next_header == kNextUdp ? std::uint16_t{0xffff} : sum;
}

Bytes MakeIcmp6(Ipv6Packet ip, std::uint8_t type, ByteView body) {
  ip.next_header = kNextIcmp6;
  ip.payload = Concat({Bytes{type, 0, 0, 0}, Bytes(body.begin(), body.end())});
  Put16(ip.payload, 2, TransportSum(ip, 2));
  return MakeIpv6(ip);
}

Bytes MakeUdp6(Ipv6Packet ip, std::uint16_t source_port, std::uint16_t destination_port,
               ByteView payload) {
  ip.next_header = kNextUdp;
  ip.payload = Concat({Be16(source_port), Be16(destination_port),
                       Be16(static_cast<std::uint16_t>(kUdpHeader + payload.size())), Bytes{0, 0},
                       Bytes(payload.begin(), payload.end())});
  Put16(ip.payload, 6, TransportSum(ip, 6));
  return MakeIpv6(ip);
}

Bytes MakeEchoRequest6(const Ipv6Packet& ip, std::uint16_t identifier, std::uint16_t sequence,
                       ByteView payload) {
  return MakeIcmp6(
      ip, kEchoRequest,
      Concat({Be16(identifier), Be16(sequence), Bytes(payload.begin(), payload.end())}));
}

std::optional<Bytes> EchoReply6(ByteView packet, const Ipv6Address& self) {
  const auto ip = ParseIpv6(packet);
  if (!ip || ip->destination != self || ip->next_header != kNextIcmp6) return std::nullopt;
  if (!TransportSumIsRight(*ip) || ip->payload[0] != kEchoRequest || ip->payload.size() < 8) {
    return std::nullopt;
  }
  Ipv6Packet reply;
  reply.source = self;
  reply.destination = ip->source;
  return MakeIcmp6(reply, kEchoReply, ByteView(ip->payload).subspan(4));
}

std::optional<Udp6> ParseUdp6(const Ipv6Packet& packet) {
  if (packet.next_header != kNextUdp || !TransportSumIsRight(packet)) return std::nullopt;
  const std::size_t length = Get16(packet.payload, 4);
  if (length < kUdpHeader || length > packet.payload.size()) return std::nullopt;
  const ByteView payload = ByteView(packet.payload).subspan(kUdpHeader, length - kUdpHeader);
  return Udp6{Get16(packet.payload, 0), Get16(packet.payload, 2), {payload.begin(), payload.end()}};
}

Ipv6Address LinkLocal(const InterfaceId& id) {
  return Join(Ipv6Address(std::array<std::uint8_t, 16>{0xfe, 0x80}), id);
}

bool IsLinkLocal(const Ipv6Address& address) {
  return address.octets()[0] == 0xfe && (address.octets()[1] & 0xc0) == 0x80;
}

Ipv6Address Join(const Ipv6Address& prefix, const InterfaceId& id) {
  std::array<std::uint8_t, 16> octets = prefix.octets();
  std::copy(id.begin(), id.end(), octets.begin() + 8);
  return Ipv6Address(octets);
}

Ipv6Address AllNodes() { return Multicast(0, 1); }
Ipv6Address AllRouters() { return Multicast(0, 2); }
Ipv6Address AllDhcpServers() { return Multicast(1, 2); }

Ipv6Address AddressAt(ByteView bytes, std::size_t at) {
  std::array<std::uint8_t, 16> octets{};
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), octets.size(), octets.begin());
  return Ipv6Address(octets);
}

Bytes AsBytes(const Ipv6Address& address) {
  return {address.octets().begin(), address.octets().end()};
}

std::uint32_t Get32(ByteView bytes, std::size_t at) {
  return (std::uint32_t{Get16(bytes, at)} << 16) | Get16(bytes, at + 2);
}

}  // namespace sstpgw::client
