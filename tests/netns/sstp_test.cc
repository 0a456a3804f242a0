// SSTP call set-up and crypto binding, features 1.3-1.6 and Annex E rows SSTP, binding, data before
// binding. See attack_suite.h for the topology.
#include "tests/client/client_crypto.h"
#include "tests/netns/attack_suite.h"

namespace sstpgw::test {
namespace {

using client::BindingHash;
using client::BindingTime;
using client::Phase;
using client::SstpPacket;

class SstpTest : public AttackSuite<SstpTest> {
 protected:
  // Past HTTP; the next thing expected is CALL_CONNECT_REQUEST.
  static std::unique_ptr<RawPeer> PastHttp() {
    auto peer = std::make_unique<RawPeer>(lab().client(), lab().address());
    EXPECT_TRUE(peer->connected()) << peer->error();
    peer->Send(client::HttpRequest("x", "{1}"));
    EXPECT_NE(peer->ReadHttpReply(), "");
    return peer;
  }
  static void ExpectAbort(RawPeer& peer, std::uint32_t status) {
    const auto abort = peer.ReadMessage(client::kCallAbort);
    ASSERT_TRUE(abort) << "no CALL_ABORT";
    EXPECT_EQ(abort->status(), status);
    EXPECT_TRUE(peer.ReadUntilClosed());
  }
  static Bytes RequestWith(const std::vector<client::SstpAttribute>& attributes) {
    return client::SstpControl(client::kCallConnectRequest, attributes);
  }
  // What the gateway says to a CALL_CONNECT_REQUEST with a defect.
  static std::optional<SstpPacket> AnswerTo(const Bytes& request) {
    auto peer = PastHttp();
    peer->Send(request);
    return peer->ReadPacket();
  }
  // "sstpctl watch", from now on.
  static std::unique_ptr<Process> Watch() {
    auto watch = std::make_unique<Process>(
        std::vector<std::string>{Program("sstpctl"), "--socket", lab().operator_socket(), "--json",
                                 "watch"},
        ProcessOptions{&lab().server(), {}, "sstpctl watch"});
    EXPECT_TRUE(watch->WaitForLine("\"synced\"", kPatience)) << watch->Output();
    return watch;
  }
  // The row with which user test's session left the table: all that was ever counted for it.
  static Json LastRow(Process& watch) {
    const auto line = watch.WaitForLine("\"removed\".*\"username\": *\"test\"", kPatience);
    EXPECT_TRUE(line) << watch.Output();
    return Json::Parse(line.value_or("")).value_or(Json{}).at("session");
  }
  static void ExpectReceived(const Json& row, double packets, double octets) {
    EXPECT_EQ(row.at("rx-pkts").number(), packets);
    EXPECT_EQ(row.at("rx-bytes-raw").number(), octets);
  }
};

TEST_F(SstpTest, K4AckIsByteExactAndItsNonceFresh) {
  std::vector<Bytes> nonces;
  for (int i = 0; i < 3; ++i) {
    auto peer = PastHttp();
    peer->Send(client::CallConnectRequest());
    const auto ack = peer->ReadPacket();
    ASSERT_TRUE(ack);
    ASSERT_EQ(ack->raw.size(), 48u);
    EXPECT_EQ(Bytes(ack->raw.begin(), ack->raw.begin() + 16),
              client::FromHex("10 01 00 30 00 02 00 01 00 04 00 28 00 00 00 03"));
    nonces.emplace_back(ack->raw.begin() + 16, ack->raw.end());
  }
  EXPECT_NE(nonces[0], nonces[1]);
  EXPECT_NE(nonces[1], nonces[2]);
  EXPECT_NE(nonces[0], Bytes(32, 0));
}

TEST_F(SstpTest, ReservedBitsAreIgnored) {
  auto peer = PastHttp();
  Bytes request = client::CallConnectRequest();
  request[1] |= 0xfe;   // reserved bits beside C
  request[2] |= 0xf0;   // R of the packet
  request[8] = 0xff;    // reserved octet of the attribute
  request[10] |= 0xf0;  // R of the attribute
  peer->Send(request);
  EXPECT_TRUE(peer->ReadMessage(client::kCallConnectAck));
}

TEST_F(SstpTest, StreamsWithoutBoundariesAreClosedWithoutAWord) {
  const auto [counted] = Before("sstp_undelineated");
  for (const char* hex : {"10 01 00 00", "10 01 00 03", "10 00 00 03", "10 01 00 07 00 08 00",
                          "11 01 00 08 00 08 00 00", "00 00 00 00"}) {
    auto peer = PastHttp();
    peer->Send(client::FromHex(hex));
    const auto answer = peer->ReadUntilClosed();
    ASSERT_TRUE(answer) << hex;
    EXPECT_TRUE(answer->empty()) << hex;
  }
  ExpectGrown(counted, 6);
}

TEST_F(SstpTest, TheLongestPacketIsTaken) {
  RawPeer peer(lab().client(), lab().address());
  ASSERT_TRUE(peer.OpenLcp());
  // LCP Discard-Request that fills 4095 octets: 4 SSTP, 4 PPP, 4 LCP.
  const Bytes whole = client::SstpPpp(client::kLcp, {11, 9, Bytes(4095 - 12, 0xa5)});
  ASSERT_EQ(whole.size(), 4095u);
  peer.Send(whole);
  peer.Send(client::SstpPpp(client::kLcp, {client::kEchoReq, 77, client::FromHex("01020304")}));
  const auto reply = peer.ReadPpp(client::kLcp, client::kEchoRep);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->id, 77);
}

TEST_F(SstpTest, DefectsOfTheRequestAreNamedInTheNak) {
  const auto [counted] = Before("sstp_nak_sent");
  struct Case {
    Bytes request;
    std::uint32_t status;
    std::uint8_t attribute;
  };
  const client::SstpAttribute right{client::kEncapsulatedProtocolId, {0, 1}};
  const std::vector<Case> cases{
      {RequestWith({right, right}), 1, 1},
      {RequestWith({right, {0x77, {1, 2}}}), 2, 0x77},
      {RequestWith({{client::kEncapsulatedProtocolId, {0, 1, 0}}}), 3, 1},
      {RequestWith({{client::kEncapsulatedProtocolId, {0x12, 0x34}}}), 4, 1},
      {RequestWith({}), 0x0a, 1},
      {RequestWith({right, {client::kStatusInfo, client::FromHex("000000 02 00000005")}}), 0x0b, 2},
  };
  for (const Case& one : cases) {
    const auto answer = AnswerTo(one.request);
    ASSERT_TRUE(answer) << "status " << one.status;
    EXPECT_EQ(answer->message_type(), client::kCallConnectNak);
    EXPECT_EQ(answer->status(), one.status);
    EXPECT_EQ(answer->status_attribute(), one.attribute) << "status " << one.status;
  }
  ExpectGrown(counted, 6);
}

TEST_F(SstpTest, TheNakReturnsTheClientsOwnValue) {
  const auto answer = AnswerTo(RequestWith({{client::kEncapsulatedProtocolId, {0x12, 0x34}}}));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->raw, client::FromHex("10 01 00 16 00 03 00 01 "
                                         "00 02 00 0e 00 00 00 01 00 00 00 04 12 34"));
}

