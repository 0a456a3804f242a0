// The parts of the client that decide by themselves: choice, health, identifiers, windows.
#include <set>

#include "controlplane/radius/identifier_pool.h"
#include "controlplane/radius/recent_window.h"
#include "controlplane/radius/server_health.h"
#include "controlplane/radius/server_pool.h"
#include "tests/unit/radius/client_bench.h"

namespace sstpgw::cp::radius {
namespace {

using Standing = ServerHealth::Standing;

const TimePoint kStart{std::chrono::hours(1)};

// ---- Choose

Candidate With(Standing standing, int penalty_seconds = 0) {
  Candidate candidate;
  candidate.standing = standing;
  candidate.penalty_end = kStart + seconds(penalty_seconds);
  return candidate;
}

TEST(ServerPool, NobodyIsNobody) { EXPECT_FALSE(Choose({}, Spread::kInOrder)); }

TEST(ServerPool, TableOfChoices) {
  struct Case {
    const char* what;
    std::vector<Candidate> candidates;
    std::optional<std::size_t> choice;
  };
  Candidate backup;
  backup.backup = true;
  Candidate full;
  full.full = true;
  Candidate failed_backup = With(Standing::kFailed, 5);
  failed_backup.backup = true;
  Candidate full_failed = With(Standing::kFailed, 1);
  full_failed.full = true;
  const std::vector<Case> cases = {
      {"in order", {Candidate{}, Candidate{}}, 0},
      {"no failed one", {With(Standing::kFailed), Candidate{}}, 1},
      {"a trial is due", {With(Standing::kTrialDue), Candidate{}}, 0},
      {"backup last", {backup, Candidate{}}, 1},
      {"trial before backup", {backup, With(Standing::kTrialDue)}, 1},
      {"backup before failed", {With(Standing::kFailed), backup}, 1},
      {"no full one", {full, Candidate{}}, 1},
      {"all full", {full, full}, std::nullopt},
      {"shortest penalty", {With(Standing::kFailed, 9), With(Standing::kFailed, 3)}, 1},
      {"backup with the shortest", {With(Standing::kFailed, 9), failed_backup}, 1},
      {"full one with the shortest", {full_failed, With(Standing::kFailed, 9)}, 1},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(Choose(one.candidates, Spread::kInOrder), one.choice) << one.what;
  }
}

TEST(ServerPool, ByWeight) {
  Candidate a;
  Candidate b;
  a.weight = 1;
  b.weight = 4;
  a.load = 1;
  b.load = 3;
  EXPECT_EQ(Choose(std::vector{a, b}, Spread::kByWeight), 1U);
  b.load = 5;
  EXPECT_EQ(Choose(std::vector{a, b}, Spread::kByWeight), 0U);
  b.load = 4;
  EXPECT_EQ(Choose(std::vector{a, b}, Spread::kByWeight), 1U) << "same share: greater weight";
  b.weight = a.weight;
  b.load = a.load;
  EXPECT_EQ(Choose(std::vector{a, b}, Spread::kByWeight), 0U) << "all the same: order";
}

// ---- Health

ServerHealth Health(int fail_time, std::uint32_t max_fail, bool by_probe = false) {
  ServerHealth health;
  health.Configure({seconds(fail_time), max_fail, by_probe});
  return health;
}

TEST(ServerHealth, FromActiveToFailedToTrialAndBack) {
  ServerHealth health = Health(30, 2);
  EXPECT_FALSE(health.Unanswered(kStart));
  EXPECT_TRUE(health.Unanswered(kStart));
  EXPECT_EQ(health.StandingAt(kStart), Standing::kFailed);
  EXPECT_EQ(health.StandingAt(kStart + milliseconds(29999)), Standing::kFailed);
  EXPECT_EQ(health.StandingAt(kStart + seconds(30)), Standing::kTrialDue);
  health.TrialStarted();
  EXPECT_EQ(health.StandingAt(kStart + seconds(30)), Standing::kFailed) << "one at a time";
  EXPECT_TRUE(health.Answered());
  EXPECT_EQ(health.StandingAt(kStart + seconds(30)), Standing::kUsable);
  EXPECT_FALSE(health.Answered());
  EXPECT_EQ(health.fail_count(), 0U);
}

TEST(ServerHealth, ATrialInVainBeginsThePenaltyAnew) {
  ServerHealth health = Health(30, 1);
  EXPECT_TRUE(health.Unanswered(kStart));
  health.TrialStarted();
  health.TrialEnded();
  EXPECT_FALSE(health.Unanswered(kStart + seconds(40))) << "it was failed before";
  EXPECT_EQ(health.penalty_end(), kStart + seconds(70));
}

TEST(ServerHealth, SilenceWithinThePenaltyDoesNotExtendIt) {
  ServerHealth health = Health(30, 1);
  EXPECT_TRUE(health.Unanswered(kStart));
  EXPECT_FALSE(health.Unanswered(kStart + seconds(29)));
  EXPECT_EQ(health.penalty_end(), kStart + seconds(30));
}

TEST(ServerHealth, AFailTimeOfZeroEndsAPenalty) {
  ServerHealth health = Health(30, 1);
  EXPECT_TRUE(health.Unanswered(kStart));
  health.Configure({seconds(0), 1, false});
  EXPECT_EQ(health.StandingAt(kStart), Standing::kUsable);
  EXPECT_FALSE(health.Unanswered(kStart));
}

TEST(ServerHealth, WithProbesNoRequestTriesIt) {
  ServerHealth health = Health(30, 1, true);
  EXPECT_FALSE(health.ProbeAt());
  EXPECT_TRUE(health.Unanswered(kStart));
  EXPECT_EQ(health.ProbeAt(), kStart + seconds(30));
  EXPECT_EQ(health.StandingAt(kStart + seconds(99)), Standing::kFailed);
  health.TrialStarted();
  EXPECT_FALSE(health.ProbeAt());
}

// ---- Identifiers

TEST(IdentifierPool, EveryIdentifierOnceInAnOrderOfItsOwn) {
  std::vector<std::vector<std::uint8_t>> orders;
  for (const std::uint64_t seed : {1U, 2U}) {
    SeededEntropy entropy(seed);
    IdentifierPool pool;
    EXPECT_TRUE(pool.WantsSocket(kStart));
    EXPECT_FALSE(pool.Take());
    pool.AddSocket(SocketId(1), entropy, kStart);
    orders.emplace_back();
    while (const auto slot = pool.Take()) orders.back().push_back(slot->identifier);
    EXPECT_EQ(std::set(orders.back().begin(), orders.back().end()).size(), 256U);
    EXPECT_EQ(pool.in_use(), 256U);
  }
  EXPECT_NE(orders[0], orders[1]);
}

TEST(IdentifierPool, AtMostSoManySocketsThenTheLongestRested) {
  SeededEntropy entropy;
  IdentifierPool pool;
  std::vector<Slot> taken;
  for (std::uint32_t i = 1; i <= IdentifierPool::kMaxSockets; ++i) {
    ASSERT_TRUE(pool.WantsSocket(kStart));
    pool.AddSocket(SocketId(i), entropy, kStart);
    while (const auto slot = pool.Take()) taken.push_back(*slot);
  }
  EXPECT_FALSE(pool.WantsSocket(kStart));
  EXPECT_FALSE(pool.CanTake(kStart));
  pool.Release(taken[7], kStart);
  pool.Release(taken[3], kStart);
  EXPECT_FALSE(pool.WantsSocket(kStart)) << "there are no more sockets";
  EXPECT_EQ(pool.Take(), taken[7]);
  EXPECT_EQ(pool.Take(), taken[3]);
}

TEST(IdentifierPool, WhatWasSentIsKnownUntilReuse) {
  SeededEntropy entropy;
  IdentifierPool pool;
  pool.AddSocket(SocketId(1), entropy, kStart);
  const Slot slot = *pool.Take();
  pool.Find(slot)->request = RequestId(9);
  pool.Release(slot, kStart);
  EXPECT_EQ(pool.Find(slot)->request, RequestId(9));
  EXPECT_EQ(pool.Find({SocketId(2), 0}), nullptr);
}

TEST(IdentifierPool, AFailedSocketIsNotTriedAgainForAWhileIfThereAreOthers) {
  SeededEntropy entropy;
  IdentifierPool pool;
  pool.AddSocket(SocketId(1), entropy, kStart);
  while (pool.Take()) {
  }
  pool.AddSocket(SocketId(2), entropy, kStart);
  const Slot lost = *pool.Take();
  pool.SocketFailed(SocketId(2), kStart);
  EXPECT_FALSE(pool.WantsSocket(kStart));
  EXPECT_TRUE(pool.WantsSocket(kStart + IdentifierPool::kSocketPenalty));
  pool.Release(lost, kStart);  // of a socket that is gone
  EXPECT_FALSE(pool.CanTake(kStart));
  pool.SocketFailed(SocketId(1), kStart);
  EXPECT_TRUE(pool.WantsSocket(kStart)) << "without any it is tried at once";
}

// ---- Windows

TEST(RecentWindow, ForgetsWhatIsOlder) {
  RecentWindow window;
  window.Add(kStart, seconds(2));
  window.Add(kStart + seconds(30), seconds(4));
  const auto at = [&](int second, int span) {
    return window.Last(seconds(span), kStart + seconds(second));
  };
  EXPECT_EQ(at(30, 60).count, 2U);
  EXPECT_EQ(at(30, 60).average(), seconds(3));
  EXPECT_EQ(at(65, 60).count, 1U);
  EXPECT_EQ(at(65, 300).count, 2U);
  EXPECT_EQ(at(400, 300).count, 0U);
  EXPECT_EQ(at(400, 300).average(), Duration::zero());
}

TEST(RecentWindow, PlacesAreUsedAgain) {
  RecentWindow window;
  for (int i = 0; i < 100000; ++i) window.Add(kStart + seconds(i));
  EXPECT_EQ(window.Last(seconds(60), kStart + seconds(99999)).count, 60U);
  EXPECT_EQ(window.Last(seconds(300), kStart + seconds(99999)).count, 300U);
}

}  // namespace
}  // namespace sstpgw::cp::radius
