#include "proto/base/ip_prefix.h"

namespace sstpgw {
namespace {

IpAddress Address(std::string_view text) { return ParseIpAddress(text).value(); }

TEST(IpAddress, EitherFamily) {
  EXPECT_EQ(Address("10.0.0.1"), IpAddress(Ipv4Address(0x0a000001)));
  EXPECT_EQ(ToString(Address("2001:DB8::1")), "2001:db8::1");
  for (const char* text : {"", "x", "10.0.0.1/8", "fe80::1%lo"}) {
    EXPECT_FALSE(ParseIpAddress(text)) << text;
  }
}

TEST(IpAddress, AMappedAddressIsTheIpv4AddressInIt) {
  EXPECT_EQ(ToString(Unmapped(Address("::ffff:10.1.2.3"))), "10.1.2.3");
  for (const char* text : {"10.1.2.3", "::10.1.2.3", "::fffe:10.1.2.3", "1::ffff:10.1.2.3"}) {
    EXPECT_EQ(Unmapped(Address(text)), Address(text)) << text;
  }
}

TEST(IpPrefix, ContainsWhatSharesItsFirstBits) {
  const auto contains = [](std::string_view prefix, std::string_view address) {
    return IpPrefix::Parse(prefix)->Contains(Address(address));
  };
  EXPECT_TRUE(contains("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(contains("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(contains("192.0.2.77/25", "192.0.2.0"));
  EXPECT_FALSE(contains("192.0.2.0/25", "192.0.2.128"));
  EXPECT_TRUE(contains("0.0.0.0/0", "255.1.2.3"));
  EXPECT_FALSE(contains("192.0.2.1/32", "192.0.2.0"));
  EXPECT_TRUE(contains("2001:db8::/47", "2001:db8:1::"));
  EXPECT_FALSE(contains("2001:db8::/47", "2001:db8:2::"));
  EXPECT_FALSE(contains("2001:db8::1/128", "2001:db8::2"));
  EXPECT_FALSE(contains("0.0.0.0/0", "::"));
  EXPECT_FALSE(contains("::/0", "10.0.0.1"));
}

TEST(IpPrefix, HostIsOneAddress) {
  EXPECT_EQ(IpPrefix::Host(Address("10.0.0.1")).ToString(), "10.0.0.1/32");
  EXPECT_EQ(IpPrefix::Host(Address("2001:db8::1")).ToString(), "2001:db8::1/128");
}

TEST(IpPrefix, RefusesEverythingElse) {
  for (const char* text : {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08",
                           "10.0.0.0/-1", "10.0.0.0/8 ", "::/129", "::/256", "/8", "10.0.0/8"}) {
    EXPECT_FALSE(IpPrefix::Parse(text)) << text;
  }
  EXPECT_EQ(IpPrefix::Parse("::/0")->length, 0);
}

}  // namespace
}  // namespace sstpgw
