// Router Solicitations and Advertisements on the host's side (RFC 4861 4.1, 4.2, 6.1.2; RFC 8106),
// written apart from the product's. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/base/ip.h"
#include "tests/client/ipv6_wire.h"

namespace sstpgw::client {

struct AdvertisedPrefix {
  Ipv6Prefix prefix;
  bool on_link = false;
  bool autonomous = false;
  std::uint32_t valid = 0;  // seconds
  std::uint32_t preferred = 0;
};

struct RouterAdvertisement {
  Ipv6Address router;
  std::uint8_t cur_hop_limit = 0;
  bool managed = false;
  bool other_config = false;
  std::uint16_t lifetime = 0;  // seconds
  std::uint32_t reachable_ms = 0;
  std::uint32_t retrans_ms = 0;
  std::optional<std::uint32_t> mtu;
  std::vector<AdvertisedPrefix> prefixes;
  std::vector<Ipv6Address> dns;
  std::uint32_t dns_lifetime = 0;
  std::vector<std::string> search;
  std::uint32_t search_lifetime = 0;
  std::vector<std::uint8_t> other_options;  // types of those that are none of the above
};

[[nodiscard]] bool IsRouterAdvertisement(const Ipv6Packet& packet);
// nullopt: a host must drop it (hop limit, source, checksum, lengths).
[[nodiscard]] std::optional<RouterAdvertisement> ParseRouterAdvertisement(const Ipv6Packet& packet);
// A whole packet, without link-layer option: this link has no such addresses.
[[nodiscard]] Bytes MakeRouterSolicitation(const Ipv6Address& source);
// "from fe80::1 lifetime 1800 hop-limit 64 reachable 0 retrans 0 flags MO mtu 1452
//  prefix 2001:db8::/64 flags LA valid 2592000 preferred 604800 dns 2001:db8::53 lifetime 600
//  search example.com lifetime 600" in one line; flags "-" where there are none.
[[nodiscard]] std::string ToString(const RouterAdvertisement& advertisement);

// Names of RFC 1035 3.1 without compression, one after the other; zeros behind are padding. nullopt
// if one does not end.
[[nodiscard]] std::optional<std::vector<std::string>> ParseNames(ByteView octets);

}  // namespace sstpgw::client
