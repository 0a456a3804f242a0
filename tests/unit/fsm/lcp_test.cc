// LCP: options and MTU rules (features 3.2.1 to 3.2.3), negotiation of the authentication protocol
// (3.3), the protocol's own packets (3.1, 3.2.4, 3.2.5), echo keepalive (3.2.6).
#include "gateway/fsm/lcp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;
using std::chrono::seconds;
using testing::ElementsAre;

const Bytes kTheirMagic = Option(5, Octets({0x34, 0x5f, 0x64, 0xca}));
const Bytes kOurMagic = Octets({0x1c, 0xd9, 0xad, 0x05});
Bytes Mru(int value) { return Option(1, Octets({value >> 8, value & 0xff})); }
Bytes Auth(std::initializer_list<int> value) { return Option(3, Octets(value)); }

// An Lcp alone: packets in, packets out.
class LcpTest : public testing::Test {
 protected:
  void Start() {
    entropy_.Script({0x1c, 0xd9, 0xad, 0x05, 0x0f});
    lcp_ = std::make_unique<Lcp>(settings_, entropy_);
    signals_ = lcp_->Start(out_);
    Collect();
  }
  const LayerSignals& Receive(PppCode code, int identifier, const Bytes& data = {}) {
    return ReceiveRaw(ControlPacketOf(code, identifier, data));
  }
  const LayerSignals& ReceiveRaw(const Bytes& bytes) {
    signals_ = lcp_->Receive(now_, codec::ParseControlPacket(bytes).value(), out_);
    Collect();
    return signals_;
  }
  const LayerSignals& Tick(TimePoint last_frame = {}, std::uint64_t data_packets = 0) {
    EXPECT_TRUE(out_.TakeExpiry(TimerId::kLcpEcho));
    now_ += settings_.echo_interval;
    signals_ = lcp_->EchoTimerExpired(now_, last_frame, data_packets, out_);
    Collect();
    return signals_;
  }
  void Collect() {
    sent_.clear();
    for (Action& action : out_.Take()) {
      if (auto* send = std::get_if<SendBytes>(&action)) {
        sent_.emplace_back(send->bytes.begin() + 8, send->bytes.end());
        if (sent_.back()[0] == 1) request_ = sent_.back();
      }
      if (auto* timer = std::get_if<StartTimer>(&action)) {
        if (timer->timer == TimerId::kLcpRestart) restart_after_ = timer->after;
      }
      if (auto* count = std::get_if<CountEvent>(&action)) ++counters_[count->counter];
      if (auto* line = std::get_if<WriteLog>(&action)) warnings_ += line->level < LogLevel::kInfo;
    }
    EXPECT_TRUE(lcp_->IsConsistent(out_));
  }
  const LayerSignals& AckOurs() {
    Bytes ack = request_;
    ack[0] = 2;
    return ReceiveRaw(ack);
  }
  void Open(const Bytes& options = Mru(1452)) {
    Start();
    Receive(PppCode::kConfigureRequest, 1, options);
    EXPECT_TRUE(AckOurs().up);
    EXPECT_TRUE(lcp_->opened());
  }
  // The options of our last Configure-Request.
  [[nodiscard]] Bytes requested() const { return Bytes(request_.begin() + 4, request_.end()); }
  // The one packet that was sent; empty: none, or more.
  [[nodiscard]] const Bytes& sent() const { return sent_.size() == 1 ? sent_[0] : none_; }
  [[nodiscard]] int code() const { return sent_.size() == 1 ? sent_[0].at(0) : -1; }
  [[nodiscard]] Bytes data() const {
    return sent_.size() == 1 ? Bytes(sent_[0].begin() + 4, sent_[0].end()) : Bytes{};
  }

  PppSettings settings_ = TraceSettings().ppp;
  ScriptedEntropy entropy_;
  Outbox out_;
  std::unique_ptr<Lcp> lcp_;
  TimePoint now_{seconds(1000)};
  LayerSignals signals_;
  std::vector<Bytes> sent_;
  const Bytes none_;
  Bytes request_;
  std::map<Counter, int> counters_;
  Duration restart_after_{};
  int warnings_ = 0;
};

