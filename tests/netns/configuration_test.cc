// Certificates, ports, and configurations that must be refused, as an operator meets them: the
// daemons' exit codes and messages, and what a client is shown.
//
//   client ──── server: both daemons (started per case)
#include <algorithm>
#include <sstream>

#include "tests/netns/lab_suite.h"

namespace sstpgw::test {
namespace {

using client::FailureKind;
using client::Phase;
using sstpgw::testing::CertificateAuthority;
using sstpgw::testing::CertificateRequest;
using sstpgw::testing::Identity;
using sstpgw::testing::KeyType;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigurationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!CanUseNamespaces()) GTEST_SKIP() << SkipReason();
    lab_.emplace();
  }
  // "sstp-controlplane --check" on a text; exit code and what it says.
  Finished Check(const std::string& yaml) {
    const std::string file = lab_->directory().Write("check.yaml", yaml);
    return RunProcess({Program("sstp-controlplane"), "--config", file, "--check"});
  }
  void ExpectRefused(const LabConfig& config, const std::string& message) {
    const Finished done = Check(lab_->ConfigText(config));
    EXPECT_NE(done.exit_code, 0) << message;
    EXPECT_THAT(done.output, ContainsRegex(message));
  }
  // The example's text with the line of one ssl key replaced or removed.
  std::string WithSslLine(const std::string& key, const std::string& line) {
    std::string yaml = lab_->ConfigText({});
    const std::size_t begin = yaml.find("    " + key + ": ");
    yaml.replace(begin, yaml.find('\n', begin) + 1 - begin, line);
    return yaml;
  }
  std::string OpenSsl(const std::string& arguments) {
    return lab_->client().Shell("echo | timeout 20 openssl s_client -connect 192.168.10.1:443 " +
                                arguments + " 2>&1");
  }

  std::optional<Lab> lab_;
};

TEST_F(ConfigurationTest, TheExampleIsFine) {
  const Finished done = Check(lab_->ConfigText({}));
  EXPECT_EQ(done.exit_code, 0) << done.output;
}

TEST_F(ConfigurationTest, OnlyTheOfferedHashBinds) {
  LabConfig config;
  config.protocol = "cert-hash-proto: [sha256]";
  lab_->WriteConfig(config);
  ASSERT_TRUE(lab_->Start());
  client::ClientOptions options = TestUser();
  options.deviations.hash_protocol = 1;  // SHA1
  Dialer refused(lab_->client(), lab_->address(), options);
  EXPECT_TRUE(refused.DriveUntilFinished());
  EXPECT_EQ(refused.failure().detail, "CALL_ABORT, status 4");
  Dialer accepted(lab_->client(), lab_->address());
  EXPECT_TRUE(accepted.DialUntil(Phase::kUp)) << accepted.failure().detail;
}

// host-name and http-error: what somebody who is no client of ours gets to see.
TEST_F(ConfigurationTest, RefusalsFollowThePolicy) {
  const auto answer = [this](const std::string& name, const std::string& request) {
    return OpenSsl((name.empty() ? "-noservername" : "-servername " + name) + " -quiet -ign_eof " +
                   "< " + lab_->directory().Write("request", request));
  };
  const std::string wrong = "GET /index.html HTTP/1.1\r\nHost: vpn.example.com\r\n\r\n";
  LabConfig config;
  config.extra = "host-name: vpn.example.com";
  config.protocol = "http-error: https://www.example.com";
  lab_->WriteConfig(config);
  ASSERT_TRUE(lab_->Start());
  const std::string moved = answer("vpn.example.com", wrong);
  EXPECT_THAT(moved, HasSubstr("HTTP/1.1 301 Moved Permanently"));
  EXPECT_THAT(moved, HasSubstr("Location: https://www.example.com/index.html"));
  EXPECT_THAT(answer("vpn.example.com", "GET / HTTP/1.1\r\nHost: other.example.com\r\n\r\n"),
              HasSubstr("HTTP/1.1 404 Not Found"));
  EXPECT_THAT(answer("other.example.com", wrong), HasSubstr("alert number 112"));
  EXPECT_THAT(answer("", wrong), HasSubstr("alert number 112"));
  config.protocol = "http-error: deny";
  config.extra = "";
  ASSERT_TRUE(lab_->Reload(config));
  EXPECT_THAT(answer("", wrong), Not(HasSubstr("HTTP/1.1")));
}