// A refusal by NAK or CALL_ABORT, or a clean close: never an ACK, never silence.
TEST_F(SstpTest, BrokenAttributeLengths) {
  for (const char* hex : {
           "10 01 00 0e 00 01 00 01 00 01 00 00 00 01",  // length 0
           "10 01 00 0e 00 01 00 01 00 01 00 03 00 01",  // 3
           "10 01 00 0e 00 01 00 01 00 01 00 07 00 01",  // beyond the message
           "10 01 00 0e 00 01 00 01 00 01 0f ff 00 01",  // far beyond
           "10 01 00 0e 00 01 ff ff 00 01 00 06 00 01",  // Num Attributes 65535
           "10 01 00 0a 00 01 00 01 00 01",              // half an attribute header
       }) {
    auto peer = PastHttp();
    peer->Send(client::FromHex(hex));
    const auto answer = peer->ReadPacket();
    if (!answer) {
      EXPECT_TRUE(peer->ReadUntilClosed()) << hex << ": silence";
      continue;
    }
    EXPECT_TRUE(answer->message_type() == client::kCallConnectNak ||
                answer->message_type() == client::kCallAbort)
        << hex << " was answered with type " << answer->message_type();
  }
}

TEST_F(SstpTest, TheFourthRefusedRequestOfAHundredIsTheLast) {
  auto peer = PastHttp();
  Bytes flood;
  for (int i = 0; i < 100; ++i) {
    const Bytes one = RequestWith({{client::kEncapsulatedProtocolId, {0, 2}}});
    flood.insert(flood.end(), one.begin(), one.end());
  }
  peer->Send(flood);
  for (int i = 0; i < 3; ++i) {
    const auto nak = peer->ReadPacket();
    ASSERT_TRUE(nak);
    EXPECT_EQ(nak->message_type(), client::kCallConnectNak);
  }
  ExpectAbort(*peer, 6);
}

