// A session as a whole: life cycle (features Annex A), ends and their causes (6.4), bad input
// (Annex E), timers, the decisions about the order of things that no single machine makes.
#include "gateway/fsm/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "gateway/codec/chap.h"
#include "gateway/codec/pap.h"
#include "gateway/codec/sstp_control.h"
#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;
using codec::PppProtocol;
using std::chrono::seconds;

const Bytes kDisconnect = codec::EncodeDisconnect();
const std::vector<int> kTerminateRequestCodes = {5};

class SessionTest : public testing::Test {
 protected:
  // The single kDown report, and how the session's end looked.
  void ExpectEnded(SessionDriver& driver, TerminateCause cause) {
    int downs = 0;
    for (const Report& report : driver.TakeReports()) {
      if (report.kind != SessionEventKind::kDown) continue;
      ++downs;
      EXPECT_EQ(report.cause, cause) << report.reason;
    }
    EXPECT_EQ(downs, 1);
  }
  static std::vector<int> CodesOf(const std::vector<PppPacket>& packets, PppProtocol protocol) {
    std::vector<int> codes;
    for (const PppPacket& packet : packets) {
      if (packet.protocol == protocol) codes.push_back(packet.code);
    }
    return codes;
  }
  // The last control message sent: type, and the status of an abort.
  static int LastControl(SessionDriver& driver, std::uint32_t* status = nullptr) {
    int type = 0;
    for (const Bytes& sent : driver.TakeSent()) {
      const auto message = codec::ParseControl(sent);
      if (!message) continue;
      type = static_cast<int>(message->type);
      const auto infos = codec::StatusInfosOf(*message);
      if (status != nullptr && !infos.empty())
        *status = static_cast<std::uint32_t>(infos[0].status);
    }
    return type;
  }
};

// ---- HTTP

TEST_F(SessionTest, RefusedHttpIsAnsweredAndClosed) {
  SessionDriver driver;
  driver.Start();
  driver.Http("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(driver.closed());
  ASSERT_EQ(driver.TakeSent().size(), 1U);
  EXPECT_EQ(driver.Count(Counter::kHttpNotFound), 1);
  EXPECT_TRUE(driver.TakeReports().empty());  // never was a session
}

TEST_F(SessionTest, TooLongHeadIsRefused) {
  SessionDriver driver;
  driver.Start();
  driver.Feed(HttpHeadTooLong{});
  EXPECT_TRUE(driver.closed());
  EXPECT_TRUE(driver.Logged("HTTP too long header"));
}

TEST_F(SessionTest, SlowHttpIsClosedByTheTimerWithoutAnSstpMessage) {
  SessionDriver driver;
  driver.Start();
  driver.Advance(seconds(59));
  EXPECT_FALSE(driver.closed());
  driver.Advance(seconds(1));
  EXPECT_TRUE(driver.closed());
  EXPECT_TRUE(driver.TakeSent().empty());
  // Scanners are never above trace, and without an address the line would be of no use.
  EXPECT_EQ(driver.LevelOf("negotiation timeout"), LogLevel::kTrace);
  EXPECT_TRUE(driver.Logged("sstp: no HTTP request from 192.168.10.100:49852"));
}

TEST_F(SessionTest, EventsAfterTheEndDoNothing) {
  SessionDriver driver;
  driver.Start();
  driver.Http("x\r\n\r\n");
  driver.TakeSent();
  driver.Http();
  driver.Sstp(codec::EncodeConnectRequest());
  EXPECT_TRUE(driver.TakeSent().empty());
}

// ---- Negotiation

TEST_F(SessionTest, SilentClientIsAbortedAfterSixtySeconds) {
  SessionDriver driver;
  driver.RunToCall();
  driver.TakeSent();
  driver.Advance(seconds(31));
  // LCP gave up after 10 transmissions, 3 s apart.
  std::uint32_t status = 99;
  EXPECT_EQ(LastControl(driver, &status), 6);
  ExpectEnded(driver, TerminateCause::kUserError);
  driver.Advance(seconds(5));
  EXPECT_TRUE(driver.closed());
}

TEST_F(SessionTest, ConnectRequestPendingIsAbortedByTheNegotiationTimer) {
  SessionDriver driver;
  driver.Start();
  driver.Http();
  driver.Advance(seconds(60));
  std::uint32_t status = 0;
  EXPECT_EQ(LastControl(driver, &status), 5);
  EXPECT_EQ(status, 8U);
  EXPECT_EQ(driver.LevelOf("sstp(192.168.10.100:49852): sstp: negotiation timeout"),
            LogLevel::kWarning);
  driver.Advance(seconds(3));
  EXPECT_TRUE(driver.closed());
}

TEST_F(SessionTest, MissingCallConnectedIsAbortedAndNamed) {
  SessionDriver driver;
  driver.RunToNetwork();
  driver.Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "10.0.0.5"));
  driver.AckTheirIpcpRequest();
  EXPECT_FALSE(driver.activation.has_value());  // no binding, no activation
  for (int i = 0; i < 6; ++i) {
    driver.Advance(seconds(10));
    driver.Lcp(PppCode::kEchoRequest, i, Octets({1, 2, 3, 4}));
  }
  std::uint32_t status = 0;
  EXPECT_EQ(LastControl(driver, &status), 5);
  EXPECT_EQ(status, 8U);
  EXPECT_EQ(driver.LevelOf("sstp: negotiation timeout"), LogLevel::kWarning);
  EXPECT_EQ(driver.LevelOf("client did not send SSTP_MSG_CALL_CONNECTED"), LogLevel::kWarning);
  EXPECT_FALSE(driver.activation.has_value());
  EXPECT_EQ(driver.interfaces_released, 1);
}

