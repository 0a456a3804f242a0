// Addresses of the link's two ends in its prefixes (features 4.1).
#include "gateway/fsm/ipv6_addressing.h"

#include <gtest/gtest.h>

namespace sstpgw::fsm {
namespace {

constexpr InterfaceId kOne{0, 0, 0, 0, 0, 0, 0, 1};
constexpr InterfaceId kTwo{0, 0, 0, 0, 0, 0, 0, 2};
constexpr InterfaceId kFull{0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0xff};

Ipv6Address Address(const char* text) { return Ipv6Address::Parse(text).value(); }
Ipv6Prefix Prefix(const char* text) { return Ipv6Prefix::Parse(text).value(); }

TEST(Ipv6Addressing, LinkLocal) {
  EXPECT_EQ(LinkLocalAddress(kOne), Address("fe80::1"));
  EXPECT_EQ(LinkLocalAddress(kFull), Address("fe80::a0b:c0d:e0f:10ff"));
}

TEST(Ipv6Addressing, UpTo64TheIdentifierIsTheLowerHalf) {
  EXPECT_EQ(ClientAddress(Prefix("2001:db8:1:2::/64"), kTwo), Address("2001:db8:1:2::2"));
  EXPECT_EQ(ClientAddress(Prefix("2001:db8:1:2::/64"), kFull),
            Address("2001:db8:1:2:a0b:c0d:e0f:10ff"));
  EXPECT_EQ(ClientAddress(Prefix("2001:db8::/48"), kFull), Address("2001:db8::a0b:c0d:e0f:10ff"));
}

TEST(Ipv6Addressing, LongerPrefixesTakeItsLowBits) {
  EXPECT_EQ(ClientAddress(Prefix("2001:db8::aaaa:0:0:0/80"), kFull),
            Address("2001:db8::aaaa:c0d:e0f:10ff"));
  EXPECT_EQ(ClientAddress(Prefix("2001:db8::/120"), kFull), Address("2001:db8::ff"));
  EXPECT_EQ(ClientAddress(Prefix("2001:db8::8/125"), kFull), Address("2001:db8::f"));
  EXPECT_EQ(ClientAddress(Prefix("2001:db8::4/127"), kFull), Address("2001:db8::5"));
  EXPECT_EQ(ClientAddress(Prefix("8000::/65"), kFull), Address("8000::a0b:c0d:e0f:10ff"));
}

TEST(Ipv6Addressing, OneAddressIsTheClients) {
  EXPECT_EQ(ClientAddress(Prefix("2001:db8::77/128"), kFull), Address("2001:db8::77"));
}

TEST(Ipv6Addressing, OursHasOurIdentifier) {
  const Ipv6Prefix link = Prefix("2001:db8:1:2::/64");
  EXPECT_EQ(RouterAddress(link, kOne, ClientAddress(link, kTwo)), Address("2001:db8:1:2::1"));
  const Ipv6Prefix single = Prefix("2001:db8:1:2::77/128");
  EXPECT_EQ(RouterAddress(single, kOne, single.address), Address("2001:db8:1:2::1"));
}

TEST(Ipv6Addressing, OursIsTheInverseWhereItWouldBeTheClients) {
  const Ipv6Prefix link = Prefix("2001:db8:1:2::/64");
  EXPECT_EQ(RouterAddress(link, kOne, ClientAddress(link, kOne)),
            Address("2001:db8:1:2:ffff:ffff:ffff:fffe"));
  // Low bits alone can be the same, too.
  const Ipv6Prefix two = Prefix("2001:db8::4/127");
  EXPECT_EQ(RouterAddress(two, kOne, ClientAddress(two, kFull)), Address("2001:db8::4"));
  const Ipv6Prefix single = Prefix("2001:db8::1/128");
  EXPECT_EQ(RouterAddress(single, kOne, single.address), Address("2001:db8::ffff:ffff:ffff:fffe"));
}

TEST(Ipv6Addressing, Contains) {
  EXPECT_TRUE(Contains(Prefix("2001:db8::/47"), Address("2001:db8:1::9")));
  EXPECT_FALSE(Contains(Prefix("2001:db8::/47"), Address("2001:db8:2::9")));
  EXPECT_TRUE(Contains(Prefix("::/0"), Address("2001:db8:2::9")));
  EXPECT_FALSE(Contains(Prefix("2001:db8::1/128"), Address("2001:db8::2")));
}

TEST(Ipv6Addressing, LeasedAreOneOfEachPrefixThenTheFramedOnes) {
  NetworkPolicy network;
  network.framed_ipv6_prefixes = {Prefix("2001:db8:1::/64"), Prefix("2001:db8::77/128")};
  network.framed_ipv6_addresses = {Address("2001:db8:9::9"), Address("2001:db8::77")};
  EXPECT_EQ(
      ClientAddresses(network, kTwo),
      (std::vector{Address("2001:db8:1::2"), Address("2001:db8::77"), Address("2001:db8:9::9")}));
}

}  // namespace
}  // namespace sstpgw::fsm
