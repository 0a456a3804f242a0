#include "controlplane/session/registry.h"

namespace sstpgw::cp {
namespace {

using std::chrono::seconds;

SessionRecord Record(const std::string& session, const std::string& user,
                     const std::string& interface_name) {
  SessionRecord record;
  record.session = session;
  record.user = user;
  record.interface_name = interface_name;
  record.state = SessionState::kActive;
  record.calling_station = "192.0.2.7";
  record.policy.generation = Generation(1);
  record.policy.address = Ipv4Address(0x0a000002);
  record.uptime_seconds = 100;
  return record;
}

Hello MakeHello(const std::string& boot, std::vector<SessionRecord> sessions) {
  Hello hello;
  hello.gateway_id = "g";
  hello.boot_id = boot;
  hello.sessions = std::move(sessions);
  return hello;
}

NumberedReport Report(std::uint64_t sequence, SessionEventKind kind, SessionRecord record) {
  NumberedReport report;
  report.sequence = sequence;
  report.report = {kind, std::move(record), TerminateCause::kUserRequest, "bye"};
  return report;
}

class RegistryTest : public ::testing::Test {
 protected:
  TimePoint now_{seconds(1000)};
  Registry registry_;
};

TEST_F(RegistryTest, AHelloMakesTheTable) {
  const auto updates = registry_.Attach(
      MakeHello("1", {Record("a", "ann", "sstp0"), Record("b", "bob", "sstp1")}), now_);
  EXPECT_EQ(updates.size(), 2U);
  EXPECT_TRUE(registry_.IsAttached("g"));
  EXPECT_EQ(registry_.OfUser("ann").size(), 1U);
  EXPECT_EQ(registry_.Totals().active, 2U);
}

TEST_F(RegistryTest, AHelloOfTheSameBootIsTheWholeTruth) {
  (void)registry_.Attach(MakeHello("1", {Record("a", "ann", "sstp0"), Record("b", "bob", "sstp1")}),
                         now_);
  registry_.Detach("g", now_);
  EXPECT_EQ(registry_.session_count(), 2U);  // the gateway carries them on
  const auto updates = registry_.Attach(MakeHello("1", {Record("b", "bob", "sstp1")}), now_);
  ASSERT_EQ(updates.size(), 2U);
  EXPECT_EQ(updates[0].kind, ChangeKind::kRemoved);
  EXPECT_EQ(updates[0].entry.record.session, "a");
  EXPECT_EQ(updates[0].cause, TerminateCause::kLostCarrier);
  EXPECT_EQ(updates[1].kind, ChangeKind::kChanged);
  EXPECT_TRUE(registry_.OfUser("ann").empty());
}

TEST_F(RegistryTest, WhileReportsFollowAMissingSessionWaitsForItsOwn) {
  (void)registry_.Attach(MakeHello("1", {Record("a", "ann", "sstp0"), Record("b", "bob", "sstp1")}),
                         now_);
  Hello again = MakeHello("1", {});
  again.reports_to = 8;
  EXPECT_TRUE(registry_.Attach(again, now_).empty());
  EXPECT_TRUE(registry_.TakeLost("g").empty());
  // One of them has a report with the true cause, the other has none.
  const auto told =
      registry_.Apply("g", Report(7, SessionEventKind::kDown, Record("a", "ann", "sstp0")), now_);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->reason, "bye");
  EXPECT_TRUE(registry_.TakeLost("g").empty());
  (void)registry_.Apply("g", Report(8, SessionEventKind::kUp, Record("c", "cid", "sstp2")), now_);
  const auto lost = registry_.TakeLost("g");
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].entry.record.session, "b");
  EXPECT_EQ(lost[0].cause, TerminateCause::kLostCarrier);
  EXPECT_TRUE(registry_.TakeLost("g").empty());
  EXPECT_EQ(registry_.session_count(), 1U);
}

TEST_F(RegistryTest, ReportsSeenBeforeAreNotWaitedFor) {
  (void)registry_.Attach(MakeHello("1", {Record("a", "ann", "sstp0")}), now_);
  (void)registry_.Apply("g", Report(3, SessionEventKind::kUp, Record("a", "ann", "sstp0")), now_);
  Hello again = MakeHello("1", {});
  again.reports_to = 3;  // only its acknowledgement was lost
  EXPECT_EQ(registry_.Attach(again, now_).size(), 1U);
}

