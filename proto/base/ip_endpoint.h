// An IP address of either family, and a place on the network: address and port.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <variant>

#include "proto/base/ip_prefix.h"

namespace sstpgw {

[[nodiscard]] inline bool IsIpv4(const IpAddress& address) {
  return std::holds_alternative<Ipv4Address>(address);
}

struct IpEndpoint {
  IpAddress address;
  std::uint16_t port = 0;
  friend auto operator<=>(const IpEndpoint&, const IpEndpoint&) = default;
};
// "10.0.0.1:1812", "[2001:db8::1]:1812".
[[nodiscard]] inline std::string ToString(const IpEndpoint& endpoint) {
  const std::string address = ToString(endpoint.address);
  const std::string port = ":" + std::to_string(endpoint.port);
  return IsIpv4(endpoint.address) ? address + port : "[" + address + "]" + port;
}

}  // namespace sstpgw
