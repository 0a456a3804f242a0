// The server state machine of features 1.4, cell by cell, with the status codes of 1.3.4, hello of
// 1.5 and the binding checks of 1.6.1 as the machine carries them out.
#include "gateway/fsm/sstp_server.h"

#include <gtest/gtest.h>

#include "gateway/codec/ppp_frame.h"
#include "gateway/crypto/crypto_binding.h"
#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::AttributeId;
using codec::MessageType;
using codec::SstpStatus;
using std::chrono::seconds;

Bytes Message(int type, int attributes = 0, const Bytes& body = {}) {
  const int length = 8 + static_cast<int>(body.size());
  return Join({Octets({0x10, 0x01, length >> 8, length & 0xff, type >> 8, type & 0xff,
                       attributes >> 8, attributes & 0xff}),
               body});
}
Bytes Abort(SstpStatus status, AttributeId attribute = AttributeId::kStatusInfo) {
  return codec::EncodeAbort(attribute, status);
}
const Bytes kDataFrame = codec::EncodeDataPacket(codec::PppProtocol::kLcp, Octets({9, 1, 0, 4}));

class SstpServerTest : public testing::Test {
 protected:
  SstpServerTest() {
    certificate_.sha1.fill(0xa1);
    certificate_.sha256.fill(0xa2);
    server_ = std::make_unique<SstpServer>(settings_, certificate_, entropy_);
  }

  // Feeds a packet; what was sent is in sent().
  SstpSignals Receive(const Bytes& packet) {
    packet_ = packet;
    SstpSignals signals = server_->Receive(now_, packet_, out_);
    Collect();
    EXPECT_TRUE(server_->IsConsistent(out_));
    return signals;
  }
  SstpSignals Expire(TimerId timer) {
    EXPECT_TRUE(out_.TakeExpiry(timer));
    SstpSignals signals = server_->TimerExpired(now_, timer, last_receive_, out_);
    Collect();
    if (signals.close) server_->Close(out_);  // what the session does next
    EXPECT_TRUE(server_->IsConsistent(out_));
    return signals;
  }
  void Collect() {
    sent_.clear();
    for (Action& action : out_.Take()) {
      if (auto* send = std::get_if<SendBytes>(&action)) sent_.push_back(send->bytes);
      if (auto* count = std::get_if<CountEvent>(&action)) ++counters_[count->counter];
      if (auto* timer = std::get_if<StartTimer>(&action)) started_[timer->timer] = timer->after;
      if (auto* line = std::get_if<WriteLog>(&action)) log_ += line->text + "\n";
    }
  }
  // The one packet that was sent; empty: none, or more.
  [[nodiscard]] const Bytes& sent() const { return sent_.size() == 1 ? sent_[0] : none_; }

  Bytes Connected(const Bytes& hlak = Bytes(32), std::uint8_t hash = 2) {
    codec::CallConnected message;
    message.hash_protocol = hash;
    message.nonce = nonce_;
    if (hash == 1) {
      std::copy(certificate_.sha1.begin(), certificate_.sha1.end(), message.cert_hash.begin());
    } else {
      message.cert_hash = certificate_.sha256;
    }
    const Bytes raw = codec::EncodeCallConnected(message);
    const Bytes mac =
        crypto::CompoundMac(static_cast<crypto::HashProtocol>(hash), hlak,
                            crypto::CallConnectedBytes(raw.data(), crypto::kCallConnectedSize));
    std::copy(mac.begin(), mac.end(), message.compound_mac.begin());
    return codec::EncodeCallConnected(message);
  }

