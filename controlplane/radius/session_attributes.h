// What a server says about a session, in an Access-Accept or a CoA-Request (features 6.5, 6.6), as
// values. Nothing of it is applied here, and nothing is lost: what one layer cannot use yet,
// another finds here later.
//
// A value that cannot be used becomes a warning, and the rest goes on; whoever must not go on then
// (CoA answers with Error-Cause 407) looks at the warnings. Of attributes that may stand once only
// the last one counts. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/dictionary.h"
#include "controlplane/radius/framed_route.h"
#include "controlplane/radius/packet.h"

namespace sstpgw::cp::radius {

// An attribute that the operator named for rate limits; its text is read elsewhere (features 6.7).
struct RateLimitAttribute {
  AttributeKey key;
  ValueType type = ValueType::kString;  // as the dictionaries have it
};

struct SessionAttributeSettings {
  std::vector<RateLimitAttribute> rate_limits;  // empty: rate limits are not enabled
  HostBits route_host_bits = HostBits::kClear;
  bool cisco_pool = false;  // Cisco-AVPair "ip:addr-pool=name" names a pool, too
};

struct RateLimitValue {
  AttributeKey key;
  std::variant<std::uint64_t, std::string> value;  // as the type of the attribute is
  friend bool operator==(const RateLimitValue&, const RateLimitValue&) = default;
};

// Framed-IP-Address (RFC 2865 5.8).
enum class AddressChoice : std::uint8_t {
  kNone,    // absent, or 0.0.0.0
  kFixed,   // this address
  kNas,     // 255.255.255.254: from a pool
  kClient,  // 255.255.255.255: what the client asks for
};

struct AttributeWarning {
  AttributeKey key;
  std::string what;  // "Framed-Route goes to x, not an IPv4 address"; escaped
  friend bool operator==(const AttributeWarning&, const AttributeWarning&) = default;
};

struct SessionAttributes {
  std::string user_name;  // for accounting; empty: the client's

  AddressChoice address_choice = AddressChoice::kNone;
  Ipv4Address address;  // with kFixed
  std::optional<Ipv4Address> netmask;
  std::string framed_pool;
  std::vector<FramedRoute> routes;
  std::optional<std::uint32_t> framed_mtu;
  std::optional<Ipv4Address> dns[2];   // MS-Primary-, MS-Secondary-DNS-Server
  std::optional<Ipv4Address> wins[2];  // MS-Primary-, MS-Secondary-NBNS-Server

  std::vector<Ipv6Prefix> framed_ipv6_prefixes;
  std::vector<Ipv6Prefix> delegated_ipv6_prefixes;
  std::vector<Ipv6Address> framed_ipv6_addresses;
  std::optional<InterfaceId> framed_interface_id;  // not zero
  std::string stateful_ipv6_pool;                  // Stateful-IPv6-Address-Pool
  std::string delegated_ipv6_pool;                 // Delegated-IPv6-Prefix-Pool
  std::string framed_ipv6_pool;                    // Framed-IPv6-Pool
  std::vector<FramedIpv6Route> ipv6_routes;
  std::vector<Ipv6Address> ipv6_dns;  // DNS-Server-IPv6-Address, the first 3

  // Present and 0: no limit, whatever is configured.
  std::optional<std::chrono::seconds> session_timeout;
  std::optional<std::chrono::seconds> idle_timeout;
  std::optional<std::chrono::seconds> interim_interval;
  bool reauthenticate = false;  // Termination-Action RADIUS-Request

  std::vector<Bytes> classes;  // all, in order
  std::optional<Bytes> state;
  std::string interface_name;                // NAS-Port-Id of 1..15 octets; else a warning
  std::optional<std::uint32_t> nas_port;     // shown in accounting
  std::optional<std::string> vrf;            // Accel-VRF-Name; "0": none
  std::optional<std::uint32_t> mppe_policy;  // MS-MPPE-Encryption-Policy: 1 allowed, 2 required
  std::optional<std::uint32_t> mppe_types;   // MS-MPPE-Encryption-Types: bits 2 (40), 4 (128)
  std::vector<std::string> filter_ids;
  std::vector<RateLimitValue> rate_limits;  // in order
  std::string reply_message;                // all of them, joined by blanks

  std::vector<AttributeKey> not_used;  // attributes that have no meaning here, each once
  std::vector<AttributeWarning> warnings;
};

[[nodiscard]] SessionAttributes ReadSessionAttributes(const std::vector<Attribute>& attributes,
                                                      const SessionAttributeSettings& settings);

// The value of such an attribute, as its type is; of a type that is not known it is text if it
// looks like it, else a number. nullopt: it does not have the type's length.
[[nodiscard]] std::optional<std::variant<std::uint64_t, std::string>> ReadRateLimitValue(
    ByteView value, ValueType type);

// Whether a text may name a network interface: 1..15 octets, no '/', ':' or blank, nothing that
// controls. "%d" stands for a number.
[[nodiscard]] bool IsInterfaceName(std::string_view text);

}  // namespace sstpgw::cp::radius
