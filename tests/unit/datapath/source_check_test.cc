#include "gateway/datapath/source_check.h"

#include <gtest/gtest.h>

#include "tests/unit/datapath/traffic.h"

namespace sstpgw::datapath {
namespace {

constexpr Families kBoth{.ipv4 = true, .ipv6 = true};
constexpr InterfaceId kPeerId{0, 0, 0, 0, 0, 0, 0, 0x2a};

bool Allows4(const SourceCheck& check, const char* text) {
  return check.AllowsIpv4(Ipv4Address::Parse(text)->octets().data());
}
bool Allows6(const SourceCheck& check, const char* text) {
  return check.AllowsIpv6(Ipv6Address::Parse(text)->octets().data());
}
Ipv6Prefix Net6(const char* text) { return *Ipv6Prefix::Parse(text); }

TEST(SourceCheck, NothingPassesWithoutSources) {
  for (const SourceCheck& check : {SourceCheck(), SourceCheck(kBoth, {}, {})}) {
    for (const char* address : {"0.0.0.0", "0.0.0.1", "10.0.0.1", "255.255.255.255"}) {
      EXPECT_FALSE(Allows4(check, address)) << address;
    }
    for (const char* address : {"::", "::1", "0:0:0:1::", "fd00::1", "fe80::2a"}) {
      EXPECT_FALSE(Allows6(check, address)) << address;
    }
  }
}

TEST(SourceCheck, OneAddressAndOnePrefix) {
  const SourceCheck check(kBoth, {{Ipv4Address(0x0a000002), 32}}, {Net6("2001:db8:0:7::/64")});
  EXPECT_TRUE(Allows4(check, "10.0.0.2"));
  EXPECT_FALSE(Allows4(check, "10.0.0.3"));
  EXPECT_TRUE(Allows6(check, "2001:db8:0:7::"));
  EXPECT_TRUE(Allows6(check, "2001:db8:0:7:ffff:ffff:ffff:ffff"));
  EXPECT_FALSE(Allows6(check, "2001:db8:0:8::1"));
  EXPECT_FALSE(Allows6(check, "2001:db8:0:6::1"));
}

TEST(SourceCheck, NetworksBehindThePeer) {
  const SourceCheck check(
      kBoth,
      {{Ipv4Address(0x0a000002), 32}, {Ipv4Address(0xc0a80a00), 24}, {Ipv4Address(0xac100000), 12}},
      {Net6("fd00:1::/64"), Net6("2001:db8:ff00::/56"), Net6("2001:db8::8/128")});
  for (const char* address : {"10.0.0.2", "192.168.10.0", "192.168.10.255", "172.31.255.255"}) {
    EXPECT_TRUE(Allows4(check, address)) << address;
  }
  for (const char* address : {"10.0.0.1", "192.168.11.0", "172.32.0.0", "0.0.0.0"}) {
    EXPECT_FALSE(Allows4(check, address)) << address;
  }
  for (const char* address : {"fd00:1::9", "2001:db8:ff00:ff::1", "2001:db8::8"}) {
    EXPECT_TRUE(Allows6(check, address)) << address;
  }
  for (const char* address : {"fd00:1:0:1::9", "2001:db8:ff00:100::1", "2001:db8::9", "::"}) {
    EXPECT_FALSE(Allows6(check, address)) << address;
  }
}

TEST(SourceCheck, SourcesOfAFamilyThatIsNotNegotiatedAreOfNoEffect) {
  const std::vector<Ipv4Prefix> ipv4{{Ipv4Address(0x0a000002), 32}};
  const std::vector<Ipv6Prefix> ipv6{Net6("fd00::/64")};
  const SourceCheck only6({.ipv4 = false, .ipv6 = true}, ipv4, ipv6, kPeerId);
  EXPECT_FALSE(Allows4(only6, "10.0.0.2"));
  EXPECT_TRUE(Allows6(only6, "fd00::1"));
  const SourceCheck only4({.ipv4 = true, .ipv6 = false}, ipv4, ipv6, kPeerId);
  EXPECT_TRUE(Allows4(only4, "10.0.0.2"));
  EXPECT_FALSE(Allows6(only4, "fd00::1"));
  EXPECT_FALSE(only4.IsPeerLinkLocal(Ipv6Address::Parse("fe80::2a")->octets().data()));
  EXPECT_EQ(SourceCheck(Ipv4Address(1)).families(), (Families{.ipv4 = true, .ipv6 = false}));
}

TEST(SourceCheck, OurOwnAddressesAreNotThePeersToUse) {
  const auto octets = [](const char* text) { return Ipv6Address::Parse(text)->octets(); };
  const SourceCheck check(
      {.ipv4 = false, .ipv6 = true}, {},
      {*Ipv6Prefix::Parse("2001:db8:1::/64"), *Ipv6Prefix::Parse("2001:db8:2::/64")},
      {0, 0, 0, 0, 0, 0, 0, 2},
      {*Ipv6Address::Parse("2001:db8:1::1"), *Ipv6Address::Parse("2001:db8:2::1")});
  EXPECT_FALSE(check.AllowsIpv6(octets("2001:db8:1::1").data()));
  EXPECT_FALSE(check.AllowsIpv6(octets("2001:db8:2::1").data()));
  EXPECT_TRUE(check.AllowsIpv6(octets("2001:db8:1::2").data()));
  EXPECT_TRUE(check.AllowsIpv6(octets("2001:db8:2::1:1").data()));
}

TEST(SourceCheck, ThePeersLinkLocalAddress) {
  const SourceCheck check(kBoth, {}, {}, kPeerId);
  const auto is_peer = [&check](const char* text) {
    return check.IsPeerLinkLocal(Ipv6Address::Parse(text)->octets().data());
  };
  EXPECT_TRUE(is_peer("fe80::2a"));
  EXPECT_FALSE(is_peer("fe80::2b"));
  EXPECT_FALSE(is_peer("fe80:0:0:1::2a"));
  EXPECT_FALSE(is_peer("febf::2a"));
  EXPECT_FALSE(is_peer("::2a"));
  EXPECT_FALSE(Allows6(check, "fe80::2a")) << "of no network";
}

// ---- Against comparison bit by bit

template <class Octets>
bool InPrefix(const Octets& address, const Octets& prefix, std::size_t length) {
  for (std::size_t bit = 0; bit < length; ++bit) {
    const int mask = 0x80 >> (bit % 8);
    if (((address[bit / 8] ^ prefix[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

// The address, or one that differs in a single bit near the prefix's end.
template <class Octets>
Octets Neighbour(Octets octets, std::size_t length, test::Dice& dice) {
  const std::size_t bits = octets.size() * 8;
  const std::size_t near = length < 2 ? 0 : length - 2;
  const std::size_t bit =
      std::min(dice.OneIn(3) ? dice.Below(bits) : near + dice.Below(4), bits - 1);
  if (!dice.OneIn(5)) octets[bit / 8] ^= static_cast<std::uint8_t>(0x80 >> (bit % 8));
  return octets;
}

TEST(SourceCheckProperty, PrefixesOfAnyLength) {
  std::size_t allowed = 0;
  std::size_t tried = 0;
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    test::Dice dice(seed);
    std::vector<Ipv4Prefix> ipv4(dice.Below(4));
    std::vector<Ipv6Prefix> ipv6(dice.Below(4));
    for (Ipv4Prefix& prefix : ipv4) {
      prefix.address = Ipv4Address(static_cast<std::uint32_t>(dice.Below(0xffffffff)));
      prefix.length = static_cast<std::uint8_t>(dice.Below(33));
    }
    for (Ipv6Prefix& prefix : ipv6) {
      std::array<std::uint8_t, 16> octets{};
      for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(dice.Below(256));
      prefix = MakeIpv6Prefix(Ipv6Address(octets), static_cast<std::uint8_t>(dice.Below(129)));
    }
    const SourceCheck check(kBoth, ipv4, ipv6);
    for (const Ipv4Prefix& near : ipv4) {
      const auto address = Neighbour(near.address.octets(), near.length, dice);
      const bool expected = std::any_of(ipv4.begin(), ipv4.end(), [&](const Ipv4Prefix& prefix) {
        return InPrefix(address, prefix.address.octets(), prefix.length);
      });
      ASSERT_EQ(check.AllowsIpv4(address.data()), expected) << "seed " << seed;
      allowed += expected ? 1 : 0;
      ++tried;
    }
    for (const Ipv6Prefix& near : ipv6) {
      const auto address = Neighbour(near.address.octets(), near.length, dice);
      const bool expected = std::any_of(ipv6.begin(), ipv6.end(), [&](const Ipv6Prefix& prefix) {
        return InPrefix(address, prefix.address.octets(), prefix.length);
      });
      ASSERT_EQ(check.AllowsIpv6(address.data()), expected) << "seed " << seed;
      allowed += expected ? 1 : 0;
      ++tried;
    }
  }
  EXPECT_GT(allowed, tried / 5);
  EXPECT_LT(allowed, tried - tried / 5);
}

}  // namespace
}  // namespace sstpgw::datapath
