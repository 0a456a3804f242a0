#include "gateway/interface_names.h"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <random>

namespace sstpgw::gateway {
namespace {

using Lease = InterfaceNames::Lease;

TEST(InterfaceNames, GivesTheLowestFreeNumber) {
  InterfaceNames names;
  Lease first = names.Take("sstp%d");
  Lease second = names.Take("sstp%d");
  const Lease third = names.Take("sstp%d");
  EXPECT_EQ(first.Name(), "sstp0");
  EXPECT_EQ(second.Name(), "sstp1");
  EXPECT_EQ(third.Name(), "sstp2");
  EXPECT_EQ(names.Lowest("sstp%d"), 3U);
  second.Release();
  EXPECT_EQ(names.Lowest("sstp%d"), 1U);
  first = Lease();
  EXPECT_EQ(names.Take("sstp%d").number(), 0U);
  EXPECT_EQ(names.Lowest("sstp%d"), 0U) << "the last one went at once";
}

TEST(InterfaceNames, EachTemplateCountsForItself) {
  InterfaceNames names;
  const Lease a = names.Take("sstp%d");
  const Lease b = names.Take("vpn%d-x");
  EXPECT_EQ(a.number(), 0U);
  EXPECT_EQ(b.Name(), "vpn0-x");
  EXPECT_EQ(names.Lowest("other%d"), 0U);
}

TEST(InterfaceNames, ANameOfTheKernelsChoiceIsTakenOnce) {
  InterfaceNames names;
  const Lease chosen = names.TakeNamed("sstp%d", "sstp2");
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen.number(), 2U);
  EXPECT_FALSE(names.TakeNamed("sstp%d", "sstp2"));
  const Lease zero = names.Take("sstp%d");
  const Lease one = names.Take("sstp%d");
  EXPECT_EQ(one.number(), 1U);
  EXPECT_EQ(names.Take("sstp%d").number(), 3U) << "2 is in use";
}

// Against a book that counts one by one.
TEST(InterfaceNames, IsAlwaysTheLowestInAnyOrderOfTakingAndReturning) {
  InterfaceNames names;
  std::map<std::uint32_t, Lease> held;
  std::minstd_rand generator(1);
  const auto random = [&](std::size_t below) {
    return static_cast<std::uint32_t>(generator() % below);
  };
  for (int i = 0; i < 20'000; ++i) {
    std::uint32_t lowest = 0;
    while (held.count(lowest) > 0) ++lowest;
    ASSERT_EQ(names.Lowest("sstp%d"), lowest) << i;
    const bool grow = random(512) >= held.size();  // about 256 of them, four words
    if (grow && random(8) == 0) {
      const std::uint32_t number = random(600);
      Lease lease = names.TakeNamed("sstp%d", "sstp" + std::to_string(number));
      ASSERT_EQ(bool(lease), held.count(number) == 0) << number;
      if (lease) held.emplace(number, std::move(lease));
    } else if (grow) {
      Lease lease = names.Take("sstp%d");
      ASSERT_EQ(lease.number(), lowest);
      held.emplace(lowest, std::move(lease));
    } else {
      held.erase(std::next(held.begin(), random(held.size())));
    }
  }
}

TEST(InterfaceNames, WhatDoesNotFitTheTemplateHasNoNumber) {
  InterfaceNames names;
  for (const char* name : {"ppp1", "sstp", "sstp1x", "sstp-1", "sstp01", "sstp+1", "sstp1000001",
                           "sstp99999999999999999999", "xsstp1", ""}) {
    EXPECT_FALSE(names.TakeNamed("sstp%d", name)) << name;
  }
  EXPECT_FALSE(names.TakeNamed("sstp", "sstp"));
  EXPECT_FALSE(names.TakeNamed("a%db", "a1"));
  EXPECT_EQ(names.TakeNamed("a%db", "a12b").number(), 12U);
}

TEST(InterfaceNames, ABlockedNumberIsNobodysUntilItsTimeIsOver) {
  constexpr TimePoint kStart{};
  InterfaceNames names(std::chrono::seconds(60));
  names.Block(names.Take("sstp%d"), kStart);
  names.Block(names.Take("sstp%d"), kStart + std::chrono::seconds(1));
  EXPECT_EQ(names.Lowest("sstp%d"), 2U);
  EXPECT_EQ(names.Take("sstp%d").number(), 2U);
  names.Unblock(kStart + std::chrono::milliseconds(59'999));
  EXPECT_EQ(names.Lowest("sstp%d"), 2U);
  names.Unblock(kStart + std::chrono::seconds(60));
  const Lease zero = names.Take("sstp%d");
  EXPECT_EQ(zero.number(), 0U);
  EXPECT_EQ(names.Lowest("sstp%d"), 2U) << "1 is blocked";
  names.Unblock(kStart + std::chrono::seconds(61));
  EXPECT_EQ(names.Lowest("sstp%d"), 1U);
  names.Block(names.Take("sstp%d"), kStart);  // and goes with its book
}

TEST(InterfaceNames, ALeaseMovesAndIsGivenBackOnce) {
  InterfaceNames names;
  Lease lease = names.Take("sstp%d");
  Lease moved = std::move(lease);
  lease.Release();  // NOLINT: a lease that was moved from holds nothing
  EXPECT_EQ(names.Lowest("sstp%d"), 1U);
  moved.Release();
  moved.Release();
  EXPECT_EQ(names.Lowest("sstp%d"), 0U);
}

TEST(InterfaceNames, ANameWithoutNumberIsGivenOnce) {
  InterfaceNames names;
  Lease first = names.Take("custA");
  EXPECT_EQ(first.Name(), "custA");
  EXPECT_EQ(first.number(), 0U);
  EXPECT_NE(names.Take("custA").number(), 0U) << "in use";
  first.Release();
  EXPECT_EQ(names.Take("custA").number(), 0U);
}

TEST(InterfaceNames, WhatAnInterfaceMayBeCalled) {
  for (const char* good : {"custA", "cust%d", "%d", "a", "fifteen-letters", "x.5", "a%dz"}) {
    EXPECT_TRUE(InterfaceNames::IsUsable(good)) << good;
  }
  for (const char* bad : {"", "sixteen-letters0", "all", "default", ".", "..", "a/b", "a b", "a:b",
                          "a\tb", "a\x7f", "\xc3\xa4", "%", "%s", "a%", "%d%d", "%%d", "%dx%"}) {
    EXPECT_FALSE(InterfaceNames::IsUsable(bad)) << bad;
  }
  EXPECT_FALSE(InterfaceNames::IsUsable(std::string("a\0b", 3)));
  EXPECT_TRUE(InterfaceNames::IsExact("custA"));
  EXPECT_FALSE(InterfaceNames::IsExact("cust%d"));
}

}  // namespace
}  // namespace sstpgw::gateway