  void ToRequestPending() { server_->HttpDone(); }
  void ToConnectedPending() {
    ToRequestPending();
    EXPECT_TRUE(Receive(codec::EncodeConnectRequest()).call_started);
    nonce_ = codec::ParseConnectAck(codec::ParseControl(sent()).value())->nonce;
  }
  SstpSignals Authenticate(const Bytes& hlak = Bytes(32)) {
    SstpSignals signals = server_->AuthSucceeded(now_, Secret(ByteView(hlak)), out_);
    Collect();
    return signals;
  }
  void ToConnected() {
    ToConnectedPending();
    Authenticate();
    EXPECT_TRUE(Receive(Connected()).call_connected);
    EXPECT_EQ(server_->state(), SstpState::kConnected);
  }
  void ExpectAborted(const SstpSignals& signals, SstpStatus status,
                     AttributeId attribute = AttributeId::kStatusInfo) {
    ASSERT_TRUE(signals.ending.has_value());
    EXPECT_EQ(signals.ending->cause, TerminateCause::kUserError);
    EXPECT_FALSE(signals.close);
    EXPECT_EQ(sent(), Abort(status, attribute));
    EXPECT_EQ(server_->state(), SstpState::kAbortPending);
    EXPECT_EQ(started_[TimerId::kTeardown], seconds(3));
    EXPECT_FALSE(out_.Runs(TimerId::kNegotiation));
    EXPECT_FALSE(out_.Runs(TimerId::kHello));
  }
  void ExpectIgnored(const Bytes& packet) {
    const SstpState before = server_->state();
    const SstpSignals signals = Receive(packet);
    EXPECT_FALSE(signals.ending || signals.close || signals.call_started || signals.call_connected);
    EXPECT_TRUE(signals.ppp_frame.empty());
    EXPECT_TRUE(sent_.empty());
    EXPECT_EQ(server_->state(), before);
  }

  SstpSettings settings_;
  CertificateHashes certificate_;
  ScriptedEntropy entropy_;
  Outbox out_;
  std::unique_ptr<SstpServer> server_;
  TimePoint now_{seconds(1000)};
  TimePoint last_receive_{};
  std::array<std::uint8_t, 32> nonce_{};
  Bytes packet_;
  std::vector<Bytes> sent_;
  const Bytes none_;
  std::map<Counter, int> counters_;
  std::map<TimerId, Duration> started_;
  std::string log_;
};

// ---- CALL_CONNECT_REQUEST

TEST_F(SstpServerTest, RequestInRequestPendingIsAcknowledgedWithAFreshNonce) {
  ToConnectedPending();
  EXPECT_EQ(sent().size(), 48U);
  EXPECT_EQ(Bytes(sent().begin(), sent().begin() + 16),
            Octets({0x10, 0x01, 0x00, 0x30, 0x00, 0x02, 0x00, 0x01, 0x00, 0x04, 0x00, 0x28, 0x00,
                    0x00, 0x00, 0x03}));
  EXPECT_EQ(server_->state(), SstpState::kConnectedPending);
  EXPECT_EQ(started_[TimerId::kNegotiation], seconds(60));  // restarted
}

TEST_F(SstpServerTest, OfferedHashesFollowTheSetting) {
  settings_.hash_mask = 2;
  ToConnectedPending();
  EXPECT_EQ(sent().at(15), 2);
}

TEST_F(SstpServerTest, BadRequestIsNakedThreeTimesThenAborted) {
  ToRequestPending();
  const Bytes bad = codec::EncodeConnectRequest(0x0002);
  for (int i = 0; i < 3; ++i) {
    const SstpSignals signals = Receive(bad);
    EXPECT_FALSE(signals.ending.has_value());
    EXPECT_EQ(sent(), Octets({0x10, 0x01, 0x00, 0x16, 0x00, 0x03, 0x00, 0x01, 0x00, 0x02, 0x00,
                              0x0e, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x04, 0x00, 0x02}));
    EXPECT_EQ(server_->state(), SstpState::kConnectRequestPending);
  }
  EXPECT_EQ(counters_[Counter::kSstpRetryExceeded], 0);
  ExpectAborted(Receive(bad), SstpStatus::kRetryCountExceeded);
  EXPECT_EQ(counters_[Counter::kSstpRetryExceeded], 1);
  EXPECT_EQ(counters_[Counter::kSstpNakSent], 3);
}

TEST_F(SstpServerTest, GoodRequestAfterThreeNaksIsStillAccepted) {
  ToRequestPending();
  for (int i = 0; i < 3; ++i) Receive(codec::EncodeConnectRequest(7));
  EXPECT_TRUE(Receive(codec::EncodeConnectRequest()).call_started);
}

