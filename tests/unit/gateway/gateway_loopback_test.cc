// The whole gateway on loopback: what it says to the control plane and to clients.
#include "tests/unit/gateway/loopback_gateway.h"

namespace sstpgw::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class Gateway : public LoopbackGateway {};

TEST_F(Gateway, SaysHelloAndListensOnlyAfterSettings) {
  control_.Start({});
  StartGateway();
  const auto hello = control_.Take<Hello>();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->gateway_id, "edge1");
  EXPECT_EQ(hello->applied_generation, Generation(0));
  EXPECT_THAT(hello->sessions, IsEmpty());
  EXPECT_FALSE(TlsPeer(OwnAddress(), kPort).connected());

  control_.Send(Order(Settings(7)));
  const auto applied = control_.Take<Applied>();
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->generation, Generation(7));
  EXPECT_TRUE(TlsPeer(OwnAddress(), kPort).connected());
}

TEST_F(Gateway, RefusesStrangersInHttp) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_THAT(client.ReceiveHead(), StartsWith("HTTP/1.1 404"));
  TlsPeer other(OwnAddress(), kPort);
  ASSERT_TRUE(other.Send("BREW / HTTP/1.1\r\n\r\n"));
  EXPECT_THAT(other.ReceiveHead(), StartsWith("HTTP/1.1 501"));
}

TEST_F(Gateway, ServesACallAndReportsItsLife) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  const auto starting = Call(client);
  ASSERT_TRUE(starting);
  EXPECT_EQ(starting->sequence, 1U);
  EXPECT_EQ(starting->report.kind, SessionEventKind::kStarting);
  const SessionRecord& record = starting->report.record;
  EXPECT_THAT(record.session, SizeIs(16));
  EXPECT_EQ(record.calling_station, "127.0.0.1");
  EXPECT_EQ(record.called_station, OwnAddress());

  control_.Send(Order(
      DisconnectOrder{record.session, Termination::kHard, TerminateCause::kAdminReset, "test"}));
  const auto down = control_.Take<NumberedReport>();
  ASSERT_TRUE(down);
  EXPECT_EQ(down->report.kind, SessionEventKind::kDown);
  EXPECT_EQ(down->report.record.session, record.session);
  EXPECT_EQ(down->report.cause, TerminateCause::kAdminReset);
  while (!client.Receive(1).empty()) {
  }
  EXPECT_TRUE(client.ReceiveEnd());
}

TEST_F(Gateway, ClientThatVanishesIsReportedDown) {
  StartAll();
  {
    TlsPeer client(OwnAddress(), kPort);
    ASSERT_TRUE(Call(client));
  }
  const auto down = control_.Take<NumberedReport>();
  ASSERT_TRUE(down);
  EXPECT_EQ(down->report.kind, SessionEventKind::kDown);
  EXPECT_EQ(down->report.cause, TerminateCause::kLostCarrier);
}

TEST_F(Gateway, KeepsOldSettingsWhenNewOnesFail) {
  StartAll();
  GatewaySettings broken = Settings(2);
  broken.tls.private_key_pem = Secret(std::string_view("not a key"));
  control_.Send(Order(std::move(broken)));
  const auto refused = control_.Take<Refused>();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->generation, Generation(2));
  EXPECT_THAT(refused->reason, HasSubstr("key"));
  EXPECT_TRUE(TlsPeer(OwnAddress(), kPort).connected());

  control_.Send(Order(Settings(3)));
  const auto applied = control_.Take<Applied>();
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->generation, Generation(3));
}

TEST_F(Gateway, MovesToAnotherPortWithoutTouchingSessions) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  ASSERT_TRUE(Call(client));
  GatewaySettings moved = Settings(2);
  moved.port = kPort + 1;
  control_.Send(Order(std::move(moved)));
  ASSERT_TRUE(control_.Take<Applied>());
  EXPECT_TRUE(TlsPeer(OwnAddress(), kPort + 1).connected());
  // [MS-SSTP] 3.3.5.2: an answer shows that the session lives: a second request is aborted.
  ASSERT_TRUE(client.Send(kCallConnectRequest));
  EXPECT_FALSE(client.Receive(4).empty());
}

TEST_F(Gateway, OlderSettingsAreRefused) {
  control_.Start({Order(Settings(5))});
  StartGateway();
  ASSERT_TRUE(control_.Take<Applied>());
  control_.Send(Order(Settings(4)));
  const auto refused = control_.Take<Refused>();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->generation, Generation(4));
}

TEST_F(Gateway, DrainClosesNewConnectionsAndKeepsOldOnes) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  ASSERT_TRUE(Call(client));
  control_.Send(Order(DrainOrder{true}));
  // Settings come after the drain, so their answer says that it was heard.
  control_.Send(Order(Settings(2)));
  ASSERT_TRUE(control_.Take<Applied>());
  EXPECT_FALSE(TlsPeer(OwnAddress(), kPort).connected());
  ASSERT_TRUE(client.Send(kCallConnectRequest));
  EXPECT_FALSE(client.Receive(4).empty());
}

