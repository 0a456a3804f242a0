// The client machine against a scripted server.
#include "tests/unit/client/client_session_fixture.h"

namespace sstpgw::client {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST_F(ClientSessionTest, SendsTheHttpRequestFirst) {
  options_.host = "vyos.io";
  Begin();
  EXPECT_THAT(request_, StartsWith("SSTP_DUPLEX_POST "
                                   "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"));
  EXPECT_THAT(request_, HasSubstr("Host: vyos.io\r\n\r\n"));
}

TEST_F(ClientSessionTest, RefusedByHttp) {
  Begin();
  Feed(ToBytes("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(session_->phase(), Phase::kClosed);
  EXPECT_EQ(session_->failure().kind, FailureKind::kHttpRefused);
  EXPECT_EQ(session_->facts().http_status, "HTTP/1.1 404 Not Found");
}

TEST_F(ClientSessionTest, PapUntilUpAndIpPacketsBothWays) {
  ReachUp();
  const Facts& facts = session_->facts();
  EXPECT_EQ(facts.address.ToString(), "10.0.0.5");
  EXPECT_EQ(facts.gateway.ToString(), "10.0.0.1");
  EXPECT_EQ(facts.mtu, 1452);
  ASSERT_EQ(facts.dns.size(), 2u);
  ASSERT_EQ(facts.wins.size(), 2u);
  Bytes received;
  session_->OnIpPacket(
      [&received](ByteView packet) { received.assign(packet.begin(), packet.end()); });
  Feed(SstpData(kIpv4, FromHex("45 00 00 01")));
  EXPECT_EQ(received, FromHex("45 00 00 01"));
  session_->SendIpPacket(FromHex("45 02"));
  const auto sent = Sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].raw, FromHex("10 00 00 0a ff 03 00 21 45 02"));
}

// Wherever the stream is cut, the same packets arrive, and what a sink is given in one Receive is
// still there at its end.
TEST_F(ClientSessionTest, IpPacketsOfAStreamCutAnywhere) {
  ReachUp();
  std::vector<Bytes> wanted;
  Bytes stream;
  for (std::uint8_t i = 1; i < 6; ++i) {
    wanted.emplace_back(Bytes(i * 7u, i));
    const std::vector<Bytes> framings{SstpData(kIpv4, wanted.back()),  // ff 03 00 21
                                      Concat({{0x10, 0, 0},
                                              {static_cast<std::uint8_t>(5 + i * 7)},
                                              {0x21},  // compressed
                                              wanted.back()})};
    const Bytes& frame = framings[i % 2];
    stream.insert(stream.end(), frame.begin(), frame.end());
    const Bytes echo = SstpPpp(kLcp, {kEchoReq, i, {0, 0, 0, 0}});
    stream.insert(stream.end(), echo.begin(), echo.end());
  }
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    std::vector<ByteView> views;
    session_->OnIpPacket([&views](ByteView packet) { views.push_back(packet); });
    std::vector<Bytes> received;
    std::size_t answered = 0;
    for (const Bytes& part : {Bytes(stream.begin(), stream.begin() + static_cast<long>(cut)),
                              Bytes(stream.begin() + static_cast<long>(cut), stream.end())}) {
      answered += Feed(part).size();
      for (const ByteView view : views) received.emplace_back(view.begin(), view.end());
      views.clear();
    }
    EXPECT_EQ(received, wanted) << cut;
    EXPECT_EQ(answered, 5u) << cut;
  }
}

TEST_F(ClientSessionTest, NaksAnAuthenticationItDoesNotWant) {
  options_.auth = {AuthProtocol::kMsChapV2};
  ReachLcp();
  const auto sent = FeedPpp(kLcp, {kConfReq, 1, EncodeOptions({{3, {0xc0, 0x23}}})});
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(Ppp(sent[0]).code, kConfNak);
  EXPECT_EQ(Ppp(sent[0]).data, EncodeOptions({{3, {0xc2, 0x23, 0x81}}}));
}