// ---- Our request

TEST_F(LcpTest, Section3_2_1RequestHoldsAuthMruMagicInThisOrder) {
  Start();
  EXPECT_EQ(sent(),
            Join({Octets({1, 0x10, 0, 18}), Auth({0xc0, 0x23}), Mru(1452), Option(5, kOurMagic)}));
}

TEST_F(LcpTest, WithoutAnyProtocolItEndsAtOnce) {
  settings_.auth_protocols.clear();
  Start();
  ASSERT_TRUE(signals_.ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserError);
}

TEST_F(LcpTest, RetransmissionKeepsTheIdentifierAndStopsAfterMaxConfigure) {
  Start();
  const Bytes first = sent();
  for (int i = 1; i < 10; ++i) {
    ASSERT_TRUE(out_.TakeExpiry(TimerId::kLcpRestart));
    EXPECT_FALSE(lcp_->RestartTimerExpired(now_, out_).finished);
    Collect();
    EXPECT_EQ(sent(), first) << i;
  }
  ASSERT_TRUE(out_.TakeExpiry(TimerId::kLcpRestart));
  EXPECT_TRUE(lcp_->RestartTimerExpired(now_, out_).finished);
  Collect();
  EXPECT_TRUE(sent_.empty());
}

// ppp-options.timeout, max-configure, max-terminate, features 3.1.
TEST_F(LcpTest, TheConfiguredTimerAndCountersRule) {
  settings_.restart_timeout = seconds(7);
  settings_.max_configure = 2;
  settings_.max_terminate = 1;
  Start();
  EXPECT_EQ(restart_after_, seconds(7));
  ASSERT_TRUE(out_.TakeExpiry(TimerId::kLcpRestart));
  EXPECT_FALSE(lcp_->RestartTimerExpired(now_, out_).finished);
  ASSERT_TRUE(out_.TakeExpiry(TimerId::kLcpRestart));
  EXPECT_TRUE(lcp_->RestartTimerExpired(now_, out_).finished);
  Collect();
  Open();
  EXPECT_FALSE(lcp_->Close(out_).finished);
  ASSERT_TRUE(out_.TakeExpiry(TimerId::kLcpRestart));
  EXPECT_TRUE(lcp_->RestartTimerExpired(now_, out_).finished);
}

TEST_F(LcpTest, TheConfiguredMaxFailureRules) {
  settings_.max_failure = 1;
  Start();
  Receive(PppCode::kConfigureRequest, 1, Mru(60));
  EXPECT_EQ(code(), 3);
  EXPECT_EQ(Receive(PppCode::kConfigureRequest, 2, Mru(60)).ending.has_value(), true);
}

// ---- MTU rules, features 3.2.3

TEST(MtuRules, DefaultsAre1452BothWays) {
  const MtuRules rules = MtuRulesOf({});
  EXPECT_EQ(rules.ceiling, 1452);
  EXPECT_EQ(rules.initial, 1452);
  EXPECT_EQ(rules.our_request, 1452);
  EXPECT_EQ(rules.floor, 100);
}

TEST(MtuRules, MruIsUsedUpToTheCeiling) {
  PppSettings settings;
  settings.mru = 1300;
  EXPECT_EQ(MtuRulesOf(settings).our_request, 1300);
  settings.mru = 9000;
  EXPECT_EQ(MtuRulesOf(settings).our_request, 1452);
}

TEST(MtuRules, ConfiguredMtuIsTheCeilingToo) {
  PppSettings settings;
  settings.mtu = 1400;
  settings.mtu_configured = true;
  EXPECT_EQ(MtuRulesOf(settings).ceiling, 1400);
  EXPECT_EQ(MtuRulesOf(settings).initial, 1400);
  EXPECT_EQ(MtuRulesOf(settings).our_request, 1452);
  settings.mtu = 1500;
  EXPECT_EQ(MtuRulesOf(settings).ceiling, 1452);
  EXPECT_EQ(MtuRulesOf(settings).initial, 1452);
}

