#include "controlplane/radius/session_change.h"

#include "tests/unit/radius/dynamic_fixture.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Attributes = std::vector<std::pair<AttributeKey, Bytes>>;

OrRefusal<SessionChange> Read(const Attributes& attributes, SessionChangeSettings settings = {}) {
  Packet packet;
  for (const auto& [key, value] : attributes) packet.Add(key, value);
  return ReadSessionChange(packet, settings, *BuiltInDictionary());
}

// "401: Framed-Pool cannot be changed", or "taken".
std::string WhyNot(const Attributes& attributes, SessionChangeSettings settings = {}) {
  const auto change = Read(attributes, std::move(settings));
  if (change) return "taken";
  return std::to_string(static_cast<unsigned>(change.error().cause)) + ": " + change.error().why;
}

SessionChangeSettings WithRates(std::vector<AttributeKey> keys) {
  SessionChangeSettings settings;
  settings.rate_limits = std::move(keys);
  return settings;
}

TEST(SessionChange, EverythingThatCanBeChanged) {
  const auto change = Read({{kUserName, TextValue("ann")},
                            {kFilterId, TextValue("5000/2000")},
                            {kSessionTimeout, IntegerValue(0)},
                            {kIdleTimeout, IntegerValue(0xffffffff)},
                            {kAcctInterimInterval, IntegerValue(60)},
                            {kClass, TextValue("a")},
                            {kClass, Hex("00ff")},
                            {kAccelVrfName, TextValue("RED")},
                            {kFilterId, TextValue("1,100/50")}},
                           WithRates({kFilterId}));
  ASSERT_TRUE(change) << change.error().why;
  EXPECT_THAT(change->rate_limits, ElementsAre(RawRateLimit{kFilterId, TextValue("5000/2000")},
                                               RawRateLimit{kFilterId, TextValue("1,100/50")}));
  EXPECT_EQ(change->session_timeout, std::chrono::seconds(0));
  EXPECT_EQ(change->idle_timeout, std::chrono::seconds(0xffffffff));
  EXPECT_EQ(change->interim_interval, std::chrono::seconds(60));
  EXPECT_THAT(change->classes, ElementsAre(TextValue("a"), Hex("00ff")));
  EXPECT_EQ(change->vrf, "RED");
}

TEST(SessionChange, WhatIsNotThereStaysAsItIs) {
  const auto change = Read({{kIdleTimeout, IntegerValue(1)}});
  ASSERT_TRUE(change);
  SessionChange expected;
  expected.idle_timeout = std::chrono::seconds(1);
  EXPECT_EQ(*change, expected);
}

TEST(SessionChange, VrfZeroLeavesTheVrf) {
  EXPECT_EQ(Read({{kAccelVrfName, TextValue("0")}})->vrf, "");
  EXPECT_EQ(Read({{kAccelVrfName, TextValue("00")}})->vrf, "00");
  EXPECT_EQ(Read({{kAccelVrfName, TextValue("abcdefghijklmno")}})->vrf, "abcdefghijklmno");
  for (const char* name : {"", "abcdefghijklmnop", "a b", "a/b", "a:b", ".", "..", "\x01"}) {
    EXPECT_EQ(WhyNot({{kAccelVrfName, TextValue(name)}}),
              "407: Accel-VRF-Name is not the name of a VRF")
        << name;
  }
}

TEST(SessionChange, NothingToChange) {
  EXPECT_EQ(WhyNot({}), "402: it asks for no change");
  // What identifies session or NAS, or describes what is so already, is no change.
  EXPECT_EQ(WhyNot({{kUserName, TextValue("ann")},
                    {kAcctSessionId, TextValue("1")},
                    {kCalledStationId, TextValue("1")},
                    {kNasIdentifier, TextValue("gw")},
                    {kNasIpAddress, IntegerValue(1)},
                    {kNasPortType, IntegerValue(5)},
                    {kServiceType, IntegerValue(2)},
                    {kFramedProtocol, IntegerValue(1)},
                    {kReplyMessage, TextValue("hello")},
                    {kProxyState, TextValue("p")},
                    {kEventTimestamp, IntegerValue(1)},
                    {kMessageAuthenticator, Bytes(16)}}),
            "402: it asks for no change");
}