// What was reported before the Hello comes again after it.
TEST_F(RegistryTest, ARecordDoesNotGoBack) {
  (void)registry_.Attach(MakeHello("1", {Record("a", "ann", "sstp0")}), now_);
  SessionRecord starting = Record("a", "", "");
  starting.state = SessionState::kStarting;
  starting.policy = {};
  EXPECT_FALSE(registry_.Apply("g", Report(1, SessionEventKind::kStarting, starting), now_));
  SessionRecord authorized = Record("a", "ann", "sstp0");
  authorized.state = SessionState::kStarting;
  EXPECT_FALSE(registry_.Apply("g", Report(2, SessionEventKind::kAuthorized, authorized), now_));
  EXPECT_EQ(registry_.Totals().active, 1U);
  EXPECT_EQ(registry_.OfUser("ann").size(), 1U);
  EXPECT_TRUE(
      registry_.Apply("g", Report(3, SessionEventKind::kUp, Record("a", "ann", "sstp7")), now_));
}

TEST_F(RegistryTest, ANewBootEndsTheOldSessionsEvenWithTheSameNames) {
  (void)registry_.Attach(MakeHello("1", {Record("a", "ann", "sstp0")}), now_);
  const auto updates = registry_.Attach(MakeHello("2", {Record("a", "ann", "sstp0")}), now_);
  ASSERT_EQ(updates.size(), 2U);
  EXPECT_EQ(updates[0].kind, ChangeKind::kRemoved);
  EXPECT_EQ(updates[0].cause, TerminateCause::kNasReboot);
  EXPECT_EQ(updates[1].kind, ChangeKind::kAdded);
}

TEST_F(RegistryTest, ReportsCountOnceAndInOrder) {
  (void)registry_.Attach(MakeHello("1", {}), now_);
  EXPECT_TRUE(
      registry_.Apply("g", Report(5, SessionEventKind::kUp, Record("a", "ann", "s")), now_));
  EXPECT_FALSE(
      registry_.Apply("g", Report(5, SessionEventKind::kDown, Record("a", "ann", "s")), now_));
  EXPECT_FALSE(
      registry_.Apply("g", Report(4, SessionEventKind::kDown, Record("a", "ann", "s")), now_));
  EXPECT_EQ(registry_.session_count(), 1U);
  const auto update =
      registry_.Apply("g", Report(9, SessionEventKind::kDown, Record("a", "ann", "s")), now_);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->kind, ChangeKind::kRemoved);
  EXPECT_EQ(update->reason, "bye");
  EXPECT_EQ(registry_.session_count(), 0U);
  // The next boot counts from 1 again.
  (void)registry_.Attach(MakeHello("2", {}), now_);
  EXPECT_TRUE(
      registry_.Apply("g", Report(1, SessionEventKind::kUp, Record("a", "ann", "s")), now_));
}

TEST_F(RegistryTest, UnknownThingsAreHarmless) {
  EXPECT_FALSE(
      registry_.Apply("?", Report(1, SessionEventKind::kUp, Record("a", "ann", "s")), now_));
  (void)registry_.Attach(MakeHello("1", {}), now_);
  EXPECT_FALSE(
      registry_.Apply("g", Report(1, SessionEventKind::kDown, Record("a", "ann", "s")), now_));
  CountersBatch batch;
  batch.entries.push_back({"nobody", {1, 2, 3, 4}});
  registry_.ApplyCounters("g", batch, now_);
  registry_.ApplyCounters("?", batch, now_);
  registry_.Detach("?", now_);
  EXPECT_EQ(registry_.session_count(), 0U);
}

TEST_F(RegistryTest, AUserChangeMovesTheIndex) {
  (void)registry_.Attach(MakeHello("1", {}), now_);
  SessionRecord starting = Record("a", "", "");
  starting.state = SessionState::kStarting;
  (void)registry_.Apply("g", Report(1, SessionEventKind::kStarting, starting), now_);
  EXPECT_EQ(registry_.Totals().starting, 1U);
  (void)registry_.Apply("g", Report(2, SessionEventKind::kUp, Record("a", "ann", "s")), now_);
  EXPECT_EQ(registry_.OfUser("ann").size(), 1U);
  EXPECT_TRUE(registry_.OfUser("").empty());
}

