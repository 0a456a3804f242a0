#include "gateway/datapath/pace_limit.h"

#include "gateway/datapath/up_pacer.h"

namespace sstpgw::datapath {
namespace {

using std::chrono::milliseconds;

TEST(PaceLimit, BurstIsFiftyMillisecondsUnlessToldOtherwise) {
  EXPECT_EQ(PaceLimit({.rate = BitsPerSecond{10'000'000}}).burst, 62'500U);
  EXPECT_EQ(PaceLimit({.rate = BitsPerSecond{256'000}}).burst, 2800U);
  EXPECT_EQ(PaceLimit({.rate = BitsPerSecond{256'000}, .mtu = Mtu{1500}}).burst, 3000U);
  EXPECT_EQ(PaceLimit({.rate = BitsPerSecond{10'000'000}, .burst = BurstOctets{125'000}}).burst,
            125'000U);
}

TEST(PaceLimit, WaitsAndWhenSendersAreTold) {
  const sg_limit limit = PaceLimit({.rate = BitsPerSecond{10'000'000}});
  EXPECT_EQ(limit.kind, std::uint32_t{SG_KIND_PACE});
  EXPECT_EQ(limit.queue, 62'500U);
  EXPECT_EQ(limit.target, 12'500U);
  EXPECT_EQ(limit.interval_ns, 100'000'000U);
  const sg_limit other = PaceLimit({.rate = BitsPerSecond{10'000'000},
                                    .latency = milliseconds(20),
                                    .target = milliseconds(8),
                                    .interval = milliseconds(50)});
  EXPECT_EQ(other.queue, 25'000U);
  EXPECT_EQ(other.target, 10'000U);
  EXPECT_EQ(other.interval_ns, 50'000'000U);
  EXPECT_EQ(PaceLimit({.rate = BitsPerSecond{1'000'000}, .latency = milliseconds(-1)}).queue,
            16U * 1400);
}

TEST(PaceLimit, NoRateIsNoLimit) {
  const sg_limit limit = PaceLimit({});
  EXPECT_EQ(limit.rate, 0U);
  EXPECT_EQ(limit.kind, std::uint32_t{SG_KIND_COUNT});
  EXPECT_EQ(BackstopLimit(limit).rate, 0U);
  EXPECT_EQ(PaceQuantum(limit), 0U);
}

TEST(PaceLimit, BackstopHoldsABurstAReadAndAHundredMilliseconds) {
  const sg_limit pace = PaceLimit({.rate = BitsPerSecond{100'000'000}});
  const sg_limit backstop = BackstopLimit(pace);
  EXPECT_EQ(backstop.kind, std::uint32_t{SG_KIND_POLICE});
  EXPECT_EQ(backstop.rate, pace.rate);
  EXPECT_EQ(backstop.floor, pace.floor);
  EXPECT_EQ(backstop.burst, 625'000U + UpPacer::kMostRoom + 1'250'000U);
  // Below 128 KiB nothing is dropped at any rate.
  EXPECT_GE(BackstopLimit(PaceLimit({.rate = BitsPerSecond{64'000}})).burst, 128U * 1024);
}

TEST(PaceLimit, QuantumIsTwoMillisecondsAtLeastAPacketAtMostTheBurst) {
  EXPECT_EQ(PaceQuantum(PaceLimit({.rate = BitsPerSecond{100'000'000}})), 25'000U);
  EXPECT_EQ(PaceQuantum(PaceLimit({.rate = BitsPerSecond{1'000'000}})), 1400U);
  EXPECT_EQ(PaceQuantum(
                PaceLimit({.rate = BitsPerSecond{10'000'000'000}, .burst = BurstOctets{100'000}})),
            100'000U);
}

}  // namespace
}  // namespace sstpgw::datapath
