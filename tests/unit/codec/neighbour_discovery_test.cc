// Router Solicitations and Advertisements (RFC 4861 4.1, 4.2, 6.1.1; RFC 8106). The packets were
// put together and summed by other means.
#include "gateway/codec/neighbour_discovery.h"

#include <gtest/gtest.h>

#include "tests/support/hex.h"

namespace sstpgw::codec {
namespace {

Ipv6Address Address(const char* text) { return Ipv6Address::Parse(text).value(); }

const Bytes kSolicitation = test::FromHex(
    "6000 0000 0008 3aff fe80 0000 0000 0000 0000 0000 0000 0002 ff02 0000 0000 0000"
    "0000 0000 0000 0002 8500 7d35 0000 0000");

// A solicitation with these options, its checksum right.
Bytes WithOptions(const char* source, const Bytes& options) {
  Bytes message{133, 0, 0, 0, 0, 0, 0, 0};
  message.insert(message.end(), options.begin(), options.end());
  return EncodeIcmpv6Packet({Address(source), AllRouters()}, message);
}

ParseErrc Refusal(const Bytes& packet) {
  const auto parsed = ParseRouterSolicitation(packet);
  EXPECT_FALSE(parsed.has_value());
  return parsed ? ParseErrc::kTrailing : parsed.error().code;
}

TEST(RouterSolicitation, Golden) {
  const auto parsed = ParseRouterSolicitation(kSolicitation);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->source, Address("fe80::2"));
}

TEST(RouterSolicitation, GoldenWithoutAnAddressYet) {
  const auto parsed = ParseRouterSolicitation(test::FromHex(
      "6000 0000 0008 3aff 0000 0000 0000 0000 0000 0000 0000 0000 ff02 0000 0000 0000"
      "0000 0000 0000 0002 8500 7bb8 0000 0000"));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->source, Ipv6Address());
}

