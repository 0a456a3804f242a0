// How long a session may last, be idle and be held.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

struct Bench {
  Bench() {
    driver_.settings.ppp.echo_interval = seconds(0);
    driver_.settings.sstp.hello_interval = seconds(0);
    policy_ = TraceAccept().policy;
  }
  // Up to where the session would be active, if it is not held.
  void RunUp() {
    driver_.RunToJudging();
    AuthorizeAccept accept = TraceAccept();
    accept.policy = policy_;
    driver_.Judge(std::move(accept));
    driver_.Sstp(driver_.CallConnected());
    driver_.Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "10.0.0.5"));
    driver_.AckTheirIpcpRequest();
  }
  void Replace() {
    policy_.generation = Generation(policy_.generation.value() + 1);
    driver_.Feed(PolicyReplaced{policy_});
  }
  std::vector<SessionEventKind> Reported() {
    std::vector<SessionEventKind> kinds;
    for (const Report& report : driver_.TakeReports()) kinds.push_back(report.kind);
    return kinds;
  }
  [[nodiscard]] SessionState state() { return driver_.Snapshot().state; }
  // How long it goes on without a packet, in such steps.
  Duration SilenceUntilTheEnd(seconds at_most, Duration step = milliseconds(100)) {
    const TimePoint begin = driver_.now();
    while (state() == SessionState::kActive && driver_.now() - begin < at_most) {
      driver_.Advance(step);
    }
    return driver_.now() - begin;
  }
  TerminateCause CauseOfEnd() {
    driver_.Advance(seconds(20));
    for (const Report& report : driver_.TakeReports()) {
      if (report.kind == SessionEventKind::kDown) return report.cause;
    }
    return TerminateCause::kNone;
  }

  SessionDriver driver_;
  SessionPolicy policy_;
};

class Timeouts : public testing::Test, protected Bench {};

// ---- Session-Timeout

TEST_F(Timeouts, SessionTimeoutCountsAsUptimeDoes) {
  policy_.session_timeout = seconds(300);
  driver_.RunToJudging();
  driver_.Advance(seconds(3));
  AuthorizeAccept accept = TraceAccept();
  accept.policy = policy_;
  driver_.Judge(std::move(accept));
  driver_.Sstp(driver_.CallConnected());
  driver_.Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "10.0.0.5"));
  driver_.AckTheirIpcpRequest();
  EXPECT_EQ(driver_.TimerLeft(TimerId::kSession), seconds(297));
  driver_.Advance(seconds(297));
  EXPECT_EQ(driver_.Snapshot().uptime_seconds, 300);
  EXPECT_EQ(driver_.LevelOf("session timeout"), LogLevel::kInfo);
  EXPECT_EQ(CauseOfEnd(), TerminateCause::kSessionTimeout);
}

TEST_F(Timeouts, AChangedSessionTimeoutCountsFromTheBeginning) {
  RunUp();
  EXPECT_FALSE(driver_.TimerRuns(TimerId::kSession));
  driver_.Advance(seconds(100));
  policy_.session_timeout = seconds(150);
  Replace();
  EXPECT_EQ(driver_.TimerLeft(TimerId::kSession), seconds(50));
  policy_.session_timeout = seconds(0);
  Replace();
  EXPECT_FALSE(driver_.TimerRuns(TimerId::kSession));
  policy_.session_timeout = seconds(99);  // over already
  Replace();
  EXPECT_EQ(state(), SessionState::kActive);
  driver_.Advance(milliseconds(1));
  EXPECT_EQ(CauseOfEnd(), TerminateCause::kSessionTimeout);
}

// ---- Session-Timeout with a new login

struct AgainBench : Bench {
  explicit AgainBench(AuthProtocol protocol = AuthProtocol::kMsChapV2) {
    driver_.settings.ppp.auth_protocols = {protocol};
    policy_.session_timeout = seconds(100);
    policy_.reauthenticate = true;
    RunUp();
    driver_.TakeSent();
    driver_.TakeReports();
    driver_.question.reset();
  }
  void RunOut() { driver_.Advance(seconds(100)); }
  AuthorizeAccept More(int session_timeout) {
    AuthorizeAccept accept = TraceAccept();
    accept.policy = policy_;
    accept.policy.generation = Generation(2);
    accept.policy.session_timeout = seconds(session_timeout);
    accept.policy.rate_limit = {{BitsPerSecond{2'000'000}, {}}, {}};
    return accept;
  }
  std::vector<int> ChapCodes() {
    std::vector<int> codes;
    for (const PppPacket& packet : driver_.TakePpp()) {
      if (packet.protocol == codec::PppProtocol::kChap) codes.push_back(packet.code);
    }
    return codes;
  }
};
class LoginAgain : public testing::TestWithParam<AuthProtocol> {};