TEST_F(Gateway, CarriesSessionsAndReportsOverARestartOfTheControlPlane) {
  control_.AcknowledgeReports(false);
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  const auto starting = Call(client);
  ASSERT_TRUE(starting);
  ASSERT_TRUE(control_.Take<Hello>());
  control_.Stop();
  control_.Start({});

  const auto hello = control_.Take<Hello>();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->applied_generation, Generation(1));
  ASSERT_THAT(hello->sessions, SizeIs(1));
  EXPECT_EQ(hello->sessions[0].session, starting->report.record.session);
  const auto again = control_.Take<NumberedReport>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sequence, starting->sequence);
}

TEST_F(Gateway, StoppingEndsSessionsAndReportsThem) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  ASSERT_TRUE(Call(client));
  std::thread reader([&] {
    while (!client.Receive(1).empty()) {
    }
  });
  StopGateway();
  const auto down = control_.Take<NumberedReport>();
  reader.join();
  ASSERT_TRUE(down);
  EXPECT_EQ(down->report.kind, SessionEventKind::kDown);
  EXPECT_EQ(down->report.cause, TerminateCause::kNasReboot);
}

// More answers than the gateway keeps, so that it stops reading with requests inside its stream.
TEST_F(Gateway, AllThatAClientAskedBeforeItReadIsAnswered) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort, 4096);
  ASSERT_TRUE(Call(client));
  // LCP Configure-Request without options in an SSTP data packet; the answer to each is an Ack.
  constexpr std::size_t kRequests = 12'266;
  const std::string request = "\x10\x00\x00\x0c\xff\x03\xc0\x21\x01\x01\x00\x04"s;
  std::string requests;
  for (std::size_t i = 0; i < kRequests; ++i) requests += request;
  ASSERT_TRUE(client.Send(requests));
  std::size_t acks = 0;
  while (acks < kRequests) {
    const std::string head = client.Receive(4);
    ASSERT_THAT(head, SizeIs(4)) << acks;
    const auto length = static_cast<std::size_t>(static_cast<std::uint8_t>(head[3]));
    if (StartsAs(client.Receive(length - 4), "\xff\x03\xc0\x21\x02")) ++acks;
  }
}

// More than one turn's worth of packets together with the end of the connection: the last of them
// is heard before the end.
TEST_F(Gateway, WhatCameBeforeTheEndIsHeardThoughItHadToWait) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  ASSERT_TRUE(Call(client));
  std::string packets;
  for (std::size_t i = 0; i < 4 * Subscriber::kControlBudget; ++i) {
    packets += "\x10\x00\x00\x0c\xff\x03\xc0\x21\x01\x01\x00\x04"s;
  }
  packets += "\x10\x01\x00\x08\x00\x06\x00\x00"s;  // CALL_DISCONNECT
  ASSERT_TRUE(client.Send(packets));
  client.FinishSending();
  const auto down = control_.Take<NumberedReport>();
  ASSERT_TRUE(down);
  EXPECT_EQ(down->report.kind, SessionEventKind::kDown);
  EXPECT_EQ(down->report.cause, TerminateCause::kUserRequest);
}

TEST_F(Gateway, OneHandshakeTooManyClosesTheOldest) {
  control_.Start({Order(Settings(1))});
  GatewayOptions options;
  options.handshake_threads = 1;
  options.max_handshakes = 1;
  StartGateway(options);
  ASSERT_TRUE(control_.Take<Applied>());
  const SilentPeer silent(OwnAddress(), kPort);
  ASSERT_TRUE(silent.connected());
  // It waits behind the silent one in the same queue, so that one is under way when this one comes.
  EXPECT_TRUE(TlsPeer(OwnAddress(), kPort).connected());
  EXPECT_TRUE(silent.AwaitEnd());
  EXPECT_EQ(AwaitCounter("handshakes_evicted"), 1U);
}

TEST_F(Gateway, AHandshakeThatDoesNotGoOnIsClosedAtItsDeadline) {
  GatewaySettings settings = Settings(1);
  settings.sstp.negotiation_timeout = std::chrono::seconds(1);
  control_.Start({Order(std::move(settings))});
  StartGateway();
  ASSERT_TRUE(control_.Take<Applied>());
  const SilentPeer silent(OwnAddress(), kPort);
  EXPECT_TRUE(silent.AwaitEnd());
  EXPECT_EQ(AwaitCounter("tls_handshake_timeouts"), 1U);
}

