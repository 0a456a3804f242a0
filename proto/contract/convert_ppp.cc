// PppSettings: LCP, the NCPs, and what is spoken over IPv6.
#include <algorithm>
#include <string_view>

#include "proto/contract/convert.h"
#include "proto/contract/wire_check.h"

namespace sstpgw::contract {
namespace {

constexpr std::uint32_t kDaySeconds = 86'400;
constexpr std::size_t kMaxDomains = 16;      // search list
constexpr std::size_t kMaxDomainName = 253;  // octets of text

pb::InterfaceIdChoice ToProto(const InterfaceIdChoice& choice) {
  pb::InterfaceIdChoice out;
  out.set_kind(contract::ToProto(choice.kind));
  out.set_fixed(ToNumber(choice.fixed));
  return out;
}

Result<InterfaceIdChoice> Take(std::string_view field, const pb::InterfaceIdChoice& in) {
  InterfaceIdChoice out;
  SG_ASSIGN_OR_RETURN(out.kind, contract::FromProto(in.kind()));
  out.fixed = ToInterfaceId(in.fixed());
  if (out.kind == InterfaceIdChoice::Kind::kFixed) {
    SG_RETURN_IF_ERROR(CheckRange(field, in.fixed(), 1, UINT64_MAX));
  }
  return out;
}

template <class List>
Result<std::vector<std::string>> TakeDomains(std::string_view field, const List& list) {
  SG_RETURN_IF_ERROR(CheckRange(field, list.size(), 0, kMaxDomains));
  for (const std::string& name : list) {
    SG_RETURN_IF_ERROR(CheckLength(field, name.size(), 1, kMaxDomainName));
  }
  return std::vector<std::string>(list.begin(), list.end());
}

pb::RouterAdvertisementSettings ToProto(const RouterAdvertisementSettings& nd) {
  pb::RouterAdvertisementSettings out;
  out.set_max_interval_seconds(WireSeconds(nd.max_interval));
  out.set_min_interval_seconds(WireSeconds(nd.min_interval));
  out.set_initial_count(nd.initial_count);
  out.set_initial_interval_seconds(WireSeconds(nd.initial_interval));
  out.set_managed(nd.managed);
  out.set_other_config(nd.other_config);
  out.set_link_mtu_octets(nd.link_mtu);
  out.set_reachable_time_milliseconds(nd.reachable_time_ms);
  out.set_retrans_timer_milliseconds(nd.retrans_timer_ms);
  out.set_cur_hop_limit(nd.cur_hop_limit);
  out.set_default_lifetime_seconds(WireSeconds(nd.default_lifetime));
  out.set_valid_lifetime_seconds(nd.valid_lifetime_seconds);
  out.set_preferred_lifetime_seconds(nd.preferred_lifetime_seconds);
  out.set_on_link(nd.on_link);
  out.set_autonomous(nd.autonomous);
  out.set_rdnss_lifetime_seconds(nd.rdnss_lifetime_seconds);
  for (const std::string& name : nd.dnssl) out.add_dnssl(name);
  return out;
}

// Bounds of RFC 4861 6.2.1.
Result<RouterAdvertisementSettings> FromProto(const pb::RouterAdvertisementSettings& in) {
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.router_advertisement.max_interval_seconds",
                                in.max_interval_seconds(), 4, 1800));
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.router_advertisement.min_interval_seconds",
                                in.min_interval_seconds(), 3, in.max_interval_seconds()));
  SG_RETURN_IF_ERROR(
      CheckRange("settings.ppp.router_advertisement.initial_count", in.initial_count(), 0, 100));
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.router_advertisement.initial_interval_seconds",
                                in.initial_interval_seconds(), 1, 1800));
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.router_advertisement.link_mtu_octets",
                                in.link_mtu_octets(), 0, 65535));
  SG_RETURN_IF_ERROR(
      CheckRange("settings.ppp.router_advertisement.cur_hop_limit", in.cur_hop_limit(), 0, 255));
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.router_advertisement.default_lifetime_seconds",
                                in.default_lifetime_seconds(), 0, 9000));
  RouterAdvertisementSettings out;
  SG_ASSIGN_OR_RETURN(out.dnssl,
                      TakeDomains("settings.ppp.router_advertisement.dnssl", in.dnssl()));
  out.max_interval = std::chrono::seconds(in.max_interval_seconds());
  out.min_interval = std::chrono::seconds(in.min_interval_seconds());
  out.initial_count = in.initial_count();
  out.initial_interval = std::chrono::seconds(in.initial_interval_seconds());
  out.managed = in.managed();
  out.other_config = in.other_config();
  out.link_mtu = static_cast<std::uint16_t>(in.link_mtu_octets());
  out.reachable_time_ms = in.reachable_time_milliseconds();
  out.retrans_timer_ms = in.retrans_timer_milliseconds();
  out.cur_hop_limit = static_cast<std::uint8_t>(in.cur_hop_limit());
  out.default_lifetime = std::chrono::seconds(in.default_lifetime_seconds());
  out.valid_lifetime_seconds = in.valid_lifetime_seconds();
  out.preferred_lifetime_seconds = in.preferred_lifetime_seconds();
  out.on_link = in.on_link();
  out.autonomous = in.autonomous();
  out.rdnss_lifetime_seconds = in.rdnss_lifetime_seconds();
  return out;
}

