#include "proto/base/session_policy.h"

namespace sstpgw {

std::string NamesOf(const NetworkPolicy& network) {
  std::string out;
  const auto add = [&out](bool there, const char* name) {
    if (!there) return;
    if (!out.empty()) out += ", ";
    out += name;
  };
  add(!network.interface_name.empty(), "interface name");
  add(!network.vrf.empty(), "VRF");
  add(network.framed_mtu != 0, "MTU");
  add(!network.routes.empty(), "route");
  add(!network.ipv6_routes.empty(), "IPv6 route");
  add(!network.framed_ipv6_prefixes.empty(), "IPv6 prefix");
  add(!network.delegated_ipv6_prefixes.empty(), "delegated IPv6 prefix");
  add(!network.framed_ipv6_addresses.empty(), "IPv6 address");
  add(network.framed_interface_id.has_value(), "interface identifier");
  const bool pool = !network.framed_ipv6_pool.empty() || !network.stateful_ipv6_pool.empty() ||
                    !network.delegated_ipv6_pool.empty();
  add(pool, "IPv6 pool");
  add(!network.ipv6_dns.empty(), "IPv6 DNS server");
  add(network.mppe_policy.has_value() || network.mppe_types.has_value(), "MPPE");
  return out;
}

}  // namespace sstpgw
