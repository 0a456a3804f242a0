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

TEST(Ipv6Prefix, ParsesAndPrints) {
  for (const char* text : {"2001:db8::/56", "::/0", "2001:db8::1/128", "2001:db8:8000::/33"}) {
    const auto prefix = Ipv6Prefix::Parse(text);
    ASSERT_TRUE(prefix.has_value()) << text;
    EXPECT_EQ(prefix->ToString(), text);
  }
}

TEST(Ipv6Prefix, RefusesWhatIsNone) {
  for (const char* text :
       {"", "/", "::", "::/", "/8", "::/129", "::/256", "::/-1", "::/+1", "::/08", "::/8 ",
        "::/8/8", "::1/64", "2001:db8:8000::/32", "1.2.3.4/8"}) {
    EXPECT_FALSE(Ipv6Prefix::Parse(text)) << text;
  }
}

TEST(Ipv6Prefix, IsMadeByClearingWhatIsBehindItsLength) {
  std::array<std::uint8_t, 16> octets{};
  octets.fill(0xff);
  const Ipv6Address ones(octets);
  EXPECT_EQ(MakeIpv6Prefix(ones, 0).ToString(), "::/0");
  EXPECT_EQ(MakeIpv6Prefix(ones, 1).ToString(), "8000::/1");
  EXPECT_EQ(MakeIpv6Prefix(ones, 15).ToString(), "fffe::/15");
  EXPECT_EQ(MakeIpv6Prefix(ones, 16).ToString(), "ffff::/16");
  EXPECT_EQ(MakeIpv6Prefix(ones, 127).address.octets()[15], 0xfe);
  EXPECT_EQ(MakeIpv6Prefix(ones, 128).address, ones);
  EXPECT_EQ(MakeIpv6Prefix(ones, 200), MakeIpv6Prefix(ones, 128));
}

}  // namespace
}  // namespace sstpgw
