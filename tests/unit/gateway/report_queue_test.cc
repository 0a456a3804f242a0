#include "gateway/edge/report_queue.h"

namespace sstpgw::edge {
namespace {

constexpr TimePoint kStart{std::chrono::hours(1)};

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = SessionEventKind;

SessionReport Make(Kind kind) {
  SessionReport report;
  report.kind = kind;
  return report;
}

std::vector<std::uint64_t> SendAll(ReportQueue& queue) {
  std::vector<std::uint64_t> sequences;
  while (queue.has_unsent()) {
    for (const NumberedReport& report : queue.TakeUnsent(3, kStart).reports) {
      sequences.push_back(report.sequence);
    }
  }
  return sequences;
}

TEST(ReportQueue, NumbersFromOneAndSendsEachOnce) {
  ReportQueue queue;
  EXPECT_FALSE(queue.has_unsent());
  queue.Add(Make(Kind::kStarting), kStart);
  queue.Add(Make(Kind::kUp), kStart);
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2));
  EXPECT_FALSE(queue.has_unsent());
  EXPECT_EQ(queue.size(), 2U);
}

TEST(ReportQueue, AcknowledgedOnesAreForgotten) {
  ReportQueue queue;
  for (int i = 0; i < 4; ++i) queue.Add(Make(Kind::kChange), kStart);
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2, 3, 4));
  queue.Acknowledge(2);
  EXPECT_EQ(queue.size(), 2U);
  queue.Rewind();
  EXPECT_THAT(SendAll(queue), ElementsAre(3, 4));
  queue.Acknowledge(4);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(ReportQueue, WhatWasNotSentCannotBeAcknowledged) {
  ReportQueue queue;
  queue.Add(Make(Kind::kUp), kStart);
  queue.Add(Make(Kind::kDown), kStart);
  ASSERT_EQ(queue.TakeUnsent(1, kStart).reports.size(), 1U);
  queue.Acknowledge(1'000'000);
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_THAT(SendAll(queue), ElementsAre(2));
}

TEST(ReportQueue, AfterAReconnectUnacknowledgedOnesComeAgainInOrder) {
  ReportQueue queue;
  queue.Add(Make(Kind::kStarting), kStart);
  queue.Add(Make(Kind::kDown), kStart);
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2));
  queue.Rewind();
  queue.Add(Make(Kind::kStarting), kStart);
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2, 3));
}

TEST(ReportQueue, SaysHowOldAReportIsEachTimeItIsSent) {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  ReportQueue queue;
  queue.Add(Make(Kind::kUp), kStart);
  queue.Add(Make(Kind::kDown), kStart + seconds(40));
  const auto ages = [&queue](TimePoint now) {
    std::vector<std::int64_t> seconds_old;
    for (const NumberedReport& report : queue.TakeUnsent(9, now).reports) {
      seconds_old.push_back(report.age.count());
    }
    return seconds_old;
  };
  EXPECT_THAT(ages(kStart + milliseconds(100'999)), ElementsAre(100, 60));
  queue.Rewind();
  EXPECT_THAT(ages(kStart + seconds(3700)), ElementsAre(3700, 3660)) << "of this sending";
}

TEST(ReportQueue, FullQueueGivesUpTheOldestThatAreNotDown) {
  ReportQueue queue(8);
  for (int i = 0; i < 4; ++i) {
    queue.Add(Make(Kind::kStarting), kStart);
    queue.Add(Make(Kind::kDown), kStart);
  }
  queue.Add(Make(Kind::kDown), kStart);  // 9: a quarter of the room is made, 1 and 3 go
  EXPECT_EQ(queue.dropped(), 2U);
  EXPECT_THAT(SendAll(queue), ElementsAre(2, 4, 5, 6, 7, 8, 9));
}

TEST(ReportQueue, TheNewestIsTheLastThatIsNotAcknowledged) {
  ReportQueue queue(4);
  EXPECT_EQ(queue.newest(), 0U);
  queue.Add(Make(Kind::kStarting), kStart);
  queue.Add(Make(Kind::kUp), kStart);
  EXPECT_EQ(queue.newest(), 2U);
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2));
  queue.Acknowledge(2);
  EXPECT_EQ(queue.newest(), 0U);
}

TEST(ReportQueue, DownGivesWayOnlyToDown) {
  ReportQueue queue(3);
  for (int i = 0; i < 3; ++i) queue.Add(Make(Kind::kDown), kStart);
  queue.Add(Make(Kind::kUp), kStart);
  EXPECT_EQ(queue.dropped(), 1U);
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2, 3));
  queue.Rewind();
  queue.Add(Make(Kind::kDown), kStart);
  EXPECT_THAT(SendAll(queue), ElementsAre(2, 3, 4));
}

TEST(ReportQueue, DroppingKeepsApartWhatWasSent) {
  ReportQueue queue(4);
  queue.Add(Make(Kind::kStarting), kStart);
  queue.Add(Make(Kind::kDown), kStart);
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2));
  queue.Add(Make(Kind::kUp), kStart);
  queue.Add(Make(Kind::kDown), kStart);
  queue.Add(Make(Kind::kDown), kStart);  // 1 goes, 2 stays sent
  EXPECT_THAT(SendAll(queue), ElementsAre(3, 4, 5));
  queue.Acknowledge(5);
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_THAT(SendAll(queue), IsEmpty());
}

}  // namespace
}  // namespace sstpgw::edge