TEST_F(RegistryTest, FilterTakesEveryPart) {
  SessionRecord other = Record("b", "bob", "sstp1");
  other.policy.address = Ipv4Address();
  (void)registry_.Attach(MakeHello("1", {Record("a", "ann", "sstp0"), other}), now_);
  SessionFilter by_address;
  by_address.address = Ipv4Address(0x0a000002);
  EXPECT_EQ(registry_.Select(by_address).size(), 1U);
  by_address.address = Ipv4Address();  // no address is no wild card
  EXPECT_EQ(registry_.Select(by_address).size(), 0U);
  SessionFilter filter;
  filter.calling_station = "192.0.2.7";
  EXPECT_EQ(registry_.Select(filter).size(), 2U);
  filter.interface_name = "sstp1";
  EXPECT_EQ(registry_.Select(filter).size(), 1U);
  filter.user = "ann";
  EXPECT_EQ(registry_.Select(filter).size(), 0U);
  SessionFilter state;
  state.state = SessionState::kFinishing;
  EXPECT_TRUE(registry_.Select(state).empty());
}

TEST_F(RegistryTest, SelectionIsOrderedAsPeopleCount) {
  (void)registry_.Attach(MakeHello("1", {Record("a", "u", "sstp10"), Record("b", "u", "sstp2"),
                                         Record("c", "u", "ppp1")}),
                         now_);
  std::vector<std::string> names;
  for (const SessionEntry* entry : registry_.Select({})) {
    names.push_back(entry->record.interface_name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"ppp1", "sstp2", "sstp10"}));
}

TEST_F(RegistryTest, UptimeRunsOnAndStandsStillAtTheEnd) {
  (void)registry_.Attach(MakeHello("1", {Record("a", "u", "s")}), now_);
  const SessionEntry* entry = registry_.Find({"g", "a"});
  EXPECT_EQ(UptimeAt(*entry, now_ + seconds(5)), 105);
  EXPECT_EQ(UptimeAt(*entry, now_ - seconds(5)), 100);
  SessionEntry ended = *entry;
  ended.record.state = SessionState::kFinishing;
  EXPECT_EQ(UptimeAt(ended, now_ + seconds(5)), 100);
  CountersBatch batch;
  batch.entries.push_back({"a", {10, 20, 1, 2}});
  registry_.ApplyCounters("g", batch, now_ + seconds(7));
  EXPECT_EQ(UptimeAt(*registry_.Find({"g", "a"}), now_ + seconds(8)), 108);
  EXPECT_EQ(registry_.Find({"g", "a"})->record.counters.tx_bytes, 20U);
}

TEST_F(RegistryTest, CountersThatComeOftenDoNotHoldUptimeUp) {
  (void)registry_.Attach(MakeHello("1", {Record("a", "u", "s")}), now_);
  CountersBatch batch;
  batch.entries.push_back({"a", {10, 20, 1, 2}});
  for (int i = 1; i <= 20; ++i) {
    registry_.ApplyCounters("g", batch, now_ + i * std::chrono::milliseconds(900));
  }
  EXPECT_EQ(UptimeAt(*registry_.Find({"g", "a"}), now_ + seconds(18)), 118);
}

TEST_F(RegistryTest, WhoDoesTheTlsRecordsFollowsTheGateway) {
  SessionRecord record = Record("a", "u", "s");
  record.tls_send = TlsMode::kSoftware;
  (void)registry_.Attach(MakeHello("1", {record}), now_);
  EXPECT_EQ(registry_.Find({"g", "a"})->record.tls_send, TlsMode::kSoftware);
  EXPECT_EQ(registry_.Find({"g", "a"})->record.tls_receive, TlsMode::kUser);
  CountersBatch batch;
  batch.entries.push_back({"a", {}, TlsMode::kHardware, TlsMode::kSoftware});
  registry_.ApplyCounters("g", batch, now_);
  EXPECT_EQ(registry_.Find({"g", "a"})->record.tls_send, TlsMode::kHardware);
  EXPECT_EQ(registry_.Find({"g", "a"})->record.tls_receive, TlsMode::kSoftware);
}

TEST(NaturalLess, ComparesNumbersAsNumbers) {
  EXPECT_TRUE(NaturalLess("sstp2", "sstp10"));
  EXPECT_FALSE(NaturalLess("sstp10", "sstp2"));
  EXPECT_TRUE(NaturalLess("", "a"));
  EXPECT_TRUE(NaturalLess("a", "a1"));
  EXPECT_FALSE(NaturalLess("a", "a"));
  EXPECT_NE(NaturalLess("a01", "a1"), NaturalLess("a1", "a01"));
}

