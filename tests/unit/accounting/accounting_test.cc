// Accounting of many sessions while it runs; what a restart does is in accounting_restart_test.cc.
#include "controlplane/accounting/accounting.h"

#include "tests/unit/accounting/accounting_bench.h"

namespace sstpgw::cp::accounting {
namespace {

using std::chrono::seconds;
using Words = std::vector<std::string>;

class AccountingStory : public ::testing::Test, protected AccountingBench {
 protected:
  AccountingStory() { Attach("g", "b"); }
  // In and up, its Start acknowledged.
  void Bring(const std::string& session) {
    Login("g", session);
    Up("g", session);
    AnswerAll();
    TakeWords();
  }
};

TEST_F(AccountingStory, ALoginIsLetInWhenItsRowIsDurable) {
  disk_works = false;
  Login("g", "1");
  EXPECT_EQ(TakeWords(), Words());
  EXPECT_EQ(RowsOf(store::Table::kSession), 0U);
  WriteOne();
  EXPECT_EQ(TakeWords(), Words{"let in g/1"});
  EXPECT_EQ(RowsOf(store::Table::kSession), 1U);
  Login("g", "1");
  WriteOne();
  EXPECT_EQ(TakeWords(), Words{"let in g/1"}) << "asked again";
}

TEST_F(AccountingStory, FromStartToStop) {
  Login("g", "1");
  Report("g", SessionEventKind::kAuthorized, Record("1", SessionState::kStarting));
  EXPECT_EQ(Sent(), "");
  Do(&Accounting::Opened, SessionKey{"g", "1"});
  EXPECT_EQ(Sent(), "1 Start");
  TakeWords();
  Answer();
  EXPECT_EQ(TakeWords(), Words{"configure g/1"});
  Up("g", "1");
  EXPECT_EQ(Sent(), "");
  Elapse(seconds(60));
  EXPECT_EQ(Sent(), "1 Interim-Update");
  Answer();
  Down("g", "1", {100, 200, 1, 2}, TerminateCause::kLostCarrier);
  EXPECT_EQ(Sent(), "1 Stop");
  const AccountingRecord& stop = sent.front().record;
  EXPECT_EQ(stop.counters, (TrafficCounters{100, 200, 1, 2}));
  EXPECT_EQ(stop.terminate_cause, 2U);
  EXPECT_EQ(stop.classes, std::vector<Bytes>{(Bytes{1, 2, 3})});
  Answer();
  EXPECT_EQ(RowsOf(store::Table::kSpool), 0U);
  EXPECT_EQ(RowsOf(store::Table::kSession), 0U);
  EXPECT_EQ(accounting().session_count(), 0U);
  EXPECT_EQ(accounting().spool().reserved().records, 0U);
  EXPECT_EQ(accounting().spool().reserved().octets, 0U);
  EXPECT_EQ(accounting().NextDeadline(), std::nullopt);
}

TEST_F(AccountingStory, AReportsAcknowledgementCanWaitUntilItsStopIsDurable) {
  Bring("1");
  disk_works = false;
  Down("g", "1");
  Do(&Accounting::WhenDurable, DurableToken(7));
  EXPECT_TRUE(durable.empty());
  EXPECT_EQ(Sent(), "") << "nor is the Stop sent";
  WriteOne();
  EXPECT_EQ(durable, std::vector<std::uint64_t>{7});
  EXPECT_EQ(Sent(), "1 Stop");
  Do(&Accounting::WhenDurable, DurableToken(8));
  EXPECT_EQ(durable.back(), 8U) << "nothing to wait for";
}

TEST_F(AccountingStory, WithoutAccountingNobodyWaits) {
  settings.enabled = false;
  Restart();
  Login("g", "1");
  Do(&Accounting::Opened, SessionKey{"g", "1"});
  EXPECT_EQ(TakeWords(), (Words{"let in g/1", "configure g/1"}));
  Up("g", "1");
  Down("g", "1");
  EXPECT_EQ(RowsOf(store::Table::kSession) + RowsOf(store::Table::kSpool), 0U);
}

TEST_F(AccountingStory, SwitchedOffOnTheWayRecordsWaitAndGoOnLater) {
  Bring("1");
  settings.enabled = false;
  Do(&Accounting::SetSettings, settings);
  Elapse(seconds(600));
  Down("g", "1");
  EXPECT_EQ(Sent(), "");
  EXPECT_EQ(accounting().spool().size(), 1U) << "the Stop, and no Interim";
  settings.enabled = true;
  Do(&Accounting::SetSettings, settings);
  EXPECT_EQ(Sent(), "1 Stop");
}

TEST_F(AccountingStory, ASessionWhoseInterimsGetNoAnswerIsEndedAndHasItsStop) {
  Bring("1");
  Elapse(seconds(60));
  ASSERT_EQ(Sent(), "1 Interim-Update");
  Elapse(seconds(3));
  EXPECT_EQ(TakeWords(), Words{"end g/1 NAS-Error"});
  LeaveUnanswered();
  Down("g", "1", {}, TerminateCause::kNasError);
  EXPECT_EQ(Sent(), "1 Stop") << "the interim is not sent any more";
  EXPECT_EQ(sent.front().record.terminate_cause, 9U);
  EXPECT_EQ(accounting().counters().ended, 1U);
}

TEST_F(AccountingStory, ACoaChangesWhatFollows) {
  Bring("1");
  PolicyChanged change;
  change.classes = {Bytes(200, 9)};
  ActionList actions;
  const auto code = [&](const SessionKey& key, const PolicyChanged& what) {
    const Result<void> changed = accounting().Changed(key, what, moment, actions);
    return changed ? ErrorCode::kInternal : changed.error().code;
  };
  EXPECT_EQ(code({"g", "2"}, change), ErrorCode::kNotFound);
  PolicyChanged too_long;
  too_long.classes = {Bytes(300, 9)};
  EXPECT_EQ(code({"g", "1"}, too_long), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(actions.empty());
  Do(&Accounting::Changed, SessionKey{"g", "1"}, change);
  EXPECT_GE(accounting().spool().reserved().octets, 200U + Accounting::kLaterOctets);
  Down("g", "1");
  AnswerAll();
  EXPECT_EQ(newest.classes, *change.classes);
  EXPECT_EQ(accounting().spool().reserved().octets, 0U);
}

TEST_F(AccountingStory, ALoginThatIsNeverReportedIsForgotten) {
  Login("g", "1");
  Elapse(Accounting::kUnreported);
  EXPECT_EQ(accounting().session_count(), 0U);
  EXPECT_EQ(RowsOf(store::Table::kSession) + RowsOf(store::Table::kSpool), 0U);
  EXPECT_EQ(accounting().spool().reserved().records, 0U);
}

TEST_F(AccountingStory, NotWhileItsGatewayIsAwayAndCannotReportIt) {
  Login("g", "1");
  Do(&Accounting::Detached, "g");
  Elapse(2 * Accounting::kUnreported);
  EXPECT_EQ(accounting().session_count(), 1U);
  Attach("g", "b", {Record("1", SessionState::kActive)});
  EXPECT_EQ(AnswerAll(), Words{"1 Start"});
}

// ---- Full

TEST_F(AccountingStory, AFullSpoolRefusesNewSessionsAndWarnsBefore) {
  settings.spool.records = 10;
  settings.interim_interval = seconds(0);
  Restart();
  Attach("g", "b");
  for (int i = 1; i <= 4; ++i) Login("g", std::to_string(i));
  EXPECT_EQ(log, Words()) << "8 of 10";
  Login("g", "5");
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log[0].find("nearly full"), std::string::npos) << log[0];
  TakeWords();
  Login("g", "6");
  EXPECT_EQ(TakeWords(), Words{"turn away g/6: the accounting spool is full"});
  for (int i = 1; i <= 5; ++i) Up("g", std::to_string(i));
  for (int i = 1; i <= 5; ++i) Down("g", std::to_string(i));
  EXPECT_EQ(accounting().spool().size(), 10U) << "all Starts and Stops";
  EXPECT_EQ(AnswerAll().size(), 10U);
  EXPECT_NE(log.back().find("room again"), std::string::npos);
  Login("g", "6");
  EXPECT_EQ(TakeWords().back(), "let in g/6");
}

TEST_F(AccountingStory, WhatNoRecordCanHoldIsRefusedAtTheLogin) {
  AccountedLogin login;
  login.key = {"g", "1"};
  login.boot = "b";
  login.record.classes.assign(20, Bytes(200, 1));
  Do(&Accounting::Authorized, std::move(login));
  const Words said = TakeWords();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("turn away g/1: sum of all Class is too long"), std::string::npos);
  EXPECT_EQ(accounting().session_count(), 0U);
}

TEST_F(AccountingStory, AStoreThatDoesNotWriteRefusesNewSessionsAndLosesNothing) {
  Bring("1");
  Bring("2");
  disk_works = false;
  Down("g", "1");
  Do(&Accounting::Stalled, "disk full");
  Do(&Accounting::Stalled, "disk full");
  EXPECT_EQ(log.size(), 1U) << "said once";
  Login("g", "3");
  EXPECT_EQ(TakeWords(), Words{"turn away g/3: the accounting store does not write"});
  const std::size_t queued = writing.size();
  for (int i = 0; i < 100; ++i) {
    CountersBatch batch;
    batch.entries.push_back({"2", {1000U + static_cast<std::uint64_t>(i), 0, 0, 0}});
    Do(&Accounting::Counted, "g", batch);
    Elapse(seconds(60));
  }
  EXPECT_EQ(writing.size(), queued) << "what can wait does not pile up";
  EXPECT_GT(accounting().counters().held_interims, 50U);
  disk_works = true;
  while (WriteOne()) {
  }
  EXPECT_EQ(Sent(), "1 Stop");
  EXPECT_NE(log.back().find("writes again"), std::string::npos);
  Restart();
  EXPECT_EQ(accounting().Find({"g", "2"})->now.counters.rx_bytes, 1099U) << "kept since";
  Login("g", "3");
  EXPECT_EQ(TakeWords(), Words{"let in g/3"});
}

// ---- The NAS

TEST_F(AccountingStory, OnIsSentToEveryServerWhenNoSessionGoesOn) {
  Do(&Accounting::ServiceStarted, Words{"192.0.2.1", "192.0.2.2"});
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(Sent(), "192.0.2.1 Accounting-On");
  Answer();
  LeaveUnanswered();
  Login("g", "1");
  Elapse(seconds(300));
  EXPECT_EQ(accounting().spool().size(), 0U) << "it would end the session at that server";
}

TEST_F(AccountingStory, AnOnThatIsOnItsWayIsWithdrawnWhenTheFirstIsLetIn) {
  Do(&Accounting::ServiceStarted, Words{"192.0.2.1"});
  ASSERT_EQ(sent.size(), 1U);
  const RecordId on = sent.front().id;
  Login("g", "1");
  EXPECT_EQ(TakeWords(), (Words{"withdraw Accounting-On", "let in g/1"}));
  Do(&Accounting::Acknowledged, on);  // it is late
  EXPECT_EQ(accounting().spool().size(), 0U);
}

TEST_F(AccountingStory, OffAndOnAreNotSentWhileSessionsGoOn) {
  Bring("1");
  Do(&Accounting::ServiceStopping, Words{"192.0.2.1"});
  EXPECT_EQ(Sent(), "");
  Restart();
  Do(&Accounting::ServiceStarted, Words{"192.0.2.1"});
  EXPECT_EQ(Sent(), "");
  EXPECT_NE(log.back().find("sessions go on"), std::string::npos);
}

TEST_F(AccountingStory, SessionIds) {
  ActionList actions;
  const auto first = accounting().NewSessionId(moment, actions);
  const auto second = accounting().NewSessionId(moment, actions);
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  Restart();
  EXPECT_GT(*accounting().NewSessionId(moment, actions), *second);
}

}  // namespace
}  // namespace sstpgw::cp::accounting
