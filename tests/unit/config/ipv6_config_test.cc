// IPv6 and MPPE in the configuration (features 3.5, 3.8, 4; checklist D5..D17, G1).
#include <chrono>

#include "tests/unit/config/config_fixture.h"

namespace sstpgw::cp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::string kPoolPath = "sstp.client-ipv6-pool";

std::string WithPool(const std::string& pool, const std::string& more = {}) {
  return Minimal(
      "  ppp-options: { ipv6: allow }\n  default-ipv6-pool: POOL\n  client-ipv6-pool:\n"
      "    POOL: " +
      pool + "\n" + more);
}

std::vector<std::string> Errors(const std::string& yaml) { return Brief(Load(yaml).errors); }
std::vector<std::string> Warnings(const std::string& yaml) {
  const LoadResult result = Load(yaml);
  EXPECT_TRUE(result.config) << Render("f", result.errors);
  return Brief(result.warnings);
}

Ipv6Prefix Prefix(const char* text) { return Ipv6Prefix::Parse(text).value(); }

// T8: two of each kind under one name.
TEST(Ipv6Config, PoolsHoldSeveralOfEachKind) {
  const LoadResult result = Load(WithPool(R"(
      prefix:
        - { address: "2001:db8::/56", mask: 64 }
        - { address: "2001:db8:0:100::/56" }
      delegate:
        - { address: "2001:db8:0:200::/56", delegation-prefix: 64 }
        - { address: "2001:db8:8000::/33", delegation-prefix: 48 })"));
  ASSERT_TRUE(result.config) << Render("f", result.errors);
  EXPECT_THAT(Brief(result.warnings), IsEmpty());
  EXPECT_EQ(result.config->default_ipv6_pool, "POOL");
  const Ipv6PoolConfig& pool = result.config->ipv6_pools.at("POOL");
  EXPECT_EQ(pool.name, "POOL");
  EXPECT_THAT(pool.prefixes, ElementsAre(PrefixRange{Prefix("2001:db8::/56"), 64},
                                         PrefixRange{Prefix("2001:db8:0:100::/56"), 64}));
  EXPECT_THAT(pool.delegates, ElementsAre(PrefixRange{Prefix("2001:db8:0:200::/56"), 64},
                                          PrefixRange{Prefix("2001:db8:8000::/33"), 48}));
}

TEST(Ipv6Config, D6MasksFrom48To128AreTaken) {
  const auto pool = [](const std::string& mask) {
    return WithPool("{ prefix: [ { address: \"2001:db8::/48\", mask: " + mask + " } ] }");
  };
  for (const char* good : {"48", "64", "127", "128"}) EXPECT_THAT(Errors(pool(good)), IsEmpty());
  for (const char* bad : {"47", "129"}) {
    EXPECT_THAT(Errors(pool(bad)),
                ElementsAre(StartsWith(kPoolPath +
                                       ".POOL.prefix[0].mask: must be a whole number 48..128")));
  }
}

TEST(Ipv6Config, D8DelegationPrefixIsNeededAndFrom32To64) {
  const auto pool = [](const std::string& rest) {
    return WithPool(
        "{ prefix: [ { address: \"2001:db8::/64\" } ], delegate: [ { address: "
        "\"fd00::/16\"" +
        rest + " } ] }");
  };
  for (const char* good : {"32", "64"}) {
    EXPECT_THAT(Errors(pool(std::string(", delegation-prefix: ") + good)), IsEmpty());
  }
  const std::string path = kPoolPath + ".POOL.delegate[0].delegation-prefix: ";
  for (const char* bad : {"31", "65"}) {
    EXPECT_THAT(Errors(pool(std::string(", delegation-prefix: ") + bad)),
                ElementsAre(StartsWith(path + "must be a whole number 32..64")));
  }
  EXPECT_THAT(Errors(pool("")), ElementsAre(path + "is missing"));
}

TEST(Ipv6Config, NetworksMustBeLargerThanTheirPartsAndUnicast) {
  EXPECT_THAT(Errors(WithPool("{ prefix: [ { address: \"2001:db8::/72\" } ] }")),
              ElementsAre(kPoolPath + ".POOL.prefix[0].mask: is less than the 72 bits of the "
                                      "network"));
  EXPECT_THAT(
      Errors(WithPool("{ delegate: [ { address: \"2001:db8::/60\", delegation-prefix: 56 } ] }")),
      ElementsAre(kPoolPath + ".POOL.delegate[0].delegation-prefix: is less than the 60 bits of "
                              "the network"));
  EXPECT_THAT(Errors(WithPool("{ prefix: [ { address: \"2001:db8::1/48\" } ] }")),
              ElementsAre(kPoolPath + ".POOL.prefix[0].address: has bits behind its length"));
  for (const char* odd : {"ff00::/16", "fe80::/64", "::/8"}) {
    EXPECT_THAT(Errors(WithPool("{ prefix: [ { address: \"" + std::string(odd) + "\" } ] }")),
                ElementsAre(kPoolPath + ".POOL.prefix[0].address: holds addresses that no host "
                                        "can have"))
        << odd;
  }
  EXPECT_THAT(Errors(WithPool("{}")),
              ElementsAre(kPoolPath + ".POOL: has neither prefix nor delegate"));
}

TEST(Ipv6Config, D9AnUnknownDefaultPoolIsRefused) {
  EXPECT_THAT(Errors(Minimal("  default-ipv6-pool: POOL\n")),
              ElementsAre("sstp.default-ipv6-pool: there is no such pool in client-ipv6-pool"));
}

// D10: the page's example. Names differ in one letter's case, so there are two pools.
TEST(Ipv6Config, D10ADelegateWithoutPrefixIsOnlyWarnedOf) {
  const LoadResult result = Load(Minimal(R"(  ppp-options: { ipv6: allow }
  default-ipv6-pool: IPv6-POOL
  client-ipv6-pool:
    IPv6-POOL: { delegate: [ { address: "2001:db8:8003::/48", delegation-prefix: 56 } ] }
    IPV6-POOL: { prefix: [ { address: "2001:db8:8002::/48", mask: 64 } ] }
)"));
  ASSERT_TRUE(result.config) << Render("f", result.errors);
  EXPECT_THAT(Brief(result.warnings),
              ElementsAre(StartsWith(kPoolPath + ".IPv6-POOL: has delegate but no prefix")));
  EXPECT_EQ(result.config->ipv6_pools.size(), 2U);
  EXPECT_THAT(result.config->ipv6_pools.at("IPv6-POOL").prefixes, IsEmpty());
  EXPECT_THAT(result.config->ipv6_pools.at("IPV6-POOL").delegates, IsEmpty());
}

TEST(Ipv6Config, WarnsOfPoolsThatNobodyUses) {
  const std::string pool =
      "  client-ipv6-pool: { P: { prefix: [ { address: \"2001:db8::/48\" } ] } }\n";
  EXPECT_THAT(Warnings(Minimal("  ppp-options: { ipv6: allow }\n" + pool)),
              ElementsAre(HasSubstr("default-ipv6-pool: is missing, so nobody gets")));
  EXPECT_THAT(Warnings(Minimal("  default-ipv6-pool: P\n" + pool)),
              ElementsAre(HasSubstr("default-ipv6-pool: has no effect because ppp-options.ipv6")));
  EXPECT_THAT(Warnings(Minimal("  ppp-options: { ipv6: allow }\n")),
              ElementsAre(HasSubstr("default-ipv6-pool: is missing, so clients have no IPv6")));
  EXPECT_THAT(Warnings(Minimal("  ppp-options: { ipv6: require }\n")),
              ElementsAre(HasSubstr("every login is ended")));
  EXPECT_THAT(Warnings(Minimal()), IsEmpty());
}

TEST(Ipv6Config, OverlapsAreWarnedOf) {
  EXPECT_THAT(
      Warnings(WithPool(R"(
      prefix: [ { address: "2001:db8:1::/48" } ]
      delegate: [ { address: "2001:db8::/32", delegation-prefix: 56 },
                  { address: "2001:db9::/32", delegation-prefix: 56 } ])")),
      ElementsAre(kPoolPath + ".POOL.prefix[0]: overlaps " + kPoolPath + ".POOL.delegate[0]"));
}

TEST(Ipv6Config, APoolOfIpv6IsEnoughForLocalUsers) {
  const std::string yaml =
      "sstp:\n" + kSsl + kUsers +
      "  ppp-options: { ipv4: deny, ipv6: require }\n"
      "  default-ipv6-pool: P\n"
      "  client-ipv6-pool: { P: { prefix: [ { address: \"2001:db8::/48\" } ] } }\n";
  EXPECT_THAT(Warnings(yaml), IsEmpty());
}

TEST(Ipv6Config, NameServersOfBothFamilies) {
  const LoadResult result =
      Load(Minimal("  name-server: [192.0.2.1, \"2001:db8::1\", 192.0.2.2, \"2001:db8::2\", "
                   "\"2001:db8::3\"]\n"));
  ASSERT_TRUE(result.config) << Render("f", result.errors);
  EXPECT_EQ(result.config->dns.size(), 2U);
  EXPECT_THAT(result.config->ipv6_dns,
              ElementsAre(*Ipv6Address::Parse("2001:db8::1"), *Ipv6Address::Parse("2001:db8::2"),
                          *Ipv6Address::Parse("2001:db8::3")));
}

PppSettings Ppp(const std::string& more) {
  const LoadResult result = Load(Minimal(more));
  EXPECT_TRUE(result.config) << Render("f", result.errors);
  return result.config ? result.config->gateway.ppp : PppSettings();
}

TEST(Ipv6Config, InterfaceIdentifiersAreHexadecimal) {
  using Kind = InterfaceIdChoice::Kind;
  const PppSettings usual = Ppp("");
  EXPECT_EQ(usual.interface_id, (InterfaceIdChoice{Kind::kFixed, {0, 0, 0, 0, 0, 0, 0, 1}}));
  EXPECT_EQ(usual.peer_interface_id, (InterfaceIdChoice{Kind::kFixed, {0, 0, 0, 0, 0, 0, 0, 2}}));
  EXPECT_FALSE(usual.accept_peer_interface_id);
  const PppSettings fixed =
      Ppp("  ppp-options: { ipv6-interface-id: \"a:b:c:d\", ipv6-peer-interface-id: "
          "\"FFFF:10:0:1234\", ipv6-accept-peer-interface-id: true }\n");
  EXPECT_EQ(fixed.interface_id, (InterfaceIdChoice{Kind::kFixed, {0, 10, 0, 11, 0, 12, 0, 13}}));
  EXPECT_EQ(fixed.peer_interface_id,
            (InterfaceIdChoice{Kind::kFixed, {0xff, 0xff, 0, 0x10, 0, 0, 0x12, 0x34}}));
  EXPECT_TRUE(fixed.accept_peer_interface_id);
  const auto peer = [](const std::string& word) {
    return Ppp("  ppp-options: { ipv6-peer-interface-id: " + word + " }\n").peer_interface_id.kind;
  };
  EXPECT_EQ(peer("random"), Kind::kRandom);
  EXPECT_EQ(peer("ipv4-addr"), Kind::kIpv4Address);
  EXPECT_EQ(peer("calling-sid"), Kind::kCallingStation);
  EXPECT_EQ(Ppp("  ppp-options: { ipv6-interface-id: random }\n").interface_id.kind, Kind::kRandom);
}

TEST(Ipv6Config, InterfaceIdentifiersAreNeitherZeroNorTheOtherSides) {
  const std::string options = "sstp.ppp-options.";
  EXPECT_THAT(Errors(Minimal("  ppp-options: { ipv6-interface-id: \"0:0:0:0\" }\n")),
              ElementsAre(options + "ipv6-interface-id: may not be zero"));
  EXPECT_THAT(Errors(Minimal("  ppp-options: { ipv6-peer-interface-id: \"0:0:0:1\" }\n")),
              ElementsAre(StartsWith(options + "ipv6-peer-interface-id: is that of the other")));
  EXPECT_THAT(Errors(Minimal("  ppp-options: { ipv6-interface-id: \"0:0:0:2\" }\n")),
              ElementsAre(StartsWith(options + "ipv6-interface-id: is that of the other")));
  EXPECT_THAT(Errors(Minimal("  ppp-options: { ipv6-interface-id: ipv4-addr }\n")),
              ElementsAre(StartsWith(options + "ipv6-interface-id: must be")));
}

TEST(Ipv6Config, AdvertisementsAndDhcp) {
  const PppSettings usual = Ppp("");
  EXPECT_EQ(usual.router_advertisement, RouterAdvertisementSettings());
  EXPECT_EQ(usual.dhcpv6, Dhcpv6Settings());
  EXPECT_EQ(Ppp("  ipv6-nd: { max-rtr-adv-interval: 1800 }\n")
                .router_advertisement.rdnss_lifetime_seconds,
            5400U)
      << "three times the longest interval, if that is written";
  const PppSettings other = Ppp(R"(  ipv6-nd:
    max-rtr-adv-interval: 30
    max-initial-rtr-adv-count: 2
    managed-flag: false
    link-mtu: 1300
    cur-hop-limit: 32
    valid-lifetime: 7200
    rdnss-lifetime: 60
    dnssl: [example.com, example.org]
  ipv6-dhcp:
    server-id: "1:2:3:4"
    valid-lifetime: 4294967295
    preferred-lifetime: 4294967295
    route-via-gw: false
    domain-search: [example.net]
    aftr-name: aftr.example.net
)");
  const RouterAdvertisementSettings& nd = other.router_advertisement;
  EXPECT_EQ(nd.max_interval, std::chrono::seconds(30));
  EXPECT_EQ(nd.min_interval, std::chrono::seconds(9)) << "a third of the longest, unless written";
  EXPECT_EQ(nd.default_lifetime, std::chrono::seconds(90)) << "three times the longest";
  EXPECT_EQ(nd.initial_count, 2U);
  EXPECT_FALSE(nd.managed);
  EXPECT_TRUE(nd.other_config);
  EXPECT_EQ(nd.link_mtu, 1300);
  EXPECT_EQ(nd.cur_hop_limit, 32);
  EXPECT_EQ(nd.valid_lifetime_seconds, 7200U);
  EXPECT_EQ(nd.preferred_lifetime_seconds, 7200U) << "never more than valid";
  EXPECT_EQ(nd.rdnss_lifetime_seconds, 60U);
  EXPECT_THAT(nd.dnssl, ElementsAre("example.com", "example.org"));
  EXPECT_EQ(other.dhcpv6.server_id, (InterfaceId{0, 1, 0, 2, 0, 3, 0, 4}));
  EXPECT_EQ(other.dhcpv6.valid_lifetime_seconds, 0xffffffffU);
  EXPECT_EQ(other.dhcpv6.preferred_lifetime_seconds, 0xffffffffU);
  EXPECT_FALSE(other.dhcpv6.route_via_gateway);
  EXPECT_THAT(other.dhcpv6.domain_search, ElementsAre("example.net"));
  EXPECT_EQ(other.dhcpv6.aftr_name, "aftr.example.net");
}

TEST(Ipv6Config, WhatAdvertisementsCannotSayIsWarnedOf) {
  const std::string node = "sstp.ipv6-nd.";
  EXPECT_THAT(Warnings(Minimal("  ipv6-nd: { max-rtr-adv-interval: 100, min-rtr-adv-interval: 76 "
                               "}\n")),
              ElementsAre(StartsWith(node + "min-rtr-adv-interval: is more than three quarters")));
  EXPECT_THAT(Warnings(Minimal("  ipv6-nd: { default-lifetime: 599 }\n")),
              ElementsAre(StartsWith(node + "default-lifetime: is less than")));
  EXPECT_THAT(Warnings(Minimal("  ipv6-nd: { default-lifetime: 0 }\n")), IsEmpty());
  EXPECT_THAT(Warnings(Minimal("  ipv6-nd: { link-mtu: 1279 }\n")),
              ElementsAre(StartsWith(node + "link-mtu: is less than IPv6 needs")));
  EXPECT_THAT(Warnings(Minimal("  ipv6-dhcp: { valid-lifetime: 10, preferred-lifetime: 11 }\n")),
              ElementsAre(StartsWith("sstp.ipv6-dhcp.preferred-lifetime: is more than valid")));
}

TEST(Ipv6Config, PreferenceOfIpv6) {
  EXPECT_EQ(Ppp("").ipv6, NcpPreference::kDeny);
  EXPECT_EQ(Ppp("  ppp-options: { ipv6: prefer }\n").ipv6, NcpPreference::kPrefer);
  EXPECT_EQ(Ppp("  ppp-options: { ipv6: require }\n").ipv6, NcpPreference::kRequire);
  EXPECT_EQ(Ppp("  ppp-options: { ipv6: allow }\n").ipv6, NcpPreference::kAllow);
  EXPECT_THAT(Warnings(Minimal("  ppp-options: { ipv4: deny }\n")),
              ElementsAre(HasSubstr("ppp-options.ipv4: leaves clients without any")));
}

TEST(MppeConfig, EveryWord) {
  EXPECT_EQ(Ppp("").mppe, MppePreference::kPrefer);
  EXPECT_FALSE(Ppp("").disable_ccp);
  EXPECT_EQ(Ppp("  ppp-options: { mppe: allow }\n").mppe, MppePreference::kAllow);
  EXPECT_EQ(Ppp("  ppp-options: { mppe: deny }\n").mppe, MppePreference::kDeny);
  EXPECT_EQ(Ppp("  ppp-options: { mppe: require }\n").mppe, MppePreference::kRequire);
  EXPECT_TRUE(Ppp("  ppp-options: { disable-ccp: true }\n").disable_ccp);
}

TEST(MppeConfig, RequireWithMethodsThatMakeNoKeysIsWarnedOf) {
  const std::string yaml = "sstp:\n" + kSsl + kPool +
                           "  authentication:\n"
                           "    protocols: [mschap-v2, mschap]\n"
                           "    local-users: { u: { password: p } }\n"
                           "  ppp-options: { mppe: require }\n";
  EXPECT_THAT(Warnings(yaml), IsEmpty());
  EXPECT_THAT(Warnings(Minimal("  ppp-options: { mppe: require }\n")),
              ElementsAre(StartsWith("sstp.ppp-options.mppe: ends sessions that log in with pap")));
}

}  // namespace
}  // namespace sstpgw::cp
