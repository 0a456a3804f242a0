#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/contract/refusal.h"

namespace sstpgw::contract {
namespace {

using ::testing::HasSubstr;

PppSettings Full() {
  PppSettings ppp;
  ppp.auth_protocols = {AuthProtocol::kMsChapV2, AuthProtocol::kMsChapV1, AuthProtocol::kChapMd5,
                        AuthProtocol::kPap, AuthProtocol::kEap};
  ppp.ipv6 = NcpPreference::kPrefer;
  ppp.disable_ccp = true;
  ppp.mppe = MppePreference::kRequire;
  ppp.interface_id = {InterfaceIdChoice::Kind::kFixed, {0, 10, 0, 11, 0, 12, 0, 13}};
  ppp.peer_interface_id = {InterfaceIdChoice::Kind::kCallingStation, {}};
  ppp.accept_peer_interface_id = true;
  RouterAdvertisementSettings& nd = ppp.router_advertisement;
  nd.max_interval = std::chrono::seconds(60);
  nd.min_interval = std::chrono::seconds(20);
  nd.initial_count = 2;
  nd.initial_interval = std::chrono::seconds(1);
  nd.managed = false;
  nd.other_config = false;
  nd.link_mtu = 1400;
  nd.reachable_time_ms = 5;
  nd.retrans_timer_ms = 6;
  nd.cur_hop_limit = 32;
  nd.default_lifetime = std::chrono::seconds(100);
  nd.valid_lifetime_seconds = UINT32_MAX;
  nd.preferred_lifetime_seconds = 8;
  nd.on_link = false;
  nd.autonomous = false;
  nd.rdnss_lifetime_seconds = 9;
  nd.dnssl = {"example.com", "example.org"};
  ppp.dhcpv6.server_id = {1, 2, 3, 4, 5, 6, 7, 8};
  ppp.dhcpv6.valid_lifetime_seconds = 200;
  ppp.dhcpv6.preferred_lifetime_seconds = 100;
  ppp.dhcpv6.route_via_gateway = false;
  ppp.dhcpv6.domain_search = {"example.net"};
  ppp.dhcpv6.aftr_name = "aftr.example.net";
  return ppp;
}

TEST(Ppp, NetworkLayersRoundTrip) {
  for (const PppSettings& in : {Full(), [] {
                                  PppSettings defaults;
                                  defaults.auth_protocols = {AuthProtocol::kPap};
                                  return defaults;
                                }()}) {
    const auto out = FromProto(ToProto(in));
    ASSERT_TRUE(out.has_value()) << out.error().message;
    EXPECT_EQ(out->auth_protocols, in.auth_protocols);
    EXPECT_EQ(out->ipv6, in.ipv6);
    EXPECT_EQ(out->disable_ccp, in.disable_ccp);
    EXPECT_EQ(out->mppe, in.mppe);
    EXPECT_EQ(out->interface_id, in.interface_id);
    EXPECT_EQ(out->peer_interface_id, in.peer_interface_id);
    EXPECT_EQ(out->accept_peer_interface_id, in.accept_peer_interface_id);
    EXPECT_EQ(out->router_advertisement, in.router_advertisement);
    EXPECT_EQ(out->dhcpv6, in.dhcpv6);
  }
}

TEST(Ppp, EveryPreferenceAndChoiceRoundTrips) {
  for (const MppePreference mppe : {MppePreference::kDeny, MppePreference::kAllow,
                                    MppePreference::kPrefer, MppePreference::kRequire}) {
    EXPECT_EQ(FromProto(ToProto(mppe)).value(), mppe);
  }
  EXPECT_FALSE(FromProto(pb::MPPE_PREFERENCE_UNSPECIFIED));
  for (const auto kind :
       {InterfaceIdChoice::Kind::kFixed, InterfaceIdChoice::Kind::kRandom,
        InterfaceIdChoice::Kind::kIpv4Address, InterfaceIdChoice::Kind::kCallingStation}) {
    EXPECT_EQ(FromProto(ToProto(kind)).value(), kind);
  }
  EXPECT_FALSE(FromProto(pb::InterfaceIdChoice::KIND_UNSPECIFIED));
}

TEST(Ppp, RefusesWhatNoGatewayCouldDo) {
  struct Case {
    const char* field;
    std::function<void(pb::PppSettings&)> spoil;
  };
  const Case cases[] = {
      {"settings.ppp.router_advertisement", [](auto& m) { m.clear_router_advertisement(); }},
      {"settings.ppp.dhcpv6", [](auto& m) { m.clear_dhcpv6(); }},
      {"settings.ppp.interface_id", [](auto& m) { m.mutable_interface_id()->set_fixed(0); }},
      {"max_interval_seconds",
       [](auto& m) { m.mutable_router_advertisement()->set_max_interval_seconds(3); }},
      {"min_interval_seconds",
       [](auto& m) { m.mutable_router_advertisement()->set_min_interval_seconds(61); }},
      {"initial_count", [](auto& m) { m.mutable_router_advertisement()->set_initial_count(101); }},
      {"initial_interval_seconds",
       [](auto& m) { m.mutable_router_advertisement()->set_initial_interval_seconds(0); }},
      {"link_mtu_octets",
       [](auto& m) { m.mutable_router_advertisement()->set_link_mtu_octets(65536); }},
      {"cur_hop_limit", [](auto& m) { m.mutable_router_advertisement()->set_cur_hop_limit(256); }},
      {"default_lifetime_seconds",
       [](auto& m) { m.mutable_router_advertisement()->set_default_lifetime_seconds(9001); }},
      {"dnssl", [](auto& m) { m.mutable_router_advertisement()->add_dnssl(""); }},
      {"preferred_lifetime_seconds",
       [](auto& m) { m.mutable_dhcpv6()->set_preferred_lifetime_seconds(201); }},
      {"domain_search",
       [](auto& m) { m.mutable_dhcpv6()->add_domain_search(std::string(254, 'a')); }},
      {"aftr_name", [](auto& m) { m.mutable_dhcpv6()->set_aftr_name(std::string(254, 'a')); }},
  };
  for (const Case& c : cases) {
    pb::PppSettings message = ToProto(Full());
    c.spoil(message);
    const auto out = FromProto(message);
    ASSERT_FALSE(out.has_value()) << c.field;
    EXPECT_THAT(out.error().message, HasSubstr(c.field));
  }
}

}  // namespace
}  // namespace sstpgw::contract
