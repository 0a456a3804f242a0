// Neighbour Discovery as a router on a point-to-point link needs it (RFC 4861, RFC 8106):
//
//   Router Solicitation   85 | 00 | checksum | reserved (4) | options                   from hosts
//   Router Advertisement  86 | 00 | checksum | hop limit | M O flags | router lifetime (2, s) |
//                         reachable time (4, ms) | retrans timer (4, ms) | options      from us
//   option                type | length in units of 8 octets, never 0 | value
//
// No other message is needed. The link has no link-layer addresses and the interface is a TUN
// device with IFF_NOARP: nobody resolves a neighbour on it, so Neighbour Solicitations and
// Advertisements of the client's kernel, if it sends any (duplicate address detection), need no
// answer from here; those that ask for an address of ours go to the kernel like all packets and are
// answered there.
//
// Errors: ParseError; the packet is dropped and counted. Threads: functions without state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/codec/errors.h"
#include "gateway/codec/ipv6_packet.h"
#include "proto/base/ip.h"

namespace sstpgw::codec {

struct RouterSolicitation {
  Ipv6Address source;  // link-local, or :: of a host that has no address yet
};
// `packet`: a whole IPv6 packet, judged by RFC 4861 6.1.1. kWrongType: no Router Solicitation;
// kBadValue: hop limit, source, checksum, code, or a link-layer address of a host without address;
// kTruncated, kBadLength: the message or an option of it (a length of 0, or beyond the packet).
[[nodiscard]] Parsed<RouterSolicitation> ParseRouterSolicitation(ByteView packet);

// RFC 4861 4.6.2. Lifetimes in seconds, UINT32_MAX: without end.
struct PrefixInformation {
  Ipv6Prefix prefix{};
  bool on_link = true;
  bool autonomous = true;
  std::uint32_t valid_lifetime = 0;
  std::uint32_t preferred_lifetime = 0;
};

struct RouterAdvertisement {
  std::uint8_t cur_hop_limit = 64;
  bool managed = false;
  bool other_config = false;
  std::uint16_t router_lifetime = 0;  // seconds; 0: no default router (any more)
  std::uint32_t reachable_time_ms = 0;
  std::uint32_t retrans_timer_ms = 0;
  std::optional<std::uint32_t> mtu{};  // octets
  std::vector<PrefixInformation> prefixes{};
  std::vector<Ipv6Address> rdnss{};
  std::vector<std::string> dnssl{};  // what is no domain name is left out
  std::uint32_t dns_lifetime = 0;    // seconds, of both
};
// A whole IPv6 packet with its checksum, no longer than 1280 octets: options that do not fit, from
// the end of the order MTU, prefixes, RDNSS, DNSSL, are left out.
[[nodiscard]] Bytes EncodeRouterAdvertisement(const Ipv6Ends& ends,
                                              const RouterAdvertisement& advertisement);

}  // namespace sstpgw::codec
