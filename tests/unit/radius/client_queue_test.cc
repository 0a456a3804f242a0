// Room at a server: request limits, queues, identifiers and sockets (features 6.1, 6.2).
#include <set>

#include "tests/unit/radius/client_bench.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kSecond = "10.0.0.2:1812";

std::string UserOf(const Sent& sent) {
  return std::string(ReadText(sent.packet().Find(kUserName)->value));
}

ClientSettings OneAtATime() {
  ServerSettings server = ServerAt("10.0.0.1");
  server.request_limit = 1;
  return SettingsOf(std::move(server));
}

// ---- req-limit

TEST(ClientQueue, NoMoreThanTheLimitAreInFlight) {
  ServerSettings server = ServerAt("10.0.0.1");
  server.request_limit = 3;
  ClientBench bench(SettingsOf(std::move(server)));
  std::vector<RequestId> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(bench.Login());
  EXPECT_THAT(bench.sent, SizeIs(3));
  EXPECT_EQ(bench.Auth().in_flight, 3U);
  EXPECT_EQ(bench.Auth().queue_length, 7U);
  for (std::size_t i = 0; i < 10; ++i) bench.Answer(Sent(bench.sent[i]));
  for (const RequestId id : ids) EXPECT_NE(bench.AnswerOf(id), nullptr);
}

TEST(ClientQueue, TheLimitIsOfEachService) {
  ClientBench bench(OneAtATime());
  bench.Login();
  bench.Record();
  EXPECT_THAT(bench.sent, SizeIs(2));
}

TEST(ClientQueue, WhoHasSomebodyWaitingGoesFirstThenWhoCameFirst) {
  ClientBench bench(OneAtATime());
  bench.Login("now");
  const auto submit = [&](const std::string& user, Priority priority) {
    ClientRequest request = LoginOf(user);
    request.priority = priority;
    bench.Submit(std::move(request));
  };
  submit("background 1", Priority::kBackground);
  submit("person 1", Priority::kInteractive);
  submit("background 2", Priority::kBackground);
  submit("person 2", Priority::kInteractive);
  std::vector<std::string> order;
  for (std::size_t i = 0; i < 5; ++i) {
    order.push_back(UserOf(bench.sent.at(i)));
    bench.AnswerLast();
  }
  EXPECT_THAT(order, ElementsAre("now", "person 1", "person 2", "background 1", "background 2"));
}

TEST(ClientQueue, TimeInTheQueueCounts) {
  ClientBench bench(OneAtATime());
  const RequestId first = bench.Login("a");
  const RequestId second = bench.Login("b");
  bench.Advance(milliseconds(8999));
  EXPECT_FALSE(bench.IsDone(first));
  EXPECT_FALSE(bench.IsDone(second));
  bench.Advance(milliseconds(1));
  EXPECT_TRUE(bench.IsDone(first));
  EXPECT_TRUE(bench.IsDone(second)) << "not 9 s more";
  EXPECT_EQ(bench.Auth().queue_expired + bench.Auth().moved_on, 3U)
      << "one waited in vain, both went on";
}

TEST(ClientQueue, WhoWaitedLongGetsFewerTries) {
  ClientBench bench(OneAtATime());
  bench.Login("a");
  const RequestId late = bench.Login("b");
  bench.Advance(seconds(4));
  bench.AnswerLast();  // "a" is done
  ASSERT_EQ(UserOf(bench.sent.back()), "b");
  bench.Advance(seconds(5));
  EXPECT_TRUE(bench.IsDone(late));
  EXPECT_EQ(std::count_if(bench.sent.begin(), bench.sent.end(),
                          [](const Sent& sent) { return UserOf(sent) == "b"; }),
            2);
}

TEST(ClientQueue, TheQueueOfAServerFoundDeadGoesOnAtOnce) {
  ServerSettings first = ServerAt("10.0.0.1");
  first.request_limit = 2;
  first.max_fail = 3;
  first.fail_time = seconds(30);
  ClientBench bench(SettingsOf(std::move(first), ServerAt("10.0.0.2")));
  for (int i = 0; i < 12; ++i) bench.Login();
  ASSERT_EQ(bench.Auth(0).queue_length, 10U);
  bench.Advance(milliseconds(5999));
  EXPECT_EQ(bench.Auth(1).in_flight, 0U);
  bench.Advance(milliseconds(1));
  EXPECT_EQ(bench.Auth(0).queue_length, 0U);
  EXPECT_EQ(bench.Auth(1).in_flight, 12U);
}

