// What the kernel has to know of one session's interface, as desired state: the worker carries out
// the difference to what there is. Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/base/ip.h"

namespace sstpgw::fsm {

// Bits behind the length are zero.
struct Ipv4Route {
  Ipv4Address destination;
  std::uint8_t length = 32;
  Ipv4Address gateway;       // zero: whatever is on the interface
  std::uint32_t metric = 0;  // 0: the kernel's own
  friend auto operator<=>(const Ipv4Route&, const Ipv4Route&) = default;
};
struct Ipv6Route {
  Ipv6Prefix destination;
  Ipv6Address gateway;  // ::: whatever is on the interface
  std::uint32_t metric = 0;
  friend auto operator<=>(const Ipv6Route&, const Ipv6Route&) = default;
};

struct Ipv4Link {
  Ipv4Address local;
  Ipv4Address peer;
  friend bool operator==(const Ipv4Link&, const Ipv4Link&) = default;
};

// One of our addresses. With `peer` the two form a pair, and there is a route to the peer alone;
// otherwise there is one to the whole prefix.
struct Ipv6LinkAddress {
  Ipv6Address local;
  std::uint8_t length = 64;
  std::optional<Ipv6Address> peer;
  friend bool operator==(const Ipv6LinkAddress&, const Ipv6LinkAddress&) = default;
};
struct Ipv6Link {
  InterfaceId local_id{};  // fe80::<local_id>/64 is ours
  InterfaceId peer_id{};
  std::vector<Ipv6LinkAddress> addresses;  // of the link's prefixes
  friend bool operator==(const Ipv6Link&, const Ipv6Link&) = default;
};

struct LinkPlan {
  std::string
      name;  // wanted instead of one of the template's; "%d" stands for a number; empty: none
  std::string vrf;  // device; empty: none
  std::optional<Ipv4Link> ipv4;
  std::optional<Ipv6Link> ipv6;  // absent: IPv6 stays disabled on the interface
  std::vector<Ipv4Route> routes;
  std::vector<Ipv6Route> ipv6_routes;  // also those of delegated prefixes, once they are in use
  friend bool operator==(const LinkPlan&, const LinkPlan&) = default;
};

}  // namespace sstpgw::fsm
