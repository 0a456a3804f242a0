#include "controlplane/shaper/time_range.h"

namespace sstpgw::cp {
namespace {

using namespace std::chrono_literals;

TimeRange Read(std::string_view text) {
  const auto range = ReadTimeRange(text);
  EXPECT_TRUE(range) << text << ": " << range.error();
  return range.value_or(TimeRange{});
}

TEST(TimeRange, ReadsIdAndTimes) {
  EXPECT_EQ(Read("1,08:00-18:30"), (TimeRange{1, 8h, 18h + 30min}));
  EXPECT_EQ(Read("4294967295,23:59-00:00"), (TimeRange{4294967295, 23h + 59min, 0h}));
}

TEST(TimeRange, RefusesEverythingElse) {
  for (const char* text : {"",
                           ",",
                           "1",
                           "1,",
                           "08:00-09:00",
                           "0,08:00-09:00",
                           "-1,08:00-09:00",
                           "4294967296,08:00-09:00",
                           "a,08:00-09:00",
                           "1 ,08:00-09:00",
                           "1,8:00-09:00",
                           "1,08:00-9:00",
                           "1,24:00-09:00",
                           "1,08:60-09:00",
                           "1,08:00",
                           "1,08:00-09:00 ",
                           "1,08:00-09:00-10:00",
                           "1,08.00-09:00",
                           "1,08:00-08:00",
                           "1,0a:00-09:00",
                           "1-08:00,09:00"}) {
    const auto range = ReadTimeRange(text);
    ASSERT_FALSE(range) << text;
    EXPECT_FALSE(range.error().empty());
  }
}

std::uint32_t ActiveAt(const std::vector<TimeRange>& ranges, TimeOfDay now) {
  return ActiveTimeRange(ranges, now);
}

TEST(ActiveTimeRange, NoneIsZero) {
  EXPECT_EQ(ActiveAt({}, 12h), 0U);
  EXPECT_EQ(ActiveAt({Read("1,08:00-18:00")}, 7h), 0U);
}

TEST(ActiveTimeRange, ExactAtBeginAndEnd) {
  const std::vector<TimeRange> ranges{Read("5,08:00-18:00")};
  EXPECT_EQ(ActiveAt(ranges, 8h - 1ms), 0U);
  EXPECT_EQ(ActiveAt(ranges, 8h), 5U);
  EXPECT_EQ(ActiveAt(ranges, 18h - 1ms), 5U);
  EXPECT_EQ(ActiveAt(ranges, 18h), 0U);
}

TEST(ActiveTimeRange, MidnightInside) {
  const std::vector<TimeRange> ranges{Read("2,22:00-06:00")};
  EXPECT_EQ(ActiveAt(ranges, 22h - 1ms), 0U);
  EXPECT_EQ(ActiveAt(ranges, 22h), 2U);
  EXPECT_EQ(ActiveAt(ranges, 24h - 1ms), 2U);
  EXPECT_EQ(ActiveAt(ranges, 0h), 2U);
  EXPECT_EQ(ActiveAt(ranges, 6h - 1ms), 2U);
  EXPECT_EQ(ActiveAt(ranges, 6h), 0U);
  EXPECT_EQ(ActiveAt({Read("3,18:00-00:00")}, 24h - 1ms), 3U);
  EXPECT_EQ(ActiveAt({Read("3,18:00-00:00")}, 0h), 0U);
}

TEST(ActiveTimeRange, AnotherOneBeginsInTheMinuteOfTheEnd) {
  for (const auto& ranges : {std::vector{Read("1,08:00-18:00"), Read("2,18:00-20:00")},
                             std::vector{Read("2,18:00-20:00"), Read("1,08:00-18:00")}}) {
    EXPECT_EQ(ActiveAt(ranges, 18h - 1ms), 1U);
    EXPECT_EQ(ActiveAt(ranges, 18h), 2U);
    EXPECT_EQ(ActiveAt(ranges, 20h), 0U);
  }
}

TEST(ActiveTimeRange, TheOneThatBeganLastIsOnTop) {
  const std::vector<TimeRange> ranges{Read("2,12:00-13:00"), Read("1,20:00-18:00"),
                                      Read("3,23:00-01:00")};
  EXPECT_EQ(ActiveAt(ranges, 11h), 1U);
  EXPECT_EQ(ActiveAt(ranges, 12h), 2U);
  EXPECT_EQ(ActiveAt(ranges, 13h), 1U);
  EXPECT_EQ(ActiveAt(ranges, 23h), 3U);
  EXPECT_EQ(ActiveAt(ranges, 30min), 3U);
  EXPECT_EQ(ActiveAt(ranges, 1h), 1U);
  EXPECT_EQ(ActiveAt(ranges, 19h), 0U);
  EXPECT_EQ(ActiveAt({Read("1,08:00-09:00"), Read("2,08:00-10:00")}, 8h), 2U);
}

TEST(ActiveTimeRange, SameIdTwiceADay) {
  const std::vector<TimeRange> ranges{Read("1,08:00-12:00"), Read("1,14:00-18:00")};
  EXPECT_EQ(ActiveAt(ranges, 9h), 1U);
  EXPECT_EQ(ActiveAt(ranges, 13h), 0U);
  EXPECT_EQ(ActiveAt(ranges, 14h), 1U);
}

TEST(ToNextMinute, IsNeverZero) {
  EXPECT_EQ(ToNextMinute(0h), 1min);
  EXPECT_EQ(ToNextMinute(8h + 1ms), 1min - 1ms);
  EXPECT_EQ(ToNextMinute(8h + 59s + 999ms), 1ms);
}

}  // namespace
}  // namespace sstpgw::cp