TEST_F(SstpTest, MessagesOutOfPlaceAreAborted) {
  const auto [counted] = Before("sstp_unexpected_message");
  // All at once: a peer that is aborted is closed after three seconds.
  const Bytes connected = client::CallConnected(BindingHash::kSha256, Bytes(32, 1), {}, {});
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (const Bytes& message : {connected, client::SstpControl(client::kSstpEchoRequest, {}),
                               client::SstpControl(client::kCallConnectAck, {}),
                               client::SstpControl(client::kCallDisconnectAck, {})}) {
    peers.push_back(PastHttp());
    peers.back()->Send(message);
  }
  RawPeer twice(lab().client(), lab().address());
  ASSERT_TRUE(twice.OpenCall());
  twice.Send(client::CallConnectRequest());
  for (const auto& peer : peers) ExpectAbort(*peer, 5);
  ExpectAbort(twice, 5);
  ExpectGrown(counted, 5);
}

TEST_F(SstpTest, UnknownMessageTypeIsAnInvalidFrame) {
  const auto [counted] = Before("sstp_unknown_message");
  auto peer = PastHttp();
  peer->Send(client::SstpControl(0x4711, {}));
  ExpectAbort(*peer, 7);
  ExpectGrown(counted);
}

TEST_F(SstpTest, AbortAndDisconnectOfTheClientAreAnswered) {
  RawPeer aborting(lab().client(), lab().address());
  ASSERT_TRUE(aborting.OpenCall());
  aborting.Send(client::SstpWithStatus(client::kCallAbort, 0, 0));
  EXPECT_TRUE(aborting.ReadMessage(client::kCallAbort));
  EXPECT_TRUE(aborting.ReadUntilClosed());
  RawPeer leaving(lab().client(), lab().address());
  ASSERT_TRUE(leaving.OpenCall());
  leaving.Send(client::SstpWithStatus(client::kCallDisconnect, 0, 0));
  const auto ack = leaving.ReadMessage(client::kCallDisconnectAck);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->raw, client::FromHex("10 01 00 08 00 07 00 00"));
  EXPECT_TRUE(leaving.ReadUntilClosed());
}

TEST_F(SstpTest, A10K14WrongBindingIsAbortedAndNothingPasses) {
  struct Case {
    bool client::Deviations::*deviation;
    const char* log;
    Counted counted;
  };
  const auto [bad_mac, bad_cert_hash, bad_nonce] =
      Before("binding_bad_mac", "binding_bad_cert_hash", "binding_bad_nonce");
  for (const Case& one :
       {Case{&client::Deviations::flip_mac_bit, "invalid Compound MAC", bad_mac},
        Case{&client::Deviations::flip_cert_hash_bit, "invalid SHA256 Cert Hash", bad_cert_hash},
        Case{&client::Deviations::flip_nonce_bit, "invalid Nonce", bad_nonce}}) {
    const std::size_t from = lab().gateway().LineCount();
    client::ClientOptions options = TestUser();
    options.auth = {AuthProtocol::kMsChapV2};
    options.deviations.*one.deviation = true;
    Dialer dialer = Dial(options);
    EXPECT_TRUE(dialer.DriveUntilFinished());
    EXPECT_EQ(dialer.failure().kind, client::FailureKind::kAborted) << one.log;
    EXPECT_EQ(dialer.failure().detail, "CALL_ABORT, status 4");
    EXPECT_EQ(dialer.facts().ip_packets_received, 0u);
    EXPECT_TRUE(lab().WaitLog(one.log, from)) << one.log;
    ExpectGrown(one.counted);
  }
  EXPECT_TRUE(lab().WaitSessions(1)) << "only the witness";
}

// The session is up but for the binding; whatever comes after a wrong one is dropped.
TEST_F(SstpTest, K14NoTrafficAfterAWrongBinding) {
  const auto [dropped] = Before("data_before_binding");
  const auto watch = Watch();
  client::ClientOptions options = TestUser();
  options.auth = {AuthProtocol::kMsChapV2};
  options.binding = BindingTime::kNever;
  Dialer dialer = Dial(options);
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  client::Hlak wrong_hlak{};
  wrong_hlak.fill(0x5a);
  Bytes nonce;
  ASSERT_TRUE(dialer.DriveUntilPacket([&nonce](const SstpPacket& packet) {
    if (packet.message_type() != client::kCallConnectAck) return false;
    nonce.assign(packet.raw.begin() + 16, packet.raw.end());
    return true;
  }));
  // In one go, so that the packet is on its way before the answer to the binding.
  dialer.Send(
      client::Concat({client::CallConnected(BindingHash::kSha256, nonce,
                                            dialer.connection().tls().CertificateDer(), wrong_hlak),
                      client::SstpData(client::kIpv4, EchoRequestFrom(dialer.facts().address))}));
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_EQ(dialer.failure().detail, "CALL_ABORT, status 4");
  EXPECT_EQ(dialer.facts().ip_packets_received, 0u);
  ExpectGrown(dropped);
  ExpectReceived(LastRow(*watch), 0, 0);
}

