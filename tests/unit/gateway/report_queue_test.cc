#include "gateway/edge/report_queue.h"

namespace sstpgw::edge {
namespace {

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
    for (const NumberedReport& report : queue.TakeUnsent(3).reports) {
      sequences.push_back(report.sequence);
    }
  }
  return sequences;
}

TEST(ReportQueue, NumbersFromOneAndSendsEachOnce) {
  ReportQueue queue;
  EXPECT_FALSE(queue.has_unsent());
  queue.Add(Make(Kind::kStarting));
  queue.Add(Make(Kind::kUp));
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2));
  EXPECT_FALSE(queue.has_unsent());
  EXPECT_EQ(queue.size(), 2U);
}

TEST(ReportQueue, AcknowledgedOnesAreForgotten) {
  ReportQueue queue;
  for (int i = 0; i < 4; ++i) queue.Add(Make(Kind::kChange));
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
  queue.Add(Make(Kind::kUp));
  queue.Add(Make(Kind::kDown));
  ASSERT_EQ(queue.TakeUnsent(1).reports.size(), 1U);
  queue.Acknowledge(1'000'000);
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_THAT(SendAll(queue), ElementsAre(2));
}

TEST(ReportQueue, AfterAReconnectUnacknowledgedOnesComeAgainInOrder) {
  ReportQueue queue;
  queue.Add(Make(Kind::kStarting));
  queue.Add(Make(Kind::kDown));
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2));
  queue.Rewind();
  queue.Add(Make(Kind::kStarting));
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2, 3));
}

TEST(ReportQueue, FullQueueGivesUpTheOldestThatAreNotDown) {
  ReportQueue queue(8);
  for (int i = 0; i < 4; ++i) {
    queue.Add(Make(Kind::kStarting));
    queue.Add(Make(Kind::kDown));
  }
  queue.Add(Make(Kind::kDown));  // 9: a quarter of the room is made, 1 and 3 go
  EXPECT_EQ(queue.dropped(), 2U);
  EXPECT_THAT(SendAll(queue), ElementsAre(2, 4, 5, 6, 7, 8, 9));
}

TEST(ReportQueue, TheNewestIsTheLastThatIsNotAcknowledged) {
  ReportQueue queue(4);
  EXPECT_EQ(queue.newest(), 0U);
  queue.Add(Make(Kind::kStarting));
  queue.Add(Make(Kind::kUp));
  EXPECT_EQ(queue.newest(), 2U);
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2));
  queue.Acknowledge(2);
  EXPECT_EQ(queue.newest(), 0U);
}

TEST(ReportQueue, DownGivesWayOnlyToDown) {
  ReportQueue queue(3);
  for (int i = 0; i < 3; ++i) queue.Add(Make(Kind::kDown));
  queue.Add(Make(Kind::kUp));
  EXPECT_EQ(queue.dropped(), 1U);
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2, 3));
  queue.Rewind();
  queue.Add(Make(Kind::kDown));
  EXPECT_THAT(SendAll(queue), ElementsAre(2, 3, 4));
}

TEST(ReportQueue, DroppingKeepsApartWhatWasSent) {
  ReportQueue queue(4);
  queue.Add(Make(Kind::kStarting));
  queue.Add(Make(Kind::kDown));
  EXPECT_THAT(SendAll(queue), ElementsAre(1, 2));
  queue.Add(Make(Kind::kUp));
  queue.Add(Make(Kind::kDown));
  queue.Add(Make(Kind::kDown));  // 1 goes, 2 stays sent
  EXPECT_THAT(SendAll(queue), ElementsAre(3, 4, 5));
  queue.Acknowledge(5);
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_THAT(SendAll(queue), IsEmpty());
}

}  // namespace
}  // namespace sstpgw::edge
