// What a server is told of us and of the place a session comes in at, in Access- and
// Accounting-Requests alike (features 6.3, 6.4). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "controlplane/radius/attribute_list.h"
#include "controlplane/radius/packet.h"
#include "proto/base/ip.h"

namespace sstpgw::cp::radius {

// RFC 2865 4.1 wants NAS-IP-Address or NAS-Identifier: with neither configured the caller puts the
// source address of its packets here.
struct NasIdentity {
  std::string identifier;                   // NAS-Identifier; empty: not sent
  std::optional<Ipv4Address> ipv4_address;  // NAS-IP-Address
  std::optional<Ipv6Address> ipv6_address;  // NAS-IPv6-Address
  // Gets "sstp" as text, for servers that tell kinds of access apart by an attribute of their own.
  std::optional<AttributeKey> tunnel_type;
};

// Where a session comes in. What is empty is not sent.
struct AccessPort {
  std::string calling_station;            // the client's address, without port
  std::string called_station;             // ours, without port
  std::optional<std::uint32_t> nas_port;  // interface number; only when the interface exists
  std::string nas_port_id;                // interface name; likewise
};

// NAS-Identifier, NAS-IP-Address, NAS-IPv6-Address.
void AppendIdentity(const NasIdentity& nas, AttributeList& out);
// Those, NAS-Port, NAS-Port-Id, NAS-Port-Type Virtual, Service-Type Framed, Framed-Protocol PPP,
// Calling-Station-Id, Called-Station-Id and the attribute for the kind of tunnel.
void AppendPlace(const NasIdentity& nas, const AccessPort& port, AttributeList& out);

}  // namespace sstpgw::cp::radius