TEST_F(SstpServerTest, RequestWhoseAttributesCannotBeToldApartIsAborted) {
  ToRequestPending();
  ExpectAborted(Receive(Message(1, 0xffff, Octets({0, 1, 0, 0}))),
                SstpStatus::kInvalidFrameReceived);
  EXPECT_EQ(counters_[Counter::kSstpMalformed], 1);
}

// Annex E: Num Attributes and lengths that lie. Features 1.3.4: broken format is an invalid frame.
TEST_F(SstpServerTest, AnEchoWithBrokenAttributesIsAborted) {
  ToConnected();
  ExpectAborted(Receive(Message(8, 0xffff, {})), SstpStatus::kInvalidFrameReceived);
  EXPECT_EQ(counters_[Counter::kSstpMalformed], 1);
}

TEST_F(SstpServerTest, AnEchoResponseWithABrokenAttributeIsAborted) {
  ToConnected();
  ExpectAborted(Receive(Message(9, 1, Octets({0, 1, 0, 0}))), SstpStatus::kInvalidFrameReceived);
  EXPECT_EQ(counters_[Counter::kSstpMalformed], 1);
}

TEST_F(SstpServerTest, AGoodByeWithBrokenAttributesIsTaken) {
  ToConnected();
  Receive(Message(6, 0xffff, Octets({0, 2, 0, 3})));
  EXPECT_EQ(sent(), codec::EncodeBare(codec::MessageType::kCallDisconnectAck));
  EXPECT_EQ(counters_[Counter::kSstpMalformed], 1);
}

TEST_F(SstpServerTest, RequestInLaterStatesIsAborted) {
  ToConnectedPending();
  ExpectAborted(Receive(codec::EncodeConnectRequest()), SstpStatus::kUnacceptedFrameReceived);
}

TEST_F(SstpServerTest, RequestInConnectedIsAborted) {
  ToConnected();
  ExpectAborted(Receive(codec::EncodeConnectRequest()), SstpStatus::kUnacceptedFrameReceived);
}

// ---- Messages that are out of place: abort(5), unknown: abort(7); parameter: state and type

using Place = std::tuple<SstpState, int, SstpStatus>;
class SstpOutOfPlace : public SstpServerTest, public testing::WithParamInterface<Place> {};

TEST_P(SstpOutOfPlace, IsAborted) {
  const auto [state, type, status] = GetParam();
  if (state == SstpState::kConnectRequestPending) ToRequestPending();
  if (state == SstpState::kConnectedPending) ToConnectedPending();
  if (state == SstpState::kConnected) ToConnected();
  ExpectAborted(Receive(type == 4 ? Connected() : Message(type)), status);
}

std::vector<Place> OutOfPlace() {
  std::vector<Place> places;
  constexpr auto kUnaccepted = SstpStatus::kUnacceptedFrameReceived;
  for (const SstpState state :
       {SstpState::kConnectRequestPending, SstpState::kConnectedPending, SstpState::kConnected}) {
    for (const int type : {2, 3, 7}) places.emplace_back(state, type, kUnaccepted);
    for (const int type : {0, 10, 0xffff}) {
      places.emplace_back(state, type, SstpStatus::kInvalidFrameReceived);
    }
    if (state == SstpState::kConnected) continue;
    for (const int type : {8, 9}) places.emplace_back(state, type, kUnaccepted);
  }
  places.emplace_back(SstpState::kConnectRequestPending, 4, kUnaccepted);
  places.emplace_back(SstpState::kConnected, 4, kUnaccepted);
  return places;
}
INSTANTIATE_TEST_SUITE_P(Section1_4, SstpOutOfPlace, testing::ValuesIn(OutOfPlace()));

// ---- Teardown states: parameter

class SstpTeardown : public SstpServerTest, public testing::WithParamInterface<SstpState> {
 protected:
  void Enter() {
    ToConnected();
    switch (GetParam()) {
      case SstpState::kAbortPending:
        Receive(Message(0x77));
        break;
      case SstpState::kAbortTimeoutPending:
        Receive(Abort(SstpStatus::kNoError));
        break;
      case SstpState::kDisconnectAckPending:
        server_->Disconnect(out_);
        Collect();
        break;
      default:
        Receive(codec::EncodeDisconnect());
        break;
    }
    ASSERT_EQ(server_->state(), GetParam());
  }
};