TEST(SessionChange, WhatCannotBeChanged) {
  for (const AttributeKey key :
       {kFramedPool, kFramedRoute, kFramedIpNetmask, kFramedMtu, kFilterId, kState,
        kTerminationAction, kDelegatedIpv6Prefix, kStatefulIpv6AddressPool, kMsMppeEncryptionPolicy,
        kMsPrimaryDnsServer, kCiscoAvPair, kVendorSpecific, AttributeKey{0, 89}}) {
    EXPECT_THAT(WhyNot({{kIdleTimeout, IntegerValue(1)}, {key, IntegerValue(1)}}),
                ::testing::StartsWith("401: "))
        << key.vendor << ":" << key.type;
  }
  EXPECT_EQ(WhyNot({{kFramedPool, TextValue("P")}}), "401: Framed-Pool cannot be changed");
  EXPECT_EQ(WhyNot({{AttributeKey{0, 254}, TextValue("P")}}),
            "401: attribute 254 cannot be changed");
  EXPECT_EQ(WhyNot({{AttributeKey{4711, 1}, TextValue("P")}}),
            "401: attribute 1 of vendor 4711 cannot be changed");
}

TEST(SessionChange, WhatNobodyAppliesYetIsRefusedLikeIt) {
  SessionChangeSettings settings = WithRates({kFilterId});
  settings.not_applied = {kAccelVrfName, kFilterId};
  EXPECT_EQ(WhyNot({{kAccelVrfName, TextValue("RED")}}, settings),
            "401: Accel-VRF-Name cannot be changed");
  EXPECT_EQ(WhyNot({{kFilterId, TextValue("1")}}, settings), "401: Filter-Id cannot be changed");
}

TEST(SessionChange, ShapesThatAreWrong) {
  for (const AttributeKey key : {kSessionTimeout, kIdleTimeout, kAcctInterimInterval}) {
    for (const std::size_t size : {0, 3, 5}) {
      EXPECT_THAT(WhyNot({{key, Bytes(size)}}),
                  AllOf(::testing::StartsWith("404: "), ::testing::EndsWith("4 octets long")));
    }
    EXPECT_THAT(WhyNot({{key, IntegerValue(1)}, {key, IntegerValue(1)}}),
                AllOf(::testing::StartsWith("404: "), ::testing::EndsWith("is there twice")));
  }
  EXPECT_EQ(WhyNot({{kAccelVrfName, TextValue("A")}, {kAccelVrfName, TextValue("A")}}),
            "404: Accel-VRF-Name is there twice");
  EXPECT_EQ(WhyNot({{kClass, {}}}), "404: Class is empty");
}

// ---- Rate limits --------------------------------------------------------------------------------

TEST(SessionChange, OnlyTheConfiguredAttributeIsARateLimit) {
  const auto settings = WithRates({kMikrotikRateLimit});
  EXPECT_EQ(Read({{kMikrotikRateLimit, TextValue("2M/8M")}}, settings)->rate_limits.size(), 1U);
  EXPECT_EQ(WhyNot({{kFilterId, TextValue("1")}}, settings), "401: Filter-Id cannot be changed");
  EXPECT_EQ(WhyNot({{AttributeKey{0, 8}, TextValue("2M")}}, settings),
            "402: it asks for no change");
}

TEST(SessionChange, TheJudgeOfRateLimitsDecides) {
  SessionChangeSettings settings = WithRates({kCiscoAvPair});
  settings.judge = [](const RawRateLimit& limit) {
    EXPECT_EQ(limit.key, kCiscoAvPair);
    const std::string_view text = ReadText(limit.value);
    if (text == "ip:addr-pool=P") return RateVerdict::kOther;
    return text == "good" ? RateVerdict::kTaken : RateVerdict::kWrong;
  };
  EXPECT_EQ(WhyNot({{kCiscoAvPair, TextValue("good")}}, settings), "taken");
  EXPECT_EQ(WhyNot({{kCiscoAvPair, TextValue("bad")}}, settings),
            "407: Cisco-AVPair is not a rate limit");
  EXPECT_EQ(WhyNot({{kCiscoAvPair, TextValue("good")}, {kCiscoAvPair, TextValue("bad")}}, settings),
            "407: Cisco-AVPair is not a rate limit");
  EXPECT_EQ(WhyNot({{kCiscoAvPair, TextValue("ip:addr-pool=P")}}, settings),
            "401: Cisco-AVPair does not speak of a rate limit");
  EXPECT_EQ(WhyNot({{kCiscoAvPair, {}}}, settings), "407: Cisco-AVPair is not a rate limit");
}

TEST(SessionChange, WithoutAJudgeAllThatIsNotEmptyIsTaken) {
  EXPECT_EQ(WhyNot({{kFilterId, TextValue("?")}}, WithRates({kFilterId})), "taken");
  EXPECT_EQ(WhyNot({{kFilterId, {}}}, WithRates({kFilterId})),
            "407: Filter-Id is not a rate limit");
}

}  // namespace
}  // namespace sstpgw::cp::radius
