// Which server is asked, when and how often (features 6.1, one test per row and more).
#include "tests/unit/radius/client_bench.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kFirst = "10.0.0.1:1812";
constexpr const char* kSecond = "10.0.0.2:1812";
constexpr const char* kThird = "10.0.0.3:1812";

ClientSettings TwoServers(seconds fail_time = seconds(0)) {
  ServerSettings first = ServerAt("10.0.0.1", "one");
  ServerSettings second = ServerAt("10.0.0.2", "two");
  first.fail_time = second.fail_time = fail_time;
  return SettingsOf(std::move(first), std::move(second));
}
const Reply kYesOfTwo{Code::kAccessAccept, "two", WithMessageAuthenticator::kYes, {}};
const Reply kYesOfOne{Code::kAccessAccept, "one", WithMessageAuthenticator::kYes, {}};

// ---- Row "order"

TEST(ClientOrder, TheFirstServerGetsEverythingWhileItAnswers) {
  ClientBench bench(TwoServers());
  for (int i = 0; i < 5; ++i) {
    const RequestId id = bench.Login();
    bench.AnswerLast(kYesOfOne);
    EXPECT_NE(bench.AnswerOf(id), nullptr);
  }
  EXPECT_THAT(bench.Targets(), Each(std::string(kFirst)));
}

TEST(ClientOrder, ABackupIsAskedOnlyWhenNoOtherServerIsUsable) {
  ServerSettings backup = ServerAt("10.0.0.1");
  backup.backup = true;
  ClientBench bench(SettingsOf(std::move(backup), ServerAt("10.0.0.2"), ServerAt("10.0.0.3")));
  const RequestId id = bench.Login();
  bench.Advance(seconds(26));
  EXPECT_THAT(bench.Targets(), ElementsAre(kSecond, kSecond, kSecond, kThird, kThird, kThird,
                                           kFirst, kFirst, kFirst));
  bench.AnswerLast();
  EXPECT_EQ(bench.AnswerOf(id)->server_number, 1U);
}

TEST(ClientOrder, WithPrioritiesTheLoadIsSpreadByThem) {
  ServerSettings light = ServerAt("10.0.0.1");
  ServerSettings heavy = ServerAt("10.0.0.2");
  light.priority = 1;
  heavy.priority = 3;
  ClientBench bench(SettingsOf(std::move(light), std::move(heavy)));
  for (int i = 0; i < 40; ++i) bench.Login();
  const auto targets = bench.Targets();
  EXPECT_EQ(std::count(targets.begin(), targets.end(), kFirst), 10);
  EXPECT_EQ(std::count(targets.begin(), targets.end(), kSecond), 30);
  EXPECT_EQ(targets.front(), kSecond) << "idle servers: the greater priority first";
}

TEST(ClientOrder, AServerWithoutPriorityAmongOthersCountsAsOne) {
  ServerSettings heavy = ServerAt("10.0.0.2");
  heavy.priority = 4;
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1"), std::move(heavy)));
  for (int i = 0; i < 50; ++i) bench.Login();
  const auto targets = bench.Targets();
  EXPECT_EQ(std::count(targets.begin(), targets.end(), kFirst), 10);
}

TEST(ClientOrder, AccountingGoesToItsPortAndNotWhereItIsDisabled) {
  ServerSettings first = ServerAt("10.0.0.1");
  first.accounting = false;
  ServerSettings second = ServerAt("10.0.0.2");
  second.acct_port = 11813;
  ClientBench bench(SettingsOf(std::move(first), std::move(second)));
  bench.Login();
  const RequestId id = bench.Record();
  EXPECT_THAT(bench.Targets(), ElementsAre(kFirst, "10.0.0.2:11813"));
  bench.AnswerLast({Code::kAccountingResponse, "testing", WithMessageAuthenticator::kNo, {}});
  EXPECT_EQ(bench.AnswerOf(id)->reply.code, Code::kAccountingResponse);
}

TEST(ClientOrder, NoAccountingServerIsSaidAtOnce) {
  ServerSettings only = ServerAt("10.0.0.1");
  only.accounting = false;
  ClientBench bench(SettingsOf(std::move(only)));
  EXPECT_EQ(bench.FailureOf(bench.Record())->reason, FailureReason::kNoServers);
  EXPECT_THAT(bench.sent, ::testing::IsEmpty());
  EXPECT_EQ(bench.client.View(bench.now).refused_requests, 1U);
}

// ---- Row "one request" (C15, C16)

