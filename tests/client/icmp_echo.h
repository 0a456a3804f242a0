// ICMP echo inside IPv4 (RFC 792, RFC 791), as little of both as the many-sessions mode needs: it
// answers pings that come down a session and sends some up it. Pure.
//
// IPv4 without options: 45 | TOS | total length(2) | id(2) | flags(2) | TTL | 01 | checksum(2) |
//                       source(4) | destination(4)
// ICMP echo:            type(8 request, 0 reply) | 00 | checksum(2) | identifier(2) | sequence(2)
#pragma once

#include <cstdint>
#include <optional>

#include "proto/base/ip.h"
#include "proto/base/types.h"

namespace sstpgw::client {

// Who pings whom, and which of the pings it is.
struct Echo {
  Ipv4Address from;
  Ipv4Address to;
  std::uint16_t identifier = 0;
  std::uint16_t sequence = 0;
};

// A whole IPv4 packet with an echo request and no payload.
[[nodiscard]] Bytes EchoRequest(const Echo& echo);
// The reply to `packet` if that is an echo request to `self` (unfragmented, checksum right);
// nullopt otherwise.
[[nodiscard]] std::optional<Bytes> EchoReply(ByteView packet, Ipv4Address self);
// What a reply answers, written as the request was: `from` is who asked. nullopt: no echo reply.
[[nodiscard]] std::optional<Echo> ParseEchoReply(ByteView packet);

}  // namespace sstpgw::client
