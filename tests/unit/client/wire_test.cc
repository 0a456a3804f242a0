#include "tests/client/wire.h"

#include <gtest/gtest.h>

namespace sstpgw::client {
namespace {

TEST(Wire, CallConnectRequestIsTheExampleOfMsSstp47) {
  EXPECT_EQ(CallConnectRequest(), FromHex("10 01 00 0e 00 01 00 01 00 01 00 06 00 01"));
}

TEST(Wire, DisconnectAndAbortAreTheExamplesOfMsSstp47) {
  EXPECT_EQ(SstpWithStatus(kCallDisconnect, 0, 0),
            FromHex("10 01 00 14 00 06 00 01 00 02 00 0c 00 00 00 00 00 00 00 00"));
  const SstpPacket abort{SstpWithStatus(kCallAbort, 2, 8)};
  EXPECT_EQ(abort.raw, FromHex("10 01 00 14 00 05 00 01 00 02 00 0c 00 00 00 02 00 00 00 08"));
  EXPECT_EQ(abort.message_type(), kCallAbort);
  EXPECT_EQ(abort.status(), 8u);
  EXPECT_EQ(abort.status_attribute(), 2);
}

TEST(Wire, NumbersAndSumsOfRfc1071) {
  Bytes octets = FromHex("00 01 f2 03 f4 f5 f6 f7");  // its example, section 3
  EXPECT_EQ(Get16(octets, 2), 0xf203);
  EXPECT_EQ(FoldedSum(octets), 0xddf2);
  EXPECT_EQ(FoldedSum(octets, 0xffff), 0xddf2) << "the other zero";
  EXPECT_EQ(FoldedSum(ByteView(octets).first(3)), 0xf201);
  Put16(octets, 0, 0x0001 + (0xffff - 0xddf2));
  EXPECT_EQ(octets[1], 0x0e);
  EXPECT_EQ(FoldedSum(octets), 0xffff);
}

TEST(Wire, SplitterFindsPacketsWhereverTheStreamIsCut) {
  const Bytes stream = Concat({CallConnectRequest(), SstpPpp(kLcp, {kEchoReq, 7, {1, 2, 3, 4}}),
                               SstpControl(kSstpEchoRequest, {})});
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    SstpSplitter splitter;
    std::vector<SstpPacket> found;
    for (const ByteView part : {ByteView(stream).first(cut), ByteView(stream).subspan(cut)}) {
      splitter.Append(part);
      while (auto packet = splitter.Next()) found.push_back(*packet);
    }
    ASSERT_EQ(found.size(), 3u) << cut;
    EXPECT_EQ(found[0].message_type(), kCallConnectRequest);
    EXPECT_EQ(found[1].frame()->protocol, kLcp);
    EXPECT_EQ(found[2].message_type(), kSstpEchoRequest);
    EXPECT_FALSE(splitter.broken());
  }
}

TEST(Wire, SplitterSaysHowMuchThePacketThatHasBegunLacks) {
  SstpSplitter splitter;
  EXPECT_TRUE(splitter.empty());
  EXPECT_EQ(splitter.Lacking(), 4u);
  splitter.Append(FromHex("10 00 00"));
  EXPECT_FALSE(splitter.empty());
  EXPECT_EQ(splitter.Lacking(), 1u);
  splitter.Append(FromHex("0a"));
  EXPECT_EQ(splitter.Lacking(), 6u);
  splitter.Append(FromHex("ff 03 00 21 45 02"));
  ASSERT_TRUE(splitter.Next());
  EXPECT_TRUE(splitter.empty());
}

TEST(Wire, AnIpv6PacketIsFoundInPlace) {
  const Bytes stream = SstpData(kIpv6, FromHex("60 00 00 03"));
  EXPECT_EQ(Bytes(LeadingIp(stream).begin(), LeadingIp(stream).end()), FromHex("60 00 00 03"));
  EXPECT_EQ(ProtocolOfIp(LeadingIp(stream)), kIpv6);
  EXPECT_EQ(ProtocolOfIp(FromHex("45")), kIpv4);
  EXPECT_EQ(ProtocolOfIp(FromHex("55")), 0);
  EXPECT_EQ(ProtocolOfIp({}), 0);
}

TEST(Wire, AnIpv4PacketIsFoundInPlaceOnlyWhole) {
  const Bytes stream = Concat({SstpData(kIpv4, FromHex("45 00 00 03")), CallConnectRequest()});
  EXPECT_EQ(Bytes(LeadingIp(stream).begin(), LeadingIp(stream).end()), FromHex("45 00 00 03"));
  EXPECT_EQ(LeadingIp(stream).data(), stream.data() + kIpFrameHeader);
  for (std::size_t size = 0; size < 12; ++size) {
    EXPECT_TRUE(LeadingIp(ByteView(stream).first(size)).empty()) << size;
  }
  for (const char* hex : {"10 01 00 0a ff 03 00 21 45 02", "10 00 00 0a ff 03 c0 21 45 02",
                          "10 00 00 07 ff 03 00 21 45 02", "11 00 00 0a ff 03 00 21 45 02",
                          "10 00 00 08 00 21 45 02", "10 00 00 08 ff 03 00 21"}) {
    EXPECT_TRUE(LeadingIp(FromHex(hex)).empty()) << hex;
  }
}

TEST(Wire, TheHeaderOfAnIpFrameIsTheOneOfAnyFrame) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{300}, kMaxIp}) {
    for (const std::uint16_t protocol : {kIpv4, kIpv6}) {
      const Bytes frame = SstpData(protocol, Bytes(size));
      const auto header = IpFrameHeader(protocol, size);
      EXPECT_EQ(Bytes(header.begin(), header.end()),
                Bytes(frame.begin(), frame.begin() + kIpFrameHeader));
    }
  }
}

TEST(Wire, SplitterGivesUpOnAStreamWithoutBoundaries) {
  for (const char* hex : {"11 01 00 08", "10 00 00 03", "10 01 00 07"}) {
    SstpSplitter splitter;
    splitter.Append(FromHex(hex));
    EXPECT_FALSE(splitter.Next());
    EXPECT_TRUE(splitter.broken()) << hex;
  }
}

TEST(Wire, FramesComeWithAndWithoutAddressAndControl) {
  EXPECT_EQ((SstpPacket{FromHex("10 00 00 09 ff 03 c0 21 05")}).frame()->protocol, kLcp);
  EXPECT_EQ((SstpPacket{FromHex("10 00 00 07 c0 21 05")}).frame()->protocol, kLcp);
  EXPECT_EQ((SstpPacket{FromHex("10 00 00 06 21 45")}).frame()->protocol, kIpv4);
  EXPECT_FALSE((SstpPacket{FromHex("10 00 00 04")}).frame());
}

TEST(Wire, LengthsThatPassTheirContainerAreRefused) {
  EXPECT_FALSE(ParsePppControl(FromHex("01 00 00 05")));
  EXPECT_FALSE(ParsePppControl(FromHex("01 00 00 03")));
  EXPECT_FALSE(ParseOptions(FromHex("01 01")));
  EXPECT_FALSE(ParseOptions(FromHex("01 05 00 00")));
  EXPECT_TRUE((SstpPacket{FromHex("10 01 00 0c 00 05 00 01 00 02 00 0c")}).attributes().empty());
}

}  // namespace
}  // namespace sstpgw::client
