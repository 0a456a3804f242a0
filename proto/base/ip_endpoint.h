// An IP address of either family, and a place on the network: address and port.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "proto/base/ip.h"

namespace sstpgw {

using IpAddress = std::variant<Ipv4Address, Ipv6Address>;

[[nodiscard]] inline bool IsIpv4(const IpAddress& address) {
  return std::holds_alternative<Ipv4Address>(address);
}

// As the addresses themselves are parsed and printed.
[[nodiscard]] inline std::optional<IpAddress> ParseIpAddress(std::string_view text) {
  if (const auto v4 = Ipv4Address::Parse(text)) return *v4;
  if (const auto v6 = Ipv6Address::Parse(text)) return *v6;
  return std::nullopt;
}
[[nodiscard]] inline std::string ToString(const IpAddress& address) {
  return std::visit([](const auto& one) { return one.ToString(); }, address);
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
