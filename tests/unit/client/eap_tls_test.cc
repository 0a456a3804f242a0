// EAP-TLS and PEAP of the client against OpenSSL's server, joined in memory.
#include "tests/client/eap_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>

#include "tests/client/wire.h"
#include "tests/support/pki.h"
#include "tests/support/temp_dir.h"

namespace sstpgw::client {
namespace {

using sstpgw::testing::CertificateAuthority;
using ::testing::HasSubstr;

constexpr std::uint8_t kTls = 13;

sstpgw::testing::CertificateRequest Named(const std::string& name, const std::string& usage) {
  sstpgw::testing::CertificateRequest request;
  request.common_name = name;
  request.usage = usage;
  return request;
}

class EapTlsTest : public ::testing::TestWithParam<const char*> {
 protected:
  EapTlsTest() : root_("Root"), stranger_("Stranger") {
    Write("server", root_.Issue({.common_name = "radius", .dns_names = {}, .ip_addresses = {}}));
    Write("client", root_.Issue(Named("rita", "clientAuth")));
    files_.Write("root.pem", root_.certificate_pem());
    files_.Write("stranger.pem", stranger_.certificate_pem());
    options_.ca = files_.File("root.pem");
    options_.certificate = files_.File("client.pem");
    options_.key = files_.File("client.key");
    options_.version = GetParam();
    options_.fragment = 333;
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_chain_file(context_, files_.File("server.pem").c_str());
    SSL_CTX_use_PrivateKey_file(context_, files_.File("server.key").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_load_verify_locations(context_, options_.ca.c_str(), nullptr);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    server_ = SSL_new(context_);
    SSL_set_bio(server_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(server_);
  }
  ~EapTlsTest() override {
    SSL_free(server_);
    SSL_CTX_free(context_);
  }
  void Write(const std::string& name, const sstpgw::testing::Identity& identity) {
    files_.Write(name + ".pem", identity.chain_pem);
    files_.Write(name + ".key", identity.key_pem);
  }

  // What the server has to say, cut into type data of at most 500 octets.
  std::vector<Bytes> ServerFlight() {
    Bytes all(BIO_ctrl_pending(SSL_get_wbio(server_)));
    if (!all.empty()) BIO_read(SSL_get_wbio(server_), all.data(), static_cast<int>(all.size()));
    std::vector<Bytes> pieces;
    for (std::size_t at = 0; at < all.size(); at += 500) {
      const std::size_t size = std::min<std::size_t>(500, all.size() - at);
      const bool more = at + size < all.size();
      const auto flags = static_cast<std::uint8_t>((at == 0 ? 0x80 : 0) | (more ? 0x40 : 0));
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
      pieces.push_back(Concat({{flags},
                               at == 0 ? Be32(static_cast<std::uint32_t>(all.size())) : Bytes{},
                               Bytes(begin, begin + static_cast<std::ptrdiff_t>(size))}));
    }
    return pieces;
  }
  // Takes the client's message, asking for more pieces.
  void TakeClientFlight(Bytes piece) {
    for (int i = 0; i < 100; ++i) {
      largest_ = std::max(largest_, piece.size());
      const std::size_t head = (piece[0] & 0x80) != 0 ? 5 : 1;
      BIO_write(SSL_get_rbio(server_), piece.data() + head, static_cast<int>(piece.size() - head));
      if ((piece[0] & 0x40) == 0) break;
      piece = client_->Answer(Bytes{0}).value();
    }
    SSL_do_handshake(server_);
  }
  // Until the server has nothing more to say.
  void Converse() {
    TakeClientFlight(client_->Answer(Bytes{0x20}).value());
    for (auto pieces = ServerFlight(); !pieces.empty(); pieces = ServerFlight()) {
      for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
        EXPECT_EQ(client_->Answer(pieces[i]), Bytes{0}) << "an acknowledgement";
      }
      TakeClientFlight(client_->Answer(pieces.back()).value());
    }
  }
  // RFC 5216 2.3 and RFC 9190 2.3, on the server's side: the MSK out of 128 octets.
  Bytes ServerKeys() {
    const bool new_one = SSL_version(server_) == TLS1_3_VERSION;
    const std::string label = new_one ? "EXPORTER_EAP_TLS_Key_Material" : "client EAP encryption";
    Bytes keys(128);
    SSL_export_keying_material(server_, keys.data(), keys.size(), label.data(), label.size(),
                               new_one ? &kTls : nullptr, new_one ? 1 : 0, new_one ? 1 : 0);
    keys.resize(64);
    return keys;
  }

  test::TempDir files_;
  CertificateAuthority root_;
  CertificateAuthority stranger_;
  EapTlsOptions options_;
  SSL_CTX* context_ = nullptr;
  SSL* server_ = nullptr;
  std::optional<EapTls> client_;
  std::size_t largest_ = 0;
};

TEST_P(EapTlsTest, BothSidesHaveTheSameKeys) {
  client_.emplace(kTls, options_, EapTls::Inner{});
  Converse();
  EXPECT_EQ(client_->fault(), "");
  ASSERT_TRUE(client_->established());
  EXPECT_EQ(SSL_is_init_finished(server_), 1);
  EXPECT_EQ(client_->msk(), ServerKeys());
  EXPECT_LE(largest_, 5 + options_.fragment);
}

TEST_P(EapTlsTest, AServerOfAStrangersIsRefused) {
  options_.ca = files_.File("stranger.pem");
  client_.emplace(kTls, options_, EapTls::Inner{});
  Converse();
  EXPECT_FALSE(client_->established());
  EXPECT_TRUE(client_->refused());
  EXPECT_THAT(client_->fault(), HasSubstr("certificate verify failed"));
}

TEST_P(EapTlsTest, AClientOfAStrangersIsRefusedByTheServer) {
  Write("client", stranger_.Issue(Named("rita", "clientAuth")));
  client_.emplace(kTls, options_, EapTls::Inner{});
  Converse();
  EXPECT_NE(SSL_is_init_finished(server_), 1);
  EXPECT_FALSE(client_->refused());
}

TEST_P(EapTlsTest, WhatIsInsideTheTunnelIsAnswered) {
  Bytes inside;
  client_.emplace(25, options_, [&inside](ByteView octets) -> std::optional<Bytes> {
    inside.assign(octets.begin(), octets.end());
    return ToBytes("answer");
  });
  Converse();
  ASSERT_TRUE(client_->established());
  const Bytes question = ToBytes("question");
  SSL_write(server_, question.data(), static_cast<int>(question.size()));
  const std::vector<Bytes> pieces = ServerFlight();
  ASSERT_FALSE(pieces.empty());
  const Bytes answer = client_->Answer(pieces.back()).value();
  EXPECT_EQ(inside, question);
  BIO_write(SSL_get_rbio(server_), answer.data() + 1, static_cast<int>(answer.size() - 1));
  std::array<char, 64> plain{};
  EXPECT_EQ(SSL_read(server_, plain.data(), plain.size()), 6);
  EXPECT_STREQ(plain.data(), "answer");
}

TEST_P(EapTlsTest, OddMessages) {
  client_.emplace(kTls, options_, EapTls::Inner{});
  EXPECT_FALSE(client_->Answer({}));
  EXPECT_FALSE(client_->Answer(Bytes{0x80, 0, 0}));
  EXPECT_FALSE(client_->Answer(Bytes{0x00})) << "before the start";
  ASSERT_TRUE(client_->Answer(Bytes{0x20}));
  while (client_->Answer(Bytes{0}) != Bytes{0}) {
  }
  EXPECT_TRUE(client_->Answer(Concat({Bytes{0}, ToBytes("this is no TLS record at all")})));
  EXPECT_NE(client_->fault(), "");
  for (int i = 0; i < 70; ++i) (void)client_->Answer(Concat({Bytes{0x40}, Bytes(1000, 1)}));
  EXPECT_FALSE(client_->Answer(Concat({Bytes{0x40}, Bytes(1000, 1)}))) << "bounded";
}

INSTANTIATE_TEST_SUITE_P(Versions, EapTlsTest, ::testing::Values("1.2", "1.3"));

}  // namespace
}  // namespace sstpgw::client
