#include "controlplane/session/policy_rollout.h"

namespace sstpgw::cp {
namespace {

using Standing = PolicyRollout::Standing;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PolicyRolloutTest : public ::testing::Test {
 protected:
  void SetUp() override { Attach(1); }
  void Attach(std::uint64_t generation) {
    Hello hello;
    hello.gateway_id = "g";
    hello.boot_id = "b";
    SessionRecord record;
    record.session = "s";
    record.state = SessionState::kActive;
    record.policy.generation = Generation(generation);
    hello.sessions.push_back(record);
    (void)registry_.Attach(hello, now_);
  }
  [[nodiscard]] const SessionEntry& Entry() const { return *registry_.Find(key_); }
  PolicyRollout::Order Want(std::int64_t timeout, bool insist = false) {
    SessionPolicy policy = rollout_.Expected(Entry());
    policy.session_timeout = std::chrono::seconds(timeout);
    actions_.clear();
    return rollout_.Want(Entry(), policy, insist, actions_);
  }
  [[nodiscard]] std::uint64_t SentGeneration() const {
    return std::get<PolicyOrder>(std::get<Send>(actions_.at(0)).message).policy.generation.value();
  }

  const SessionKey key_{"g", "s"};
  TimePoint now_{std::chrono::hours(1)};
  Registry registry_;
  PolicyRollout rollout_{registry_};
  ActionList actions_;
};

TEST_F(PolicyRolloutTest, WhatIsCarriedIsNotSent) {
  EXPECT_EQ(Want(0).standing, Standing::kCarried);
  EXPECT_THAT(actions_, IsEmpty());
}

TEST_F(PolicyRolloutTest, EachWishHasItsGeneration) {
  EXPECT_EQ(Want(10).generation, Generation(2));
  EXPECT_EQ(SentGeneration(), 2U);
  const auto again = Want(10);
  EXPECT_EQ(again.standing, Standing::kUnderWay);
  EXPECT_EQ(again.generation, Generation(2));
  EXPECT_THAT(actions_, IsEmpty());
  EXPECT_EQ(Want(0).generation, Generation(3));
  EXPECT_EQ(SentGeneration(), 3U);
}

TEST_F(PolicyRolloutTest, AppliedIsCarriedUntilTheRecordShowsIt) {
  (void)Want(10);
  EXPECT_EQ(rollout_.Carried(Entry()).session_timeout.count(), 0);
  rollout_.Applied(key_, Generation(2));
  EXPECT_EQ(rollout_.Carried(Entry()).session_timeout.count(), 10);
  EXPECT_EQ(Want(10).standing, Standing::kCarried);
  EXPECT_EQ(rollout_.Reported(Entry()), std::nullopt);  // generation 1
  EXPECT_EQ(rollout_.size(), 1U);
  Attach(2);
  EXPECT_EQ(rollout_.Reported(Entry()), std::nullopt);  // no news
  EXPECT_EQ(rollout_.size(), 0U);
}

TEST_F(PolicyRolloutTest, TheRecordIsNewsIfNothingWasSaidBefore) {
  (void)Want(10);
  Attach(2);
  EXPECT_EQ(rollout_.Reported(Entry()), Generation(2));
}

TEST_F(PolicyRolloutTest, AnswersToOlderGenerationsDoNotCount) {
  (void)Want(10);
  (void)Want(20);
  rollout_.Applied(key_, Generation(2));
  rollout_.Refused(key_, Generation(2));
  EXPECT_EQ(Want(20).standing, Standing::kUnderWay);
}

TEST_F(PolicyRolloutTest, TheRefusedIsSentAgainOnlyWhenSomebodyInsists) {
  (void)Want(10);
  rollout_.Refused(key_, Generation(2));
  EXPECT_EQ(rollout_.Expected(Entry()).session_timeout.count(), 0);
  EXPECT_EQ(Want(10).standing, Standing::kRefused);
  EXPECT_THAT(actions_, IsEmpty());
  EXPECT_EQ(Want(10, true).generation, Generation(3));
  EXPECT_THAT(actions_, SizeIs(1));
  rollout_.Refused(key_, Generation(3));
  EXPECT_EQ(Want(20).generation, Generation(4));
}

TEST_F(PolicyRolloutTest, AGatewayThatReturnsIsToldWhatItLacks) {
  registry_.Detach("g", now_);
  EXPECT_EQ(Want(10).standing, Standing::kUnderWay);
  EXPECT_THAT(actions_, IsEmpty());
  Attach(1);
  rollout_.GatewayReturned("g");
  EXPECT_EQ(Want(10).generation, Generation(2));
  EXPECT_EQ(SentGeneration(), 2U);
  (void)Want(10);
  EXPECT_THAT(actions_, IsEmpty());
}

TEST_F(PolicyRolloutTest, WhatAGatewaySaysAfterItsReturnIsTheTruth) {
  (void)Want(10);
  rollout_.Applied(key_, Generation(2));
  rollout_.GatewayReturned("g");
  EXPECT_EQ(rollout_.Carried(Entry()).session_timeout.count(), 0);
  rollout_.GatewayReturned("h");
  EXPECT_EQ(Want(10).generation, Generation(2));
}

}  // namespace
}  // namespace sstpgw::cp
