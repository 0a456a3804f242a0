#include "proto/base/session_policy.h"

namespace sstpgw {

std::string NamesOf(const CarriedPolicy& carried) {
  std::string out;
  const auto add = [&out](bool there, const char* name) {
    if (!there) return;
    if (!out.empty()) out += ", ";
    out += name;
  };
  add(!carried.interface_name.empty(), "interface name");
  add(!carried.vrf.empty(), "VRF");
  add(carried.framed_mtu != 0, "MTU");
  add(!carried.routes.empty(), "route");
  add(!carried.ipv6_routes.empty(), "IPv6 route");
  add(!carried.framed_ipv6_prefixes.empty(), "IPv6 prefix");
  add(!carried.delegated_ipv6_prefixes.empty(), "delegated IPv6 prefix");
  add(!carried.framed_ipv6_addresses.empty(), "IPv6 address");
  add(carried.framed_interface_id.has_value(), "interface identifier");
  const bool pool = !carried.framed_ipv6_pool.empty() || !carried.stateful_ipv6_pool.empty() ||
                    !carried.delegated_ipv6_pool.empty();
  add(pool, "IPv6 pool");
  add(!carried.ipv6_dns.empty(), "IPv6 DNS server");
  add(carried.mppe_policy.has_value() || carried.mppe_types.has_value(), "MPPE");
  return out;
}

}  // namespace sstpgw