TEST(ClientOrder, ADeadServerGetsMaxTryPacketsTimeoutApartThenTheNextOne) {
  ClientSettings settings = TwoServers();
  settings.max_try = 4;
  settings.timeout = seconds(2);
  ClientBench bench(std::move(settings));
  const TimePoint start = bench.now;
  const RequestId id = bench.Login();
  bench.Advance(seconds(16));
  ASSERT_EQ(bench.sent.size(), 8U);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(bench.sent[i].to(), i < 4 ? kFirst : kSecond);
    EXPECT_EQ(bench.sent[i].at - start, i * seconds(2));
  }
  EXPECT_EQ(bench.FailureOf(id)->reason, FailureReason::kNoAnswer);
  EXPECT_EQ(bench.FailureOf(id)->text, "no answer from server(1) server(2)");
}

TEST(ClientOrder, RepeatedPacketsAreTheSameOctets) {
  ClientBench bench(TwoServers());
  bench.Login();
  bench.Advance(seconds(8));
  ASSERT_EQ(bench.sent.size(), 3U);
  EXPECT_EQ(bench.sent[1].octets, bench.sent[0].octets);
  EXPECT_EQ(bench.sent[2].octets, bench.sent[0].octets);
  EXPECT_EQ(bench.sent[2].socket, bench.sent[0].socket);
}

// accel-ppp goes round between dead servers for ever.
TEST(ClientOrder, WithoutFailTimeToEachServerOnceAndThenItIsOver) {
  ClientBench bench(TwoServers());
  const RequestId id = bench.Login();
  bench.Advance(milliseconds(17999));
  EXPECT_FALSE(bench.IsDone(id));
  bench.Advance(milliseconds(1));
  EXPECT_TRUE(bench.IsDone(id)) << "max-try * timeout * servers";
  bench.Advance(seconds(3600));
  EXPECT_EQ(bench.sent.size(), 6U);
  EXPECT_EQ(bench.client.open_requests(), 0U);
}

// Timers of a real loop come late; the number of packets does not depend on that.
TEST(ClientOrder, LateTimersDoNotCostAPacket) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  const TimePoint start = bench.now;
  bench.Login();
  for (int i = 0; i < 12; ++i) {
    bench.now = start + i * seconds(1) + milliseconds(40);
    bench.Advance(Duration::zero());
  }
  EXPECT_EQ(bench.sent.size(), 3U);
  EXPECT_EQ(bench.client.open_requests(), 0U);
}

TEST(ClientOrder, AHaltOfTheProcessIsNotSilenceOfTheServer) {
  ServerSettings server = ServerAt("10.0.0.1");
  server.fail_time = seconds(30);
  ClientBench bench(SettingsOf(std::move(server)));
  const RequestId id = bench.Login();
  bench.now += seconds(6);  // stopped in a debugger, say
  bench.Advance(milliseconds(1));
  EXPECT_EQ(bench.sent.size(), 2U);
  bench.AnswerLast();
  EXPECT_NE(bench.AnswerOf(id), nullptr);
}

// ---- RFC 2866 5.2

TEST(ClientOrder, AnAcctDelayTimeThatChangesMakesAnotherPacket) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  const RequestId id = bench.Submit(RecordOf("s1", 5));
  bench.Advance(seconds(7));
  ASSERT_EQ(bench.sent.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const Packet packet = bench.sent[i].packet();
    EXPECT_EQ(ReadInteger(packet.Find(kAcctDelayTime)->value), 5 + 3 * i);
    EXPECT_EQ(VerifyRequest(bench.sent[i].octets, TextOctets("testing"),
                            MessageAuthenticatorRule::kIfPresent),
              Verdict::kGenuine);
  }
  EXPECT_NE(bench.sent[0].identifier(), bench.sent[1].identifier());
  EXPECT_NE(bench.sent[1].identifier(), bench.sent[2].identifier());
  // The first one is answered last of all: it is the same record.
  bench.Answer(Sent(bench.sent[0]),
               {Code::kAccountingResponse, "testing", WithMessageAuthenticator::kNo, {}});
  EXPECT_NE(bench.AnswerOf(id), nullptr);
}

TEST(ClientOrder, ARecordWithoutAcctDelayTimeStaysThePacketItIs) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  bench.Record();
  bench.Advance(seconds(7));
  ASSERT_EQ(bench.sent.size(), 3U);
  EXPECT_EQ(bench.sent[2].octets, bench.sent[0].octets);
}

// ---- Row "re-encryption"

