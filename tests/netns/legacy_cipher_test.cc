// The legacy profile for clients that have nothing better than AES-CBC with SHA-1: the kernel does
// not take these ciphers, so both directions stay with OpenSSL. Everything else must be the same.
//
//   client                    server                          inside
//   sstpc0 10.0.0.x ─(TLS)─── sstp0 10.0.0.1
//   wan0 192.168.10.100 ───── wan0 .1      lan0 10.20.0.1 ─── lan0 10.20.0.2
#include "tests/netns/lab_suite.h"
#include "tests/support/session_ends.h"
#include "tests/support/tcp_bulk.h"

namespace sstpgw::test {
namespace {

class LegacyCipher : public LabSuite<LegacyCipher>,
                     public ::testing::WithParamInterface<const char*> {
 public:
  static LabConfig Config() {
    LabConfig config;
    config.key_type = sstpgw::testing::KeyType::kRsa2048;
    // As README.md has it for old clients.
    config.ssl =
        "protocols: [tls1, tls1.1, tls1.2, tls1.3]\n"
        "ciphers: \"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\\\n"
        "  ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\\\n"
        "  ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\\\n"
        "  ECDHE-RSA-AES256-SHA:AES256-SHA:@SECLEVEL=0\"";
    return config;
  }

 protected:
  static client::TlsOptions Tls() {
    client::TlsOptions tls = NotVerified();
    tls.version = "1.2";
    tls.ciphers = std::string(GetParam()) + ":@SECLEVEL=0";
    return tls;
  }
  // The counter of sessions that stay with OpenSSL for the reason that there is here. The gateway
  // has loaded the kernel's module by now, if there is one.
  static std::string Reason() {
    const std::string modes = ReadFile("/proc/sys/net/ipv4/tcp_available_ulp");
    return modes.find("tls") == std::string::npos ? "ktls_fallback_no_kernel_support"
                                                  : "ktls_fallback_cipher";
  }
};

TEST_P(LegacyCipher, CarriesTheSameOctetsBothWays) {
  constexpr std::uint64_t kOctets = 32 << 20;
  const double before = lab().Statistic(Reason());
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
  EXPECT_TRUE(lab().WaitStatistic(Reason(), before + 1)) << Reason();
  const BulkResult up = TransferTcp(lab().client(), lab().inside(), Lab::kInside, kOctets);
  EXPECT_TRUE(up.Equal(kOctets)) << "up: " << up.error << ", " << up.received << " octets";
  const BulkResult down =
      TransferTcp(lab().inside(), lab().client(), dial.Fact("address"), kOctets);
  EXPECT_TRUE(down.Equal(kOctets)) << "down: " << down.error << ", " << down.received << " octets";
  EXPECT_EQ(dial.process().Stop(), 0) << dial.process().Output();
  EXPECT_TRUE(lab().WaitSessions(0));
}

TEST_P(LegacyCipher, CloseNotifyEndsTheSession) { ExpectCloseNotifyEndsTheSession(lab(), Tls()); }

TEST_P(LegacyCipher, ARecordSpoiltOnTheWayUpEndsTheSession) {
  ExpectARecordSpoiltOnTheWayUpEndsTheSession(lab(), Tls());
}

TEST_P(LegacyCipher, ARecordSpoiltOnTheWayDownEndsTheSession) {
  ExpectARecordSpoiltOnTheWayDownEndsTheSession(lab(), Tls());
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
