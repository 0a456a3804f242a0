#include "gateway/queue_losses.h"

#include <gtest/gtest.h>

namespace sstpgw::gateway {
namespace {

// Of 100 octets each.
ShaperCounters Given(std::uint64_t passed, std::uint64_t dropped = 0) {
  ShaperCounters counters;
  counters.passed_packets = passed;
  counters.passed_octets = 100 * passed;
  counters.dropped_packets = dropped;
  counters.dropped_octets = 100 * dropped;
  return counters;
}

void ComesOut(QueueLosses& losses, std::uint32_t packets) {
  losses.CameOut(sg_cost{100ULL * packets, packets, 0});
}

TEST(QueueLosses, WithoutAQueueTheProgramsCountHolds) {
  const QueueLosses losses;
  EXPECT_FALSE(losses.counts());
  EXPECT_EQ(losses.Seen(Given(10, 3)), Given(10, 3));
}

TEST(QueueLosses, WhatDoesNotComeOutIsDropped) {
  QueueLosses losses;
  losses.Begin(Given(5));
  EXPECT_TRUE(losses.counts());
  EXPECT_EQ(losses.Seen(Given(5)), Given(5));
  ComesOut(losses, 60);
  EXPECT_EQ(losses.Seen(Given(105, 2)), Given(65, 2 + 40));
  ComesOut(losses, 10);
  EXPECT_EQ(losses.Seen(Given(105, 2)), Given(75, 2 + 30)) << "ten had only waited";
  losses.Begin(Given(105));
  EXPECT_EQ(losses.Seen(Given(105, 2)), Given(75, 2 + 30)) << "a change of the same queue";
}

TEST(QueueLosses, WhatWasLostStaysSoWhenTheQueueIsGone) {
  QueueLosses losses;
  losses.Begin(Given(0));
  ComesOut(losses, 60);
  losses.End(Given(100));
  EXPECT_FALSE(losses.counts());
  EXPECT_EQ(losses.Seen(Given(150, 1)), Given(110, 1 + 40));
  losses.End(Given(160));
  losses.Begin(Given(200));
  ComesOut(losses, 7);
  EXPECT_EQ(losses.Seen(Given(210)), Given(167, 43));
}

// It stood behind the program before the queue was there.
TEST(QueueLosses, MoreThanWasGivenIsNoLoss) {
  QueueLosses losses;
  losses.Begin(Given(10));
  ComesOut(losses, 15);
  EXPECT_EQ(losses.Seen(Given(20)), Given(20));
}

}  // namespace
}  // namespace sstpgw::gateway