TEST(ClientQueue, AFullQueueMeansTheNextServer) {
  ClientSettings settings = OneAtATime();
  settings.servers.push_back(ServerAt("10.0.0.2"));
  settings.max_queue = 2;
  ClientBench bench(std::move(settings));
  for (int i = 0; i < 4; ++i) bench.Login();
  EXPECT_EQ(bench.Auth(0).in_flight, 1U);
  EXPECT_EQ(bench.Auth(0).queue_length, 2U);
  EXPECT_EQ(bench.sent.back().to(), kSecond);
}

TEST(ClientQueue, WhenAllQueuesAreFullItIsSaidAtOnce) {
  ClientSettings settings = OneAtATime();
  settings.max_queue = 2;
  ClientBench bench(std::move(settings));
  for (int i = 0; i < 3; ++i) bench.Login();
  EXPECT_EQ(bench.FailureOf(bench.Login())->reason, FailureReason::kOverloaded);
  EXPECT_EQ(bench.client.open_requests(), 3U);
}

TEST(ClientQueue, TheNumberOfRequestsIsBounded) {
  ClientSettings settings = SettingsOf(ServerAt("10.0.0.1"));
  settings.max_requests = 100;
  ClientBench bench(std::move(settings));
  for (int i = 0; i < 100; ++i) bench.Login();
  EXPECT_EQ(bench.FailureOf(bench.Login())->reason, FailureReason::kOverloaded);
  bench.Answer(Sent(bench.sent.front()));
  EXPECT_FALSE(bench.IsDone(bench.Login())) << "room again";
}

TEST(ClientQueue, CancelMakesRoom) {
  ClientBench bench(OneAtATime());
  const RequestId first = bench.Login("a");
  const RequestId second = bench.Login("b");
  bench.Login("c");
  bench.Cancel(second);
  bench.Cancel(first);
  EXPECT_EQ(UserOf(bench.sent.back()), "c");
  EXPECT_FALSE(bench.IsDone(first)) << "nobody asked to be told";
  bench.Cancel(first);
  bench.Cancel(RequestId(4711));
  bench.Advance(seconds(60));
  EXPECT_EQ(bench.client.open_requests(), 0U);
}

// ---- Identifiers and sockets

TEST(ClientSockets, MoreThan256RequestsUseSeveralSockets) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  std::vector<RequestId> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(bench.Login());
  EXPECT_EQ(bench.sockets.size(), 4U);
  std::set<std::pair<SocketId, std::uint8_t>> used;
  std::set<Authenticator> authenticators;
  for (const Sent& sent : bench.sent) {
    EXPECT_TRUE(used.emplace(sent.socket, sent.identifier()).second);
    EXPECT_TRUE(authenticators.insert(AuthenticatorOf(sent.octets)).second);
  }
  // Backwards, so that every answer must find its own request.
  for (std::size_t i = 1000; i-- > 0;) bench.Answer(Sent(bench.sent[i]));
  for (const RequestId id : ids) EXPECT_NE(bench.AnswerOf(id), nullptr);
}

TEST(ClientSockets, TenThousandRequestsInFlight) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  ActionList actions;
  for (int i = 0; i < 10000; ++i) {
    actions.clear();
    bench.client.Submit(LoginOf("u" + std::to_string(i)), bench.now, actions);
    for (const Action& action : actions) {
      if (const auto* send = std::get_if<SendDatagram>(&action)) {
        bench.sent.push_back({send->socket, send->server, send->octets, bench.now});
      }
    }
  }
  ASSERT_EQ(bench.sent.size(), 10000U);
  EXPECT_EQ(bench.Auth().sockets, 40U);
  EXPECT_EQ(bench.Auth().in_flight, 10000U);
  std::size_t answered = 0;
  for (const Sent& sent : bench.sent) {
    actions.clear();
    bench.client.DatagramArrived(sent.socket, sent.server, AnswerTo(sent.octets, {}), bench.now,
                                 actions);
    for (const Action& action : actions) {
      const auto* done = std::get_if<RequestDone>(&action);
      if (done != nullptr && std::holds_alternative<Answered>(done->outcome)) ++answered;
    }
  }
  EXPECT_EQ(answered, 10000U);
  EXPECT_EQ(bench.client.Inconsistency(), "");
}

TEST(ClientSockets, WhenIdentifiersRunOutTheRestWaits) {
  ClientSettings settings = SettingsOf(ServerAt("10.0.0.1"));
  settings.max_requests = 100000;
  ClientBench bench(std::move(settings));
  ActionList actions;
  constexpr std::size_t kRoom = IdentifierPool::kMaxSockets * 256;
  for (std::size_t i = 0; i < kRoom + 10; ++i) {
    bench.client.Submit(LoginOf("u"), bench.now, actions);
  }
  EXPECT_EQ(bench.Auth().in_flight, kRoom);
  EXPECT_EQ(bench.Auth().queue_length, 10U);
  EXPECT_EQ(bench.Auth().sockets, IdentifierPool::kMaxSockets);
  EXPECT_EQ(bench.client.Inconsistency(), "");
}

