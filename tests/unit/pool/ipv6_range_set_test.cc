#include "controlplane/pool/ipv6_range_set.h"

#include <bitset>
#include <random>

namespace sstpgw::cp {
namespace {

constexpr Ipv6Number kHighest = ~Ipv6Number{0};

TEST(Ipv6Number, IsTheAddressAsANumber) {
  const Ipv6Address address = Ipv6Address::Parse("2001:db8::1:2").value();
  EXPECT_EQ(Ipv6AddressOf(NumberOf(address)), address);
  EXPECT_EQ(static_cast<std::uint64_t>(NumberOf(address)), 0x10002U);
  EXPECT_EQ(static_cast<std::uint64_t>(NumberOf(address) >> 64), 0x20010db800000000U);
  EXPECT_EQ(Ipv6AddressOf(NumberOf(address) + 1).ToString(), "2001:db8::1:3");
}

TEST(Ipv6Range, OfPrefixesOfEveryLength) {
  const Ipv6Address address = Ipv6Address::Parse("ffff::ffff").value();
  EXPECT_EQ(Ipv6Range::Of({address, 0}), (Ipv6Range{0, kHighest}));
  EXPECT_EQ(Ipv6Range::Of({address, 128}), (Ipv6Range{NumberOf(address), NumberOf(address)}));
  const Ipv6Range range = Ipv6Range::Of({address, 120});
  EXPECT_EQ(range.first, NumberOf(address) - 0xff);
  EXPECT_EQ(range.last, NumberOf(address));
}

TEST(Ipv6RangeSet, BothEndsOfTheNumbers) {
  Ipv6RangeSet set;
  set.Insert({kHighest, kHighest});
  set.Insert({0, 0});
  EXPECT_EQ(set.interval_count(), 2U);
  set.Insert({kHighest - 1, kHighest - 1});
  EXPECT_EQ(set.interval_count(), 2U);
  EXPECT_EQ(set.FirstWithin({1, kHighest}), (Ipv6Range{kHighest - 1, kHighest}));
  set.Insert({0, kHighest});
  EXPECT_EQ(set.interval_count(), 1U);
  set.Erase({1, kHighest - 1});
  EXPECT_EQ(set.interval_count(), 2U);
  set.Erase({0, kHighest});
  EXPECT_EQ(set.interval_count(), 0U);
  EXPECT_FALSE(set.FirstWithin({0, kHighest}));
}

// Against a plain table of bits.
TEST(Ipv6RangeSet, DoesWhatATableDoes) {
  std::mt19937 engine(5);  // NOLINT(cert-msc51-cpp,cert-msc32-c)
  const auto random = [&engine] { return static_cast<unsigned>(engine()); };
  std::bitset<256> table;
  Ipv6RangeSet set;
  const Ipv6Number base = NumberOf(Ipv6Address::Parse("2001:db8::ffff:ffff:ffff:ff80").value());
  for (int round = 0; round < 20000; ++round) {
    auto first = static_cast<unsigned>(random() % 256);
    unsigned last = std::min<unsigned>(255, first + static_cast<unsigned>(random() % 20));
    const bool insert = random() % 2 == 0;
    for (unsigned at = first; at <= last; ++at) table[at] = insert;
    if (insert) {
      set.Insert({base + first, base + last});
    } else {
      set.Erase({base + first, base + last});
    }
    first = static_cast<unsigned>(random() % 256);
    last = std::min<unsigned>(255, first + static_cast<unsigned>(random() % 40));
    unsigned at = first;
    while (at <= last && !table[at]) ++at;
    const auto found = set.FirstWithin({base + first, base + last});
    ASSERT_EQ(found.has_value(), at <= last);
    if (!found) continue;
    unsigned from = at;
    while (from > 0 && table[from - 1]) --from;
    unsigned to = at;
    while (to < 255 && table[to + 1]) ++to;
    ASSERT_EQ(*found, (Ipv6Range{base + from, base + to}));
  }
}

}  // namespace
}  // namespace sstpgw::cp