TEST_F(SessionTest, EarlyCallConnectedIsCheckedAfterTheSuccessPacket) {
  SessionDriver driver(SettingsWith(AuthProtocol::kMsChapV2));
  driver.RunToJudging();
  driver.Sstp(driver.CallConnected(2, Bytes(32, 0x42)));
  driver.TakeSent();
  AuthorizeAccept accept = TraceAccept();
  accept.hlak = Secret(Bytes(32, 0x42));
  accept.success_message = "S=00 M=ok";
  driver.Judge(std::move(accept));
  EXPECT_EQ(CodesOf(driver.TakePpp(), PppProtocol::kChap), std::vector<int>{3});
  driver.Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "10.0.0.5"));
  driver.AckTheirIpcpRequest();
  EXPECT_EQ(driver.Snapshot().state, SessionState::kActive);
}

TEST_F(SessionTest, WrongMacIsAbortedAndNothingIsActivated) {
  SessionDriver driver;
  driver.RunToNetwork();
  driver.Sstp(driver.CallConnected(2, Bytes(32, 1)));
  std::uint32_t status = 0;
  EXPECT_EQ(LastControl(driver, &status), 5);
  EXPECT_EQ(status, 4U);
  EXPECT_TRUE(driver.Logged("sstp: invalid Compound MAC"));
  EXPECT_EQ(driver.interfaces_released, 1);
  ExpectEnded(driver, TerminateCause::kUserError);
  driver.Advance(seconds(3));
  EXPECT_TRUE(driver.closed());
  EXPECT_FALSE(driver.activation.has_value());
}

TEST_F(SessionTest, BindingAfterIpcpActivatesToo) {
  SessionDriver driver;
  driver.RunToNetwork();
  driver.Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "10.0.0.5"));
  driver.AckTheirIpcpRequest();
  EXPECT_EQ(driver.Snapshot().state, SessionState::kStarting);
  driver.Sstp(driver.CallConnected());
  EXPECT_EQ(driver.Snapshot().state, SessionState::kActive);
}

class SessionProtocols : public SessionTest, public testing::WithParamInterface<AuthProtocol> {};
TEST_P(SessionProtocols, ReachActive) {
  SessionDriver driver(SettingsWith(GetParam()));
  driver.RunToActive();
  EXPECT_EQ(driver.Snapshot().state, SessionState::kActive);
  EXPECT_EQ(driver.Snapshot().user, "test");
  EXPECT_EQ(driver.Snapshot().auth_protocol, GetParam());
  EXPECT_FALSE(driver.Logged("secret-password"));
  std::vector<SessionEventKind> kinds;
  for (const Report& report : driver.TakeReports()) kinds.push_back(report.kind);
  EXPECT_THAT(kinds, testing::ElementsAre(SessionEventKind::kStarting,
                                          SessionEventKind::kAuthorized, SessionEventKind::kUp));
}
INSTANTIATE_TEST_SUITE_P(All, SessionProtocols,
                         testing::Values(AuthProtocol::kPap, AuthProtocol::kChapMd5,
                                         AuthProtocol::kMsChapV1, AuthProtocol::kMsChapV2,
                                         AuthProtocol::kEap));

