// What one session may do, as the control plane decides it. Plain values; the wire's form is
// SessionPolicy of sstpgw/v1/session.proto.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/base/ip.h"
#include "proto/base/rate_limit.h"
#include "proto/base/types.h"

namespace sstpgw {

// Names, routes and IPv6 of a session. The control plane has put in what its pools give, so that
// the prefixes are what the session has, wherever they come from; the names of pools are for its
// own use and for people.
struct NetworkPolicy {
  std::string interface_name;  // at most 15 octets, "%d" stands for a number; empty: the gateway's
  std::string vrf;             // empty: none
  std::uint32_t framed_mtu = 0;          // octets; 0: none was named
  std::vector<std::string> routes;       // "10.1.0.0/16 [gateway [metric]]" (RFC 2865 5.22)
  std::vector<std::string> ipv6_routes;  // "2001:db8::/48 [gateway [metric]]" (RFC 3162 2.5)
  std::vector<Ipv6Prefix> framed_ipv6_prefixes;
  std::vector<Ipv6Prefix> delegated_ipv6_prefixes;
  std::vector<Ipv6Address> framed_ipv6_addresses;
  std::optional<InterfaceId> framed_interface_id;
  std::string framed_ipv6_pool;
  std::string stateful_ipv6_pool;
  std::string delegated_ipv6_pool;
  std::vector<Ipv6Address> ipv6_dns;         // 0..3
  std::optional<std::uint32_t> mppe_policy;  // RFC 2548 2.4.4: 1 allowed, 2 required
  std::optional<std::uint32_t> mppe_types;   // RFC 2548 2.4.5: bits 2 (40), 4 (128)

  friend bool operator==(const NetworkPolicy&, const NetworkPolicy&) = default;
};

// Desired state, replaced as a whole by a higher generation.
struct SessionPolicy {
  Generation generation;
  Ipv4Address address;  // peer's; zero: none could be given (pool exhausted, none configured)
  Ipv4Address gateway_address;    // ours; zero: not configured
  std::vector<Ipv4Address> dns;   // 0..2
  std::vector<Ipv4Address> wins;  // 0..2
  // Longest life; 0: no limit. It counts from where SessionRecord::uptime_seconds counts from, also
  // when it is changed: who wants n more seconds adds the uptime.
  std::chrono::seconds session_timeout{0};
  // Longest time without an IP packet from the client; 0: no limit.
  std::chrono::seconds idle_timeout{0};
  // The network layers are negotiated, but the interface is not configured and no IP packet passes
  // before a policy without this comes. A session that is active already is not held again.
  bool hold = false;
  // When session_timeout is over: the client has to log in anew and may go on (Termination-Action
  // RADIUS-Request, RFC 2865 5.29), with CHAP-MD5 and MS-CHAP. Otherwise the session ends.
  bool reauthenticate = false;
  RateLimit rate_limit{};
  NetworkPolicy network{};

  friend bool operator==(const SessionPolicy&, const SessionPolicy&) = default;
};

}  // namespace sstpgw
