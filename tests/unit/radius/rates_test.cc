#include "controlplane/radius/rates.h"

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/settings_of.h"
#include "tests/unit/radius/dynamic_fixture.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

RadiusConfig ConfigWith(AttributeKey key, std::uint32_t multiplier_millionths = 1'000'000) {
  RadiusConfig config;
  config.dictionary = BuiltInDictionary();
  config.rate_limit = RadiusRateLimit{{key.vendor, key.type}, multiplier_millionths};
  return config;
}

// As an Access-Accept with these attributes gives them.
RatesOfAccept Accepted(const RadiusConfig& config, const std::vector<Attribute>& attributes) {
  const auto session = ReadSessionAttributes(attributes, SessionAttributeSettingsOf(config));
  return ReadRates(session.rate_limits, *RateSchemeOf(config));
}

Attribute Text(AttributeKey key, std::string_view text) {
  return {key.vendor, key.type, TextValue(text)};
}

std::pair<std::uint64_t, std::uint64_t> Kilobits(const RateTable& table, std::uint32_t range = 0) {
  const RateLimit limit = table.During(range);
  return {limit.down.rate.value() / 1000, limit.up.rate.value() / 1000};
}
using Rates = std::pair<std::uint64_t, std::uint64_t>;

TEST(RateScheme, NoneWithoutConfiguration) {
  EXPECT_EQ(RateSchemeOf(RadiusConfig{}), std::nullopt);
}

TEST(RateScheme, TheDictionaryKnowsTheType) {
  EXPECT_EQ(RateSchemeOf(ConfigWith(kFilterId))->type, ValueType::kString);
  EXPECT_EQ(RateSchemeOf(ConfigWith(kSessionTimeout))->type, ValueType::kInteger);
  EXPECT_EQ(RateSchemeOf(ConfigWith({4242, 7}))->type, ValueType::kOctets);
  EXPECT_EQ(RateSchemeOf(ConfigWith(kFilterId, 1500))->rules.multiplier, RateMultiplier(1500));
}

TEST(Rates, FilterId) {
  const auto rates = Accepted(ConfigWith(kFilterId), {Text(kFilterId, "5000/2000 more")});
  EXPECT_EQ(Kilobits(rates.table), Rates(5000, 2000));
  EXPECT_THAT(rates.warnings, IsEmpty());
}

TEST(Rates, FilterIdAsCiscoWritesIt) {
  const auto rates = Accepted(ConfigWith(kFilterId, 2'000'000),
                              {Text(kFilterId, "rate-limit output 2000000 375000"),
                               Text(kFilterId, "rate-limit input access-group 3 512000 96000")});
  EXPECT_EQ(Kilobits(rates.table), Rates(2000, 0));
  EXPECT_EQ(Kilobits(rates.table, 3), Rates(2000, 512));
}