// ---- Authentication

TEST_F(SessionTest, WrongPasswordIsRefusedAfterADelayThenTerminated) {
  SessionDriver driver;
  driver.RunToJudging();
  driver.Judge(TraceReject());
  driver.TakeSent();
  EXPECT_TRUE(driver.Logged("sstp(192.168.10.100:49852): test: authentication failed"));
  driver.Advance(seconds(2));
  const std::vector<PppPacket> packets = driver.TakePpp();
  EXPECT_EQ(CodesOf(packets, PppProtocol::kPap), std::vector<int>{3});
  EXPECT_EQ(CodesOf(packets, PppProtocol::kLcp), kTerminateRequestCodes);
  driver.Lcp(PppCode::kTerminateAck, packets.back().identifier);
  EXPECT_EQ(driver.TakeSent(), std::vector<Bytes>{kDisconnect});
  ExpectEnded(driver, TerminateCause::kUserError);
  driver.Sstp(codec::EncodeBare(codec::MessageType::kCallDisconnectAck));
  EXPECT_TRUE(driver.closed());
  EXPECT_EQ(driver.interfaces_created, 0);
}

TEST_F(SessionTest, NoControlPlaneRefusesAtOnce) {
  SessionDriver driver;
  driver.RunToJudging();
  driver.TakeSent();
  driver.Feed(AuthorizeFailed{driver.question->attempt, "control plane away"});
  EXPECT_TRUE(driver.Logged("test: authentication failed: control plane away"));
  const std::vector<PppPacket> packets = driver.TakePpp();
  EXPECT_EQ(CodesOf(packets, PppProtocol::kPap), std::vector<int>{3});
  ASSERT_EQ(CodesOf(packets, PppProtocol::kLcp), kTerminateRequestCodes);
  const Bytes& words = packets.back().data;
  EXPECT_EQ(std::string(words.begin(), words.end()),
            "The server cannot log anybody in now, try again later");
  EXPECT_EQ(driver.Count(Counter::kAuthorizeUnavailable), 1);
  EXPECT_EQ(driver.Count(Counter::kAuthFailed), 0);
  driver.Lcp(PppCode::kTerminateAck, packets.back().identifier);
  ExpectEnded(driver, TerminateCause::kNasError);
}

TEST_F(SessionTest, AnswersToAnotherAttemptAreIgnored) {
  SessionDriver driver;
  driver.RunToJudging();
  const AttemptId other(driver.question->attempt.value() + 1);
  driver.Feed(Event(AuthorizeAnswered{other, TraceAccept()}));
  driver.Feed(AuthorizeFailed{other, "late"});
  EXPECT_EQ(driver.interfaces_created, 0);
  driver.Judge(TraceAccept());
  driver.Feed(Event(AuthorizeAnswered{driver.question->attempt, TraceAccept()}));
  EXPECT_EQ(driver.interfaces_created, 1);
}

TEST_F(SessionTest, UserNamesAreEscapedInTheLogAndWholeInTheRecord) {
  SessionDriver driver;
  driver.RunToAuthentication();
  const std::string user = std::string("a\nb\x1b[31m") + '\0';
  driver.Pap(user, "x");
  driver.Judge(TraceAccept());
  EXPECT_EQ(driver.Snapshot().user, user);
  EXPECT_TRUE(driver.Logged("ppp0:a\\x0ab\\x1b[31m\\x00: "));
  for (const std::string& line : driver.TakeLog()) {
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
  }
}

TEST_F(SessionTest, NetworkProtocolsBeforeAuthenticationAreDiscardedSilently) {
  SessionDriver driver;
  driver.RunToAuthentication();
  driver.TakeSent();
  driver.Ipcp(PppCode::kConfigureRequest, 1, AddressOption(3, "0.0.0.0"));
  driver.Ppp(PppProtocol::kCcp, ControlPacketOf(PppCode::kConfigureRequest, 1));
  driver.Ppp(PppProtocol::kIpv6cp, ControlPacketOf(PppCode::kConfigureRequest, 1));
  EXPECT_TRUE(driver.TakeSent().empty());
}

