#include "gateway/edge/timer_queue.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>

namespace sstpgw::edge {
namespace {

using std::chrono::milliseconds;

TimePoint At(int ms) { return TimePoint(milliseconds(ms)); }

class Recorder final : public TimerHandler {
 public:
  void OnTimer(std::uint64_t cookie) override {
    fired.push_back(cookie);
    if (on_fire) on_fire(cookie);
  }
  std::vector<std::uint64_t> fired;
  std::function<void(std::uint64_t)> on_fire;
};

TEST(TimerQueue, FiresInOrderOfDeadlineThenOfStart) {
  TimerQueue queue;
  Recorder recorder;
  queue.Start(At(30), recorder, 1);
  queue.Start(At(10), recorder, 2);
  queue.Start(At(20), recorder, 3);
  queue.Start(At(10), recorder, 4);
  EXPECT_EQ(queue.NextDeadline(), At(10));
  EXPECT_EQ(queue.FireDue(At(9)), 0U);
  EXPECT_EQ(queue.FireDue(At(20)), 3U);
  EXPECT_EQ(recorder.fired, (std::vector<std::uint64_t>{2, 4, 3}));
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.NextDeadline(), At(30));
}

TEST(TimerQueue, CancelledTimerNeverFires) {
  TimerQueue queue;
  Recorder recorder;
  const TimerHandle first = queue.Start(At(10), recorder, 1);
  queue.Start(At(20), recorder, 2);
  EXPECT_TRUE(queue.IsPending(first));
  EXPECT_TRUE(queue.Cancel(first));
  EXPECT_FALSE(queue.Cancel(first));
  EXPECT_FALSE(queue.Cancel(TimerHandle()));
  queue.FireDue(At(100));
  EXPECT_EQ(recorder.fired, (std::vector<std::uint64_t>{2}));
}

TEST(TimerQueue, StaleHandleDoesNotTouchTheSlotsNextTimer) {
  TimerQueue queue;
  Recorder recorder;
  const TimerHandle old = queue.Start(At(10), recorder, 1);
  queue.FireDue(At(10));
  const TimerHandle fresh = queue.Start(At(20), recorder, 2);
  EXPECT_FALSE(queue.Cancel(old));
  EXPECT_TRUE(queue.IsPending(fresh));
}

TEST(TimerQueue, HandlerMayCancelAndStartOthers) {
  TimerQueue queue;
  Recorder recorder;
  queue.Start(At(10), recorder, 1);
  const TimerHandle second = queue.Start(At(11), recorder, 2);
  recorder.on_fire = [&](std::uint64_t cookie) {
    if (cookie != 1) return;
    EXPECT_TRUE(queue.Cancel(second));
    queue.Start(At(5), recorder, 3);  // overdue at once, but for the next round
  };
  EXPECT_EQ(queue.FireDue(At(50)), 1U);
  EXPECT_EQ(queue.FireDue(At(50)), 1U);
  EXPECT_EQ(recorder.fired, (std::vector<std::uint64_t>{1, 3}));
}

TEST(TimerQueue, AgreesWithASortedMapUnderRandomUse) {
  std::mt19937 random(20240228);
  TimerQueue queue;
  Recorder recorder;
  std::map<std::pair<int, std::uint64_t>, TimerHandle> model;  // (deadline, cookie)
  std::vector<std::uint64_t> expected;
  int now = 0;
  for (std::uint64_t step = 0; step < 20'000; ++step) {
    const auto choice = random() % 4;
    if (choice < 2) {
      const int deadline = now + static_cast<int>(random() % 100);
      model[{deadline, step}] = queue.Start(At(deadline), recorder, step);
    } else if (choice == 2 && !model.empty()) {
      auto victim = model.lower_bound({now + static_cast<int>(random() % 100), 0});
      if (victim == model.end()) victim = model.begin();
      ASSERT_TRUE(queue.Cancel(victim->second));
      model.erase(victim);
    } else {
      now += static_cast<int>(random() % 5);
      while (!model.empty() && model.begin()->first.first <= now) {
        expected.push_back(model.begin()->first.second);
        model.erase(model.begin());
      }
      queue.FireDue(At(now));
    }
    ASSERT_EQ(queue.size(), model.size());
  }
  EXPECT_EQ(recorder.fired, expected);
  EXPECT_GT(expected.size(), 1000U);
}

}  // namespace
}  // namespace sstpgw::edge