TEST(Rates, Multiplied) {
  EXPECT_EQ(Kilobits(Accepted(ConfigWith(kFilterId, 500'000), {Text(kFilterId, "8M/4000")}).table),
            Rates(4000, 2000));
}

TEST(Rates, CiscoAvPairsThatSpeakOfSomethingElseAreNoMistake) {
  const auto rates =
      Accepted(ConfigWith(kCiscoAvPair),
               {Text(kCiscoAvPair, "ip:addr-pool=pool7"),
                Text(kCiscoAvPair,
                     "lcp:interface-config#1=rate-limit output 2000000 375000 750000 "
                     "conform-action transmit exceed-action drop"),
                Text(kFilterId, "1/1")});
  EXPECT_EQ(Kilobits(rates.table), Rates(2000, 0));
  EXPECT_EQ(rates.table.During(0).down.burst, BurstOctets(375000));
  EXPECT_THAT(rates.warnings, IsEmpty());
}

TEST(Rates, MikrotikIsSeenFromTheRouter) {
  const auto rates = Accepted(ConfigWith(kMikrotikRateLimit), {Text(kMikrotikRateLimit, "2M/8M")});
  EXPECT_EQ(Kilobits(rates.table), Rates(8000, 2000));
}

TEST(Rates, Numbers) {
  // A standard attribute that is a number, and one of a vendor that no dictionary has.
  for (const AttributeKey key : {kSessionTimeout, AttributeKey{4242, 7}}) {
    const auto rates =
        Accepted(ConfigWith(key, 2'000'000), {{key.vendor, key.type, IntegerValue(1500)}});
    EXPECT_EQ(Kilobits(rates.table), Rates(3000, 3000));
  }
  const auto text = Accepted(ConfigWith({4242, 7}), {Text({4242, 7}, "10/20")});
  EXPECT_EQ(Kilobits(text.table), Rates(10, 20));
}

TEST(Rates, ANumberBeyondAllRatesIsNone) {
  RateScheme scheme{kFilterId, ValueType::kInteger64, {}};
  const auto rates = ReadRates(
      {{kFilterId, std::uint64_t{1} << 32}, {kFilterId, std::uint64_t{4294967295}}}, scheme);
  EXPECT_TRUE(rates.table.empty());
  ASSERT_THAT(rates.warnings, SizeIs(2));
  EXPECT_EQ(rates.warnings[0].what, "the rate limit 4294967296 is too large, it limits nothing");
}

TEST(Rates, WhatCannotBeReadIsNamedAndLimitsNothing) {
  const auto rates =
      Accepted(ConfigWith(kFilterId), {Text(kFilterId, "acl-12\n"), Text(kFilterId, "64/32")});
  EXPECT_EQ(Kilobits(rates.table), Rates(64, 32));
  ASSERT_THAT(rates.warnings, SizeIs(1));
  EXPECT_EQ(rates.warnings[0].key, kFilterId);
  EXPECT_EQ(rates.warnings[0].what,
            "the rate limit 'acl-12\\x0a' cannot be read (no number at position 1), it limits "
            "nothing");
}

TEST(Rates, LaterOnesCountMorePerTimeRange) {
  const auto rates =
      Accepted(ConfigWith(kFilterId),
               {Text(kFilterId, "100/100"), Text(kFilterId, "7,5/5"), Text(kFilterId, "200/0")});
  EXPECT_EQ(Kilobits(rates.table), Rates(200, 100));
  EXPECT_EQ(Kilobits(rates.table, 7), Rates(5, 5));
}

// ---- CoA

TEST(ChangedRates, InTheirOrder) {
  const RateScheme scheme = *RateSchemeOf(ConfigWith(kFilterId));
  const auto rates = ReadChangedRates(
      {{kFilterId, TextValue("2048/1024")}, {kFilterId, TextValue("2,1/1")}}, scheme);
  ASSERT_TRUE(rates);
  ASSERT_THAT(*rates, SizeIs(2));
  EXPECT_EQ(rates->at(0).down->rate, BitsPerSecond(2'048'000));
  EXPECT_EQ(rates->at(0).up->rate, BitsPerSecond(1'024'000));
  EXPECT_EQ(rates->at(1).time_range, 2U);
  const auto none = ReadChangedRates({{kFilterId, TextValue("0/0")}}, scheme);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->at(0).down->rate, BitsPerSecond(0));
}

TEST(ChangedRates, OneThatCannotBeReadRefusesAll) {
  const RateScheme scheme = *RateSchemeOf(ConfigWith(kFilterId));
  const auto rates =
      ReadChangedRates({{kFilterId, TextValue("1/1")}, {kFilterId, TextValue("1/x")}}, scheme);
  ASSERT_FALSE(rates);
  EXPECT_THAT(rates.error().message, HasSubstr("the rate limit '1/x' cannot be read"));
  EXPECT_FALSE(ReadChangedRates({{kUserName, TextValue("1/1")}}, scheme));
}

TEST(ChangedRates, TheJudge) {
  const RateJudge filter = RateJudgeOf(*RateSchemeOf(ConfigWith(kFilterId)));
  EXPECT_EQ(filter({kFilterId, TextValue("1M/2M")}), RateVerdict::kTaken);
  EXPECT_EQ(filter({kFilterId, TextValue("fast")}), RateVerdict::kWrong);
  EXPECT_EQ(filter({kFilterId, {}}), RateVerdict::kWrong);
  const RateJudge cisco = RateJudgeOf(*RateSchemeOf(ConfigWith(kCiscoAvPair)));
  EXPECT_EQ(cisco({kCiscoAvPair, TextValue("rate-limit input 64000")}), RateVerdict::kTaken);
  EXPECT_EQ(cisco({kCiscoAvPair, TextValue("ip:addr-pool=a")}), RateVerdict::kOther);
  EXPECT_EQ(cisco({kCiscoAvPair, TextValue("rate-limit input x")}), RateVerdict::kWrong);
  const RateJudge number = RateJudgeOf(*RateSchemeOf(ConfigWith(kSessionTimeout)));
  EXPECT_EQ(number({kSessionTimeout, IntegerValue(5)}), RateVerdict::kTaken);
  EXPECT_EQ(number({kSessionTimeout, Bytes(3)}), RateVerdict::kWrong);
}

}  // namespace
}  // namespace sstpgw::cp::radius
