// Routes to what is behind a subscriber, as servers write them (RFC 2865 5.22, RFC 3162 2.5,
// features 4.5):
//
//   Framed-Route       "10.1.0.0/16 [gateway [metric]]", also "10.1.0.0/255.255.0.0" and "10.1.0.1"
//   Framed-IPv6-Route  "2001:db8::/48 [gateway [metric]]"
//
// A gateway of 0.0.0.0 or ::, or none, means by way of the interface; a metric of 0 or none is the
// kernel's. Further metrics are not looked at. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "controlplane/radius/attribute_values.h"
#include "proto/base/ip.h"
#include "proto/base/result.h"

namespace sstpgw::cp::radius {

struct FramedRoute {
  Ipv4Address destination;  // bits behind the length are zero
  std::uint8_t length = 32;
  Ipv4Address gateway;  // zero: the interface
  std::uint32_t metric = 0;
  friend bool operator==(const FramedRoute&, const FramedRoute&) = default;
};

struct FramedIpv6Route {
  Ipv6Prefix destination;
  Ipv6Address gateway;  // zero: the interface
  std::uint32_t metric = 0;
  friend bool operator==(const FramedIpv6Route&, const FramedIpv6Route&) = default;
};

// What to do with a destination that has bits behind its length.
enum class HostBits : std::uint8_t { kClear, kRefuse };

// kInvalidArgument: why it is none, as a clause.
[[nodiscard]] Result<FramedRoute> ReadFramedRoute(std::string_view text, HostBits host_bits);
[[nodiscard]] Result<FramedIpv6Route> ReadFramedIpv6Route(std::string_view text,
                                                          HostBits host_bits);

}  // namespace sstpgw::cp::radius
