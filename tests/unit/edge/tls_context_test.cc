#include "gateway/edge/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "tests/unit/edge/tls_pair.h"

namespace sstpgw::edge {
namespace {

using testing::CertificateAuthority;
using testing::CertificateRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Identity;
using ::testing::IsEmpty;
using testing::KeyType;
using ::testing::Not;

const CertificateAuthority& Root() {
  static const CertificateAuthority root;
  return root;
}
const Identity& Server() {
  static const Identity identity = Root().Issue({});
  return identity;
}

std::string ErrorOf(const TlsSettings& settings) {
  const auto context = TlsContext::Create(settings, "");
  if (context) return "";
  EXPECT_EQ(context.error().code, ErrorCode::kInvalidArgument);
  return context.error().message;
}

TEST(TlsContext, GoodSettingsGiveNoWarning) {
  const auto context = TlsContext::Create(SettingsOf(Server()), "");
  ASSERT_TRUE(context.has_value()) << context.error().message;
  EXPECT_THAT((*context)->warnings(), IsEmpty());
}

TEST(TlsContext, KeyOfAnotherCertificateIsNamedAsSuch) {
  TlsSettings settings = SettingsOf(Server());
  settings.private_key_pem = Secret(Root().Issue({}).key_pem);
  EXPECT_THAT(ErrorOf(settings), HasSubstr("does not belong to the certificate"));
  CertificateRequest rsa;
  rsa.key_type = KeyType::kRsa2048;
  settings.private_key_pem = Secret(Root().Issue(rsa).key_pem);
  EXPECT_THAT(ErrorOf(settings), HasSubstr("does not belong to the certificate"));
}

TEST(TlsContext, ChainInTheWrongOrderIsAKeyMismatch) {
  TlsSettings settings = SettingsOf(Server());
  settings.certificate_chain_pem = Root().certificate_pem() + Server().certificate_pem;
  EXPECT_THAT(ErrorOf(settings), HasSubstr("first one in the chain"));
}

TEST(TlsContext, BadPemIsRefused) {
  TlsSettings settings = SettingsOf(Server());
  settings.certificate_chain_pem = "";
  EXPECT_THAT(ErrorOf(settings), HasSubstr("no certificate"));
  settings = SettingsOf(Server());
  settings.certificate_chain_pem += "-----BEGIN CERTIFICATE-----\nAAAA\n";
  EXPECT_THAT(ErrorOf(settings), HasSubstr("damaged"));
  settings = SettingsOf(Server());
  settings.private_key_pem = Secret(std::string_view("not a key"));
  EXPECT_THAT(ErrorOf(settings), HasSubstr("private key"));
  settings.private_key_pem = Secret();
  EXPECT_THAT(ErrorOf(settings), HasSubstr("private key"));
}

TEST(TlsContext, EncryptedKeyIsRefusedWithoutAskingAnyone) {
  TlsSettings settings = SettingsOf(Server());
  std::string key = Server().key_pem;
  const std::string head = "-----BEGIN PRIVATE KEY-----\n";
  key.replace(0, head.size(), "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
  settings.private_key_pem = Secret(key);
  const std::string error = ErrorOf(settings);
  EXPECT_THAT(error, HasSubstr("unencrypted"));
  EXPECT_THAT(error, Not(HasSubstr(key.substr(60, 20))));
}

TEST(TlsContext, KeyMayBeInTheCertificateFile) {
  TlsSettings settings = SettingsOf(Server());
  settings.certificate_chain_pem = Server().key_pem + Server().chain_pem;
  EXPECT_EQ(ErrorOf(settings), "");
}

TEST(TlsContext, UnknownNamesAreRefusedAndQuoted) {
  TlsSettings settings = SettingsOf(Server());
  settings.protocols = {"tls1.2", "ssl3"};
  EXPECT_THAT(ErrorOf(settings), HasSubstr("'ssl3'"));
  settings.protocols = {};
  EXPECT_THAT(ErrorOf(settings), HasSubstr("no TLS protocol"));
  settings = SettingsOf(Server());
  settings.ciphers = "NO-SUCH-CIPHER";
  EXPECT_THAT(ErrorOf(settings), HasSubstr("NO-SUCH-CIPHER"));
  settings = SettingsOf(Server());
  settings.ciphersuites = "TLS_NO_SUCH";
  EXPECT_THAT(ErrorOf(settings), HasSubstr("TLS_NO_SUCH"));
  settings = SettingsOf(Server());
  settings.curves = "P-1";
  EXPECT_THAT(ErrorOf(settings), HasSubstr("P-1"));
  settings = SettingsOf(Server());
  settings.dhparam_pem = "nonsense";
  EXPECT_THAT(ErrorOf(settings), HasSubstr("dhparam"));
}

TEST(TlsContext, WarnsOfWhatWillSurpriseTheOperator) {
  TlsSettings settings = SettingsOf(Server());
  settings.protocols = {"tls1", "tls1.2"};
  EXPECT_THAT(TlsContext::Create(settings, "").value()->warnings(),
              ElementsAre(HasSubstr("outdated")));
  CertificateRequest expired;
  expired.valid_from_days = -10;
  expired.valid_to_days = -1;
  EXPECT_THAT(TlsContext::Create(SettingsOf(Root().Issue(expired)), "").value()->warnings(),
              ElementsAre(HasSubstr("expired")));
  CertificateRequest early;
  early.valid_from_days = 1;
  EXPECT_THAT(TlsContext::Create(SettingsOf(Root().Issue(early)), "").value()->warnings(),
              ElementsAre(HasSubstr("not valid yet")));
}

// ---- What a client sees

struct Seen {
  bool connected = false;
  int alert = -1;
  std::string version;
  std::string alpn;
  std::string failure;
};

Seen Dial(const TlsSettings& settings, const std::string& host_name, const ClientOptions& options) {
  const auto context = TlsContext::Create(settings, host_name);
  EXPECT_TRUE(context.has_value()) << context.error().message;
  TlsPair pair(**context, options);
  Seen seen;
  seen.connected = pair.Connect();
  seen.alert = pair.client->alert();
  seen.version = pair.server->version();
  seen.alpn = pair.client->alpn();
  seen.failure = pair.server->failure();
  return seen;
}

TEST(TlsContext, VersionsAreWhatTheListSaysWithHoles) {
  TlsSettings settings = SettingsOf(Server());
  ClientOptions only12;
  only12.max_version = TLS1_2_VERSION;
  ClientOptions only11;
  only11.max_version = TLS1_1_VERSION;
  EXPECT_EQ(Dial(settings, "", {}).version, "TLSv1.3");
  EXPECT_EQ(Dial(settings, "", only12).version, "TLSv1.2");
  const Seen refused = Dial(settings, "", only11);
  EXPECT_FALSE(refused.connected);
  EXPECT_EQ(refused.alert, SSL_AD_PROTOCOL_VERSION);
  EXPECT_THAT(refused.failure, HasSubstr("unsupported protocol"));
  settings.protocols = {"tls1.3"};
  EXPECT_FALSE(Dial(settings, "", only12).connected);
  settings.protocols = {"tls1.2"};
  EXPECT_EQ(Dial(settings, "", {}).version, "TLSv1.2");
}

TEST(TlsContext, OldRouterGetsTls10WithCbc) {
  CertificateRequest rsa;
  rsa.key_type = KeyType::kRsa2048;
  TlsSettings settings = SettingsOf(Root().Issue(rsa));
  settings.protocols = {"tls1", "tls1.1", "tls1.2", "tls1.3"};
  ClientOptions old;
  old.max_version = TLS1_VERSION;
  old.min_version = TLS1_VERSION;
  old.ciphers = "AES128-SHA";
  const Seen seen = Dial(settings, "", old);
  EXPECT_TRUE(seen.connected) << seen.failure;
  EXPECT_EQ(seen.version, "TLSv1");
}

TEST(TlsContext, Tls12CbcIsThereByDefault) {
  CertificateRequest rsa;
  rsa.key_type = KeyType::kRsa2048;
  ClientOptions routeros6;
  routeros6.max_version = TLS1_2_VERSION;
  routeros6.ciphers = "AES256-SHA";
  EXPECT_TRUE(Dial(SettingsOf(Root().Issue(rsa)), "", routeros6).connected);
}

TEST(TlsContext, AlpnSelectsHttp11AndNeverFails) {
  ClientOptions http;
  http.alpn = "http/1.1";
  EXPECT_EQ(Dial(SettingsOf(Server()), "", http).alpn, "http/1.1");
  ClientOptions other;
  other.alpn = "h2";
  const Seen seen = Dial(SettingsOf(Server()), "", other);
  EXPECT_TRUE(seen.connected);
  EXPECT_EQ(seen.alpn, "");
}

TEST(TlsContext, HostNameSetRefusesAbsentAndDifferentNames) {
  ClientOptions options;
  const Seen absent = Dial(SettingsOf(Server()), "vpn.example.com", options);
  EXPECT_FALSE(absent.connected);
  EXPECT_EQ(absent.alert, SSL_AD_UNRECOGNIZED_NAME);
  EXPECT_THAT(absent.failure, HasSubstr("no server name"));
  options.sni = "other.example.com";
  const Seen different = Dial(SettingsOf(Server()), "vpn.example.com", options);
  EXPECT_FALSE(different.connected);
  EXPECT_EQ(different.alert, SSL_AD_UNRECOGNIZED_NAME);
  EXPECT_THAT(different.failure, HasSubstr("other.example.com"));
  options.sni = "VPN.Example.COM";
  EXPECT_TRUE(Dial(SettingsOf(Server()), "vpn.example.com", options).connected);
}

TEST(TlsContext, WithoutHostNameAnySniIsAccepted) {
  ClientOptions options;
  options.sni = "whatever.example.net";
  EXPECT_TRUE(Dial(SettingsOf(Server()), "", options).connected);
  EXPECT_TRUE(Dial(SettingsOf(Server()), "", {}).connected);
}

TEST(TlsContext, IntermediateIsSentAndRootIsNot) {
  const CertificateAuthority intermediate = Root().MakeIntermediate("Test Intermediate");
  const auto context = TlsContext::Create(SettingsOf(intermediate.Issue({})), "");
  ASSERT_TRUE(context.has_value());
  ClientOptions options;
  options.root_pem = Root().certificate_pem();
  TlsPair pair(**context, options);
  ASSERT_TRUE(pair.Connect()) << pair.server->failure();
  EXPECT_EQ(SSL_get_verify_result(pair.client->ssl()), X509_V_OK);
  EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(pair.client->ssl())), 2);
}

TEST(TlsContext, NoTicketsNoSessionToResume) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto context = TlsContext::Create(SettingsOf(Server()), "");
    ASSERT_TRUE(context.has_value());
    ClientOptions options;
    options.max_version = version;
    TlsPair pair(**context, options);
    ASSERT_TRUE(pair.Connect());
    const Bytes hello{'h'};
    ASSERT_TRUE(pair.server->Write(hello));
    EXPECT_EQ(pair.client->Read(), hello);
    EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get_session(pair.client->ssl())), 0);
    EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get_session(pair.client->ssl())), 0);
  }
}

TEST(TlsContext, MayBeDroppedWhileItsConnectionsLive) {
  ClientOptions options;
  options.sni = "vpn.example.com";
  auto context = TlsContext::Create(SettingsOf(Server()), "vpn.example.com");
  ASSERT_TRUE(context.has_value());
  TlsPair pair(**context, options);
  context->reset();
  EXPECT_TRUE(pair.Connect()) << pair.server->failure();
}

}  // namespace
}  // namespace sstpgw::edge