TEST_F(SessionTest, AuthenticationBeforeLcpIsOpenIsDiscarded) {
  SessionDriver driver;
  driver.RunToCall();
  driver.Pap("test", "test");
  EXPECT_FALSE(driver.question.has_value());
}

TEST_F(SessionTest, InterfaceThatCannotBeMadeRefusesTheUser) {
  SessionDriver driver;
  driver.answer_interfaces = false;
  driver.RunToJudging();
  driver.TakeSent();
  driver.Judge(TraceAccept());
  driver.Feed(InterfaceFailed{"TUNSETIFF: Operation not permitted"});
  EXPECT_EQ(CodesOf(driver.TakePpp(), PppProtocol::kPap), std::vector<int>{3});
  driver.Advance(seconds(6));
  ExpectEnded(driver, TerminateCause::kNasError);
}

// ---- Network layer

TEST_F(SessionTest, UnknownProtocolsAreProtocolRejected) {
  SessionDriver driver;
  driver.settings.ppp.disable_ccp = true;
  driver.RunToNetwork();
  driver.TakeSent();
  std::set<int> identifiers;
  // 0xc025, Link Quality Report, begins with a magic number instead of code, identifier and length.
  for (const int protocol : {0x80fd, 0x8053, 0x8057, 0xc025, 0xc029, 0x80fb}) {
    driver.Ppp(static_cast<PppProtocol>(protocol), Octets({0x1c, 0xd9, 0xad, 5, 0xab, 0xcd}));
    const std::vector<PppPacket> packets = driver.TakePpp();
    ASSERT_EQ(packets.size(), 1U) << protocol;
    EXPECT_EQ(packets[0].code, 8);
    EXPECT_EQ(packets[0].data,
              Octets({protocol >> 8, protocol & 0xff, 0x1c, 0xd9, 0xad, 5, 0xab, 0xcd}));
    identifiers.insert(packets[0].identifier);
  }
  EXPECT_EQ(identifiers.size(), 6U);
}

TEST_F(SessionTest, NoFreeAddressIsLoggedRejectedAndEnds) {
  SessionDriver driver;
  driver.RunToJudging();
  AuthorizeAccept accept = TraceAccept();
  accept.policy.address = Ipv4Address();
  driver.Judge(std::move(accept));
  driver.TakeSent();
  driver.Ipcp(PppCode::kConfigureRequest, 1, AddressOption(3, "0.0.0.0"));
  EXPECT_TRUE(driver.Logged("ppp: no free IPv4 address"));
  EXPECT_EQ(CodesOf(driver.TakePpp(), PppProtocol::kLcp), (std::vector<int>{8, 5}));
  EXPECT_EQ(driver.Count(Counter::kIpcpNoAddress), 1);
  driver.Advance(seconds(6));
  ExpectEnded(driver, TerminateCause::kNasError);
}

TEST_F(SessionTest, NoFreeAddressWithRequireTerminatesAtOnce) {
  SessionSettings settings = TraceSettings();
  settings.ppp.ipv4 = NcpPreference::kRequire;
  SessionDriver driver(settings);
  driver.RunToJudging();
  driver.TakeSent();
  AuthorizeAccept accept = TraceAccept();
  accept.policy.address = Ipv4Address();
  driver.Judge(std::move(accept));
  EXPECT_EQ(CodesOf(driver.TakePpp(), PppProtocol::kLcp), kTerminateRequestCodes);
  driver.Advance(seconds(6));
  ExpectEnded(driver, TerminateCause::kNasError);
}

TEST_F(SessionTest, NoGatewayAddressIsLoggedAndEnds) {
  SessionDriver driver;
  driver.RunToJudging();
  AuthorizeAccept accept = TraceAccept();
  accept.policy.gateway_address = Ipv4Address();
  driver.Judge(std::move(accept));
  driver.Ipcp(PppCode::kConfigureRequest, 1);
  EXPECT_TRUE(driver.Logged("gw-ip-address not specified"));
}

TEST_F(SessionTest, Ipv4DenyIsProtocolRejected) {
  SessionSettings settings = TraceSettings();
  settings.ppp.ipv4 = NcpPreference::kDeny;
  SessionDriver driver(settings);
  driver.RunToNetwork();
  driver.TakeSent();
  driver.Ipcp(PppCode::kConfigureRequest, 1, AddressOption(3, "0.0.0.0"));
  const std::vector<PppPacket> packets = driver.TakePpp();
  ASSERT_FALSE(packets.empty());
  EXPECT_EQ(packets[0].code, 8);
  EXPECT_TRUE(driver.Logged("IPCP: discarding packet"));
}

