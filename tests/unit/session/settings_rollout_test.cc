#include "controlplane/session/settings_rollout.h"

namespace sstpgw::cp {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SettingsRolloutTest : public ::testing::Test {
 protected:
  // An attached gateway that has applied what is wanted.
  void Join(const std::string& gateway) {
    EXPECT_THAT(rollout_.Attach(gateway, "boot", Generation(0)), ElementsAre(gateway));
    rollout_.Applied(gateway, rollout_.generation());
  }

  SettingsRollout rollout_;
  TimePoint now_{seconds(1000)};
};

TEST_F(SettingsRolloutTest, WhoHasAppliedThemIsNotSentThemAgain) {
  EXPECT_THAT(rollout_.Attach("a", "boot", Generation(0)), ElementsAre("a"));
  rollout_.Applied("a", Generation(1));
  rollout_.Detach("a");
  EXPECT_THAT(rollout_.Attach("a", "boot", Generation(1)), IsEmpty());
}

TEST_F(SettingsRolloutTest, ANumberOfAFormerRunIsOutdoneForAll) {
  Join("a");
  EXPECT_THAT(rollout_.Attach("b", "boot", Generation(7)), ElementsAre("a", "b"));
  EXPECT_EQ(rollout_.generation(), Generation(8));
}

TEST_F(SettingsRolloutTest, WhoRefusedIsAskedAgainAfterAWhile) {
  Join("b");
  EXPECT_THAT(rollout_.Attach("a", "boot", Generation(0)), ElementsAre("a"));
  EXPECT_EQ(rollout_.NextDeadline(), std::nullopt);
  rollout_.Refused("a", Generation(1), "port in use", now_);
  ASSERT_EQ(rollout_.NextDeadline(), now_ + SettingsRollout::kRetryAfter);
  EXPECT_THAT(rollout_.Tick(now_ + SettingsRollout::kRetryAfter - Duration(1)), IsEmpty());
  EXPECT_THAT(rollout_.Tick(now_ + SettingsRollout::kRetryAfter), ElementsAre("a"));
  EXPECT_THAT(rollout_.Tick(now_ + 2 * SettingsRollout::kRetryAfter), IsEmpty()) << "no answer yet";
  rollout_.Applied("a", Generation(1));
  EXPECT_EQ(rollout_.NextDeadline(), std::nullopt);
}

TEST_F(SettingsRolloutTest, RefusalsOfWhatIsNotWantedAnyMoreDoNotCount) {
  Join("a");
  EXPECT_THAT(rollout_.Advance(), ElementsAre("a"));
  rollout_.Refused("a", Generation(1), "late", now_);
  rollout_.Refused("stranger", Generation(2), "who?", now_);
  EXPECT_EQ(rollout_.NextDeadline(), std::nullopt);
}

TEST_F(SettingsRolloutTest, ATrialIsAcceptedWhenAllHaveApplied) {
  Join("a");
  Join("b");
  EXPECT_THAT(rollout_.StartTrial(false, now_), ElementsAre("a", "b"));
  rollout_.Applied("a", rollout_.generation());
  EXPECT_FALSE(rollout_.TakeVerdict(now_));
  rollout_.Applied("b", rollout_.generation());
  const auto verdict = rollout_.TakeVerdict(now_);
  ASSERT_TRUE(verdict);
  EXPECT_TRUE(verdict->accepted);
  EXPECT_THAT(verdict->silent, IsEmpty());
  EXPECT_FALSE(rollout_.on_trial());
  EXPECT_FALSE(rollout_.TakeVerdict(now_)) << "said once";
}

TEST_F(SettingsRolloutTest, ATrialWithoutGatewaysIsAcceptedAtOnce) {
  EXPECT_THAT(rollout_.StartTrial(false, now_), IsEmpty());
  EXPECT_TRUE(rollout_.TakeVerdict(now_)->accepted);
}

TEST_F(SettingsRolloutTest, OneRefusalEndsATrial) {
  Join("a");
  Join("b");
  (void)rollout_.StartTrial(false, now_);
  rollout_.Refused("b", rollout_.generation(), "port in use", now_);
  const auto verdict = rollout_.TakeVerdict(now_);
  ASSERT_TRUE(verdict);
  EXPECT_FALSE(verdict->accepted);
  EXPECT_EQ(verdict->gateway, "b");
  EXPECT_EQ(verdict->reason, "port in use");
  // The way back is for all, and forgets the refusal.
  EXPECT_THAT(rollout_.Advance(), ElementsAre("a", "b"));
  EXPECT_EQ(rollout_.NextDeadline(), std::nullopt);
}

TEST_F(SettingsRolloutTest, WhoLeavesIsNotWaitedFor) {
  Join("a");
  (void)rollout_.StartTrial(false, now_);
  EXPECT_FALSE(rollout_.TakeVerdict(now_));
  rollout_.Detach("a");
  EXPECT_TRUE(rollout_.TakeVerdict(now_)->accepted);
}

TEST_F(SettingsRolloutTest, WhoIsSilentIsNamedInTheEnd) {
  Join("a");
  (void)rollout_.StartTrial(false, now_);
  ASSERT_EQ(rollout_.NextDeadline(), now_ + SettingsRollout::kTrialPatience);
  const auto verdict = rollout_.TakeVerdict(now_ + SettingsRollout::kTrialPatience);
  ASSERT_TRUE(verdict);
  EXPECT_TRUE(verdict->accepted);
  EXPECT_THAT(verdict->silent, ElementsAre("a"));
}

TEST_F(SettingsRolloutTest, RepeatingIsForThoseWhoLackThem) {
  Join("a");
  EXPECT_THAT(rollout_.Attach("b", "boot", Generation(0)), ElementsAre("b"));
  rollout_.Refused("b", Generation(1), "port in use", now_);
  EXPECT_THAT(rollout_.StartTrial(true, now_), ElementsAre("b"));
  EXPECT_EQ(rollout_.generation(), Generation(1));
  EXPECT_FALSE(rollout_.TakeVerdict(now_)) << "the former refusal does not count";
  rollout_.Applied("b", Generation(1));
  EXPECT_TRUE(rollout_.TakeVerdict(now_)->accepted);
}

}  // namespace
}  // namespace sstpgw::cp