TEST_F(ConfigurationTest, A2PortsAndNothingElse) {
  ASSERT_TRUE(lab_->Start());
  const auto listening = [this] {
    return lab_->server().Shell("ss -Hltn | awk '{print $4}' | sed 's/.*://' | sort -u");
  };
  EXPECT_EQ(listening(), "443\n");
  EXPECT_EQ(lab_->server().Shell("ss -Hlun"), "");
  LabConfig config;
  config.extra = "port: 8443";
  ASSERT_TRUE(lab_->Reload(config));
  EXPECT_TRUE(WaitUntil([&] { return listening() == "8443\n"; }, kPatience)) << listening();
  Dialer dialer(lab_->client(), lab_->address(8443));
  EXPECT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
}

TEST_F(ConfigurationTest, A7ACertificateOfAPrivateAuthority) {
  ASSERT_TRUE(lab_->Start());
  client::TlsOptions tls;
  tls.ca_file = lab_->ca_file();
  tls.verify_name = Lab::kServer;
  Dialer trusting(lab_->client(), lab_->address(), TestUser(), tls);
  EXPECT_TRUE(trusting.DialUntil(Phase::kUp)) << trusting.failure().detail;
  const CertificateAuthority other("Another Authority");
  tls.ca_file = lab_->directory().Write("other.pem", other.certificate_pem());
  Dialer distrusting(lab_->client(), lab_->address(), TestUser(), tls);
  EXPECT_TRUE(distrusting.DriveUntilFinished());
  EXPECT_THAT(distrusting.failure().detail, HasSubstr("server certificate: "));
  tls.ca_file = lab_->ca_file();
  tls.verify_name = "192.0.2.1";
  Dialer misled(lab_->client(), lab_->address(), TestUser(), tls);
  EXPECT_TRUE(misled.DriveUntilFinished());
  EXPECT_THAT(misled.failure().detail, HasSubstr("server certificate: "));
}

TEST_F(ConfigurationTest, A8TheConfiguredCertificateIsPresented) {
  ASSERT_TRUE(lab_->Start());
  RawPeer peer(lab_->client(), lab_->address());
  ASSERT_TRUE(peer.connected()) << peer.error();
  EXPECT_EQ(peer.tls().CertificateDer(),
            sstpgw::testing::DerOfPem(ReadFile(lab_->directory().File("server.pem"))));
}

TEST_F(ConfigurationTest, A8RsaCertificateBindsAsWell) {
  CertificateRequest request;
  request.key_type = KeyType::kRsa2048;
  request.ip_addresses = {Lab::kServer};
  const Identity identity = lab_->authority().Issue(request);
  lab_->directory().Write("server.pem", identity.chain_pem);
  lab_->directory().Write("server.key", identity.key_pem);
  ASSERT_TRUE(lab_->Start());
  for (const client::BindingHash hash :
       {client::BindingHash::kSha1, client::BindingHash::kSha256}) {
    client::ClientOptions options = TestUser();
    options.hash = hash;
    Dialer dialer(lab_->client(), lab_->address(), options);
    EXPECT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
    dialer.session().Disconnect(client::Now());
    EXPECT_TRUE(dialer.DriveUntilFinished());
  }
}

