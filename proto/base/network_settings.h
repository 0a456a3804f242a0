// What the operator sets for the network layers of all sessions: MPPE, IPv6CP, Router
// Advertisements and DHCPv6 (features 3.5, 3.8, 4.3, 4.4). Plain values; the wire's form is
// PppSettings of sstpgw/v1/session.proto.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "proto/base/ip.h"

namespace sstpgw {

// ppp-options mppe. kAllow: not asked for, taken when the client asks.
enum class MppePreference : std::uint8_t { kDeny, kAllow, kPrefer, kRequire };

// ppp-options ipv6-interface-id and ipv6-peer-interface-id.
struct InterfaceIdChoice {
  enum class Kind : std::uint8_t {
    kFixed,
    kRandom,
    kIpv4Address,     // the session's, its decimal digits read as hex; peer only
    kCallingStation,  // likewise the client's outer address (features 3.8); peer only
  };
  Kind kind = Kind::kFixed;
  InterfaceId fixed{};  // with kFixed: not zero
  friend bool operator==(const InterfaceIdChoice&, const InterfaceIdChoice&) = default;
};

// ipv6-nd.
struct RouterAdvertisementSettings {
  std::chrono::seconds max_interval{600};
  std::chrono::seconds min_interval{198};
  std::uint32_t initial_count = 5;
  std::chrono::seconds initial_interval{3};
  bool managed = true;         // M, where there is something to give by DHCPv6
  bool other_config = true;    // O
  std::uint16_t link_mtu = 0;  // octets; 0: the interface's
  std::uint32_t reachable_time_ms = 0;
  std::uint32_t retrans_timer_ms = 0;
  std::uint8_t cur_hop_limit = 64;
  std::chrono::seconds default_lifetime{1800};
  std::uint32_t valid_lifetime_seconds = 2'592'000;    // UINT32_MAX: without end
  std::uint32_t preferred_lifetime_seconds = 604'800;  // likewise
  bool on_link = true;
  bool autonomous = true;
  std::uint32_t rdnss_lifetime_seconds = 600;
  std::vector<std::string> dnssl;
  friend bool operator==(const RouterAdvertisementSettings&,
                         const RouterAdvertisementSettings&) = default;
};

// ipv6-dhcp.
struct Dhcpv6Settings {
  InterfaceId server_id{0, 0, 0, 0, 0, 0, 0, 1};       // in the DUID-LL, hardware type 27
  std::uint32_t valid_lifetime_seconds = 2'592'000;    // UINT32_MAX: without end
  std::uint32_t preferred_lifetime_seconds = 604'800;  // likewise
  bool route_via_gateway =
      true;  // delegated prefixes are routed via the client's link-local address
  std::vector<std::string> domain_search;
  std::string aftr_name;  // empty: none
  friend bool operator==(const Dhcpv6Settings&, const Dhcpv6Settings&) = default;
};

}  // namespace sstpgw
