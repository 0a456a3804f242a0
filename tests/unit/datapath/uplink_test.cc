#include "gateway/datapath/uplink.h"

#include "gateway/codec/ppp_frame.h"
#include "gateway/codec/sstp_control.h"
#include "tests/support/hex.h"
#include "tests/unit/datapath/uplink_recorder.h"

namespace sstpgw::datapath {
namespace {

using test::Append;
using test::FromText;
using test::kHead;
using Recorder = test::UplinkRecorder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Ipv4Address kPeer{0x0a000002};

// An IPv4 packet of `size` octets from `source`, zero but for the fields that are looked at.
Bytes Ip(Ipv4Address source, std::size_t size, std::size_t total_length) {
  Bytes packet(size);
  packet[0] = 0x45;
  packet[2] = static_cast<std::uint8_t>(total_length >> 8);
  packet[3] = static_cast<std::uint8_t>(total_length);
  const auto octets = source.octets();
  std::copy(octets.begin(), octets.end(), packet.begin() + 12);
  return packet;
}
Bytes Ip(Ipv4Address source, std::size_t size) { return Ip(source, size, size); }

Bytes Frame(const Bytes& ip) { return codec::EncodeDataPacket(codec::PppProtocol::kIpv4, ip); }

Bytes Echo() { return codec::EncodeBare(codec::MessageType::kEchoRequest); }

class UplinkTest : public ::testing::Test {
 protected:
  void Connect() {
    uplink_.Consume(FromText(kHead), recorder_);
    recorder_.events.clear();
  }
  Uplink uplink_;
  Recorder recorder_;
};

TEST_F(UplinkTest, HeadAndFirstPacketInOneRecord) {
  Bytes stream = FromText(kHead);
  Append(stream, codec::EncodeConnectRequest());
  Append(stream, Echo());
  uplink_.Consume(stream, recorder_);
  EXPECT_THAT(recorder_.events,
              ElementsAre("head:" + std::to_string(kHead.size()), "packet:14", "packet:8"));
  EXPECT_EQ(uplink_.held(), 0U);
}

TEST_F(UplinkTest, EverythingOctetByOctet) {
  Bytes stream = FromText(kHead);
  Append(stream, codec::EncodeConnectRequest());
  Append(stream, Frame(Ip(kPeer, 60)));
  Append(stream, Echo());
  uplink_.OpenData(SourceCheck(kPeer));
  for (const std::uint8_t octet : stream) uplink_.Consume(ByteView(&octet, 1), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("head:" + std::to_string(kHead.size()), "packet:14",
                                            "ip:60", "packet:8"));
  EXPECT_EQ(uplink_.held(), 0U);
}

TEST_F(UplinkTest, FrameCutAtEveryPlace) {
  const Bytes frame = Frame(Ip(kPeer, 100));
  for (std::size_t cut = 1; cut < frame.size(); ++cut) {
    Uplink uplink;
    Recorder recorder;
    uplink.Consume(FromText(kHead), recorder);
    uplink.OpenData(SourceCheck(kPeer));
    uplink.Consume(ByteView(frame).first(cut), recorder);
    EXPECT_EQ(recorder.events.size(), 1U) << cut;
    EXPECT_EQ(uplink.held(), cut);
    Bytes rest(frame.begin() + static_cast<std::ptrdiff_t>(cut), frame.end());
    Append(rest, Echo());
    uplink.Consume(rest, recorder);
    ASSERT_EQ(recorder.events.size(), 3U) << cut;
    EXPECT_EQ(recorder.events[1], "ip:100");
    EXPECT_EQ(recorder.events[2], "packet:8");
  }
}

TEST_F(UplinkTest, HeadOfExactly8KiBIsAccepted) {
  std::string head = "GET / HTTP/1.1\r\nX: ";
  head += std::string(kMaxHttpHead - head.size() - 4, 'a') + "\r\n\r\n";
  ASSERT_EQ(head.size(), kMaxHttpHead);
  Bytes stream = FromText(head);
  Append(stream, Echo());
  uplink_.Consume(stream, recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("head:8192", "packet:8"));
}

TEST_F(UplinkTest, LongerHeadIsRefusedOnce) {
  uplink_.Consume(FromText("GET / HTTP/1.1\r\nX: " + std::string(kMaxHttpHead, 'a')), recorder_);
  uplink_.Consume(FromText("\r\n\r\n"), recorder_);
  uplink_.Consume(Echo(), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("too long"));
  EXPECT_EQ(uplink_.held(), 0U);
}

TEST_F(UplinkTest, LongerHeadInSmallPiecesHoldsNoMoreThan8KiB) {
  const Bytes piece = FromText(std::string(100, 'a'));
  for (int i = 0; i < 200; ++i) {
    uplink_.Consume(piece, recorder_);
    EXPECT_LE(uplink_.held(), kMaxHttpHead);
  }
  EXPECT_THAT(recorder_.events, ElementsAre("too long"));
}

TEST_F(UplinkTest, LengthsThatLoseThePacketBoundaryStopTheStream) {
  for (const char* header :
       {"10000000", "10000003", "10010003", "10010007", "11010008", "00000008"}) {
    Uplink uplink;
    Recorder recorder;
    uplink.Consume(FromText(kHead), recorder);
    uplink.Consume(test::FromHex(header), recorder);
    uplink.Consume(Echo(), recorder);
    EXPECT_THAT(recorder.events, ElementsAre(::testing::_, "undelineated")) << header;
  }
}

TEST_F(UplinkTest, LargestPacketAndReservedBits) {
  Connect();
  Bytes packet = codec::EncodeDataPacket(codec::PppProtocol::kLcp, Bytes(codec::kMaxPppPayload));
  ASSERT_EQ(packet.size(), 4095U);
  packet[1] |= 0xfe;
  packet[2] |= 0xf0;
  uplink_.Consume(packet, recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("packet:4095"));
}

TEST_F(UplinkTest, EmptyDataPacketMeansNothing) {
  Connect();
  Bytes stream = test::FromHex("10000004");
  Append(stream, Echo());
  uplink_.Consume(stream, recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("packet:8"));
}

TEST_F(UplinkTest, DataBeforeOpenIsDroppedAndCounted) {
  Connect();
  uplink_.Consume(Frame(Ip(kPeer, 60)), recorder_);
  uplink_.Consume(codec::EncodeDataPacket(codec::PppProtocol::kIpv6, Bytes(40)), recorder_);
  EXPECT_THAT(recorder_.events, IsEmpty());
  EXPECT_EQ(uplink_.counters().dropped_before_binding, 2U);
  EXPECT_EQ(uplink_.counters().packets, 0U);
  uplink_.NoteBinding();
  uplink_.Consume(Frame(Ip(kPeer, 60)), recorder_);
  EXPECT_THAT(recorder_.events, IsEmpty());
  EXPECT_EQ(uplink_.counters().dropped_before_activation, 1U);
  uplink_.OpenData(SourceCheck(kPeer));
  uplink_.Consume(Frame(Ip(kPeer, 60)), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("ip:60"));
  EXPECT_EQ(uplink_.counters().packets, 1U);
  EXPECT_EQ(uplink_.counters().bytes, 60U);
  uplink_.ShutData();
  uplink_.Consume(Frame(Ip(kPeer, 60)), recorder_);
  EXPECT_EQ(uplink_.counters().dropped_closed, 1U);
  EXPECT_EQ(uplink_.counters().dropped_before_binding, 2U);
  EXPECT_EQ(uplink_.counters().dropped_before_activation, 1U);
  EXPECT_EQ(uplink_.counters().data_packets(), 5U);
}

TEST_F(UplinkTest, WhatTheInterfaceDoesNotTakeIsNoTraffic) {
  Connect();
  uplink_.OpenData(SourceCheck(kPeer));
  for (const std::size_t size : {60, 70, 80}) uplink_.Consume(Frame(Ip(kPeer, size)), recorder_);
  EXPECT_EQ(uplink_.counters().packets, 3U);
  uplink_.NoteRefused(2, 130);
  EXPECT_EQ(uplink_.counters().dropped_interface, 2U);
  EXPECT_EQ(uplink_.counters().packets, 1U);
  EXPECT_EQ(uplink_.counters().bytes, 80U);
  EXPECT_EQ(uplink_.counters().data_packets(), 3U);
}

// Packets may be collected: they are there until the end is told, even one that came in two reads.
TEST_F(UplinkTest, PacketsStayUntilTheirEndIsTold) {
  Connect();
  uplink_.OpenData(SourceCheck(kPeer));
  Bytes stream;
  for (const std::size_t size : {40, 50, 60}) Append(stream, Frame(Ip(kPeer, size)));
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    uplink_.Consume(ByteView(stream).first(cut), recorder_);
    uplink_.Consume(ByteView(stream).subspan(cut), recorder_);
    EXPECT_THAT(recorder_.views, IsEmpty()) << cut;
  }
  EXPECT_EQ(uplink_.counters().packets, 3 * (stream.size() - 1));
}

TEST_F(UplinkTest, TheEndOfPacketsComesBeforeAnythingElse) {
  Connect();
  uplink_.OpenData(SourceCheck(kPeer));
  Bytes stream = Frame(Ip(kPeer, 40));
  Append(stream, Frame(Ip(kPeer, 41)));
  Append(stream, Echo());
  Append(stream, Frame(Ip(kPeer, 42)));
  Append(stream, test::FromHex("00000008"));
  uplink_.Consume(stream, recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("ip:40", "ip:41", "packet:8", "ip:42", "undelineated"));
  EXPECT_EQ(recorder_.ends, 2U);
  uplink_.Consume(Echo(), recorder_);
  EXPECT_EQ(recorder_.ends, 2U) << "no packets, no end";
}

TEST_F(UplinkTest, ControlProtocolsPassBeforeOpen) {
  Connect();
  uplink_.Consume(codec::EncodeDataPacket(codec::PppProtocol::kIpcp, Bytes(10)), recorder_);
  uplink_.Consume(codec::EncodeDataPacket(codec::PppProtocol::kLcp, Bytes(10)), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("packet:18", "packet:18"));
}

TEST_F(UplinkTest, OtherDataProtocolsOfAnOpenPathGoToTheSession) {
  Connect();
  uplink_.OpenData(SourceCheck(kPeer));
  constexpr codec::PppProtocol kIpx{0x002b};
  uplink_.Consume(codec::EncodeDataPacket(kIpx, Bytes(40)), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("packet:48"));
}

// Reserved bits do not make an IP packet anything else; the control bit does.
TEST_F(UplinkTest, BitsInFrontOfAnIpPacket) {
  Connect();
  uplink_.OpenData(SourceCheck(kPeer));
  for (const bool straddles : {false, true}) {
    recorder_.events.clear();
    for (const int octet : {0x00, 0xfe, 0x01, 0xff}) {
      Bytes frame = Frame(Ip(kPeer, 60));
      frame[1] = static_cast<std::uint8_t>(octet);
      frame[2] |= 0xf0;
      const std::size_t cut = straddles ? 5 : frame.size();
      uplink_.Consume(ByteView(frame).first(cut), recorder_);
      uplink_.Consume(ByteView(frame).subspan(cut), recorder_);
    }
    EXPECT_THAT(recorder_.events, ElementsAre("ip:60", "ip:60", "packet:68", "packet:68"));
  }
}

TEST_F(UplinkTest, SpoofedSourceIsDroppedAndCounted) {
  Connect();
  uplink_.OpenData(SourceCheck(kPeer));
  uplink_.Consume(Frame(Ip(Ipv4Address(0x0a000003), 60)), recorder_);
  uplink_.Consume(Frame(Ip(Ipv4Address(0), 60)), recorder_);
  EXPECT_THAT(recorder_.events, IsEmpty());
  EXPECT_EQ(uplink_.counters().dropped_spoofed, 2U);
}

TEST_F(UplinkTest, OctetsBehindTheIpPacketAreCutOff) {
  Connect();
  uplink_.OpenData(SourceCheck(kPeer));
  uplink_.Consume(Frame(Ip(kPeer, 60, 40)), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("ip:40"));
  EXPECT_EQ(uplink_.counters().bytes, 40U);
}

TEST_F(UplinkTest, MalformedIpIsDroppedAndCounted) {
  Connect();
  uplink_.OpenData(SourceCheck(kPeer));
  Bytes ipv6 = Ip(kPeer, 60);
  ipv6[0] = 0x65;
  Bytes short_header = Ip(kPeer, 60);
  short_header[0] = 0x44;
  Bytes header_beyond_total = Ip(kPeer, 60, 20);
  header_beyond_total[0] = 0x46;
  const std::vector<Bytes> bad{ipv6, short_header, header_beyond_total, Ip(kPeer, 60, 61),
                               Ip(kPeer, 60, 19)};
  for (const Bytes& packet : bad) uplink_.Consume(Frame(packet), recorder_);
  uplink_.Consume(Frame(Bytes(19, 0x45)), recorder_);
  uplink_.Consume(test::FromHex("10000006ff03"), recorder_);  // no protocol
  EXPECT_THAT(recorder_.events, IsEmpty());
  EXPECT_EQ(uplink_.counters().dropped_malformed, bad.size() + 2);
}

TEST_F(UplinkTest, AcceptsCompressedFraming) {
  Connect();
  uplink_.OpenData(SourceCheck(kPeer));
  Bytes frame = test::FromHex("1000001921");  // no FF 03, protocol in one octet
  Append(frame, Ip(kPeer, 20));
  uplink_.Consume(frame, recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("ip:20"));
  EXPECT_EQ(recorder_.last, Ip(kPeer, 20));
}

TEST_F(UplinkTest, HandlerStopsTheStreamForGood) {
  Connect();
  recorder_.stop_after = 2;
  Bytes stream = Echo();
  for (int i = 0; i < 3; ++i) Append(stream, Echo());
  uplink_.Consume(stream, recorder_);
  uplink_.Consume(Echo(), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("packet:8", "packet:8"));
}

TEST_F(UplinkTest, HandlerThatRefusesTheHeadGetsNothingMore) {
  recorder_.stop_after = 1;
  Bytes stream = FromText(kHead);
  Append(stream, Echo());
  uplink_.Consume(stream, recorder_);
  EXPECT_EQ(recorder_.events.size(), 1U);
}

TEST_F(UplinkTest, HandlerStopsInsideAStraddlingPacket) {
  Connect();
  recorder_.stop_after = 1;
  const Bytes echo = Echo();
  uplink_.Consume(ByteView(echo).first(3), recorder_);
  Bytes rest(echo.begin() + 3, echo.end());
  Append(rest, Echo());
  uplink_.Consume(rest, recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("packet:8"));
  EXPECT_EQ(uplink_.held(), 0U);
}

// Opening from within the handler takes effect with the next packet of the same record.
TEST_F(UplinkTest, HandlerOpensTheDataPath) {
  class Opener : public Recorder {
   public:
    explicit Opener(Uplink& uplink) : uplink_(uplink) {}
    bool OnSstpPacket(ByteView packet) override {
      uplink_.OpenData(SourceCheck(kPeer));
      return Recorder::OnSstpPacket(packet);
    }

   private:
    Uplink& uplink_;
  };
  Opener opener(uplink_);
  uplink_.Consume(FromText(kHead), opener);
  Bytes stream = Frame(Ip(kPeer, 30));
  Append(stream, Echo());
  Append(stream, Frame(Ip(kPeer, 40)));
  uplink_.Consume(stream, opener);
  EXPECT_THAT(opener.events, ElementsAre(::testing::_, "packet:8", "ip:40"));
  EXPECT_EQ(uplink_.counters().dropped_before_binding, 1U);
}

// ---- A budget of pieces for the session's brain

TEST_F(UplinkTest, TheRestOfABudgetIsGivenBackAndNothingIsLost) {
  Connect();
  uplink_.OpenData(SourceCheck(kPeer));
  Bytes stream;
  for (int i = 0; i < 5; ++i) Append(stream, Echo());
  std::size_t budget = 2;
  ByteView rest = uplink_.Consume(stream, recorder_, budget);
  EXPECT_EQ(budget, 0U);
  EXPECT_EQ(rest.size(), 3 * Echo().size());
  EXPECT_THAT(recorder_.events, ElementsAre("packet:8", "packet:8"));
  EXPECT_EQ(uplink_.Consume(rest, recorder_, budget).size(), rest.size()) << "nothing is left";
  budget = 10;
  EXPECT_THAT(uplink_.Consume(rest, recorder_, budget), IsEmpty());
  EXPECT_EQ(budget, 7U);
  EXPECT_EQ(recorder_.events.size(), 5U);
}

TEST_F(UplinkTest, IpPacketsCostNoBudgetControlPacketsInsideASplitPieceDo) {
  Connect();
  uplink_.OpenData(SourceCheck(kPeer));
  const Bytes echo = Echo();
  uplink_.Consume(ByteView(echo).first(3), recorder_);
  Bytes stream(echo.begin() + 3, echo.end());
  for (int i = 0; i < 3; ++i) Append(stream, Frame(Ip(kPeer, 60)));
  Append(stream, echo);
  std::size_t budget = 1;
  const ByteView rest = uplink_.Consume(stream, recorder_, budget);
  EXPECT_EQ(uplink_.held(), 0U);
  EXPECT_THAT(recorder_.events, ElementsAre("packet:8"));
  budget = 1;
  EXPECT_THAT(uplink_.Consume(rest, recorder_, budget), IsEmpty());
  EXPECT_THAT(recorder_.events, ElementsAre("packet:8", "ip:60", "ip:60", "ip:60", "packet:8"));
}

}  // namespace
}  // namespace sstpgw::datapath