TEST_P(LoginAgain, IsAskedForByANewChallenge) {
  AgainBench bench(GetParam());
  bench.RunOut();
  EXPECT_EQ(bench.state(), SessionState::kActive);
  EXPECT_THAT(bench.ChapCodes(), ElementsAre(1));
  bench.driver_.Ppp(codec::PppProtocol::kIpv6cp, ControlPacketOf(PppCode::kConfigureRequest, 9));
  EXPECT_FALSE(bench.driver_.TakePpp().empty()) << "network protocols are answered meanwhile";
}

TEST_F(Timeouts, WhoLogsInAgainGoesOn) {
  AgainBench bench;
  bench.RunOut();
  EXPECT_THAT(bench.ChapCodes(), ElementsAre(1));
  bench.driver_.RespondToChap("test");
  ASSERT_TRUE(bench.driver_.question.has_value());
  EXPECT_EQ(std::get<MsChapV2Evidence>(bench.driver_.question->evidence).identifier, 2);
  bench.driver_.Judge(bench.More(250));
  EXPECT_THAT(bench.ChapCodes(), ElementsAre(3));
  EXPECT_EQ(bench.state(), SessionState::kActive);
  EXPECT_EQ(bench.driver_.TimerLeft(TimerId::kSession), seconds(150));
  EXPECT_EQ(bench.driver_.Snapshot().policy.generation, Generation(2));
  EXPECT_EQ(bench.driver_.Snapshot().policy.rate_limit, RateLimit{});
  EXPECT_EQ(bench.driver_.interfaces_created, 1);
  EXPECT_THAT(bench.Reported(), ElementsAre(SessionEventKind::kChange));
  bench.driver_.Advance(seconds(150));
  EXPECT_THAT(bench.ChapCodes(), ElementsAre(1)) << "and again";
}

TEST_F(Timeouts, AcceptedWithoutMoreTimeEnds) {
  for (const int timeout : {1, 100}) {
    AgainBench bench;
    bench.RunOut();
    bench.driver_.RespondToChap("test");
    bench.driver_.Judge(bench.More(timeout));
    EXPECT_EQ(bench.state(), SessionState::kFinishing);
    EXPECT_EQ(bench.CauseOfEnd(), TerminateCause::kSessionTimeout);
  }
  AgainBench stale;  // its policy is not newer
  stale.RunOut();
  stale.driver_.RespondToChap("test");
  stale.driver_.Judge(TraceAccept());
  EXPECT_EQ(stale.CauseOfEnd(), TerminateCause::kSessionTimeout);
}

TEST_F(Timeouts, AcceptedForEver) {
  AgainBench bench;
  bench.RunOut();
  bench.driver_.RespondToChap("test");
  bench.driver_.Judge(bench.More(0));
  EXPECT_EQ(bench.state(), SessionState::kActive);
  EXPECT_FALSE(bench.driver_.TimerRuns(TimerId::kSession));
}

TEST_F(Timeouts, WhoIsRefusedOrSilentOrAnotherEnds) {
  AgainBench refused;
  refused.RunOut();
  refused.driver_.RespondToChap("test");
  refused.driver_.Judge(TraceReject());
  refused.driver_.Advance(seconds(2));
  EXPECT_THAT(refused.ChapCodes(), ElementsAre(1, 4));
  EXPECT_EQ(refused.CauseOfEnd(), TerminateCause::kSessionTimeout);

  AgainBench silent;
  silent.RunOut();
  silent.driver_.Advance(seconds(15));
  EXPECT_EQ(silent.state(), SessionState::kFinishing);
  EXPECT_EQ(silent.CauseOfEnd(), TerminateCause::kSessionTimeout);

  AgainBench other;
  other.RunOut();
  other.driver_.RespondToChap("somebody");
  EXPECT_FALSE(other.driver_.question.has_value());
  other.driver_.Advance(seconds(2));
  EXPECT_EQ(other.CauseOfEnd(), TerminateCause::kSessionTimeout);

  AgainBench alone;
  alone.RunOut();
  alone.driver_.RespondToChap("test");
  alone.driver_.Feed(AuthorizeFailed{alone.driver_.question->attempt, "away"});
  EXPECT_EQ(alone.CauseOfEnd(), TerminateCause::kNasError);
}

