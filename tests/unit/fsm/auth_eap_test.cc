// EAP in the authenticator: rounds, timers, verdicts, and one of each kind of bad packet in each of
// its states.
#include <gtest/gtest.h>

#include <map>

#include "gateway/fsm/auth.h"
#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::EapCode;
using codec::EapType;
using codec::PppProtocol;
using std::chrono::seconds;
using State = Authenticator::State;

constexpr std::uint16_t kMtu = 1452;
constexpr std::uint8_t kFirst = 1;  // what the scripted entropy gives
const Bytes kName = Octets({'t', 'e', 's', 't'});

// An authenticator that has asked for the identity.
struct Bench {
  Bench() {
    auth_.Start(AuthProtocol::kEap, out_);
    Collect();
  }

  const AuthSignals& Receive(const Bytes& packet) {
    signals_ = auth_.Receive(PppProtocol::kEap, codec::ParseControlPacket(packet).value(), out_);
    Collect();
    return signals_;
  }
  const AuthSignals& Respond(std::uint8_t identifier, EapType type, const Bytes& data) {
    return Receive(codec::EncodeEap(EapCode::kResponse, identifier, type, data));
  }
  const AuthSignals& Identify() { return Respond(kFirst, EapType::kIdentity, kName); }
  static Bytes Request(std::uint8_t identifier) {
    return codec::EncodeEap(EapCode::kRequest, identifier, EapType::kPeap, Octets({1, 2}));
  }
  const AuthSignals& Challenge(Bytes packet, seconds timeout = seconds(0)) {
    signals_ = auth_.Challenge({std::move(packet), Octets({7}), timeout}, kMtu, out_);
    Collect();
    return signals_;
  }
  const AuthSignals& Expire(TimerId timer) {
    EXPECT_TRUE(out_.TakeExpiry(timer));
    signals_ = auth_.TimerExpired(timer, out_);
    Collect();
    return signals_;
  }
  void Collect() {
    sent_.clear();
    for (Action& action : out_.Take()) {
      if (auto* send = std::get_if<SendBytes>(&action)) {
        EXPECT_EQ(send->bytes[6], 0xc2);
        EXPECT_EQ(send->bytes[7], 0x27);
        sent_.emplace_back(send->bytes.begin() + 8, send->bytes.end());
      }
      if (auto* line = std::get_if<WriteLog>(&action)) log_ += line->text + "\n";
      if (auto* timer = std::get_if<StartTimer>(&action)) started_[timer->timer] = timer->after;
      if (auto* count = std::get_if<CountEvent>(&action)) ++counters_[count->counter];
    }
    EXPECT_TRUE(auth_.IsConsistent(out_));
  }
  [[nodiscard]] Bytes sent() const { return sent_.size() == 1 ? sent_[0] : Bytes(); }

  PppSettings settings_;
  ScriptedEntropy entropy_;
  Outbox out_;
  Authenticator auth_{settings_, entropy_};
  AuthSignals signals_;
  std::vector<Bytes> sent_;
  std::string log_;
  std::map<TimerId, Duration> started_;
  std::map<Counter, int> counters_;
};

class AuthEap : public testing::Test, protected Bench {};

TEST_F(AuthEap, AsksForTheIdentityThreeTimes) {
  EXPECT_EQ(sent(), Octets({1, kFirst, 0, 5, 1}));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(started_[TimerId::kAuth], seconds(5));
    EXPECT_FALSE(Expire(TimerId::kAuth).ending.has_value());
    EXPECT_EQ(sent(), Octets({1, kFirst, 0, 5, 1}));
  }
  ASSERT_TRUE(Expire(TimerId::kAuth).ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserError);
  EXPECT_EQ(signals_.ending->counter, Counter::kAuthTimeout);
  EXPECT_EQ(auth_.state(), State::kFailed);
}