TEST_F(SessionTest, PeerThatNeverAsksIsEndedAfterSixtySeconds) {
  SessionDriver driver;
  driver.settings.ppp.echo_interval = seconds(0);
  driver.RunToBound();
  driver.Advance(seconds(59));
  driver.TakeSent();
  EXPECT_EQ(driver.session().call_established(), true);
  driver.Advance(seconds(1));
  EXPECT_EQ(CodesOf(driver.TakePpp(), PppProtocol::kLcp), kTerminateRequestCodes);
  driver.Advance(seconds(10));
  ExpectEnded(driver, TerminateCause::kUserError);
}

TEST_F(SessionTest, PeerThatRejectsIpcpHasNoNetworkLayerLeft) {
  SessionDriver driver;
  driver.RunToBound();
  driver.Lcp(PppCode::kProtocolReject, 1, Octets({0x80, 0x21}));
  driver.Advance(seconds(10));
  ExpectEnded(driver, TerminateCause::kUserError);
}

TEST_F(SessionTest, OtherRejectedNetworkProtocolsDoNotMatter) {
  SessionDriver driver;
  driver.RunToBound();
  driver.Lcp(PppCode::kProtocolReject, 1, Octets({0x80, 0x57}));
  EXPECT_TRUE(driver.session().call_established());
}

// ---- Data

TEST_F(SessionTest, DataBeforeTheBindingIsDroppedWithoutAWord) {
  SessionDriver driver;
  driver.RunToNetwork();
  driver.TakeSent();
  driver.Ppp(PppProtocol::kIpv4, Bytes(40, 0x45));
  driver.Ppp(PppProtocol::kIpv6, Bytes(40, 0x60));
  EXPECT_TRUE(driver.TakeSent().empty());
  EXPECT_TRUE(driver.session().call_established());
}

TEST_F(SessionTest, DataProtocolsThatWeDoNotSpeakAreProtocolRejectedWhenActive) {
  SessionDriver driver;
  driver.RunToActive();
  driver.TakeSent();
  constexpr auto kAppleTalk = static_cast<PppProtocol>(0x0029);
  driver.Ppp(kAppleTalk, Bytes(2000, 0x60));
  const std::vector<PppPacket> packets = driver.TakePpp();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].code, 8);
  EXPECT_EQ(packets[0].data.size() + 4, 1452U);  // cut to the peer's MRU
}

// ---- Ends, cause by cause

TEST_F(SessionTest, PeersLcpTerminateIsUserRequest) {
  SessionDriver driver;
  driver.RunToActive();
  driver.TakeSent();
  driver.Lcp(PppCode::kTerminateRequest, 7);
  const std::vector<Bytes> sent = driver.TakeSent();
  ASSERT_EQ(sent.size(), 2U);  // Terminate-Ack, CALL_DISCONNECT
  EXPECT_EQ(sent[0], codec::EncodeDataPacket(PppProtocol::kLcp, Octets({6, 7, 0, 4})));
  EXPECT_EQ(sent[1], kDisconnect);
  EXPECT_EQ(driver.interfaces_released, 1);
  ExpectEnded(driver, TerminateCause::kUserRequest);
}

TEST_F(SessionTest, PeersIpcpTerminateIsUserRequest) {
  SessionDriver driver;
  driver.RunToActive();
  driver.Ipcp(PppCode::kTerminateRequest, 7);
  driver.Advance(seconds(6));
  ExpectEnded(driver, TerminateCause::kUserRequest);
}

TEST_F(SessionTest, PeersDisconnectIsUserRequest) {
  SessionDriver driver;
  driver.RunToActive();
  driver.TakeSent();
  driver.Sstp(kDisconnect);
  EXPECT_EQ(LastControl(driver), 7);
  EXPECT_TRUE(driver.Logged("sstp: disconnect by peer"));
  ExpectEnded(driver, TerminateCause::kUserRequest);
  EXPECT_FALSE(driver.closed());
  driver.Advance(seconds(1));
  EXPECT_TRUE(driver.closed());
  EXPECT_TRUE(driver.Logged("sstp: disconnected"));
  EXPECT_EQ(driver.interfaces_released, 1);
}

