#include "gateway/fsm/link_plan_of.h"

#include <algorithm>
#include <utility>

#include "gateway/fsm/ipv6_addressing.h"
#include "gateway/fsm/route_text.h"
#include "proto/base/text.h"

namespace sstpgw::fsm {
namespace {

constexpr std::uint8_t kSingle = 128;

template <class T>
void AddOnce(std::vector<T>& all, const T& one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

// The kernel knows a route by destination and metric.
template <class Route>
void AddRoute(std::vector<Route>& routes, const Route& route) {
  const bool known = std::any_of(routes.begin(), routes.end(), [&route](const Route& other) {
    Route same = route;
    same.gateway = other.gateway;
    return same == other;
  });
  if (!known) routes.push_back(route);
}

template <class Route, class Parse>
void ParseAll(const std::vector<std::string>& texts, const char* name, Parse parse,
              std::vector<Route>& routes, std::vector<std::string>& warnings) {
  for (const std::string& text : texts) {
    if (const auto route = parse(text)) {
      AddRoute(routes, *route);
    } else {
      warnings.push_back(std::string(name) + " '" + Escape(text) + "' is malformed, not applied");
    }
  }
}

Ipv6LinkAddress PairFor(const Ipv6Address& client, const InterfaceId& our_id) {
  return {
      .local = RouterAddress({client, kSingle}, our_id, client), .length = kSingle, .peer = client};
}

Ipv6Link MakeIpv6Link(const NetworkPolicy& network, const InterfaceIds& ids) {
  Ipv6Link link{.local_id = ids.ours, .peer_id = ids.peers, .addresses = {}};
  for (const Ipv6Prefix& prefix : network.framed_ipv6_prefixes) {
    const Ipv6Address client = ClientAddress(prefix, ids.peers);
    const Ipv6LinkAddress address =
        prefix.length == kSingle ? PairFor(client, ids.ours)
                                 : Ipv6LinkAddress{.local = RouterAddress(prefix, ids.ours, client),
                                                   .length = prefix.length,
                                                   .peer = std::nullopt};
    AddOnce(link.addresses, address);
  }
  for (const Ipv6Address& client : network.framed_ipv6_addresses) {
    const bool covered =
        std::any_of(network.framed_ipv6_prefixes.begin(), network.framed_ipv6_prefixes.end(),
                    [&client](const Ipv6Prefix& prefix) { return Contains(prefix, client); });
    if (!covered) AddOnce(link.addresses, PairFor(client, ids.ours));
  }
  return link;
}

}  // namespace

FramedRoutes ParseFramedRoutes(const NetworkPolicy& network) {
  FramedRoutes routes;
  ParseAll(network.routes, "Framed-Route", ParseFramedRoute, routes.ipv4, routes.warnings);
  ParseAll(network.ipv6_routes, "Framed-IPv6-Route", ParseFramedIpv6Route, routes.ipv6,
           routes.warnings);
  return routes;
}

LinkPlan MakeLinkPlan(const SessionPolicy& policy, const FramedRoutes& routes,
                      const LinkFacts& facts) {
  LinkPlan plan;
  plan.name = policy.network.interface_name;
  plan.vrf = policy.network.vrf;
  if (facts.ipv4_open) {
    plan.ipv4 = Ipv4Link{.local = policy.gateway_address, .peer = policy.address};
    plan.routes = routes.ipv4;
  }
  if (!facts.ipv6_open) return plan;
  plan.ipv6 = MakeIpv6Link(policy.network, facts.ids);
  plan.ipv6_routes = routes.ipv6;
  if (!facts.delegated) return plan;
  const Ipv6Address gateway =
      facts.route_via_gateway ? LinkLocalAddress(facts.ids.peers) : Ipv6Address();
  for (const Ipv6Prefix& prefix : policy.network.delegated_ipv6_prefixes) {
    AddRoute(plan.ipv6_routes, {.destination = prefix, .gateway = gateway, .metric = 0});
  }
  return plan;
}

SourceFilter MakeSourceFilter(const SessionPolicy& policy, const FramedRoutes& routes,
                              const LinkFacts& facts) {
  SourceFilter filter;
  if (facts.ipv4_open) {
    filter.ipv4.push_back({.destination = policy.address, .length = 32, .gateway = {}});
    for (const Ipv4Route& route : routes.ipv4) {
      AddOnce(filter.ipv4,
              {.destination = route.destination, .length = route.length, .gateway = {}});
    }
  }
  if (!facts.ipv6_open) return filter;
  const NetworkPolicy& network = policy.network;
  for (const Ipv6Prefix& prefix : network.framed_ipv6_prefixes) AddOnce(filter.ipv6, prefix);
  for (const Ipv6Address& address : network.framed_ipv6_addresses) {
    AddOnce(filter.ipv6, {address, kSingle});
  }
  if (facts.delegated) {
    for (const Ipv6Prefix& prefix : network.delegated_ipv6_prefixes) AddOnce(filter.ipv6, prefix);
  }
  for (const Ipv6Route& route : routes.ipv6) AddOnce(filter.ipv6, route.destination);
  return filter;
}

bool HasIpv6(const NetworkPolicy& network) {
  return !network.framed_ipv6_prefixes.empty() || !network.framed_ipv6_addresses.empty() ||
         !network.delegated_ipv6_prefixes.empty();
}

AdvertisedLink MakeAdvertisedLink(const NetworkPolicy& network, const InterfaceIds& ids,
                                  std::uint16_t mtu) {
  return {.our_id = ids.ours,
          .prefixes = network.framed_ipv6_prefixes,
          .dns = network.ipv6_dns,
          .dhcpv6 = HasIpv6(network),
          .mtu = mtu};
}

LeasedLink MakeLeasedLink(const NetworkPolicy& network, const InterfaceIds& ids) {
  return {.our_id = ids.ours,
          .prefixes = network.framed_ipv6_prefixes,
          .addresses = ClientAddresses(network, ids.peers),
          .delegated = network.delegated_ipv6_prefixes,
          .dns = network.ipv6_dns};
}

}  // namespace sstpgw::fsm