TEST(MtuRules, PppMaxMtuAbove1500IsCapped) {
  PppSettings settings;
  settings.ppp_max_mtu = 4000;
  EXPECT_EQ(MtuRulesOf(settings).ceiling, 1500);
  EXPECT_EQ(MtuRulesOf(settings).our_request, 1500);
  EXPECT_EQ(MtuRulesOf(settings).initial, 1500);
}

TEST(MtuRules, MinMtuAboveTheCeilingIsClamped) {
  PppSettings settings;
  settings.min_mtu = 1600;
  EXPECT_EQ(MtuRulesOf(settings).floor, 1452);
}

struct MruCase {
  int asked;
  bool acked;
};
class LcpMru : public LcpTest, public testing::WithParamInterface<MruCase> {};
TEST_P(LcpMru, IsAckedOrNakedWithTheInitialMtu) {
  Start();
  Receive(PppCode::kConfigureRequest, 1, Mru(GetParam().asked));
  if (GetParam().acked) {
    EXPECT_EQ(sent(), Join({Octets({2, 1, 0, 8}), Mru(GetParam().asked)}));
    EXPECT_EQ(lcp_->mtu(), GetParam().asked);
  } else {
    EXPECT_EQ(sent(), Join({Octets({3, 1, 0, 8}), Mru(1452)}));
    EXPECT_EQ(lcp_->mtu(), 1452);
  }
}
INSTANTIATE_TEST_SUITE_P(Section3_2_3, LcpMru,
                         testing::Values(MruCase{0, false}, MruCase{67, false}, MruCase{99, false},
                                         MruCase{100, true}, MruCase{1200, true},
                                         MruCase{1452, true}, MruCase{1453, false},
                                         MruCase{4091, false}, MruCase{65535, false}));

TEST_F(LcpTest, NoMruMeansTheInitialMtu) {
  settings_.mtu = 1400;
  Start();
  Receive(PppCode::kConfigureRequest, 1, kTheirMagic);
  EXPECT_EQ(code(), 2);
  EXPECT_EQ(lcp_->mtu(), 1400);
}

TEST_F(LcpTest, WhoInsistsOnABadMruIsEndedAfterMaxFailure) {
  Start();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(Receive(PppCode::kConfigureRequest, i, Mru(90)).ending.has_value()) << i;
    EXPECT_EQ(code(), 3);
  }
  ASSERT_TRUE(Receive(PppCode::kConfigureRequest, 10, Mru(90)).ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserError);
}

TEST_F(LcpTest, MruOfTheWrongLengthIsRejected) {
  Start();
  Receive(PppCode::kConfigureRequest, 1, Option(1, Octets({5})));
  EXPECT_EQ(sent(), Join({Octets({4, 1, 0, 7}), Option(1, Octets({5}))}));
}

// ---- The peer's other options

TEST_F(LcpTest, RejectHoldsOnlyTheRejectedOptionsAndComesBeforeNak) {
  Start();
  const Bytes refused =
      Join({Option(7, {}), Option(8, {}), Option(13, Octets({6})), Option(17, Octets({6, 0x4e})),
            Auth({0xc2, 0x23, 0x81}), Option(4, Octets({0xc0, 0x25})), Option(200, {})});
  Receive(PppCode::kConfigureRequest, 0, Join({Mru(4091), kTheirMagic, refused}));
  EXPECT_EQ(code(), 4);
  EXPECT_EQ(data(), refused);
}

TEST_F(LcpTest, OurOwnMagicIsNakedWithAnother) {
  Start();
  Receive(PppCode::kConfigureRequest, 0, Option(5, kOurMagic));
  EXPECT_EQ(code(), 3);
  EXPECT_NE(data(), Option(5, kOurMagic));
  EXPECT_EQ(counters_[Counter::kLcpLoop], 1);
}