TEST_F(SessionTest, LostConnectionIsLostCarrier) {
  SessionDriver driver;
  driver.RunToActive();
  driver.Feed(TransportClosed{"Connection reset by peer"});
  EXPECT_TRUE(driver.closed());
  EXPECT_EQ(driver.interfaces_released, 1);
  ExpectEnded(driver, TerminateCause::kLostCarrier);
}

TEST_F(SessionTest, LostConnectionDuringTheFarewellKeepsTheFirstCause) {
  SessionDriver driver;
  driver.RunToActive();
  driver.Feed(TerminateRequested{Termination::kSoft, TerminateCause::kAdminReset, "operator"});
  driver.Feed(TransportClosed{"gone"});
  EXPECT_TRUE(driver.closed());
  ExpectEnded(driver, TerminateCause::kAdminReset);
}

TEST_F(SessionTest, EchoWithoutReplyEndsAfterExactlyThreeRequests) {
  SessionDriver driver;
  driver.settings.sstp.hello_interval = seconds(0);
  driver.RunToActive();
  driver.TakeSent();
  driver.Advance(seconds(119));
  EXPECT_EQ(CodesOf(driver.TakePpp(), PppProtocol::kLcp), (std::vector<int>{9, 9, 9}));
  EXPECT_FALSE(driver.closed());
  driver.Advance(seconds(1));
  EXPECT_TRUE(driver.closed());
  EXPECT_TRUE(driver.Logged("lcp: no echo reply"));
  ExpectEnded(driver, TerminateCause::kLostCarrier);
}

TEST_F(SessionTest, HelloWithoutReplyIsLostCarrier) {
  SessionDriver driver;
  driver.settings.ppp.echo_interval = seconds(0);
  driver.RunToActive();
  driver.TakeSent();
  driver.Advance(seconds(60));
  EXPECT_EQ(LastControl(driver), 8);
  driver.Advance(seconds(60));
  EXPECT_TRUE(driver.closed());
  EXPECT_EQ(LastControl(driver), 0);  // no CALL_ABORT
  ExpectEnded(driver, TerminateCause::kLostCarrier);
}

TEST_F(SessionTest, SessionTimeoutFromThePolicy) {
  SessionDriver driver;
  driver.settings.ppp.echo_interval = seconds(0);
  driver.settings.sstp.hello_interval = seconds(0);
  driver.RunToJudging();
  AuthorizeAccept accept = TraceAccept();
  accept.policy.session_timeout = seconds(300);
  driver.Judge(std::move(accept));
  driver.Sstp(driver.CallConnected());
  driver.Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "10.0.0.5"));
  driver.AckTheirIpcpRequest();
  EXPECT_EQ(driver.TimerLeft(TimerId::kSession), seconds(300));
  driver.Advance(seconds(300));
  EXPECT_TRUE(driver.Logged("session timeout"));
  EXPECT_EQ(driver.Snapshot().state, SessionState::kFinishing);
  driver.Advance(seconds(20));
  ExpectEnded(driver, TerminateCause::kSessionTimeout);
}

TEST_F(SessionTest, SoftTerminateTakesLeaveInOrder) {
  SessionDriver driver;
  driver.RunToActive();
  driver.TakeSent();
  driver.TakeReports();
  driver.Feed(TerminateRequested{Termination::kSoft, TerminateCause::kNasRequest, "operator"});
  EXPECT_EQ(driver.interfaces_released, 1);
  EXPECT_EQ(CodesOf(driver.TakePpp(), PppProtocol::kLcp), kTerminateRequestCodes);
  EXPECT_EQ(driver.Snapshot().state, SessionState::kFinishing);
  EXPECT_FALSE(driver.session().call_established());
  driver.Lcp(PppCode::kTerminateAck, 1);
  EXPECT_EQ(driver.TakeSent(), std::vector<Bytes>{kDisconnect});
  ExpectEnded(driver, TerminateCause::kNasRequest);
  driver.Advance(seconds(4));
  EXPECT_FALSE(driver.closed());
  driver.Advance(seconds(1));
  EXPECT_TRUE(driver.closed());
}

