// Which session a Disconnect- or CoA-Request means (RFC 5176 3, features 6.6): the attributes that
// identify one, and the sessions they are compared with. A session that lacks what a request names
// is not meant. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/packet.h"
#include "controlplane/radius/refusal.h"
#include "proto/base/ip.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

// Unique over all gateways.
struct SessionName {
  std::string gateway;
  SessionId session;
  friend auto operator<=>(const SessionName&, const SessionName&) = default;
};

// One session as RADIUS knows it from its accounting. Empty or absent: it has none.
struct SessionIdentity {
  SessionName name;             // name.session is Acct-Session-Id
  std::string user;             // as the client gave it
  std::string accounting_user;  // as an Access-Accept renamed it; empty: it did not
  std::string interface_name;   // NAS-Port-Id
  std::optional<std::uint32_t> nas_port;
  std::optional<Ipv4Address> address;
  std::string calling_station;
  std::string called_station;
  std::vector<Ipv6Prefix> ipv6_prefixes;    // Framed-IPv6-Prefix
  std::optional<InterfaceId> interface_id;  // Framed-Interface-Id
};

// What a request says of the session it means. All of it must fit.
struct SessionKeys {
  std::optional<SessionId> session;
  std::optional<std::string> user;
  std::optional<std::string> interface_name;
  std::optional<std::uint32_t> nas_port;
  std::optional<Ipv4Address> address;
  std::optional<std::string> calling_station;
  std::vector<Ipv6Prefix> ipv6_prefixes;
  std::optional<InterfaceId> interface_id;
  // Narrows the choice, but is no key by itself: all sessions of a gateway may share it.
  std::optional<std::string> called_station;

  [[nodiscard]] bool empty() const;  // no key
  [[nodiscard]] bool Fit(const SessionIdentity& session) const;
  // `User-Name "ann", NAS-Port 7`: for the log; not all of them if they are many.
  [[nodiscard]] std::string ToString() const;
};

// Framed-IP-Address 255.255.255.254 and .255 name nobody's address (RFC 2865 5.8) and do not count.
// kInvalidRequest: a key that does not have its shape, or is there twice and different.
[[nodiscard]] OrRefusal<SessionKeys> ReadSessionKeys(const Packet& request);

// Whether the attribute identifies a session.
[[nodiscard]] bool IsSessionKey(AttributeKey key);

}  // namespace sstpgw::cp::radius
