#include "controlplane/shaper/operator_rate.h"

namespace sstpgw::cp {
namespace {

TEST(OperatorRate, DownAndUpWithOrWithoutTimeRange) {
  const auto pair = ReadOperatorRate("10M/512");
  ASSERT_TRUE(pair) << pair.error();
  EXPECT_EQ(*pair, (RateReading{0, DirectionLimit{BitsPerSecond{10'000'000}, {}},
                                DirectionLimit{BitsPerSecond{512'000}, {}}}));
  const auto ranged = ReadOperatorRate("3,2.5G/0");
  ASSERT_TRUE(ranged) << ranged.error();
  EXPECT_EQ(*ranged,
            (RateReading{3, DirectionLimit{BitsPerSecond{2'500'000'000}, {}}, DirectionLimit{}}));
}

struct Bad {
  const char* text;
  const char* reason;
};

TEST(OperatorRate, WhatIsWrongIsTold) {
  const Bad kBad[] = {
      {"", "no rate at position 1"},
      {"10M", "one rate only, there must be two"},
      {"1,10M", "one rate only, there must be two"},
      {"10M/", "no number at position 5"},
      {"10M/2X", "unknown text at position 6"},
      {"10M/2M 5M", "blank at position 7"},
      {" 10M/2M", "blank at position 1"},
      {"x,1/1", "time range is no number of 32 bits at position 1"},
      {"2000G/1", "number is too large at position 1"},
  };
  for (const Bad& bad : kBad) {
    const auto reading = ReadOperatorRate(bad.text);
    ASSERT_FALSE(reading) << bad.text;
    EXPECT_EQ(reading.error(), bad.reason) << bad.text;
  }
}

TEST(OperatorRate, ShownInKilobitsWithTheDecimalsItTakes) {
  EXPECT_EQ(ToKilobits(BitsPerSecond{0}), "0");
  EXPECT_EQ(ToKilobits(BitsPerSecond{1}), "0.001");
  EXPECT_EQ(ToKilobits(BitsPerSecond{10}), "0.01");
  EXPECT_EQ(ToKilobits(BitsPerSecond{999}), "0.999");
  EXPECT_EQ(ToKilobits(BitsPerSecond{1000}), "1");
  EXPECT_EQ(ToKilobits(BitsPerSecond{10'100}), "10.1");
  EXPECT_EQ(ToKilobits(BitsPerSecond{1'000'000'000'000}), "1000000000");
  EXPECT_EQ(ToKilobits(RateLimit{}), "");
  EXPECT_EQ(ToKilobits(RateLimit{{BitsPerSecond{10'240'000}, {}}, {BitsPerSecond{512}, {}}}),
            "10240/0.512");
  EXPECT_EQ(ToKilobits(RateLimit{{}, {BitsPerSecond{5'000'000}, {}}}), "0/5000");
}

}  // namespace
}  // namespace sstpgw::cp
