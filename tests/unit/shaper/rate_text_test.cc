#include "controlplane/shaper/rate_text.h"

#include <optional>

namespace sstpgw::cp {
namespace {

using enum RateTextErrorCode;

constexpr std::uint64_t kK = 1000;
constexpr std::uint64_t kM = 1'000'000;
constexpr std::uint64_t kG = 1'000'000'000;

DirectionLimit Limit(std::uint64_t rate, std::uint64_t burst = 0) {
  return {BitsPerSecond{rate}, BurstOctets{burst}};
}

std::vector<RateReading> One(std::uint64_t down, std::uint64_t up, std::uint32_t range = 0) {
  return {RateReading{range, Limit(down), Limit(up)}};
}

struct Good {
  const char* text;
  std::vector<RateReading> readings;
};

TEST(RateText, EveryForm) {
  const Good cases[] = {
      {"512", One(512 * kK, 512 * kK)},
      {"10240/5120", One(10240 * kK, 5120 * kK)},
      {"10240\\5120", One(10240 * kK, 5120 * kK)},
      {"10240:5120", One(10240 * kK, 5120 * kK)},
      {"800B", One(800, 800)},
      {"800b/9B", One(800, 9)},
      {"64k/32K", One(64 * kK, 32 * kK)},
      {"5M/10m", One(5 * kM, 10 * kM)},
      {"1G/10g", One(kG, 10 * kG)},
      {"5M/10M 8M/16M 4M/8M 10 8", One(5 * kM, 10 * kM)},
      {"5M\tnonsense", One(5 * kM, 5 * kM)},
      {"  5M", One(5 * kM, 5 * kM)},
      {"5M 1,2", One(5 * kM, 5 * kM)},
      {"2.5M", One(2'500'000, 2'500'000)},
      {"0.25/2.000000001G", One(250, 2'000'000'001)},
      {"1.0000000009K", One(1000, 1000)},
      {"007", One(7 * kK, 7 * kK)},
      {"3,5M/1M", One(5 * kM, kM, 3)},
      {"3,64", One(64 * kK, 64 * kK, 3)},
      {"0,64", One(64 * kK, 64 * kK)},
      {"4294967295,64", One(64 * kK, 64 * kK, 4294967295U)},
      {"0/0", One(0, 0)},
      {"0.0B/0", One(0, 0)},
      {"1000G", One(1000 * kG, 1000 * kG)},
      {"10000000/10000000", One(10 * kG, 10 * kG)},
      // Above 2147483 kbit/s, where 32 bits end.
      {"4294968", One(4'294'968'000, 4'294'968'000)},
  };
  for (const Good& good : cases) {
    const auto readings = ReadRateText(good.text, {});
    ASSERT_TRUE(readings) << good.text << ": " << ToString(readings.error());
    EXPECT_EQ(*readings, good.readings) << good.text;
  }
}

struct Bad {
  const char* text;
  RateTextError error;
};

TEST(RateText, EveryErrorAndItsPlace) {
  const Bad cases[] = {
      {"", {kEmpty, 0}},
      {" \t ", {kEmpty, 3}},
      {"-5", {kNoNumber, 0}},
      {"+5", {kNoNumber, 0}},
      {"M", {kNoNumber, 0}},
      {".5", {kNoNumber, 0}},
      {"unlimited", {kNoNumber, 0}},
      {"/5M", {kNoNumber, 0}},
      {"5M/", {kNoNumber, 3}},
      {"5M/ 5M", {kNoNumber, 3}},
      {"5./1", {kNoNumber, 2}},
      {"3,", {kNoNumber, 2}},
      {"5T", {kUnknownText, 1}},
      {"5MM", {kUnknownText, 2}},
      {"5M/10M/3", {kUnknownText, 6}},
      {"1,2,3", {kUnknownText, 3}},
      {"1.2.3", {kUnknownText, 3}},
      {"2.5,5M", {kBadTimeRange, 0}},
      {",5M", {kBadTimeRange, 0}},
      {"5M/1,0", {kBadTimeRange, 0}},
      {"4294967296,5M", {kBadTimeRange, 0}},
      {"1001G", {kTooLarge, 0}},
      // Times 10^9 these are 290448384 above 2^64.
      {"18446744074G", {kTooLarge, 0}},
      {"5M/1000000.1M", {kTooLarge, 3}},
      {"99999999999999999999999999", {kTooLarge, 0}},
      {"18446744073709551616", {kTooLarge, 0}},
      {"0.9B", {kTooSmall, 0}},
      {"1/0.0000000001", {kTooSmall, 2}},
      {"rate-limit", {kNoNumber, 0}},
      {"rate-limit sideways 1 2 3", {kNoNumber, 0}},
  };
  for (const Bad& bad : cases) {
    const auto readings = ReadRateText(bad.text, {});
    ASSERT_FALSE(readings) << bad.text;
    EXPECT_EQ(readings.error(), bad.error) << bad.text << ": " << ToString(readings.error());
  }
}

TEST(RateText, ErrorsAreSentences) {
  EXPECT_EQ(ToString({kEmpty, 0}), "no rate at position 1");
  EXPECT_EQ(ToString({kNoNumber, 2}), "no number at position 3");
  EXPECT_EQ(ToString({kUnknownText, 1}), "unknown text at position 2");
  EXPECT_EQ(ToString({kBadTimeRange, 0}), "time range is no number of 32 bits at position 1");
  EXPECT_EQ(ToString({kTooLarge, 0}), "number is too large at position 1");
  EXPECT_EQ(ToString({kTooSmall, 0}), "rate is below 1 bit/s at position 1");
}

TEST(RateText, MultiplierCountsForSuffixesTooAndNeverMakesUnlimited) {
  const RateRules thousandth{.multiplier = RateMultiplier{1'000}};
  const RateRules thousand{.multiplier = RateMultiplier{1'000'000'000}};
  EXPECT_EQ(*ReadRateText("8M/4", thousandth), One(8000, 4));
  EXPECT_EQ(*ReadRateText("8M/4", thousand), One(8 * kG, 4 * kM));
  EXPECT_EQ(*ReadRateText("1000000G", thousandth), One(1000 * kG, 1000 * kG));
  EXPECT_EQ(*ReadRateText("10", {.multiplier = RateMultiplier{1'500'000}}), One(15'000, 15'000));
  EXPECT_EQ(ReadRateText("1000001G", thousandth).error(), (RateTextError{kTooLarge, 0}));
  EXPECT_EQ(ReadRateText("1.1G", thousand).error(), (RateTextError{kTooLarge, 0}));
  EXPECT_EQ(ReadRateText("999B", thousandth).error(), (RateTextError{kTooSmall, 0}));
  EXPECT_EQ(*ReadRateText("0", thousandth), One(0, 0));
}

TEST(RateText, AttributeOfOneDirectionSpeaksOfThatOne) {
  const RateRules down{.directions = RateDirections::kDown};
  const RateRules up{.directions = RateDirections::kUp};
  const RateReading only_down{0, Limit(2 * kK), std::nullopt};
  const RateReading only_up{0, std::nullopt, Limit(3 * kK)};
  EXPECT_EQ(*ReadRateText("2/3", down), std::vector{only_down});
  EXPECT_EQ(*ReadRateText("2/3", up), std::vector{only_up});
  EXPECT_EQ(*ReadRateText("2", down), std::vector{only_down});
  EXPECT_EQ(*ReadRateText("3", up), std::vector{only_up});
  EXPECT_EQ(*ReadRateNumber(2, down), std::vector{only_down});
  EXPECT_EQ(*ReadRateNumber(3, up), std::vector{only_up});
  // From the router: rx, the first, is up.
  EXPECT_EQ(*ReadMikrotikRate("3/2", down), std::vector{only_down});
  EXPECT_EQ(*ReadMikrotikRate("3/2", up), std::vector{only_up});
  const char* both = "rate-limit output 2000 0 0 rate-limit input 3000 0 0";
  EXPECT_EQ(*ReadCiscoRate(both, down), std::vector{only_down});
  EXPECT_EQ(*ReadRateText(both, up), std::vector{only_up});
  EXPECT_EQ(*ReadRateText("rate-limit output 2000 0 0", up), std::vector<RateReading>{});
}

TEST(RateText, NumberAttribute) {
  EXPECT_EQ(*ReadRateNumber(5120, {}), One(5120 * kK, 5120 * kK));
  EXPECT_EQ(*ReadRateNumber(0, {}), One(0, 0));
  EXPECT_EQ(*ReadRateNumber(4'294'967'295U, {.multiplier = RateMultiplier{100'000}}),
            One(429'496'729'500, 429'496'729'500));
  EXPECT_EQ(ReadRateNumber(4'294'967'295U, {}).error(), (RateTextError{kTooLarge, 0}));
}

TEST(RateText, Cisco) {
  const RateReading down{0, Limit(2 * kM, 375'000), std::nullopt};
  const RateReading up{7, std::nullopt, Limit(1'000'999, 8000)};
  const Good cases[] = {
      {"lcp:interface-config#1=rate-limit output 2000000 375000 750000 conform-action transmit "
       "exceed-action drop",
       {down}},
      {"rate-limit output 2000000 375000", {down}},
      {"rate-limit input access-group 7 1000999 8000 8000", {up}},
      {"rate-limit  output  2000000  375000 1;rate-limit input access-group 7 1000999 8000 1",
       {down, up}},
      {"rate-limit output 2000000", {RateReading{0, Limit(2 * kM), std::nullopt}}},
      {"rate-limit output 2000000 conform-action", {RateReading{0, Limit(2 * kM), std::nullopt}}},
      {"rate-limit output 0 0 0", {RateReading{0, Limit(0), std::nullopt}}},
  };
  for (const Good& good : cases) {
    for (const auto& readings :
         {ReadCiscoRate(good.text, {}), ReadRateText(good.text, {}),
          // The multiplier is for numbers in kbit/s.
          ReadCiscoRate(good.text, {.multiplier = RateMultiplier{2'000'000}})}) {
      ASSERT_TRUE(readings) << good.text << ": " << ToString(readings.error());
      EXPECT_EQ(*readings, good.readings) << good.text;
    }
  }
  for (const char* other : {"", "ip:addr-pool=pool1", "10240/5120", "rate-limit inputs 1 2 3",
                            "rate-limitoutput", "rate-limit access-group 1 2 3"}) {
    const auto readings = ReadCiscoRate(other, {});
    ASSERT_TRUE(readings) << other;
    EXPECT_TRUE(readings->empty()) << other;
  }
}

TEST(RateText, CiscoErrors) {
  const Bad cases[] = {
      {"rate-limit output", {kNoNumber, 17}},
      {"rate-limit output fast", {kNoNumber, 18}},
      {"rate-limit output 5M 1 1", {kUnknownText, 19}},
      {"rate-limit output 5 1x 1", {kUnknownText, 21}},
      {"rate-limit input access-group", {kNoNumber, 29}},
      {"rate-limit input access-group 1a 5 5 5", {kBadTimeRange, 31}},
      {"rate-limit input access-group 4294967296 5 5 5", {kBadTimeRange, 30}},
      {"rate-limit output 1000000000001 5 5", {kTooLarge, 18}},
      {"rate-limit output 5 1073741825 5", {kTooLarge, 20}},
  };
  for (const Bad& bad : cases) {
    for (const auto& readings : {ReadCiscoRate(bad.text, {}), ReadRateText(bad.text, {})}) {
      ASSERT_FALSE(readings) << bad.text;
      EXPECT_EQ(readings.error(), bad.error) << bad.text << ": " << ToString(readings.error());
    }
  }
}

TEST(RateText, Mikrotik) {
  const auto reading = [](DirectionLimit down, DirectionLimit up) {
    return std::vector{RateReading{0, down, up}};
  };
  EXPECT_EQ(*ReadMikrotikRate("5M/10M", {}), reading(Limit(10 * kM), Limit(5 * kM)));
  EXPECT_EQ(*ReadMikrotikRate("64", {}), reading(Limit(64 * kK), Limit(64 * kK)));
  EXPECT_EQ(*ReadMikrotikRate("64000/32000", {.multiplier = RateMultiplier{1'000}}),
            reading(Limit(32 * kK), Limit(64 * kK)));
  // (16M - 8M) * 6M * 10 s / 16M = 30 Mbit; the other half of that.
  EXPECT_EQ(*ReadMikrotikRate("4M/8M 8M/16M 3M/6M 10 8 1M/1M", {}),
            reading(Limit(8 * kM, 3'750'000), Limit(4 * kM, 1'875'000)));
  EXPECT_EQ(*ReadMikrotikRate("4M/8M 8M/16M 3M/6M 10/5", {}),
            reading(Limit(8 * kM, 1'875'000), Limit(4 * kM, 1'875'000)));
  // Threshold as the rate, one second: (16M - 8M) * 8M * 1 s / 16M = 4 Mbit.
  EXPECT_EQ(*ReadMikrotikRate("8M 16M", {}),
            reading(Limit(8 * kM, 500'000), Limit(8 * kM, 500'000)));
  EXPECT_EQ(*ReadMikrotikRate("8M 16M 4M", {}),
            reading(Limit(8 * kM, 250'000), Limit(8 * kM, 250'000)));
  EXPECT_EQ(*ReadMikrotikRate("8M 16M 4M 0.5", {}),
            reading(Limit(8 * kM, 125'000), Limit(8 * kM, 125'000)));
  // No faster than the rate, or no rate: nothing to add.
  EXPECT_EQ(*ReadMikrotikRate("8M/0 8M/16M", {}), reading(Limit(0), Limit(8 * kM)));
  EXPECT_EQ(*ReadMikrotikRate("8M 0/0 0/0 0/0", {}), reading(Limit(8 * kM), Limit(8 * kM)));
  EXPECT_EQ(*ReadMikrotikRate("1G 100G 100G 999999", {}),
            reading(Limit(kG, std::uint64_t{1} << 30), Limit(kG, std::uint64_t{1} << 30)));
}

TEST(RateText, MikrotikErrors) {
  const Bad cases[] = {
      {"", {kEmpty, 0}},
      {"5M/", {kNoNumber, 3}},
      {"1,5M", {kUnknownText, 1}},
      {"5M 8M/x", {kNoNumber, 6}},
      {"5M 8M 4M/", {kNoNumber, 9}},
      {"5M 8M 4M 10s", {kUnknownText, 11}},
      {"5M 8M 4M 1/2/3", {kUnknownText, 12}},
      {"5M 8M 4M 1/", {kNoNumber, 11}},
      {"5M 2000G", {kTooLarge, 3}},
  };
  for (const Bad& bad : cases) {
    const auto readings = ReadMikrotikRate(bad.text, {});
    ASSERT_FALSE(readings) << bad.text;
    EXPECT_EQ(readings.error(), bad.error) << bad.text << ": " << ToString(readings.error());
  }
}

}  // namespace
}  // namespace sstpgw::cp
