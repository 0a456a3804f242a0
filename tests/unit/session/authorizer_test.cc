#include "controlplane/session/authorizer.h"

#include "tests/unit/session/core_bench.h"

namespace sstpgw::cp {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AuthorizerTest : public ::testing::Test, public CoreBench {
 protected:
  void SetUp() override { Attach("g", "boot1"); }
};

TEST_F(AuthorizerTest, AcceptCarriesTheWholePolicy) {
  settings.dns = {Ipv4Address(1), Ipv4Address(2)};
  settings.wins = {Ipv4Address(3)};
  SetPool("10.0.0.2", "10.0.0.9");
  const AskId ask = Ask("g", "s1", "ann");
  const auto& accept = std::get<AuthorizeAccept>(*answers.at(ask));
  EXPECT_EQ(accept.policy.generation, Generation(1));
  EXPECT_EQ(accept.policy.address.ToString(), "10.0.0.2");
  EXPECT_EQ(accept.policy.gateway_address.ToString(), "10.0.0.1");
  EXPECT_EQ(accept.policy.dns.size(), 2U);
  EXPECT_EQ(accept.policy.wins.size(), 1U);
  EXPECT_EQ(accept.hlak.size(), 32U);
  EXPECT_EQ(accept.success_message, "Authentication succeeded");
}

TEST_F(AuthorizerTest, RejectGoesThrough) {
  judges = false;
  const AskId ask = Ask("g", "s1", "ann", 7);
  Do(CredentialsJudged{{"g", "boot1", AttemptId(7)}, AuthorizeReject{691, "no", "wrong password"}});
  EXPECT_EQ(AnswerTo(ask), "rejected: wrong password");
  EXPECT_EQ(core.pools().lease_count(), 0U);
}

TEST_F(AuthorizerTest, TheSameQuestionTwiceHasOneAnswerAndOneLease) {
  const AskId first = Ask("g", "s1", "ann", 7);
  const AskId second = Ask("g", "s1", "ann", 7);
  EXPECT_EQ(AnswerTo(first), "10.0.0.2");
  EXPECT_EQ(AnswerTo(second), "10.0.0.2");
  EXPECT_EQ(std::get<AuthorizeAccept>(*answers.at(second)).hlak.size(), 32U);
  EXPECT_EQ(core.pools().lease_count(), 1U);
  EXPECT_EQ(core.authorizer().counters().accepted, 1U);
  Pass(Authorizer::kAnswerKept);
  EXPECT_EQ(core.authorizer().attempt_count(), 0U);
}

TEST_F(AuthorizerTest, AQuestionAskedAgainBeforeTheVerdictJoins) {
  judges = false;
  const AskId first = Ask("g", "s1", "ann", 7);
  const AskId second = Ask("g", "s1", "ann", 7);
  EXPECT_EQ(to_judge.size(), 0U);
  Do(AskCancelled{first});
  Do(CredentialsJudged{{"g", "boot1", AttemptId(7)}, AuthorizeReject{691, "no", "wrong"}});
  EXPECT_EQ(AnswerTo(first), "waiting");
  EXPECT_EQ(AnswerTo(second), "rejected: wrong");
}

TEST_F(AuthorizerTest, AVerdictThatNobodyWaitsForGivesNoLease) {
  judges = false;
  const AskId ask = Ask("g", "s1", "ann", 7);
  Do(AskCancelled{ask});
  Do(CredentialsJudged{{"g", "boot1", AttemptId(7)}, AuthGranted{}});
  EXPECT_EQ(core.pools().lease_count(), 0U);
  EXPECT_EQ(core.authorizer().attempt_count(), 0U);
}

TEST_F(AuthorizerTest, GatewaysThatAreNotAttachedAreNotAnswered) {
  EXPECT_EQ(AnswerTo(Ask("other", "s1", "ann")), "error: gateway 'other' is not attached");
  boots["g"] = "boot0";
  EXPECT_EQ(AnswerTo(Ask("g", "s1", "ann")), "error: gateway 'g' is not attached");
  boots["g"] = "boot1";
  Do(GatewayDetached{"g"});
  EXPECT_EQ(AnswerTo(Ask("g", "s1", "ann")), "error: gateway 'g' is not attached");
}

TEST_F(AuthorizerTest, StaticAddressIsUsedAndKeptFromThePool) {
  static_ips["fix"] = *Ipv4Address::Parse("10.0.0.2");
  EXPECT_EQ(AnswerTo(Ask("g", "s1", "fix")), "10.0.0.2");
  EXPECT_EQ(AnswerTo(Ask("g", "s2", "ann")), "10.0.0.3");
}

TEST_F(AuthorizerTest, StaticAddressInUseByAnotherUserIsNotGivenTwice) {
  static_ips["fix"] = *Ipv4Address::Parse("10.0.0.2");
  EXPECT_EQ(AnswerTo(Ask("g", "s1", "ann")), "10.0.0.2");
  EXPECT_EQ(AnswerTo(Ask("g", "s2", "fix")), "none");
  EXPECT_THAT(log,
              ElementsAre("fix: requested IPv4 address 10.0.0.2 already assigned to session g/s1"));
}

// Ask's clients dial from 192.0.2.1.
TEST_F(AuthorizerTest, StaticAddressIsNotTheOneThatTheClientDialsFrom) {
  static_ips["fix"] = *Ipv4Address::Parse("192.0.2.1");
  EXPECT_EQ(AnswerTo(Ask("g", "s1", "fix")), "none");
  EXPECT_THAT(log, ElementsAre("fix: address 192.0.2.1 is the address that the client dials from"));
}

TEST_F(AuthorizerTest, ExhaustedPoolLetsInWithoutAddressAndLogs) {
  SetPool("10.0.0.2", "10.0.0.2");
  EXPECT_EQ(AnswerTo(Ask("g", "s1", "ann")), "10.0.0.2");
  EXPECT_EQ(AnswerTo(Ask("g", "s2", "b\nb")), "none");
  EXPECT_THAT(log, ElementsAre("b\\x0ab: no free IPv4 address in pool 'P'"));
}

TEST_F(AuthorizerTest, WithoutGatewayAddressThereIsNoAddress) {
  settings.gateway_address = Ipv4Address();
  SetPool("10.0.0.2", "10.0.0.9");
  EXPECT_EQ(AnswerTo(Ask("g", "s1", "ann")), "none");
  EXPECT_THAT(log, ElementsAre("ann: gw-ip-address not specified"));
}

TEST_F(AuthorizerTest, ReplaceWaitsUntilTheOldSessionIsGone) {
  Ask("g", "s1", "ann");
  Up("g", "s1", "ann", "10.0.0.2");
  const AskId second = Ask("g", "s2", "ann");
  EXPECT_EQ(AnswerTo(second), "waiting");
  EXPECT_THAT(TakeDisconnects(), ElementsAre("g/s1 soft"));
  Down("g", "s1", "ann", "10.0.0.2");
  EXPECT_EQ(AnswerTo(second), "10.0.0.2");  // sticky
  EXPECT_EQ(core.authorizer().waiting_count(), 0U);
}

TEST_F(AuthorizerTest, ReplaceGoesHardAfterTenSecondsAndOnAfterThreeMore) {
  Ask("g", "s1", "ann");
  Up("g", "s1", "ann", "10.0.0.2");
  const AskId second = Ask("g", "s2", "ann");
  TakeDisconnects();
  Pass(seconds(9));
  EXPECT_THAT(TakeDisconnects(), IsEmpty());
  Pass(seconds(1));
  EXPECT_THAT(TakeDisconnects(), ElementsAre("g/s1 hard"));
  EXPECT_EQ(AnswerTo(second), "waiting");
  Pass(seconds(3));
  EXPECT_EQ(AnswerTo(second), "10.0.0.3");
}

TEST_F(AuthorizerTest, ManyWaitingLoginsOfOneUserEndWithTheNewest) {
  Ask("g", "s1", "ann");
  Up("g", "s1", "ann", "10.0.0.2");
  const AskId second = Ask("g", "s2", "ann");
  const AskId third = Ask("g", "s3", "ann");
  const AskId fourth = Ask("g", "s4", "ann");
  EXPECT_EQ(AnswerTo(second), "rejected: replaced by a newer login of the same user");
  EXPECT_EQ(AnswerTo(third), "rejected: replaced by a newer login of the same user");
  EXPECT_EQ(AnswerTo(fourth), "waiting");
  EXPECT_THAT(TakeDisconnects(), ElementsAre("g/s1 soft"));  // told once: twice would be hard
  Down("g", "s1", "ann", "10.0.0.2");
  EXPECT_EQ(AnswerTo(fourth), "10.0.0.2");
}

TEST_F(AuthorizerTest, ALoginJustAnsweredIsReplacedToo) {
  Ask("g", "s1", "ann");
  const AskId second = Ask("g", "s2", "ann");
  EXPECT_THAT(TakeDisconnects(), ElementsAre("g/s1 soft"));
  EXPECT_EQ(AnswerTo(second), "waiting");
  Down("g", "s1", "ann", "");  // it never came up
  EXPECT_NE(AnswerTo(second), "waiting");
}

TEST_F(AuthorizerTest, SessionsThatWereNeverLetInDoNotCount) {
  Report("g", SessionEventKind::kStarting, Record("s1", "ann", "", SessionState::kStarting));
  EXPECT_EQ(AnswerTo(Ask("g", "s2", "ann")), "10.0.0.2");
  EXPECT_THAT(TakeDisconnects(), IsEmpty());
}

TEST_F(AuthorizerTest, AnOldSessionOutOfReachIsNotWaitedForAndHandsItsStaticAddressOver) {
  static_ips["fix"] = *Ipv4Address::Parse("10.0.0.50");
  Attach("h", "boot1");
  Ask("h", "s1", "fix");
  Up("h", "s1", "fix", "10.0.0.50");
  Do(GatewayDetached{"h"});
  EXPECT_EQ(AnswerTo(Ask("g", "s2", "fix")), "10.0.0.50");
  EXPECT_THAT(TakeDisconnects(), IsEmpty());
  // Told as soon as it is back.
  Attach("h", "boot1", {Record("s1", "fix", "10.0.0.50")});
  EXPECT_THAT(TakeDisconnects(), ElementsAre("h/s1 soft"));
  Down("h", "s1", "fix", "10.0.0.50");
  EXPECT_EQ(core.pools().OwnerOf(*Ipv4Address::Parse("10.0.0.50")), "g/s2");
}

TEST_F(AuthorizerTest, WaitingEndsWhenTheOldGatewayGoesAway) {
  Attach("h", "boot1");
  Ask("h", "s1", "ann");
  Up("h", "s1", "ann", "10.0.0.2");
  const AskId second = Ask("g", "s2", "ann");
  EXPECT_EQ(AnswerTo(second), "waiting");
  Do(GatewayDetached{"h"});
  EXPECT_EQ(AnswerTo(second), "10.0.0.3");
}

TEST_F(AuthorizerTest, AWaitingLoginThatGivesUpIsForgotten) {
  Ask("g", "s1", "ann");
  Up("g", "s1", "ann", "10.0.0.2");
  const AskId second = Ask("g", "s2", "ann");
  Do(AskCancelled{second});
  EXPECT_EQ(core.authorizer().waiting_count(), 0U);
  Down("g", "s1", "ann", "10.0.0.2");
  EXPECT_EQ(core.pools().lease_count(), 0U);
}

TEST_F(AuthorizerTest, DenyRefusesTheSecond) {
  settings.single_session = SingleSession::kDeny;
  SetPool("10.0.0.2", "10.0.0.9");
  Ask("g", "s1", "ann");
  EXPECT_EQ(AnswerTo(Ask("g", "s2", "ann")), "rejected: second session denied");
  EXPECT_THAT(log, ElementsAre("ann: second session denied"));
  EXPECT_EQ(AnswerTo(Ask("g", "s3", "bob")), "10.0.0.3");
}

TEST_F(AuthorizerTest, NoneLetsEverybodyIn) {
  settings.single_session = SingleSession::kNone;
  SetPool("10.0.0.2", "10.0.0.9");
  Ask("g", "s1", "ann");
  EXPECT_EQ(AnswerTo(Ask("g", "s2", "ann")), "10.0.0.3");
}

TEST_F(AuthorizerTest, AGrantWithoutReportIsTakenBackAfterTwoMinutes) {
  Ask("g", "s1", "ann");
  Pass(seconds(119));
  EXPECT_EQ(core.pools().lease_count(), 1U);
  Pass(seconds(1));
  EXPECT_EQ(core.pools().lease_count(), 0U);
  EXPECT_EQ(core.authorizer().counters().expired_grants, 1U);
}

TEST_F(AuthorizerTest, AReportedGrantStays) {
  Ask("g", "s1", "ann");
  Report("g", SessionEventKind::kAuthorized, Record("s1", "ann", "10.0.0.2"));
  EXPECT_EQ(core.authorizer().grant_count(), 0U);
  Pass(seconds(1000));
  EXPECT_EQ(core.pools().lease_count(), 1U);
}

TEST_F(AuthorizerTest, AGrantIsTakenBackWhenItsSessionEndsOrItsGatewayReboots) {
  Ask("g", "s1", "ann");
  Report("g", SessionEventKind::kStarting, Record("s1", "", "", SessionState::kStarting));
  Down("g", "s1", "ann", "");
  EXPECT_EQ(core.pools().lease_count(), 0U);
  Ask("g", "s2", "bob");
  Attach("g", "boot2");
  EXPECT_EQ(core.pools().lease_count(), 0U);
  EXPECT_EQ(core.authorizer().grant_count(), 0U);
}

TEST_F(AuthorizerTest, ALoginWhoseSessionEndsWhileItIsJudgedLeavesNoGrant) {
  judges = false;
  Report("g", SessionEventKind::kStarting, Record("s1", "", "", SessionState::kStarting));
  const AskId ask = Ask("g", "s1", "ann", 7);
  const AskId other = Ask("g", "s2", "bob", 8);
  Down("g", "s1", "", "");
  EXPECT_EQ(AnswerTo(ask), "rejected: the session has ended");
  EXPECT_EQ(AnswerTo(other), "waiting");
  Do(CredentialsJudged{{"g", "boot1", AttemptId(7)}, AuthGranted{}});
  EXPECT_EQ(core.authorizer().grant_count(), 0U);
  EXPECT_EQ(core.pools().lease_count(), 0U);
}

TEST_F(AuthorizerTest, ALoginWhoseSessionEndsWhileItWaitsLeavesNoGrant) {
  Ask("g", "s1", "ann");
  Up("g", "s1", "ann", "10.0.0.2");
  const AskId second = Ask("g", "s2", "ann");
  Down("g", "s2", "", "");
  EXPECT_EQ(AnswerTo(second), "rejected: the session has ended");
  EXPECT_EQ(core.authorizer().waiting_count(), 0U);
  Down("g", "s1", "ann", "10.0.0.2");
  EXPECT_EQ(core.authorizer().grant_count(), 0U);
  EXPECT_EQ(core.pools().lease_count(), 0U);
}

// The end can overtake the question: the gateway reports it again when it gets the verdict.
TEST_F(AuthorizerTest, TheEndReportedOfASessionNeverHeardOfTakesItsGrantBack) {
  EXPECT_EQ(AnswerTo(Ask("g", "s1", "ann")), "10.0.0.2");
  Down("g", "s1", "", "");
  EXPECT_EQ(core.authorizer().grant_count(), 0U);
  EXPECT_EQ(core.pools().lease_count(), 0U);
  EXPECT_EQ(AnswerTo(Ask("g", "s2", "ann")), "10.0.0.2");
  EXPECT_THAT(TakeDisconnects(), IsEmpty());
}

TEST_F(AuthorizerTest, ASecondQuestionOfOneSessionKeepsItsLease) {
  EXPECT_EQ(AnswerTo(Ask("g", "s1", "ann")), "10.0.0.2");
  EXPECT_EQ(AnswerTo(Ask("g", "s1", "ann")), "10.0.0.2");
  EXPECT_EQ(core.pools().lease_count(), 1U);
}

TEST_F(AuthorizerTest, QuestionsOfAnOldBootAreDropped) {
  judges = false;
  const AskId ask = Ask("g", "s1", "ann", 7);
  Attach("g", "boot2");
  EXPECT_EQ(AnswerTo(ask), "error: the gateway has restarted");
}

}  // namespace
}  // namespace sstpgw::cp
