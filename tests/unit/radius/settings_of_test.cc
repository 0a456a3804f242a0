#include "controlplane/radius/settings_of.h"

#include "controlplane/radius/attribute_numbers.h"
#include "tests/unit/radius/dynamic_fixture.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

RadiusServerConfig Server(const char* address, std::string_view key) {
  RadiusServerConfig server;
  server.address = *ParseIpAddress(address);
  server.key = Secret(key);
  server.max_fail = 3;
  return server;
}

TEST(ClientSettingsOf, ServersInTheirOrderWithTheirSecrets) {
  RadiusConfig config;
  config.servers.push_back(Server("192.0.2.1", "one,with,commas"));
  config.servers.push_back(Server("2001:db8::1", "two"));
  RadiusServerConfig& second = config.servers.back();
  second.port = 11812;
  second.acct_port = 0;
  second.disabled = true;
  second.fail_time = std::chrono::seconds(30);
  second.priority = 7;
  second.backup = true;
  second.require_message_authenticator = MessageAuthenticatorDemand::kNever;
  second.status_server = true;
  second.req_limit = 5;
  second.max_fail = 8;
  const ClientSettings settings = ClientSettingsOf(config);
  ASSERT_THAT(settings.servers, SizeIs(2));
  const ServerSettings& first = settings.servers[0];
  EXPECT_EQ(ToString(first.address), "192.0.2.1");
  EXPECT_EQ(first.secret.RevealText(), "one,with,commas");
  EXPECT_EQ(first.auth_port, 1812);
  EXPECT_EQ(first.acct_port, 1813);
  EXPECT_TRUE(first.accounting);
  EXPECT_FALSE(first.disabled);
  EXPECT_FALSE(first.backup);
  EXPECT_EQ(first.priority, std::nullopt);
  EXPECT_EQ(first.max_fail, 3U);
  EXPECT_EQ(first.message_authenticator, MessageAuthenticatorPolicy::kYes);
  const ServerSettings& other = settings.servers[1];
  EXPECT_EQ(ToString(other.address), "2001:db8::1");
  EXPECT_EQ(other.secret.RevealText(), "two");
  EXPECT_EQ(other.auth_port, 11812);
  EXPECT_FALSE(other.accounting);
  EXPECT_TRUE(other.disabled);
  EXPECT_TRUE(other.backup);
  EXPECT_EQ(other.fail_time, std::chrono::seconds(30));
  EXPECT_EQ(other.priority, 7);
  EXPECT_EQ(other.request_limit, 5U);
  EXPECT_EQ(other.max_fail, 8U);
  EXPECT_EQ(other.message_authenticator, MessageAuthenticatorPolicy::kNo);
  EXPECT_FALSE(first.status_server);
  EXPECT_TRUE(other.status_server);
  second.require_message_authenticator = MessageAuthenticatorDemand::kOnceSeen;
  EXPECT_EQ(ClientSettingsOf(config).servers[1].message_authenticator,
            MessageAuthenticatorPolicy::kAuto);
  EXPECT_EQ(config.servers[0].key.RevealText(), "one,with,commas") << "copied, not taken";
}

TEST(ClientSettingsOf, HowServersAreAsked) {
  RadiusConfig config;
  config.timeout = std::chrono::seconds(7);
  config.max_try = 5;
  config.source_address = Ipv4Address(1);
  config.source_ipv6_address = Ipv6Address::Parse("2001:db8::2");
  config.dictionary = BuiltInDictionary();
  config.nas_identifier = "gw1";
  const ClientSettings settings = ClientSettingsOf(config);
  EXPECT_EQ(settings.timeout, std::chrono::seconds(7));
  EXPECT_EQ(settings.max_try, 5U);
  EXPECT_EQ(settings.source_v4, Ipv4Address(1));
  EXPECT_EQ(settings.source_v6, Ipv6Address::Parse("2001:db8::2"));
  EXPECT_EQ(settings.dictionary, BuiltInDictionary());
  ASSERT_THAT(settings.identity, SizeIs(1));
  EXPECT_EQ(settings.identity[0].key(), kNasIdentifier);
}

TEST(NasIdentityOf, WhatIsConfigured) {
  RadiusConfig config;
  EXPECT_EQ(NasIdentityOf(config).identifier, "");
  EXPECT_EQ(NasIdentityOf(config).ipv4_address, std::nullopt);
  EXPECT_EQ(NasIdentityOf(config).tunnel_type, std::nullopt);
  config.nas_identifier = "gw1";
  config.nas_ip_address = Ipv4Address(9);
  config.source_address = Ipv4Address(1);
  config.tunnel_type = RadiusAttribute{4242, 3};
  const NasIdentity nas = NasIdentityOf(config);
  EXPECT_EQ(nas.identifier, "gw1");
  EXPECT_EQ(nas.ipv4_address, Ipv4Address(9));
  EXPECT_EQ(nas.ipv6_address, std::nullopt);
  EXPECT_EQ(nas.tunnel_type, (AttributeKey{4242, 3}));
}

TEST(SessionAttributeSettingsOf, WhatIsConfigured) {
  RadiusConfig config;
  config.dictionary = BuiltInDictionary();
  EXPECT_THAT(SessionAttributeSettingsOf(config).rate_limits, IsEmpty());
  EXPECT_EQ(SessionAttributeSettingsOf(config).route_host_bits, HostBits::kClear);
  EXPECT_FALSE(SessionAttributeSettingsOf(config).cisco_pool);
  config.rate_limit = RadiusRateLimit{{kMikrotikRateLimit.vendor, kMikrotikRateLimit.type}};
  config.framed_route_strict = true;
  config.cisco_pool = true;
  const SessionAttributeSettings settings = SessionAttributeSettingsOf(config);
  ASSERT_THAT(settings.rate_limits, SizeIs(1));
  EXPECT_EQ(settings.rate_limits[0].key, kMikrotikRateLimit);
  EXPECT_EQ(settings.rate_limits[0].type, ValueType::kString);
  EXPECT_EQ(settings.route_host_bits, HostBits::kRefuse);
  EXPECT_TRUE(settings.cisco_pool);
}

TEST(UserNameRulesOf, WhatIsConfigured) {
  RadiusConfig config;
  EXPECT_FALSE(UserNameRulesOf(config).strip_realm);
  config.strip_realm = true;
  config.default_realm = "isp";
  EXPECT_TRUE(UserNameRulesOf(config).strip_realm);
  EXPECT_EQ(UserNameRulesOf(config).default_realm, "isp");
}

}  // namespace
}  // namespace sstpgw::cp::radius
