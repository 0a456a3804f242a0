// Addresses of either family and prefixes of them: whose word counts, who may connect.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "proto/base/ip.h"

namespace sstpgw {

using IpAddress = std::variant<Ipv4Address, Ipv6Address>;

// Either family's text; anything else is nullopt.
[[nodiscard]] std::optional<IpAddress> ParseIpAddress(std::string_view text);
[[nodiscard]] std::string ToString(const IpAddress& address);
// ::ffff:a.b.c.d, which is how a socket for both families shows an IPv4 peer, becomes a.b.c.d.
[[nodiscard]] IpAddress Unmapped(const IpAddress& address);

struct IpPrefix {
  IpAddress address;        // as written: bits behind the length need not be zero
  std::uint8_t length = 0;  // 0..32, 0..128

  // The one address.
  [[nodiscard]] static IpPrefix Host(const IpAddress& address);
  // "192.0.2.0/24", "2001:db8::/48"; anything else is nullopt.
  [[nodiscard]] static std::optional<IpPrefix> Parse(std::string_view text);
  // Never across families; unmap addresses of sockets first.
  [[nodiscard]] bool Contains(const IpAddress& other) const;
  [[nodiscard]] std::string ToString() const;
  friend bool operator==(const IpPrefix&, const IpPrefix&) = default;
};

}  // namespace sstpgw
