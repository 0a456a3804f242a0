#include "controlplane/session/policy_tickets.h"

namespace sstpgw::cp {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PolicyTicketsTest : public ::testing::Test {
 protected:
  void Open(std::uint64_t id, std::vector<PolicyTickets::Awaited> awaited) {
    tickets_.Open(ChangeId(id), "what", {}, awaited, now_);
  }
  static PolicyTickets::Awaited One(const std::string& session, std::uint64_t generation) {
    return {{"g", session}, "if-" + session, Generation(generation)};
  }

  TimePoint now_{1h};
  PolicyTickets tickets_;
};

TEST_F(PolicyTicketsTest, WithNobodyToWaitForItIsOverAtOnce) {
  PolicyOutcome known;
  known.changed = 3;
  tickets_.Open(ChangeId(7), "what", known, {}, now_);
  const auto done = tickets_.TakeDone(now_);
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_EQ(done[0].id, ChangeId(7));
  EXPECT_EQ(done[0].what, "what");
  EXPECT_EQ(done[0].outcome.changed, 3U);
  EXPECT_THAT(tickets_.TakeDone(now_ + 1h), IsEmpty());
  EXPECT_EQ(tickets_.NextDeadline(), std::nullopt);
}

TEST_F(PolicyTicketsTest, EveryTicketOfASessionHearsItsAnswer) {
  Open(1, {One("a", 2)});
  Open(2, {One("a", 3)});
  tickets_.Applied({"g", "a"}, Generation(2));
  EXPECT_THAT(tickets_.TakeDone(now_), SizeIs(1));
  tickets_.Refused({"g", "a"}, Generation(2), "late");  // of the other one
  EXPECT_THAT(tickets_.TakeDone(now_), IsEmpty());
  tickets_.Refused({"g", "a"}, Generation(3), "no");
  const auto done = tickets_.TakeDone(now_);
  ASSERT_THAT(done, SizeIs(1));
  ASSERT_THAT(done[0].outcome.refused, SizeIs(1));
  EXPECT_EQ(done[0].outcome.refused[0].reason, "no");
  EXPECT_EQ(done[0].outcome.refused[0].interface_name, "if-a");
}

TEST_F(PolicyTicketsTest, AnOlderGenerationIsNoAnswer) {
  Open(1, {One("a", 3)});
  tickets_.Applied({"g", "a"}, Generation(2));
  EXPECT_THAT(tickets_.TakeDone(now_), IsEmpty());
}

TEST_F(PolicyTicketsTest, PatienceEndsWithTheSilentOnesInOrder) {
  Open(1, {One("b", 1), One("a", 1), One("c", 1)});
  EXPECT_EQ(tickets_.NextDeadline(), now_ + PolicyTickets::kPatience);
  tickets_.Applied({"g", "c"}, Generation(1));
  EXPECT_THAT(tickets_.TakeDone(now_ + PolicyTickets::kPatience - 1ns), IsEmpty());
  const auto done = tickets_.TakeDone(now_ + PolicyTickets::kPatience);
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_EQ(done[0].outcome.changed, 1U);
  ASSERT_THAT(done[0].outcome.unanswered, SizeIs(2));
  EXPECT_EQ(done[0].outcome.unanswered[0].interface_name, "if-a");
  EXPECT_EQ(done[0].outcome.unanswered[1].interface_name, "if-b");
}

TEST_F(PolicyTicketsTest, EndOfSessionAndLossOfGatewayAreAnswers) {
  Open(1, {One("a", 1), One("b", 1)});
  tickets_.GatewayLost("h");
  EXPECT_THAT(tickets_.TakeDone(now_), IsEmpty());
  tickets_.Gone({"g", "a"});
  tickets_.GatewayLost("g");
  const auto done = tickets_.TakeDone(now_);
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_EQ(done[0].outcome.refused.at(0).reason, "the session has ended");
  EXPECT_EQ(done[0].outcome.unanswered.at(0).reason, "gateway 'g' is not attached any more");
}

}  // namespace
}  // namespace sstpgw::cp