TEST(ClientOrder, TheNextServerGetsEverythingUnderItsOwnSecret) {
  ClientBench bench(TwoServers());
  const RequestId id = bench.Login();
  bench.Advance(seconds(9));
  ASSERT_EQ(bench.sent.size(), 4U);
  const Sent first = bench.sent[0];
  const Sent second = bench.sent[3];
  EXPECT_NE(AuthenticatorOf(first.octets), AuthenticatorOf(second.octets));
  for (const auto& [sent, secret] : {std::pair(first, "one"), std::pair(second, "two")}) {
    const Packet packet = sent.packet();
    EXPECT_EQ(packet.attributes[0].key(), kMessageAuthenticator);
    const auto password = RevealUserPassword(packet.Find(kUserPassword)->value,
                                             {TextOctets(secret), AuthenticatorOf(sent.octets)});
    EXPECT_EQ(password->RevealText(), "pw");
    EXPECT_EQ(*SignRequest(packet, TextOctets(secret), WithMessageAuthenticator::kYes), sent.octets)
        << "Message-Authenticator of this server's secret";
  }
  bench.AnswerLast(kYesOfTwo);
  const Answered* answer = bench.AnswerOf(id);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->server_number, 2U);
  EXPECT_EQ(answer->secret.RevealText(), "two");
  EXPECT_EQ(answer->request_authenticator, AuthenticatorOf(second.octets));
}

// ---- Row "IPv6 servers" and sources (C4)

TEST(ClientOrder, SocketsAreBoundToTheSourceOfTheServersFamily) {
  ClientSettings settings = SettingsOf(ServerAt("10.0.0.1"), ServerAt("2001:db8::1"));
  settings.source_v4 = Ipv4Address::Parse("10.255.255.1");
  settings.source_v6 = Ipv6Address::Parse("2001:db8::99");
  ClientBench bench(std::move(settings));
  bench.Login();
  bench.Record();
  bench.Advance(seconds(9));
  EXPECT_EQ(bench.sent.back().to(), "[2001:db8::1]:1813");
  ASSERT_EQ(bench.sockets.size(), 4U);
  for (const auto& [id, socket] : bench.sockets) {
    EXPECT_EQ(ToString(*socket.source),
              IsIpv4(socket.server.address) ? "10.255.255.1" : "2001:db8::99");
  }
}

TEST(ClientOrder, WithoutASourceTheRoutesDecide) {
  ClientBench bench(SettingsOf(ServerAt("10.0.0.1")));
  bench.Login();
  EXPECT_FALSE(bench.sockets.begin()->second.source);
}

// ---- Row "disabled server" (C8)

TEST(ClientOrder, ADisabledServerGetsNothing) {
  ClientSettings settings = TwoServers();
  settings.servers[0].disabled = true;
  ClientBench bench(std::move(settings));
  bench.Login();
  bench.Record();
  EXPECT_THAT(bench.Targets(), ElementsAre(kSecond, "10.0.0.2:1813"));
  EXPECT_EQ(bench.Auth(0).state, ServiceState::kOff);
}

// ---- A conversation

TEST(ClientOrder, ARequestBoundToAServerGoesNowhereElse) {
  ClientBench bench(TwoServers(seconds(30)));
  const RequestId first = bench.Login();
  bench.AnswerLast({Code::kAccessChallenge, "one", WithMessageAuthenticator::kYes, {}});
  const Answered* challenge = bench.AnswerOf(first);
  ASSERT_EQ(challenge->reply.code, Code::kAccessChallenge);
  ClientRequest next = LoginOf("test");
  next.only = challenge->server;
  const RequestId second = bench.Submit(std::move(next));
  bench.Advance(seconds(9));
  EXPECT_THAT(bench.FailureOf(second)->text, HasSubstr("server(1)"));
  EXPECT_THAT(bench.Targets(), Each(std::string(kFirst)));
}

TEST(ClientOrder, WhatIsNoRequestOrDoesNotFitIsRefused) {
  ClientBench bench(TwoServers());
  ClientRequest odd = LoginOf("x");
  odd.body.code = Code::kCoaRequest;
  EXPECT_EQ(bench.FailureOf(bench.Submit(std::move(odd)))->reason, FailureReason::kUnsendable);
  ClientRequest big = LoginOf("x");
  for (int i = 0; i < 20; ++i) big.body.attributes.push_back({0, kClass.type, Bytes(253)});
  EXPECT_EQ(bench.FailureOf(bench.Submit(std::move(big)))->reason, FailureReason::kUnsendable);
  EXPECT_THAT(bench.sent, ::testing::IsEmpty());
  EXPECT_EQ(bench.client.open_requests(), 0U);
}

}  // namespace
}  // namespace sstpgw::cp::radius
