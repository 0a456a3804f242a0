// rtnetlink requests for the network layer of one link: IPv6 addresses and routes of both families
// (rtnetlink(7)). Pure, see rtnetlink_message.h.
//
//   nlmsghdr (16) | ifaddrmsg (8) or rtmsg (12) | attributes
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proto/base/ip.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

enum class EntryChange : std::uint8_t { kAdd, kRemove };

// With `peer` the two form a pair: a route to the peer alone, `length` does not count. Without, the
// kernel adds one to the whole prefix.
struct Ipv6LinkAddress {
  Ipv6Address local;
  std::uint8_t length = 64;
  std::optional<Ipv6Address> peer;
};

// The kernel's numbers of routing tables; it looks up the main one where there is no VRF.
using RoutingTable = Strong<struct RoutingTableTag, std::uint32_t>;
inline constexpr RoutingTable kMainTable{254};
// `proto 83` in `ip route`: nobody else's, so that only routes of ours are ever removed.
inline constexpr std::uint8_t kRouteProtocol = 83;

struct RoutePlace {
  InterfaceIndex index;
  RoutingTable table = kMainTable;
  std::uint32_t metric = 0;  // 0: the kernel's own
};
struct Ipv4RouteTarget {
  Ipv4Address destination;
  std::uint8_t length = 32;
  Ipv4Address gateway;  // zero: whatever is on the link
};
struct Ipv6RouteTarget {
  Ipv6Prefix destination;
  Ipv6Address gateway;  // likewise
};

// All ask for an acknowledgement under `sequence`. An address that is there already is no error: it
// becomes the wanted one. It is not looked for on the link first (no DAD): the peer's identifier
// was agreed on.
[[nodiscard]] Bytes BuildIpv6Address(std::uint32_t sequence, EntryChange change,
                                     InterfaceIndex index, const Ipv6LinkAddress& address);
// IPv4: in front of those to the same destination that other links have, so that the newest of a
// client's sessions has its networks. IPv6: the kernel keeps the order, or takes turns.
[[nodiscard]] Bytes BuildRoute(std::uint32_t sequence, EntryChange change, const RoutePlace& place,
                               const Ipv4RouteTarget& target);
[[nodiscard]] Bytes BuildRoute(std::uint32_t sequence, EntryChange change, const RoutePlace& place,
                               const Ipv6RouteTarget& target);

// "10.1.0.0/16 via 10.0.0.5 metric 7 table 10", for messages.
[[nodiscard]] std::string Describe(const RoutePlace& place, const Ipv4RouteTarget& target);
[[nodiscard]] std::string Describe(const RoutePlace& place, const Ipv6RouteTarget& target);
// "2001:db8::1/64", "2001:db8::1 peer 2001:db8::2".
[[nodiscard]] std::string Describe(const Ipv6LinkAddress& address);

}  // namespace sstpgw::edge