INSTANTIATE_TEST_SUITE_P(Chap, LoginAgain,
                         testing::Values(AuthProtocol::kChapMd5, AuthProtocol::kMsChapV1,
                                         AuthProtocol::kMsChapV2));

TEST_F(Timeouts, PapAndEapEnd) {
  for (const AuthProtocol protocol : {AuthProtocol::kPap, AuthProtocol::kEap}) {
    AgainBench bench(protocol);
    bench.RunOut();
    EXPECT_EQ(bench.state(), SessionState::kFinishing);
    EXPECT_EQ(bench.CauseOfEnd(), TerminateCause::kSessionTimeout);
  }
}

// ---- Idle-Timeout

TEST_F(Timeouts, WithoutALimitNobodyLooks) {
  RunUp();
  EXPECT_FALSE(driver_.TimerRuns(TimerId::kIdle));
}

TEST_F(Timeouts, ASilentClientIsIdleAfterThatTime) {
  for (const seconds limit : {seconds(1), seconds(5), seconds(60), seconds(3600)}) {
    Bench fresh;
    fresh.policy_.idle_timeout = limit;
    fresh.RunUp();
    EXPECT_EQ(fresh.SilenceUntilTheEnd(limit * 2, Duration(limit) / 100), limit);
    EXPECT_EQ(fresh.driver_.LevelOf("idle timeout"), LogLevel::kInfo);
    EXPECT_EQ(fresh.CauseOfEnd(), TerminateCause::kIdleTimeout);
  }
}

TEST_F(Timeouts, ItEndsATenthLateAtMostAndNeverEarly) {
  for (const seconds limit : {seconds(1), seconds(7), seconds(60), seconds(600)}) {
    const Duration step = Duration(limit) / 50;
    const Duration tolerance = std::max<Duration>(seconds(1), Duration(limit) / 10) + step;
    for (int last = 0; last < 30; ++last) {  // tenths of the limit, when the last packet came
      Bench fresh;
      fresh.policy_.idle_timeout = limit;
      fresh.RunUp();
      for (int i = 0; i < last; ++i) {
        fresh.driver_.Advance(Duration(limit) / 10 + milliseconds(3));
        ++fresh.driver_.data_packets;
      }
      ASSERT_EQ(fresh.state(), SessionState::kActive);
      const Duration lasted = fresh.SilenceUntilTheEnd(limit * 3, step);
      EXPECT_GE(lasted, limit) << last;
      EXPECT_LE(lasted, limit + tolerance) << last;
    }
  }
}

TEST_F(Timeouts, ControlPacketsAreNoActivity) {
  policy_.idle_timeout = seconds(10);
  RunUp();
  for (int i = 0; i < 12 && state() == SessionState::kActive; ++i) {
    driver_.Lcp(PppCode::kEchoRequest, i, Octets({0, 0, 0, 0}));
    driver_.Advance(seconds(1));
  }
  EXPECT_EQ(state(), SessionState::kFinishing);
}

TEST_F(Timeouts, IdleTimeoutChanges) {
  policy_.idle_timeout = seconds(100);
  RunUp();
  driver_.Advance(seconds(40));
  policy_.idle_timeout = seconds(50);  // 10 s are left
  Replace();
  EXPECT_EQ(SilenceUntilTheEnd(seconds(60)), seconds(10));
}

TEST_F(Timeouts, AShorterIdleTimeoutDoesNotForgetPackets) {
  policy_.idle_timeout = seconds(1000);
  RunUp();
  driver_.Advance(seconds(99));
  ++driver_.data_packets;
  policy_.idle_timeout = seconds(20);
  Replace();  // a look follows at once
  const Duration lasted = SilenceUntilTheEnd(seconds(60));
  EXPECT_GE(lasted, seconds(20));
  EXPECT_LE(lasted, seconds(20) + milliseconds(100));
}

TEST_F(Timeouts, IdleTimeoutBeginsAndStopsByPolicy) {
  RunUp();
  driver_.Advance(seconds(1000));
  policy_.idle_timeout = seconds(20);
  Replace();
  driver_.Advance(seconds(10));
  policy_.idle_timeout = seconds(0);
  Replace();
  EXPECT_FALSE(driver_.TimerRuns(TimerId::kIdle));
  driver_.Advance(seconds(1000));
  EXPECT_EQ(state(), SessionState::kActive);
  policy_.idle_timeout = seconds(20);
  Replace();
  EXPECT_EQ(SilenceUntilTheEnd(seconds(60)), seconds(20));
}

