// New servers while requests are on their way, and what is counted.
#include "tests/unit/radius/client_bench.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::ElementsAre;

ClientSettings Both() { return SettingsOf(ServerAt("10.0.0.1"), ServerAt("10.0.0.2")); }

TEST(ClientConfigure, WithoutServersEverythingIsRefused) {
  ClientBench bench;
  const RequestId id = bench.Login();
  EXPECT_EQ(bench.FailureOf(id)->reason, FailureReason::kNoServers);
  EXPECT_FALSE(bench.client.NextDeadline());
}

TEST(ClientConfigure, TheSameAgainChangesNothing) {
  ClientBench bench(Both());
  const RequestId id = bench.Login();
  bench.Configure(Both());
  EXPECT_EQ(bench.sent.size(), 1U);
  EXPECT_EQ(bench.sockets.size(), 1U);
  bench.AnswerLast();
  EXPECT_NE(bench.AnswerOf(id), nullptr);
  EXPECT_EQ(bench.Auth(0).accepts, 1U);
}

TEST(ClientConfigure, ServersKeepWhatIsKnownOfThemInAnotherOrder) {
  ClientBench bench(Both());
  bench.Login();
  bench.AnswerLast();
  const ServerId before = bench.client.View(bench.now).servers[0].id;
  bench.Configure(SettingsOf(ServerAt("10.0.0.2"), ServerAt("10.0.0.1")));
  const ServerView after = bench.client.View(bench.now).servers[1];
  EXPECT_EQ(after.id, before);
  EXPECT_EQ(after.number, 2U);
  EXPECT_EQ(after.service(Service::kAuthentication).accepts, 1U);
}

TEST(ClientConfigure, RequestsAtADisabledServerGoOnAtOnce) {
  ClientBench bench(Both());
  const RequestId id = bench.Login();
  ClientSettings settings = Both();
  settings.servers[0].disabled = true;
  bench.Configure(std::move(settings));
  EXPECT_THAT(bench.Targets(), ElementsAre("10.0.0.1:1812", "10.0.0.2:1812"));
  EXPECT_EQ(bench.sockets.size(), 1U) << "its socket is closed";
  bench.AnswerLast();
  EXPECT_NE(bench.AnswerOf(id), nullptr);
}

TEST(ClientConfigure, DisableAndEnableWithoutRestart) {
  ClientBench bench(Both());
  ClientSettings settings = Both();
  settings.servers[0].disabled = true;
  bench.Configure(std::move(settings));
  bench.Login();
  bench.Configure(Both());
  bench.Login();
  EXPECT_THAT(bench.Targets(), ElementsAre("10.0.0.2:1812", "10.0.0.1:1812"));
}

TEST(ClientConfigure, DisableAccountingLeavesAuthenticationAlone) {
  ClientBench bench(Both());
  bench.Login();
  bench.Record();
  ClientSettings settings = Both();
  settings.servers[0].accounting = false;
  bench.Configure(std::move(settings));
  EXPECT_THAT(bench.Targets(), ElementsAre("10.0.0.1:1812", "10.0.0.1:1813", "10.0.0.2:1813"));
}

TEST(ClientConfigure, AnotherSecretIsAnotherServer) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1", "old")));
  const RequestId id = bench.Login();
  const Sent old = bench.sent.back();
  bench.Configure(SettingsOf(ServerAt("10.0.0.1", "new")));
  ASSERT_EQ(bench.sent.size(), 2U);
  bench.Answer(old, {Code::kAccessAccept, "old", WithMessageAuthenticator::kYes, {}});
  EXPECT_FALSE(bench.IsDone(id));
  bench.AnswerLast({Code::kAccessAccept, "new", WithMessageAuthenticator::kYes, {}});
  EXPECT_EQ(bench.AnswerOf(id)->secret.RevealText(), "new");
}

TEST(ClientConfigure, AnotherSourceMeansOtherSockets) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  bench.Login();
  ClientSettings settings = SettingsOf(ServerAt("10.0.0.1"));
  settings.source_v4 = Ipv4Address::Parse("10.255.255.1");
  bench.Configure(std::move(settings));
  ASSERT_EQ(bench.sockets.size(), 1U);
  EXPECT_EQ(ToString(*bench.sockets.begin()->second.source), "10.255.255.1");
}

