#include "ebpf/rate_math.h"

#include <cstdint>
#include <random>

#include "tests/unit/ebpf/window.h"

namespace sstpgw {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kStart = 1'000'000 * kSecond;  // a machine that has run for eleven days
constexpr std::uint32_t kMtu = 1400;
constexpr std::uint64_t kRates[] = {256'000,     1'000'000,     10'000'000,
                                    100'000'000, 1'000'000'000, 10'000'000'000};

sg_limit Police(std::uint64_t rate, std::uint64_t burst) {
  return sg_limit_make(SG_KIND_POLICE, rate, burst, 0, kMtu);
}

TEST(RateMath, BurstIsNeverBelowTwoPacketsNorAboveTheMost) {
  for (const std::uint64_t rate : kRates) {
    for (const std::uint32_t mtu : {68U, 1280U, 1400U, 1500U, 65535U}) {
      const sg_limit limit = sg_limit_make(SG_KIND_POLICE, rate, 0, 0, mtu);
      EXPECT_EQ(limit.burst, 2 * mtu);
      EXPECT_EQ(limit.floor, 2 * mtu);
    }
  }
  EXPECT_EQ(Police(1'000'000, 2799).burst, 2800U);
  EXPECT_EQ(Police(1'000'000, 2801).burst, 2801U);
  EXPECT_EQ(Police(1'000'000, ~0ULL).burst, SG_MAX_BURST);
  EXPECT_EQ(Police(~0ULL, 0).rate, SG_MAX_RATE);
  EXPECT_EQ(Police(1'000'000, 0).queue, 0U);
}

TEST(RateMath, NoRateIsNoLimit) {
  for (const std::uint32_t kind : {SG_KIND_COUNT, SG_KIND_POLICE, SG_KIND_EDT, SG_KIND_PACE}) {
    EXPECT_EQ(sg_limit_make(kind, 0, 1000, 1000, kMtu).kind, std::uint32_t{SG_KIND_COUNT});
    EXPECT_EQ(sg_limit_make(kind, 1, 1000, 1000, kMtu).kind, kind);
  }
}

TEST(RateMath, OctetsAndTimesConvertUpToTheEnds) {
  EXPECT_EQ(sg_octets_ns(0, 1), 0U);
  EXPECT_EQ(sg_octets_ns(1, 8), kSecond);
  EXPECT_EQ(sg_octets_ns(1, 3), 2'666'666'667U);
  EXPECT_EQ(sg_octets_ns(125, SG_MAX_RATE), 1U);
  EXPECT_EQ(sg_octets_ns(1, SG_MAX_RATE), 1U);
  EXPECT_EQ(sg_octets_ns(2 * SG_MAX_BURST + SG_MAX_CHARGE, 1),
            (2 * SG_MAX_BURST + SG_MAX_CHARGE) * SG_OCTET);
  EXPECT_EQ(sg_ns_octets(kSecond, 8, 100), 1U);
  EXPECT_EQ(sg_ns_octets(kSecond - 1, 8, 100), 0U);
  EXPECT_EQ(sg_ns_octets(kSecond, 8000, 100), 100U);
  EXPECT_EQ(sg_ns_octets(~0ULL, SG_MAX_RATE, SG_MAX_BURST), SG_MAX_BURST);
  EXPECT_EQ(sg_ns_octets(~0ULL, 0, SG_MAX_BURST), 0U);
}

TEST(RateMath, BucketOfZerosIsFull) {
  for (const std::uint64_t rate : kRates) {
    const sg_limit limit = Police(rate, 100'000);
    sg_bucket bucket{};
    sg_bucket_fill(&bucket, &limit, kStart);
    EXPECT_EQ(bucket.octets, 100'000);
  }
}

// Packets of any size come far faster than they may pass, at any times.
struct Load {
  std::uint64_t rate;
  std::uint64_t burst;
  std::uint64_t least;
  std::uint64_t largest;
};

// Returns what passed in ten seconds; every window is looked at.
std::uint64_t RunPolice(const Load& load, unsigned seed) {
  std::mt19937_64 random(seed);
  const sg_limit limit = Police(load.rate, load.burst);
  sg_bucket bucket{};
  Window window(load.rate);
  std::uniform_int_distribution<std::uint64_t> sizes(load.least, load.largest);
  const std::uint64_t mean_ns = sg_octets_ns((load.least + load.largest) / 2, load.rate);
  std::uint64_t now = kStart;
  const std::uint64_t excess = load.largest > limit.floor ? load.largest - limit.floor : 0;
  while (now < kStart + 10 * kSecond) {
    // Sometimes many at once, sometimes a pause.
    const std::uint64_t kind = random() % 100;
    if (kind == 0) now += random() % (mean_ns * 50);
    if (kind > 20) now += random() % mean_ns + 1;
    const std::uint64_t size = sizes(random);
    if (!sg_bucket_take(&bucket, &limit, size, now)) continue;
    EXPECT_LE(window.Pass(size, now), static_cast<std::int64_t>(limit.burst + excess));
    if (::testing::Test::HasFailure()) break;
  }
  return window.octets();
}

TEST(RateMath, NoWindowHoldsMoreThanRateAndBurst) {
  for (const std::uint64_t rate : kRates) {
    if (rate > 1'000'000'000) continue;  // too many packets; the next test has them
    for (const std::uint64_t burst : {std::uint64_t{0}, std::uint64_t{5000}, rate / 80}) {
      SCOPED_TRACE(std::to_string(rate) + " " + std::to_string(burst));
      RunPolice({rate, burst, 40, kMtu}, 1);
      RunPolice({rate, burst, kMtu, 70'000}, 2);
    }
  }
}

TEST(RateMath, WhatIsAskedForWithoutPauseIsTheRateToTheOctet) {
  for (const std::uint64_t rate : kRates) {
    const sg_limit limit = Police(rate, rate / 80);
    const std::uint64_t size = rate < 100'000'000 ? 1337 : 60'001;
    sg_bucket bucket{};
    Window window(rate);
    // Looked at so often that each look credits a fraction of an octet, or a few.
    const std::uint64_t step = std::max<std::uint64_t>(sg_octets_ns(size, rate) / 97, 1);
    std::uint64_t now = kStart;
    for (int i = 0; i < 300'000; ++i, now += step) {
      if (sg_bucket_take(&bucket, &limit, size, now)) window.Pass(size, now);
    }
    const Wide fair = Wide{rate} * Wide{now - step - kStart} / 8'000'000'000 + Wide{limit.burst};
    EXPECT_LE(Wide{window.octets()}, fair + Wide{size}) << rate;
    EXPECT_GE(Wide{window.octets()}, fair - Wide{size}) << rate;
  }
}

TEST(RateMath, SuperPacketPassesASmallBurstAndIsPaidBack) {
  const sg_limit limit = Police(256'000, 0);
  sg_bucket bucket{};
  EXPECT_TRUE(sg_bucket_take(&bucket, &limit, 65'536, kStart));
  EXPECT_EQ(bucket.octets, 2800 - 65'536);
  // 62'736 octets of debt and the two packets' worth that the next one needs.
  const std::uint64_t paid = kStart + sg_octets_ns(65'536, 256'000);
  EXPECT_FALSE(sg_bucket_take(&bucket, &limit, 65'536, paid - 1));
  EXPECT_TRUE(sg_bucket_take(&bucket, &limit, 65'536, paid));
  // A small one needs its own size only.
  EXPECT_FALSE(sg_bucket_take(&bucket, &limit, 40, paid + sg_octets_ns(62'776, 256'000) - 1));
  EXPECT_TRUE(sg_bucket_take(&bucket, &limit, 40, paid + sg_octets_ns(62'776, 256'000)));
}

TEST(RateMath, ClockThatStepsBackCreditsNothingTwice) {
  const sg_limit limit = Police(8'000'000, 10'000);
  sg_bucket bucket{};
  sg_bucket_fill(&bucket, &limit, kStart);
  EXPECT_TRUE(sg_bucket_take(&bucket, &limit, 10'000, kStart));
  // Two processors' clocks take turns; the later one's time is what counts.
  for (int i = 1; i <= 1000; ++i) {
    const std::uint64_t now = kStart + static_cast<std::uint64_t>(i) * 1000;
    sg_bucket_fill(&bucket, &limit, now);
    sg_bucket_fill(&bucket, &limit, now - 700);
  }
  EXPECT_EQ(bucket.octets, 1000);
  EXPECT_EQ(bucket.last_ns, kStart + 1'000'000);
}

TEST(RateMath, ClockSetFarBackGoesOnFromThere) {
  const sg_limit limit = Police(8'000'000, 10'000);
  sg_bucket bucket{};
  EXPECT_TRUE(sg_bucket_take(&bucket, &limit, 10'000, kStart));
  EXPECT_FALSE(sg_bucket_take(&bucket, &limit, 1000, kStart - 5 * kSecond));
  EXPECT_FALSE(sg_bucket_take(&bucket, &limit, 1000, kStart - 5 * kSecond + 999'999));
  EXPECT_TRUE(sg_bucket_take(&bucket, &limit, 1000, kStart - 5 * kSecond + 1'000'000));
}

TEST(RateMath, ClockThatLeapsAheadFillsTheBucketOnce) {
  for (const std::uint64_t rate :
       {std::uint64_t{1}, std::uint64_t{256'000}, std::uint64_t{SG_MAX_RATE}}) {
    const sg_limit limit = Police(rate, SG_MAX_BURST);
    sg_bucket bucket{-static_cast<std::int64_t>(SG_MAX_CHARGE), kStart, SG_OCTET - 1, 0};
    sg_bucket_fill(&bucket, &limit, ~0ULL);
    if (rate > 1) {
      EXPECT_EQ(bucket.octets, static_cast<std::int64_t>(SG_MAX_BURST));
    }
    EXPECT_LE(bucket.octets, static_cast<std::int64_t>(SG_MAX_BURST));
  }
}

TEST(RateMath, LongestUnfilledTimeDoesNotOverflow) {
  for (const std::uint64_t rate :
       {std::uint64_t{1}, std::uint64_t{256'000}, std::uint64_t{SG_MAX_RATE - 1}}) {
    const sg_limit limit = sg_limit_make(SG_KIND_EDT, rate, SG_MAX_BURST, ~0ULL, kMtu);
    const std::int64_t deepest = -static_cast<std::int64_t>(limit.queue + SG_MAX_CHARGE);
    sg_bucket bucket{deepest, 0, SG_OCTET - 1, rate};
    sg_bucket_fill(&bucket, &limit, limit.fill_ns - 1);
    const Wide gained = Wide{limit.fill_ns - 1} * Wide{rate} + SG_OCTET - 1;
    EXPECT_EQ(Wide{bucket.octets},
              std::min(Wide{deepest} + gained / Wide{SG_OCTET}, Wide{limit.burst}));
    EXPECT_GE(bucket.octets, static_cast<std::int64_t>(limit.burst - rate / SG_OCTET) - 1);
  }
}

TEST(RateMath, ChangeOfTheLimitGivesNoBurstAway) {
  const sg_limit slow = Police(1'000'000, 100'000);
  const sg_limit fast = Police(2'000'000, 200'000);
  sg_bucket bucket{};
  Window window(2'000'000);
  std::uint64_t now = kStart;
  for (int i = 0; i < 20'000; ++i, now += 500'000) {
    const sg_limit& limit = i / 400 % 2 == 0 ? slow : fast;  // every 200 ms
    if (!sg_bucket_take(&bucket, &limit, 1400, now)) continue;
    ASSERT_LE(window.Pass(1400, now), 200'000);
  }
  // The mean of both rates for ten seconds, and at most the larger burst.
  EXPECT_GE(window.octets(), 1'875'000U - 1400);
  EXPECT_LE(window.octets(), 1'875'000U + 200'000);
}

TEST(RateMath, DebtOfALargerLimitIsNoDeeperThanTheNewOneKnows) {
  const sg_limit limit = Police(1'000'000, 0);
  sg_bucket bucket{-static_cast<std::int64_t>(SG_MAX_BURST), kStart, 0, 0};
  sg_bucket_fill(&bucket, &limit, kStart);
  EXPECT_EQ(bucket.octets, -static_cast<std::int64_t>(SG_MAX_CHARGE));
}

// A debt is a time: of what was let through at a higher rate nobody has to wait for longer.
TEST(RateMath, LowerRatePaysADebtInTheTimeItHad) {
  for (const std::uint64_t fast : kRates) {
    for (const std::uint64_t slow : kRates) {
      const sg_limit before = Police(fast, 0);
      const sg_limit after = Police(slow, 0);
      sg_bucket bucket{};
      EXPECT_TRUE(sg_bucket_take(&bucket, &before, 65'536, kStart));
      const std::uint64_t debt = 65'536 - 2800;
      sg_bucket_fill(&bucket, &after, kStart);
      if (slow >= fast) {
        EXPECT_EQ(bucket.octets, -static_cast<std::int64_t>(debt));
        continue;
      }
      const auto paid = static_cast<std::uint64_t>(-bucket.octets);
      EXPECT_LE(sg_octets_ns(paid, slow), sg_octets_ns(debt, fast) + 1);
      EXPECT_GE(sg_octets_ns(paid + 1, slow), sg_octets_ns(debt, fast));
    }
  }
}

TEST(RateMath, DeepestDebtFollowsTheLowestRate) {
  const sg_limit before = sg_limit_make(SG_KIND_PACE, SG_MAX_RATE, SG_MAX_BURST, ~0ULL, kMtu);
  const sg_limit after = sg_limit_make(SG_KIND_PACE, 1, 0, 0, kMtu);
  const auto deepest = static_cast<std::int64_t>(before.queue + SG_MAX_CHARGE);
  sg_bucket bucket{-deepest, kStart, 0, SG_MAX_RATE};
  sg_bucket_fill(&bucket, &after, kStart);
  EXPECT_EQ(bucket.octets, 0);  // 9 ms, in which one bit per second makes no octet
}

TEST(RateMath, SmallerBurstCountsFromThatMomentOn) {
  const sg_limit large = Police(1'000'000, 100'000);
  const sg_limit small = Police(1'000'000, 10'000);
  sg_bucket bucket{};
  sg_bucket_fill(&bucket, &large, kStart);
  EXPECT_EQ(bucket.octets, 100'000);
  sg_bucket_fill(&bucket, &small, kStart);
  EXPECT_EQ(bucket.octets, 10'000);
}

TEST(RateMath, WaitOfAClockThatIsBehindIsLonger) {
  const sg_limit limit = Police(8'000'000, 10'000);
  sg_bucket bucket{0, kStart, 0, 0};
  EXPECT_EQ(sg_bucket_wait_ns(&bucket, &limit, 1000, kStart), 1'000'000U);
  EXPECT_EQ(sg_bucket_wait_ns(&bucket, &limit, 1000, kStart - 700), 1'000'700U);
}

TEST(RateMath, WaitIsAsLongAsNeededAndNoLonger) {
  std::mt19937_64 random(5);
  for (const std::uint64_t rate : kRates) {
    const sg_limit limit = Police(rate, 131'072);
    for (int i = 0; i < 200; ++i) {
      const std::uint64_t now = kStart + random() % kSecond;
      const std::uint64_t wanted = random() % 200'000 + 1;
      const sg_bucket before{static_cast<std::int64_t>(random() % 262'144) - 131'072, now,
                             random() % SG_OCTET, rate};
      const auto enough = static_cast<std::int64_t>(std::min<std::uint64_t>(wanted, 131'072));
      sg_bucket bucket = before;
      const std::uint64_t wait = sg_bucket_wait_ns(&bucket, &limit, wanted, now);
      sg_bucket_fill(&bucket, &limit, now + wait);
      EXPECT_GE(bucket.octets, enough);
      // The remainder, less than an octet, is not looked at.
      const std::uint64_t octet_ns = sg_octets_ns(1, rate) + 1;
      if (wait <= octet_ns) continue;
      bucket = before;
      sg_bucket_fill(&bucket, &limit, now + wait - octet_ns);
      EXPECT_LT(bucket.octets, enough);
    }
  }
  sg_bucket bucket{};
  const sg_limit none = sg_limit_make(SG_KIND_POLICE, 0, 0, 0, kMtu);
  EXPECT_EQ(sg_bucket_wait_ns(&bucket, &none, 1'000'000, kStart), 0U);
}

}  // namespace
}  // namespace sstpgw