TEST_P(SstpTeardown, IgnoresEverythingButAbortAndDisconnect) {
  Enter();
  for (const int type : {1, 2, 3, 4, 8, 9, 10, 0xffff}) ExpectIgnored(Message(type));
  ExpectIgnored(kDataFrame);
}

TEST_P(SstpTeardown, CallAbort) {
  Enter();
  if (GetParam() == SstpState::kAbortPending) {
    Receive(Abort(SstpStatus::kNoError));
    EXPECT_TRUE(sent_.empty());
  } else if (GetParam() == SstpState::kDisconnectAckPending) {
    Receive(Abort(SstpStatus::kNoError));
    EXPECT_EQ(sent().at(5), 5);
  } else {
    ExpectIgnored(Abort(SstpStatus::kNoError));
    return;
  }
  EXPECT_EQ(server_->state(), SstpState::kAbortTimeoutPending);
  EXPECT_EQ(started_[TimerId::kTeardown], seconds(1));
}

TEST_P(SstpTeardown, CallDisconnect) {
  Enter();
  if (GetParam() != SstpState::kDisconnectAckPending) {
    ExpectIgnored(codec::EncodeDisconnect());
    return;
  }
  Receive(codec::EncodeDisconnect());
  EXPECT_EQ(sent(), Octets({0x10, 0x01, 0x00, 0x08, 0x00, 0x07, 0x00, 0x00}));
  EXPECT_EQ(server_->state(), SstpState::kDisconnectTimeoutPending);
  EXPECT_EQ(started_[TimerId::kTeardown], seconds(1));
}

TEST_P(SstpTeardown, CallDisconnectAck) {
  Enter();
  const SstpSignals signals = Receive(Message(7));
  EXPECT_EQ(signals.close, GetParam() == SstpState::kDisconnectAckPending);
  EXPECT_TRUE(sent_.empty());
}

TEST_P(SstpTeardown, ClosesWhenTheTimerExpires) {
  Enter();
  EXPECT_TRUE(Expire(TimerId::kTeardown).close);
}

INSTANTIATE_TEST_SUITE_P(Section1_4, SstpTeardown,
                         testing::Values(SstpState::kAbortPending, SstpState::kAbortTimeoutPending,
                                         SstpState::kDisconnectAckPending,
                                         SstpState::kDisconnectTimeoutPending));

// ---- Abort and disconnect by the peer: parameter: state

class SstpPeerEnds : public SstpServerTest, public testing::WithParamInterface<SstpState> {
 protected:
  void Enter() {
    if (GetParam() == SstpState::kConnectRequestPending) ToRequestPending();
    if (GetParam() == SstpState::kConnectedPending) ToConnectedPending();
    if (GetParam() == SstpState::kConnected) ToConnected();
  }
};

TEST_P(SstpPeerEnds, AbortIsAnsweredWithAbort) {
  Enter();
  const SstpSignals signals = Receive(Abort(SstpStatus::kValueNotSupported));
  ASSERT_TRUE(signals.ending.has_value());
  EXPECT_EQ(signals.ending->cause, TerminateCause::kUserError);
  EXPECT_EQ(sent().size(), 20U);
  EXPECT_EQ(sent().at(5), 5);
  EXPECT_EQ(server_->state(), SstpState::kAbortTimeoutPending);
  EXPECT_EQ(started_[TimerId::kTeardown], seconds(1));
}

TEST_P(SstpPeerEnds, AbortWithoutAttributesIsAnAbort) {
  Enter();
  EXPECT_TRUE(Receive(Message(5)).ending.has_value());
  EXPECT_EQ(server_->state(), SstpState::kAbortTimeoutPending);
}

