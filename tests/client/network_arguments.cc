#include "tests/client/network_arguments.h"

#include <map>

namespace sstpgw::client {

void NetworkArguments::Describe(CLI::App& app) {
  Deviations& odd = target_.options.deviations;
  app.add_flag("--ipv6", target_.options.ipv6, "ask for IPv6CP (default: Protocol-Reject it)");
  app.add_flag_callback(
      "--no-ipv4", [this] { target_.options.ipv4 = false; },
      "never ask for IPCP, Protocol-Reject it");
  app.add_option("--ipv6-interface-id", interface_id_,
                 "interface identifier to ask for, x:x:x:x (default: a random one)");
  app.add_flag("--ipv6-never-ask", odd.never_ask_ipv6cp, "answer IPv6CP, never ask");
  app.add_flag("--ipv6-late", odd.ask_ipv6cp_late, "ask for IPv6CP upon the command ask-ipv6");
  app.add_flag("--ipv6-reject", odd.reject_ipv6cp_options,
               "Configure-Reject the server's interface identifier");
  app.add_flag("--ipv6-insist", odd.insist_on_interface_id,
               "ignore Configure-Naks of our interface identifier");
  app.add_flag("--ipcp-never-ask", odd.never_ask_ipcp, "answer IPCP, never ask");
  app.add_flag("--ipcp-reject", odd.reject_ipcp_options,
               "Configure-Reject the server's IPCP options");
  DescribeMppe(app);
}

void NetworkArguments::DescribeMppe(CLI::App& app) {
  Deviations& odd = target_.options.deviations;
  app.add_option("--mppe", mppe_,
                 "none (Protocol-Reject CCP), deny (Configure-Reject MPPE), allow, prefer, require")
      ->check(CLI::IsMember({"none", "deny", "allow", "prefer", "require"}))
      ->capture_default_str();
  app.add_option("--mppe-bits", target_.options.mppe_bits, "strength to ask for")
      ->check(CLI::IsMember({40, 56, 128}))
      ->capture_default_str();
  app.add_flag("--mppe-stateful", target_.options.mppe_stateful, "ask for the stateful mode");
  app.add_flag("--ccp-silent", odd.silent_ccp, "never answer CCP, nor reject it");
  app.add_option("--mppe-lose-every", odd.lose_every,
                 "of so many encrypted packets, never send the last one");
  app.add_flag("--mppe-plaintext", odd.plaintext_beside_mppe,
               "send packets in plaintext though MPPE is on");
}

void NetworkArguments::DescribeTun(CLI::App& tun) {
  tun.add_flag("--commands", tun_.commands, "read commands from standard input, one per line");
  tun.add_flag_callback(
      "--no-router-solicitation", [this] { tun_.ipv6.solicit_router = false; },
      "wait for Router Advertisements");
  tun.add_flag_callback(
      "--no-default-route6", [this] { tun_.default_route6 = false; },
      "take no default route from Router Advertisements");
  tun.add_flag_callback(
      "--no-slaac", [this] { tun_.ipv6.autoconfigure = false; },
      "make no addresses from advertised prefixes");
  DescribeDhcpv6(tun);
}

void NetworkArguments::DescribeDhcpv6(CLI::App& tun) {
  Dhcpv6Options& dhcpv6 = tun_.ipv6.dhcpv6;
  tun.add_option("--dhcpv6", dhcpv6_, "what to ask for: na, pd")
      ->delimiter(',')
      ->check(CLI::IsMember({"na", "pd"}));
  tun.add_flag("--dhcpv6-rapid", dhcpv6.rapid_commit, "with Rapid Commit");
  tun.add_option("--dhcpv6-client-id", client_id_, "DUID in hex (default: of the interface id)");
  tun.add_option("--dhcpv6-foreign-address", foreign_address_,
                 "an address to ask for, besides those that are ours");
  tun.add_option("--dhcpv6-foreign-prefix", foreign_prefix_, "likewise a prefix");
  tun.add_flag("--dhcpv6-second-ia", dhcpv6.second_association, "two associations of each kind");
  tun.add_flag("--dhcpv6-wrong-server-id", dhcpv6.wrong_server_id, "name another server");
  tun.add_flag("--dhcpv6-no-client-id", dhcpv6.no_client_id, "messages without client identifier");
}

Result<void> NetworkArguments::FinishDhcpv6() {
  Dhcpv6Options& dhcpv6 = tun_.ipv6.dhcpv6;
  for (const std::string& what : dhcpv6_) (what == "na" ? dhcpv6.address : dhcpv6.prefix) = true;
  dhcpv6.client_id = FromHex(client_id_);
  if (!foreign_address_.empty()) {
    dhcpv6.foreign_address = Ipv6Address::Parse(foreign_address_);
    if (!dhcpv6.foreign_address) {
      return Fail(Error{ErrorCode::kInvalidArgument, "--dhcpv6-foreign-address: no IPv6 address"});
    }
  }
  if (!foreign_prefix_.empty()) {
    dhcpv6.foreign_prefix = Ipv6Prefix::Parse(foreign_prefix_);
    if (!dhcpv6.foreign_prefix) {
      return Fail(Error{ErrorCode::kInvalidArgument, "--dhcpv6-foreign-prefix: no IPv6 prefix"});
    }
  }
  return {};
}

Result<void> NetworkArguments::Finish() {
  static const std::map<std::string, MppeWish> kWishes{{"none", MppeWish::kNone},
                                                       {"deny", MppeWish::kDeny},
                                                       {"allow", MppeWish::kAllow},
                                                       {"prefer", MppeWish::kPrefer},
                                                       {"require", MppeWish::kRequire}};
  target_.options.mppe = kWishes.at(mppe_);
  if (!interface_id_.empty()) {
    SG_ASSIGN_OR_RETURN(target_.options.interface_id, ParseInterfaceId(interface_id_));
  }
  return FinishDhcpv6();
}

}  // namespace sstpgw::client
