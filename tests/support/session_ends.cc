#include "tests/support/session_ends.h"

#include <gtest/gtest.h>

#include "tests/support/tcp_relay.h"

namespace sstpgw::test {
namespace {

using client::Phase;

// OpenSSL and the kernel's side write it differently.
constexpr const char* kBadRecord = "bad record (mac|MAC)";

// IPv4 without options, ICMP type 0.
bool IsEchoReply(ByteView packet) {
  return packet.size() > 20 && packet[9] == 1 && packet[20] == 0;
}

bool WaitConnections(Lab& lab, double count) {
  return WaitUntil([&] { return lab.Statistic("context_count") == count; }, kPatience);
}

// Up at both ends, and the gateway's figures are of that time.
void DialIn(Lab& lab, Dialer& dialer) {
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(lab.WaitActive("test"));
  ASSERT_TRUE(WaitConnections(lab, 1));
}

// Neither session nor connection is left, and the gateway's log says why.
void ExpectEnded(Lab& lab, const std::string& reason, std::size_t from) {
  EXPECT_TRUE(lab.WaitSessions(0));
  EXPECT_TRUE(WaitConnections(lab, 0));
  EXPECT_TRUE(lab.WaitLog(reason, from)) << lab.gateway().Output(from);
}

}  // namespace

void ExpectCloseNotifyEndsTheSession(Lab& lab, const client::TlsOptions& tls) {
  const std::size_t from = lab.gateway().LineCount();
  const double cut = lab.Statistic("tls_connections_cut");
  Dialer dialer(lab.client(), lab.address(), TestUser(), tls);
  ASSERT_NO_FATAL_FAILURE(DialIn(lab, dialer));
  dialer.connection().tls().Shutdown();
  ExpectEnded(lab, "closed by peer", from);
  EXPECT_EQ(lab.Statistic("tls_connections_cut"), cut) << "it was an orderly end";
}

void ExpectARecordSpoiltOnTheWayUpEndsTheSession(Lab& lab, const client::TlsOptions& tls) {
  const std::size_t from = lab.gateway().LineCount();
  const double bad = lab.Statistic("tls_bad_records");
  TcpRelay relay(lab.client(), lab.address());
  Dialer dialer(lab.client(), relay.address(), TestUser(), tls);
  // Others may still have something for whoever had this address before.
  std::size_t answers = 0;
  dialer.connection().on_ip_packet = [&answers](ByteView packet) {
    if (IsEchoReply(packet)) ++answers;
  };
  ASSERT_NO_FATAL_FAILURE(DialIn(lab, dialer));
  relay.Spoil(TcpRelay::Direction::kToServer);
  dialer.session().SendIpPacket(EchoRequestFrom(dialer.facts().address));
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_TRUE(relay.spoilt(TcpRelay::Direction::kToServer));
  EXPECT_EQ(answers, 0u) << "a spoilt packet was answered";
  ExpectEnded(lab, kBadRecord, from);
  EXPECT_TRUE(lab.WaitStatistic("tls_bad_records", bad + 1));
}

void ExpectARecordSpoiltOnTheWayDownEndsTheSession(Lab& lab, const client::TlsOptions& tls) {
  const std::size_t from = lab.gateway().LineCount();
  const double alerts = lab.Statistic("tls_alerts_received");
  TcpRelay relay(lab.client(), lab.address());
  Dialer dialer(lab.client(), relay.address(), TestUser(), tls);
  ASSERT_NO_FATAL_FAILURE(DialIn(lab, dialer));
  relay.Spoil(TcpRelay::Direction::kToClient);
  dialer.session().SendIpPacket(EchoRequestFrom(dialer.facts().address));
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_TRUE(relay.spoilt(TcpRelay::Direction::kToClient));
  EXPECT_EQ(dialer.failure().kind, client::FailureKind::kConnectionLost) << dialer.failure().detail;
  ExpectEnded(lab, kBadRecord, from);
  EXPECT_TRUE(lab.WaitStatistic("tls_alerts_received", alerts + 1));
}

}  // namespace sstpgw::test
