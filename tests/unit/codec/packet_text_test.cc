#include "gateway/codec/packet_text.h"

#include "gateway/codec/chap.h"
#include "gateway/codec/pap.h"
#include "gateway/codec/ppp_control.h"
#include "tests/support/hex.h"

namespace sstpgw::codec {
namespace {

using test::FromHex;
using test::FromText;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Received(PppProtocol protocol, const Bytes& payload,
                     std::optional<AuthProtocol> chap = std::nullopt) {
  return DescribePacket(Direction::kReceive, protocol, payload, chap);
}
std::string Sent(PppProtocol protocol, const Bytes& payload,
                 std::optional<AuthProtocol> chap = std::nullopt) {
  return DescribePacket(Direction::kSend, protocol, payload, chap);
}

Bytes Lcp(PppCode code, std::uint8_t identifier, const std::string& hex) {
  return EncodeControlPacket(code, identifier, FromHex(hex));
}

// The PPP lines of the reference trace, word for word.
TEST(PacketText, ReferenceTraceLcp) {
  EXPECT_EQ(
      LogLine(Direction::kSend, Sent(PppProtocol::kLcp, Lcp(PppCode::kConfigureRequest, 0x56,
                                                            "0304c023 010405ac 05061cd9ad05"))),
      "send [LCP ConfReq id=56 <auth PAP> <mru 1452> <magic 1cd9ad05>]");
  EXPECT_EQ(LogLine(Direction::kReceive,
                    Received(PppProtocol::kLcp, Lcp(PppCode::kConfigureRequest, 0,
                                                    "01040ffb 0506345f64ca 0702 0802 0d0306"))),
            "recv [LCP ConfReq id=0 <mru 4091> <magic 345f64ca> <pcomp> <accomp> < d 3 6 >]");
  EXPECT_EQ(Sent(PppProtocol::kLcp, Lcp(PppCode::kConfigureReject, 0, "0702 0802 0d0306")),
            "LCP ConfRej id=0 <pcomp> <accomp> < d 3 6 >");
  EXPECT_EQ(Sent(PppProtocol::kLcp, Lcp(PppCode::kConfigureNak, 1, "010405ac")),
            "LCP ConfNak id=1 <mru 1452>");
  const Bytes ack = Lcp(PppCode::kConfigureAck, 2, "010405ac 0506345f64ca");
  EXPECT_EQ(Sent(PppProtocol::kLcp, ack), "LCP ConfAck id=2");
  EXPECT_EQ(Received(PppProtocol::kLcp, ack), "LCP ConfAck id=2 <mru 1452> <magic 345f64ca>");
  EXPECT_EQ(
      Received(PppProtocol::kLcp, EncodeControlPacket(PppCode::kIdentification, 3,
                                                      EncodeMagicData(1, FromText("MSRASV5.20")))),
      "LCP Ident id=3 <MSRASV5.20>");
  EXPECT_EQ(Sent(PppProtocol::kLcp, EncodeProtocolReject(88, 0x8057, FromHex("0102"), 1500)),
            "LCP ProtoRej id=88 <8057>");
}

TEST(PacketText, ReferenceTraceIpcp) {
  EXPECT_EQ(Received(PppProtocol::kIpcp,
                     Lcp(PppCode::kConfigureRequest, 7,
                         "030600000000 810600000000 820600000000 830600000000 840600000000")),
            "IPCP ConfReq id=7 <addr 0.0.0.0> <dns1 0.0.0.0> <wins1 0.0.0.0> <dns2 0.0.0.0> "
            "<wins2 0.0.0.0>");
  EXPECT_EQ(Sent(PppProtocol::kIpcp, Lcp(PppCode::kConfigureRequest, 0x25, "03060a000001")),
            "IPCP ConfReq id=25 <addr 10.0.0.1>");
  EXPECT_EQ(Sent(PppProtocol::kIpcp, Lcp(PppCode::kConfigureNak, 8, "03060a000005")),
            "IPCP ConfNak id=8 <addr 10.0.0.5>");
}

TEST(PacketText, ReferenceTracePap) {
  EXPECT_EQ(
      Received(PppProtocol::kPap, EncodePapRequest(3, "test", Secret(std::string_view("secret")))),
      "PAP AuthReq id=3");
  EXPECT_EQ(
      Sent(PppProtocol::kPap, EncodePapReply(PapCode::kAuthAck, 3, "Authentication succeeded")),
      "PAP AuthAck id=3 \"Authentication succeeded\"");
}

TEST(PacketText, IdentifiersAreHexButForProtocolReject) {
  EXPECT_EQ(Sent(PppProtocol::kLcp, Lcp(PppCode::kTerminateAck, 0xab, "")), "LCP TermAck id=ab");
  EXPECT_EQ(Sent(PppProtocol::kLcp, EncodeProtocolReject(0xab, 0x80fd, {}, 1500)),
            "LCP ProtoRej id=171 <80fd>");
}

TEST(PacketText, OtherLcpCodes) {
  EXPECT_EQ(Sent(PppProtocol::kLcp, Lcp(PppCode::kEchoRequest, 1, "00001234")),
            "LCP EchoReq id=1 <magic 00001234>");
  EXPECT_EQ(Received(PppProtocol::kLcp, Lcp(PppCode::kEchoReply, 1, "00")),
            "LCP EchoRep id=1 short packet");
  EXPECT_EQ(Received(PppProtocol::kLcp,
                     EncodeControlPacket(PppCode::kTerminateRequest, 5, FromText("by\x1b[1m"))),
            "LCP TermReq id=5 \"by\\x1b[1m\"");
  EXPECT_EQ(Sent(PppProtocol::kLcp, EncodeCodeReject(4, FromHex("63010004"), 1500)),
            "LCP CodeRej id=4 <code 63>");
  EXPECT_EQ(Received(PppProtocol::kLcp, FromHex("63010004")), "LCP code=63 id=1");
  EXPECT_EQ(Received(PppProtocol::kIpcp, FromHex("09010004")), "IPCP code=9 id=1");
}

TEST(PacketText, OptionsWithWrongLengthAreShownInHex) {
  EXPECT_EQ(Received(PppProtocol::kLcp, Lcp(PppCode::kConfigureRequest, 1, "0103ff 0506345f64ca")),
            "LCP ConfReq id=1 < 1 3 ff > <magic 345f64ca>");
  EXPECT_EQ(Received(PppProtocol::kLcp, Lcp(PppCode::kConfigureNak, 1, "0305c22700")),
            "LCP ConfNak id=1 < 3 5 c2 27 0 >");
}

TEST(PacketText, Ipv6cpAndCcp) {
  EXPECT_EQ(Received(PppProtocol::kIpv6cp,
                     Lcp(PppCode::kConfigureRequest, 6, "010a 0211 0000 00ff fe01")),
            "IPV6CP ConfReq id=6 <addr 211:0:ff:fe01>");
  EXPECT_EQ(Received(PppProtocol::kCcp, Lcp(PppCode::kConfigureRequest, 5, "1206 01000040")),
            "CCP ConfReq id=5 <mppe +H -M +S -L -D -C>");
  EXPECT_EQ(
      Received(PppProtocol::kCcp, Lcp(PppCode::kConfigureReject, 5, "1206 000000b1 1105a1b2c3")),
      "CCP ConfRej id=5 <mppe -H +M -S +L +D +C> < 11 5 a1 b2 c3 >");
  EXPECT_EQ(Received(PppProtocol::kCcp, FromHex("0e1f0004")), "CCP ResetReq id=1f");
  EXPECT_EQ(Received(PppProtocol::kCcp, FromHex("0f1f0004")), "CCP ResetAck id=1f");
  EXPECT_EQ(Received(PppProtocol::kLcp, FromHex("0e1f0004")), "LCP code=e id=1f");
  EXPECT_EQ(Received(PppProtocol::kCcp, FromHex("091f0004")), "CCP code=9 id=1f");
}

TEST(PacketText, BrokenPackets) {
  EXPECT_EQ(Received(PppProtocol::kLcp, {}), "LCP short packet");
  EXPECT_EQ(Received(PppProtocol::kLcp, FromHex("0101ffff")), "LCP short packet");
  EXPECT_EQ(Received(PppProtocol::kLcp, FromHex("010100060100")), "LCP ConfReq id=1 short packet");
  EXPECT_EQ(Received(PppProtocol::kChap, FromHex("02010005ff"), AuthProtocol::kMsChapV2),
            "MSCHAP-v2 Response id=1 short packet");
}

TEST(PacketText, LongOptionListsAreCut) {
  std::string hex;
  for (int i = 0; i < 1000; ++i) hex += "0702";
  const std::string text = Received(PppProtocol::kLcp, Lcp(PppCode::kConfigureRequest, 1, hex));
  EXPECT_LT(text.size(), 400U);
  EXPECT_TRUE(text.ends_with(" ..."));
}

TEST(PacketText, ChapShowsNamesButNoResponse) {
  const Bytes value(49, 0x5a);
  const std::string text =
      Received(PppProtocol::kChap, EncodeChapValue(ChapCode::kResponse, 1, value, "DOM\\user\n"),
               AuthProtocol::kMsChapV2);
  EXPECT_EQ(text, "MSCHAP-v2 Response id=1 name=\"DOM\\\\user\\x0a\"");
  EXPECT_EQ(Sent(PppProtocol::kChap, EncodeChapValue(ChapCode::kChallenge, 0x1f, Bytes(16), "gw"),
                 AuthProtocol::kChapMd5),
            "CHAP Challenge id=1f name=\"gw\"");
}

TEST(PacketText, AuthenticatorResponseIsLeftOut) {
  const std::string digits = "407A5589115FD0D6209F510FE9C04566932CDA56";
  const Bytes packet =
      EncodeChapMessage(ChapCode::kSuccess, 1, "S=" + digits + " M=Authentication succeeded");
  const std::string text = Sent(PppProtocol::kChap, packet, AuthProtocol::kMsChapV2);
  EXPECT_EQ(text, "MSCHAP-v2 Success id=1 \"S=.. M=Authentication succeeded\"");
  EXPECT_THAT(Sent(PppProtocol::kChap, EncodeChapMessage(ChapCode::kSuccess, 1, "S=" + digits),
                   AuthProtocol::kMsChapV2),
              Not(HasSubstr("407A")));
}

TEST(PacketText, Failures) {
  EXPECT_EQ(
      Sent(PppProtocol::kChap, EncodeChapMessage(ChapCode::kFailure, 2, "E=691 R=0 C=00 V=3 M=no"),
           AuthProtocol::kMsChapV1),
      "MSCHAP-v1 Failure id=2 \"E=691 R=0 C=00 V=3 M=no\"");
  EXPECT_EQ(Received(PppProtocol::kChap, EncodeChapMessage(ChapCode::kChangePassword, 2, "xyz"),
                     AuthProtocol::kMsChapV2),
            "MSCHAP-v2 ChangePassword id=2");
  EXPECT_EQ(Received(static_cast<PppProtocol>(0x802b), Lcp(PppCode::kConfigureRequest, 1, "0102")),
            "0x802b ConfReq id=1 < 1 2 >");
}

TEST(PacketText, EapShowsTypesAndTheIdentityAlone) {
  const auto eap = [](const char* hex) { return Received(PppProtocol::kEap, FromHex(hex)); };
  EXPECT_EQ(eap("01070005 01"), "EAP Request id=7 <Identity>");
  EXPECT_EQ(eap("02070009 01 74657374"), "EAP Response id=7 <Identity \"test\">");
  EXPECT_EQ(eap("02070006 03 1a"), "EAP Response id=7 <Nak>");
  EXPECT_EQ(eap("02f00009 06 70617373"), "EAP Response id=f0 <GTC>");
  EXPECT_EQ(eap("02070009 34 70617373"), "EAP Response id=7 <type 52>");
  EXPECT_EQ(eap("03070004"), "EAP Success id=7");
  EXPECT_EQ(eap("04070004"), "EAP Failure id=7");
  EXPECT_EQ(eap("02070004"), "EAP Response id=7 short packet");
  EXPECT_EQ(eap("05070004"), "EAP code=5 id=7");
  EXPECT_EQ(eap("020700"), "EAP short packet");
  EXPECT_EQ(eap("02070006 01 0a"), "EAP Response id=7 <Identity \"\\x0a\">");
}

}  // namespace
}  // namespace sstpgw::codec
