// TlsStream whose receiving goes to the kernel some time after the handshake, with the peer's data
// before it, behind it and across it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>

#include "gateway/edge/tls_stream.h"
#include "tests/unit/edge/fake_tls_kernel.h"
#include "tests/unit/edge/tls_pair.h"

namespace sstpgw::edge {
namespace {

using testing::CertificateAuthority;
using testing::Identity;

const KernelTlsSupport kOldKernel{true, false, true, ""};
const KernelTlsSupport kNewKernel{true, true, false, ""};

const Identity& ServerIdentity() {
  static const CertificateAuthority root;
  static const Identity identity = root.Issue({});
  return identity;
}

Bytes Pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + (i >> 8));
  return bytes;
}

ClientOptions Suite(const std::string& name) {
  ClientOptions options;
  if (name.starts_with("TLS_")) {
    options.min_version = TLS1_3_VERSION;
    options.ciphersuites = name;
  } else {
    options.max_version = TLS1_2_VERSION;
    options.ciphers = name;
  }
  return options;
}

class LateHandover : public ::testing::TestWithParam<const char*> {
 protected:
  // Handshake; the client's octets come through `far`, of which the test lets as much pass as it
  // likes.
  void Up(const KernelTlsSupport& support, const KernelTlsWish& wish = {}) {
    TlsSettings settings = SettingsOf(ServerIdentity());
    settings.ciphers = "ALL";
    context_ = std::move(TlsContext::Create(settings, "")).value();
    context_->NoteTrafficSecrets();
    kernel.takes_new_keys = support.new_keys;
    pair_ = std::make_unique<TlsPair>(*context_, Suite(GetParam()), 0, kernel);
    ASSERT_TRUE(pair_->Connect());
    const KernelTlsOutcome outcome = server().EnableKernelTls(wish, support);
    EXPECT_EQ(outcome.send, wish.send);
    EXPECT_FALSE(outcome.receive);
    EXPECT_EQ(outcome.fallback, KernelTlsFallback::kNone);
    EXPECT_EQ(server().kernel_receive_waits(), wish.receive);
  }
  TlsStream& server() { return *pair_->server; }
  TlsClient& client() { return *pair_->client; }

  // Whatever has come.
  Bytes ReadAll(std::size_t room = 64 * 1024) {
    Bytes all;
    Bytes buffer(room);
    ReadOutcome outcome{0, ReadStatus::kFull};
    while (outcome.status == ReadStatus::kFull) {
      outcome = server().Read(buffer);
      all.insert(all.end(), buffer.begin(),
                 buffer.begin() + static_cast<std::ptrdiff_t>(outcome.bytes));
    }
    EXPECT_EQ(outcome.status, ReadStatus::kDrained) << server().failure();
    return all;
  }
  // The ciphertext of one write of the client's, taken off before the server can see it.
  Bytes Ciphertext(ByteView plaintext) {
    BIO* const memory = BIO_new(BIO_s_mem());
    BIO* const socket = SSL_get_wbio(client().ssl());
    BIO_up_ref(socket);
    SSL_set0_wbio(client().ssl(), memory);
    EXPECT_EQ(client().Write(plaintext), plaintext.size());
    Bytes octets(BIO_ctrl_pending(memory));
    BIO_read(memory, octets.data(), static_cast<int>(octets.size()));
    SSL_set0_wbio(client().ssl(), socket);
    return octets;
  }
  void Deliver(ByteView octets) {
    ASSERT_EQ(::write(SSL_get_fd(client().ssl()), octets.data(), octets.size()),
              static_cast<ssize_t>(octets.size()));
  }
  void HandOver() {
    const auto outcome = server().EnableKernelReceive();
    ASSERT_TRUE(outcome.has_value());
    EXPECT_TRUE(outcome->receive);
    EXPECT_EQ(outcome->fallback, KernelTlsFallback::kNone);
    EXPECT_TRUE(server().kernel_receives());
    EXPECT_FALSE(server().kernel_receive_waits());
  }

  FakeTlsKernel kernel;

 private:
  std::unique_ptr<TlsContext> context_;
  std::unique_ptr<TlsPair> pair_;
};

std::string NameOf(const ::testing::TestParamInfo<const char*>& suite) {
  std::string name = suite.param;
  std::erase_if(name, [](char c) { return c == '-' || c == '_'; });
  return name;
}

