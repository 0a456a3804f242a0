// Logins by EAP methods that prove themselves with certificates, against real FreeRADIUS: EAP-TLS
// and PEAPv0 with MSCHAPv2 inside (features 1.6.2, checklist C19). That a session is up says that
// both ends of the crypto binding had the same keys.
//
//   client ──── server: both daemons ──── inside: FreeRADIUS with a certificate
#include "tests/netns/radius_suite.h"
#include "tests/support/pki.h"
#include "tests/support/temp_dir.h"

namespace sstpgw::test {
namespace {

using client::EapMethod;
using client::FailureKind;
using client::Phase;
using sstpgw::testing::CertificateAuthority;
using sstpgw::testing::CertificateRequest;
using sstpgw::testing::Identity;
using ::testing::HasSubstr;

constexpr const char* kUsers = R"(
rita Cleartext-Password := "test"
)";

// Certificates of this suite, made once. Files: ca.pem, stranger.pem (another authority),
// server.pem and server.key, client.pem and client.key, wrong.pem and wrong.key (issued by the
// stranger).
class Certificates {
 public:
  Certificates() {
    const CertificateAuthority authority("EAP Root");
    const CertificateAuthority stranger("Another Root");
    files_.Write("ca.pem", authority.certificate_pem());
    files_.Write("stranger.pem", stranger.certificate_pem());
    Write("server", authority.Issue(Named("radius.example.com", "serverAuth")));
    Write("client", authority.Issue(Named("rita", "clientAuth")));
    Write("wrong", stranger.Issue(Named("rita", "clientAuth")));
  }
  [[nodiscard]] std::string File(const std::string& name) const { return files_.File(name); }

 private:
  static CertificateRequest Named(const std::string& name, const std::string& usage) {
    CertificateRequest request;
    request.common_name = name;
    request.usage = usage;
    return request;
  }
  void Write(const std::string& name, const Identity& identity) const {
    files_.Write(name + ".pem", identity.chain_pem);
    files_.Write(name + ".key", identity.key_pem);
  }
  TempDir files_;
};

const Certificates& Pki() {
  static const Certificates kMade;
  return kMade;
}

std::string EapModule(const std::string& tls_version) {
  return R"(
  eap {
    default_eap_type = md5
    timer_expire = 60
    max_sessions = 256
    md5 {
    }
    mschapv2 {
    }
    tls-config common {
      private_key_file = )" +
         Pki().File("server.key") + "\n      certificate_file = " + Pki().File("server.pem") +
         "\n      ca_file = " + Pki().File("ca.pem") + "\n      tls_min_version = \"" +
         tls_version + "\"\n      tls_max_version = \"" + tls_version + R"("
      cipher_list = "DEFAULT"
      ecdh_curve = "prime256v1"
      fragment_size = 1024
      include_length = yes
      cache {
        enable = no
      }
    }
    tls {
      tls = common
    }
    peap {
      tls = common
      default_eap_type = mschapv2
      copy_request_to_tunnel = no
      use_tunneled_reply = no
      virtual_server = default
    }
  }
)";
}

class RadiusEapTest : public RadiusSuite<RadiusEapTest> {
 public:
  static LabConfig Config() {
    LabConfig config = RadiusConfigOf({RadiusServer(kFirst)}, "max-try: 2\n");
    config.pools = "P1: { range: [10.1.0.2-10.1.0.99] }";
    config.default_pool = "P1";
    config.protocols = "[eap]";
    return config;
  }
  static void Equip(FreeRadiusOptions& options) {
    options.users = kUsers;
    options.modules = EapModule("1.2");
    options.authorize = "    eap\n";
    options.authenticate = "    eap\n";
  }

