// What the kernel's half of a connection does with records that no client may send, and when its
// key has encrypted as much as it may.
#include "gateway/edge/kernel_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/edge/kernel_tls_bench.h"

namespace sstpgw::edge {
namespace {

using ::testing::HasSubstr;
using Bench = KernelTlsBench;

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

}  // namespace
}  // namespace sstpgw::edge