// An Ack begins the failure count anew, so this could go on for ever.
TEST_F(LcpTest, APeerWithOurMagicIsWarnedOfOnce) {
  Start();
  for (int i = 0; i < 20; ++i) {
    Receive(PppCode::kConfigureRequest, i, Option(5, kOurMagic));
    Receive(PppCode::kConfigureRequest, i, kTheirMagic);
  }
  EXPECT_EQ(counters_[Counter::kLcpLoop], 20);
  EXPECT_EQ(warnings_, 1);
}

TEST_F(LcpTest, Rfc1661Section6_4MagicZeroIsNaked) {
  Start();
  Receive(PppCode::kConfigureRequest, 0, Option(5, Octets({0, 0, 0, 0})));
  EXPECT_EQ(code(), 3);
}

TEST_F(LcpTest, MagicOfTheWrongLengthIsRejected) {
  Start();
  Receive(PppCode::kConfigureRequest, 0, Option(5, Octets({1, 2, 3})));
  EXPECT_EQ(code(), 4);
}

TEST_F(LcpTest, OptionLengthsThatDoNotFitDropThePacket) {
  Start();
  for (const Bytes& bad : {Octets({1, 0}), Octets({1, 1}), Octets({1, 255, 5, 172}), Octets({1})}) {
    Receive(PppCode::kConfigureRequest, 0, bad);
    EXPECT_TRUE(sent_.empty());
  }
  EXPECT_EQ(counters_[Counter::kPppMalformed], 4);
}

// ---- Answers to our options, features 3.2.2

TEST_F(LcpTest, NakedMruIsAdoptedWhenItFits) {
  Start();
  Receive(PppCode::kConfigureNak, request_[1], Mru(1400));
  EXPECT_EQ(requested(), Join({Auth({0xc0, 0x23}), Mru(1400), Option(5, kOurMagic)}));
  EXPECT_EQ(request_[1], 0x11);  // new content, new identifier
}

TEST_F(LcpTest, NakedMruBeyondTheCeilingDropsTheOption) {
  Start();
  Receive(PppCode::kConfigureNak, request_[1], Mru(1500));
  EXPECT_EQ(requested(), Join({Auth({0xc0, 0x23}), Option(5, kOurMagic)}));
}

TEST_F(LcpTest, RejectedMruAndMagicAreDropped) {
  Start();
  Receive(PppCode::kConfigureReject, request_[1], Join({Mru(1452), Option(5, kOurMagic)}));
  EXPECT_EQ(requested(), Auth({0xc0, 0x23}));
}

TEST_F(LcpTest, NakedMagicIsAdopted) {
  Start();
  Receive(PppCode::kConfigureNak, request_[1], Option(5, Octets({9, 8, 7, 6})));
  EXPECT_EQ(requested(), Join({Auth({0xc0, 0x23}), Mru(1452), Option(5, Octets({9, 8, 7, 6}))}));
}

TEST_F(LcpTest, NakedMagicEqualToOursIsALoop) {
  Start();
  ASSERT_TRUE(
      Receive(PppCode::kConfigureNak, request_[1], Option(5, kOurMagic)).ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kNasError);
}

TEST_F(LcpTest, RepliesWithAnotherIdentifierAreIgnored) {
  Start();
  for (const PppCode reply :
       {PppCode::kConfigureAck, PppCode::kConfigureNak, PppCode::kConfigureReject}) {
    Receive(reply, request_[1] + 1, requested());
    EXPECT_TRUE(sent_.empty());
    EXPECT_EQ(lcp_->state(), PppState::kReqSent);
  }
}

TEST_F(LcpTest, Rfc1661Section5_2AckMustHoldTheSameOptions) {
  Start();
  Receive(PppCode::kConfigureAck, request_[1], Auth({0xc0, 0x23}));
  EXPECT_EQ(lcp_->state(), PppState::kReqSent);
  AckOurs();
  EXPECT_EQ(lcp_->state(), PppState::kAckRcvd);
}

TEST_F(LcpTest, AnAckTwiceDoesNotDisturb) {
  Open();
  EXPECT_FALSE(AckOurs().down);
  EXPECT_TRUE(lcp_->opened());
}

