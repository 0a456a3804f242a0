// What a kill of the control plane, a gateway's new boot and a lost gateway do to accounting.
#include "controlplane/accounting/accounting.h"
#include "tests/unit/accounting/accounting_bench.h"

namespace sstpgw::cp::accounting {
namespace {

using std::chrono::seconds;
using Words = std::vector<std::string>;

class RestartStory : public ::testing::Test, protected AccountingBench {
 protected:
  RestartStory() { Attach("g", "b"); }
  void Bring(const std::string& session) {
    Login("g", session);
    Up("g", session);
    AnswerAll();
    TakeWords();
  }
  static SessionRecord Active(const std::string& session, TrafficCounters counters = {},
                              std::int64_t uptime = 0) {
    return Record(session, SessionState::kActive, counters, uptime);
  }
};

TEST_F(RestartStory, ACarriedSessionGoesOnWithoutASecondStart) {
  Bring("1");
  Restart();
  Attach("g", "b", {Active("1")});
  EXPECT_EQ(Sent(), "");
  Elapse(seconds(60));
  EXPECT_EQ(AnswerAll(), Words{"1 Interim-Update"});
  EXPECT_EQ(newest.classes, std::vector<Bytes>{(Bytes{1, 2, 3})});
  Down("g", "1");
  EXPECT_EQ(AnswerAll(), Words{"1 Stop"});
}

TEST_F(RestartStory, AnUnacknowledgedStartIsSentAgainAsItWas) {
  Login("g", "1");
  Up("g", "1");
  const AccountingRecord first = sent.front().record;
  Pass(seconds(30));
  Restart();
  EXPECT_EQ(Sent(), "1 Start");
  EXPECT_EQ(Encode(sent.front().record), Encode(first));
  Attach("g", "b", {Active("1")});
  EXPECT_EQ(AnswerAll(), Words{"1 Start"});
}

TEST_F(RestartStory, ASessionThatCameUpUnnoticedGetsItsStart) {
  Login("g", "1");
  Restart();
  Attach("g", "b", {Active("1", {}, 20)});
  EXPECT_EQ(AnswerAll(), Words{"1 Start"});
  Up("g", "1");
  EXPECT_EQ(AnswerAll(), Words()) << "its own report comes later";
}

TEST_F(RestartStory, AStartThatWasNotDurableIsMadeOnce) {
  Login("g", "1");
  disk_works = false;
  Up("g", "1");
  EXPECT_EQ(Sent(), "");
  disk_works = true;
  Restart();
  Attach("g", "b", {Active("1")}, 1);
  Up("g", "1");
  EXPECT_EQ(AnswerAll(), Words{"1 Start"});
}

TEST_F(RestartStory, AReportOfTheEndThatComesAgainMakesNoSecondStop) {
  Bring("1");
  Down("g", "1", {9, 9, 9, 9});
  Restart();  // before the gateway was told that its report is safe
  EXPECT_EQ(Sent(), "1 Stop");
  Attach("g", "b", {}, 5);
  Down("g", "1", {9, 9, 9, 9});
  EXPECT_EQ(AnswerAll(), Words{"1 Stop"});
  Down("g", "1", {9, 9, 9, 9});
  EXPECT_EQ(AnswerAll(), Words());
}

TEST_F(RestartStory, WhatEndedWhileItsGatewayWasAwayIsDatedWhenItEnded) {
  Bring("1");
  Do(&Accounting::Detached, std::string("g"));
  Elapse(std::chrono::seconds(500));
  Attach("g", "b", {}, /*reports_to=*/5);
  Report("g", SessionEventKind::kDown, Record("1", SessionState::kFinishing, {5000, 0, 0, 0}, 100),
         TerminateCause::kIdleTimeout, 5, std::chrono::seconds(400));
  EXPECT_EQ(AnswerAll(), Words{"1 Stop"});
  EXPECT_EQ(newest.event_unix_seconds, moment.unix_seconds - 400);
  EXPECT_EQ(newest.session_seconds, 100U);
}

TEST_F(RestartStory, WhatCameUpWhileItsGatewayWasAwayIsDatedWhenItDid) {
  Attach("g", "b");
  Login("g", "1");
  Login("g", "2");
  Do(&Accounting::Detached, std::string("g"));
  Elapse(std::chrono::seconds(60));
  Attach("g", "b", {Record("1", SessionState::kActive, {}, 50)}, /*reports_to=*/7);
  EXPECT_EQ(AnswerAll(), Words{"1 Start"});
  EXPECT_EQ(newest.event_unix_seconds, moment.unix_seconds - 50) << "what Hello tells";
  Report("g", SessionEventKind::kUp, Record("2", SessionState::kActive), TerminateCause::kNone, 5,
         std::chrono::seconds(55));
  EXPECT_EQ(AnswerAll(), Words{"2 Start"});
  EXPECT_EQ(newest.event_unix_seconds, moment.unix_seconds - 55);
  Report("g", SessionEventKind::kDown, Record("2", SessionState::kFinishing, {}, 25),
         TerminateCause::kUserRequest, 7, std::chrono::seconds(30));
  EXPECT_EQ(AnswerAll(), Words{"2 Stop"});
  EXPECT_EQ(newest.event_unix_seconds, moment.unix_seconds - 30);
}

TEST_F(RestartStory, AnAgeThatCannotBeDoesNotMakeADateThatCannotBe) {
  Bring("1");
  const std::int64_t start = newest.event_unix_seconds;
  Report("g", SessionEventKind::kDown, Record("1", SessionState::kFinishing),
         TerminateCause::kUserRequest, 9, std::chrono::seconds(INT64_MAX));
  EXPECT_EQ(AnswerAll(), Words{"1 Stop"});
  EXPECT_GE(newest.event_unix_seconds, start);
}

TEST_F(RestartStory, AReportOfTheEndThatFollowsHasTheFinalCounters) {
  Bring("1");
  Bring("2");
  Restart();
  Attach("g", "b", {}, /*reports_to=*/12);
  EXPECT_EQ(Sent(), "") << "their reports may follow";
  Report("g", SessionEventKind::kDown, Record("1", SessionState::kFinishing, {5000, 0, 0, 0}, 77),
         TerminateCause::kIdleTimeout, 11);
  EXPECT_EQ(AnswerAll(), Words{"1 Stop"});
  EXPECT_EQ(newest.counters.rx_bytes, 5000U);
  EXPECT_EQ(newest.session_seconds, 77U);
  EXPECT_EQ(newest.terminate_cause, 4U);
  Report("g", SessionEventKind::kStarting, Record("3", SessionState::kStarting),
         TerminateCause::kNone, 12);
  EXPECT_EQ(AnswerAll(), Words{"2 Stop"}) << "no report told of its end";
  EXPECT_EQ(newest.terminate_cause, 2U);
}

TEST_F(RestartStory, ASessionOfAFormerBootGetsAStopWithWhatWasKnown) {
  Bring("1");
  CountersBatch batch;
  batch.entries.push_back({"1", {700, 800, 7, 8}});
  Pass(seconds(20));
  Do(&Accounting::Counted, "g", batch);
  Elapse(seconds(30));  // time to keep it
  AnswerAll();
  Restart();
  Pass(seconds(600));
  Attach("g", "another boot");
  EXPECT_EQ(AnswerAll(), Words{"1 Stop"});
  EXPECT_EQ(newest.counters, (TrafficCounters{700, 800, 7, 8}));
  EXPECT_EQ(newest.terminate_cause, 11U);
  EXPECT_LE(newest.event_unix_seconds, kBegin + 50) << "not later than it is known to have lived";
  EXPECT_GE(newest.event_unix_seconds, kBegin + 20);
  EXPECT_EQ(newest.event_unix_seconds - static_cast<std::int64_t>(newest.session_seconds), kBegin);
  EXPECT_EQ(accounting().counters().lost_sessions, 1U);
}

TEST_F(RestartStory, ALoginThatEndedUnnoticedHasNoRecords) {
  Login("g", "1");
  Restart();
  Attach("g", "b");
  EXPECT_EQ(accounting().session_count(), 0U);
  EXPECT_EQ(AnswerAll(), Words());
  EXPECT_EQ(RowsOf(store::Table::kSession), 0U);
}

// The login's question and the stream are two ways; one may be faster.
TEST_F(RestartStory, ALoginThatOvertakesTheHelloIsNotJudgedByIt) {
  boots["g"] = "new";
  Login("g", "1");
  Attach("g", "new");
  Up("g", "1");
  EXPECT_EQ(AnswerAll(), Words{"1 Start"});
}

TEST_F(RestartStory, ASessionThatWaitsForItsStartIsToldAfterTheRestart) {
  Login("g", "1");
  Report("g", SessionEventKind::kAuthorized, Record("1", SessionState::kStarting));
  Do(&Accounting::Opened, SessionKey{"g", "1"});
  Restart();
  TakeWords();
  Attach("g", "b", {Record("1", SessionState::kStarting)});
  EXPECT_EQ(TakeWords(), Words());
  Answer();
  EXPECT_EQ(TakeWords(), Words{"configure g/1"});
  Restart();
  Attach("g", "b", {Record("1", SessionState::kStarting)});
  EXPECT_EQ(TakeWords(), Words{"configure g/1"}) << "it may not have heard";
}

TEST_F(RestartStory, OfAReplacedStreamNothingIsCountedTwice) {
  Bring("1");
  Attach("g", "b", {Active("1", {10, 0, 0, 0})});
  Attach("g", "b", {Active("1", {20, 0, 0, 0})});
  Down("g", "1", {30, 0, 0, 0});
  EXPECT_EQ(AnswerAll(), Words{"1 Stop"});
}

// ---- A gateway that does not come back

TEST_F(RestartStory, SessionsOfALostGatewayAreClosedAndEndedIfItComesBack) {
  settings.gateway_lost_after = std::chrono::hours(24);
  Restart();
  Attach("g", "b");
  Bring("1");
  Bring("2");
  Do(&Accounting::Detached, "g");
  Elapse(std::chrono::hours(24) - seconds(1));
  EXPECT_EQ(Sent(), "");
  Elapse(seconds(1));
  EXPECT_EQ(AnswerAll(), (Words{"1 Stop", "2 Stop"}));
  EXPECT_NE(log.back().find("gateway g has been away"), std::string::npos);
  Restart();
  Attach("g", "b", {Active("1", {99, 0, 0, 0})});
  EXPECT_EQ(TakeWords(), Words{"end g/1 NAS-Error"});
  EXPECT_EQ(accounting().session_count(), 1U) << "2 is really over";
  Down("g", "1");
  EXPECT_EQ(AnswerAll(), Words());
  EXPECT_EQ(accounting().session_count(), 0U);
}

TEST_F(RestartStory, TheClosedOnesAreForgottenOneDay) {
  Bring("1");
  Do(&Accounting::Detached, "g");
  Elapse(std::chrono::hours(24));
  AnswerAll();
  EXPECT_EQ(accounting().session_count(), 1U);
  Restart();
  Elapse(std::chrono::hours(24));
  EXPECT_EQ(accounting().session_count(), 0U);
  EXPECT_EQ(RowsOf(store::Table::kSession), 0U);
  EXPECT_EQ(accounting().NextDeadline(), std::nullopt);
}

// ---- A store that was lost

TEST_F(RestartStory, WithANewStoreCarriedSessionsAreAdoptedWithoutASecondStart) {
  Bring("1");
  rows.clear();
  Restart();
  accounting().AdoptUnknown();
  SessionRecord starting = Record("2", SessionState::kStarting);
  starting.policy.generation = Generation(0);
  Attach("g", "b", {Active("1", {50, 0, 0, 0}, 500), starting});
  EXPECT_EQ(accounting().session_count(), 1U);
  Elapse(seconds(60));
  EXPECT_EQ(AnswerAll(), Words{"1 Interim-Update"});
  EXPECT_EQ(newest.user_name, "user1");
  Down("g", "1");
  EXPECT_EQ(AnswerAll(), Words{"1 Stop"});
}

TEST_F(RestartStory, OtherwiseWhoHasNoRowWasLetInWithoutAccounting) {
  Attach("g", "b", {Active("1")});
  Down("g", "1");
  EXPECT_EQ(AnswerAll(), Words());
  EXPECT_EQ(accounting().counters().unaccounted, 1U);
}

TEST_F(RestartStory, UnreadableRowsAreToldAndStay) {
  rows[{store::Table::kSession, "g/9"}] = Bytes{1, 2, 3};
  rows[{store::Table::kSpool, "0000000000000007"}] = Bytes{4};
  Restart();
  EXPECT_EQ(log.size(), 2U);
  EXPECT_EQ(accounting().counters().unreadable_rows, 2U);
  EXPECT_EQ(rows.count({store::Table::kSession, "g/9"}), 1U);
  EXPECT_EQ(rows.count({store::Table::kSpool, "0000000000000007"}), 1U);
}

}  // namespace
}  // namespace sstpgw::cp::accounting
