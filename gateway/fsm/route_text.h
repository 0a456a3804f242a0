// Framed-Route and Framed-IPv6-Route as RADIUS writes them (RFC 2865 5.22, RFC 3162 2.5; features
// 4.5):
//
//   Framed-Route        destination[/length or /mask] [gateway [metric ...]]
//   Framed-IPv6-Route   prefix/length [gateway [metric ...]]
//
// Words are separated by blanks. Without a length an IPv4 destination is one address: the classes
// that the RFC falls back to are no longer in use. Bits behind the length are cleared. A gateway of
// zeros or none means the interface. Of several metrics the first counts; 0: the kernel's own.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/fsm/link_plan.h"

namespace sstpgw::fsm {

// nullopt: malformed.
[[nodiscard]] std::optional<Ipv4Route> ParseFramedRoute(std::string_view text);
[[nodiscard]] std::optional<Ipv6Route> ParseFramedIpv6Route(std::string_view text);

}  // namespace sstpgw::fsm