TEST_F(SstpTest, HashProtocolThatIsNoneIsAborted) {
  for (const int value : {0, 3, 4, 255}) {
    client::ClientOptions options = TestUser();
    options.deviations.hash_protocol = static_cast<std::uint8_t>(value);
    Dialer dialer = Dial(options);
    EXPECT_TRUE(dialer.DriveUntilFinished());
    EXPECT_EQ(dialer.failure().detail, "CALL_ABORT, status 4") << value;
  }
}

TEST_F(SstpTest, NonceOfAnotherSessionIsAborted) {
  client::ClientOptions options = TestUser();
  options.auth = {AuthProtocol::kMsChapV2};
  options.binding = BindingTime::kNever;
  RawPeer other(lab().client(), lab().address());
  ASSERT_TRUE(other.OpenCall());
  Dialer dialer = Dial(options);
  ASSERT_TRUE(dialer.DialUntil(Phase::kNetwork));
  dialer.Send(client::CallConnected(BindingHash::kSha256, other.nonce(),
                                    dialer.connection().tls().CertificateDer(),
                                    dialer.session().hlak()));
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_EQ(dialer.failure().detail, "CALL_ABORT, status 4");
}

TEST_F(SstpTest, SecondCallConnectedIsAborted) {
  client::ClientOptions options = TestUser();
  options.binding = BindingTime::kTwice;
  Dialer dialer = Dial(options);
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_EQ(dialer.failure().detail, "CALL_ABORT, status 5");
}

TEST_F(SstpTest, EarlyCallConnectedIsKeptUntilTheKeysAreThere) {
  for (const AuthProtocol auth : {AuthProtocol::kMsChapV2, AuthProtocol::kPap}) {
    client::ClientOptions options = TestUser();
    options.auth = {auth};
    options.binding = BindingTime::kBeforeTheResult;
    Dialer dialer = Dial(options);
    EXPECT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
    EXPECT_TRUE(WaitActive());
    HangUp(dialer, 1);
  }
}

// A session that authenticates but never binds: no IP packet passes or counts as its traffic, and
// the timer ends it.
TEST_F(SstpTest, WithoutCallConnectedNoPacketPassesAndTheTimerAborts) {
  const auto [dropped, never] = Before("data_before_binding", "binding_never_sent");
  const auto watch = Watch();
  client::ClientOptions options = TestUser();
  options.binding = BindingTime::kNever;
  Dialer dialer = Dial(options);
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  // An ICMP echo request to the gateway's inner address, which would be answered.
  dialer.Send(client::SstpData(client::kIpv4, EchoRequestFrom(dialer.facts().address)));
  EXPECT_TRUE(dialer.DriveUntilFinished(std::chrono::seconds(kNegotiationSeconds + 10)));
  EXPECT_EQ(dialer.failure().detail, "CALL_ABORT, status 8");
  EXPECT_EQ(dialer.facts().ip_packets_received, 0u);
  EXPECT_TRUE(lab().WaitLog("client did not send SSTP_MSG_CALL_CONNECTED", gateway_line_));
  ExpectGrown(dropped);
  ExpectGrown(never);
  ExpectReceived(LastRow(*watch), 0, 0);
}

// The same packet of a client that did bind.
TEST_F(SstpTest, APacketAfterTheBindingPassesAndCounts) {
  const auto watch = Watch();
  Dialer dialer = Dial();
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(WaitActive());
  dialer.Send(client::SstpData(client::kIpv4, EchoRequestFrom(dialer.facts().address)));
  EXPECT_TRUE(dialer.Drive(
      [](client::ClientSession& session) { return session.facts().ip_packets_received > 0; }));
  HangUp(dialer, 1);
  ExpectReceived(LastRow(*watch), 1, 28);
}

TEST_F(SstpTest, PacketsWithAForeignSourceAreDropped) {
  const auto [counted] = Before("up_dropped_spoofed");
  Dialer dialer = Dial();
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(WaitActive());
  dialer.Send(client::SstpData(
      client::kIpv4,
      client::FromHex("4500 001c 0001 0000 4001 0000 0a090909 0a000001 0800 f7fd 0001 0001")));
  ExpectGrown(counted);
  HangUp(dialer, 1);
}

}  // namespace
}  // namespace sstpgw::test
