#include "controlplane/session/rate_keeper.h"

#include "tests/unit/session/core_bench.h"

namespace sstpgw::cp {
namespace {

using namespace std::chrono_literals;
using Kind = RateOrder::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class RateKeeperTest : public ::testing::Test, public CoreBench {
 protected:
  void Configure(const std::string& fallback, std::vector<std::string> ranges = {}) {
    RateSettings rates;
    if (!fallback.empty()) rates.fallback.Set(Rate(fallback));
    for (const auto& [user, text] : user_rates_) rates.users[user].Set(Rate(text));
    for (const auto& [id, text] : fallback_in_range_) {
      RateReading reading = Rate(text);
      reading.time_range = id;
      rates.fallback.Set(reading);
    }
    for (const std::string& text : ranges) rates.time_ranges.push_back(*ReadTimeRange(text));
    Do(RatesConfigured{std::move(rates), time_of_day});
  }
  // A session as its gateway tells of it, with the policy that it carries.
  static SessionRecord Limited(const std::string& session, const std::string& user,
                               const std::string& limit, std::uint64_t generation = 1) {
    SessionRecord record = Record(session, user, "10.0.0." + session);
    record.policy.generation = Generation(generation);
    record.policy.dns = {Ipv4Address(7)};
    if (!limit.empty()) record.policy.rate_limit = LimitOf(limit);
    return record;
  }
  static RateLimit LimitOf(const std::string& text) {
    const RateReading reading = Rate(text);
    return {*reading.down, *reading.up};
  }
  void Applied(const std::string& session, std::uint64_t generation) {
    Do(SettingsApplied{"g", sstpgw::Applied{Generation(generation), session}});
  }
  void Refused(const std::string& session, std::uint64_t generation, const std::string& reason) {
    Do(SettingsRefused{"g", sstpgw::Refused{Generation(generation), session, reason}});
  }
  // What its gateway is said to keep, and who decided.
  std::string Standing(const std::string& session) {
    const SessionEntry* entry = core.registry().Find({"g", session});
    const RateStanding standing = core.rates().Of(*entry);
    return ToKilobits(standing.carried) + " " + ToString(standing.wanted.source);
  }

  std::map<std::string, std::string> user_rates_;
  std::map<std::uint32_t, std::string> fallback_in_range_;
};

// ---- The first policy

TEST_F(RateKeeperTest, TheFirstPolicyHasTheLimitOfTheUserOrTheDefault) {
  user_rates_["ann"] = "20/10";
  settings.single_session = SingleSession::kNone;
  SetPool("10.0.0.2", "10.0.0.9");
  Configure("9/8");
  Attach("g", "b");
  const auto first = [&](AskId ask) {
    return ToKilobits(std::get<AuthorizeAccept>(*answers.at(ask)).policy.rate_limit);
  };
  EXPECT_EQ(first(Ask("g", "s1", "ann")), "20/10");
  EXPECT_EQ(first(Ask("g", "s2", "bob")), "9/8");
  OrderRate(Kind::kTemporary, "all", "1/1");
  EXPECT_EQ(first(Ask("g", "s3", "ann")), "1/1");
  OrderRate(Kind::kRestore, "all");
  EXPECT_EQ(first(Ask("g", "s4", "ann")), "20/10");
}

TEST_F(RateKeeperTest, ASessionWithTheLimitItIsToHaveIsToldNothing) {
  Configure("9/8");
  Attach("g", "b", {Limited("2", "ann", "9/8")});
  Report("g", SessionEventKind::kUp, Limited("3", "bob", "9/8"));
  EXPECT_THAT(TakePolicies(), IsEmpty());
}

// ---- Orders

TEST_F(RateKeeperTest, AnOrderIsConcludedWhenTheGatewayHasAppliedIt) {
  Attach("g", "b", {Limited("2", "ann", "")});
  const ChangeId id = OrderRate(Kind::kChange, "sstp2", "10/5");
  ASSERT_EQ(policies.size(), 1U);
  // The whole policy, all else as it was.
  const SessionPolicy sent = policies[0].second.policy;
  EXPECT_EQ(sent.address.ToString(), "10.0.0.2");
  EXPECT_EQ(sent.dns, std::vector{Ipv4Address(7)});
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 10/5"));
  EXPECT_EQ(OutcomeOf(id), "waiting");
  EXPECT_EQ(Standing("2"), " changed");  // not yet
  Applied("2", 2);
  EXPECT_EQ(OutcomeOf(id), "1 changed");
  EXPECT_EQ(Standing("2"), "10/5 changed");
  EXPECT_EQ(log.back(), "operator: rate limit of sstp2: 10/5 kbit/s (1 changed)");
  Pass(10s);
  EXPECT_THAT(TakePolicies(), IsEmpty());
}

TEST_F(RateKeeperTest, TheRecordConfirmsAsWellAsApplied) {
  Attach("g", "b", {Limited("2", "ann", "")});
  const ChangeId id = OrderRate(Kind::kChange, "sstp2", "10/5");
  Report("g", SessionEventKind::kChange, Limited("2", "ann", "10/5", 2));
  EXPECT_EQ(OutcomeOf(id), "1 changed");
  Applied("2", 2);
  EXPECT_EQ(Standing("2"), "10/5 changed");
  EXPECT_EQ(core.rates().remembered(), 1U);  // the change
}

TEST_F(RateKeeperTest, ARecordFromBeforeTheOrderChangesNothing) {
  Attach("g", "b", {Limited("2", "ann", "")});
  OrderRate(Kind::kChange, "sstp2", "10/5");
  TakePolicies();
  Report("g", SessionEventKind::kChange, Limited("2", "ann", ""));
  Applied("2", 2);
  Report("g", SessionEventKind::kChange, Limited("2", "ann", ""));
  EXPECT_THAT(TakePolicies(), IsEmpty());
  EXPECT_EQ(Standing("2"), "10/5 changed");
}

TEST_F(RateKeeperTest, NobodyThereIsNotFound) {
  Attach("g", "b", {Limited("2", "ann", "")});
  EXPECT_EQ(OutcomeOf(OrderRate(Kind::kChange, "sstp9", "10/5")), "not found");
  EXPECT_EQ(OutcomeOf(OrderRate(Kind::kRestore, "sstp9")), "not found");
  EXPECT_THAT(log, IsEmpty());
  // That is no interface.
  Do(GatewayDetached{"g"});
  Attach("g", "c");
  EXPECT_EQ(OutcomeOf(OrderRate(Kind::kTemporary, "all", "10/5")), "0 changed");
}

TEST_F(RateKeeperTest, ASessionThatIsNotLetInYetIsNoSession) {
  Attach("g", "b");
  Report("g", SessionEventKind::kStarting, Record("2", "", "", SessionState::kStarting));
  EXPECT_EQ(OutcomeOf(OrderRate(Kind::kChange, "sstp2", "10/5")), "not found");
}

TEST_F(RateKeeperTest, AStartingSessionIsToldWhenItIsUp) {
  Attach("g", "b");
  SessionRecord record = Limited("2", "ann", "");
  record.state = SessionState::kStarting;
  Report("g", SessionEventKind::kAuthorized, record);
  EXPECT_EQ(OutcomeOf(OrderRate(Kind::kChange, "sstp2", "10/5")),
            "0 changed, sstp2 unanswered: it is still starting");
  EXPECT_THAT(TakePolicies(), IsEmpty());
  Report("g", SessionEventKind::kUp, Limited("2", "ann", ""));
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 10/5"));
}

TEST_F(RateKeeperTest, ARefusedOrderIsTakenBack) {
  Configure("9/8");
  Attach("g", "b", {Limited("2", "ann", "9/8")});
  const ChangeId id = OrderRate(Kind::kChange, "sstp2", "10/5");
  TakePolicies();
  Refused("2", 2, "no qdisc");
  EXPECT_EQ(OutcomeOf(id), "0 changed, sstp2 refused: no qdisc");
  EXPECT_EQ(Standing("2"), "9/8 default");
  EXPECT_THAT(log,
              ElementsAre(HasSubstr("refused policy of 2: no qdisc"),
                          "operator: rate limit of sstp2: 10/5 kbit/s (0 changed, 1 refused)"));
  EXPECT_THAT(TakePolicies(), IsEmpty());
  // Tried again when somebody insists.
  OrderRate(Kind::kChange, "sstp2", "10/5");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 10/5"));
  Applied("2", 3);
  EXPECT_EQ(Standing("2"), "10/5 changed");
}

TEST_F(RateKeeperTest, TheSameOrderTwiceIsTakenBackWhole) {
  Configure("9/8");
  Attach("g", "b", {Limited("2", "ann", "9/8")});
  const ChangeId first = OrderRate(Kind::kChange, "sstp2", "10/5");
  const ChangeId second = OrderRate(Kind::kChange, "sstp2", "10/5");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 10/5"));
  Refused("2", 2, "no qdisc");
  EXPECT_EQ(OutcomeOf(first), "0 changed, sstp2 refused: no qdisc");
  EXPECT_EQ(OutcomeOf(second), "0 changed, sstp2 refused: no qdisc");
  EXPECT_EQ(Standing("2"), "9/8 default");
  EXPECT_THAT(TakePolicies(), IsEmpty());
}

TEST_F(RateKeeperTest, RefusalOfAnOlderOrderLeavesTheNewerOne) {
  Attach("g", "b", {Limited("2", "ann", "")});
  const ChangeId first = OrderRate(Kind::kChange, "sstp2", "10/5");
  const ChangeId second = OrderRate(Kind::kTemporary, "sstp2", "4/2");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 10/5", "g/2 3 4/2"));
  Refused("2", 2, "busy");
  EXPECT_EQ(OutcomeOf(first), "0 changed, sstp2 refused: busy");
  EXPECT_EQ(OutcomeOf(second), "waiting");
  // Both go: what the second stood on was not taken.
  Refused("2", 3, "busy");
  EXPECT_EQ(OutcomeOf(second), "0 changed, sstp2 refused: busy");
  EXPECT_EQ(Standing("2"), " none");
  EXPECT_THAT(TakePolicies(), IsEmpty());
}

TEST_F(RateKeeperTest, ANewerGenerationConfirmsTheOlderOne) {
  Attach("g", "b", {Limited("2", "ann", "")});
  const ChangeId first = OrderRate(Kind::kChange, "sstp2", "10/5");
  const ChangeId second = OrderRate(Kind::kChange, "sstp2", "20/5");
  Applied("2", 3);
  EXPECT_EQ(OutcomeOf(first), "1 changed");
  EXPECT_EQ(OutcomeOf(second), "1 changed");
  EXPECT_EQ(Standing("2"), "20/5 changed");
}

TEST_F(RateKeeperTest, SilenceEndsAfterFiveSecondsAndTheOrderStands) {
  Attach("g", "b", {Limited("2", "ann", "")});
  const ChangeId id = OrderRate(Kind::kChange, "sstp2", "10/5");
  ASSERT_TRUE(core.NextDeadline());
  EXPECT_EQ(*core.NextDeadline(), now + 5s);
  Pass(4999ms);
  EXPECT_EQ(OutcomeOf(id), "waiting");
  Pass(1ms);
  EXPECT_EQ(OutcomeOf(id), "0 changed, sstp2 unanswered: gateway 'g' has not answered within 5 s");
  Applied("2", 2);
  EXPECT_EQ(Standing("2"), "10/5 changed");
}

TEST_F(RateKeeperTest, SeveralSessionsAreCountedApart) {
  user_rates_["dan"] = "10/5";
  Configure("");
  Attach("g", "b", {Limited("2", "ann", ""), Limited("3", "bob", ""), Limited("4", "cid", "")});
  Attach("h", "b", {Limited("5", "dan", "10/5")});
  const ChangeId id = OrderRate(Kind::kChange, "all", "10/5");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 10/5", "g/3 2 10/5", "g/4 2 10/5"));
  Applied("2", 2);
  Refused("3", 2, "no room");
  EXPECT_EQ(OutcomeOf(id), "waiting");
  Down("g", "4", "cid", "10.0.0.4");
  EXPECT_EQ(OutcomeOf(id),
            "2 changed, sstp3 refused: no room, sstp4 refused: the session has ended");
  // A change of all is not for new ones.
  const AskId ask = Ask("g", "s9", "eve");
  EXPECT_EQ(std::get<AuthorizeAccept>(*answers.at(ask)).policy.rate_limit, RateLimit{});
}

TEST_F(RateKeeperTest, AfterARefusalTheSessionHasWhatItsGatewayAppliedLast) {
  Attach("g", "b", {Limited("2", "ann", "")});
  OrderRate(Kind::kChange, "sstp2", "1/1");
  OrderRate(Kind::kChange, "sstp2", "2/2");
  OrderRate(Kind::kChange, "sstp2", "3/3");
  Applied("2", 2);
  EXPECT_EQ(Standing("2"), "1/1 changed");
  Applied("2", 3);
  Refused("2", 4, "no room");
  EXPECT_EQ(Standing("2"), "2/2 changed");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 1/1", "g/2 3 2/2", "g/2 4 3/3"));
}

// ---- Temporary limits

TEST_F(RateKeeperTest, WhatChangesUnderATemporaryLimitHoldsAfterItsEnd) {
  Attach("g", "b", {Limited("2", "ann", "")});
  OrderRate(Kind::kTemporary, "sstp2", "10/5");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 10/5"));
  Applied("2", 2);
  EXPECT_EQ(OutcomeOf(OrderRate(Kind::kChange, "sstp2", "20/20")), "1 changed");
  Configure("9/8");
  EXPECT_THAT(TakePolicies(), IsEmpty());
  EXPECT_EQ(Standing("2"), "10/5 temporary");
  OrderRate(Kind::kRestore, "sstp2");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 20/20"));
}

TEST_F(RateKeeperTest, RestoringWhatIsNotTemporaryIsDoneAtOnce) {
  Attach("g", "b", {Limited("2", "ann", "")});
  EXPECT_EQ(OutcomeOf(OrderRate(Kind::kRestore, "sstp2")), "1 changed");
  EXPECT_EQ(OutcomeOf(OrderRate(Kind::kRestore, "all")), "1 changed");
  EXPECT_EQ(core.rates().remembered(), 0U);
}

TEST_F(RateKeeperTest, ATemporaryLimitOfZeroIsRestored) {
  Configure("9/8");
  Attach("g", "b", {Limited("2", "ann", "9/8")});
  OrderRate(Kind::kTemporary, "sstp2", "0/0");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 "));
  Applied("2", 2);
  OrderRate(Kind::kRestore, "sstp2");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 9/8"));
}

TEST_F(RateKeeperTest, OneSessionIsRestoredOutOfAll) {
  Attach("g", "b", {Limited("2", "ann", ""), Limited("3", "bob", "")});
  OrderRate(Kind::kTemporary, "all", "1/1");
  TakePolicies();
  Applied("2", 2);
  Applied("3", 2);
  OrderRate(Kind::kRestore, "sstp2");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 "));
  Applied("2", 3);
  OrderRate(Kind::kTemporary, "all", "2/2");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 4 2/2", "g/3 3 2/2"));
}

TEST_F(RateKeeperTest, WhoRefusesATemporaryLimitOfAllKeepsWhatItHad) {
  Attach("g", "b", {Limited("2", "ann", ""), Limited("3", "bob", "")});
  OrderRate(Kind::kTemporary, "all", "1/1");
  Applied("2", 2);
  Refused("3", 2, "no room");
  TakePolicies();
  EXPECT_EQ(Standing("2"), "1/1 temporary");
  EXPECT_EQ(Standing("3"), " none");
  OrderRate(Kind::kTemporary, "all", "2/2");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 2/2", "g/3 3 2/2"));
  Refused("2", 3, "no room");
  EXPECT_EQ(Standing("2"), "1/1 temporary");
  EXPECT_THAT(TakePolicies(), IsEmpty());
}

// ---- Gateways that go and come back

TEST_F(RateKeeperTest, AGatewayThatWasAwayIsToldWhenItIsBack) {
  Attach("g", "b", {Limited("2", "ann", "")});
  Do(GatewayDetached{"g"});
  EXPECT_EQ(OutcomeOf(OrderRate(Kind::kChange, "sstp2", "10/5")),
            "0 changed, sstp2 unanswered: gateway 'g' is not attached");
  EXPECT_THAT(TakePolicies(), IsEmpty());
  Attach("g", "b", {Limited("2", "ann", "")});
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 10/5"));
  Applied("2", 2);
  Do(GatewayDetached{"g"});
  Attach("g", "b", {Limited("2", "ann", "10/5", 2)});
  EXPECT_THAT(TakePolicies(), IsEmpty());
}

TEST_F(RateKeeperTest, WhatWasUnderWayWhenTheGatewayWasLostIsSentAgain) {
  Attach("g", "b", {Limited("2", "ann", ""), Limited("3", "bob", "")});
  const ChangeId id = OrderRate(Kind::kChange, "all", "10/5");
  TakePolicies();
  Do(GatewayDetached{"g"});
  EXPECT_EQ(OutcomeOf(id),
            "0 changed, sstp2 unanswered: gateway 'g' is not attached any more, "
            "sstp3 unanswered: gateway 'g' is not attached any more");
  // One had got it.
  Attach("g", "b", {Limited("2", "ann", "10/5", 2), Limited("3", "bob", "")});
  EXPECT_THAT(TakePolicies(), ElementsAre("g/3 2 10/5"));
  EXPECT_EQ(Standing("2"), "10/5 changed");
}

TEST_F(RateKeeperTest, WhatWasRefusedIsTriedAgainWhenTheGatewayIsBack) {
  Attach("g", "b", {Limited("2", "ann", "")});
  Configure("9/8");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 9/8"));
  Refused("2", 2, "no room");
  Report("g", SessionEventKind::kChange, Limited("2", "ann", ""));
  Configure("9/8");
  EXPECT_THAT(TakePolicies(), IsEmpty());
  Do(GatewayDetached{"g"});
  Attach("g", "b", {Limited("2", "ann", "")});
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 9/8"));
}

TEST_F(RateKeeperTest, NothingIsRememberedOfSessionsThatAreOver) {
  Attach("g", "b", {Limited("2", "ann", ""), Limited("3", "bob", "")});
  OrderRate(Kind::kTemporary, "sstp2", "10/5");
  OrderRate(Kind::kChange, "sstp3", "10/5");
  Down("g", "2", "ann", "10.0.0.2");
  Attach("g", "c");
  EXPECT_EQ(core.rates().remembered(), 0U);
}

// ---- Reload and time

TEST_F(RateKeeperTest, AReloadIsForRunningSessions) {
  Configure("9/8");
  Attach("g", "b", {Limited("2", "ann", "9/8"), Limited("3", "bob", "9/8")});
  user_rates_["bob"] = "30/30";
  Configure("7/7");
  EXPECT_THAT(TakePolicies(), UnorderedElementsAre("g/2 2 7/7", "g/3 2 30/30"));
  Applied("2", 2);
  Applied("3", 2);
  user_rates_.clear();
  Configure("");
  EXPECT_THAT(TakePolicies(), UnorderedElementsAre("g/2 3 ", "g/3 3 "));
}

TEST_F(RateKeeperTest, TimeRangesSwitchAtTheirMinutes) {
  fallback_in_range_[5] = "20/20";
  time_of_day = 7h + 59min + 30s;
  Configure("9/8", {"5,08:00-18:00"});
  Attach("g", "b", {Limited("2", "ann", "9/8")});
  EXPECT_EQ(*core.NextDeadline(), now + 30s);
  Pass(29'999ms);
  EXPECT_THAT(TakePolicies(), IsEmpty());
  Pass(1ms);
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 20/20"));
  Applied("2", 2);
  EXPECT_EQ(Standing("2"), "20/20 default");
  EXPECT_EQ(*core.NextDeadline(), now + 1min);
  for (int minute = 1; minute < 600; ++minute) Pass(1min);
  EXPECT_THAT(TakePolicies(), IsEmpty());
  Pass(1min);
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 9/8"));
}

TEST_F(RateKeeperTest, WithoutTimeRangesTheClockIsNotLookedAt) {
  Configure("9/8");
  EXPECT_EQ(core.NextDeadline(), std::nullopt);
}

TEST_F(RateKeeperTest, AReloadOfTimeRangesIsInEffectAtOnce) {
  fallback_in_range_[5] = "20/20";
  time_of_day = 9h;
  Configure("9/8");
  Attach("g", "b", {Limited("2", "ann", "9/8")});
  Configure("9/8", {"5,08:00-18:00"});
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 20/20"));
  Applied("2", 2);
  Configure("9/8");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 9/8"));
}

// The wall clock jumps from 02:00 to 03:00.
TEST_F(RateKeeperTest, ARangeInTheHourThatSummerTimeSkipsBeginsWithTheNextOne) {
  fallback_in_range_[5] = "20/20";
  time_of_day = 1h + 59min;
  Configure("9/8", {"5,02:30-04:00"});
  Attach("g", "b", {Limited("2", "ann", "9/8")});
  time_of_day = 2h + 59min;  // one minute later it is three o'clock
  Pass(1min);
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 20/20"));
}

// It goes back from 03:00 to 02:00.
TEST_F(RateKeeperTest, ARangeInTheHourThatWinterTimeRepeatsHoldsTwice) {
  fallback_in_range_[5] = "20/20";
  time_of_day = 2h + 29min;
  Configure("9/8", {"5,02:30-04:00"});
  Attach("g", "b", {Limited("2", "ann", "9/8")});
  Pass(1min);
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 20/20"));
  Applied("2", 2);
  for (int minute = 31; minute < 60; ++minute) Pass(1min);
  time_of_day = 1h + 59min;  // and not three o'clock
  Pass(1min);
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 9/8"));
  Applied("2", 3);
  for (int minute = 1; minute < 30; ++minute) Pass(1min);
  EXPECT_THAT(TakePolicies(), IsEmpty());
  Pass(1min);
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 4 20/20"));
}

TEST_F(RateKeeperTest, AChangeForATimeRangeWaitsForIt) {
  time_of_day = 7h + 59min;
  Configure("9/8", {"5,08:00-18:00"});
  Attach("g", "b", {Limited("2", "ann", "9/8")});
  EXPECT_EQ(OutcomeOf(OrderRate(Kind::kChange, "sstp2", "5,20/20")), "1 changed");
  EXPECT_EQ(log.back(),
            "operator: rate limit of sstp2: 20/20 kbit/s during time range 5 (1 changed)");
  EXPECT_THAT(TakePolicies(), IsEmpty());
  Pass(1min);
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 20/20"));
}

}  // namespace
}  // namespace sstpgw::cp