TEST_F(LcpTest, APeerThatRefusesForEverIsEnded) {
  Start();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(Receive(PppCode::kConfigureNak, request_[1], Option(5, Octets({1, 1, 1, i + 1})))
                     .ending.has_value());
  }
  EXPECT_TRUE(Receive(PppCode::kConfigureNak, request_[1], Option(5, Octets({2, 2, 2, 2})))
                  .ending.has_value());
}

// ---- Authentication protocol, features 3.3

class LcpAuth : public LcpTest {
 protected:
  LcpAuth() {
    settings_.auth_protocols = {AuthProtocol::kMsChapV2, AuthProtocol::kMsChapV1,
                                AuthProtocol::kChapMd5, AuthProtocol::kPap};
  }
};

TEST_F(LcpAuth, TheGivenOrderIsKept) {
  Start();
  EXPECT_EQ(lcp_->auth(), AuthProtocol::kMsChapV2);
  for (const AuthProtocol next :
       {AuthProtocol::kMsChapV1, AuthProtocol::kChapMd5, AuthProtocol::kPap}) {
    Receive(PppCode::kConfigureReject, request_[1],
            Bytes(request_.begin() + 4, request_.begin() + 4 + request_[5]));
    EXPECT_EQ(lcp_->auth(), next);
  }
}

TEST_F(LcpAuth, RuleANakThatNamesOneOfTheListIsHonoured) {
  Start();
  Receive(PppCode::kConfigureNak, request_[1], Auth({0xc0, 0x23}));
  EXPECT_EQ(lcp_->auth(), AuthProtocol::kPap);
  EXPECT_EQ(requested(), Join({Auth({0xc0, 0x23}), Mru(1452), Option(5, kOurMagic)}));
}

TEST_F(LcpAuth, RuleBNakThatNamesAnotherMeansTheNextUntried) {
  Start();
  Receive(PppCode::kConfigureNak, request_[1], Auth({0xc2, 0x27}));
  EXPECT_EQ(lcp_->auth(), AuthProtocol::kMsChapV1);
  Receive(PppCode::kConfigureNak, request_[1], Auth({0xc2, 0x23}));
  EXPECT_EQ(lcp_->auth(), AuthProtocol::kChapMd5);
}

TEST_F(LcpAuth, RuleBNakThatNamesOneRefusedBeforeMeansTheNextUntried) {
  Start();
  Receive(PppCode::kConfigureNak, request_[1], Auth({0xc0, 0x23}));        // not v2, PAP
  Receive(PppCode::kConfigureNak, request_[1], Auth({0xc2, 0x23, 0x81}));  // not PAP, v2
  EXPECT_EQ(lcp_->auth(), AuthProtocol::kMsChapV1);
}

TEST_F(LcpAuth, RuleCEveryEntryRefusedEnds) {
  Start();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(
        Receive(PppCode::kConfigureNak, request_[1], Auth({0xc2, 0x27})).ending.has_value());
  }
  ASSERT_TRUE(Receive(PppCode::kConfigureNak, request_[1], Auth({0xc2, 0x27})).ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserError);
  EXPECT_EQ(signals_.ending->reason, "cann't negotiate authentication type");
}

// ---- Opened

TEST_F(LcpTest, AnnexFAcceptableRequestInOpenedIsAckedAgain) {
  Open();
  EXPECT_FALSE(Receive(PppCode::kConfigureRequest, 9, Mru(1452)).down);
  EXPECT_EQ(code(), 2);
  EXPECT_TRUE(lcp_->opened());
}

TEST_F(LcpTest, UnacceptableRequestInOpenedEnds) {
  Open();
  ASSERT_TRUE(Receive(PppCode::kConfigureRequest, 9, Option(7, {})).ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserError);
}

TEST_F(LcpTest, Section3_2_4IdentificationTimeRemainingAndDiscardAreNotAnswered) {
  Open();
  for (const PppCode code :
       {PppCode::kIdentification, PppCode::kTimeRemaining, PppCode::kDiscardRequest}) {
    Receive(code, 1, Octets({1, 2, 3, 4, 5}));
    EXPECT_TRUE(sent_.empty());
    EXPECT_TRUE(lcp_->opened());
  }
}