TEST_F(AuthEap, RoundsUntilSuccess) {
  ASSERT_TRUE(Identify().evidence.has_value());
  EXPECT_EQ(UserOf(*signals_.evidence), "test");
  EXPECT_FALSE(out_.Runs(TimerId::kAuth));
  for (std::uint8_t round = 20; round < 25; ++round) {
    Challenge(Request(round));
    EXPECT_EQ(sent(), Request(round));
    EXPECT_EQ(auth_.state(), State::kWaiting);
    ASSERT_TRUE(Respond(round, EapType::kPeap, Octets({9})).evidence.has_value());
    EXPECT_EQ(std::get<EapEvidence>(*signals_.evidence).state, Octets({7}));
    EXPECT_EQ(auth_.state(), State::kJudging);
  }
  auth_.Succeed("ignored", out_, Octets({3, 24, 0, 4}));
  Collect();
  EXPECT_EQ(sent(), Octets({3, 24, 0, 4}));
  EXPECT_EQ(auth_.state(), State::kSucceeded);
}

TEST_F(AuthEap, SuccessIsMadeWhereTheServerSentNone) {
  Identify();
  auth_.Succeed("", out_);
  Collect();
  EXPECT_EQ(sent(), Octets({3, kFirst, 0, 4}));
}

TEST_F(AuthEap, RefusalIsAFailureAfterADelay) {
  Identify();
  AuthorizeReject reject;
  reject.eap_message = Octets({4, 66, 0, 4});
  auth_.RefuseLater(reject, out_);
  Collect();
  EXPECT_TRUE(sent_.empty());
  ASSERT_TRUE(Expire(TimerId::kReject).ending.has_value());
  EXPECT_EQ(sent(), Octets({4, 66, 0, 4}));
}

TEST_F(AuthEap, WhoCannotBeJudgedGetsAFailureAtOnce) {
  Identify();
  (void)auth_.RefuseNow(TerminateCause::kNasError, "nobody there", out_);
  Collect();
  EXPECT_EQ(sent(), Octets({4, kFirst, 0, 4}));
}

TEST_F(AuthEap, ARequestIsSentAgainUntilTheServersTimeIsOver) {
  struct Case {
    seconds timeout, interval;
    int transmissions;
  };
  for (const Case& one : {Case{seconds(0), seconds(5), 3},
                          {seconds(3), seconds(3), 1},
                          {seconds(30), seconds(5), 6},
                          {seconds(31), seconds(5), 7},
                          {seconds(86400), seconds(5), 12}}) {
    Bench fresh;
    fresh.Identify();
    fresh.Challenge(Request(20), one.timeout);
    for (int i = 1; i < one.transmissions; ++i) {
      EXPECT_EQ(fresh.started_[TimerId::kAuth], one.interval);
      EXPECT_FALSE(fresh.Expire(TimerId::kAuth).ending.has_value()) << i;
      EXPECT_EQ(fresh.sent(), Request(20));
    }
    EXPECT_TRUE(fresh.Expire(TimerId::kAuth).ending.has_value()) << one.timeout.count();
  }
}

TEST_F(AuthEap, AChallengeThatIsNoneEndsIt) {
  Identify();
  ASSERT_TRUE(Challenge(Octets({3, 1, 0, 4})).ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kNasError);
  EXPECT_EQ(counters_[Counter::kAuthBadChallenge], 1);
  EXPECT_EQ(sent(), Octets({4, kFirst, 0, 4}));
  EXPECT_EQ(auth_.state(), State::kFailed);
}

TEST_F(AuthEap, RoundsWithoutEndAreRefused) {
  Identify();
  for (std::uint32_t i = 0; i < kMaxEapRounds; ++i) {
    const auto identifier = static_cast<std::uint8_t>(i);
    Challenge(Request(identifier));
    ASSERT_TRUE(Respond(identifier, EapType::kPeap, {}).evidence.has_value());
  }
  Challenge(Request(200));
  EXPECT_EQ(auth_.state(), State::kDelaying);
  EXPECT_EQ(counters_[Counter::kAuthEapRounds], 1);
}

TEST_F(AuthEap, ChallengesOutsideJudgingAreIgnored) {
  Challenge(Request(20));
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(auth_.state(), State::kWaiting);
  Identify();
  auth_.Succeed("", out_);
  Challenge(Request(20));
  EXPECT_EQ(auth_.state(), State::kSucceeded);
}

