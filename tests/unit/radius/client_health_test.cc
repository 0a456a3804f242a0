// Dead servers and their return (features 6.1, rows "mark failed" and "all failed"; C2, C7).
#include "tests/unit/radius/client_bench.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kFirst = "10.0.0.1:1812";
constexpr const char* kSecond = "10.0.0.2:1812";

ClientSettings Servers(int count, seconds fail_time = seconds(30)) {
  ClientSettings settings;
  for (int i = 1; i <= count; ++i) {
    settings.servers.push_back(ServerAt("10.0.0." + std::to_string(i)));
    settings.servers.back().fail_time = fail_time;
  }
  return settings;
}

// The first server is found dead by one login, which the second one takes.
void KillFirst(ClientBench& bench) {
  const RequestId id = bench.Login("finds out");
  bench.Advance(seconds(9));
  bench.AnswerLast();
  ASSERT_EQ(bench.AnswerOf(id)->server_number, 2U);
  ASSERT_EQ(bench.Auth(0).state, ServiceState::kFailed);
  bench.sent.clear();
}

TEST(ClientHealth, AServerThatDoesNotAnswerIsLeftAloneForFailTime) {
  ClientBench bench(Servers(2));
  KillFirst(bench);
  EXPECT_TRUE(bench.Logged("radius: server(1) not responding"));
  EXPECT_EQ(bench.Auth(0).fail_count, 3U);
  EXPECT_EQ(bench.Auth(0).left_alone_for, seconds(30));
  for (int i = 0; i < 29; ++i) {
    const RequestId id = bench.Login();
    bench.AnswerLast();
    EXPECT_NE(bench.AnswerOf(id), nullptr);
    bench.Advance(seconds(1));
  }
  EXPECT_THAT(bench.Targets(), Each(std::string(kSecond)));
  bench.Advance(seconds(1));
  bench.Login();
  EXPECT_EQ(bench.sent.back().to(), kFirst) << "after fail-time it is tried again";
}

