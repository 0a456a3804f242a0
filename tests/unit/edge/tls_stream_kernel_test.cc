// TlsStream with its records in a kernel: a kernel made of libcrypto (fake_tls_kernel.h), OpenSSL
// as the client. The real one is met in tests/vm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "gateway/edge/tls_stream.h"
#include "tests/unit/edge/fake_tls_kernel.h"
#include "tests/unit/edge/tls_pair.h"

namespace sstpgw::edge {
namespace {

using testing::CertificateAuthority;
using ::testing::HasSubstr;
using testing::Identity;
using Sent = FakeTlsKernel::Sent;

const KernelTlsSupport kOldKernel{true, false, true, ""};
const KernelTlsSupport kNewKernel{true, true, false, ""};

const Identity& ServerIdentity() {
  static const CertificateAuthority root;
  static const Identity identity = root.Issue({});
  return identity;
}

Bytes Pattern(std::size_t size, std::uint32_t state = 1) {
  Bytes bytes(size);
  for (std::uint8_t& octet : bytes) {
    state = state * 1664525 + 1013904223;
    octet = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}
void Append(Bytes& to, ByteView what) { to.insert(to.end(), what.begin(), what.end()); }

ClientOptions Tls12(const std::string& ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256") {
  ClientOptions options;
  options.max_version = TLS1_2_VERSION;
  options.ciphers = ciphers;
  return options;
}
ClientOptions Tls13(const std::string& ciphersuites = "TLS_AES_128_GCM_SHA256") {
  ClientOptions options;
  options.min_version = TLS1_3_VERSION;
  options.ciphersuites = ciphersuites;
  return options;
}

// A connection with a kernel of its own.
struct Bench {
  std::unique_ptr<TlsContext> context;
  FakeTlsKernel kernel;
  std::unique_ptr<TlsPair> pair;
  Bytes room = Bytes(256 * 1024);

  explicit Bench(const ClientOptions& options, int send_buffer = 0) {
    TlsSettings settings = SettingsOf(ServerIdentity());
    settings.ciphers = "ALL:@SECLEVEL=0";
    settings.protocols = {"tls1.1", "tls1.2", "tls1.3"};
    context = std::move(TlsContext::Create(settings, "")).value();
    context->NoteTrafficSecrets();
    pair = std::make_unique<TlsPair>(*context, options, send_buffer, kernel);
  }
  // Handshake, then the kernel takes over.
  bool Up(const KernelTlsSupport& support, const KernelTlsWish& wish = {}) {
    kernel.takes_new_keys = support.new_keys;
    if (!pair->Connect()) return false;
    const KernelTlsOutcome outcome = server().EnableKernelTls(wish, support);
    return outcome.send == wish.send && outcome.receive == wish.receive &&
           outcome.fallback == KernelTlsFallback::kNone;
  }
  TlsStream& server() { return *pair->server; }
  TlsClient& client() { return *pair->client; }
  // One octet sequence each way, until all of it has arrived.
  void Exchange(std::size_t size, std::uint32_t seed = 1) {
    const Bytes up = Pattern(size, seed);
    const Bytes down = Pattern(size + 7, seed + 1);
    Bytes got_up;
    Bytes got_down;
    std::size_t written = 0;
    ASSERT_TRUE(server().Write(down)) << server().failure();
    for (int i = 0; i < 100'000 && (got_up.size() < up.size() || got_down.size() < down.size());
         ++i) {
      if (written < up.size()) written += client().Write(ByteView(up).subspan(written));
      const ReadOutcome outcome = server().Read(room);
      ASSERT_TRUE(outcome.status == ReadStatus::kDrained || outcome.status == ReadStatus::kFull)
          << server().failure();
      Append(got_up, ByteView(room).first(outcome.bytes));
      ASSERT_TRUE(server().Flush()) << server().failure();
      Append(got_down, client().Read());
      ASSERT_FALSE(client().failed());
    }
    EXPECT_TRUE(got_up == up);
    EXPECT_TRUE(got_down == down);
  }
};

struct Suite {
  const char* name;
  ClientOptions options;
};

class KernelTlsTest : public ::testing::TestWithParam<Suite> {};

INSTANTIATE_TEST_SUITE_P(
    Suites, KernelTlsTest,
    ::testing::Values(Suite{"Tls12Aes128", Tls12()},
                      Suite{"Tls12Aes256", Tls12("ECDHE-ECDSA-AES256-GCM-SHA384")},
                      Suite{"Tls12ChaCha", Tls12("ECDHE-ECDSA-CHACHA20-POLY1305")},
                      Suite{"Tls13Aes128", Tls13()},
                      Suite{"Tls13Aes256", Tls13("TLS_AES_256_GCM_SHA384")},
                      Suite{"Tls13ChaCha", Tls13("TLS_CHACHA20_POLY1305_SHA256")}),
    [](const auto& suite) { return suite.param.name; });

TEST_P(KernelTlsTest, DataPassesBothWaysAndTheFactsStay) {
  Bench bench(GetParam().options);
  ASSERT_TRUE(bench.Up(kOldKernel)) << bench.server().failure();
  EXPECT_TRUE(bench.server().kernel_sends());
  EXPECT_TRUE(bench.server().kernel_receives());
  bench.Exchange(100);
  bench.Exchange(100'000);
  EXPECT_EQ(bench.server().cipher(), SSL_get_cipher_name(bench.client().ssl()));
  EXPECT_EQ(bench.server().version(), SSL_get_version(bench.client().ssl()));
  EXPECT_TRUE(bench.server().leaf_hashes().has_value());
  EXPECT_EQ(bench.server().failure_kind(), TlsFailure::kNone);
}

TEST_P(KernelTlsTest, DataArrivingWithFinishedIsLeftToTheKernel) {
  Bench bench(GetParam().options);
  const Bytes request = Pattern(300);
  TlsPair& pair = *bench.pair;
  const bool tls13 = GetParam().options.min_version == TLS1_3_VERSION;
  while (!pair.client->Handshake()) {
    pair.status = pair.server->Handshake();
    ASSERT_NE(pair.status, HandshakeStatus::kFailed);
    if (!tls13 && pair.status == HandshakeStatus::kDone) break;
  }
  ASSERT_EQ(pair.client->Write(request), request.size());
  while (pair.status != HandshakeStatus::kDone) {
    pair.status = pair.server->Handshake();
    ASSERT_NE(pair.status, HandshakeStatus::kFailed);
  }
  ASSERT_TRUE(bench.server().EnableKernelTls({}, kOldKernel).receive);
  const ReadOutcome outcome = pair.server->Read(bench.room);
  ASSERT_EQ(outcome.bytes, request.size()) << pair.server->failure();
  EXPECT_TRUE(std::equal(request.begin(), request.end(), bench.room.begin()));
}

TEST_P(KernelTlsTest, EachDirectionAloneLeavesTheOtherToOpenSsl) {
  for (const KernelTlsWish wish : {KernelTlsWish{true, false}, KernelTlsWish{false, true}}) {
    Bench bench(GetParam().options);
    ASSERT_TRUE(bench.Up(kOldKernel, wish)) << bench.server().failure();
    EXPECT_EQ(bench.server().kernel_sends(), wish.send);
    EXPECT_EQ(bench.server().kernel_receives(), wish.receive);
    bench.Exchange(100'000);
    EXPECT_EQ(bench.kernel.sent.empty(), !wish.send);
    EXPECT_EQ(bench.kernel.receive_calls == 0, !wish.receive);
    EXPECT_TRUE(bench.server().Shutdown());
    bench.client().Read();
    EXPECT_TRUE(bench.client().got_close_notify());
    EXPECT_FALSE(bench.client().failed());
  }
}

TEST_P(KernelTlsTest, RecordsHaveTheSizesThatWereAsked) {
  for (const bool kernel : {true, false}) {
    Bench bench(GetParam().options);
    ASSERT_TRUE(bench.Up(kOldKernel, {kernel, kernel}));
    bench.client().Read();  // session tickets: none
    const std::vector<std::size_t> sizes{16384, 1, 700, 16000, 52};
    const Bytes data = Pattern(16384 + 1 + 700 + 16000 + 52);
    ASSERT_TRUE(bench.server().WriteRecords(data, sizes)) << bench.server().failure();
    Bytes got;
    for (const std::size_t size : sizes) {
      Bytes room(20'000);
      std::size_t count = 0;
      ASSERT_EQ(SSL_read_ex(bench.client().ssl(), room.data(), room.size(), &count), 1);
      EXPECT_EQ(count, size);
      Append(got, ByteView(room).first(count));
    }
    EXPECT_TRUE(got == data);
  }
}

TEST_P(KernelTlsTest, CloseNotifyOfEitherSideIsUnderstood) {
  Bench theirs(GetParam().options);
  ASSERT_TRUE(theirs.Up(kOldKernel));
  ASSERT_EQ(theirs.client().Write(Pattern(50)), 50U);
  theirs.client().Shutdown();
  theirs.client().CloseTcp();
  ReadOutcome outcome = theirs.server().Read(theirs.room);
  EXPECT_EQ(outcome.bytes, 50U);
  EXPECT_EQ(outcome.status, ReadStatus::kClosed);
  EXPECT_EQ(theirs.server().Read(theirs.room).status, ReadStatus::kClosed) << "and so it stays";
  EXPECT_EQ(theirs.server().failure_kind(), TlsFailure::kNone);

  Bench ours(GetParam().options);
  ASSERT_TRUE(ours.Up(kOldKernel));
  ASSERT_TRUE(ours.server().Write(Pattern(60)));
  EXPECT_TRUE(ours.server().Shutdown());
  EXPECT_TRUE(ours.server().Shutdown());
  EXPECT_EQ(ours.client().Read(), Pattern(60));
  EXPECT_TRUE(ours.client().got_close_notify());
  EXPECT_FALSE(ours.client().failed());
  EXPECT_EQ(ours.kernel.sent, (std::vector<Sent>{{23, 60}, {21, 2}}));

  Bench cut(GetParam().options);
  ASSERT_TRUE(cut.Up(kOldKernel));
  cut.client().CloseTcp();
  EXPECT_EQ(cut.server().Read(cut.room).status, ReadStatus::kFailed);
  EXPECT_EQ(cut.server().failure_kind(), TlsFailure::kGone);
  EXPECT_THAT(cut.server().failure(), HasSubstr("closed by peer"));
}

// A record that the client did not make.
void SendGarbage(Bench& bench, Bytes header) {
  header.resize(5 + (std::size_t{header[3]} << 8 | header[4]));
  ASSERT_EQ(::write(SSL_get_fd(bench.client().ssl()), header.data(), header.size()),
            static_cast<ssize_t>(header.size()));
}

TEST_P(KernelTlsTest, ABadRecordEndsItWithTheAlertAndTheDataBeforeItCounts) {
  Bench bench(GetParam().options);
  ASSERT_TRUE(bench.Up(kOldKernel));
  ASSERT_EQ(bench.client().Write(Pattern(80)), 80U);
  SendGarbage(bench, {23, 3, 3, 0, 64});
  ReadOutcome outcome = bench.server().Read(bench.room);
  EXPECT_EQ(outcome.bytes, 80U);
  EXPECT_EQ(outcome.status, ReadStatus::kFailed);
  EXPECT_EQ(bench.server().failure_kind(), TlsFailure::kBadRecord);
  EXPECT_THAT(bench.server().failure(), HasSubstr("bad record MAC"));
  EXPECT_FALSE(bench.server().Write(Pattern(1)));
  bench.client().Read();
  EXPECT_EQ(bench.client().alert(), SSL_AD_BAD_RECORD_MAC);
}

// OpenSSL reads, the kernel sends: the alert must come from the kernel.
TEST_P(KernelTlsTest, ABadRecordReadByOpenSslIsAnsweredThroughTheKernel) {
  Bench bench(GetParam().options);
  ASSERT_TRUE(bench.Up(kOldKernel, {true, false}));
  bench.Exchange(1000);
  SendGarbage(bench, {23, 3, 3, 0, 64});
  EXPECT_EQ(bench.server().Read(bench.room).status, ReadStatus::kFailed);
  EXPECT_EQ(bench.server().failure_kind(), TlsFailure::kBadRecord);
  EXPECT_EQ(bench.kernel.sent.back(), (Sent{21, 2}));
  bench.client().Read();
  EXPECT_EQ(bench.client().alert(), SSL_AD_BAD_RECORD_MAC);
}

TEST_P(KernelTlsTest, OneMebibyteThroughTinySocketBuffersKeepsRecordsWhole) {
  Bench bench(GetParam().options, 4096);
  ASSERT_TRUE(bench.Up(kOldKernel));
  const Bytes down = Pattern(1 << 20);
  ASSERT_TRUE(bench.server().Write(down));
  EXPECT_GT(bench.server().pending_bytes(), 900'000U);
  EXPECT_TRUE(bench.server().wants_write());
  Bytes got;
  for (int i = 0; i < 10'000 && got.size() < down.size(); ++i) {
    bench.kernel.PushOut(bench.server().fd());
    ASSERT_TRUE(bench.server().Flush());
    Append(got, bench.client().Read());
  }
  EXPECT_TRUE(got == down);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(bench.kernel.sent[i].size, kMaxRecord);
  EXPECT_EQ(bench.server().pending_bytes(), 0U);
}

// ---- Details, on one suite each

TEST(KernelTls, WhatAKernelTakesInPartGoesOnInRecordsOfItsOwn) {
  Bench bench(Tls13());
  bench.kernel.send_at_most = 10'000;
  ASSERT_TRUE(bench.Up(kOldKernel));
  const Bytes data = Pattern(16384 + 500);
  const std::vector<std::size_t> sizes{16384, 500};
  ASSERT_TRUE(bench.server().WriteRecords(data, sizes));
  EXPECT_TRUE(bench.client().Read() == data);
  EXPECT_EQ(bench.kernel.sent, (std::vector<Sent>{{23, 10'000}, {23, 6384}, {23, 500}}));
}

TEST(KernelTls, CorkedRecordsWait) {
  Bench bench(Tls13());
  ASSERT_TRUE(bench.Up(kOldKernel));
  bench.server().Cork();
  ASSERT_TRUE(bench.server().Write(Pattern(10)));
  ASSERT_TRUE(bench.server().Write(Pattern(20)));
  ASSERT_TRUE(bench.server().Shutdown());
  EXPECT_TRUE(bench.kernel.sent.empty());
  EXPECT_EQ(bench.server().pending_bytes(), 32U);
  EXPECT_TRUE(bench.server().Uncork());
  EXPECT_EQ(bench.kernel.sent, (std::vector<Sent>{{23, 10}, {23, 20}, {21, 2}}));
  EXPECT_EQ(bench.server().pending_bytes(), 0U);
}

TEST(KernelTls, WithEarlyWakeupsTheSocketIsReadUntilItHasNoMore) {
  for (const bool early : {true, false}) {
    Bench bench(Tls13());
    const KernelTlsSupport support{true, false, early, ""};
    ASSERT_TRUE(bench.Up(support));
    EXPECT_EQ(bench.server().edge_triggered(), early);
    ASSERT_EQ(bench.client().Write(Pattern(100)), 100U);
    bench.kernel.receive_calls = 0;
    EXPECT_EQ(bench.server().Read(bench.room).bytes, 100U);
    EXPECT_EQ(bench.kernel.receive_calls, early ? 2 : 1);
  }
}

TEST(KernelTls, FullBufferSaysSo) {
  Bench bench(Tls13());
  ASSERT_TRUE(bench.Up(kOldKernel));
  ASSERT_EQ(bench.client().Write(Pattern(10'000)), 10'000U);
  Bytes small(1000);
  Bytes got;
  ReadOutcome outcome{0, ReadStatus::kFull};
  while (outcome.status == ReadStatus::kFull) {
    outcome = bench.server().Read(small);
    Append(got, ByteView(small).first(outcome.bytes));
  }
  EXPECT_EQ(outcome.status, ReadStatus::kDrained);
  EXPECT_TRUE(got == Pattern(10'000));
}

TEST(KernelTls, KeyUpdatesAreFollowedAndAnswered) {
  for (const KernelTlsWish wish :
       {KernelTlsWish{true, true}, KernelTlsWish{true, false}, KernelTlsWish{false, true}}) {
    for (const char* suite :
         {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
      Bench bench(Tls13(suite));
      ASSERT_TRUE(bench.Up(kNewKernel, wish));
      for (std::uint32_t round = 0; round < 6; ++round) {
        ASSERT_EQ(
            SSL_key_update(bench.client().ssl(), round % 2 == 0 ? SSL_KEY_UPDATE_REQUESTED
                                                                : SSL_KEY_UPDATE_NOT_REQUESTED),
            1);
        bench.Exchange(20'000, round);
      }
      EXPECT_EQ(bench.kernel.receive_keys, wish.receive ? 7 : 0);
      EXPECT_EQ(bench.kernel.send_keys, wish.send ? 4 : 0);
    }
  }
}

TEST(KernelTls, AKernelThatCannotFollowAKeyUpdateEndsTheConnectionInOrder) {
  Bench bench(Tls13());
  ASSERT_TRUE(bench.Up(kOldKernel));
  SSL_key_update(bench.client().ssl(), SSL_KEY_UPDATE_REQUESTED);
  bench.client().Write(Pattern(10));
  EXPECT_EQ(bench.server().Read(bench.room).status, ReadStatus::kFailed);
  EXPECT_EQ(bench.server().failure_kind(), TlsFailure::kKeyUpdate);
  EXPECT_THAT(bench.server().failure(), HasSubstr("KeyUpdate"));
  bench.client().Read();
  EXPECT_TRUE(bench.client().got_close_notify());
  EXPECT_FALSE(bench.client().failed());
}

// OpenSSL reads and could follow, but the answer needs a new key of the kernel's.
TEST(KernelTls, AnAnswerToAKeyUpdateThatCannotBeGivenEndsTheConnectionInOrder) {
  Bench bench(Tls13());
  ASSERT_TRUE(bench.Up(kOldKernel, {true, false}));
  SSL_key_update(bench.client().ssl(), SSL_KEY_UPDATE_NOT_REQUESTED);
  bench.Exchange(5000);
  SSL_key_update(bench.client().ssl(), SSL_KEY_UPDATE_REQUESTED);
  bench.client().Write(Pattern(10));
  EXPECT_EQ(bench.server().Read(bench.room).status, ReadStatus::kFailed);
  EXPECT_EQ(bench.server().failure_kind(), TlsFailure::kKeyUpdate);
  bench.client().Read();
  EXPECT_TRUE(bench.client().got_close_notify());
  EXPECT_FALSE(bench.client().failed());
}

TEST(KernelTls, AnAnswerWaitsBehindWhatTheSocketDidNotTake) {
  Bench bench(Tls13(), 4096);
  ASSERT_TRUE(bench.Up(kNewKernel));
  const Bytes down = Pattern(300'000);
  ASSERT_TRUE(bench.server().Write(down));
  // Asked twice before the answer can leave: one will do.
  for (int i = 0; i < 2; ++i) {
    SSL_key_update(bench.client().ssl(), SSL_KEY_UPDATE_REQUESTED);
    ASSERT_EQ(bench.client().Write(Pattern(10)), 10U);
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(bench.server().Read(bench.room).bytes, 10U) << bench.server().failure();
  }
  EXPECT_EQ(bench.kernel.send_keys, 1);
  Bytes got;
  for (int i = 0; i < 10'000 && bench.server().wants_write(); ++i) {
    ASSERT_TRUE(bench.server().Flush()) << bench.server().failure();
    Append(got, bench.client().Read());
  }
  EXPECT_EQ(bench.kernel.send_keys, 2);
  ASSERT_TRUE(bench.server().Write(Pattern(33)));
  while (!bench.kernel.PushOut(bench.server().fd())) Append(got, bench.client().Read());
  Append(got, bench.client().Read());
  Bytes all = down;
  Append(all, Pattern(33));
  EXPECT_TRUE(got == all);
  EXPECT_FALSE(bench.client().failed());
}

TEST(KernelTls, AFloodOfKeyUpdatesEndsTheConnection) {
  Bench bench(Tls13());
  ASSERT_TRUE(bench.Up(kNewKernel));
  ReadOutcome outcome;
  int rounds = 0;
  for (; rounds < 1000 && outcome.status != ReadStatus::kFailed; ++rounds) {
    SSL_key_update(bench.client().ssl(), SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(bench.client().ssl());
    outcome = bench.server().Read(bench.room);
  }
  EXPECT_EQ(outcome.status, ReadStatus::kFailed);
  EXPECT_TRUE(bench.server().flooded());
  EXPECT_GE(rounds, HousekeepingBucket::kBurst);
}

TEST(KernelTls, RenegotiationIsRefusedAndTheConnectionGoesOn) {
  for (const KernelTlsWish wish : {KernelTlsWish{true, true}, KernelTlsWish{true, false}}) {
    Bench bench(Tls12());
    ASSERT_TRUE(bench.Up(kOldKernel, wish));
    ASSERT_EQ(SSL_renegotiate(bench.client().ssl()), 1);
    SSL_do_handshake(bench.client().ssl());
    EXPECT_EQ(bench.server().Read(bench.room).status, ReadStatus::kDrained)
        << bench.server().failure();
    SSL_do_handshake(bench.client().ssl());
    EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
    EXPECT_TRUE(bench.server().Write(Pattern(5)));
  }
}

// What no client may send after the handshake, and what is answered.
struct Nonsense {
  const char* name;
  ClientOptions options;
  std::uint8_t type;
  Bytes plaintext;
  TlsFailure kind;
  int alert;  // -1: none
};
class KernelTlsNonsense : public ::testing::TestWithParam<Nonsense> {};

INSTANTIATE_TEST_SUITE_P(
    Records, KernelTlsNonsense,
    ::testing::Values(
        Nonsense{"NewSessionTicket", Tls13(), 22, {4, 0, 0, 1, 0}, TlsFailure::kProtocol, 10},
        Nonsense{"KeyUpdateInTls12", Tls12(), 22, {24, 0, 0, 1, 0}, TlsFailure::kProtocol, 10},
        Nonsense{"KeyUpdateOfWrongValue", Tls13(), 22, {24, 0, 0, 1, 2}, TlsFailure::kProtocol, 10},
        Nonsense{"TwoKeyUpdatesInOneRecord",
                 Tls13(),
                 22,
                 {24, 0, 0, 1, 0, 24, 0, 0, 1, 0},
                 TlsFailure::kProtocol,
                 10},
        Nonsense{"HalfAKeyUpdate", Tls13(), 22, {24, 0, 0}, TlsFailure::kProtocol, 10},
        Nonsense{"EmptyHandshake", Tls13(), 22, {}, TlsFailure::kProtocol, 10},
        Nonsense{"HalfAClientHello", Tls12(), 22, {1, 0, 2, 0, 3, 3}, TlsFailure::kProtocol, 10},
        Nonsense{"ChangeCipherSpec", Tls12(), 20, {1}, TlsFailure::kProtocol, 10},
        Nonsense{"Heartbeat", Tls12(), 24, {1, 0, 0}, TlsFailure::kProtocol, 10},
        Nonsense{"ShortAlert", Tls13(), 21, {2}, TlsFailure::kProtocol, 50},
        Nonsense{"LongAlert", Tls13(), 21, {1, 0, 1, 0}, TlsFailure::kProtocol, 50},
        Nonsense{"FatalAlert", Tls13(), 21, {2, 20}, TlsFailure::kAlert, -1},
        Nonsense{"WarningInTls13", Tls13(), 21, {1, 100}, TlsFailure::kAlert, -1},
        Nonsense{"UnknownAlert", Tls12(), 21, {2, 200}, TlsFailure::kAlert, -1}),
    [](const auto& nonsense) { return nonsense.param.name; });

TEST_P(KernelTlsNonsense, EndsTheConnection) {
  Bench bench(GetParam().options);
  ASSERT_TRUE(bench.Up(kNewKernel));
  bench.kernel.Inject(GetParam().type, GetParam().plaintext);
  EXPECT_EQ(bench.server().Read(bench.room).status, ReadStatus::kFailed);
  EXPECT_EQ(bench.server().failure_kind(), GetParam().kind) << bench.server().failure();
  bench.client().Read();
  EXPECT_EQ(bench.client().alert(), GetParam().alert);
}

TEST(KernelTls, HarmlessAlertsAndEmptyRecordsAreCountedOnly) {
  Bench old(Tls12());
  ASSERT_TRUE(old.Up(kOldKernel));
  old.kernel.Inject(21, {1, SSL_AD_NO_RENEGOTIATION});
  EXPECT_EQ(old.server().Read(old.room).status, ReadStatus::kDrained);
  for (int i = 0; i < HousekeepingBucket::kBurst; ++i) old.kernel.Inject(21, {1, 100});
  EXPECT_EQ(old.server().Read(old.room).status, ReadStatus::kFailed);
  EXPECT_TRUE(old.server().flooded());

  Bench recent(Tls13());
  ASSERT_TRUE(recent.Up(kOldKernel));
  recent.kernel.Inject(21, {1, SSL_AD_USER_CANCELLED});
  EXPECT_EQ(recent.server().Read(recent.room).status, ReadStatus::kDrained);
  recent.kernel.Inject(21, {2, SSL_AD_CLOSE_NOTIFY});
  EXPECT_EQ(recent.server().Read(recent.room).status, ReadStatus::kClosed);
}

TEST(KernelTls, WrongRecordHeadersHaveTheirAlerts) {
  struct Case {
    Bytes header;
    int alert;
  };
  for (const Case& wrong : {Case{{23, 3, 3, 0x50, 0}, SSL_AD_RECORD_OVERFLOW},
                            Case{{23, 2, 0, 0, 64}, SSL_AD_PROTOCOL_VERSION}}) {
    Bench bench(Tls13());
    ASSERT_TRUE(bench.Up(kOldKernel));
    SendGarbage(bench, wrong.header);
    EXPECT_EQ(bench.server().Read(bench.room).status, ReadStatus::kFailed);
    EXPECT_EQ(bench.server().failure_kind(), TlsFailure::kBadRecord);
    bench.client().Read();
    EXPECT_EQ(bench.client().alert(), wrong.alert);
  }
}

// ---- The AEAD limit

// 100 records of 1,000 octets.
const KeyBudget kSmallBudget(100 * (1000 / 16 + 3));

TEST(KernelTls, AtTheLimitTheKeyIsReplaced) {
  for (const bool kernel : {true, false}) {
    Bench bench(Tls13());
    bench.server().set_key_budget(kSmallBudget);
    ASSERT_TRUE(bench.Up(kNewKernel, {kernel, kernel}));
    for (int i = 0; i < 450; ++i) {
      ASSERT_TRUE(bench.server().Write(Pattern(1000))) << i << bench.server().failure();
      ASSERT_TRUE(bench.client().Read() == Pattern(1000)) << i;
    }
    EXPECT_EQ(bench.kernel.send_keys, kernel ? 5 : 0);
    EXPECT_FALSE(bench.client().failed());
  }
}

TEST(KernelTls, AtTheLimitWithoutANextKeyTheConnectionEndsInOrder) {
  struct Case {
    ClientOptions options;
    KernelTlsWish wish;
  };
  int number = 0;
  for (const Case& ends : {Case{Tls13(), {}}, Case{Tls12(), {}}, Case{Tls12(), {false, false}}}) {
    SCOPED_TRACE(number++);
    Bench bench(ends.options);
    bench.server().set_key_budget(kSmallBudget);
    ASSERT_TRUE(bench.Up(kOldKernel, ends.wish));
    int written = 0;
    while (written < 200 && bench.server().Write(Pattern(1000))) {
      ++written;
      ASSERT_TRUE(bench.client().Read() == Pattern(1000));
    }
    EXPECT_EQ(written, 100);
    EXPECT_EQ(bench.server().failure_kind(), TlsFailure::kKeyLimit);
    EXPECT_THAT(bench.server().failure(), HasSubstr("AEAD limit"));
    bench.client().Read();
    EXPECT_TRUE(bench.client().got_close_notify());
    EXPECT_FALSE(bench.client().failed());
  }
}

TEST(KernelTls, ChaChaHasNoLimit) {
  for (const bool kernel : {true, false}) {
    Bench bench(Tls12("ECDHE-ECDSA-CHACHA20-POLY1305"));
    bench.server().set_key_budget(kSmallBudget);
    ASSERT_TRUE(bench.Up(kOldKernel, {kernel, kernel}));
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(bench.server().Write(Pattern(1000)));
      bench.client().Read();
    }
  }
}

// ---- What stays with OpenSSL

KernelTlsOutcome OutcomeOf(Bench& bench, const KernelTlsSupport& support = kOldKernel) {
  EXPECT_TRUE(bench.pair->Connect());
  const KernelTlsOutcome outcome = bench.server().EnableKernelTls({}, support);
  bench.Exchange(20'000);
  return outcome;
}

TEST(KernelTlsFallback, NoKernelSupport) {
  Bench bench(Tls13());
  const KernelTlsOutcome outcome = OutcomeOf(bench, {});
  EXPECT_FALSE(outcome.send || outcome.receive);
  EXPECT_EQ(outcome.fallback, KernelTlsFallback::kNoKernelSupport);
}

TEST(KernelTlsFallback, CiphersThatNoKernelHas) {
  for (const char* cipher : {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-CCM8"}) {
    Bench bench(Tls12(cipher));
    const KernelTlsOutcome outcome = OutcomeOf(bench);
    EXPECT_FALSE(outcome.send || outcome.receive);
    EXPECT_EQ(outcome.fallback, KernelTlsFallback::kCipher);
  }
}

TEST(KernelTlsFallback, OldVersion) {
  ClientOptions options = Tls12("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0");
  options.max_version = TLS1_1_VERSION;
  Bench bench(options);
  EXPECT_EQ(OutcomeOf(bench).fallback, KernelTlsFallback::kVersion);
}

TEST(KernelTlsFallback, ShortRecordsAgreed) {
  for (ClientOptions options : {Tls12(), Tls13()}) {
    options.max_fragment_length = TLSEXT_max_fragment_length_1024;
    Bench bench(options);
    EXPECT_EQ(OutcomeOf(bench).fallback, KernelTlsFallback::kUnusable);
  }
}

TEST(KernelTlsFallback, SecretsWereNotNoted) {
  Bench bench(Tls13());
  bench.context = std::move(TlsContext::Create(SettingsOf(ServerIdentity()), "")).value();
  bench.pair = std::make_unique<TlsPair>(*bench.context, Tls13(), 0, bench.kernel);
  EXPECT_EQ(OutcomeOf(bench).fallback, KernelTlsFallback::kUnusable);
}

TEST(KernelTlsFallback, WhatTheKernelRefuses) {
  Bench attach(Tls13());
  attach.kernel.attach_error = ENOENT;
  const KernelTlsOutcome none = OutcomeOf(attach);
  EXPECT_FALSE(none.send || none.receive);
  EXPECT_EQ(none.fallback, KernelTlsFallback::kRefused);

  Bench send(Tls13());
  send.kernel.send_key_error = ENOENT;
  const KernelTlsOutcome receive_only = OutcomeOf(send);
  EXPECT_TRUE(!receive_only.send && receive_only.receive);
  EXPECT_EQ(receive_only.fallback, KernelTlsFallback::kRefused);

  Bench receive(Tls12());
  receive.kernel.receive_key_error = EINVAL;
  const KernelTlsOutcome send_only = OutcomeOf(receive);
  EXPECT_TRUE(send_only.send && !send_only.receive);
  EXPECT_EQ(send_only.fallback, KernelTlsFallback::kRefused);
}

TEST(KernelTlsFallback, NotWantedIsNoFallback) {
  Bench bench(Tls13());
  ASSERT_TRUE(bench.pair->Connect());
  const KernelTlsOutcome outcome = bench.server().EnableKernelTls({false, false}, kNewKernel);
  EXPECT_FALSE(outcome.send || outcome.receive);
  EXPECT_EQ(outcome.fallback, KernelTlsFallback::kNone);
  bench.Exchange(1000);
}

}  // namespace
}  // namespace sstpgw::edge