TEST_F(ClientSessionTest, MsChapV2ServerThatDoesNotKnowThePasswordIsRefused) {
  options_.user = options_.password = "test";
  ReachLcp();
  OpenLcp({0xc2, 0x23, 0x81});
  FeedPpp(kChap, {1, 9, Concat({Bytes{16}, Bytes(16, 0x42), ToBytes("gw")})});
  FeedPpp(kChap, {3, 9, ToBytes("S=" + std::string(40, '0') + " M=welcome")});
  EXPECT_EQ(session_->failure().kind, FailureKind::kServerNotGenuine);
}

TEST_F(ClientSessionTest, WindowsOpeningAsOnThePage) {
  options_.deviations.windows_opening = true;
  ReachLcp();
  const auto options = ParseOptions(lcp_request_.data);
  ASSERT_TRUE(options);
  ASSERT_EQ(options->size(), 5u);
  EXPECT_EQ((*options)[0], (PppOption{1, {0x0f, 0xfb}}));
  EXPECT_EQ((*options)[2].type, 7);
  EXPECT_EQ((*options)[3].type, 8);
  EXPECT_EQ((*options)[4], (PppOption{13, {6}}));
  const auto sent = OpenLcp({0xc0, 0x23});
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(Ppp(sent[0]).code, kIdent);
  EXPECT_THAT(Text(Ppp(sent[1]).data), HasSubstr("MSRAS-0-"));
}

TEST_F(ClientSessionTest, EarlyBindingFollowsTheRequestAtOnce) {
  options_.binding = BindingTime::kBeforeTheResult;
  ReachLcp();
  const auto sent = OpenLcp({0xc0, 0x23});
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].message_type(), kCallConnected);
}

TEST_F(ClientSessionTest, AnswersEchoesOfBothLayersUnlessToldNotTo) {
  ReachUp();
  auto sent = Feed(SstpControl(kSstpEchoRequest, {}));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].message_type(), kSstpEchoResponse);
  sent = FeedPpp(kLcp, {kEchoReq, 4, FromHex("01020304aabb")});
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(Ppp(sent[0]).code, kEchoRep);
  const PppControl reply = Ppp(sent[0]);
  EXPECT_EQ(Bytes(reply.data.begin() + 4, reply.data.end()), FromHex("aabb"));
  options_.deviations.ignore_lcp_echo = true;
  EXPECT_TRUE(FeedPpp(kLcp, {kEchoReq, 5, FromHex("01020304")}).empty());
}

TEST_F(ClientSessionTest, EndsOfACall) {
  ReachUp();
  session_->Disconnect(now_);
  EXPECT_EQ(Sent().at(0).message_type(), kCallDisconnect);
  EXPECT_EQ(session_->phase(), Phase::kClosing);
  Feed(SstpControl(kCallDisconnectAck, {}));
  EXPECT_EQ(session_->phase(), Phase::kClosed);
  EXPECT_EQ(session_->failure().kind, FailureKind::kNone);
}

TEST_F(ClientSessionTest, AbortOfTheServerIsAnsweredAndNamed) {
  ReachUp();
  const auto sent = Feed(SstpWithStatus(kCallAbort, 3, 4));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].message_type(), kCallAbort);
  EXPECT_EQ(session_->failure().kind, FailureKind::kAborted);
  EXPECT_THAT(session_->failure().detail, HasSubstr("status 4"));
}

TEST_F(ClientSessionTest, GivesUpWhenTheServerIsSilent) {
  options_.max_transmissions = 2;
  ReachLcp();
  for (int i = 0; i < 3 && session_->Deadline(); ++i) {
    now_ = *session_->Deadline();
    session_->Tick(now_);
  }
  EXPECT_EQ(session_->failure().kind, FailureKind::kTimeout);
}

}  // namespace
}  // namespace sstpgw::client