TEST_P(SstpPeerEnds, DisconnectIsAcknowledged) {
  Enter();
  const SstpSignals signals = Receive(codec::EncodeDisconnect());
  ASSERT_TRUE(signals.ending.has_value());
  EXPECT_EQ(signals.ending->cause, TerminateCause::kUserRequest);
  EXPECT_EQ(sent(), Octets({0x10, 0x01, 0x00, 0x08, 0x00, 0x07, 0x00, 0x00}));
  EXPECT_EQ(server_->state(), SstpState::kDisconnectTimeoutPending);
  EXPECT_EQ(started_[TimerId::kTeardown], seconds(1));
}

TEST_P(SstpPeerEnds, DisconnectWithoutAttributesIsAcknowledged) {
  Enter();
  Receive(Message(6));
  EXPECT_EQ(server_->state(), SstpState::kDisconnectTimeoutPending);
}

INSTANTIATE_TEST_SUITE_P(Section1_4, SstpPeerEnds,
                         testing::Values(SstpState::kConnectRequestPending,
                                         SstpState::kConnectedPending, SstpState::kConnected));

// ---- Data packets

TEST_F(SstpServerTest, DataPacketsAreDroppedBeforeTheAckAndPassedOnAfterIt) {
  ToRequestPending();
  ExpectIgnored(kDataFrame);
  Receive(codec::EncodeConnectRequest());
  EXPECT_EQ(Receive(kDataFrame).ppp_frame.size(), kDataFrame.size() - 4);
  EXPECT_TRUE(Receive(Octets({0x10, 0x00, 0x00, 0x04})).ppp_frame.empty());
}

TEST_F(SstpServerTest, ReservedBitsAreIgnored) {
  ToRequestPending();
  Bytes request = codec::EncodeConnectRequest();
  request[1] = 0xff;
  request[2] = 0xf0;
  EXPECT_TRUE(Receive(request).call_started);
}

TEST_F(SstpServerTest, WithoutAValidHeaderTheConnectionIsClosedSilently) {
  for (const Bytes& bad : {Octets({0x11, 0, 0, 8, 0, 0, 0, 0}), Octets({0x10, 1, 0, 7, 0, 0, 0}),
                           Octets({0x10, 0, 0, 3}), Octets({0x10, 0, 0}), Bytes{}}) {
    SstpServer server(settings_, certificate_, entropy_);
    server.HttpDone();
    const SstpSignals signals = server.Receive(now_, bad, out_);
    EXPECT_TRUE(signals.close && signals.ending);
    Collect();
    EXPECT_TRUE(sent_.empty());
  }
}

TEST_F(SstpServerTest, NothingIsTakenBeforeHttpIsDone) {
  ExpectIgnored(codec::EncodeConnectRequest());
}

// ---- Local end

TEST_F(SstpServerTest, LocalEndSendsDisconnectAndWaitsFiveSeconds) {
  ToConnectedPending();
  EXPECT_FALSE(server_->Disconnect(out_).close);
  Collect();
  EXPECT_EQ(sent(), Octets({0x10, 0x01, 0x00, 0x14, 0x00, 0x06, 0x00, 0x01, 0x00, 0x02,
                            0x00, 0x0c, 0,    0,    0,    0,    0,    0,    0,    0}));
  EXPECT_EQ(server_->state(), SstpState::kDisconnectAckPending);
  EXPECT_EQ(started_[TimerId::kTeardown], seconds(5));
}

TEST_F(SstpServerTest, LocalEndBeforeACallClosesAtOnce) {
  ToRequestPending();
  EXPECT_TRUE(server_->Disconnect(out_).close);
}

// ---- Timers

TEST_F(SstpServerTest, NegotiationTimerAborts) {
  ToConnectedPending();
  ExpectAborted(Expire(TimerId::kNegotiation), SstpStatus::kNegotiationTimeout);
  EXPECT_NE(log_.find("sstp: negotiation timeout"), std::string::npos);
}

TEST_F(SstpServerTest, NegotiationTimerBeforeHttpJustCloses) {
  out_.Start(TimerId::kNegotiation, seconds(60));
  const SstpSignals signals = Expire(TimerId::kNegotiation);
  EXPECT_TRUE(signals.close);
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(counters_[Counter::kSstpNegotiationTimeout], 1);
  EXPECT_EQ(log_, "");
}

