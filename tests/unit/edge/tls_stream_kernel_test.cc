// TlsStream with its records in a kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "tests/unit/edge/kernel_tls_bench.h"

namespace sstpgw::edge {
namespace {

using ::testing::HasSubstr;
using Bench = KernelTlsBench;
using Sent = FakeTlsKernel::Sent;

struct Suite {
  const char* name;
  ClientOptions options;
};

class TlsStreamKernel : public ::testing::TestWithParam<Suite> {};

INSTANTIATE_TEST_SUITE_P(
    Suites, TlsStreamKernel,
    ::testing::Values(Suite{"Tls12Aes128", Tls12()},
                      Suite{"Tls12Aes256", Tls12("ECDHE-ECDSA-AES256-GCM-SHA384")},
                      Suite{"Tls12ChaCha", Tls12("ECDHE-ECDSA-CHACHA20-POLY1305")},
                      Suite{"Tls13Aes128", Tls13()},
                      Suite{"Tls13Aes256", Tls13("TLS_AES_256_GCM_SHA384")},
                      Suite{"Tls13ChaCha", Tls13("TLS_CHACHA20_POLY1305_SHA256")}),
    [](const auto& suite) { return suite.param.name; });

TEST_P(TlsStreamKernel, DataPassesBothWaysAndTheFactsStay) {
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

TEST_P(TlsStreamKernel, DataArrivingWithFinishedIsLeftToTheKernel) {
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
  ASSERT_TRUE(bench.Enable({}, kOldKernel).receive);
  const ReadOutcome outcome = pair.server->Read(bench.room);
  ASSERT_EQ(outcome.bytes, request.size()) << pair.server->failure();
  EXPECT_TRUE(std::equal(request.begin(), request.end(), bench.room.begin()));
}

TEST_P(TlsStreamKernel, EachDirectionAloneLeavesTheOtherToOpenSsl) {
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

TEST_P(TlsStreamKernel, RecordsHaveTheSizesThatWereAsked) {
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

TEST_P(TlsStreamKernel, CloseNotifyOfEitherSideIsUnderstood) {
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

TEST_P(TlsStreamKernel, ABadRecordEndsItWithTheAlertAndTheDataBeforeItCounts) {
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
TEST_P(TlsStreamKernel, ABadRecordReadByOpenSslIsAnsweredThroughTheKernel) {
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

TEST_P(TlsStreamKernel, OneMebibyteThroughTinySocketBuffersKeepsRecordsWhole) {
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

TEST(TlsStreamKernelDetails, WhatAKernelTakesInPartGoesOnInRecordsOfItsOwn) {
  Bench bench(Tls13());
  bench.kernel.send_at_most = 10'000;
  ASSERT_TRUE(bench.Up(kOldKernel));
  const Bytes data = Pattern(16384 + 500);
  const std::vector<std::size_t> sizes{16384, 500};
  ASSERT_TRUE(bench.server().WriteRecords(data, sizes));
  EXPECT_TRUE(bench.client().Read() == data);
  EXPECT_EQ(bench.kernel.sent, (std::vector<Sent>{{23, 10'000}, {23, 6384}, {23, 500}}));
}

// Of the server's, as they come in.
void CountTickets(const TlsClient& client, std::size_t& count) {
  SSL_set_msg_callback(client.ssl(), [](int write, int /*version*/, int type, const void* message,
                                        std::size_t size, SSL* /*ssl*/, void* argument) {
    const auto* const octets = static_cast<const std::uint8_t*>(message);
    const bool ticket = write == 0 && type == SSL3_RT_HANDSHAKE && size > 0 &&
                        octets[0] == SSL3_MT_NEWSESSION_TICKET;
    if (ticket) ++*static_cast<std::size_t*>(argument);
  });
  SSL_set_msg_callback_arg(client.ssl(), &count);
}

// The gateway gives none, but what the handshake sends after Finished counts as records of the key
// that the kernel goes on with: it could not decrypt a single one if they were not counted.
TEST(TlsStreamKernelDetails, SessionTicketsCount) {
  for (const std::size_t tickets : {0U, 1U, 2U, 5U}) {
    for (const KernelTlsWish wish : {KernelTlsWish{true, true}, KernelTlsWish{true, false}}) {
      Bench bench(Tls13());
      SSL_CTX_clear_options(bench.context->native(), SSL_OP_NO_TICKET);
      ASSERT_EQ(SSL_CTX_set_num_tickets(bench.context->native(), tickets), 1);
      std::size_t got = 0;
      bench.pair = std::make_unique<TlsPair>(*bench.context, Tls13(), 0, bench.kernel);
      CountTickets(bench.client(), got);
      ASSERT_TRUE(bench.Up(kOldKernel, wish)) << bench.server().failure();
      bench.Exchange(50'000);
      EXPECT_EQ(got, tickets);
      EXPECT_FALSE(bench.kernel.sent.empty());
    }
  }
}

TEST(TlsStreamKernelDetails, CorkedRecordsWait) {
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

TEST(TlsStreamKernelDetails, WithEarlyWakeupsTheSocketIsReadUntilItHasNoMore) {
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

TEST(TlsStreamKernelDetails, FullBufferSaysSo) {
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

TEST(TlsStreamKernelDetails, KeyUpdatesAreFollowedAndAnswered) {
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

TEST(TlsStreamKernelDetails, AKernelThatCannotFollowAKeyUpdateEndsTheConnectionInOrder) {
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
TEST(TlsStreamKernelDetails, AnAnswerToAKeyUpdateThatCannotBeGivenEndsTheConnectionInOrder) {
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

TEST(TlsStreamKernelDetails, AnAnswerWaitsBehindWhatTheSocketDidNotTake) {
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

TEST(TlsStreamKernelDetails, AFloodOfKeyUpdatesEndsTheConnection) {
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

TEST(TlsStreamKernelDetails, RenegotiationIsRefusedAndTheConnectionGoesOn) {
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

// ---- What stays with OpenSSL

KernelTlsOutcome OutcomeOf(Bench& bench, const KernelTlsSupport& support = kOldKernel) {
  EXPECT_TRUE(bench.pair->Connect());
  const KernelTlsOutcome outcome = bench.Enable({}, support);
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
  const KernelTlsOutcome outcome = bench.Enable({false, false}, kNewKernel);
  EXPECT_FALSE(outcome.send || outcome.receive);
  EXPECT_EQ(outcome.fallback, KernelTlsFallback::kNone);
  bench.Exchange(1000);
}

}  // namespace
}  // namespace sstpgw::edge