TEST(ClientSockets, SequentialLoginsStayOnOneSocketAndReuseAsLateAsPossible) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  std::vector<std::uint8_t> identifiers;
  for (int i = 0; i < 512; ++i) {
    bench.Login();
    bench.AnswerLast();
    bench.Advance(milliseconds(50));
    identifiers.push_back(bench.sent.back().identifier());
  }
  EXPECT_EQ(bench.sockets.size(), 1U);
  EXPECT_EQ(std::set(identifiers.begin(), identifiers.begin() + 256).size(), 256U);
  EXPECT_TRUE(
      std::equal(identifiers.begin(), identifiers.begin() + 256, identifiers.begin() + 256));
  EXPECT_FALSE(std::is_sorted(identifiers.begin(), identifiers.begin() + 256));
}

TEST(ClientSockets, IdentifiersRestBeforeTheyAreUsedAgain) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  std::map<std::pair<SocketId, std::uint8_t>, TimePoint> last;
  for (int i = 0; i < 3000; ++i) {
    bench.Login();
    const Sent& sent = bench.sent.back();
    const auto [place, fresh] = last.try_emplace({sent.socket, sent.identifier()}, bench.now);
    EXPECT_TRUE(fresh || bench.now - place->second >= IdentifierPool::kRest);
    place->second = bench.now;
    bench.AnswerLast();
    bench.Advance(milliseconds(5));
  }
  EXPECT_LE(bench.sockets.size(), 5U) << "200 logins a second for 5 s: 1000 identifiers";
}

TEST(ClientSockets, IdleSocketsAreClosed) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  for (int i = 0; i < 1000; ++i) bench.Login();
  for (std::size_t i = 0; i < 1000; ++i) bench.Answer(Sent(bench.sent[i]));
  bench.Advance(seconds(59));
  EXPECT_EQ(bench.sockets.size(), 4U);
  bench.Advance(seconds(12));
  EXPECT_TRUE(bench.sockets.empty());
  EXPECT_FALSE(bench.client.NextDeadline()) << "nothing to wake up for";
  bench.Login();
  EXPECT_EQ(bench.sockets.size(), 1U);
}

// ---- Sockets that cannot be had (C5)

TEST(ClientSockets, WithoutASocketTheNextServerIsAskedAtOnce) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1"), ServerAt("10.0.0.2")));
  const RequestId id = bench.Login();
  bench.FailSocket(bench.sent.back().socket, "source address 10.9.9.9 is not of this host");
  EXPECT_EQ(bench.sent.back().to(), kSecond);
  EXPECT_TRUE(bench.Logged("radius: server(1): source address 10.9.9.9 is not of this host"));
  bench.FailSocket(bench.sent.back().socket, "nor here");
  EXPECT_THAT(bench.FailureOf(id)->text, HasSubstr("nor here"));
  EXPECT_EQ(bench.Auth(0).fail_count, 0U) << "it says nothing about the server";
  EXPECT_EQ(bench.Auth(0).last_error, "source address 10.9.9.9 is not of this host");
  bench.sockets.clear();
  EXPECT_FALSE(bench.IsDone(bench.Login())) << "it is tried anew";
}

TEST(ClientSockets, WithoutAFurtherSocketTheOthersServe) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  for (int i = 0; i < 256; ++i) bench.Login();
  const RequestId more = bench.Login("more");
  const SocketId second = bench.sent.back().socket;
  ASSERT_EQ(bench.sockets.size(), 2U);
  bench.sockets.erase(second);
  bench.FailSocket(second, "Too many open files");
  EXPECT_EQ(bench.Auth().queue_length, 1U);
  EXPECT_FALSE(bench.IsDone(more));
  bench.Answer(Sent(bench.sent.front()));
  EXPECT_EQ(UserOf(bench.sent.back()), "more");
  bench.AnswerLast();
  EXPECT_NE(bench.AnswerOf(more), nullptr);
}

TEST(ClientSockets, TroubleIsNotedAndOtherwiseSilence) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  const RequestId id = bench.Login();
  bench.client.SocketTrouble(bench.sent.back().socket, "10.0.0.1:1812: Connection\nrefused");
  bench.client.SocketTrouble(SocketId(99), "of nobody");
  EXPECT_EQ(bench.Auth().socket_errors, 1U);
  EXPECT_EQ(bench.Auth().last_error, "10.0.0.1:1812: Connection\\x0arefused");
  EXPECT_FALSE(bench.IsDone(id));
  bench.Advance(seconds(3));
  EXPECT_EQ(bench.sent.size(), 2U);
}

}  // namespace
}  // namespace sstpgw::cp::radius
