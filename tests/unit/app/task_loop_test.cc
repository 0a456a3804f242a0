#include "controlplane/edge/task_loop.h"

#include <algorithm>
#include <atomic>
#include <future>

namespace sstpgw::cp {
namespace {

TaskLoop::Clock NoClock() {
  return {[] { return std::optional<TimePoint>(); }, [] {}};
}

TEST(TaskLoop, RunsInOrderInOneThread) {
  std::vector<int> order;
  TaskLoop loop(NoClock());
  for (int i = 0; i < 100; ++i) loop.Post([&order, i] { order.push_back(i); });
  loop.Stop();
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(TaskLoop, TasksMayPostTasks) {
  std::promise<void> done;
  TaskLoop loop(NoClock());
  loop.Post([&] { loop.Post([&] { done.set_value(); }); });
  done.get_future().wait();
}

TEST(TaskLoop, AfterStopTasksAreDropped) {
  bool ran = false;
  TaskLoop loop(NoClock());
  loop.Stop();
  loop.Post([&] { ran = true; });
  loop.Stop();
  EXPECT_FALSE(ran);
}

TEST(TaskLoop, TicksWhenTheDeadlineHasCome) {
  std::promise<void> ticked;
  std::optional<TimePoint> deadline;
  TaskLoop loop({[&] { return deadline; },
                 [&] {
                   deadline.reset();
                   ticked.set_value();
                 }});
  loop.Post([&] { deadline = TaskLoop::Now() + std::chrono::milliseconds(5); });
  ticked.get_future().wait();
}

}  // namespace
}  // namespace sstpgw::cp