// ---- Achieved rates

class RegistryRateTest : public RegistryTest {
 protected:
  void SetUp() override {
    SessionRecord record = Record("a", "ann", "sstp0");
    record.shaper.down = DownLimiter::kEdt;
    record.shaper.down_counters.passed_octets = 1000;
    (void)registry_.Attach(MakeHello("1", {record}), now_);
  }
  // After `later`, a batch that names the session if there are any octets.
  void Count(std::chrono::milliseconds later, std::uint64_t down_passed, std::uint64_t rx = 0,
             DownLimiter limiter = DownLimiter::kEdt) {
    now_ += later;
    CountersBatch batch;
    if (down_passed + rx > 0) {
      CountersReport report;
      report.session = "a";
      report.shaper.down = limiter;
      report.shaper.down_counters.passed_octets = down_passed;
      report.counters.rx_bytes = rx;
      report.counters.tx_bytes = 7'000'000;
      batch.entries.push_back(report);
    }
    registry_.ApplyCounters("g", batch, now_);
  }
  [[nodiscard]] std::optional<AchievedRates> Achieved() const {
    return registry_.Achieved(*registry_.Find({"g", "a"}));
  }
  static AchievedRates Rates(std::uint64_t down, std::uint64_t up, std::chrono::milliseconds over) {
    return {BitsPerSecond{down}, BitsPerSecond{up}, over};
  }
};

TEST_F(RegistryRateTest, TwoBatchesMakeARate) {
  EXPECT_EQ(Achieved(), std::nullopt);
  Count(seconds(1), 2000, 500);
  EXPECT_EQ(Achieved(), std::nullopt);
  Count(std::chrono::milliseconds(500), 127'000, 1500);
  // The limited direction by its limiter, the other one by the interface.
  EXPECT_EQ(Achieved(), Rates(2'000'000, 16'000, std::chrono::milliseconds(500)));
  EXPECT_EQ(registry_.Find({"g", "a"})->record.shaper.down_counters.passed_octets, 127'000U);
}

TEST_F(RegistryRateTest, WhoIsNotNamedStandsStill) {
  Count(seconds(1), 2000);
  Count(seconds(1), 0);
  EXPECT_EQ(Achieved(), Rates(0, 0, seconds(1)));
  // The pause does not count for what comes after it.
  Count(seconds(1), 3000);
  EXPECT_EQ(Achieved(), Rates(8000, 0, seconds(1)));
}

TEST_F(RegistryRateTest, AReportBetweenBatchesTakesNothingAway) {
  Count(seconds(1), 2000);
  SessionRecord record = Record("a", "ann", "sstp0");
  record.shaper.down = DownLimiter::kEdt;
  record.shaper.down_counters.passed_octets = 2900;
  (void)registry_.Apply("g", Report(1, SessionEventKind::kChange, record), now_);
  Count(seconds(1), 3000);
  EXPECT_EQ(Achieved(), Rates(8000, 0, seconds(1)));
}

TEST_F(RegistryRateTest, ALimitThatGoesOrComesMakesNoJump) {
  Count(seconds(1), 2000);
  Count(seconds(1), 3000, 0, DownLimiter::kAuto);
  EXPECT_EQ(Achieved(), Rates(0, 0, seconds(1)));
  Count(seconds(1), 3000, 0, DownLimiter::kPace);
  EXPECT_EQ(Achieved(), Rates(0, 0, seconds(1)));
  // Told before it is counted.
  (void)registry_.Apply("g", Report(1, SessionEventKind::kChange, Record("a", "ann", "sstp0")),
                        now_);
  Count(seconds(1), 3000, 0, DownLimiter::kAuto);
  EXPECT_EQ(Achieved(), Rates(0, 0, seconds(1)));
}

TEST_F(RegistryRateTest, NobodyKnowsWithoutTheGateway) {
  Count(seconds(1), 2000);
  Count(seconds(1), 3000);
  registry_.Detach("g", now_);
  EXPECT_EQ(Achieved(), std::nullopt);
  (void)registry_.Attach(MakeHello("1", {Record("a", "ann", "sstp0")}), now_);
  EXPECT_EQ(Achieved(), std::nullopt);
}

}  // namespace
}  // namespace sstpgw::cp
