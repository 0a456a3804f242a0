// Times of departure, as SG_KIND_EDT gives them.
#include <cstdint>
#include <random>

#include "ebpf/queue.h"
#include "tests/unit/ebpf/window.h"

namespace sstpgw {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kStart = 1'000'000 * kSecond;
constexpr std::uint32_t kMtu = 1400;

sg_limit Edt(std::uint64_t rate, std::uint64_t burst, std::uint64_t wait_ns = 50 * kMillisecond) {
  return sg_limit_make(SG_KIND_EDT, rate, burst, wait_ns, kMtu);
}

// When a packet may leave; 0: dropped.
std::uint64_t Depart(sg_bucket* bucket, const sg_limit* limit, std::uint64_t octets,
                     std::uint64_t now) {
  sg_codel codel{};
  const sg_admission admission = sg_queue_admit(bucket, &codel, limit, octets, 0, now);
  return admission.verdict == SG_VERDICT_DROP ? 0 : sg_departure_ns(&admission, limit, now);
}

TEST(Departure, BurstLeavesAtOnceThenThePaceOfTheRate) {
  const sg_limit limit = Edt(8'000'000, 2800);  // an octet per microsecond
  sg_bucket bucket{};
  const std::uint64_t expected_us[] = {0, 0, 0, 1400, 2800, 4200};
  for (const std::uint64_t us : expected_us) {
    EXPECT_EQ(Depart(&bucket, &limit, 1400, kStart), kStart + us * 1000);
  }
}

TEST(Departure, WhatWouldWaitTooLongIsDropped) {
  const sg_limit limit = Edt(8'000'000, 2800);
  EXPECT_EQ(limit.queue, 50'000U);
  sg_bucket bucket{};
  int queued = 0;
  std::uint64_t last = 0;
  while (const std::uint64_t when = Depart(&bucket, &limit, 1400, kStart)) {
    last = when;
    ASSERT_LT(++queued, 1000);
  }
  EXPECT_LE(last, kStart + 50 * kMillisecond);
  EXPECT_GT(last, kStart + 48 * kMillisecond);
  // What was dropped is not paid: one packet's time later one more has room.
  EXPECT_EQ(Depart(&bucket, &limit, 1400, kStart), 0U);
  EXPECT_NE(Depart(&bucket, &limit, 1400, kStart + 1'400'000), 0U);
}

TEST(Departure, QueueOfASlowSessionHoldsSixteenPackets) {
  const sg_limit limit = Edt(64'000, 0);  // 50 ms are 400 octets
  EXPECT_EQ(limit.queue, 16U * kMtu);
  sg_bucket bucket{};
  int queued = 0;
  while (Depart(&bucket, &limit, kMtu, kStart)) ++queued;
  EXPECT_EQ(queued, 19);  // the burst's two, sixteen that wait, and one behind them
}

TEST(Departure, NoWindowOfDeparturesHoldsMoreThanRateAndBurst) {
  for (const std::uint64_t rate : {256'000ULL, 1'000'000ULL, 100'000'000ULL, 10'000'000'000ULL}) {
    for (const std::uint64_t largest : {1400U, 70'000U}) {
      std::mt19937_64 random(3);
      const sg_limit limit = Edt(rate, rate / 800);
      const std::uint64_t mean_ns = sg_octets_ns(largest / 2, rate);
      sg_bucket bucket{};
      Window window(rate);
      std::uint64_t now = kStart;
      std::uint64_t previous = 0;
      for (int i = 0; i < 30'000; ++i) {
        if (random() % 5 != 0) now += random() % (mean_ns + 1);
        const std::uint64_t size = random() % largest + 40;
        const std::uint64_t when = Depart(&bucket, &limit, size, now);
        if (when == 0) continue;
        ASSERT_GE(when, std::max(previous, now));
        ASSERT_LE(when - now, sg_octets_ns(limit.queue, rate));
        ASSERT_LE(window.Pass(size, when), static_cast<std::int64_t>(limit.burst + size)) << rate;
        previous = when;
      }
      // And the link is not idle while there is something to send. Super-packets that are larger
      // than the queue keep others out of it.
      if (largest > kMtu) continue;
      const Wide fair = Wide{rate} * Wide{previous - kStart} / 8'000'000'000;
      EXPECT_GE(Wide{window.octets()} * 100, fair * 95) << rate << " " << largest;
    }
  }
}

TEST(Departure, HigherRateShortensTheWaitAtOnce) {
  const sg_limit slow = Edt(256'000, 0, kSecond);
  const sg_limit fast = Edt(256'000'000, 0, kSecond);
  sg_bucket bucket{};
  Depart(&bucket, &slow, 2800 + 32'000, kStart);
  sg_bucket again = bucket;
  EXPECT_EQ(Depart(&bucket, &slow, 100, kStart), kStart + kSecond);
  EXPECT_EQ(Depart(&again, &fast, 100, kStart), kStart + kMillisecond);
}

// What waits has its times already, and those behind it need not wait for longer than that.
TEST(Departure, LowerRateDoesNotLengthenTheWait) {
  const sg_limit fast = Edt(100'000'000, 0);
  const sg_limit slow = Edt(1'000'000, 0);
  sg_bucket bucket{};
  std::uint64_t last = 0;
  while (const std::uint64_t when = Depart(&bucket, &fast, 1400, kStart)) last = when;
  EXPECT_GT(last, kStart + 49 * kMillisecond);
  const std::uint64_t first = Depart(&bucket, &slow, 1400, kStart);
  EXPECT_GE(first, last);
  EXPECT_LE(first, last + kMillisecond);
  EXPECT_EQ(Depart(&bucket, &slow, 1400, kStart), first + 11'200'000);
}

TEST(Departure, ClocksThatDifferKeepTheOrder) {
  const sg_limit limit = Edt(8'000'000, 2800);
  sg_bucket bucket{};
  std::uint64_t previous = 0;
  for (std::uint64_t i = 0; i < 30; ++i) {
    const std::uint64_t now = kStart + i * 1000 - i % 2 * 1500;
    const std::uint64_t when = Depart(&bucket, &limit, 1400, now);
    if (i > 3) {  // the burst is spent, and what it left as well
      EXPECT_GE(when, previous + 1'400'000 - 1);
    }
    previous = when;
  }
}

}  // namespace
}  // namespace sstpgw