TEST(ClientConfigure, WhenNoServerIsLeftRequestsFail) {
  ClientBench bench(Both());
  const RequestId id = bench.Login();
  bench.Configure({});
  ASSERT_NE(bench.FailureOf(id), nullptr);
  EXPECT_TRUE(bench.sockets.empty());
  EXPECT_EQ(bench.client.open_requests(), 0U);
}

TEST(ClientConfigure, AGreaterLimitLetsTheQueueGo) {
  ServerSettings narrow = ServerAt("10.0.0.1");
  narrow.request_limit = 1;
  ClientBench bench(SettingsOf(std::move(narrow)));
  for (int i = 0; i < 5; ++i) bench.Login();
  EXPECT_EQ(bench.sent.size(), 1U);
  bench.Configure(SettingsOf(ServerAt("10.0.0.1")));
  EXPECT_EQ(bench.sent.size(), 5U);
}

TEST(ClientConfigure, TimeDoesNotBeginAnew) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1", "0")));
  const RequestId id = bench.Login();
  for (int i = 1; i < 9; ++i) {
    bench.Advance(seconds(1));
    bench.Configure(SettingsOf(ServerAt("10.0.0.1", std::to_string(i))));
  }
  EXPECT_FALSE(bench.IsDone(id));
  bench.Advance(seconds(1));
  EXPECT_TRUE(bench.IsDone(id));
}

TEST(ClientConfigure, TheSameServerTwiceIsTwoServers) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1"), ServerAt("10.0.0.1")));
  const RequestId id = bench.Login();
  bench.Advance(seconds(18));
  EXPECT_TRUE(bench.IsDone(id));
  EXPECT_EQ(bench.sent.size(), 6U);
}

// ---- Statistics

TEST(ClientStatistics, WhatIsCounted) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  bench.Login();
  bench.Advance(seconds(4));
  bench.AnswerLast();
  bench.Login();
  bench.Advance(seconds(2));
  bench.AnswerLast({Code::kAccessReject, "testing", WithMessageAuthenticator::kYes, {}});
  bench.Login();
  bench.AnswerLast({Code::kAccessChallenge, "testing", WithMessageAuthenticator::kYes, {}});
  const ServiceView view = bench.Auth();
  EXPECT_EQ(view.requests.total.sent, 4U);
  EXPECT_EQ(view.requests.total.retries, 1U);
  EXPECT_EQ(view.requests.total.lost, 1U);
  EXPECT_EQ(view.requests.lost_1m, 1U);
  EXPECT_EQ(view.requests.average_1m, seconds(2));
  EXPECT_EQ(view.accepts, 1U);
  EXPECT_EQ(view.rejects, 1U);
  EXPECT_EQ(view.challenges, 1U);
  EXPECT_EQ(view.last_round_trip, Duration::zero());
  EXPECT_EQ(view.smoothed_round_trip, milliseconds(3281) + std::chrono::microseconds(250));
  EXPECT_EQ(view.state, ServiceState::kActive);
  bench.Advance(seconds(90));
  EXPECT_EQ(bench.Auth().requests.lost_1m, 0U);
  EXPECT_EQ(bench.Auth().requests.lost_5m, 1U);
  EXPECT_EQ(bench.Auth().requests.average_1m, Duration::zero());
  EXPECT_EQ(bench.Auth().requests.average_5m, seconds(2));
}

TEST(ClientStatistics, InterimUpdatesAreCountedApart) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  ClientRequest interim = RecordOf("s1");
  interim.interim = true;
  bench.Submit(std::move(interim));
  bench.Record("s2");
  bench.Record("s3");
  bench.Advance(seconds(3));
  EXPECT_EQ(bench.Acct().interims.total.sent, 2U);
  EXPECT_EQ(bench.Acct().interims.total.lost, 1U);
  EXPECT_EQ(bench.Acct().requests.total.sent, 4U);
}

}  // namespace
}  // namespace sstpgw::cp::radius