TEST(RouterSolicitation, EveryTruncationIsRefused) {
  const Bytes whole = WithOptions("fe80::2", {1, 1, 0, 1, 2, 3, 4, 5, 14, 1, 0, 0, 0, 0, 0, 0});
  ASSERT_TRUE(ParseRouterSolicitation(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(ParseRouterSolicitation(cut).has_value()) << size;
  }
}

TEST(RouterSolicitation, MessagesThatEndEarlyAreRefused) {
  for (std::size_t size = 1; size < 8; ++size) {
    Bytes message{133, 0, 0, 0, 0, 0, 0};
    message.resize(std::max<std::size_t>(size, 4));
    Bytes packet = EncodeIcmpv6Packet({Address("fe80::2"), AllRouters()}, message);
    packet.resize(40 + size);
    packet[5] = static_cast<std::uint8_t>(size);
    EXPECT_EQ(Refusal(packet), ParseErrc::kTruncated) << size;
  }
}

TEST(RouterSolicitation, Rfc4861HopLimitIs255) {
  Bytes routed = kSolicitation;
  routed[7] = 254;
  EXPECT_EQ(Refusal(routed), ParseErrc::kBadValue);
}

TEST(RouterSolicitation, Rfc4861ChecksumAndCode) {
  Bytes bad = kSolicitation;
  bad[44] = 1;
  EXPECT_EQ(Refusal(bad), ParseErrc::kBadValue);
  EXPECT_EQ(Refusal(EncodeIcmpv6Packet({Address("fe80::2"), AllRouters()},
                                       Bytes{133, 1, 0, 0, 0, 0, 0, 0})),
            ParseErrc::kBadValue);
}

TEST(RouterSolicitation, OnlyFromTheLink) {
  EXPECT_EQ(Refusal(WithOptions("2001:db8::2", {})), ParseErrc::kBadValue);
  EXPECT_EQ(Refusal(WithOptions("ff02::1", {})), ParseErrc::kBadValue);
}

TEST(RouterSolicitation, Rfc4861OptionLengths) {
  EXPECT_TRUE(ParseRouterSolicitation(WithOptions("fe80::2", Bytes{1, 1, 0, 0, 0, 0, 0, 0})));
  EXPECT_EQ(Refusal(WithOptions("fe80::2", {1, 0, 0, 0, 0, 0, 0, 0})), ParseErrc::kBadLength);
  EXPECT_EQ(Refusal(WithOptions("fe80::2", {1, 2, 0, 0, 0, 0, 0, 0})), ParseErrc::kBadLength);
  EXPECT_EQ(Refusal(WithOptions("fe80::2", {1, 255, 0, 0, 0, 0, 0, 0})), ParseErrc::kBadLength);
  EXPECT_EQ(Refusal(WithOptions("fe80::2", {1})), ParseErrc::kBadLength);
  EXPECT_EQ(Refusal(WithOptions("fe80::2", {1, 1, 0, 0})), ParseErrc::kBadLength);
}

TEST(RouterSolicitation, Rfc4861NoLinkLayerAddressOfAHostWithoutAddress) {
  EXPECT_EQ(Refusal(WithOptions("::", {1, 1, 0, 0, 0, 0, 0, 0})), ParseErrc::kBadValue);
  EXPECT_TRUE(ParseRouterSolicitation(WithOptions("::", {14, 1, 0, 0, 0, 0, 0, 0})));
}

TEST(RouterSolicitation, NoOctetOfThePacketMayChange) {
  Bytes packet = WithOptions("fe80::2", {1, 1, 0, 1, 2, 3, 4, 5});
  for (std::size_t at = 0; at < packet.size(); ++at) {
    // Traffic class and flow label are in no checksum and mean nothing.
    if (at < 4) continue;
    const std::uint8_t right = packet[at];
    for (int value = 0; value < 256; ++value) {
      packet[at] = static_cast<std::uint8_t>(value);
      EXPECT_EQ(ParseRouterSolicitation(packet).has_value(), packet[at] == right)
          << at << " " << value;
    }
    packet[at] = right;
  }
}

TEST(RouterSolicitation, OtherMessagesAreOfTheWrongType) {
  for (const int type : {128, 134, 135, 136}) {
    EXPECT_EQ(
        Refusal(EncodeIcmpv6Packet({Address("fe80::2"), AllRouters()},
                                   Bytes{static_cast<std::uint8_t>(type), 0, 0, 0, 0, 0, 0, 0})),
        ParseErrc::kWrongType);
  }
  Bytes udp = kSolicitation;
  udp[6] = 17;
  EXPECT_EQ(Refusal(udp), ParseErrc::kWrongType);
}

RouterAdvertisement Example() {
  RouterAdvertisement content;
  content.managed = content.other_config = true;
  content.router_lifetime = 1800;
  content.mtu = 1400;
  content.prefixes.push_back({.prefix = Ipv6Prefix::Parse("2001:db8:1:2::/64").value(),
                              .valid_lifetime = 2'592'000,
                              .preferred_lifetime = 604'800});
  content.rdnss = {Address("2001:db8::53"), Address("2001:db8::54")};
  content.dnssl = {"vpn.example"};
  content.dns_lifetime = 600;
  return content;
}

TEST(RouterAdvertisement, Golden) {
  EXPECT_EQ(EncodeRouterAdvertisement({Address("fe80::1"), AllNodes()}, Example()),
            test::FromHex(
                "6000 0000 0078 3aff fe80 0000 0000 0000 0000 0000 0000 0001"  // fe80::1, hop 255
                "ff02 0000 0000 0000 0000 0000 0000 0001"                      // to all nodes
                "8600 8a02 40c0 0708 0000 0000 0000 0000"                      // 64, M O, 1800 s
                "0501 0000 0000 0578"                                          // MTU 1400
                "0304 40c0 0027 8d00 0009 3a80 0000 0000"                      // /64, L A
                "2001 0db8 0001 0002 0000 0000 0000 0000"                      //
                "1905 0000 0000 0258"                                          // RDNSS, 600 s
                "2001 0db8 0000 0000 0000 0000 0000 0053"                      //
                "2001 0db8 0000 0000 0000 0000 0000 0054"                      //
                "1f03 0000 0000 0258"                                          // DNSSL
                "0376 706e 0765 7861 6d70 6c65 0000 0000"));
}

TEST(RouterAdvertisement, WithoutAnythingItHasNoOptions) {
  const Bytes packet = EncodeRouterAdvertisement({Address("fe80::1"), Address("fe80::2")}, {});
  ASSERT_EQ(packet.size(), 56U);
  EXPECT_EQ(Bytes(packet.begin() + 44, packet.end()), (Bytes{64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(RouterAdvertisement, FlagsAreTheirOwn) {
  RouterAdvertisement content;
  content.managed = true;
  content.prefixes.push_back({.on_link = false, .autonomous = true});
  content.prefixes.push_back({.on_link = true, .autonomous = false});
  Bytes packet = EncodeRouterAdvertisement({Address("fe80::1"), AllNodes()}, content);
  EXPECT_EQ(packet[45], 0x80);
  EXPECT_EQ(packet[56 + 3], 0x40);
  EXPECT_EQ(packet[56 + 32 + 3], 0x80);
  content.managed = false;
  content.other_config = true;
  packet = EncodeRouterAdvertisement({Address("fe80::1"), AllNodes()}, content);
  EXPECT_EQ(packet[45], 0x40);
}

TEST(RouterAdvertisement, Rfc8106AtMostThreeServers) {
  RouterAdvertisement content;
  content.rdnss = std::vector<Ipv6Address>(5, Address("2001:db8::53"));
  const Bytes packet = EncodeRouterAdvertisement({Address("fe80::1"), AllNodes()}, content);
  EXPECT_EQ(packet.size(), 56U + 8U + 48U);
  EXPECT_EQ(packet[57], 7);
}

TEST(RouterAdvertisement, BadDomainsAreLeftOut) {
  RouterAdvertisement content;
  content.dnssl = {"", std::string(64, 'x'), "a..b"};
  EXPECT_EQ(EncodeRouterAdvertisement({Address("fe80::1"), AllNodes()}, content).size(), 56U);
}

TEST(RouterAdvertisement, NeverLongerThanTheSmallestMtu) {
  RouterAdvertisement content = Example();
  content.prefixes.resize(100, content.prefixes[0]);
  content.dnssl = std::vector<std::string>(50, std::string(60, 'd') + ".example");
  const Bytes packet = EncodeRouterAdvertisement({Address("fe80::1"), AllNodes()}, content);
  EXPECT_LE(packet.size(), 1280U);
  EXPECT_GT(packet.size(), 1200U);
  const auto ip = ParseIpv6Packet(packet);
  ASSERT_TRUE(ip.has_value());
  EXPECT_EQ(UpperLayerChecksum(ip->ends, kNextHeaderIcmpv6, ip->payload), 0);
  EXPECT_EQ(ip->payload.size() % 8, 0U);
}

}  // namespace
}  // namespace sstpgw::codec
