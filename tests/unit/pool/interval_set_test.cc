#include "controlplane/pool/interval_set.h"

#include <random>
#include <set>

namespace sstpgw::cp {
namespace {

TEST(IntervalSet, NeighboursMergeAndErasingSplits) {
  IntervalSet set;
  EXPECT_TRUE(set.Insert(5));
  EXPECT_TRUE(set.Insert(7));
  EXPECT_EQ(set.interval_count(), 2U);
  EXPECT_TRUE(set.Insert(6));
  EXPECT_EQ(set.interval_count(), 1U);
  EXPECT_FALSE(set.Insert(6));
  EXPECT_TRUE(set.Erase(6));
  EXPECT_FALSE(set.Erase(6));
  EXPECT_EQ(set.interval_count(), 2U);
  EXPECT_EQ(set.NextFree(5), 6U);
  EXPECT_EQ(set.NextFree(7), 8U);
}

TEST(IntervalSet, EndsOfTheNumberRangeDoNotWrap) {
  IntervalSet set;
  EXPECT_TRUE(set.Insert(0xffffffffU));
  EXPECT_TRUE(set.Insert(0));
  EXPECT_EQ(set.interval_count(), 2U);
  EXPECT_EQ(set.NextFree(0xffffffffU), std::uint64_t{1} << 32);
  EXPECT_EQ(set.NextFree(0), 1U);
  set.InsertRange(0, 0xffffffffU);
  EXPECT_EQ(set.interval_count(), 1U);
  EXPECT_EQ(set.CountWithin(0, 0xffffffffU), std::uint64_t{1} << 32);
  EXPECT_TRUE(set.Erase(0xffffffffU));
  EXPECT_EQ(set.NextFree(3), 0xffffffffU);
}

// The same random operations on a plain set of numbers give the same answers.
TEST(IntervalSet, AgreesWithASetOfNumbers) {
  std::mt19937 random(7);
  IntervalSet set;
  std::set<std::uint32_t> plain;
  for (int i = 0; i < 20000; ++i) {
    const auto value = static_cast<std::uint32_t>(random() % 300);
    switch (random() % 4) {
      case 0:
      case 1:
        ASSERT_EQ(set.Insert(value), plain.insert(value).second);
        break;
      case 2:
        ASSERT_EQ(set.Erase(value), plain.erase(value) == 1);
        break;
      default: {
        const auto last = value + static_cast<std::uint32_t>(random() % 3);
        set.InsertRange(value, last);
        for (std::uint32_t v = value; v <= last; ++v) plain.insert(v);
      }
    }
    ASSERT_EQ(set.Contains(value), plain.count(value) == 1);
    std::uint64_t next = value;
    while (plain.count(static_cast<std::uint32_t>(next)) == 1) ++next;
    ASSERT_EQ(set.NextFree(value), next);
    ASSERT_EQ(set.CountWithin(value, value + 50),
              static_cast<std::uint64_t>(
                  std::distance(plain.lower_bound(value), plain.upper_bound(value + 50))));
  }
}

}  // namespace
}  // namespace sstpgw::cp