 protected:
  static client::ClientOptions By(EapMethod method) {
    client::ClientOptions options = RadiusUser("rita");
    options.auth = {AuthProtocol::kEap};
    options.eap = method;
    options.eap_tls.ca = Pki().File("ca.pem");
    if (method == EapMethod::kTls) {
      options.eap_tls.certificate = Pki().File("client.pem");
      options.eap_tls.key = Pki().File("client.key");
    }
    return options;
  }
  static void ExpectIn(const client::ClientOptions& options) {
    Dialer dialer = DialAs(options);
    ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
    EXPECT_EQ(dialer.facts().auth, AuthProtocol::kEap);
    // With the same keys on both ends, or the crypto binding would have failed.
    EXPECT_TRUE(WaitActive("rita"));
    const Json row = lab().SessionWith("username", "rita").value_or(Json{});
    EXPECT_EQ(row.at("auth").text(), "EAP");
    HangUp(dialer);
  }
  static void ExpectOut(const client::ClientOptions& options, FailureKind why) {
    Dialer dialer = DialAs(options);
    EXPECT_FALSE(dialer.DialUntil(Phase::kUp));
    EXPECT_EQ(dialer.failure().kind, why) << dialer.failure().detail;
    EXPECT_TRUE(dialer.DriveUntilFinished());
  }
};

TEST_F(RadiusEapTest, ByACertificate) {
  ExpectIn(By(EapMethod::kTls));
  EXPECT_TRUE(WaitServerLog(first(), "Login OK: \\[rita\\]"));
}

// Every message in many pieces, ours and, at 1024, some of the server's.
TEST_F(RadiusEapTest, ByACertificateInSmallFragments) {
  client::ClientOptions options = By(EapMethod::kTls);
  options.eap_tls.fragment = 100;
  ExpectIn(options);
}

TEST_F(RadiusEapTest, ACertificateOfAStrangerIsRefused) {
  client::ClientOptions options = By(EapMethod::kTls);
  options.eap_tls.certificate = Pki().File("wrong.pem");
  options.eap_tls.key = Pki().File("wrong.key");
  ExpectOut(options, FailureKind::kAuthentication);
  EXPECT_TRUE(WaitServerLog(first(), "Login incorrect.*\\[rita"));
  options.eap_tls.certificate.clear();
  options.eap_tls.key.clear();
  ExpectOut(options, FailureKind::kAuthentication);
}

TEST_F(RadiusEapTest, AServerOfAStrangersIsRefusedByTheClient) {
  client::ClientOptions options = By(EapMethod::kTls);
  options.eap_tls.ca = Pki().File("stranger.pem");
  ExpectOut(options, FailureKind::kServerNotGenuine);
  options = By(EapMethod::kPeap);
  options.eap_tls.ca = Pki().File("stranger.pem");
  ExpectOut(options, FailureKind::kServerNotGenuine);
}

TEST_F(RadiusEapTest, ByPeap) {
  ExpectIn(By(EapMethod::kPeap));
  client::ClientOptions wrong = By(EapMethod::kPeap);
  wrong.password = "wrong";
  ExpectOut(wrong, FailureKind::kAuthentication);
}

// The client's side of the keys is wrong by one bit of the binding: all else was right.
TEST_F(RadiusEapTest, ABindingWithOtherKeysEndsTheSession) {
  for (const EapMethod method : {EapMethod::kTls, EapMethod::kPeap}) {
    client::ClientOptions options = By(method);
    options.deviations.flip_mac_bit = true;
    ExpectOut(options, FailureKind::kAborted);
  }
}

TEST_F(RadiusEapTest, ByACertificateOverTls13) {
  FreeRadiusOptions options = ServerOptions(kElsewhere);
  options.modules = EapModule("1.3");
  FreeRadius server(std::move(options));
  ASSERT_TRUE(server.Start()) << server.Output();
  LabConfig config = RadiusConfigOf({RadiusServer(kElsewhere)}, "max-try: 2\n");
  config.pools = Config().pools;
  config.default_pool = Config().default_pool;
  config.protocols = Config().protocols;
  ASSERT_TRUE(lab().Reload(config));
  client::ClientOptions user = By(EapMethod::kTls);
  user.eap_tls.version = "1.3";
  ExpectIn(user);
  ASSERT_TRUE(lab().Reload(Config()));
}

}  // namespace
}  // namespace sstpgw::test
