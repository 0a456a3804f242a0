// Sessions of a backend that gives limits and timeouts, is accounted, and changes sessions while
// they run: what the core does for RADIUS.
#include "tests/unit/session/core_bench.h"

namespace sstpgw::cp {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BackendTest : public ::testing::Test, public CoreBench {
 protected:
  BackendTest() {
    judges = false;
    settings.accounting = true;
    SetPool("10.0.0.2", "10.0.0.9");
    RateSettings rates;
    rates.fallback.Set(Rate("100/100"));
    rates.adopt_carried = true;
    Do(RatesConfigured{std::move(rates), time_of_day});
    Attach("g", "b1");
  }
  AskId Login(AuthOutcome outcome, const std::string& session = "2",
              const std::string& user = "ann") {
    const AskId ask = Ask("g", session, user, ++logins_);
    Do(CredentialsJudged{{"g", "b1", AttemptId(logins_)}, std::move(outcome)});
    return ask;
  }
  static AuthGranted Granted(const std::string& rate = "") {
    AuthGranted granted;
    granted.hlak = Secret(std::string(32, 'k'));
    if (!rate.empty()) granted.rates.Set(Rate(rate));
    return granted;
  }
  const SessionPolicy& PolicyOf(AskId ask) {
    return std::get<AuthorizeAccept>(*answers.at(ask)).policy;
  }
  // As its gateway tells of it.
  static SessionRecord Carrying(const SessionPolicy& policy, const std::string& session = "2") {
    SessionRecord record = Record(session, "ann", "10.0.0.2");
    record.policy = policy;
    return record;
  }
  // A session that is up, with this limit of its own.
  SessionPolicy Active(const std::string& rate) {
    const AskId ask = Login(Granted(rate));
    Do(AccountingOpened{{"g", "2"}});
    SessionPolicy policy = PolicyOf(ask);
    policy.hold = false;
    Report("g", SessionEventKind::kUp, Carrying(policy));
    policies.clear();
    return policy;
  }
  ChangeId Order(PolicyChange change, const std::string& session = "2") {
    const ChangeId id(++orders_);
    Do(PolicyOrdered{id, {"g", session}, std::move(change)});
    return id;
  }
  void Applied(std::uint64_t generation) {
    Do(SettingsApplied{"g", sstpgw::Applied{Generation(generation), "2"}});
  }
  std::uint64_t orders_ = 500;
  std::uint64_t logins_ = 0;
};

// ---- Accounting before the answer

TEST_F(BackendTest, ALoginIsAnsweredWhenAccountingRemembersIt) {
  AuthGranted granted = Granted();
  granted.accounting.user_name = "ann@isp";
  granted.session_timeout = 600s;
  const AskId ask = Login(std::move(granted));
  EXPECT_EQ(AnswerTo(ask), "waiting");
  ASSERT_THAT(openings, SizeIs(1));
  EXPECT_EQ(openings[0].session, (SessionKey{"g", "2"}));
  EXPECT_EQ(openings[0].boot, "b1");
  EXPECT_EQ(openings[0].user, "ann");
  EXPECT_EQ(openings[0].calling_station, "192.0.2.1");
  EXPECT_EQ(openings[0].address.ToString(), "10.0.0.2");
  EXPECT_EQ(openings[0].session_timeout, 600s);
  EXPECT_EQ(openings[0].facts.user_name, "ann@isp");
  Do(AccountingOpened{{"g", "2"}});
  EXPECT_EQ(AnswerTo(ask), "10.0.0.2");
  EXPECT_TRUE(PolicyOf(ask).hold);
}

TEST_F(BackendTest, WhatAccountingCannotRememberIsRefusedAndLeavesNothing) {
  const AskId ask = Login(Granted());
  Do(AccountingRefused{{"g", "2"}, "the spool is full"});
  EXPECT_EQ(AnswerTo(ask), "rejected: accounting: the spool is full");
  EXPECT_EQ(core.pools().lease_count(), 0U);
  EXPECT_EQ(core.rates().remembered(), 0U);
  EXPECT_THAT(log, Contains(HasSubstr("ann: refused: the spool is full")));
}

TEST_F(BackendTest, NobodyWaitsForAccountingAnyMore) {
  const AskId ask = Login(Granted());
  Do(AskCancelled{ask});
  Do(AccountingOpened{{"g", "2"}});
  EXPECT_EQ(AnswerTo(ask), "waiting");
  Pass(Authorizer::kGrantUnreported + 1s);
  EXPECT_EQ(core.pools().lease_count(), 0U);
  EXPECT_EQ(core.rates().remembered(), 0U);
}

TEST_F(BackendTest, WithoutAccountingTheAnswerIsAtOnceAndNothingIsHeld) {
  settings.accounting = false;
  SetPool("10.0.0.2", "10.0.0.9");
  const AskId ask = Login(Granted());
  EXPECT_EQ(AnswerTo(ask), "10.0.0.2");
  EXPECT_FALSE(PolicyOf(ask).hold);
  EXPECT_THAT(openings, IsEmpty());
}

// ---- What a backend grants

TEST_F(BackendTest, AllThatWasGrantedIsInThePolicy) {
  settings.dns = {*Ipv4Address::Parse("9.9.9.9")};
  SetPool("10.0.0.2", "10.0.0.9");
  AuthGranted granted = Granted("2000/1000");
  granted.static_ip = Ipv4Address::Parse("10.9.9.9");
  granted.dns = {*Ipv4Address::Parse("1.1.1.1")};
  granted.idle_timeout = 60s;
  granted.session_timeout = 3600s;
  granted.reauthenticate = true;
  granted.network.vrf = "RED";
  granted.eap_message = {3, 1, 0, 4};
  const AskId ask = Login(std::move(granted));
  Do(AccountingOpened{{"g", "2"}});
  const SessionPolicy& policy = PolicyOf(ask);
  EXPECT_EQ(policy.address.ToString(), "10.9.9.9");
  EXPECT_THAT(policy.dns, ElementsAre(*Ipv4Address::Parse("1.1.1.1")));
  EXPECT_EQ(policy.idle_timeout, 60s);
  EXPECT_EQ(policy.session_timeout, 3600s);
  EXPECT_TRUE(policy.reauthenticate);
  EXPECT_EQ(policy.network.vrf, "RED");
  EXPECT_EQ(ToKilobits(policy.rate_limit), "2000/1000");
  EXPECT_EQ(std::get<AuthorizeAccept>(*answers.at(ask)).eap_message, (Bytes{3, 1, 0, 4}));
}

TEST_F(BackendTest, TheNamedPoolOrNoAddress) {
  PoolMap pools;
  pools["P"] =
      PoolConfig{"P", {{*Ipv4Address::Parse("10.0.0.2"), *Ipv4Address::Parse("10.0.0.9")}}, ""};
  pools["Q"] =
      PoolConfig{"Q", {{*Ipv4Address::Parse("10.7.0.2"), *Ipv4Address::Parse("10.7.0.9")}}, ""};
  core.Configure(pools, settings);
  AuthGranted granted = Granted();
  granted.pool = "Q";
  const AskId ask = Login(std::move(granted));
  Do(AccountingOpened{{"g", "2"}});
  EXPECT_EQ(AnswerTo(ask), "10.7.0.2");
  AuthGranted unknown = Granted();
  unknown.pool = "nowhere";
  const AskId other = Login(std::move(unknown), "3", "bob");
  Do(AccountingOpened{{"g", "3"}});
  EXPECT_EQ(AnswerTo(other), "none");
  EXPECT_THAT(log, Contains(AllOf(HasSubstr("bob"), HasSubstr("nowhere"))));
}

TEST_F(BackendTest, AChallengeIsAnAnswerAndKeepsNothing) {
  const AskId ask = Login(AuthorizeChallenge{{1, 2, 0, 4}, {7}, 30s});
  const auto& challenge = std::get<AuthorizeChallenge>(*answers.at(ask));
  EXPECT_EQ(challenge.state, (Bytes{7}));
  EXPECT_EQ(core.pools().lease_count(), 0U);
  // The answer to it is another question of the same session.
  const AskId next = Login(Granted());
  Do(AccountingOpened{{"g", "2"}});
  EXPECT_EQ(AnswerTo(next), "10.0.0.2");
}

TEST_F(BackendTest, ASessionThatLogsInAnewGetsAHigherGeneration) {
  const SessionPolicy policy = Active("2000/1000");
  EXPECT_EQ(policy.generation, Generation(1));
  const AskId again = Login(Granted("3000/3000"));
  Do(AccountingOpened{{"g", "2"}});
  EXPECT_EQ(PolicyOf(again).generation, Generation(2));
  EXPECT_EQ(PolicyOf(again).address.ToString(), "10.0.0.2");
  EXPECT_EQ(ToKilobits(PolicyOf(again).rate_limit), "3000/3000");
}

TEST_F(BackendTest, WhoLogsInAgainGetsTheTimeFromNow) {
  const SessionPolicy policy = Active("");
  now += 3600s;
  AuthGranted granted = Granted();
  granted.session_timeout = 3600s;
  granted.reauthenticate = true;
  const AskId again = Login(std::move(granted));
  Do(AccountingOpened{{"g", "2"}});
  EXPECT_EQ(PolicyOf(again).session_timeout, 7201s) << "its gateway says whole seconds";
}

TEST_F(BackendTest, AnOrderBesideALoginHasANumberOfItsOwn) {
  Active("2000/1000");
  const AskId again = Login(Granted("3000/3000"));
  Order({{}, {}, 30s});  // before the record shows the login's policy
  Do(AccountingOpened{{"g", "2"}});
  EXPECT_EQ(PolicyOf(again).generation, Generation(2));
  ASSERT_THAT(policies, SizeIs(1));
  EXPECT_EQ(policies[0].second.policy.generation, Generation(3));
}

TEST_F(BackendTest, AGrantOutOfReachKeepsItsAddress) {
  const AskId ask = Login(Granted());
  Do(AccountingOpened{{"g", "2"}});
  const SessionPolicy policy = PolicyOf(ask);
  Do(GatewayDetached{"g"});
  Pass(Authorizer::kGrantUnreported + 1s);
  EXPECT_EQ(core.pools().lease_count(), 1U);
  Attach("g", "b1", {Carrying(policy)});
  Pass(2 * Authorizer::kGrantUnreported);
  EXPECT_EQ(core.pools().lease_count(), 1U);
}

// ---- Held sessions

TEST_F(BackendTest, AHeldSessionIsReleased) {
  const AskId ask = Login(Granted("2000/1000"));
  Do(AccountingOpened{{"g", "2"}});
  SessionRecord held = Carrying(PolicyOf(ask));
  held.state = SessionState::kStarting;
  held.held = true;
  Report("g", SessionEventKind::kHeld, held);
  EXPECT_THAT(TakePolicies(), IsEmpty());
  Do(SessionReleased{{"g", "2"}});
  ASSERT_THAT(policies, SizeIs(1));
  EXPECT_FALSE(policies[0].second.policy.hold);
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 2000/1000"));
  Do(SessionReleased{{"g", "2"}});  // said again: it is under way
  EXPECT_THAT(TakePolicies(), IsEmpty());
}

TEST_F(BackendTest, AReleaseThatItsGatewayMissedIsSaidAgain) {
  const AskId ask = Login(Granted());
  Do(AccountingOpened{{"g", "2"}});
  SessionRecord held = Carrying(PolicyOf(ask));
  held.state = SessionState::kStarting;
  held.held = true;
  Report("g", SessionEventKind::kHeld, held);
  Do(GatewayDetached{"g"});
  Do(SessionReleased{{"g", "2"}});
  EXPECT_THAT(TakePolicies(), IsEmpty());
  Attach("g", "b1", {held});
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 100/100"));
}

TEST_F(BackendTest, ReleasingWhatIsNotThereDoesNothing) {
  Do(SessionReleased{{"g", "9"}});
  EXPECT_THAT(TakePolicies(), IsEmpty());
}

// ---- Orders of a server

TEST_F(BackendTest, AnOrderChangesLimitAndTimeouts) {
  SessionPolicy policy = Active("2000/1000");
  now += 100s;
  const ChangeId id = Order({{Rate("500/400")}, 60s, 30s});
  ASSERT_THAT(policies, SizeIs(1));
  // 100 s of it are over, and what its gateway has rounded away.
  EXPECT_EQ(policies[0].second.policy.session_timeout, 161s);
  EXPECT_EQ(policies[0].second.policy.idle_timeout, 30s);
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 2 500/400"));
  EXPECT_EQ(OutcomeOf(id), "waiting");
  Applied(2);
  EXPECT_EQ(OutcomeOf(id), "1 changed");
}

TEST_F(BackendTest, ATimeoutFromNowIsNeverShort) {
  Active("");
  now += 100s + 1ms;  // with 999 ms that were rounded away it has lasted for nearly 101 s
  Order({{}, 60s, std::nullopt});
  ASSERT_THAT(policies, SizeIs(1));
  EXPECT_GE(policies[0].second.policy.session_timeout, 161s);
  EXPECT_LE(policies[0].second.policy.session_timeout, 162s);
}

TEST_F(BackendTest, ZeroTakesATimeoutAway) {
  Active("");
  const ChangeId first = Order({{}, 60s, std::nullopt});
  Applied(2);
  ASSERT_EQ(OutcomeOf(first), "1 changed");
  policies.clear();
  Order({{}, 0s, std::nullopt});
  ASSERT_THAT(policies, SizeIs(1));
  EXPECT_EQ(policies[0].second.policy.session_timeout, 0s);
}

TEST_F(BackendTest, WhatIsSoAlreadyIsDone) {
  Active("2000/1000");
  EXPECT_EQ(OutcomeOf(Order({{Rate("2000/1000")}, {}, {}})), "1 changed");
  EXPECT_THAT(TakePolicies(), IsEmpty());
}

TEST_F(BackendTest, ARefusedOrderIsTakenBack) {
  Active("2000/1000");
  const ChangeId id = Order({{Rate("500/400")}, {}, 30s});
  policies.clear();
  Do(SettingsRefused{"g", sstpgw::Refused{Generation(2), "2", "no memory"}});
  EXPECT_THAT(OutcomeOf(id), HasSubstr("refused: no memory"));
  // The next order does not bring it back.
  Order({{}, {}, 45s});
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 2000/1000"));
}

// Checklist C33.
TEST_F(BackendTest, AnOrderMovesASessionToAnotherVrf) {
  SessionPolicy policy = Active("2000/1000");
  PolicyChange change;
  change.vrf = "BLUE";
  const ChangeId id = Order(change);
  ASSERT_THAT(policies, SizeIs(1));
  EXPECT_EQ(policies[0].second.policy.network.vrf, "BLUE");
  policy = policies[0].second.policy;
  Applied(2);
  EXPECT_EQ(OutcomeOf(id), "1 changed");
  Report("g", SessionEventKind::kChange, Carrying(policy));
  policies.clear();
  EXPECT_EQ(OutcomeOf(Order(change)), "1 changed") << "it is there already";
  change.vrf = "";
  Order(change);
  ASSERT_THAT(policies, SizeIs(1));
  EXPECT_EQ(policies[0].second.policy.network.vrf, "");
  EXPECT_EQ(policies[0].second.policy.rate_limit, policy.rate_limit);
}

TEST_F(BackendTest, AVrfThatItsGatewayDoesNotHaveChangesNothing) {
  Active("2000/1000");
  PolicyChange change;
  change.vrf = "NOWHERE";
  change.rates = {Rate("500/400")};
  const ChangeId id = Order(change);
  policies.clear();
  Do(SettingsRefused{"g", sstpgw::Refused{Generation(2), "2", "no VRF 'NOWHERE'"}});
  EXPECT_THAT(OutcomeOf(id), HasSubstr("refused: no VRF 'NOWHERE'"));
  EXPECT_TRUE(outcomes.at(id).refused.at(0).by_gateway);
  PolicyChange next;
  next.idle_timeout = 45s;
  Order(next);
  ASSERT_THAT(policies, SizeIs(1));
  EXPECT_EQ(policies[0].second.policy.network.vrf, "");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 2000/1000"));
}

TEST_F(BackendTest, AMoveWithoutAnAnswerIsWithdrawn) {
  Active("");
  PolicyChange change;
  change.vrf = "BLUE";
  const ChangeId id = Order(change);
  policies.clear();
  Pass(PolicyTickets::kPatience + 1s);
  EXPECT_THAT(OutcomeOf(id), HasSubstr("unanswered"));
  ASSERT_THAT(policies, SizeIs(1));
  EXPECT_EQ(policies[0].second.policy.network.vrf, "");
}

TEST_F(BackendTest, AnOrderWithoutAnAnswerIsWithdrawn) {
  Active("2000/1000");
  const ChangeId id = Order({{Rate("500/400")}, {}, 30s});
  policies.clear();
  Pass(PolicyTickets::kPatience + 1s);
  EXPECT_THAT(OutcomeOf(id), HasSubstr("unanswered"));
  ASSERT_THAT(policies, SizeIs(1));
  EXPECT_EQ(policies[0].second.policy.idle_timeout, 0s);
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 2000/1000"));
}

TEST_F(BackendTest, AnOrderIsWithdrawnThatItsGatewayLost) {
  SessionPolicy policy = Active("2000/1000");
  const ChangeId id = Order({{Rate("500/400")}, {}, {}});
  policies.clear();
  Do(GatewayDetached{"g"});
  EXPECT_THAT(OutcomeOf(id), HasSubstr("unanswered"));
  Attach("g", "b1", {Carrying(policy)});
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 2000/1000"));
}

TEST_F(BackendTest, WhatCannotBeToldIsRefusedAtOnce) {
  EXPECT_EQ(OutcomeOf(Order({{}, 60s, {}})), "not found");
  SessionPolicy policy = Active("");
  Do(GatewayDetached{"g"});
  EXPECT_THAT(OutcomeOf(Order({{}, 60s, {}})), HasSubstr("not attached"));
  Attach("g", "b1", {Carrying(policy)});
  SessionRecord ending = Carrying(policy);
  ending.state = SessionState::kFinishing;
  Report("g", SessionEventKind::kChange, ending);
  EXPECT_THAT(OutcomeOf(Order({{}, 60s, {}})), HasSubstr("the session is ending"));
  EXPECT_THAT(TakePolicies(), IsEmpty());
}

TEST_F(BackendTest, AnOperatorsTemporaryLimitStandsAboveAServers) {
  Active("2000/1000");
  OrderRate(RateOrder::Kind::kTemporary, "sstp2", "10/10");
  Applied(2);
  policies.clear();
  EXPECT_EQ(OutcomeOf(Order({{Rate("500/400")}, {}, {}})), "1 changed");
  EXPECT_THAT(TakePolicies(), IsEmpty());
  OrderRate(RateOrder::Kind::kRestore, "sstp2");
  EXPECT_THAT(TakePolicies(), ElementsAre("g/2 3 500/400"));
}

TEST_F(BackendTest, AnEndIsOrderedOfWhatIsThere) {
  Active("");
  Do(EndOrdered{{"g", "9"}, TerminateCause::kAdminReset, "asked"});
  EXPECT_THAT(TakeDisconnects(), IsEmpty());
  Do(EndOrdered{{"g", "2"}, TerminateCause::kAdminReset, "asked"});
  EXPECT_THAT(TakeDisconnects(), ElementsAre("g/2 soft"));
}

// ---- After a restart

TEST_F(BackendTest, WhatAnotherProcessLetInKeepsItsLimit) {
  SessionRecord carried = Record("7", "zoe", "10.0.0.7");
  carried.policy.rate_limit = {*Rate("777/77").down, *Rate("777/77").up};
  Attach("g", "b1", {carried});
  EXPECT_THAT(TakePolicies(), IsEmpty());
  // A reload of the default is not for it.
  RateSettings rates;
  rates.fallback.Set(Rate("50/50"));
  rates.adopt_carried = true;
  Do(RatesConfigured{std::move(rates), time_of_day});
  EXPECT_THAT(TakePolicies(), IsEmpty());
}

}  // namespace
}  // namespace sstpgw::cp
