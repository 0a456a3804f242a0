#include "gateway/datapath/ipv6_scope.h"

#include <gtest/gtest.h>

#include "tests/unit/datapath/traffic.h"

namespace sstpgw::datapath {
namespace {

constexpr int kUdp = 17;
constexpr int kIcmp = 58;
const char* const kPeer = "fe80::2a";
const char* const kOurs = "fe80::1";
const char* const kGlobal = "2001:db8:0:7::5";
const char* const kFar = "2001:db8:ffff::1";

struct Plan {
  const char* source;
  const char* destination;
  int next = 59;
  Bytes behind{};
};

Bytes Packet(const Plan& plan) {
  Bytes packet(40);
  packet[0] = 0x60;
  packet[5] = static_cast<std::uint8_t>(plan.behind.size());
  packet[6] = static_cast<std::uint8_t>(plan.next);
  packet[7] = 255;
  const auto source = Ipv6Address::Parse(plan.source)->octets();
  const auto destination = Ipv6Address::Parse(plan.destination)->octets();
  std::copy(source.begin(), source.end(), packet.begin() + 8);
  std::copy(destination.begin(), destination.end(), packet.begin() + 24);
  packet.insert(packet.end(), plan.behind.begin(), plan.behind.end());
  return packet;
}

Bytes Icmp(int type) { return {static_cast<std::uint8_t>(type), 0, 0, 0, 0, 0, 0, 0}; }
Bytes Udp(std::uint16_t port) {
  return {0, 1, static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port), 0, 8, 0, 0};
}

SourceCheck Sources() {
  return {{.ipv4 = false, .ipv6 = true},
          {},
          {*Ipv6Prefix::Parse("2001:db8:0:7::/64"), *Ipv6Prefix::Parse("2001:db8:a::/56")},
          {0, 0, 0, 0, 0, 0, 0, 0x2a}};
}
Ipv6Way WayOf(const Plan& plan) { return WayOfIpv6(Packet(plan), Sources()); }

TEST(CutIpv6, TakesThePacketAloneAndRefusesWhatIsNone) {
  Bytes packet = Packet({kGlobal, kFar, kUdp, Udp(53)});
  packet.resize(packet.size() + 9);
  EXPECT_EQ(CutIpv6(packet).size(), 48U);
  EXPECT_EQ(CutIpv6(Packet({kGlobal, kFar})).size(), 40U) << "nothing behind the header";
  for (std::size_t size = 0; size < 48; ++size) {
    const Bytes shorter(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_TRUE(CutIpv6(shorter).empty()) << size;
  }
  packet[0] = 0x45;
  EXPECT_TRUE(CutIpv6(packet).empty());
}

TEST(CutIpv6, AJumbogramFitsIntoNoFrame) {
  Bytes packet = Packet({kGlobal, kFar, 0, {59, 0, 0xc2, 4, 0, 1, 0, 0}});
  packet[5] = 0;
  EXPECT_TRUE(CutIpv6(packet).empty());
}

TEST(WayOfIpv6, TheSessionsPacketsPass) {
  for (const char* source : {kGlobal, "2001:db8:0:7::", "2001:db8:a:ff::1"}) {
    for (const char* destination : {kFar, kGlobal, "2001:db8:0:7::1", "ff05::1", "ff0e::1"}) {
      for (const int next : {6, kUdp, kIcmp, 0}) {
        EXPECT_EQ(WayOf({source, destination, next, Icmp(128)}), Ipv6Way::kPass)
            << source << destination << next;
      }
    }
  }
  EXPECT_EQ(WayOf({kGlobal, kFar, kUdp, Udp(547)}), Ipv6Way::kPass) << "a server far away";
}

TEST(WayOfIpv6, ForeignSources) {
  for (const char* source : {"2001:db8:0:8::5", "2001:db8:a:100::1", "::1", "::ffff:10.0.0.2",
                             "ff02::1", "ff0e::1", "fec0::2a", "fd00::1"}) {
    EXPECT_EQ(WayOf({source, kFar, kUdp, Udp(53)}), Ipv6Way::kForeign) << source;
    EXPECT_EQ(WayOf({source, kOurs, kIcmp, Icmp(133)}), Ipv6Way::kForeign) << source;
  }
}

TEST(WayOfIpv6, ARouteToEverythingIsNoLeaveForTheLinksOwnAddresses) {
  const SourceCheck all({.ipv4 = false, .ipv6 = true}, {}, {{}}, {});
  EXPECT_EQ(WayOfIpv6(Packet({kFar, kGlobal, kUdp, Udp(53)}), all), Ipv6Way::kPass);
  EXPECT_EQ(WayOfIpv6(Packet({kPeer, kGlobal, kUdp, Udp(53)}), all), Ipv6Way::kLocal);
  EXPECT_EQ(WayOfIpv6(Packet({"::", kGlobal, kUdp, Udp(53)}), all), Ipv6Way::kLocal);
  EXPECT_EQ(WayOfIpv6(Packet({"ff0e::1", kGlobal, kUdp, Udp(53)}), all), Ipv6Way::kForeign);
}

TEST(WayOfIpv6, ControlIsForTheGatewayWhereverItIsSent) {
  for (const char* source : {kPeer, "fe80::9", "::"}) {
    for (const char* destination : {"ff02::2", "ff02::1:2", kOurs, kFar}) {
      EXPECT_EQ(WayOf({source, destination, kIcmp, Icmp(133)}), Ipv6Way::kControl) << source;
      EXPECT_EQ(WayOf({source, destination, kUdp, Udp(547)}), Ipv6Way::kControl) << source;
    }
  }
}

TEST(WayOfIpv6, ControlThatIsCutOffIsNone) {
  EXPECT_EQ(WayOf({kPeer, "ff02::2", kIcmp, {}}), Ipv6Way::kLocal);
  EXPECT_EQ(WayOf({"::", "ff02::1:2", kUdp, {0, 1, 2, 0x23, 0, 7, 0}}), Ipv6Way::kLocal);
}

TEST(WayOfIpv6, NeighboursMayTalkToTheKernelAndRoutersMayNot) {
  for (const char* destination : {kOurs, "ff02::1", "ff02::1:ff00:1"}) {
    for (const int type : {1, 2, 3, 4, 128, 129, 135, 136}) {
      EXPECT_EQ(WayOf({kPeer, destination, kIcmp, Icmp(type)}), Ipv6Way::kPass) << type;
    }
    for (const int type : {0, 130, 131, 132, 134, 137, 138, 139, 143, 151, 255}) {
      EXPECT_EQ(WayOf({kPeer, destination, kIcmp, Icmp(type)}), Ipv6Way::kLocal) << type;
    }
    for (const int next : {0, 43, 44, 51, 60, 135, 139, 140, 253, 254}) {
      Bytes behind{kIcmp, 0, 1, 4, 0, 0, 0, 0};
      behind.push_back(134);
      EXPECT_EQ(WayOf({kPeer, destination, next, behind}), Ipv6Way::kLocal) << next;
    }
    EXPECT_EQ(WayOf({kPeer, destination, 6, Bytes(20)}), Ipv6Way::kPass);
    EXPECT_EQ(WayOf({kPeer, destination, kUdp, Udp(5353)}), Ipv6Way::kPass);
  }
}

TEST(WayOfIpv6, LinkLocalSourcesNeverLeaveTheLink) {
  for (const char* destination : {kFar, kGlobal, "2001:db8:0:7::1", "ff05::2", "ff0e::1", "::1"}) {
    EXPECT_EQ(WayOf({kPeer, destination, kIcmp, Icmp(128)}), Ipv6Way::kLocal) << destination;
  }
  for (const char* source : {"fe80::2b", "febf::2a", "fe80:0:0:1::2a", "::"}) {
    EXPECT_EQ(WayOf({source, kOurs, kIcmp, Icmp(128)}), Ipv6Way::kLocal) << source;
    EXPECT_EQ(WayOf({source, "ff02::1:ff00:1", kIcmp, Icmp(135)}), Ipv6Way::kLocal) << source;
  }
}

TEST(WayOfIpv6, TheSessionsAddressesMayAskForNeighboursOfTheLink) {
  for (const int type : {128, 129, 135, 136}) {
    EXPECT_EQ(WayOf({kGlobal, kOurs, kIcmp, Icmp(type)}), Ipv6Way::kPass) << type;
    EXPECT_EQ(WayOf({kGlobal, "ff02::1:ff00:1", kIcmp, Icmp(type)}), Ipv6Way::kPass);
  }
  for (const int type : {1, 130, 133, 134, 137, 143}) {
    EXPECT_EQ(WayOf({kGlobal, kOurs, kIcmp, Icmp(type)}), Ipv6Way::kLocal) << type;
  }
  EXPECT_EQ(WayOf({kGlobal, "ff01::1", kUdp, Udp(5353)}), Ipv6Way::kLocal);
  EXPECT_EQ(WayOf({kGlobal, "ff02::1:2", kUdp, Udp(547)}), Ipv6Way::kLocal);
  EXPECT_EQ(WayOf({kGlobal, kOurs, 6, Bytes(20)}), Ipv6Way::kLocal);
}

TEST(IsHostChatter, WhatTheKernelSaysForItself) {
  const auto mld = [](std::uint8_t type) { return Bytes{kIcmp, 0, 5, 2, 0, 0, 1, 0, type, 0}; };
  for (const char* source : {kOurs, "::"}) {
    EXPECT_TRUE(IsHostChatter(Packet({source, "ff02::16", 0, mld(143)})));
    EXPECT_TRUE(IsHostChatter(Packet({source, "ff02::1", 0, mld(130)})));
    EXPECT_TRUE(IsHostChatter(Packet({source, "ff02::2", kIcmp, Icmp(133)})));
    EXPECT_TRUE(IsHostChatter(Packet({source, "ff02::1", kIcmp, Icmp(134)})));
    EXPECT_FALSE(IsHostChatter(Packet({source, kPeer, kIcmp, Icmp(129)})));
    EXPECT_FALSE(IsHostChatter(Packet({source, kPeer, kIcmp, Icmp(136)})));
    EXPECT_FALSE(IsHostChatter(Packet({source, kPeer, 6, Bytes(20)})));
    EXPECT_FALSE(IsHostChatter(Packet({source, "ff02::1", 0, {kIcmp}})));
    EXPECT_FALSE(
        IsHostChatter(Packet({source, "ff02::1", 0, {kIcmp, 255, 0, 0, 0, 0, 0, 0, 143}})));
    EXPECT_FALSE(IsHostChatter(Packet({source, "ff02::1", kIcmp, {}})));
  }
  EXPECT_FALSE(IsHostChatter(Packet({kFar, "ff02::1", kIcmp, Icmp(134)}))) << "forwarded";
}

// Whatever a peer sends: octets beyond the packet are not looked at, no link-local or multicast
// source passes to anywhere but the link, and none that is neither of these nor the session's.
TEST(Ipv6ScopeProperty, HostilePackets) {
  const SourceCheck sources = Sources();
  std::array<std::size_t, 4> seen{};
  for (std::uint32_t seed = 0; seed < 20'000; ++seed) {
    test::Dice dice(seed);
    constexpr std::array kAddresses{"::", "::1",     kPeer,     "fe80::9", kOurs,          kGlobal,
                                    kFar, "ff02::1", "ff02::2", "ff05::2", "2001:db8:a::9"};
    constexpr std::array<int, 8> kNext{0, 6, kUdp, 43, 44, kIcmp, 59, 60};
    Bytes behind = test::Noise(dice.Below(60), seed);
    if (behind.size() > 4 && dice.OneIn(2))
      behind[0] = static_cast<std::uint8_t>(125 + dice.Below(20));
    if (behind.size() > 4 && dice.OneIn(3)) std::copy_n("\x02\x23", 2, &behind[2]);
    Bytes octets = Packet({kAddresses[dice.Below(kAddresses.size())],
                           kAddresses[dice.Below(kAddresses.size())],
                           kNext[dice.Below(kNext.size())], behind});
    if (dice.OneIn(5)) octets[dice.Below(40)] ^= static_cast<std::uint8_t>(1U << dice.Below(8));
    if (dice.OneIn(8)) octets.resize(dice.Below(octets.size() + 1));
    octets.shrink_to_fit();
    const ByteView packet = CutIpv6(octets);
    if (packet.empty()) continue;
    static_cast<void>(IsHostChatter(packet));
    const Ipv6Way way = WayOfIpv6(packet, sources);
    ++seen[static_cast<std::size_t>(way)];
    const std::uint8_t* const source = &packet[8];
    const std::uint8_t* const destination = &packet[24];
    const bool link_local = source[0] == 0xfe && source[1] >> 6 == 2;
    const bool none =
        std::all_of(source, source + 16, [](std::uint8_t octet) { return octet == 0; });
    if (way == Ipv6Way::kControl) {
      EXPECT_TRUE(link_local || none) << "seed " << seed;
    }
    if (way != Ipv6Way::kPass) continue;
    EXPECT_FALSE(none || source[0] == 0xff) << "seed " << seed;
    EXPECT_TRUE(link_local || sources.AllowsIpv6(source)) << "seed " << seed;
    const bool stays = (destination[0] == 0xfe && destination[1] >> 6 == 2) ||
                       (destination[0] == 0xff && (destination[1] & 15) <= 2);
    EXPECT_TRUE(!link_local || stays) << "seed " << seed;
    if (stays && packet[6] == kIcmp) {
      EXPECT_NE(packet[40], 134) << "seed " << seed;
      EXPECT_NE(packet[40], 137) << "seed " << seed;
    }
  }
  for (const std::size_t count : seen) EXPECT_GT(count, 100U);
}

}  // namespace
}  // namespace sstpgw::datapath