TEST_F(LcpTest, UnknownCodeIsCodeRejectedWithACopyCutToThePeersMru) {
  Open(Mru(100));
  Bytes unknown = ControlPacketOf(static_cast<PppCode>(77), 5, Bytes(200, 0xee));
  ReceiveRaw(unknown);
  EXPECT_EQ(code(), 7);
  EXPECT_NE(sent()[1], 5);  // an identifier of ours
  EXPECT_EQ(sent().size(), 100U);
  EXPECT_TRUE(std::equal(sent().begin() + 4, sent().end(), unknown.begin()));
  EXPECT_EQ(counters_[Counter::kPppCodeRejectSent], 1);
}

TEST_F(LcpTest, CodeRejectOfANeededCodeEndsOthersDoNot) {
  Open();
  EXPECT_FALSE(Receive(PppCode::kCodeReject, 1, Octets({9, 1, 0, 4})).ending.has_value());
  EXPECT_TRUE(Receive(PppCode::kCodeReject, 1, Octets({1, 1, 0, 4})).ending.has_value());
}

TEST_F(LcpTest, ProtocolRejectOfTheLinkEndsOfAnNcpIsPassedOn) {
  Open();
  EXPECT_EQ(Receive(PppCode::kProtocolReject, 1, Octets({0x80, 0x57})).rejected_protocol, 0x8057);
  EXPECT_FALSE(signals_.ending.has_value());
  EXPECT_TRUE(Receive(PppCode::kProtocolReject, 1, Octets({0xc0, 0x21, 1})).ending.has_value());
}

TEST_F(LcpTest, ProtocolRejectIsSentOnlyInOpenedWithANewIdentifierEach) {
  Start();
  const Bytes information = Bytes(300, 0x44);
  lcp_->SendProtocolReject(codec::PppProtocol::kCcp, information, out_);
  Collect();
  EXPECT_TRUE(sent_.empty());
  Open(Mru(128));
  lcp_->SendProtocolReject(codec::PppProtocol::kCcp, information, out_);
  Collect();
  const Bytes first = sent();
  EXPECT_EQ(first.size(), 128U);  // cut to the peer's MRU
  EXPECT_EQ(Bytes(first.begin() + 4, first.begin() + 7), Octets({0x80, 0xfd, 0x44}));
  lcp_->SendProtocolReject(codec::PppProtocol::kCcp, information, out_);
  Collect();
  EXPECT_NE(sent()[1], first[1]);
}

// ---- End

TEST_F(LcpTest, Section3_2_5PeersTerminateRequestIsAckedAndEnds) {
  Open();
  ASSERT_TRUE(Receive(PppCode::kTerminateRequest, 0x42, Octets({'b', 'y', 'e'})).ending);
  EXPECT_EQ(sent(), Octets({6, 0x42, 0, 4}));
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserRequest);
  EXPECT_TRUE(signals_.ending->link_closed);
}

TEST_F(LcpTest, CloseSendsTwoTerminateRequestsThenGivesUp) {
  Open();
  EXPECT_FALSE(lcp_->Close(out_).finished);
  Collect();
  EXPECT_EQ(code(), 5);
  const Bytes first = sent();
  ASSERT_TRUE(out_.TakeExpiry(TimerId::kLcpRestart));
  EXPECT_FALSE(lcp_->RestartTimerExpired(now_, out_).finished);
  Collect();
  EXPECT_EQ(sent(), first);
  ASSERT_TRUE(out_.TakeExpiry(TimerId::kLcpRestart));
  EXPECT_TRUE(lcp_->RestartTimerExpired(now_, out_).finished);
}

TEST_F(LcpTest, TerminateAckFinishes) {
  Open();
  lcp_->Close(out_);
  EXPECT_TRUE(Receive(PppCode::kTerminateAck, 1).finished);
}

// ---- Echo, features 3.2.6

