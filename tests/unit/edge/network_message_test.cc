#include "gateway/edge/network_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace sstpgw::edge {
namespace {

using ::testing::ElementsAreArray;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the octets below are little-endian");

constexpr InterfaceIndex kIndex{5};

Bytes Concat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Ipv6Address V6(const char* text) { return Ipv6Address::Parse(text).value(); }

Bytes Octets(const Ipv6Address& address) {
  return {address.octets().begin(), address.octets().end()};
}

TEST(NetworkMessage, Ipv6AddressWithItsPrefix) {
  const Ipv6LinkAddress address{.local = V6("2001:db8::1"), .length = 64, .peer = std::nullopt};
  const Bytes expected = Concat({
      {64, 0, 0, 0, RTM_NEWADDR, 0, 0x05, 0x05, 3, 0, 0, 0, 0, 0, 0, 0},  // create, replace
      {AF_INET6, 64, IFA_F_NODAD, RT_SCOPE_UNIVERSE, 5, 0, 0, 0},
      {20, 0, IFA_LOCAL, 0},
      Octets(address.local),
      {20, 0, IFA_ADDRESS, 0},
      Octets(address.local),
  });
  EXPECT_THAT(BuildIpv6Address(3, EntryChange::kAdd, kIndex, address), ElementsAreArray(expected));
  const Bytes removal = BuildIpv6Address(3, EntryChange::kRemove, kIndex, address);
  EXPECT_EQ(removal[4], RTM_DELADDR);
  EXPECT_EQ(removal[7], 0) << "neither created nor replaced";
  EXPECT_EQ(removal.size(), expected.size());
}

TEST(NetworkMessage, Ipv6LinkLocalAddressHasItsScope) {
  const auto scope = [](const char* text) {
    const Ipv6LinkAddress address{.local = V6(text), .length = 64, .peer = std::nullopt};
    return BuildIpv6Address(3, EntryChange::kAdd, kIndex, address)[19];
  };
  EXPECT_EQ(scope("fe80::1"), RT_SCOPE_LINK);
  EXPECT_EQ(scope("febf::1"), RT_SCOPE_LINK);
  EXPECT_EQ(scope("fec0::1"), RT_SCOPE_UNIVERSE);
  EXPECT_EQ(scope("fd00::1"), RT_SCOPE_UNIVERSE);
}

TEST(NetworkMessage, Ipv6PairIsOfTwoHosts) {
  const Ipv6LinkAddress pair{
      .local = V6("2001:db8:9::1"), .length = 64, .peer = V6("2001:db8:9::2")};
  const Bytes message = BuildIpv6Address(3, EntryChange::kAdd, kIndex, pair);
  EXPECT_EQ(message[17], 128);
  EXPECT_THAT(Bytes(message.begin() + 28, message.begin() + 44),
              ElementsAreArray(Octets(pair.local)));
  EXPECT_THAT(Bytes(message.begin() + 48, message.end()), ElementsAreArray(Octets(*pair.peer)));
}

TEST(NetworkMessage, Ipv4RouteViaTheLinkAlone) {
  const Ipv4RouteTarget target{
      .destination = Ipv4Address(0x0a010000), .length = 16, .gateway = Ipv4Address()};
  const Bytes expected = Concat({
      {52, 0, 0, 0, RTM_NEWROUTE, 0, 0x05, 0x04, 3, 0, 0, 0, 0, 0, 0, 0},  // create
      {AF_INET, 16, 0, 0, 0, kRouteProtocol, RT_SCOPE_LINK, RTN_UNICAST, 0, 0, 0, 0},
      {8, 0, RTA_TABLE, 0, 254, 0, 0, 0},
      {8, 0, RTA_DST, 0, 10, 1, 0, 0},
      {8, 0, RTA_OIF, 0, 5, 0, 0, 0},
  });
  const RoutePlace place{.index = kIndex};
  EXPECT_THAT(BuildRoute(3, EntryChange::kAdd, place, target), ElementsAreArray(expected));
}

TEST(NetworkMessage, Ipv4RouteWithEverythingGoesAsItCame) {
  const Ipv4RouteTarget target{
      .destination = Ipv4Address(0x0a010000), .length = 16, .gateway = Ipv4Address(0x0a000005)};
  const RoutePlace place{.index = kIndex, .table = RoutingTable(1000), .metric = 7};
  const Bytes rest = Concat({
      {8, 0, RTA_TABLE, 0, 0xe8, 0x03, 0, 0},
      {8, 0, RTA_DST, 0, 10, 1, 0, 0},
      {8, 0, RTA_GATEWAY, 0, 10, 0, 0, 5},
      {8, 0, RTA_OIF, 0, 5, 0, 0, 0},
      {8, 0, RTA_PRIORITY, 0, 7, 0, 0, 0},
  });
  for (const auto change : {EntryChange::kAdd, EntryChange::kRemove}) {
    const Bytes message = BuildRoute(3, change, place, target);
    EXPECT_EQ(message[4], change == EntryChange::kAdd ? RTM_NEWROUTE : RTM_DELROUTE);
    EXPECT_EQ(message[22], RT_SCOPE_UNIVERSE);
    EXPECT_THAT(Bytes(message.begin() + 28, message.end()), ElementsAreArray(rest));
  }
}

TEST(NetworkMessage, Ipv6RouteViaAGateway) {
  const Ipv6RouteTarget target{.destination = Ipv6Prefix::Parse("2001:db8:5::/56").value(),
                               .gateway = V6("fe80::2")};
  const Bytes expected = Concat({
      {84, 0, 0, 0, RTM_NEWROUTE, 0, 0x05, 0x04, 3, 0, 0, 0, 0, 0, 0, 0},
      {AF_INET6, 56, 0, 0, 0, kRouteProtocol, RT_SCOPE_UNIVERSE, RTN_UNICAST, 0, 0, 0, 0},
      {8, 0, RTA_TABLE, 0, 10, 0, 0, 0},
      {20, 0, RTA_DST, 0},
      Octets(target.destination.address),
      {20, 0, RTA_GATEWAY, 0},
      Octets(target.gateway),
      {8, 0, RTA_OIF, 0, 5, 0, 0, 0},
  });
  const RoutePlace place{.index = kIndex, .table = RoutingTable(10)};
  EXPECT_THAT(BuildRoute(3, EntryChange::kAdd, place, target), ElementsAreArray(expected));
  const Bytes direct =
      BuildRoute(3, EntryChange::kAdd, place, Ipv6RouteTarget{target.destination, Ipv6Address()});
  EXPECT_EQ(direct.size(), expected.size() - 20);
}

TEST(NetworkMessage, WordsForPeople) {
  const RoutePlace main{.index = kIndex};
  const RoutePlace vrf{.index = kIndex, .table = RoutingTable(10), .metric = 7};
  EXPECT_EQ(Describe(main, Ipv4RouteTarget{Ipv4Address(0x0a010000), 16, {}}), "10.1.0.0/16");
  EXPECT_EQ(Describe(vrf, Ipv4RouteTarget{Ipv4Address(0x0a010000), 16, Ipv4Address(0x0a000005)}),
            "10.1.0.0/16 via 10.0.0.5 metric 7 table 10");
  EXPECT_EQ(
      Describe(main, Ipv6RouteTarget{Ipv6Prefix::Parse("2001:db8:5::/56").value(), V6("fe80::2")}),
      "2001:db8:5::/56 via fe80::2");
  EXPECT_EQ(Describe(Ipv6LinkAddress{V6("fe80::1"), 64, std::nullopt}), "fe80::1/64");
  EXPECT_EQ(Describe(Ipv6LinkAddress{V6("fd00::1"), 64, V6("fd00::2")}), "fd00::1 peer fd00::2");
}

}  // namespace
}  // namespace sstpgw::edge