TEST(ClientHealth, OneWithoutFailTimeIsToldOfOnceToo) {
  ClientBench bench(Servers(1, /*fail_time=*/seconds(0)));
  const auto told = [&bench](std::string_view text) {
    return std::count_if(bench.log.begin(), bench.log.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  };
  for (int i = 0; i < 5; ++i) {
    bench.Login();
    bench.Advance(seconds(9));
  }
  EXPECT_EQ(told("radius: server(1) not responding"), 1) << "once in an outage";
  EXPECT_EQ(bench.Auth().state, ServiceState::kActive);
  bench.Login();
  bench.AnswerLast();
  EXPECT_EQ(told("responds again"), 1);
  bench.Login();
  bench.Advance(seconds(9));
  EXPECT_EQ(told("radius: server(1) not responding"), 2) << "another outage";
}

TEST(ClientHealth, AnyGenuineReplyClearsTheCounter) {
  ClientBench bench(Servers(1));
  for (int i = 0; i < 10; ++i) {
    bench.Login();
    bench.Advance(seconds(6));  // two packets unanswered
    bench.AnswerLast({Code::kAccessReject, "testing", WithMessageAuthenticator::kYes, {}});
    EXPECT_EQ(bench.Auth().fail_count, 0U);
  }
  EXPECT_EQ(bench.Auth().state, ServiceState::kActive);
  EXPECT_EQ(bench.Auth().requests.total.lost, 20U);
}

TEST(ClientHealth, ForgedRepliesClearNothing) {
  ClientBench bench(Servers(1));
  bench.Login();
  bench.Advance(seconds(8));
  bench.AnswerLast({Code::kAccessAccept, "wrong", WithMessageAuthenticator::kYes, {}});
  EXPECT_EQ(bench.Auth().fail_count, 2U);
}

TEST(ClientHealth, MaxFailCountsTransmissionsOfAllRequests) {
  ClientSettings settings = Servers(2);
  settings.servers[0].max_fail = 10;
  ClientBench bench(std::move(settings));
  for (int i = 0; i < 4; ++i) bench.Login();
  bench.Advance(seconds(3));
  EXPECT_EQ(bench.Auth(0).fail_count, 4U);
  bench.Advance(seconds(3));
  EXPECT_EQ(bench.Auth(0).state, ServiceState::kActive);
  bench.Advance(seconds(3));
  EXPECT_EQ(bench.Auth(0).state, ServiceState::kFailed);
}

// AP: max-try + req-limit.
TEST(ClientHealth, TheDefaultOfMaxFailGrowsWithTheRequestLimit) {
  ClientSettings settings = Servers(1);
  settings.servers[0].request_limit = 4;
  ClientBench bench(std::move(settings));
  for (int i = 0; i < 2; ++i) bench.Login();
  bench.Advance(seconds(8));
  EXPECT_EQ(bench.Auth().fail_count, 4U);
  bench.Advance(seconds(1));
  EXPECT_EQ(bench.Auth().fail_count, 6U);
  EXPECT_EQ(bench.Auth().state, ServiceState::kActive);
  bench.Login();
  bench.Advance(seconds(3));
  EXPECT_EQ(bench.Auth().state, ServiceState::kFailed) << "7 = max-try + req-limit";
}

TEST(ClientHealth, WithoutFailTimeAServerIsNeverFailed) {
  ClientBench bench(Servers(1, seconds(0)));
  for (int i = 0; i < 20; ++i) {
    bench.Login();
    bench.Advance(seconds(9));
  }
  EXPECT_EQ(bench.Auth().state, ServiceState::kActive);
  EXPECT_EQ(bench.sent.size(), 60U);
}

TEST(ClientHealth, WhatWaitsAtAServerFoundDeadGoesOnAtItsNextTimeout) {
  ClientBench bench(Servers(2));
  for (int i = 0; i < 10; ++i) bench.Login();
  bench.Advance(seconds(3));
  // The first three timeouts show that it is dead; these had asked again by then.
  const auto targets = bench.Targets(10);
  EXPECT_EQ(std::count(targets.begin(), targets.end(), kSecond), 8);
  EXPECT_EQ(std::count(targets.begin(), targets.end(), kFirst), 2);
  bench.Advance(seconds(3));
  EXPECT_EQ(bench.Auth(0).in_flight, 0U);
}

TEST(ClientHealth, WithNoOtherServerItIsAskedMaxTryTimesAllTheSame) {
  ClientBench bench(Servers(1));
  for (int i = 0; i < 10; ++i) bench.Login();
  bench.Advance(seconds(9));
  EXPECT_EQ(bench.sent.size(), 30U);
  EXPECT_EQ(bench.client.open_requests(), 0U);
}

TEST(ClientHealth, OneServiceOfAServerMayBeDead) {
  ClientBench bench(Servers(2));
  bench.Record();
  bench.Advance(seconds(9));
  EXPECT_EQ(bench.Acct(0).state, ServiceState::kFailed);
  EXPECT_EQ(bench.Auth(0).state, ServiceState::kActive);
  bench.Login();
  EXPECT_EQ(bench.sent.back().to(), kFirst);
}

// ---- Row "all failed"

TEST(ClientHealth, WhenAllAreFailedTheOneWhosePenaltyEndsFirst) {
  ClientSettings settings = Servers(2);
  settings.servers[0].fail_time = seconds(60);
  settings.servers[1].fail_time = seconds(20);
  ClientBench bench(std::move(settings));
  bench.Login();
  bench.Advance(seconds(19));
  ASSERT_EQ(bench.Auth(0).state, ServiceState::kFailed);
  ASSERT_EQ(bench.Auth(1).state, ServiceState::kFailed);
  bench.sent.clear();
  const RequestId id = bench.Login();
  bench.Advance(seconds(9));
  EXPECT_THAT(bench.Targets(), ElementsAre(kSecond, kSecond, kSecond, kFirst))
      << "and then the other one";
  bench.AnswerLast();
  EXPECT_NE(bench.AnswerOf(id), nullptr);
  EXPECT_TRUE(bench.Logged("radius: server(1) responds again"));
  EXPECT_EQ(bench.Auth(0).state, ServiceState::kActive) << "it answered: it lives";
}

TEST(ClientHealth, WhileAllAreFailedALoginIsOverInTime) {
  ClientBench bench(Servers(3));
  bench.Login();
  bench.Advance(seconds(27));
  const RequestId id = bench.Login();
  bench.Advance(milliseconds(26999));
  EXPECT_FALSE(bench.IsDone(id));
  bench.Advance(milliseconds(1));
  EXPECT_TRUE(bench.IsDone(id));
}

// ---- Return

TEST(ClientHealth, OnlyOneUserFindsOutAndGoesOnAfterHalfASecond) {
  ClientBench bench(Servers(2));
  KillFirst(bench);
  bench.Advance(seconds(40));
  EXPECT_EQ(bench.Auth(0).state, ServiceState::kOnTrial);
  const RequestId id = bench.Login("tries it");
  bench.Login("comes meanwhile");
  EXPECT_THAT(bench.Targets(), ElementsAre(kFirst, kSecond));
  bench.Advance(milliseconds(500));
  EXPECT_THAT(bench.Targets(), ElementsAre(kFirst, kSecond, kSecond));
  EXPECT_EQ(bench.Auth(0).state, ServiceState::kFailed);
  EXPECT_EQ(bench.Auth(0).left_alone_for, seconds(30));
  bench.AnswerLast();
  EXPECT_NE(bench.AnswerOf(id), nullptr);
}

TEST(ClientHealth, AServerBackAfterAnHourTakesOverAtOnce) {
  ClientBench bench(Servers(2));
  KillFirst(bench);
  bench.Advance(seconds(3600));
  const RequestId id = bench.Login();
  EXPECT_EQ(bench.sent.back().to(), kFirst);
  bench.AnswerLast();
  EXPECT_NE(bench.AnswerOf(id), nullptr);
  EXPECT_EQ(bench.Auth(0).state, ServiceState::kActive);
  for (int i = 0; i < 5; ++i) bench.Login();
  EXPECT_THAT(bench.Targets(), Each(std::string(kFirst)));
}

// Slow but alive: the trial's answer comes when its user is in already.
TEST(ClientHealth, ALateAnswerToATrialBringsTheServerBack) {
  ClientBench bench(Servers(2));
  KillFirst(bench);
  bench.Advance(seconds(30));
  const RequestId id = bench.Login();
  bench.Advance(milliseconds(600));
  bench.AnswerLast();
  ASSERT_EQ(bench.AnswerOf(id)->server_number, 2U);
  bench.Advance(milliseconds(200));
  bench.Answer(Sent(bench.sent.front()));
  EXPECT_EQ(bench.Auth(0).late, 1U);
  EXPECT_EQ(bench.Auth(0).state, ServiceState::kActive);
}

TEST(ClientHealth, WithNoOtherServerATrialIsAnOrdinaryRequest) {
  ClientBench bench(Servers(1));
  bench.Login();
  bench.Advance(seconds(60));
  bench.sent.clear();
  const TimePoint start = bench.now;
  bench.Login();
  bench.Advance(seconds(9));
  ASSERT_EQ(bench.sent.size(), 3U);
  EXPECT_EQ(bench.sent[1].at - start, seconds(3));
  EXPECT_EQ(bench.sent[2].at - start, seconds(6));
  EXPECT_EQ(bench.client.open_requests(), 0U);
}

TEST(ClientHealth, ATrialThatIsCancelledLeavesTheNextOneDue) {
  ClientBench bench(Servers(2));
  KillFirst(bench);
  bench.Advance(seconds(30));
  bench.Cancel(bench.Login());
  bench.Login();
  EXPECT_THAT(bench.Targets(), ElementsAre(kFirst, kFirst));
}

// ---- Status-Server (RFC 5997)

ClientSettings WithStatusServer() {
  ClientSettings settings = Servers(2);
  settings.servers[0].status_server = true;
  settings.identity.push_back({0, kNasIdentifier.type, TextValue("gw1")});
  return settings;
}

TEST(ClientHealth, WithStatusServerNoUserIsSentToADeadServer) {
  ClientBench bench(WithStatusServer());
  KillFirst(bench);
  for (int i = 0; i < 600; ++i) {
    bench.Advance(seconds(1));
    bench.Login();
    bench.AnswerLast();
  }
  std::size_t probes = 0;
  for (const Sent& sent : bench.sent) {
    if (sent.to() != kFirst) continue;
    ++probes;
    const Packet packet = sent.packet();
    EXPECT_EQ(packet.code, Code::kStatusServer);
    EXPECT_EQ(packet.attributes[0].key(), kMessageAuthenticator);
    EXPECT_EQ(packet.attributes[1].key(), kNasIdentifier);
  }
  EXPECT_EQ(probes, 18U) << "every fail-time and timeout: 33 s";
  EXPECT_EQ(bench.Auth(0).status_sent, probes);
}

TEST(ClientHealth, TheAnswerToAStatusServerBringsItBack) {
  ClientBench bench(WithStatusServer());
  KillFirst(bench);
  bench.Advance(seconds(30));
  ASSERT_EQ(bench.sent.size(), 1U);
  // Old servers send none with it.
  bench.AnswerLast({Code::kAccessAccept, "testing", WithMessageAuthenticator::kNo, {}});
  EXPECT_EQ(bench.Auth(0).state, ServiceState::kActive);
  EXPECT_EQ(bench.Auth(0).status_answered, 1U);
  EXPECT_EQ(bench.Auth(0).accepts, 0U);
  bench.Login();
  EXPECT_EQ(bench.sent.back().to(), kFirst);
}

TEST(ClientHealth, TheAccountingPortAnswersAStatusServerInItsOwnWay) {
  ClientBench bench(WithStatusServer());
  bench.Record();
  bench.Advance(seconds(39));
  const Sent probe = bench.sent.back();
  ASSERT_EQ(probe.to(), "10.0.0.1:1813");
  bench.Answer(probe, {Code::kAccessAccept, "testing", WithMessageAuthenticator::kYes, {}});
  EXPECT_EQ(bench.Acct(0).bad[static_cast<std::size_t>(BadReply::kUnexpectedCode)], 1U);
  bench.Answer(probe, {Code::kAccountingResponse, "testing", WithMessageAuthenticator::kNo, {}});
  EXPECT_EQ(bench.Acct(0).state, ServiceState::kActive);
}

TEST(ClientHealth, AProbeThatCannotBeMadeIsOneInVain) {
  ClientSettings settings = WithStatusServer();
  for (int i = 0; i < 20; ++i) settings.identity.push_back({0, kClass.type, Bytes(253)});
  ClientBench bench(std::move(settings));
  KillFirst(bench);
  bench.Advance(seconds(600));
  EXPECT_TRUE(bench.sent.empty());
  EXPECT_GT(*bench.client.NextDeadline(), bench.now);
  EXPECT_EQ(bench.client.open_requests(), 0U);
}

TEST(ClientHealth, AProbeUnderWayDoesNotOutliveItsServer) {
  ClientBench bench(WithStatusServer());
  KillFirst(bench);
  bench.Advance(seconds(30));
  ASSERT_EQ(bench.client.open_requests(), 1U);
  ClientSettings off = WithStatusServer();
  off.servers[0].disabled = true;
  bench.Configure(std::move(off));
  EXPECT_EQ(bench.client.open_requests(), 0U);
  bench.Configure(WithStatusServer());
  bench.Advance(seconds(1));
  EXPECT_EQ(bench.client.open_requests(), 1U) << "and the next one is sent";
}

}  // namespace
}  // namespace sstpgw::cp::radius
