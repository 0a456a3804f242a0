#include "controlplane/radius/dynamic_settings.h"

#include "tests/unit/radius/dynamic_fixture.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RadiusConfig Config() {
  RadiusConfig config;
  config.nas_identifier = "gw";
  config.nas_ip_address = Ipv4Address(7);
  config.dictionary = BuiltInDictionary();
  DynamicAuthorConfig& author = config.dynamic_author.emplace();
  author.key = Secret(std::string_view("coasecret"));
  author.allowed_from = {*IpPrefix::Parse("192.0.2.0/28")};
  return config;
}

TEST(DynamicSettings, Defaults) {
  const auto settings = DynamicSettingsOf(Config(), {});
  EXPECT_EQ(settings.secret.RevealText(), "coasecret");
  EXPECT_THAT(settings.allowed_from, ElementsAre(*IpPrefix::Parse("192.0.2.0/28")));
  EXPECT_EQ(settings.nas_identifier, "gw");
  EXPECT_EQ(settings.nas_ip_address, Ipv4Address(7));
  EXPECT_EQ(settings.dictionary, BuiltInDictionary());
  EXPECT_FALSE(settings.require_message_authenticator);
  EXPECT_FALSE(settings.require_event_timestamp);
  EXPECT_FALSE(settings.require_nas_identification);
  EXPECT_EQ(settings.event_window, std::chrono::seconds(300));
  EXPECT_THAT(settings.change.rate_limits, IsEmpty());
  EXPECT_FALSE(settings.change.judge);
}

TEST(DynamicSettings, WhatIsConfigured) {
  RadiusConfig config = Config();
  config.rate_limit = RadiusRateLimit{{14988, 8}, 1'000'000};
  config.dynamic_author->require_message_authenticator = true;
  config.dynamic_author->event_timestamp_window = std::chrono::seconds(5);
  auto settings =
      DynamicSettingsOf(config, [](const RawRateLimit&) { return RateVerdict::kWrong; });
  EXPECT_TRUE(settings.require_message_authenticator);
  EXPECT_FALSE(settings.require_event_timestamp);
  EXPECT_EQ(settings.event_window, std::chrono::seconds(5));
  EXPECT_THAT(settings.change.rate_limits, ElementsAre(kMikrotikRateLimit));
  ASSERT_TRUE(settings.change.judge);
  EXPECT_EQ(settings.change.judge({}), RateVerdict::kWrong);
  config.dynamic_author->require_event_timestamp = true;
  config.dynamic_author->require_nas_identification = true;
  settings = DynamicSettingsOf(config, {});
  EXPECT_TRUE(settings.require_event_timestamp);
  EXPECT_TRUE(settings.require_nas_identification);
}

TEST(DynamicSettings, WithoutDynamicAuthorNobodyIsAllowed) {
  RadiusConfig config = Config();
  config.dynamic_author.reset();
  EXPECT_THAT(DynamicSettingsOf(config, {}).allowed_from, IsEmpty());
}

}  // namespace
}  // namespace sstpgw::cp::radius
