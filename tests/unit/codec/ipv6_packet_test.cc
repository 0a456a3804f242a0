// IPv6 header, UDP and the checksum over the pseudo header (RFC 8200).
#include "gateway/codec/ipv6_packet.h"

#include <gtest/gtest.h>

#include "tests/support/hex.h"

namespace sstpgw::codec {
namespace {

Ipv6Address Address(const char* text) { return Ipv6Address::Parse(text).value(); }

const Ipv6Ends kEnds{Address("fe80::2"), Address("ff02::1:2")};
const Bytes kPayload = test::FromText("odd");

TEST(Ipv6Packet, UdpThereAndBack) {
  const Bytes packet = EncodeUdpPacket(kEnds, {.source = 546, .destination = 547}, kPayload);
  ASSERT_EQ(packet.size(), 40U + 8U + 3U);
  const auto ip = ParseIpv6Packet(packet);
  ASSERT_TRUE(ip.has_value());
  EXPECT_EQ(ip->ends.source, kEnds.source);
  EXPECT_EQ(ip->ends.destination, kEnds.destination);
  EXPECT_EQ(ip->next_header, kNextHeaderUdp);
  const auto datagram = ParseUdp(*ip);
  ASSERT_TRUE(datagram.has_value());
  EXPECT_EQ(datagram->source_port, 546);
  EXPECT_EQ(datagram->destination_port, 547);
  EXPECT_EQ(Bytes(datagram->payload.begin(), datagram->payload.end()), kPayload);
}

TEST(Ipv6Packet, ChecksumOfAKnownPacket) {
  // Router Solicitation from fe80::2, computed by other means.
  const Ipv6Ends ends{Address("fe80::2"), AllRouters()};
  EXPECT_EQ(UpperLayerChecksum(ends, 58, Bytes{133, 0, 0, 0, 0, 0, 0, 0}), 0x7d35);
  EXPECT_EQ(UpperLayerChecksum(ends, 58, Bytes{133, 0, 0x7d, 0x35, 0, 0, 0, 0}), 0);
}

TEST(Ipv6Packet, AnUdpChecksumOfZeroIsSentAsAllOnes) {
  // The payload is such that the sum comes out as 0xffff.
  Bytes packet = EncodeUdpPacket(kEnds, {.source = 546, .destination = 547}, Bytes{0, 0});
  const Bytes wanted{packet[46], packet[47]};
  packet = EncodeUdpPacket(kEnds, {.source = 546, .destination = 547}, wanted);
  EXPECT_EQ(packet[46], 0xff);
  EXPECT_EQ(packet[47], 0xff);
  EXPECT_TRUE(ParseUdp(ParseIpv6Packet(packet).value()).has_value());
}

TEST(Ipv6Packet, EveryTruncationIsRefused) {
  const Bytes packet = EncodeUdpPacket(kEnds, {.source = 546, .destination = 547}, kPayload);
  for (std::size_t size = 0; size < packet.size(); ++size) {
    const Bytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(ParseIpv6Packet(cut).has_value()) << size;
  }
}

TEST(Ipv6Packet, PaddingBehindThePayloadIsNotPartOfIt) {
  Bytes packet = EncodeUdpPacket(kEnds, {.source = 546, .destination = 547}, kPayload);
  packet.resize(packet.size() + 9, 0xee);
  const auto ip = ParseIpv6Packet(packet);
  ASSERT_TRUE(ip.has_value());
  EXPECT_EQ(ip->payload.size(), 11U);
  EXPECT_TRUE(ParseUdp(*ip).has_value());
}

TEST(Ipv6Packet, OtherVersionsAndJumbogramsAreRefused) {
  Bytes packet = EncodeUdpPacket(kEnds, {.source = 546, .destination = 547}, kPayload);
  packet[0] = 0x40;
  EXPECT_EQ(ParseIpv6Packet(packet).error().code, ParseErrc::kBadVersion);
  packet[0] = 0x60;
  packet[4] = packet[5] = 0;
  EXPECT_EQ(ParseIpv6Packet(packet).error().code, ParseErrc::kBadLength);
}

TEST(Ipv6Packet, UdpLengthAndChecksumAreJudged) {
  const Bytes good = EncodeUdpPacket(kEnds, {.source = 546, .destination = 547}, kPayload);
  const auto code_of = [](const Bytes& packet) {
    return ParseUdp(ParseIpv6Packet(packet).value()).error().code;
  };
  for (const int length : {0, 7, 12, 255}) {
    Bytes bad = good;
    bad[45] = static_cast<std::uint8_t>(length);
    EXPECT_EQ(code_of(bad), ParseErrc::kBadLength) << length;
  }
  Bytes bad = good;
  bad[46] = bad[47] = 0;  // left out, which IPv6 forbids
  EXPECT_EQ(code_of(bad), ParseErrc::kBadValue);
  bad = good;
  bad.back() ^= 1;
  EXPECT_EQ(code_of(bad), ParseErrc::kBadValue);
  bad = good;
  bad[6] = 6;
  EXPECT_EQ(code_of(bad), ParseErrc::kWrongType);
  Bytes shorter = good;
  shorter[5] = 7;  // the payload is shorter than a UDP header
  EXPECT_EQ(code_of(shorter), ParseErrc::kTruncated);
}

TEST(Ipv6Packet, WellKnownAddresses) {
  EXPECT_EQ(AllNodes(), Address("ff02::1"));
  EXPECT_EQ(AllRouters(), Address("ff02::2"));
  EXPECT_EQ(AllDhcpServersAndRelays(), Address("ff02::1:2"));
  EXPECT_TRUE(IsLinkLocal(Address("fe80::1")));
  EXPECT_TRUE(IsLinkLocal(Address("febf::1")));
  EXPECT_FALSE(IsLinkLocal(Address("fec0::1")));
  EXPECT_FALSE(IsLinkLocal(Address("2001:db8::1")));
  EXPECT_TRUE(IsUnspecified(Address("::")));
  EXPECT_FALSE(IsUnspecified(Address("::1")));
}

}  // namespace
}  // namespace sstpgw::codec