TEST_F(Gateway, ClientsBeyondMaxSessionsAreClosedAtOnce) {
  GatewaySettings settings = Settings(1);
  settings.max_sessions = 1;
  control_.Start({Order(std::move(settings))});
  StartGateway();
  ASSERT_TRUE(control_.Take<Applied>());
  TlsPeer client(OwnAddress(), kPort);
  ASSERT_TRUE(Call(client));
  EXPECT_FALSE(TlsPeer(OwnAddress(), kPort).connected());
  EXPECT_EQ(AwaitCounter("connections_refused_max_sessions"), 1U);
}

TEST_F(Gateway, APortThatAnotherProgramSharesIsRefused) {
  const auto other = edge::Listener::Open(edge::LinuxKernel(), OwnAddress(), kPort);
  ASSERT_TRUE(other);
  control_.Start({Order(Settings(1))});
  StartGateway();
  const auto refused = control_.Take<Refused>();
  ASSERT_TRUE(refused);
  EXPECT_THAT(refused->reason, HasSubstr("another program listens there"));
}

TEST_F(Gateway, AnOrderForASessionThatIsNotThereIsAnsweredWithItsEnd) {
  StartAll();
  const SessionId absent = "00000000000000aa";
  control_.Send(
      Order(DisconnectOrder{absent, Termination::kSoft, TerminateCause::kNasRequest, "test"}));
  const auto down = control_.Take<NumberedReport>();
  ASSERT_TRUE(down);
  EXPECT_EQ(down->report.kind, SessionEventKind::kDown);
  EXPECT_EQ(down->report.record.session, absent);
}

TEST_F(Gateway, ASessionThatTakesItsLeaveIsNeitherStartingNorActive) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  const auto starting = Call(client);
  ASSERT_TRUE(starting);
  control_.Send(Order(DisconnectOrder{starting->report.record.session, Termination::kSoft,
                                      TerminateCause::kAdminReset, "test"}));
  // The client does not answer CALL_DISCONNECT, so the session stays a while.
  std::optional<CountersBatch> batch;
  do {
    batch = control_.Take<CountersBatch>();
    ASSERT_TRUE(batch);
  } while (batch->statistics.connections == 0 || batch->statistics.sstp_active == 1);
  EXPECT_EQ(batch->statistics.connections, 1U);
  EXPECT_EQ(batch->statistics.sstp_starting, 0U);
}

TEST_F(Gateway, AFloodOfTlsHousekeepingIsCutAndCounted) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  ASSERT_TRUE(Call(client));
  const std::string empty_packet = "\x10\x00\x00\x04"s;
  for (int i = 0; i < 50; ++i) {
    client.UpdateKeys();
    if (!client.Send(empty_packet)) break;
  }
  EXPECT_EQ(AwaitCounter("tls_housekeeping_flood"), 1U);
}

TEST_F(Gateway, WhoDoesTheRecordsIsCountedAndTheCallGoesOn) {
  GatewaySettings settings = Settings(1);
  settings.data_path.kernel_tls_send = true;
  settings.data_path.kernel_tls_receive = true;
  control_.Start({Order(std::move(settings))});
  StartGateway();
  ASSERT_TRUE(control_.Take<Applied>());
  TlsPeer client(OwnAddress(), kPort);
  ASSERT_TRUE(Call(client));
  const bool kernel = edge::KernelTlsOfThisHost().available;
  EXPECT_EQ(AwaitCounter(kernel ? "ktls_sessions_send" : "ktls_fallback_no_kernel_support"), 1U);
}

TEST_F(Gateway, AConnectionThatIsCutIsCounted) {
  StartAll();
  {
    TlsPeer client(OwnAddress(), kPort);
    ASSERT_TRUE(Call(client));
  }
  EXPECT_EQ(AwaitCounter("tls_connections_cut"), 1U);
}

TEST_F(Gateway, SendsFiguresEverySecond) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  ASSERT_TRUE(Call(client));
  EXPECT_EQ(AwaitCounter("tls_handshakes"), 1U);
  TlsPeer another(OwnAddress(), kPort);
  ASSERT_TRUE(Call(another));
  std::uint64_t handshakes = 1;
  while (handshakes == 1) handshakes = AwaitCounter("tls_handshakes");
  EXPECT_EQ(handshakes, 2U);
}

TEST_F(Gateway, CountersThatAreZeroAreSentToo) {
  StartAll();
  const auto batch = control_.Take<CountersBatch>();
  ASSERT_TRUE(batch);
  std::vector<std::string> names;
  for (const NamedCounter& counter : batch->statistics.counters) names.push_back(counter.name);
  EXPECT_THAT(names, ::testing::IsSupersetOf({"interfaces_created"s, "interfaces_reused"s,
                                              "interfaces_destroyed"s, "interfaces_kept"s,
                                              "tls_internal_errors"s, "ktls_fallback_refused"s}));
}

}  // namespace
}  // namespace sstpgw::gateway
