#include "controlplane/shaper/rate_table.h"

namespace sstpgw::cp {
namespace {

DirectionLimit Limit(std::uint64_t rate) { return {BitsPerSecond{rate}, BurstOctets{}}; }

RateTable TableOf(const std::vector<std::string>& texts) {
  RateTable table;
  for (const std::string& text : texts) {
    const auto readings = ReadRateText(text, {});
    EXPECT_TRUE(readings) << text;
    for (const RateReading& reading : *readings) table.Add(reading);
  }
  return table;
}

TEST(RateTable, NothingGivenIsNoLimitAndSaysSo) {
  EXPECT_TRUE(RateTable{}.empty());
  EXPECT_EQ(RateTable{}.During(3), RateLimit{});
  EXPECT_FALSE(TableOf({"0/0"}).empty());
  EXPECT_EQ(TableOf({"0/0"}).During(0), RateLimit{});
}

TEST(RateTable, ActiveRangeBeforeRangeZero) {
  const RateTable table = TableOf({"1/2", "5,3/4"});
  EXPECT_EQ(table.During(0), (RateLimit{Limit(1000), Limit(2000)}));
  EXPECT_EQ(table.During(5), (RateLimit{Limit(3000), Limit(4000)}));
  EXPECT_EQ(table.During(6), (RateLimit{Limit(1000), Limit(2000)}));
  // Kept for later, and no limit until then.
  EXPECT_EQ(TableOf({"5,3/4"}).During(0), RateLimit{});
}

TEST(RateTable, DirectionNotGivenForTheActiveRangeIsRangeZeros) {
  const RateTable table = TableOf({"1/2", "rate-limit output access-group 5 7000 0 0"});
  EXPECT_EQ(table.During(5), (RateLimit{Limit(7000), Limit(2000)}));
  EXPECT_EQ(TableOf({"1/2", "5,0/4"}).During(5), (RateLimit{Limit(0), Limit(4000)}));
}

TEST(RateTable, LaterValuesReplaceEarlierOnesButZeroDoesNot) {
  EXPECT_EQ(TableOf({"1/2", "3/4"}).During(0), (RateLimit{Limit(3000), Limit(4000)}));
  EXPECT_EQ(TableOf({"1/2", "0/4"}).During(0), (RateLimit{Limit(1000), Limit(4000)}));
  EXPECT_EQ(TableOf({"0/2", "1/0"}).During(0), (RateLimit{Limit(1000), Limit(2000)}));
  EXPECT_EQ(TableOf({"5,1/2", "3/4"}).During(5), (RateLimit{Limit(1000), Limit(2000)}));
}

TEST(RateTable, SetTakesThePlaceOfItsTimeRangeAlone) {
  RateTable table = TableOf({"1/2", "5,3/4"});
  table.Set(RateReading{0, DirectionLimit{}, std::nullopt});
  EXPECT_EQ(table.During(0), RateLimit{});
  EXPECT_EQ(table.During(5), (RateLimit{Limit(3000), Limit(4000)}));
}

TEST(RateTable, SpeaksForWhatWasGivenAndForAlways) {
  EXPECT_FALSE(RateTable{}.Speaks(0));
  EXPECT_TRUE(TableOf({"0/0"}).Speaks(7));
  EXPECT_TRUE(TableOf({"5,3/4"}).Speaks(5));
  EXPECT_FALSE(TableOf({"5,3/4"}).Speaks(0));
  EXPECT_FALSE(TableOf({"5,3/4"}).Speaks(6));
}

}  // namespace
}  // namespace sstpgw::cp