pb::Dhcpv6Settings ToProto(const Dhcpv6Settings& dhcp) {
  pb::Dhcpv6Settings out;
  out.set_server_id(ToNumber(dhcp.server_id));
  out.set_valid_lifetime_seconds(dhcp.valid_lifetime_seconds);
  out.set_preferred_lifetime_seconds(dhcp.preferred_lifetime_seconds);
  out.set_route_via_gateway(dhcp.route_via_gateway);
  for (const std::string& name : dhcp.domain_search) out.add_domain_search(name);
  out.set_aftr_name(dhcp.aftr_name);
  return out;
}

Result<Dhcpv6Settings> FromProto(const pb::Dhcpv6Settings& in) {
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.dhcpv6.preferred_lifetime_seconds",
                                in.preferred_lifetime_seconds(), 0, in.valid_lifetime_seconds()));
  SG_RETURN_IF_ERROR(
      CheckLength("settings.ppp.dhcpv6.aftr_name", in.aftr_name().size(), 0, kMaxDomainName));
  Dhcpv6Settings out;
  SG_ASSIGN_OR_RETURN(out.domain_search,
                      TakeDomains("settings.ppp.dhcpv6.domain_search", in.domain_search()));
  out.server_id = ToInterfaceId(in.server_id());
  out.valid_lifetime_seconds = in.valid_lifetime_seconds();
  out.preferred_lifetime_seconds = in.preferred_lifetime_seconds();
  out.route_via_gateway = in.route_via_gateway();
  out.aftr_name = in.aftr_name();
  return out;
}

// Ranges of features: VyOS's for what VyOS has, else what the protocol can carry.
Result<bool> CheckPpp(const pb::PppSettings& in) {
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.mtu_octets", in.mtu_octets(), 68, 1500));
  if (in.mru_octets() != 0) {
    SG_RETURN_IF_ERROR(CheckRange("settings.ppp.mru_octets", in.mru_octets(), 68, 65535));
  }
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.min_mtu_octets", in.min_mtu_octets(), 68, 65535));
  SG_RETURN_IF_ERROR(
      CheckRange("settings.ppp.ppp_max_mtu_octets", in.ppp_max_mtu_octets(), 68, 4087));
  SG_RETURN_IF_ERROR(
      CheckRange("settings.ppp.echo_interval_seconds", in.echo_interval_seconds(), 0, kDaySeconds));
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.echo_failure", in.echo_failure(), 1, 1000));
  SG_RETURN_IF_ERROR(
      CheckRange("settings.ppp.echo_timeout_seconds", in.echo_timeout_seconds(), 0, kDaySeconds));
  SG_RETURN_IF_ERROR(
      CheckRange("settings.ppp.restart_timeout_seconds", in.restart_timeout_seconds(), 1, 600));
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.max_configure", in.max_configure(), 1, 1000));
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.max_terminate", in.max_terminate(), 1, 1000));
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.max_failure", in.max_failure(), 1, 1000));
  SG_RETURN_IF_ERROR(CheckLength("settings.ppp.server_name", in.server_name().size(), 1, 255));
  SG_RETURN_IF_ERROR(CheckRange("settings.ppp.auth_protocols", in.auth_protocols().size(), 1, 5));
  return true;
}

