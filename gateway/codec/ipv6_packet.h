// IPv6 packets of our own and those for us (RFC 8200): Router Solicitations, Router Advertisements
// and DHCPv6. What is only forwarded never comes here.
//
//   6 | traffic class, flow label | payload length (2) | next header | hop limit |
//   source (16) | destination (16) | payload
//
// Extension headers are not walked: neither Neighbour Discovery nor DHCPv6 is sent with any by a
// host, and what hides behind one is for nobody here.
//
// Lifetime: views live as long as the packet parsed. Threads: functions without state.
#pragma once

#include <cstdint>

#include "gateway/codec/errors.h"
#include "proto/base/ip.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

inline constexpr std::size_t kIpv6HeaderSize = 40;
inline constexpr std::size_t kUdpHeaderSize = 8;
// What every link has to carry in one piece (RFC 8200 5). Nothing of ours is longer.
inline constexpr std::size_t kMinIpv6Mtu = 1280;

inline constexpr std::uint8_t kNextHeaderUdp = 17;
inline constexpr std::uint8_t kNextHeaderIcmpv6 = 58;

// ff02::1, ff02::2, ff02::1:2.
[[nodiscard]] Ipv6Address AllNodes();
[[nodiscard]] Ipv6Address AllRouters();
[[nodiscard]] Ipv6Address AllDhcpServersAndRelays();
[[nodiscard]] bool IsUnspecified(const Ipv6Address& address);
[[nodiscard]] bool IsLinkLocal(const Ipv6Address& address);  // fe80::/10

struct Ipv6Ends {
  Ipv6Address source;
  Ipv6Address destination;
};

struct Ipv6Packet {
  Ipv6Ends ends;
  std::uint8_t next_header = 0;
  std::uint8_t hop_limit = 0;
  ByteView payload;  // as long as the header says
};
// kTruncated: shorter than a header; kBadVersion; kBadLength: payload beyond the end, or none
// (jumbograms). Octets behind the payload are padding of the link.
[[nodiscard]] Parsed<Ipv6Packet> ParseIpv6Packet(ByteView packet);

// The checksum of RFC 8200 8.1 over pseudo header and `message`: 0 if the field in it is right,
// what belongs into the field if that is zero.
[[nodiscard]] std::uint16_t UpperLayerChecksum(const Ipv6Ends& ends, std::uint8_t next_header,
                                               ByteView message);

struct UdpDatagram {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  ByteView payload;
};
// kWrongType: not UDP; kTruncated, kBadLength: the length field; kBadValue: the checksum, which
// IPv6 does not allow to be left out.
[[nodiscard]] Parsed<UdpDatagram> ParseUdp(const Ipv6Packet& packet);

// Whole packets. A payload that does not fit a length field is cut.
struct UdpPorts {
  std::uint16_t source = 0;
  std::uint16_t destination = 0;
};
[[nodiscard]] Bytes EncodeUdpPacket(const Ipv6Ends& ends, const UdpPorts& ports, ByteView payload);
// `message`: ICMPv6 with the checksum field (octets 2 and 3) zero. Hop limit 255.
[[nodiscard]] Bytes EncodeIcmpv6Packet(const Ipv6Ends& ends, ByteView message);

}  // namespace sstpgw::codec