TEST_F(AuthEap, IdentitiesThatNobodyCanBeAskedAboutFail) {
  for (const std::size_t size : {0, 1, 253, 254, 1400}) {
    Bench fresh;
    const bool good = size == 1 || size == 253;
    const AuthSignals& signals =
        fresh.Respond(kFirst, EapType::kIdentity, Bytes(size, std::uint8_t{'u'}));
    EXPECT_EQ(signals.evidence.has_value(), good) << size;
    EXPECT_EQ(fresh.auth_.state(), good ? State::kJudging : State::kDelaying);
    EXPECT_EQ(fresh.counters_[Counter::kAuthMalformed], good ? 0 : 1);
  }
}

TEST_F(AuthEap, ChapAndPapPacketsAreIgnored) {
  const Bytes packet = Octets({2, kFirst, 0, 9, 1, 't', 'e', 's', 't'});
  for (const PppProtocol protocol : {PppProtocol::kPap, PppProtocol::kChap}) {
    const auto signals = auth_.Receive(protocol, codec::ParseControlPacket(packet).value(), out_);
    EXPECT_FALSE(signals.evidence.has_value());
  }
  EXPECT_EQ(auth_.state(), State::kWaiting);
}

TEST_F(AuthEap, ResponsesAreNotInTheLog) {
  Identify();
  Challenge(codec::EncodeEap(EapCode::kRequest, 20, EapType::kTokenCard, Octets({'?'})));
  Respond(20, EapType::kTokenCard, Octets({'p', 'w', '!', '!'}));
  EXPECT_NE(log_.find("recv [EAP Response id=14 <GTC>]"), std::string::npos) << log_;
  EXPECT_EQ(log_.find("pw!!"), std::string::npos);
}

// ---- Every bad packet in every state

class EveryState : public AuthEap, public testing::WithParamInterface<int> {
 protected:
  // Brings the authenticator there; the identifier of the last Request.
  std::uint8_t Enter(State state, bool in_method) {
    if (state == State::kWaiting && !in_method) return kFirst;
    Identify();
    if (in_method) Challenge(Request(20));
    if (state == State::kWaiting) return 20;
    if (in_method) Respond(20, EapType::kPeap, {});
    if (state == State::kDelaying || state == State::kFailed) auth_.RefuseLater({}, out_);
    if (state == State::kFailed) {
      Collect();
      Expire(TimerId::kReject);
    }
    if (state == State::kSucceeded) auth_.Succeed("", out_);
    Collect();
    return in_method ? 20 : kFirst;
  }
};

TEST_P(EveryState, DropsAndCountsWhatAnswersNothing) {
  const bool in_method = GetParam() >= 5;
  constexpr State kStates[] = {State::kWaiting, State::kJudging, State::kDelaying, State::kFailed,
                               State::kSucceeded};
  const State state = kStates[GetParam() % 5];
  const std::uint8_t right = Enter(state, in_method);
  ASSERT_EQ(auth_.state(), state);
  std::vector<Bytes> packets;
  for (const int code : {0, 1, 3, 4, 5, 6, 255}) {
    packets.push_back(codec::EncodeControlPacket(static_cast<std::uint8_t>(code), right, kName));
  }
  packets.push_back(codec::EncodeControlPacket(std::uint8_t{2}, right, {}));  // no type
  for (const int other : {right - 1, right + 1, right + 128}) {               // identifiers
    packets.push_back(codec::EncodeEap(EapCode::kResponse, static_cast<std::uint8_t>(other),
                                       EapType::kIdentity, kName));
  }
  if (state != State::kWaiting) {  // a repetition
    packets.push_back(codec::EncodeEap(EapCode::kResponse, right, EapType::kIdentity, kName));
  } else if (!in_method) {
    packets.push_back(codec::EncodeEap(EapCode::kResponse, right, EapType::kNak, Octets({26})));
  }
  counters_.clear();
  for (const Bytes& packet : packets) {
    Receive(packet);
    EXPECT_FALSE(signals_.evidence.has_value());
    EXPECT_FALSE(signals_.ending.has_value());
    EXPECT_TRUE(sent_.empty());
    EXPECT_EQ(auth_.state(), state);
  }
  EXPECT_EQ(counters_[Counter::kAuthEapDiscarded], static_cast<int>(packets.size()));
}
INSTANTIATE_TEST_SUITE_P(Rfc3748, EveryState, testing::Range(0, 10));

}  // namespace
}  // namespace sstpgw::fsm
