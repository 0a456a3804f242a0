#include "gateway/edge/network_message.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "gateway/edge/netlink_request.h"

namespace sstpgw::edge {
namespace {

constexpr std::uint8_t kHostLength = 128;

std::uint8_t ScopeOf(const Ipv6Address& address) {
  const auto& octets = address.octets();
  const bool link_local = octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80;
  return link_local ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

bool IsZero(Ipv4Address address) { return address.is_zero(); }
bool IsZero(const Ipv6Address& address) { return address == Ipv6Address(); }

struct RouteHeader {
  std::uint8_t family;
  std::uint8_t length;
  bool on_link;
};

// Removal tells everything as well: what somebody else has put there does not fit.
template <class Address>
Bytes Build(std::uint32_t sequence, EntryChange change, const RoutePlace& place,
            const RouteHeader& header, const Address& destination, const Address& gateway) {
  const bool adds = change == EntryChange::kAdd;
  NetlinkRequest request(adds ? RTM_NEWROUTE : RTM_DELROUTE, adds ? NLM_F_CREATE : 0, sequence);
  rtmsg& route = request.AddRouteHeader();
  route.rtm_family = header.family;
  route.rtm_dst_len = header.length;
  route.rtm_protocol = kRouteProtocol;
  route.rtm_type = RTN_UNICAST;
  route.rtm_scope = header.family == AF_INET && header.on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  request.Add(RTA_TABLE, place.table.value());  // those above 255 do not fit into the header
  request.Add(RTA_DST, destination);
  if (!header.on_link) request.Add(RTA_GATEWAY, gateway);
  request.Add(RTA_OIF, static_cast<std::uint32_t>(place.index.value()));
  if (place.metric != 0) request.Add(RTA_PRIORITY, place.metric);
  return request.Take();
}

std::string Tail(const RoutePlace& place, const std::string& gateway) {
  std::string text;
  if (!gateway.empty()) text += " via " + gateway;
  if (place.metric != 0) text += " metric " + std::to_string(place.metric);
  if (place.table != kMainTable) text += " table " + std::to_string(place.table.value());
  return text;
}

}  // namespace

Bytes BuildIpv6Address(std::uint32_t sequence, EntryChange change, InterfaceIndex index,
                       const Ipv6LinkAddress& address) {
  const bool adds = change == EntryChange::kAdd;
  NetlinkRequest request(adds ? RTM_NEWADDR : RTM_DELADDR, adds ? NLM_F_CREATE | NLM_F_REPLACE : 0,
                         sequence);
  ifaddrmsg& header = request.AddAddressHeader(index);
  header.ifa_family = AF_INET6;
  header.ifa_prefixlen = address.peer ? kHostLength : address.length;
  header.ifa_flags = adds ? IFA_F_NODAD : 0;
  header.ifa_scope = ScopeOf(address.local);
  request.Add(IFA_LOCAL, address.local);
  request.Add(IFA_ADDRESS, address.peer.value_or(address.local));
  return request.Take();
}

Bytes BuildRoute(std::uint32_t sequence, EntryChange change, const RoutePlace& place,
                 const Ipv4RouteTarget& target) {
  return Build(sequence, change, place, {AF_INET, target.length, IsZero(target.gateway)},
               target.destination, target.gateway);
}

Bytes BuildRoute(std::uint32_t sequence, EntryChange change, const RoutePlace& place,
                 const Ipv6RouteTarget& target) {
  return Build(sequence, change, place,
               {AF_INET6, target.destination.length, IsZero(target.gateway)},
               target.destination.address, target.gateway);
}

std::string Describe(const RoutePlace& place, const Ipv4RouteTarget& target) {
  return target.destination.ToString() + "/" + std::to_string(target.length) +
         Tail(place, IsZero(target.gateway) ? "" : target.gateway.ToString());
}

std::string Describe(const RoutePlace& place, const Ipv6RouteTarget& target) {
  return target.destination.ToString() +
         Tail(place, IsZero(target.gateway) ? "" : target.gateway.ToString());
}

std::string Describe(const Ipv6LinkAddress& address) {
  if (address.peer) return address.local.ToString() + " peer " + address.peer->ToString();
  return address.local.ToString() + "/" + std::to_string(address.length);
}

}  // namespace sstpgw::edge
