#include "proto/base/ip.h"

namespace sstpgw {
namespace {

TEST(Ipv4Address, ParsesAndPrintsDottedQuads) {
  const auto address = Ipv4Address::Parse("10.0.0.1");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->value(), 0x0a000001U);
  EXPECT_EQ(address->ToString(), "10.0.0.1");
  EXPECT_EQ(Ipv4Address::FromOctets(address->octets()), *address);
}

TEST(Ipv4Address, RefusesEverythingElse) {
  for (const char* text : {"", "10.0.0", "10.0.0.256", "10.0.0.1.", " 10.0.0.1", "10.0.0.1/8",
                           "a.b.c.d", "0x0a.0.0.1", "10.0.0.-1"}) {
    EXPECT_FALSE(Ipv4Address::Parse(text)) << text;
  }
  EXPECT_FALSE(Ipv4Address::Parse(std::string_view("10.0.0.1\0x", 10)));
}

TEST(Ipv6Address, ParsesAndPrintsRfc5952) {
  const auto address = Ipv6Address::Parse("2001:DB8:0:0:0:0:0:1");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->ToString(), "2001:db8::1");
  EXPECT_FALSE(Ipv6Address::Parse("fe80::1%eth0"));
  EXPECT_FALSE(Ipv6Address::Parse("1.2.3.4"));
}

}  // namespace
}  // namespace sstpgw