INSTANTIATE_TEST_SUITE_P(Suites, LateHandover,
                         ::testing::Values("ECDHE-ECDSA-AES128-GCM-SHA256",
                                           "ECDHE-ECDSA-CHACHA20-POLY1305",
                                           "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                           "TLS_CHACHA20_POLY1305_SHA256"),
                         NameOf);

TEST_P(LateHandover, RecordsThatOpenSslTookAreCountedAndTheRestIsTheKernels) {
  for (const KernelTlsWish wish : {KernelTlsWish{true, true}, KernelTlsWish{false, true}}) {
    Up(kOldKernel, wish);
    for (const std::size_t size : {1, 700, 16384, 40'000}) {
      ASSERT_EQ(client().Write(Pattern(size)), size);
      EXPECT_TRUE(ReadAll() == Pattern(size));
    }
    EXPECT_FALSE(server().kernel_receives());
    EXPECT_EQ(kernel.receive_calls, 0);
    // Sent before the hand-over, not read yet.
    ASSERT_EQ(client().Write(Pattern(30'000)), 30'000U);
    HandOver();
    EXPECT_TRUE(ReadAll() == Pattern(30'000));
    ASSERT_EQ(client().Write(Pattern(20'000)), 20'000U);
    EXPECT_TRUE(ReadAll() == Pattern(20'000));
    EXPECT_GT(kernel.receive_calls, 0);
    ASSERT_TRUE(server().Write(Pattern(500)));
    EXPECT_TRUE(client().Read() == Pattern(500));
    EXPECT_TRUE(server().leaf_hashes().has_value());
    kernel = FakeTlsKernel();
  }
}

TEST_P(LateHandover, InsideARecordItWaits) {
  Up(kOldKernel);
  const Bytes record = Ciphertext(Pattern(3000));
  std::size_t done = 0;
  for (const std::size_t cut :
       {std::size_t{2}, std::size_t{5}, std::size_t{6}, record.size() - 1}) {
    Deliver(ByteView(record).subspan(done, cut - done));
    done = cut;
    EXPECT_TRUE(ReadAll().empty());
    EXPECT_FALSE(server().EnableKernelReceive().has_value()) << cut;
    EXPECT_TRUE(server().kernel_receive_waits());
  }
  Deliver(ByteView(record).last(1));
  EXPECT_TRUE(ReadAll() == Pattern(3000));
  HandOver();
  ASSERT_EQ(client().Write(Pattern(100)), 100U);
  EXPECT_TRUE(ReadAll() == Pattern(100));
}

TEST_P(LateHandover, WhatTheCallerHadNoRoomForIsReadFirst) {
  Up(kOldKernel);
  ASSERT_EQ(client().Write(Pattern(3000)), 3000U);
  Bytes small(1000);
  ASSERT_EQ(server().Read(small).bytes, 1000U);
  EXPECT_FALSE(server().EnableKernelReceive().has_value());
  Bytes rest = ReadAll();
  EXPECT_EQ(rest.size(), 2000U);
  HandOver();
}

// Under a load that never lets the socket run dry.
TEST_P(LateHandover, OnceItIsDueReadEndsBetweenRecords) {
  Up(kOldKernel);
  const Bytes data = Pattern(48 * 1024);
  ASSERT_EQ(client().Write(data), data.size());
  Bytes small(10'000);
  ASSERT_EQ(server().Read(small).bytes, small.size());
  EXPECT_FALSE(server().EnableKernelReceive().has_value());
  Bytes room(40'000);
  const ReadOutcome outcome = server().Read(room);
  EXPECT_EQ(outcome.status, ReadStatus::kFull);
  HandOver();
  const Bytes rest = ReadAll();
  Bytes all = small;
  all.insert(all.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(outcome.bytes));
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_TRUE(all == data);
}

TEST_P(LateHandover, ManySmallRecordsDoNotHoldTheThread) {
  Up(kOldKernel);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client().Write(Pattern(1)), 1U);
  Bytes room(64 * 1024);
  const ReadOutcome outcome = server().Read(room);
  EXPECT_EQ(outcome.status, ReadStatus::kFull);
  EXPECT_GT(outcome.bytes, 0U);
  EXPECT_LE(outcome.bytes, 100U);
  HandOver();
  EXPECT_EQ(ReadAll().size(), 200 - outcome.bytes);
}

TEST_P(LateHandover, AnEndThatOpenSslReadIsNotHandedOver) {
  Up(kOldKernel);
  ASSERT_EQ(client().Write(Pattern(50)), 50U);
  client().Shutdown();
  Bytes room(1000);
  const ReadOutcome outcome = server().Read(room);
  EXPECT_EQ(outcome.bytes, 50U);
  EXPECT_EQ(outcome.status, ReadStatus::kClosed);
  EXPECT_FALSE(server().EnableKernelReceive().has_value());
  EXPECT_EQ(server().Read(room).status, ReadStatus::kClosed);
}

TEST_P(LateHandover, AnEndThatWasNotReadIsUnderstoodByTheKernel) {
  Up(kOldKernel);
  ASSERT_EQ(client().Write(Pattern(50)), 50U);
  client().Shutdown();
  HandOver();
  Bytes room(1000);
  const ReadOutcome outcome = server().Read(room);
  EXPECT_EQ(outcome.bytes, 50U);
  EXPECT_EQ(outcome.status, ReadStatus::kClosed);
}

// TLS 1.3 alone has KeyUpdates.
class LateHandover13 : public LateHandover {};

INSTANTIATE_TEST_SUITE_P(Suites, LateHandover13,
                         ::testing::Values("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                           "TLS_CHACHA20_POLY1305_SHA256"),
                         NameOf);

TEST_P(LateHandover13, KeyUpdatesBeforeItAreFollowed) {
  for (const KernelTlsSupport& support : {kOldKernel, kNewKernel}) {
    kernel = FakeTlsKernel();
    Up(support);
    for (const int updates : {1, 2}) {
      for (int i = 0; i < updates; ++i) {
        ASSERT_EQ(SSL_key_update(client().ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        ASSERT_EQ(client().Write(Pattern(100)), 100U);
      }
      ASSERT_EQ(client().Write(Pattern(200)), 200U);
      EXPECT_EQ(ReadAll().size(), std::size_t{100} * updates + 200);
    }
    HandOver();
    ASSERT_EQ(client().Write(Pattern(5000)), 5000U);
    EXPECT_TRUE(ReadAll() == Pattern(5000));
    if (!support.new_keys) continue;
    // And behind it by the kernel, out of the secret that it was left.
    ASSERT_EQ(SSL_key_update(client().ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(client().Write(Pattern(300)), 300U);
    EXPECT_TRUE(ReadAll() == Pattern(300));
    EXPECT_EQ(kernel.receive_keys, 2);
  }
}

TEST_P(LateHandover, AKernelThatRefusesTheKeyLeavesItToOpenSslAndIsToldOnce) {
  for (const KernelTlsWish wish : {KernelTlsWish{true, true}, KernelTlsWish{false, true}}) {
    kernel = FakeTlsKernel();
    kernel.receive_key_error = ENOENT;
    Up(kOldKernel, wish);
    ASSERT_EQ(client().Write(Pattern(100)), 100U);
    EXPECT_TRUE(ReadAll() == Pattern(100));
    for (const KernelTlsFallback told : {KernelTlsFallback::kRefused, KernelTlsFallback::kNone}) {
      const auto outcome = server().EnableKernelReceive();
      ASSERT_TRUE(outcome.has_value());
      EXPECT_EQ(outcome->send, wish.send);
      EXPECT_FALSE(outcome->receive);
      EXPECT_EQ(outcome->fallback, told);
    }
    ASSERT_EQ(client().Write(Pattern(50'000)), 50'000U);
    EXPECT_TRUE(ReadAll() == Pattern(50'000));
  }
}

TEST_P(LateHandover, AFallbackOfSendingIsNotToldAgain) {
  TlsSettings settings = SettingsOf(ServerIdentity());
  settings.ciphers = "ALL";
  const auto context = std::move(TlsContext::Create(settings, "")).value();
  context->NoteTrafficSecrets();
  kernel.send_key_error = ENOENT;
  kernel.receive_key_error = ENOENT;
  TlsPair pair(*context, Suite(GetParam()), 0, kernel);
  ASSERT_TRUE(pair.Connect());
  EXPECT_EQ(pair.server->EnableKernelTls({}, kOldKernel).fallback, KernelTlsFallback::kRefused);
  const auto outcome = pair.server->EnableKernelReceive();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->fallback, KernelTlsFallback::kNone);
}

// The kernel takes keys on an established connection only.
TEST_P(LateHandover, WhoLeftDuringTheHandshakeIsNoFallback) {
  kernel.attach_error = ENOTCONN;
  TlsSettings settings = SettingsOf(ServerIdentity());
  settings.ciphers = "ALL";
  const auto context = std::move(TlsContext::Create(settings, "")).value();
  context->NoteTrafficSecrets();
  TlsPair pair(*context, Suite(GetParam()), 0, kernel);
  ASSERT_TRUE(pair.Connect());
  const KernelTlsOutcome outcome = pair.server->EnableKernelTls({}, kOldKernel);
  EXPECT_FALSE(outcome.send);
  EXPECT_EQ(outcome.fallback, KernelTlsFallback::kNone);
  EXPECT_FALSE(pair.server->kernel_receive_waits());
  EXPECT_TRUE(pair.server->Write(Pattern(10)));
  EXPECT_TRUE(pair.client->Read() == Pattern(10)) << "OpenSSL goes on";
}

TEST_P(LateHandover, AFailedStreamWaitsForNothing) {
  Up(kOldKernel);
  const Bytes record = Ciphertext(Pattern(1));
  for (int i = 0; i < 2; ++i) Deliver(record);  // the second one does not decrypt
  Bytes room(1000);
  EXPECT_EQ(server().Read(room).status, ReadStatus::kFailed);
  EXPECT_EQ(server().failure_kind(), TlsFailure::kBadRecord);
  const auto outcome = server().EnableKernelReceive();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_FALSE(outcome->receive);
  EXPECT_EQ(kernel.receive_calls, 0);
}

// The kernel receives and OpenSSL sends: what the kernel's half stumbles over is not met with
// silence.
TEST_P(LateHandover, AFailureOfTheKernelsHalfIsToldByOpenSsl) {
  Up(kOldKernel, {false, true});
  HandOver();
  const Bytes record = Ciphertext(Pattern(1));
  for (int i = 0; i < 2; ++i) Deliver(record);  // the second one does not decrypt
  Bytes room(1000);
  EXPECT_EQ(server().Read(room).status, ReadStatus::kFailed);
  EXPECT_EQ(server().failure_kind(), TlsFailure::kBadRecord);
  EXPECT_THAT(server().failure(), ::testing::HasSubstr("bad record MAC"));
  client().Read();
  EXPECT_TRUE(client().got_close_notify());
  EXPECT_FALSE(client().failed());
}

TEST_P(LateHandover, WhoIsGoneIsToldNothing) {
  Up(kOldKernel, {false, true});
  HandOver();
  client().CloseTcp();
  Bytes room(1000);
  EXPECT_EQ(server().Read(room).status, ReadStatus::kFailed);
  EXPECT_EQ(server().failure_kind(), TlsFailure::kGone);
  EXPECT_FALSE(server().wants_write());
}

// The client's secret, as its OpenSSL tells it.
Bytes& ClientSecret() {
  static Bytes secret;
  return secret;
}
void NoteClientSecret(const SSL* /*ssl*/, const char* line) {
  const std::string text(line);
  if (!text.starts_with("CLIENT_TRAFFIC_SECRET_0 ")) return;
  long size = 0;
  std::uint8_t* const octets = OPENSSL_hexstr2buf(text.substr(text.rfind(' ') + 1).c_str(), &size);
  ClientSecret().assign(octets, octets + size);
  OPENSSL_free(octets);
}

// A kernel would pass over them for as long as they come.
TEST(LateHandoverFlood, RecordsWithoutDataAreEndedByOpenSsl) {
  const auto context = std::move(TlsContext::Create(SettingsOf(ServerIdentity()), "")).value();
  context->NoteTrafficSecrets();
  FakeTlsKernel kernel;
  TlsPair pair(*context, Suite("TLS_AES_128_GCM_SHA256"), 0, kernel);
  SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(pair.client->ssl()), NoteClientSecret);
  ASSERT_TRUE(pair.Connect());
  ASSERT_EQ(pair.server->EnableKernelTls({}, kOldKernel).fallback, KernelTlsFallback::kNone);

  const int fd = SSL_get_fd(pair.client->ssl());
  FakeTlsKernel sender;
  KernelTls records(
      sender, fd,
      {crypto::TlsVersion::kTls13, crypto::TlsAead::kAes128Gcm, false, true, KeyBudget()});
  const crypto::TlsRecordKey key =
      crypto::DeriveRecordKey(crypto::TlsAead::kAes128Gcm, ClientSecret());
  ASSERT_TRUE(records.Attach());
  ASSERT_TRUE(records.Install(TlsDirection::kSend, {key, 0, {}}));
  iovec nothing{};
  msghdr message{};
  message.msg_iov = &nothing;
  message.msg_iovlen = 1;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(sender.SendMessage(fd, message, 0));

  Bytes room(1000);
  ReadOutcome outcome{0, ReadStatus::kFull};
  while (outcome.status == ReadStatus::kFull) outcome = pair.server->Read(room);
  EXPECT_EQ(outcome.status, ReadStatus::kFailed);
  EXPECT_EQ(kernel.receive_calls, 0);
}

}  // namespace
}  // namespace sstpgw::edge