// ---- Hold

TEST_F(Timeouts, AHeldSessionWaitsWithItsNetworkOpen) {
  policy_.hold = true;
  policy_.idle_timeout = seconds(5);
  policy_.session_timeout = seconds(5);
  RunUp();
  EXPECT_FALSE(driver_.activation.has_value());
  EXPECT_EQ(state(), SessionState::kStarting);
  EXPECT_TRUE(driver_.Snapshot().held);
  EXPECT_EQ(driver_.Snapshot().policy.address.ToString(), "10.0.0.5");
  EXPECT_THAT(Reported(), ElementsAre(SessionEventKind::kStarting, SessionEventKind::kAuthorized,
                                      SessionEventKind::kHeld));
  driver_.Advance(seconds(30));
  EXPECT_EQ(state(), SessionState::kStarting) << "no other timer runs";
  policy_.hold = false;
  policy_.session_timeout = seconds(0);
  Replace();
  EXPECT_TRUE(driver_.activation.has_value());
  EXPECT_EQ(state(), SessionState::kActive);
  EXPECT_FALSE(driver_.Snapshot().held);
  EXPECT_THAT(Reported(), ElementsAre(SessionEventKind::kChange, SessionEventKind::kUp));
  EXPECT_TRUE(driver_.TimerRuns(TimerId::kIdle));
}

TEST_F(Timeouts, TheInterfaceGetsTheLimitsOfTheNewestPolicy) {
  policy_.hold = true;
  RunUp();
  policy_.hold = false;
  policy_.rate_limit = {{BitsPerSecond{2'000'000}, {}}, {BitsPerSecond{1'000'000}, {}}};
  Replace();
  ASSERT_TRUE(driver_.activation.has_value());
  EXPECT_EQ(driver_.activation->rate_limit, policy_.rate_limit);
}

TEST_F(Timeouts, APolicyThatStillHoldsChangesNothing) {
  policy_.hold = true;
  RunUp();
  driver_.Advance(seconds(100));
  driver_.TakeReports();
  Replace();
  EXPECT_THAT(Reported(), ElementsAre(SessionEventKind::kChange));
  EXPECT_FALSE(driver_.activation.has_value());
  EXPECT_EQ(driver_.TimerLeft(TimerId::kHold), seconds(20)) << "it goes on, not from the start";
}

TEST_F(Timeouts, ReleasedBeforeTheNetworkIsOpenItIsNeverHeld) {
  policy_.hold = true;
  driver_.RunToJudging();
  AuthorizeAccept accept = TraceAccept();
  accept.policy = policy_;
  driver_.Judge(std::move(accept));
  policy_.hold = false;
  Replace();
  driver_.Sstp(driver_.CallConnected());
  driver_.Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "10.0.0.5"));
  driver_.AckTheirIpcpRequest();
  EXPECT_EQ(state(), SessionState::kActive);
  EXPECT_THAT(Reported(), testing::Not(testing::Contains(SessionEventKind::kHeld)));
}

TEST_F(Timeouts, AnActiveSessionIsNotHeldAgain) {
  RunUp();
  policy_.hold = true;
  Replace();
  EXPECT_EQ(state(), SessionState::kActive);
  EXPECT_FALSE(driver_.Snapshot().policy.hold);
}

TEST_F(Timeouts, NobodyIsHeldForEver) {
  policy_.hold = true;
  RunUp();
  driver_.Advance(seconds(119));
  EXPECT_EQ(state(), SessionState::kStarting);
  driver_.Advance(seconds(1));
  EXPECT_EQ(state(), SessionState::kFinishing);
  EXPECT_EQ(driver_.Count(Counter::kHoldTimeout), 1);
  EXPECT_EQ(driver_.interfaces_released, 1);
  EXPECT_EQ(CauseOfEnd(), TerminateCause::kNasError);
}

TEST_F(Timeouts, AHeldSessionEndsLikeAnyOther) {
  policy_.hold = true;
  RunUp();
  driver_.Lcp(PppCode::kTerminateRequest, 9);
  EXPECT_EQ(CauseOfEnd(), TerminateCause::kUserRequest);
  EXPECT_EQ(driver_.interfaces_released, 1);
  EXPECT_FALSE(driver_.activation.has_value());
}

}  // namespace
}  // namespace sstpgw::fsm
