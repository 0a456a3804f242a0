// What a session's policy and its open network layers mean for its interface in the kernel, for the
// packets that may come from the client, and for what is announced and leased on the link (features
// 4.1, 4.5). Pure functions.
//
// Of the IPv6 of a policy: prefixes of the link are on the interface whole, up to /127 with an
// address of ours in each; single addresses (a prefix of /128, Framed-IPv6-Address) as a pair of
// ours and the client's. Delegated prefixes are routed from when the client has taken them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/fsm/dhcpv6_server.h"
#include "gateway/fsm/interface_id.h"
#include "gateway/fsm/link_plan.h"
#include "gateway/fsm/router_advertiser.h"
#include "gateway/fsm/session_api.h"
#include "proto/base/session_policy.h"

namespace sstpgw::fsm {

// What is known of a session besides its policy.
struct LinkFacts {
  bool ipv4_open = false;
  bool ipv6_open = false;
  InterfaceIds ids{};             // counts with ipv6_open
  bool delegated = false;         // the client has taken its delegated prefixes
  bool route_via_gateway = true;  // Dhcpv6Settings::route_via_gateway
};

struct FramedRoutes {
  std::vector<Ipv4Route> ipv4;
  std::vector<Ipv6Route> ipv6;
  // One line for each route that is malformed and left out; escaped.
  std::vector<std::string> warnings;
};
// Once for each policy. Of routes to the same destination with the same metric the first counts.
[[nodiscard]] FramedRoutes ParseFramedRoutes(const NetworkPolicy& network);

[[nodiscard]] LinkPlan MakeLinkPlan(const SessionPolicy& policy, const FramedRoutes& routes,
                                    const LinkFacts& facts);
[[nodiscard]] SourceFilter MakeSourceFilter(const SessionPolicy& policy, const FramedRoutes& routes,
                                            const LinkFacts& facts);

// Is there anything to announce or lease? Otherwise the link has link-local addresses only.
[[nodiscard]] bool HasIpv6(const NetworkPolicy& network);
// `mtu`: the interface's, octets.
[[nodiscard]] AdvertisedLink MakeAdvertisedLink(const NetworkPolicy& network,
                                                const InterfaceIds& ids, std::uint16_t mtu);
[[nodiscard]] LeasedLink MakeLeasedLink(const NetworkPolicy& network, const InterfaceIds& ids);

}  // namespace sstpgw::fsm
