// What a policy means for the link (features 4.1, 4.5), checklist D5 to D7.
#include "gateway/fsm/link_plan_of.h"

#include <gtest/gtest.h>

namespace sstpgw::fsm {
namespace {

constexpr InterfaceId kOne{0, 0, 0, 0, 0, 0, 0, 1};
constexpr InterfaceId kTwo{0, 0, 0, 0, 0, 0, 0, 2};

Ipv4Address Address4(const char* text) { return Ipv4Address::Parse(text).value(); }
Ipv6Address Address(const char* text) { return Ipv6Address::Parse(text).value(); }
Ipv6Prefix Prefix(const char* text) { return Ipv6Prefix::Parse(text).value(); }

class LinkPlanOfTest : public testing::Test {
 protected:
  LinkPlanOfTest() {
    policy_.address = Address4("10.0.0.5");
    policy_.gateway_address = Address4("10.0.0.1");
    facts_.ipv4_open = facts_.ipv6_open = true;
    facts_.ids = {.ours = kOne, .peers = kTwo};
  }
  LinkPlan Plan() { return MakeLinkPlan(policy_, ParseFramedRoutes(policy_.network), facts_); }
  SourceFilter Sources() {
    return MakeSourceFilter(policy_, ParseFramedRoutes(policy_.network), facts_);
  }

