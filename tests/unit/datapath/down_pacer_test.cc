#include "gateway/datapath/down_pacer.h"

#include "gateway/datapath/pace_limit.h"

namespace sstpgw::datapath {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(1'000'000)};

// An octet per microsecond, unless told otherwise; burst 50'000, queue 50'000, quantum 2000.
sg_limit Limit(std::uint64_t rate = 8'000'000) { return PaceLimit({.rate = BitsPerSecond{rate}}); }

TEST(DownPacer, BurstThenTheRate) {
  DownPacer pacer(Limit());
  EXPECT_EQ(pacer.quantum(), 2000U);
  EXPECT_EQ(pacer.Allowance(kStart), 50'000U);
  EXPECT_EQ(pacer.Wait(kStart), Duration{});
  pacer.Charge(50'000);
  EXPECT_EQ(pacer.Allowance(), 0U);
  EXPECT_EQ(pacer.Wait(kStart), milliseconds(2));
  EXPECT_EQ(pacer.Allowance(kStart + microseconds(1999)), 1999U);
  EXPECT_EQ(pacer.Allowance(kStart + milliseconds(2)), 2000U);
}

TEST(DownPacer, SuperPacketIsPaidBackBeforeTheNext) {
  DownPacer pacer(Limit());
  ASSERT_GT(pacer.Allowance(kStart), 0U);
  pacer.Charge(49'999);
  EXPECT_EQ(pacer.Allowance(), 1U);
  pacer.Charge(65'000);
  EXPECT_EQ(pacer.Allowance(kStart), 0U);
  EXPECT_EQ(pacer.Wait(kStart), microseconds(64'999 + 2000));
  EXPECT_EQ(pacer.Allowance(kStart + microseconds(64'999)), 0U);
  EXPECT_EQ(pacer.Allowance(kStart + microseconds(65'000)), 1U);
}

TEST(DownPacer, NoRateIsNoLimit) {
  DownPacer pacer(PaceLimit({}));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(pacer.Allowance(kStart), DownPacer::kNoLimit);
    EXPECT_EQ(pacer.Wait(kStart), Duration{});
    pacer.Charge(1'000'000);
  }
  pacer.Credit(1000);
  // A limit that comes later begins with its burst, and with nothing else.
  pacer.Change(Limit(), kStart);
  EXPECT_EQ(pacer.Allowance(kStart), 50'000U);
}

TEST(DownPacer, CreditPaysForAsManyOctetsAndIsGoneWhenTheTunIsEmpty) {
  DownPacer pacer(Limit());
  ASSERT_GT(pacer.Allowance(kStart), 0U);
  pacer.Charge(60'000);
  pacer.Credit(9'000);
  EXPECT_EQ(pacer.Allowance(kStart), 0U);  // of the debt a thousand are left
  EXPECT_EQ(pacer.Wait(kStart), milliseconds(3));
  pacer.Credit(11'000);
  EXPECT_EQ(pacer.Allowance(kStart), 10'000U);
  pacer.Charge(4'000);
  EXPECT_EQ(pacer.Allowance(kStart), 6'000U);
  pacer.Drained();
  EXPECT_EQ(pacer.Allowance(kStart), 0U);
  EXPECT_EQ(pacer.Wait(kStart), milliseconds(2));
}

TEST(DownPacer, CreditDoesNotFillTheBucket) {
  DownPacer pacer(Limit());
  EXPECT_EQ(pacer.Allowance(kStart), 50'000U);
  pacer.Credit(20'000);
  pacer.Charge(20'000);
  EXPECT_EQ(pacer.Allowance(kStart), 50'000U);
  pacer.Charge(50'000);
  EXPECT_EQ(pacer.Allowance(kStart), 0U);
}

TEST(DownPacer, WhatWasNotReadInTimeMayBeReadFasterButNoMoreThanTheQueue) {
  DownPacer pacer(Limit());
  ASSERT_GT(pacer.Allowance(kStart), 0U);
  pacer.Charge(50'000);
  // The connection was full for 70 ms: 50'000 octets of it fit into the burst.
  EXPECT_EQ(pacer.Allowance(kStart + milliseconds(70)), 70'000U);
  EXPECT_EQ(pacer.Allowance(kStart + seconds(9)), 100'000U);
  pacer.Charge(60'000);
  EXPECT_EQ(pacer.Allowance(kStart + seconds(9)), 40'000U);
}

TEST(DownPacer, EmptyTunCannotBeLate) {
  DownPacer pacer(Limit());
  ASSERT_GT(pacer.Allowance(kStart), 0U);
  pacer.Charge(50'000);
  EXPECT_EQ(pacer.Allowance(kStart + milliseconds(70)), 70'000U);
  pacer.Drained();
  EXPECT_EQ(pacer.Allowance(kStart + milliseconds(70)), 50'000U);
  EXPECT_EQ(pacer.Allowance(kStart + seconds(9)), 50'000U);
}

// The TUN was empty when the connection became full; what came since is late all the same.
TEST(DownPacer, WhatComesWhileItIsHeldIsLate) {
  DownPacer pacer(Limit());
  EXPECT_EQ(pacer.Allowance(kStart), 50'000U);
  EXPECT_EQ(pacer.Allowance(kStart + seconds(1)), 50'000U);
  pacer.Hold(kStart + seconds(2));
  EXPECT_EQ(pacer.Allowance(kStart + seconds(2)), 50'000U);
  EXPECT_EQ(pacer.Allowance(kStart + seconds(2) + milliseconds(30)), 80'000U);
}

TEST(DownPacer, HigherRateCountsAtOnce) {
  DownPacer pacer(Limit());
  ASSERT_GT(pacer.Allowance(kStart), 0U);
  pacer.Charge(60'000);
  pacer.Change(Limit(80'000'000), kStart);
  EXPECT_EQ(pacer.limit().rate, 80'000'000U);
  EXPECT_EQ(pacer.quantum(), 20'000U);
  EXPECT_EQ(pacer.Allowance(kStart), 0U);
  EXPECT_EQ(pacer.Wait(kStart), milliseconds(3));  // 10'000 of debt and a quantum
}

TEST(DownPacer, LowerRateCountsWhenTheTunIsEmpty) {
  DownPacer pacer(Limit());
  ASSERT_GT(pacer.Allowance(kStart), 0U);
  pacer.Charge(60'000);
  pacer.Change(Limit(800'000), kStart);
  EXPECT_EQ(pacer.limit().rate, 8'000'000U);
  EXPECT_EQ(pacer.Allowance(kStart + milliseconds(12)), 2000U);  // still at the old rate
  pacer.Charge(2000);
  pacer.Drained();
  EXPECT_EQ(pacer.limit().rate, 800'000U);
  EXPECT_EQ(pacer.Allowance(kStart + milliseconds(32)), 2000U);
}

TEST(DownPacer, LowerRateCountsAfterTheOldQueuesTimeAtTheLatest) {
  DownPacer pacer(Limit());
  ASSERT_GT(pacer.Allowance(kStart), 0U);
  pacer.Charge(50'000);
  pacer.Change(Limit(1'600'000), kStart);
  // A second change does not put it off, and the last one counts.
  pacer.Change(Limit(800'000), kStart + milliseconds(20));
  EXPECT_EQ(pacer.Allowance(kStart + milliseconds(49)), 49'000U);
  pacer.Charge(49'000);
  EXPECT_EQ(pacer.Allowance(kStart + milliseconds(60)), 1000U + 1000U);
  EXPECT_EQ(pacer.limit().rate, 800'000U);
}

TEST(DownPacer, HigherRateTakesTheLowerOneBack) {
  DownPacer pacer(Limit());
  ASSERT_GT(pacer.Allowance(kStart), 0U);
  pacer.Charge(50'000);
  pacer.Change(Limit(800'000), kStart);
  pacer.Change(Limit(16'000'000), kStart + milliseconds(10));
  EXPECT_EQ(pacer.limit().rate, 16'000'000U);
  EXPECT_EQ(pacer.Allowance(kStart + milliseconds(10)), 10'000U);
  pacer.Charge(10'000);
  EXPECT_EQ(pacer.Allowance(kStart + milliseconds(20)), 20'000U);
  EXPECT_EQ(pacer.Allowance(kStart + milliseconds(55)), 90'000U);
  pacer.Drained();
  EXPECT_EQ(pacer.limit().rate, 16'000'000U);
}

TEST(DownPacer, LowerRateAppliesAtOnceWhereNothingStands) {
  DownPacer pacer(Limit());
  EXPECT_EQ(pacer.Allowance(kStart), 50'000U);
  pacer.Change(Limit(800'000), kStart);
  EXPECT_EQ(pacer.limit().rate, 800'000U);
  EXPECT_EQ(pacer.Allowance(kStart), 5'000U);
  // And no limit needs nothing to wait for, either.
  pacer.Charge(50'000);
  pacer.Change(PaceLimit({}), kStart);
  EXPECT_EQ(pacer.Allowance(kStart), DownPacer::kNoLimit);
}

TEST(DownPacer, OldRateLastsASecondAtMost) {
  DownPacer pacer(Limit(16'000));  // eight packets take 5.6 s
  ASSERT_GT(pacer.Allowance(kStart), 0U);
  pacer.Charge(3000);
  pacer.Change(Limit(8'000), kStart);
  static_cast<void>(pacer.Allowance(kStart + milliseconds(999)));
  EXPECT_EQ(pacer.limit().rate, 16'000U);
  static_cast<void>(pacer.Allowance(kStart + milliseconds(1000)));
  EXPECT_EQ(pacer.limit().rate, 8'000U);
}

}  // namespace
}  // namespace sstpgw::datapath
