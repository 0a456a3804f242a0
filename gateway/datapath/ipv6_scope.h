// What an IPv6 packet at one end of a session is for: for the network behind, for the link alone,
// or for nobody (RFC 4291 2.5, RFC 4861, RFC 8415).
//
// The link is a point-to-point one and its routers are the gateway and the client's own: what the
// gateway says by Router Advertisements and DHCPv6 comes from the session, never from the host's
// kernel; and the host's kernel hears of neighbours, but never of routers.
//
// Reads packets as if an enemy had made them. Pure, no allocation.
#pragma once

#include <cstdint>

#include "gateway/datapath/source_check.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

// The packet that an IPv6 header describes, without what lies behind it; empty if it is none. A
// jumbogram (RFC 2675) is longer than any frame, so it is none.
[[nodiscard]] ByteView CutIpv6(ByteView payload);

enum class Ipv6Way : std::uint8_t {
  kPass,     // to the interface
  kControl,  // Router Solicitation or DHCPv6 for the gateway itself
  kLocal,    // of the link alone, and nobody here listens to it; or it must not leave the link
  kForeign,  // the source is not the session's
};
// `packet`: by CutIpv6, from the client.
//
//   source            destination          what                            way
//   link-local or ::  any                  RS, UDP to port 547             kControl
//   the peer's        link-local, ff01,    ND of neighbours, echo, errors, kPass
//     link-local        ff02                 anything but ICMPv6 behind
//                                            extension headers
//   the session's     the same             ND of neighbours, echo          kPass
//   the session's     any other            anything                        kPass
[[nodiscard]] Ipv6Way WayOfIpv6(ByteView packet, const SourceCheck& sources);

// Whether the host's kernel means itself with what it sends to the client: listener reports and
// queries (MLD), Router Solicitations and Advertisements of link-local or no source. `packet` has a
// whole IPv6 header.
[[nodiscard]] bool IsHostChatter(ByteView packet);

}  // namespace sstpgw::datapath