TEST_F(SessionTest, HardTerminateIsImmediate) {
  SessionDriver driver;
  driver.RunToActive();
  driver.TakeSent();
  driver.Feed(TerminateRequested{Termination::kHard, TerminateCause::kNasRequest, "operator"});
  EXPECT_TRUE(driver.closed());
  EXPECT_EQ(driver.TakeSent(), std::vector<Bytes>{kDisconnect});
  ExpectEnded(driver, TerminateCause::kNasRequest);
}

TEST_F(SessionTest, SecondTerminateWhileFinishingIsHard) {
  SessionDriver driver;
  driver.RunToActive();
  driver.Feed(TerminateRequested{Termination::kSoft, TerminateCause::kAdminReset, "first"});
  driver.Feed(TerminateRequested{Termination::kSoft, TerminateCause::kNasRequest, "second"});
  EXPECT_TRUE(driver.closed());
  ExpectEnded(driver, TerminateCause::kAdminReset);
}

TEST_F(SessionTest, TerminateBeforeTheCallJustCloses) {
  SessionDriver driver;
  driver.Start();
  driver.Http();
  driver.TakeSent();
  driver.Feed(TerminateRequested{Termination::kSoft, TerminateCause::kNasRequest, "drain"});
  EXPECT_TRUE(driver.closed());
  EXPECT_TRUE(driver.TakeSent().empty());
}

TEST_F(SessionTest, InterfaceThatComesTooLateIsGivenBack) {
  SessionDriver driver;
  driver.answer_interfaces = false;
  driver.RunToJudging();
  driver.Judge(TraceAccept());
  driver.Feed(TerminateRequested{Termination::kSoft, TerminateCause::kNasRequest, "operator"});
  EXPECT_EQ(driver.interfaces_released, 1);
  driver.Feed(InterfaceCreated{"ppp0", "sstp0"});
  EXPECT_EQ(driver.interfaces_released, 2);
}

TEST_F(SessionTest, ActivationFailureIsNasError) {
  SessionDriver driver;
  driver.answer_interfaces = false;
  driver.RunToJudging();
  driver.Judge(TraceAccept());
  driver.Feed(InterfaceCreated{"ppp0", "sstp0"});
  driver.Sstp(driver.CallConnected());
  driver.Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "10.0.0.5"));
  driver.AckTheirIpcpRequest();
  ASSERT_TRUE(driver.activation.has_value());
  driver.Feed(InterfaceFailed{"RTM_NEWADDR: File exists"});
  driver.Advance(seconds(6));
  ExpectEnded(driver, TerminateCause::kNasError);
}

// ---- Bad input, Annex E

TEST_F(SessionTest, UndelineatedStreamIsClosedWithoutAWord) {
  SessionDriver driver;
  driver.RunToNetwork();
  driver.TakeSent();
  driver.Feed(StreamUndelineated{});
  EXPECT_TRUE(driver.closed());
  EXPECT_TRUE(driver.TakeSent().empty());
  EXPECT_EQ(driver.Count(Counter::kSstpUndelineated), 1);
}

TEST_F(SessionTest, PppLengthBeyondTheFrameIsDroppedWithoutAReply) {
  SessionDriver driver;
  driver.RunToCall();
  driver.TakeSent();
  driver.Ppp(PppProtocol::kLcp, Octets({1, 1, 0xff, 0xff, 1, 4, 5, 0xac}));
  driver.Ppp(PppProtocol::kLcp, Octets({77, 1, 0x0f, 0x00}));
  driver.Ppp(PppProtocol::kLcp, Octets({1, 1, 0}));
  driver.Ppp(PppProtocol::kLcp, {});
  EXPECT_TRUE(driver.TakeSent().empty());
  EXPECT_TRUE(driver.Logged("LCP: short packet received"));
  EXPECT_EQ(driver.Count(Counter::kPppMalformed), 4);
}

TEST_F(SessionTest, PaddingBehindThePacketIsNeverSentBack) {
  SessionDriver driver;
  driver.RunToActive();
  driver.TakeSent();
  driver.Ppp(PppProtocol::kLcp, Octets({9, 1, 0, 8, 1, 2, 3, 4, 0xde, 0xad, 0xbe, 0xef}));
  const std::vector<PppPacket> packets = driver.TakePpp();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].data.size(), 4U);
}

