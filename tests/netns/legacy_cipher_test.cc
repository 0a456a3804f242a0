// The legacy profile for clients that have nothing better than AES-CBC with SHA-1: the kernel does
// not take these ciphers, so both directions stay with OpenSSL. Everything else must be the same.
//
//   client                    server                          inside
//   sstpc0 10.0.0.x ─(TLS)─── sstp0 10.0.0.1
//   wan0 192.168.10.100 ───── wan0 .1      lan0 10.20.0.1 ─── lan0 10.20.0.2
#include "tests/netns/lab_suite.h"
#include "tests/support/tcp_bulk.h"
#include "tests/support/tcp_relay.h"

namespace sstpgw::test {
namespace {

using client::FailureKind;
using client::Phase;
using ::testing::HasSubstr;

class LegacyCipher : public LabSuite<LegacyCipher>,
                     public ::testing::WithParamInterface<const char*> {
 public:
  static LabConfig Config() {
    LabConfig config;
    config.key_type = sstpgw::testing::KeyType::kRsa2048;
    config.ssl =
        "protocols: [tls1, tls1.1, tls1.2, tls1.3]\n"
        "ciphers: 'ECDHE-RSA-AES256-SHA:AES256-SHA:ECDHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0'";
    return config;
  }

 protected:
  static client::TlsOptions Tls() {
    client::TlsOptions tls = NotVerified();
    tls.version = "1.2";
    tls.ciphers = std::string(GetParam()) + ":@SECLEVEL=0";
    return tls;
  }
  static Dialer DialWith(const client::TlsOptions& tls) {
    return Dialer(lab().client(), lab().address(), TestUser(), tls);
  }
  void ExpectEnded(const std::string& reason) {
    EXPECT_TRUE(lab().WaitSessions(0));
    EXPECT_TRUE(lab().WaitLog(reason, gateway_line_)) << lab().gateway().Output(gateway_line_);
  }
};

TEST_P(LegacyCipher, CarriesTheSameOctetsBothWays) {
  constexpr std::uint64_t kOctets = 32 << 20;
  TunDial dial(lab(), lab().client(), "test", "test",
               {"--ca", lab().ca_file(), "--tls", "1.2", "--ciphers",
                std::string(GetParam()) + ":@SECLEVEL=0"},
               {"--route", "10.20.0.0/24"});
  ASSERT_TRUE(dial.WaitUp()) << dial.process().Output();
  EXPECT_EQ(dial.Fact("tls"), std::string("TLSv1.2 ") + GetParam());
  ASSERT_TRUE(WaitActive());
  const Json row = lab().SessionWith("username", "test").value_or(Json{});
  EXPECT_EQ(row.at("cipher").text(), GetParam());
  EXPECT_EQ(row.at("tls-send").text(), "user");
  EXPECT_EQ(row.at("tls-receive").text(), "user");
  // Where the kernel has no TLS at all, that is the reason.
  EXPECT_TRUE(WaitUntil(
      [] {
        return lab().Statistic("ktls_fallback_cipher") +
                   lab().Statistic("ktls_fallback_no_kernel_support") >=
               1;
      },
      kPatience));
  const BulkResult up = TransferTcp(lab().client(), lab().inside(), Lab::kInside, kOctets);
  EXPECT_TRUE(up.Equal(kOctets)) << "up: " << up.error << ", " << up.received << " octets";
  const BulkResult down =
      TransferTcp(lab().inside(), lab().client(), dial.Fact("address"), kOctets);
  EXPECT_TRUE(down.Equal(kOctets)) << "down: " << down.error << ", " << down.received << " octets";
  EXPECT_EQ(dial.process().Stop(), 0) << dial.process().Output();
  EXPECT_TRUE(lab().WaitSessions(0));
}

TEST_P(LegacyCipher, CloseNotifyEndsTheSession) {
  Dialer dialer = DialWith(Tls());
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  ASSERT_TRUE(WaitActive());
  dialer.connection().tls().Shutdown();
  ExpectEnded("closed by peer");
}

TEST_P(LegacyCipher, ARecordSpoiltOnTheWayUpEndsTheSession) {
  TcpRelay relay(lab().client(), lab().address());
  Dialer dialer(lab().client(), relay.address(), TestUser(), Tls());
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  ASSERT_TRUE(WaitActive());
  relay.Spoil(TcpRelay::Direction::kToServer);
  dialer.session().SendIpPacket(EchoRequestFrom(dialer.facts().address));
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_TRUE(relay.spoilt(TcpRelay::Direction::kToServer));
  EXPECT_EQ(dialer.facts().ip_packets_received, 0u) << "a spoilt packet was answered";
  ExpectEnded("bad record mac");
}

TEST_P(LegacyCipher, ARecordSpoiltOnTheWayDownEndsTheSession) {
  TcpRelay relay(lab().client(), lab().address());
  Dialer dialer(lab().client(), relay.address(), TestUser(), Tls());
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  ASSERT_TRUE(WaitActive());
  relay.Spoil(TcpRelay::Direction::kToClient);
  dialer.session().SendIpPacket(EchoRequestFrom(dialer.facts().address));
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_EQ(dialer.failure().kind, FailureKind::kConnectionLost) << dialer.failure().detail;
  // The client's alert says why.
  ExpectEnded("bad record mac");
}

std::string NameOf(const ::testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::erase(name, '-');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Ciphers, LegacyCipher,
                         ::testing::Values("AES256-SHA", "ECDHE-RSA-AES256-SHA"), NameOf);

}  // namespace
}  // namespace sstpgw::test