TEST_F(LcpTest, EchoRequestIsAnsweredWithOurMagicAndItsData) {
  Open();
  Receive(PppCode::kEchoRequest, 0x21, Octets({1, 2, 3, 4, 'h', 'i'}));
  EXPECT_EQ(sent(), Join({Octets({10, 0x21, 0, 10}), kOurMagic, Octets({'h', 'i'})}));
}

TEST_F(LcpTest, EchoReplyIsCutToThePeersMru) {
  Open(Mru(100));
  Receive(PppCode::kEchoRequest, 1, Bytes(1000, 7));
  EXPECT_EQ(sent().size(), 100U);
}

TEST_F(LcpTest, ShortEchoIsIgnored) {
  Open();
  Receive(PppCode::kEchoRequest, 1, Octets({1, 2, 3}));
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(counters_[Counter::kPppMalformed], 1);
}

TEST_F(LcpTest, EchoBeforeOpenedIsIgnored) {
  Start();
  Receive(PppCode::kEchoRequest, 1, Octets({0, 0, 0, 0}));
  EXPECT_TRUE(sent_.empty());
}

TEST_F(LcpTest, ExactlyThreeUnansweredEchoesEnd) {
  Open();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(Tick().ending.has_value());
    EXPECT_EQ(code(), 9);
  }
  ASSERT_TRUE(Tick().ending.has_value());
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kLostCarrier);
  EXPECT_EQ(signals_.ending->manner, Termination::kHard);
  EXPECT_EQ(signals_.ending->reason, "lcp: no echo reply");
}

TEST_F(LcpTest, EchoReplyAndPeersEchoRequestBothCountAsLife) {
  Open();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(Tick().ending.has_value());
    EXPECT_FALSE(Tick().ending.has_value());
    Receive(i % 2 == 0 ? PppCode::kEchoReply : PppCode::kEchoRequest, 1, Octets({5, 5, 5, 5}));
  }
}

TEST_F(LcpTest, EchoReplyWithOurMagicIsALoop) {
  Open();
  Tick();
  ASSERT_TRUE(Receive(PppCode::kEchoReply, 1, kOurMagic).ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kNasError);
}

TEST_F(LcpTest, WithoutMagicEchoesHoldZero) {
  Start();
  Receive(PppCode::kConfigureReject, request_[1], Option(5, kOurMagic));
  Receive(PppCode::kConfigureRequest, 1, Mru(1452));
  AckOurs();
  Tick();
  EXPECT_EQ(data(), Octets({0, 0, 0, 0}));
  EXPECT_FALSE(Receive(PppCode::kEchoReply, 1, Octets({0, 0, 0, 0})).ending.has_value());
}

TEST_F(LcpTest, EchoIntervalZeroIsOff) {
  settings_.echo_interval = seconds(0);
  Open();
  EXPECT_FALSE(out_.Runs(TimerId::kLcpEcho));
}

TEST_F(LcpTest, AdaptiveEchoIsSilentWhileDataFlows) {
  settings_.echo_interval = seconds(5);
  settings_.echo_timeout = seconds(20);
  Open();
  for (std::uint64_t packets = 1; packets < 10; ++packets) {
    EXPECT_FALSE(Tick(now_ + seconds(4), packets).ending.has_value());
    EXPECT_TRUE(sent_.empty());
  }
}

TEST_F(LcpTest, AdaptiveEchoCountsFramesAsLifeButAsksOn) {
  settings_.echo_interval = seconds(5);
  settings_.echo_timeout = seconds(20);
  Open();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(Tick(now_ + seconds(4)).ending.has_value());
    EXPECT_EQ(code(), 9);
  }
}

TEST_F(LcpTest, AdaptiveEchoCutsASilentPeerByTimeNotByCount) {
  settings_.echo_interval = seconds(5);
  settings_.echo_timeout = seconds(20);
  settings_.echo_failure = 1;
  Open();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(Tick().ending.has_value());
    EXPECT_EQ(code(), 9);
  }
  ASSERT_TRUE(Tick().ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kLostCarrier);
}

}  // namespace
}  // namespace sstpgw::fsm