Result<bool> TakeNetworkLayers(const pb::PppSettings& in, PppSettings& out) {
  // Absent, they would read as lifetimes and intervals of zero.
  if (!in.has_router_advertisement()) {
    return Refuse("settings.ppp.router_advertisement", "is missing");
  }
  if (!in.has_dhcpv6()) return Refuse("settings.ppp.dhcpv6", "is missing");
  SG_ASSIGN_OR_RETURN(out.ipv6, contract::FromProto(in.ipv6()));
  SG_ASSIGN_OR_RETURN(out.mppe, contract::FromProto(in.mppe()));
  SG_ASSIGN_OR_RETURN(out.interface_id, Take("settings.ppp.interface_id", in.interface_id()));
  SG_ASSIGN_OR_RETURN(out.peer_interface_id,
                      Take("settings.ppp.peer_interface_id", in.peer_interface_id()));
  SG_ASSIGN_OR_RETURN(out.router_advertisement, FromProto(in.router_advertisement()));
  SG_ASSIGN_OR_RETURN(out.dhcpv6, FromProto(in.dhcpv6()));
  out.disable_ccp = in.disable_ccp();
  out.accept_peer_interface_id = in.accept_peer_interface_id();
  return true;
}

}  // namespace

pb::PppSettings ToProto(const PppSettings& ppp) {
  pb::PppSettings out;
  out.set_mtu_octets(ppp.mtu);
  out.set_mru_octets(ppp.mru.value_or(0));
  out.set_min_mtu_octets(ppp.min_mtu);
  out.set_ppp_max_mtu_octets(ppp.ppp_max_mtu);
  out.set_mtu_configured(ppp.mtu_configured);
  for (const AuthProtocol protocol : ppp.auth_protocols) {
    out.add_auth_protocols(contract::ToProto(protocol));
  }
  out.set_ipv4(contract::ToProto(ppp.ipv4));
  out.set_gateway_address(ppp.gateway_address.value());
  out.set_echo_interval_seconds(WireSeconds(ppp.echo_interval));
  out.set_echo_failure(ppp.echo_failure);
  out.set_echo_timeout_seconds(WireSeconds(ppp.echo_timeout));
  out.set_restart_timeout_seconds(WireSeconds(ppp.restart_timeout));
  out.set_max_configure(ppp.max_configure);
  out.set_max_terminate(ppp.max_terminate);
  out.set_max_failure(ppp.max_failure);
  out.set_server_name(ppp.server_name);
  out.set_ipv6(contract::ToProto(ppp.ipv6));
  out.set_disable_ccp(ppp.disable_ccp);
  out.set_mppe(contract::ToProto(ppp.mppe));
  *out.mutable_interface_id() = ToProto(ppp.interface_id);
  *out.mutable_peer_interface_id() = ToProto(ppp.peer_interface_id);
  out.set_accept_peer_interface_id(ppp.accept_peer_interface_id);
  *out.mutable_router_advertisement() = ToProto(ppp.router_advertisement);
  *out.mutable_dhcpv6() = ToProto(ppp.dhcpv6);
  return out;
}

Result<PppSettings> FromProto(const pb::PppSettings& in) {
  SG_RETURN_IF_ERROR(CheckPpp(in));
  PppSettings out;
  for (const int number : in.auth_protocols()) {
    SG_ASSIGN_OR_RETURN(const AuthProtocol protocol,
                        contract::FromProto(static_cast<pb::AuthProtocol>(number)));
    if (std::find(out.auth_protocols.begin(), out.auth_protocols.end(), protocol) !=
        out.auth_protocols.end()) {
      return Refuse("settings.ppp.auth_protocols", "names one protocol twice");
    }
    out.auth_protocols.push_back(protocol);
  }
  SG_ASSIGN_OR_RETURN(out.ipv4, contract::FromProto(in.ipv4()));
  out.mtu = static_cast<std::uint16_t>(in.mtu_octets());
  if (in.mru_octets() != 0) out.mru = static_cast<std::uint16_t>(in.mru_octets());
  out.min_mtu = static_cast<std::uint16_t>(in.min_mtu_octets());
  out.ppp_max_mtu = static_cast<std::uint16_t>(in.ppp_max_mtu_octets());
  out.mtu_configured = in.mtu_configured();
  out.gateway_address = Ipv4Address(in.gateway_address());
  out.echo_interval = std::chrono::seconds(in.echo_interval_seconds());
  out.echo_failure = in.echo_failure();
  out.echo_timeout = std::chrono::seconds(in.echo_timeout_seconds());
  out.restart_timeout = std::chrono::seconds(in.restart_timeout_seconds());
  out.max_configure = in.max_configure();
  out.max_terminate = in.max_terminate();
  out.max_failure = in.max_failure();
  out.server_name = in.server_name();
  SG_RETURN_IF_ERROR(TakeNetworkLayers(in, out));
  return out;
}

}  // namespace sstpgw::contract
