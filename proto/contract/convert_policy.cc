// What a session may do.
#include <utility>

#include "proto/contract/convert.h"
#include "proto/contract/wire_check.h"

namespace sstpgw::contract {
namespace {

constexpr std::size_t kMaxServers = 2;  // DNS, WINS: IPCP has two options each
constexpr std::size_t kMaxIpv6Dns = 3;
constexpr std::size_t kMaxInterfaceName = 15;

pb::Ipv6Prefix ToProto(const Ipv6Prefix& prefix) {
  pb::Ipv6Prefix out;
  out.set_address(ToOctets(prefix.address.octets()));
  out.set_length_bits(prefix.length);
  return out;
}

Result<Ipv6Address> TakeAddress(std::string_view field, const std::string& octets) {
  SG_ASSIGN_OR_RETURN(const auto array, TakeOctets<16>(field, octets));
  return Ipv6Address(array);
}

template <class List>
Result<std::vector<Ipv6Address>> TakeAddresses(std::string_view field, const List& list,
                                               std::size_t most) {
  SG_RETURN_IF_ERROR(CheckRange(field, list.size(), 0, most));
  std::vector<Ipv6Address> out;
  for (const std::string& octets : list) {
    SG_ASSIGN_OR_RETURN(const Ipv6Address address, TakeAddress(field, octets));
    out.push_back(address);
  }
  return out;
}

template <class List>
Result<std::vector<Ipv6Prefix>> TakePrefixes(std::string_view field, const List& list) {
  SG_RETURN_IF_ERROR(CheckRange(field, list.size(), 0, kMaxIpv6Values));
  std::vector<Ipv6Prefix> out;
  for (const pb::Ipv6Prefix& in : list) {
    SG_RETURN_IF_ERROR(CheckRange(field, in.length_bits(), 0, 128));
    SG_ASSIGN_OR_RETURN(const Ipv6Address address, TakeAddress(field, in.address()));
    out.push_back(MakeIpv6Prefix(address, static_cast<std::uint8_t>(in.length_bits())));
    if (out.back().address != address) return Refuse(field, "has bits behind its length");
  }
  return out;
}

template <class List>
Result<std::vector<std::string>> TakeRoutes(std::string_view field, const List& list) {
  SG_RETURN_IF_ERROR(CheckRange(field, list.size(), 0, kMaxRoutes));
  std::vector<std::string> out;
  for (const std::string& route : list) {
    SG_RETURN_IF_ERROR(CheckLength(field, route.size(), 1, kMaxAttribute));
    out.push_back(route);
  }
  return out;
}

}  // namespace

pb::NetworkPolicy ToProto(const NetworkPolicy& network) {
  pb::NetworkPolicy out;
  out.set_interface_name(FitText(network.interface_name, kMaxInterfaceName));
  out.set_vrf(FitText(network.vrf, kMaxAttribute));
  out.set_framed_mtu_octets(network.framed_mtu);
  for (const std::string& route : network.routes) out.add_routes(FitText(route, kMaxAttribute));
  for (const std::string& route : network.ipv6_routes) {
    out.add_ipv6_routes(FitText(route, kMaxAttribute));
  }
  for (const Ipv6Prefix& prefix : network.framed_ipv6_prefixes) {
    *out.add_framed_ipv6_prefixes() = ToProto(prefix);
  }
  for (const Ipv6Prefix& prefix : network.delegated_ipv6_prefixes) {
    *out.add_delegated_ipv6_prefixes() = ToProto(prefix);
  }
  for (const Ipv6Address& address : network.framed_ipv6_addresses) {
    out.add_framed_ipv6_addresses(ToOctets(address.octets()));
  }
  if (network.framed_interface_id) {
    out.set_framed_interface_id(ToOctets(*network.framed_interface_id));
  }
  out.set_framed_ipv6_pool(FitText(network.framed_ipv6_pool, kMaxAttribute));
  out.set_stateful_ipv6_pool(FitText(network.stateful_ipv6_pool, kMaxAttribute));
  out.set_delegated_ipv6_pool(FitText(network.delegated_ipv6_pool, kMaxAttribute));
  for (const Ipv6Address& address : network.ipv6_dns) out.add_ipv6_dns(ToOctets(address.octets()));
  if (network.mppe_policy) out.set_mppe_policy(*network.mppe_policy);
  if (network.mppe_types) out.set_mppe_types(*network.mppe_types);
  return out;
}

Result<NetworkPolicy> FromProto(const pb::NetworkPolicy& in) {
  SG_RETURN_IF_ERROR(
      CheckLength("network.interface_name", in.interface_name().size(), 0, kMaxInterfaceName));
  SG_RETURN_IF_ERROR(CheckLength("network.vrf", in.vrf().size(), 0, kMaxAttribute));
  for (const auto& [field, pool] : {std::pair{"network.framed_ipv6_pool", &in.framed_ipv6_pool()},
                                    {"network.stateful_ipv6_pool", &in.stateful_ipv6_pool()},
                                    {"network.delegated_ipv6_pool", &in.delegated_ipv6_pool()}}) {
    SG_RETURN_IF_ERROR(CheckLength(field, pool->size(), 0, kMaxAttribute));
  }
  NetworkPolicy out;
  SG_ASSIGN_OR_RETURN(out.routes, TakeRoutes("network.routes", in.routes()));
  SG_ASSIGN_OR_RETURN(out.ipv6_routes, TakeRoutes("network.ipv6_routes", in.ipv6_routes()));
  SG_ASSIGN_OR_RETURN(out.framed_ipv6_prefixes,
                      TakePrefixes("network.framed_ipv6_prefixes", in.framed_ipv6_prefixes()));
  SG_ASSIGN_OR_RETURN(out.delegated_ipv6_prefixes, TakePrefixes("network.delegated_ipv6_prefixes",
                                                                in.delegated_ipv6_prefixes()));
  SG_ASSIGN_OR_RETURN(
      out.framed_ipv6_addresses,
      TakeAddresses("network.framed_ipv6_addresses", in.framed_ipv6_addresses(), kMaxIpv6Values));
  SG_ASSIGN_OR_RETURN(out.ipv6_dns, TakeAddresses("network.ipv6_dns", in.ipv6_dns(), kMaxIpv6Dns));
  if (!in.framed_interface_id().empty()) {
    SG_ASSIGN_OR_RETURN(out.framed_interface_id,
                        TakeOctets<8>("network.framed_interface_id", in.framed_interface_id()));
  }
  out.interface_name = in.interface_name();
  out.vrf = in.vrf();
  out.framed_mtu = in.framed_mtu_octets();
  out.framed_ipv6_pool = in.framed_ipv6_pool();
  out.stateful_ipv6_pool = in.stateful_ipv6_pool();
  out.delegated_ipv6_pool = in.delegated_ipv6_pool();
  if (in.has_mppe_policy()) out.mppe_policy = in.mppe_policy();
  if (in.has_mppe_types()) out.mppe_types = in.mppe_types();
  return out;
}

pb::SessionPolicy ToProto(const SessionPolicy& policy) {
  pb::SessionPolicy out;
  out.set_generation(policy.generation.value());
  out.set_address(policy.address.value());
  out.set_gateway_address(policy.gateway_address.value());
  for (const Ipv4Address& address : policy.dns) out.add_dns(address.value());
  for (const Ipv4Address& address : policy.wins) out.add_wins(address.value());
  out.set_session_timeout_seconds(WireSeconds(policy.session_timeout));
  out.set_idle_timeout_seconds(WireSeconds(policy.idle_timeout));
  out.set_hold(policy.hold);
  out.set_reauthenticate(policy.reauthenticate);
  if (policy.network != NetworkPolicy{}) *out.mutable_network() = ToProto(policy.network);
  if (policy.rate_limit != RateLimit{}) *out.mutable_rate_limit() = ToProto(policy.rate_limit);
  return out;
}

Result<SessionPolicy> FromProto(const pb::SessionPolicy& in) {
  SG_RETURN_IF_ERROR(CheckRange("policy.dns", in.dns().size(), 0, kMaxServers));
  SG_RETURN_IF_ERROR(CheckRange("policy.wins", in.wins().size(), 0, kMaxServers));
  SessionPolicy out;
  out.generation = Generation(in.generation());
  out.address = Ipv4Address(in.address());
  out.gateway_address = Ipv4Address(in.gateway_address());
  for (const std::uint32_t value : in.dns()) out.dns.emplace_back(value);
  for (const std::uint32_t value : in.wins()) out.wins.emplace_back(value);
  out.session_timeout = std::chrono::seconds(in.session_timeout_seconds());
  out.idle_timeout = std::chrono::seconds(in.idle_timeout_seconds());
  out.hold = in.hold();
  out.reauthenticate = in.reauthenticate();
  SG_ASSIGN_OR_RETURN(out.rate_limit, FromProto(in.rate_limit()));
  SG_ASSIGN_OR_RETURN(out.network, FromProto(in.network()));
  return out;
}

}  // namespace sstpgw::contract