TEST_F(ConfigurationTest, A9TheIntermediateOfTheCaFileReachesTheClient) {
  const CertificateAuthority intermediate = lab_->authority().MakeIntermediate("Middle");
  CertificateRequest request;
  request.ip_addresses = {Lab::kServer};
  const Identity identity = intermediate.Issue(request);
  lab_->directory().Write("root.pem", lab_->authority().certificate_pem());
  lab_->directory().Write("ca.pem", intermediate.certificate_pem());
  lab_->directory().Write("server.pem", identity.certificate_pem);  // the leaf alone
  lab_->directory().Write("server.key", identity.key_pem);
  ASSERT_TRUE(lab_->Start());
  const std::string shown = OpenSsl("-showcerts -CAfile " + lab_->directory().File("root.pem"));
  EXPECT_THAT(shown, HasSubstr("Middle"));
  EXPECT_THAT(shown, HasSubstr("Verify return code: 0 (ok)"));
  std::size_t certificates = 0;
  for (std::size_t at = shown.find("BEGIN CERTIFICATE"); at != std::string::npos;
       at = shown.find("BEGIN CERTIFICATE", at + 1)) {
    ++certificates;
  }
  EXPECT_GE(certificates, 2u) << shown;
}

TEST_F(ConfigurationTest, A9A10MissingOrWrongFilesAreRefused) {
  for (const char* key : {"ca-certificate", "certificate"}) {
    const Finished missing = Check(WithSslLine(key, ""));
    EXPECT_NE(missing.exit_code, 0) << key;
    EXPECT_THAT(missing.output, HasSubstr(std::string("sstp.ssl.") + key));
    const Finished unreadable =
        Check(WithSslLine(key, std::string("    ") + key + ": /nonexistent/file.pem\n"));
    EXPECT_NE(unreadable.exit_code, 0) << key;
    EXPECT_THAT(unreadable.output, HasSubstr("/nonexistent/file.pem"));
  }
  const Identity stranger = lab_->authority().Issue({});
  const std::string key = lab_->directory().Write("stranger.key", stranger.key_pem);
  const Finished mismatch = Check(WithSslLine("key", "    key: " + key + "\n"));
  EXPECT_NE(mismatch.exit_code, 0);
  EXPECT_THAT(mismatch.output, ContainsRegex("sstp.ssl.key|does not (match|belong)"));
  EXPECT_THAT(mismatch.output, Not(HasSubstr("PRIVATE KEY")));
}

TEST_F(ConfigurationTest, A11DescriptionOf255Characters) {
  LabConfig config;
  config.extra = "description: " + std::string(255, 'd');
  const Finished fits = Check(lab_->ConfigText(config));
  EXPECT_EQ(fits.exit_code, 0) << fits.output;
  config.extra += "d";
  ExpectRefused(config, "sstp.description");
}

TEST_F(ConfigurationTest, B6B9F10H5H7RefusalsNameTheirNode) {
  LabConfig config;
  config.pools = "P: { range: [10.0.0.200-10.0.1.10] }";
  config.default_pool = "P";
  ExpectRefused(config, "sstp.client-ip-pool.P.range");
  config = {};
  config.default_pool = "NO-SUCH-POOL";
  ExpectRefused(config, "sstp.default-pool");
  config = {};
  config.pools =
      "A: { range: [10.0.0.2-10.0.0.9], next-pool: B }\n"
      "B: { range: [10.0.1.2-10.0.1.9], next-pool: A }";
  config.default_pool = "A";
  ExpectRefused(config, "next-pool");
  config.pools = "A: { range: [10.0.0.2-10.0.0.9], next-pool: NOWHERE }";
  ExpectRefused(config, "sstp.client-ip-pool.A.next-pool");
  config = {};
  config.extra = "name-server: [1.1.1.1, 2.2.2.2, 3.3.3.3]";
  ExpectRefused(config, "sstp.name-server");
  config.extra = "wins-server: [1.1.1.1, 2.2.2.2, 3.3.3.3]";
  ExpectRefused(config, "sstp.wins-server");
  config.extra = "shaper: { fwmark: 0 }";
  ExpectRefused(config, "sstp.shaper.fwmark");
  config.extra = "shaper: { ifb: ifb0 }";
  ExpectRefused(config, "sstp.shaper.ifb");
}