TEST_F(SessionTest, RequestAndEchoFloodsAreAnsweredOneForOne) {
  SessionDriver driver;
  driver.RunToActive();
  driver.TakeSent();
  for (int i = 0; i < 500; ++i) {
    driver.Lcp(PppCode::kEchoRequest, i & 0xff, Octets({1, 2, 3, 4}));
    driver.Lcp(PppCode::kConfigureRequest, i & 0xff, Option(1, Octets({0x05, 0xac})));
  }
  EXPECT_EQ(driver.TakeSent().size(), 1000U);
  EXPECT_EQ(driver.Snapshot().state, SessionState::kActive);
}

TEST_F(SessionTest, ProtocolRejectForLcpEnds) {
  SessionDriver driver;
  driver.RunToActive();
  driver.Lcp(PppCode::kProtocolReject, 1, Octets({0xc0, 0x21}));
  driver.Advance(seconds(6));
  ExpectEnded(driver, TerminateCause::kUserError);
}

TEST_F(SessionTest, HundredNakableRequestsGetThreeNaksAndAnAbort) {
  SessionDriver driver;
  driver.Start();
  driver.Http();
  driver.TakeSent();
  for (int i = 0; i < 100; ++i) driver.Sstp(codec::EncodeConnectRequest(2));
  const std::vector<Bytes> sent = driver.TakeSent();
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_EQ(sent[3][5], 5);
  EXPECT_EQ(sent[3][19], 6);
}

TEST_F(SessionTest, ConnectedTwiceIsAborted) {
  SessionDriver driver;
  driver.RunToActive();
  driver.TakeSent();
  driver.Sstp(driver.CallConnected());
  std::uint32_t status = 0;
  EXPECT_EQ(LastControl(driver, &status), 5);
  EXPECT_EQ(status, 5U);
  EXPECT_EQ(driver.interfaces_released, 1);
}

TEST_F(SessionTest, FramesWithoutAddressAndControlAreAccepted) {
  SessionDriver driver;
  driver.RunToActive();
  driver.TakeSent();
  // SSTP header, protocol without FF 03, Echo-Request.
  driver.Sstp(Octets({0x10, 0, 0, 14, 0xc0, 0x21, 9, 1, 0, 8, 1, 2, 3, 4}));
  EXPECT_EQ(CodesOf(driver.TakePpp(), PppProtocol::kLcp), std::vector<int>{10});
}

// ---- Orders and records

TEST_F(SessionTest, NewerPolicyReplacesOlderIsIgnored) {
  SessionDriver driver;
  driver.RunToActive();
  driver.TakeReports();
  SessionPolicy policy = TraceAccept().policy;
  policy.generation = Generation(2);
  policy.session_timeout = seconds(100);
  policy.address = Ipv4Address(0x01020304);
  policy.rate_limit = {{BitsPerSecond{2'000'000}, {}}, {BitsPerSecond{1'000'000}, {}}};
  driver.Feed(PolicyReplaced{policy});
  ASSERT_EQ(driver.TakeReports().size(), 1U);
  EXPECT_EQ(driver.Snapshot().policy.generation, Generation(2));
  EXPECT_EQ(driver.Snapshot().policy.address.ToString(), "10.0.0.5");
  EXPECT_EQ(driver.Snapshot().policy.rate_limit, policy.rate_limit);
  EXPECT_EQ(driver.TimerLeft(TimerId::kSession), seconds(100));
  policy.generation = Generation(1);
  driver.Feed(PolicyReplaced{policy});
  EXPECT_TRUE(driver.TakeReports().empty());
}

TEST_F(SessionTest, UptimeCountsFromTheCallAndFreezesAtTheEnd) {
  SessionDriver driver;
  driver.Start();
  driver.Advance(seconds(10));
  driver.Http();
  driver.Sstp(codec::EncodeConnectRequest());
  EXPECT_EQ(driver.Snapshot().started_unix_seconds, 1709139784 + 10);
  driver.Advance(seconds(2));
  EXPECT_EQ(driver.Snapshot().uptime_seconds, 2);
  driver.Feed(TerminateRequested{Termination::kSoft, TerminateCause::kNasRequest, ""});
  driver.Advance(seconds(3));
  EXPECT_EQ(driver.Snapshot().uptime_seconds, 2);
}

TEST(SessionApi, EveryCounterHasAName) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < kCounterCount; ++i) names.insert(ToString(static_cast<Counter>(i)));
  EXPECT_EQ(names.size(), kCounterCount);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace sstpgw::fsm
