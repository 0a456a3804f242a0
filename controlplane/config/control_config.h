// What a valid configuration means: the values the rest of the control plane works with. Nothing
// here knows YAML or protobuf; load.h makes one of these, everything else only reads it.
// Move-only, because it holds secrets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/config/radius_config.h"
#include "controlplane/shaper/rate_table.h"
#include "controlplane/shaper/time_range.h"
#include "proto/base/ip.h"
#include "proto/base/messages.h"
#include "proto/base/secret.h"

namespace sstpgw::cp {

// Pool addresses as one inclusive interval. Every notation is already resolved (features 5): for
// a.b.c.d/n the start is the host that was written, and with n <= 30 neither the network nor the
// broadcast address is inside. At most 2^24 addresses. The allocator skips gateway_address itself.
struct AddressRange {
  Ipv4Address first;
  Ipv4Address last;
  friend bool operator==(const AddressRange&, const AddressRange&) = default;
};

struct PoolConfig {
  std::string name;
  std::vector<AddressRange> ranges;  // in the order of the file; never empty
  std::string next_pool;             // empty: none. Exists, and the chain has no loop
};

// A network that is cut into prefixes of one length for clients.
struct PrefixRange {
  Ipv6Prefix network;        // of 1..128 bits, unicast
  std::uint8_t length = 64;  // at least that of the network
  friend bool operator==(const PrefixRange&, const PrefixRange&) = default;
};

struct Ipv6PoolConfig {
  std::string name;
  // Each in the order of the file; one of them may be empty.
  std::vector<PrefixRange> prefixes;   // for links
  std::vector<PrefixRange> delegates;  // for networks behind clients
};

struct LocalUser {
  Secret password;                       // never empty
  std::optional<Ipv4Address> static_ip;  // absent: from the pool
  bool disabled = false;                 // refuse like an unknown user
  RateTable rates;                       // empty: none of its own
};

// Who is asked about users (features 11.3).
enum class AuthMode { kLocal, kRadius };

// A second login of the same user name (features 9.3).
enum class SingleSession { kNone, kReplace, kDeny };

struct ControlConfig {
  GatewaySettings gateway;  // generation left 0: whoever sends it numbers it

  AuthMode auth_mode = AuthMode::kLocal;
  // Names are compared as bytes. Used with kLocal only.
  std::map<std::string, LocalUser, std::less<>> local_users;
  // Present if the file has the node, and with kRadius; used with that only.
  std::optional<RadiusConfig> radius;

  std::map<std::string, PoolConfig, std::less<>> pools;
  std::string default_pool;       // empty: none, nobody gets an address without a static one
  Ipv4Address gateway_address;    // zero: not configured (equals gateway.ppp.gateway_address)
  std::vector<Ipv4Address> dns;   // 0..2
  std::vector<Ipv4Address> wins;  // 0..2

  std::map<std::string, Ipv6PoolConfig, std::less<>> ipv6_pools;
  std::string default_ipv6_pool;      // for links and delegation; empty: none
  std::vector<Ipv6Address> ipv6_dns;  // 0..3

  RateTable default_rates;             // of sessions without any of their own
  std::vector<TimeRange> time_ranges;  // in the order of the file

  SingleSession single_session = SingleSession::kReplace;
  std::string description;

  std::string operator_socket;  // absolute path of the operator API's Unix socket
  std::string link_listen;      // where gateways dial in: "unix:/run/sstpgw/link.sock"
};

}  // namespace sstpgw::cp
