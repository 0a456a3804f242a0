#include "gateway/edge/link_outbox.h"

namespace sstpgw::edge {
namespace {

constexpr TimePoint kStart{std::chrono::hours(1)};

SessionReport Up(const char* session) {
  SessionReport report;
  report.kind = SessionEventKind::kUp;
  report.record.session = SessionId(session);
  return report;
}

CountersBatch Counters(const char* session, std::uint64_t octets) {
  CountersBatch batch;
  batch.entries.push_back({SessionId(session), {octets, 0, 0, 0}, {}, {}});
  return batch;
}

template <typename T>
T Take(LinkOutbox& outbox) {
  auto message = outbox.Next(true, kStart);
  EXPECT_TRUE(message.has_value() && std::holds_alternative<T>(*message));
  return message && std::holds_alternative<T>(*message) ? std::get<T>(std::move(*message)) : T{};
}

TEST(LinkOutbox, NothingLeavesBeforeHello) {
  LinkOutbox outbox;
  EXPECT_TRUE(outbox.AddAnswer(Applied{}));
  outbox.AddReport(Up("a"), kStart);
  outbox.EndGathering();
  outbox.AddCounters(Counters("a", 1));
  EXPECT_FALSE(outbox.Next(false, kStart).has_value());
  outbox.SetHello({});
  const auto first = outbox.Next(false, kStart);
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(std::holds_alternative<Hello>(*first));
  EXPECT_FALSE(outbox.Next(false, kStart).has_value());
}

TEST(LinkOutbox, HelloSaysWhichReportsFollow) {
  LinkOutbox outbox;
  outbox.AddReport(Up("a"), kStart);
  outbox.AddReport(Up("b"), kStart);
  outbox.SetHello({});
  EXPECT_EQ(Take<Hello>(outbox).reports_to, 2U);
}

TEST(LinkOutbox, AnswersThenReportsThenCounters) {
  LinkOutbox outbox;
  outbox.AddCounters(Counters("a", 1));
  outbox.AddReport(Up("a"), kStart);
  outbox.EndGathering();
  EXPECT_TRUE(outbox.AddAnswer(Refused{Generation(7), "", "because"}));
  EXPECT_EQ(Take<Refused>(outbox).reason, "because");
  EXPECT_EQ(Take<ReportBatch>(outbox).reports.size(), 1U);
  EXPECT_EQ(Take<CountersBatch>(outbox).entries.size(), 1U);
  EXPECT_FALSE(outbox.Next(true, kStart).has_value());
}

TEST(LinkOutbox, ReportsWaitForEachOther) {
  LinkOutbox outbox;
  EXPECT_FALSE(outbox.wants_gathering());
  outbox.AddReport(Up("a"), kStart);
  EXPECT_TRUE(outbox.wants_gathering());
  EXPECT_FALSE(outbox.Next(true, kStart).has_value());
  outbox.AddReport(Up("b"), kStart);
  outbox.EndGathering();
  EXPECT_FALSE(outbox.wants_gathering());
  EXPECT_EQ(Take<ReportBatch>(outbox).reports.size(), 2U);
  outbox.AddReport(Up("c"), kStart);
  EXPECT_TRUE(outbox.wants_gathering()) << "the next ones wait anew";
}

TEST(LinkOutbox, AHeldSessionWaitsForNobody) {
  LinkOutbox outbox;
  outbox.AddReport(Up("a"), kStart);
  SessionReport held = Up("b");
  held.kind = SessionEventKind::kHeld;
  outbox.AddReport(held, kStart);
  EXPECT_FALSE(outbox.wants_gathering());
  EXPECT_EQ(Take<ReportBatch>(outbox).reports.size(), 2U) << "in order, with those before it";
  outbox.EndGathering();
  outbox.AddReport(Up("c"), kStart);
  EXPECT_TRUE(outbox.wants_gathering()) << "an alarm that comes late ends nothing";
  EXPECT_FALSE(outbox.Next(true, kStart).has_value());
}

TEST(LinkOutbox, MoreReportsThanABatchFollowAtOnce) {
  LinkOutbox outbox;
  for (std::size_t i = 0; i <= kMaxReportBatch; ++i) outbox.AddReport(Up("a"), kStart);
  outbox.EndGathering();
  EXPECT_EQ(Take<ReportBatch>(outbox).reports.size(), kMaxReportBatch);
  EXPECT_FALSE(outbox.wants_gathering());
  EXPECT_EQ(Take<ReportBatch>(outbox).reports.size(), 1U);
}

TEST(LinkOutbox, OfCountersTheNewestAreKept) {
  LinkOutbox outbox;
  outbox.AddCounters(Counters("a", 1));
  outbox.AddCounters(Counters("b", 2));
  outbox.AddCounters(Counters("a", 3));
  const auto batch = Take<CountersBatch>(outbox);
  ASSERT_EQ(batch.entries.size(), 2U);
  for (const CountersReport& entry : batch.entries) {
    EXPECT_EQ(entry.counters.rx_bytes, entry.session == SessionId("a") ? 3U : 2U);
  }
}

TEST(LinkOutbox, AnswersAreBounded) {
  LinkOutbox outbox;
  for (std::size_t i = 0; i < LinkOutbox::kMaxAnswers; ++i) {
    ASSERT_TRUE(outbox.AddAnswer(Applied{}));
  }
  EXPECT_FALSE(outbox.AddAnswer(Applied{}));
}

TEST(LinkOutbox, ANewConnectionBeginsWithWhatNobodyAcknowledged) {
  LinkOutbox outbox;
  EXPECT_TRUE(outbox.AddAnswer(Applied{}));
  outbox.AddCounters(Counters("a", 1));
  outbox.AddReport(Up("a"), kStart);
  outbox.AddReport(Up("b"), kStart);
  outbox.EndGathering();
  static_cast<void>(Take<Applied>(outbox));
  static_cast<void>(Take<ReportBatch>(outbox));
  outbox.Acknowledge(1);
  EXPECT_FALSE(outbox.all_acknowledged());
  EXPECT_TRUE(outbox.AddAnswer(Applied{}));
  outbox.Rewind();
  outbox.EndGathering();
  const auto batch = Take<ReportBatch>(outbox);
  ASSERT_EQ(batch.reports.size(), 1U);
  EXPECT_EQ(batch.reports[0].sequence, 2U);
  EXPECT_FALSE(outbox.Next(true, kStart).has_value())
      << "answers and counters were the old connection's";
  outbox.Acknowledge(2);
  EXPECT_TRUE(outbox.all_acknowledged());
}

}  // namespace
}  // namespace sstpgw::edge
