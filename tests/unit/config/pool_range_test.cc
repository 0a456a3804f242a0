#include "controlplane/config/pool_range.h"

#include <gtest/gtest.h>

namespace sstpgw::cp {
namespace {

// "first-last", or the reason.
std::string Parsed(std::string_view text) {
  const auto range = ParsePoolRange(text);
  return range ? range->first.ToString() + "-" + range->last.ToString() : range.error();
}

TEST(ParsePoolRange, TakesEveryNotation) {
  EXPECT_EQ(Parsed("10.0.0.2-10.0.0.100"), "10.0.0.2-10.0.0.100");
  EXPECT_EQ(Parsed("10.0.0.2-100"), "10.0.0.2-10.0.0.100");
  EXPECT_EQ(Parsed("10.0.0.2-2"), "10.0.0.2-10.0.0.2");
  EXPECT_EQ(Parsed("10.0.0.0-255"), "10.0.0.0-10.0.0.255");
  EXPECT_EQ(Parsed("10.0.0.7"), "10.0.0.7-10.0.0.7");
  EXPECT_EQ(Parsed("192.0.2.0/24"), "192.0.2.1-192.0.2.254");
}

TEST(ParsePoolRange, NetworksBeginAtTheWrittenHost) {
  EXPECT_EQ(Parsed("10.1.0.5/24"), "10.1.0.5-10.1.0.254");
  EXPECT_EQ(Parsed("10.1.0.254/24"), "10.1.0.254-10.1.0.254");
  EXPECT_EQ(Parsed("10.1.0.255/24"), "begins at the broadcast address, nothing is left");
  EXPECT_EQ(Parsed("10.1.1.0/16"), "10.1.1.0-10.1.255.254");
  EXPECT_EQ(Parsed("10.1.0.0/29"), "10.1.0.1-10.1.0.6");
}

TEST(ParsePoolRange, NetworkAndBroadcastAreLeftOutUpToPrefixLength30) {
  EXPECT_EQ(Parsed("10.1.0.0/30"), "10.1.0.1-10.1.0.2");
  EXPECT_EQ(Parsed("10.1.0.3/30"), "begins at the broadcast address, nothing is left");
  EXPECT_EQ(Parsed("10.1.0.0/31"), "10.1.0.0-10.1.0.1");
  EXPECT_EQ(Parsed("10.1.0.1/31"), "10.1.0.1-10.1.0.1");
  EXPECT_EQ(Parsed("10.1.0.9/32"), "10.1.0.9-10.1.0.9");
}

TEST(ParsePoolRange, SizeHasItsLimit) {
  EXPECT_EQ(Parsed("10.0.0.0/8"), "10.0.0.1-10.255.255.254");
  EXPECT_EQ(Parsed("10.0.0.0/7"), "has more than 16777216 addresses");
  EXPECT_EQ(Parsed("11.255.255.0/7"), "11.255.255.0-11.255.255.254");
  EXPECT_EQ(Parsed("10.0.0.0/1"), "holds addresses that no host can have");
}

TEST(ParsePoolRange, IntervalsStayWithinOneSlash24AndAscend) {
  EXPECT_EQ(Parsed("10.0.0.2-10.0.1.1"), "first and last must lie within one /24");
  EXPECT_EQ(Parsed("10.0.0.9-10.0.0.8"), "the last address is below the first");
  EXPECT_EQ(Parsed("10.0.0.9-8"), "the last address is below the first");
}

TEST(ParsePoolRange, RefusesWhatNoHostCanHave) {
  for (const char* text :
       {"0.0.0.1", "127.0.0.1", "224.0.0.1", "255.255.255.255", "127.0.0.0/8", "239.0.0.1-9"}) {
    EXPECT_EQ(Parsed(text), "holds addresses that no host can have") << text;
  }
  EXPECT_EQ(Parsed("223.255.255.254"), "223.255.255.254-223.255.255.254");
}

TEST(ParsePoolRange, RefusesEverythingElse) {
  const std::string forms =
      "must be a.b.c.d/n, a.b.c.d-e.f.g.h, a.b.c.d-e or a single IPv4 address";
  for (const char* text : {"",
                           "-",
                           "/",
                           "10.0.0",
                           "10.0.0.1/",
                           "/24",
                           "10.0.0.1-",
                           "-10.0.0.1",
                           "10.0.0.1-256",
                           "10.0.0.1-10.0.0",
                           "10.0.0.1 -9",
                           "10.0.0.1- 9",
                           "10.0.0.1/24/24",
                           "10.0.0.1-2-3",
                           "10.0.0.1/+8",
                           "10.0.0.01",
                           "10.0.0.1-09",
                           "2001:db8::/64",
                           "pool",
                           "10.0.0.1/8-9"}) {
    EXPECT_EQ(Parsed(text), forms) << text;
  }
  EXPECT_EQ(Parsed("10.0.0.1/0"), "the prefix length must be 1..32");
  EXPECT_EQ(Parsed("10.0.0.1/33"), "the prefix length must be 1..32");
}

}  // namespace
}  // namespace sstpgw::cp
