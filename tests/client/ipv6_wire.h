// IPv6, UDP and ICMPv6 as far as the client makes and reads them (RFC 8200, 768, 4443), written
// apart from the product's. Pure.
//
// IPv6: 6 | class, flow label | payload length(2) | next header | hop limit | source(16) |
//       destination(16)
#pragma once

#include <cstdint>
#include <optional>

#include "proto/base/ip.h"
#include "proto/base/types.h"

namespace sstpgw::client {

inline constexpr std::size_t kIpv6Header = 40;
inline constexpr std::uint8_t kNextUdp = 17;
inline constexpr std::uint8_t kNextIcmp6 = 58;
inline constexpr std::uint8_t kLinkHopLimit = 255;  // RFC 4861: came from this link

// Without extension headers.
struct Ipv6Packet {
  Ipv6Address source;
  Ipv6Address destination;
  std::uint8_t next_header = 0;
  std::uint8_t hop_limit = 64;
  Bytes payload;
};
// nullopt: not IPv6, or not of the length it says.
[[nodiscard]] std::optional<Ipv6Packet> ParseIpv6(ByteView packet);
[[nodiscard]] Bytes MakeIpv6(const Ipv6Packet& packet);
// Its payload is UDP or ICMPv6 with the right checksum.
[[nodiscard]] bool TransportSumIsRight(const Ipv6Packet& packet);
// The checksum of `packet`'s payload, in which the field at `at` is left out.
[[nodiscard]] std::uint16_t TransportSum(const Ipv6Packet& packet, std::size_t at);

// `next_header` and `payload` of `ip` are made here. ICMPv6: type, code, and what follows the sum.
[[nodiscard]] Bytes MakeIcmp6(Ipv6Packet ip, std::uint8_t type, ByteView body);
[[nodiscard]] Bytes MakeUdp6(Ipv6Packet ip, std::uint16_t source_port,
                             std::uint16_t destination_port, ByteView payload);
[[nodiscard]] Bytes MakeEchoRequest6(const Ipv6Packet& ip, std::uint16_t identifier,
                                     std::uint16_t sequence, ByteView payload);
// The reply to `packet` if that is an echo request to `self`.
[[nodiscard]] std::optional<Bytes> EchoReply6(ByteView packet, const Ipv6Address& self);

struct Udp6 {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  Bytes payload;
};
[[nodiscard]] std::optional<Udp6> ParseUdp6(const Ipv6Packet& packet);

[[nodiscard]] Ipv6Address LinkLocal(const InterfaceId& id);
[[nodiscard]] bool IsLinkLocal(const Ipv6Address& address);
// The upper half of `prefix`, the lower of `id`.
[[nodiscard]] Ipv6Address Join(const Ipv6Address& prefix, const InterfaceId& id);
// ff02::1, ff02::2, ff02::1:2.
[[nodiscard]] Ipv6Address AllNodes();
[[nodiscard]] Ipv6Address AllRouters();
[[nodiscard]] Ipv6Address AllDhcpServers();
// Sixteen octets of `bytes` from `at`, which are there.
[[nodiscard]] Ipv6Address AddressAt(ByteView bytes, std::size_t at);
[[nodiscard]] Bytes AsBytes(const Ipv6Address& address);
[[nodiscard]] std::uint32_t Get32(ByteView bytes, std::size_t at);

}  // namespace sstpgw::client