  SessionPolicy policy_;
  NetworkPolicy& network_ = policy_.network;
  LinkFacts facts_;
};

TEST_F(LinkPlanOfTest, Ipv4Alone) {
  facts_.ipv6_open = false;
  network_.interface_name = "vpn%d";
  network_.vrf = "red";
  network_.routes = {"10.1.0.0/16", "10.2.0.0/16 10.0.0.5 9"};
  network_.ipv6_routes = {"2001:db8::/48"};
  network_.framed_ipv6_prefixes = {Prefix("2001:db8:1:2::/64")};
  network_.delegated_ipv6_prefixes = {Prefix("2001:db8:ff00::/56")};
  const LinkPlan plan = Plan();
  EXPECT_EQ(plan.name, "vpn%d");
  EXPECT_EQ(plan.vrf, "red");
  EXPECT_EQ(plan.ipv4, (Ipv4Link{Address4("10.0.0.1"), Address4("10.0.0.5")}));
  EXPECT_FALSE(plan.ipv6.has_value());
  ASSERT_EQ(plan.routes.size(), 2U);
  EXPECT_EQ(plan.routes[1].metric, 9U);
  EXPECT_TRUE(plan.ipv6_routes.empty());
  EXPECT_TRUE(Sources().ipv6.empty());
  ASSERT_EQ(Sources().ipv4.size(), 3U);
  EXPECT_EQ(Sources().ipv4[0],
            (Ipv4Route{.destination = Address4("10.0.0.5"), .length = 32, .gateway = {}}));
  EXPECT_EQ(Sources().ipv4[2],
            (Ipv4Route{.destination = Address4("10.2.0.0"), .length = 16, .gateway = {}}));
}

TEST_F(LinkPlanOfTest, Ipv6Alone) {
  facts_.ipv4_open = false;
  network_.routes = {"10.1.0.0/16"};
  const LinkPlan plan = Plan();
  EXPECT_FALSE(plan.ipv4.has_value());
  EXPECT_TRUE(plan.routes.empty());
  EXPECT_TRUE(Sources().ipv4.empty());
  // Link-local only.
  EXPECT_EQ(plan.ipv6, (Ipv6Link{.local_id = kOne, .peer_id = kTwo, .addresses = {}}));
  EXPECT_TRUE(Sources().ipv6.empty());
}

TEST_F(LinkPlanOfTest, D5APrefixIsOnTheLinkWhole) {
  network_.framed_ipv6_prefixes = {Prefix("2001:db8:1:2::/64"), Prefix("2001:db8:9::/96")};
  EXPECT_EQ(Plan().ipv6->addresses,
            (std::vector<Ipv6LinkAddress>{
                {.local = Address("2001:db8:1:2::1"), .length = 64, .peer = std::nullopt},
                {.local = Address("2001:db8:9::1"), .length = 96, .peer = std::nullopt}}));
  EXPECT_EQ(Sources().ipv6, network_.framed_ipv6_prefixes);
}

TEST_F(LinkPlanOfTest, D6OneAddressIsAPair) {
  network_.framed_ipv6_prefixes = {Prefix("2001:db8::77/128")};
  EXPECT_EQ(
      Plan().ipv6->addresses,
      (std::vector<Ipv6LinkAddress>{
          {.local = Address("2001:db8::1"), .length = 128, .peer = Address("2001:db8::77")}}));
  EXPECT_EQ(Sources().ipv6, network_.framed_ipv6_prefixes);
}

TEST_F(LinkPlanOfTest, FramedAddressesArePairsUnlessAPrefixHasThem) {
  network_.framed_ipv6_prefixes = {Prefix("2001:db8:1:2::/64")};
  network_.framed_ipv6_addresses = {Address("2001:db8:1:2::99"), Address("2001:db8:9::9")};
  const std::vector<Ipv6LinkAddress> addresses = Plan().ipv6->addresses;
  ASSERT_EQ(addresses.size(), 2U);
  EXPECT_EQ(addresses[1], (Ipv6LinkAddress{.local = Address("2001:db8:9::1"),
                                           .length = 128,
                                           .peer = Address("2001:db8:9::9")}));
  EXPECT_EQ(Sources().ipv6.size(), 3U);
  EXPECT_EQ(Sources().ipv6[2], Prefix("2001:db8:9::9/128"));
}

TEST_F(LinkPlanOfTest, D7DelegatedPrefixesAreRoutedOnceTaken) {
  network_.delegated_ipv6_prefixes = {Prefix("2001:db8:ff00::/56")};
  EXPECT_TRUE(Plan().ipv6_routes.empty());
  EXPECT_TRUE(Sources().ipv6.empty());
  facts_.delegated = true;
  EXPECT_EQ(Plan().ipv6_routes,
            (std::vector<Ipv6Route>{
                {.destination = Prefix("2001:db8:ff00::/56"), .gateway = Address("fe80::2")}}));
  EXPECT_EQ(Sources().ipv6, network_.delegated_ipv6_prefixes);
  facts_.route_via_gateway = false;
  EXPECT_EQ(Plan().ipv6_routes[0].gateway, Ipv6Address());
}

TEST_F(LinkPlanOfTest, FramedIpv6RoutesAndTheirSources) {
  network_.ipv6_routes = {"2001:db8:a::/48", "2001:db8:b::/48 fe80::2 7"};
  EXPECT_EQ(
      Plan().ipv6_routes,
      (std::vector<Ipv6Route>{
          {.destination = Prefix("2001:db8:a::/48"), .gateway = {}},
          {.destination = Prefix("2001:db8:b::/48"), .gateway = Address("fe80::2"), .metric = 7}}));
  EXPECT_EQ(Sources().ipv6, (std::vector{Prefix("2001:db8:a::/48"), Prefix("2001:db8:b::/48")}));
}

TEST_F(LinkPlanOfTest, NoRouteTwice) {
  network_.ipv6_routes = {"2001:db8:ff00::/56", "2001:db8:ff00::/56 fe80::9"};
  network_.delegated_ipv6_prefixes = {Prefix("2001:db8:ff00::/56")};
  network_.routes = {"10.1.0.0/16", "10.1.0.0/16 10.0.0.5", "10.1.0.0/16 0.0.0.0 5"};
  facts_.delegated = true;
  EXPECT_EQ(Plan().ipv6_routes.size(), 1U);
  EXPECT_EQ(Plan().routes.size(), 2U);
  EXPECT_EQ(Sources().ipv4.size(), 2U);
  EXPECT_EQ(Sources().ipv6.size(), 1U);
}

TEST_F(LinkPlanOfTest, MalformedRoutesAreTold) {
  network_.routes = {"10.1.0.0/16", "nonsense\n"};
  network_.ipv6_routes = {"2001:db8::"};
  const FramedRoutes routes = ParseFramedRoutes(network_);
  EXPECT_EQ(routes.ipv4.size(), 1U);
  EXPECT_TRUE(routes.ipv6.empty());
  EXPECT_EQ(routes.warnings,
            (std::vector<std::string>{"Framed-Route 'nonsense\\x0a' is malformed, not applied",
                                      "Framed-IPv6-Route '2001:db8::' is malformed, not applied"}));
}

TEST_F(LinkPlanOfTest, WhatIsAnnouncedAndLeased) {
  EXPECT_FALSE(HasIpv6(network_));
  network_.delegated_ipv6_prefixes = {Prefix("2001:db8:ff00::/56")};
  network_.ipv6_dns = {Address("2001:db8::53")};
  EXPECT_TRUE(HasIpv6(network_));
  EXPECT_EQ(MakeAdvertisedLink(network_, facts_.ids, 1400),
            (AdvertisedLink{.our_id = kOne,
                            .prefixes = {},
                            .dns = {Address("2001:db8::53")},
                            .dhcpv6 = true,
                            .mtu = 1400}));
  network_.framed_ipv6_prefixes = {Prefix("2001:db8:1:2::/64")};
  EXPECT_EQ(MakeLeasedLink(network_, facts_.ids),
            (LeasedLink{.our_id = kOne,
                        .prefixes = {Prefix("2001:db8:1:2::/64")},
                        .addresses = {Address("2001:db8:1:2::2")},
                        .delegated = {Prefix("2001:db8:ff00::/56")},
                        .dns = {Address("2001:db8::53")}}));
}

}  // namespace
}  // namespace sstpgw::fsm
