// CoDel's law and what it does to packets, step by step.
#include "ebpf/queue.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace sstpgw {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000 * kMillisecond;
constexpr std::uint64_t kStart = 1'000'000 * kSecond;
constexpr std::uint64_t kInterval = 100 * kMillisecond;
constexpr std::uint32_t kMtu = 1400;

sg_limit Managed(std::uint32_t kind, std::uint64_t rate, std::uint64_t burst = 0) {
  sg_limit limit = sg_limit_make(kind, rate, burst, 50 * kMillisecond, kMtu);
  sg_limit_manage(&limit, 10 * kMillisecond, kInterval);
  return limit;
}

TEST(QueueLimit, TargetIsTheTimeButNeverBelowFourPackets) {
  const sg_limit fast = Managed(SG_KIND_PACE, 100'000'000);
  EXPECT_EQ(fast.target, 125'000U);
  EXPECT_EQ(fast.interval_ns, kInterval);
  EXPECT_EQ(fast.queue, 625'000U);
  const sg_limit slow = Managed(SG_KIND_EDT, 256'000);
  EXPECT_EQ(slow.target, 4U * kMtu);
  EXPECT_EQ(slow.queue, 16U * kMtu);
  EXPECT_EQ(slow.interval_ns, kInterval + 165'000'000);  // 175 ms for four packets
}

TEST(QueueLimit, OnlyKindsWithAQueueSignal) {
  EXPECT_EQ(Managed(SG_KIND_POLICE, 1'000'000).interval_ns, 0U);
  EXPECT_EQ(Managed(SG_KIND_COUNT, 1'000'000).interval_ns, 0U);
  EXPECT_EQ(Managed(SG_KIND_EDT, 0).interval_ns, 0U);
}

TEST(QueueLimit, EndsOfTheScaleHaveRoom) {
  for (const std::uint64_t rate : {std::uint64_t{1}, std::uint64_t{SG_MAX_RATE}}) {
    sg_limit limit = sg_limit_make(SG_KIND_PACE, rate, ~0ULL, ~0ULL, 65535);
    sg_limit_manage(&limit, ~0ULL, ~0ULL);
    EXPECT_EQ(limit.target, SG_MAX_BURST);
    EXPECT_EQ(limit.interval_ns, SG_MAX_INTERVAL_NS);
    sg_limit_manage(&limit, 0, 0);
    EXPECT_EQ(limit.target, 4U * 65535);
    EXPECT_GE(limit.interval_ns, 1U);
    EXPECT_LE(limit.interval_ns, SG_MAX_INTERVAL_NS);
  }
}

TEST(Codel, GapIsTheIntervalByTheRootWithinAPercent) {
  for (const std::uint64_t interval : {kInterval, std::uint64_t{SG_MAX_INTERVAL_NS}}) {
    for (std::uint32_t count = 1; count <= SG_CODEL_MOST; ++count) {
      const double exact = static_cast<double>(interval) / std::sqrt(count);
      ASSERT_NEAR(static_cast<double>(sg_codel_gap_ns(interval, count)) / exact, 1, 0.01) << count;
    }
  }
  EXPECT_EQ(sg_codel_gap_ns(kInterval, 1), kInterval);
  EXPECT_EQ(sg_codel_gap_ns(kInterval, 4), kInterval / 2);
}

// Times of signals, in ms, of a queue that is looked at each millisecond.
std::vector<int> Signals(sg_codel* codel, int from, int to) {
  std::vector<int> times;
  for (int ms = from; ms < to; ++ms) {
    const std::uint64_t now = kStart + static_cast<std::uint64_t>(ms) * kMillisecond;
    if (sg_codel_signal(codel, 1, kInterval, now)) times.push_back(ms);
  }
  return times;
}

TEST(Codel, SignalsAfterAnIntervalAndThenEverFaster) {
  sg_codel codel{};
  EXPECT_THAT(Signals(&codel, 0, 500), ::testing::ElementsAre(100, 200, 271, 329, 379, 424, 465));
}

TEST(Codel, QueueThatFallsBelowTheTargetIsForgotten) {
  sg_codel codel{};
  EXPECT_TRUE(Signals(&codel, 0, 100).empty());
  EXPECT_FALSE(sg_codel_signal(&codel, 0, kInterval, kStart + 100 * kMillisecond));
  EXPECT_THAT(Signals(&codel, 101, 300), ::testing::ElementsAre(201));
}

TEST(Codel, QueueThatComesBackSoonIsMetWithTheSignalsItTook) {
  sg_codel codel{};
  const auto before = Signals(&codel, 0, 2000);
  ASSERT_GT(before.size(), 50U);
  EXPECT_FALSE(sg_codel_signal(&codel, 0, kInterval, kStart + 2000 * kMillisecond));
  sg_codel late = codel;
  // It has to stand for an interval again, but then signals come as fast as they did.
  const auto again = Signals(&codel, 2001, 2301);
  ASSERT_GT(again.size(), 10U);
  EXPECT_EQ(again[0], 2101);
  EXPECT_LE(again[1], 2101 + 15);
  // 16 intervals later it is a new one.
  EXPECT_THAT(Signals(&late, 3700, 3950), ::testing::ElementsAre(3800, 3900));
}

TEST(Codel, ASeriesOfOneSignalIsNoHistory) {
  sg_codel codel{};
  EXPECT_THAT(Signals(&codel, 0, 101), ::testing::ElementsAre(100));
  EXPECT_FALSE(sg_codel_signal(&codel, 0, kInterval, kStart + 101 * kMillisecond));
  EXPECT_THAT(Signals(&codel, 102, 402), ::testing::ElementsAre(202, 302, 373));
}

TEST(Codel, SignalsThatWereDueInAPauseAreNotMadeUpFor) {
  sg_codel codel{};
  ASSERT_EQ(Signals(&codel, 0, 1000).size(), 27U);
  const auto after = Signals(&codel, 1500, 1600);
  EXPECT_LE(after.size(), 8U);
}

TEST(Codel, CountStaysWhatFits) {
  sg_codel codel{
      .above_ns = kStart, .next_ns = kStart, .count = SG_CODEL_MOST, .begun = 1, .active = 1};
  EXPECT_TRUE(sg_codel_signal(&codel, 1, kInterval, kStart));
  EXPECT_EQ(codel.count, SG_CODEL_MOST);
  EXPECT_TRUE(sg_codel_signal(&codel, 1, kInterval, kStart + kInterval));
}

TEST(Codel, ClockThatIsSetBackOrAShorterIntervalDelaysNoLongerThanAnInterval) {
  sg_codel codel{
      .above_ns = kStart + 3600 * kSecond, .next_ns = 0, .count = 0, .begun = 0, .active = 0};
  EXPECT_FALSE(sg_codel_signal(&codel, 1, kInterval, kStart));
  EXPECT_TRUE(sg_codel_signal(&codel, 1, kInterval, kStart + kInterval));
  codel.next_ns = kStart + 3600 * kSecond;
  EXPECT_FALSE(sg_codel_signal(&codel, 1, kInterval, kStart + kInterval));
  EXPECT_TRUE(sg_codel_signal(&codel, 1, kInterval, kStart + 2 * kInterval));
}

// A queue of 20 ms that stands for a second: what packets are told, and what they cost.
struct Told {
  int passed = 0;
  int signalled = 0;
  int dropped = 0;
};
Told Stand(const sg_limit& limit, int ecn) {
  sg_bucket bucket{};
  sg_codel codel{};
  Told told;
  // The first fills the queue, and each of the others comes when as much has left.
  sg_queue_admit(&bucket, &codel, &limit, limit.burst + 250'000, ecn, kStart);
  for (std::uint64_t at = 0; at < kSecond; at += 112'000) {
    const std::int64_t before = bucket.octets;
    const sg_admission admission = sg_queue_admit(&bucket, &codel, &limit, 1400, ecn, kStart + at);
    const bool drop = admission.verdict == SG_VERDICT_DROP;
    ++(drop ? told.dropped : admission.verdict == SG_VERDICT_SIGNAL ? told.signalled : told.passed);
    EXPECT_EQ(bucket.octets, before + (at == 0 ? 0 : 1400) - (drop ? 0 : 1400));
    // In place of one that was dropped, so that the queue does not shrink.
    if (drop) bucket.octets -= 1400;
  }
  return told;
}

TEST(QueueAdmission, SignalsMarkWhoUnderstandsAndDropOthers) {
  for (const std::uint32_t kind : {SG_KIND_EDT, SG_KIND_PACE}) {
    const sg_limit limit = Managed(kind, 100'000'000);
    const Told marked = Stand(limit, 1);
    EXPECT_EQ(marked.dropped, 0);
    EXPECT_EQ(marked.signalled, 27);
    const Told others = Stand(limit, 0);
    EXPECT_EQ(others.signalled, 0);
    EXPECT_EQ(others.dropped, 27);
    EXPECT_EQ(others.passed, marked.passed);
  }
}

TEST(QueueAdmission, WithoutAnIntervalNothingIsSignalled) {
  const sg_limit limit = sg_limit_make(SG_KIND_PACE, 100'000'000, 0, 50 * kMillisecond, kMtu);
  const Told told = Stand(limit, 1);
  EXPECT_EQ(told.signalled + told.dropped, 0);
}

TEST(QueueAdmission, FullQueueDropsMarkableOnesAsWell) {
  const sg_limit limit = Managed(SG_KIND_PACE, 100'000'000);
  sg_bucket bucket{};
  sg_codel codel{};
  sg_queue_admit(&bucket, &codel, &limit, limit.burst + limit.queue, 1, kStart);
  EXPECT_EQ(sg_queue_admit(&bucket, &codel, &limit, 1, 1, kStart).verdict,
            std::uint32_t{SG_VERDICT_PASS});
  EXPECT_EQ(sg_queue_admit(&bucket, &codel, &limit, 1, 1, kStart).verdict,
            std::uint32_t{SG_VERDICT_DROP});
}

// Any rate, any packets: no arithmetic leaves its range, and a queue is never longer than it may.
TEST(QueueAdmission, NothingOverflowsFromABitToATerabit) {
  std::mt19937_64 random(11);
  for (std::uint64_t rate = 1; rate <= SG_MAX_RATE; rate *= 10) {
    for (const std::uint64_t wait : {std::uint64_t{0}, 50 * kMillisecond, ~std::uint64_t{0}}) {
      sg_limit limit = sg_limit_make(SG_KIND_EDT, rate, rate / 80, wait, 65535);
      sg_limit_manage(&limit, 10 * kMillisecond, kInterval);
      sg_bucket bucket{};
      sg_codel codel{};
      std::uint64_t now = kStart;
      std::uint64_t last = 0;
      for (int i = 0; i < 2000; ++i) {
        now += random() % (std::uint64_t{1} << random() % 45);
        const std::uint64_t octets = random() % (2 * SG_MAX_CHARGE);
        const sg_admission admission = sg_queue_admit(&bucket, &codel, &limit, octets, 1, now);
        ASSERT_LE(bucket.octets, static_cast<std::int64_t>(limit.burst));
        ASSERT_GE(bucket.octets, -static_cast<std::int64_t>(limit.queue + SG_MAX_CHARGE));
        if (admission.verdict == SG_VERDICT_DROP) continue;
        const std::uint64_t when = sg_departure_ns(&admission, &limit, now);
        ASSERT_GE(when, now);
        ASSERT_GE(when, last);
        ASSERT_LE(when - now, sg_octets_ns(limit.queue, rate));
        last = when;
      }
    }
  }
}

}  // namespace
}  // namespace sstpgw
