// Which addresses the two ends of a session's link have in its IPv6 prefixes (features 4.1). Pure
// functions, shared by whoever configures the link, announces it and leases addresses of it.
//
//   prefix length    the client's address                     ours
//   0..64            prefix | peer identifier (low 64 bits)   prefix | our identifier
//   65..127          prefix | low (128 - length) bits of it   likewise
//   128              the prefix itself                        its /64 | our identifier
//
// Where ours would be the client's, too, the bitwise inverse of our identifier is used.
#pragma once

#include <vector>

#include "proto/base/ip.h"
#include "proto/base/session_policy.h"

namespace sstpgw::fsm {

[[nodiscard]] Ipv6Address LinkLocalAddress(const InterfaceId& id);  // fe80::<id>
[[nodiscard]] Ipv6Address ClientAddress(const Ipv6Prefix& prefix, const InterfaceId& peer_id);
[[nodiscard]] Ipv6Address RouterAddress(const Ipv6Prefix& prefix, const InterfaceId& our_id,
                                        const Ipv6Address& client);
[[nodiscard]] bool Contains(const Ipv6Prefix& prefix, const Ipv6Address& address);

// What DHCPv6 leases as addresses: one of each prefix of the link, then the framed ones; none
// twice.
[[nodiscard]] std::vector<Ipv6Address> ClientAddresses(const NetworkPolicy& network,
                                                       const InterfaceId& peer_id);

}  // namespace sstpgw::fsm