TEST_F(SstpServerTest, NegotiationTimerNamesTheMissingCallConnected) {
  ToConnectedPending();
  Authenticate();
  ExpectAborted(Expire(TimerId::kNegotiation), SstpStatus::kNegotiationTimeout);
  EXPECT_NE(log_.find("sstp: negotiation timeout\n"), std::string::npos);
  EXPECT_NE(log_.find("client did not send SSTP_MSG_CALL_CONNECTED"), std::string::npos);
  EXPECT_EQ(counters_[Counter::kBindingNeverSent], 1);
}

TEST_F(SstpServerTest, HelloSendsEchoRequestAfterASilentInterval) {
  ToConnected();
  EXPECT_EQ(started_[TimerId::kHello], seconds(60));
  now_ += seconds(60);
  EXPECT_FALSE(Expire(TimerId::kHello).ending.has_value());
  EXPECT_EQ(sent(), Octets({0x10, 0x01, 0x00, 0x08, 0x00, 0x08, 0x00, 0x00}));
  now_ += seconds(60);
  const SstpSignals signals = Expire(TimerId::kHello);
  ASSERT_TRUE(signals.ending.has_value());
  EXPECT_TRUE(signals.close);
  EXPECT_EQ(signals.ending->cause, TerminateCause::kLostCarrier);
  EXPECT_TRUE(sent_.empty());  // [MS-SSTP] 3.1.2.3: no CALL_ABORT
  EXPECT_NE(log_.find("sstp: no echo reply"), std::string::npos);
}

TEST_F(SstpServerTest, HelloCountsEveryPacketAsLife) {
  ToConnected();
  now_ += seconds(50);
  Receive(kDataFrame);
  now_ += seconds(10);
  Expire(TimerId::kHello);
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(started_[TimerId::kHello], seconds(50));
  // IP packets do not come here; the worker tells when the last octet came.
  now_ += seconds(50);
  last_receive_ = now_ - seconds(1);
  Expire(TimerId::kHello);
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(started_[TimerId::kHello], seconds(59));
}

TEST_F(SstpServerTest, HelloIsSatisfiedByAnEchoResponse) {
  ToConnected();
  now_ += seconds(60);
  Expire(TimerId::kHello);
  Receive(Message(9));
  now_ += seconds(60);
  EXPECT_FALSE(Expire(TimerId::kHello).ending.has_value());
  EXPECT_EQ(sent().at(5), 8);  // asks again
}

TEST_F(SstpServerTest, EchoRequestIsAnsweredAlsoWithHelloOff) {
  settings_.hello_interval = seconds(0);
  ToConnected();
  EXPECT_FALSE(out_.Runs(TimerId::kHello));
  Receive(Message(8));
  EXPECT_EQ(sent(), Octets({0x10, 0x01, 0x00, 0x08, 0x00, 0x09, 0x00, 0x00}));
}

// ---- CALL_CONNECTED

TEST_F(SstpServerTest, BindingOpensTheCallWithEitherHash) {
  for (const std::uint8_t hash : {std::uint8_t{1}, std::uint8_t{2}}) {
    server_ = std::make_unique<SstpServer>(settings_, certificate_, entropy_);
    out_.StopAllExcept();
    ToConnectedPending();
    const Bytes hlak(32, 0x5a);
    Authenticate(hlak);
    EXPECT_TRUE(Receive(Connected(hlak, hash)).call_connected);
    EXPECT_FALSE(out_.Runs(TimerId::kNegotiation));
  }
}

TEST_F(SstpServerTest, EarlyConnectedIsHeldUntilTheKeysAreThere) {
  ToConnectedPending();
  ExpectIgnored(Connected());
  EXPECT_TRUE(Authenticate().call_connected);
  EXPECT_EQ(server_->state(), SstpState::kConnected);
}

TEST_F(SstpServerTest, SecondEarlyConnectedIsAborted) {
  ToConnectedPending();
  Receive(Connected());
  ExpectAborted(Receive(Connected()), SstpStatus::kUnacceptedFrameReceived);
}