TEST_F(ConfigurationTest, FiveMistakesFiveMessages) {
  LabConfig config;
  config.users = "test: { password: test, passwrod: s3cret }";
  config.pools = "SSTP-POOL: { range: [10.0.0.9-10.0.0.2] }";
  config.default_pool = "OTHER";
  config.gateway_address = "10.0.0.300";
  config.extra = "port: 70000";
  const std::string yaml = lab_->ConfigText(config);
  const Finished done = Check(yaml);
  EXPECT_NE(done.exit_code, 0);
  // Each with its line, path, value and reason; but what stands beside a password may be one.
  struct Mistake {
    const char* written;  // marks the line
    const char* message;
  };
  std::vector<std::string> errors;
  std::istringstream text(done.output);
  for (std::string line; std::getline(text, line);) {
    if (line.find("error: ") == 0) errors.push_back(line);
  }
  EXPECT_EQ(errors.size(), 5u) << done.output;
  for (const Mistake& one :
       {Mistake{"passwrod:", "sstp.authentication.local-users.test.passwrod: is not a known key"},
        Mistake{"10.0.0.9-10.0.0.2",
                "sstp.client-ip-pool.SSTP-POOL.range[0]: 10.0.0.9-10.0.0.2: the last address is "
                "below the first"},
        Mistake{"default-pool:", "sstp.default-pool: OTHER: there is no such pool"},
        Mistake{"gateway-address:", "sstp.gateway-address: 10.0.0.300: must be an IPv4 address"},
        Mistake{"port:", "sstp.port: 70000: must be a whole number 1..65535"}}) {
    const std::size_t at = yaml.find(one.written);
    const auto line = 1 + std::count(yaml.begin(), yaml.begin() + static_cast<long>(at), '\n');
    const std::string begin = "check.yaml:" + std::to_string(line) + ":";
    EXPECT_THAT(errors, Contains(AllOf(HasSubstr(begin), HasSubstr(one.message))).Times(1));
  }
  EXPECT_THAT(done.output, Not(HasSubstr("s3cret")));
  // The daemon refuses to start with it, and says the same.
  lab_->WriteConfig(config);
  Process daemon(
      {Program("sstp-controlplane"), "--config", lab_->config_file(), "--link",
       "unix:" + lab_->directory().File("x.sock"), "--operator", lab_->directory().File("y.sock")},
      {&lab_->server(), {}, "sstp-controlplane"});
  EXPECT_NE(daemon.Wait(kPatience).value_or(0), 0);
  EXPECT_THAT(daemon.Output(), HasSubstr("sstp.gateway-address"));
}

TEST_F(ConfigurationTest, ABrokenReloadLeavesTheRunningConfiguration) {
  ASSERT_TRUE(lab_->Start());
  LabConfig broken;
  broken.extra = "port: seven";
  lab_->WriteConfig(broken);
  const Finished done = lab_->Ctl({"reload"});
  EXPECT_NE(done.exit_code, 0);
  EXPECT_THAT(done.output, HasSubstr("sstp.port"));
  const Finished checked = lab_->Ctl({"config", "check", lab_->config_file()});
  EXPECT_NE(checked.exit_code, 0);
  EXPECT_THAT(checked.output, HasSubstr("sstp.port"));
  Dialer dialer(lab_->client(), lab_->address());
  EXPECT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
}

TEST_F(ConfigurationTest, SecretsAreNeverShown) {
  LabConfig config;
  config.users = "test: { password: s3cret-Pass }";
  lab_->WriteConfig(config);
  ASSERT_TRUE(lab_->Start());
  const Finished shown = lab_->Ctl({"config", "show"});
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_THAT(shown.output, HasSubstr("***"));
  EXPECT_THAT(shown.output + lab_->Logs(), Not(HasSubstr("s3cret-Pass")));
}

}  // namespace
}  // namespace sstpgw::test