TEST_F(SstpServerTest, EarlyConnectedIsDroppedWhenAuthenticationFails) {
  ToConnectedPending();
  Receive(Connected());
  server_->DropKeys();
  EXPECT_FALSE(Authenticate().call_connected);
}

TEST_F(SstpServerTest, EarlyConnectedWithAWrongMacIsAbortedWhenTheKeysCome) {
  ToConnectedPending();
  Receive(Connected(Bytes(32, 1)));
  ExpectAborted(Authenticate(Bytes(32, 2)), SstpStatus::kValueNotSupported,
                AttributeId::kCryptoBinding);
}

struct Forgery {
  std::size_t at;  // octet of CALL_CONNECTED that is changed
  std::uint8_t flip;
  SstpStatus status;
  AttributeId attribute;
  Counter counter;
  const char* log;
};
class SstpForged : public SstpServerTest, public testing::WithParamInterface<Forgery> {};

TEST_P(SstpForged, IsAborted) {
  const Forgery& forgery = GetParam();
  ToConnectedPending();
  Authenticate();
  Bytes message = Connected();
  message.at(forgery.at) ^= forgery.flip;
  ExpectAborted(Receive(message), forgery.status, forgery.attribute);
  EXPECT_EQ(counters_[forgery.counter], 1);
  EXPECT_NE(log_.find(forgery.log), std::string::npos) << log_;
}

constexpr auto kBinding = AttributeId::kCryptoBinding;
constexpr auto kWrong = SstpStatus::kValueNotSupported;
INSTANTIATE_TEST_SUITE_P(
    Section1_6_1, SstpForged,
    testing::Values(
        Forgery{9, 7, SstpStatus::kAttributeNotSupportedInMessage, AttributeId::kStatusInfo,
                Counter::kBindingMalformed, "malformed"},
        Forgery{7, 3, SstpStatus::kAttributeNotSupportedInMessage, AttributeId::kStatusInfo,
                Counter::kBindingMalformed, "malformed"},
        Forgery{15, 1, kWrong, kBinding, Counter::kBindingBadHashProtocol, "sstp: invalid Hash"},
        Forgery{15, 4, kWrong, kBinding, Counter::kBindingBadHashProtocol, "sstp: invalid Hash"},
        Forgery{16, 1, kWrong, kBinding, Counter::kBindingBadNonce, "sstp: invalid Nonce"},
        Forgery{47, 0x80, kWrong, kBinding, Counter::kBindingBadNonce, "sstp: invalid Nonce"},
        Forgery{48, 1, kWrong, kBinding, Counter::kBindingBadCertHash,
                "sstp: invalid SHA256 Cert Hash"},
        Forgery{79, 1, kWrong, kBinding, Counter::kBindingBadCertHash,
                "sstp: invalid SHA256 Cert Hash"},
        Forgery{80, 1, kWrong, kBinding, Counter::kBindingBadMac, "sstp: invalid Compound MAC"},
        Forgery{111, 1, kWrong, kBinding, Counter::kBindingBadMac, "sstp: invalid Compound MAC"}));

TEST_F(SstpServerTest, HashThatWasNotOfferedIsAborted) {
  settings_.hash_mask = 2;
  ToConnectedPending();
  Authenticate();
  ExpectAborted(Receive(Connected(Bytes(32), 1)), SstpStatus::kValueNotSupported,
                AttributeId::kCryptoBinding);
}

TEST_F(SstpServerTest, ConfiguredCertificateHashReplacesTheConnections) {
  settings_.cert_hash_sha256.emplace().fill(0x33);
  ToConnectedPending();
  Authenticate();
  ExpectAborted(Receive(Connected()), SstpStatus::kValueNotSupported, AttributeId::kCryptoBinding);
  server_ = std::make_unique<SstpServer>(settings_, certificate_, entropy_);
  out_.StopAllExcept();
  ToConnectedPending();
  Authenticate();
  certificate_.sha256.fill(0x33);
  EXPECT_TRUE(Receive(Connected()).call_connected);
}

}  // namespace
}  // namespace sstpgw::fsm
