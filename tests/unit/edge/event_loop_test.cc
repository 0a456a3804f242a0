#include "gateway/edge/event_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace sstpgw::edge {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    ours = UniqueFd(fds[0]);
    theirs = UniqueFd(fds[1]);
  }
  void Send() const { EXPECT_EQ(::write(theirs.get(), "x", 1), 1); }
  UniqueFd ours;
  UniqueFd theirs;
};

class OnIoCall final : public IoHandler {
 public:
  void OnIo(IoEvents events) override {
    ++calls;
    last = events;
    if (then) then();
  }
  int calls = 0;
  IoEvents last;
  std::function<void()> then;
};

class OnTimerCall final : public TimerHandler {
 public:
  void OnTimer(std::uint64_t cookie) override {
    cookies.push_back(cookie);
    if (then) then();
  }
  std::vector<std::uint64_t> cookies;
  std::function<void()> then;
};

class EventLoopTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = EventLoop::Create();
    ASSERT_TRUE(made.has_value());
    loop = std::move(*made);
  }
  std::unique_ptr<EventLoop> loop;
};

TEST_F(EventLoopTest, ReportsReadableUntilRead) {
  Pair pair;
  OnIoCall handler;
  ASSERT_TRUE(loop->Add(pair.ours.get(), Interest::kRead, handler).has_value());
  EXPECT_EQ(loop->descriptors(), 1U);
  loop->RunOnce(Duration::zero());
  EXPECT_EQ(handler.calls, 0);
  pair.Send();
  loop->RunOnce(seconds(10));
  loop->RunOnce(seconds(10));
  EXPECT_EQ(handler.calls, 2);  // level-triggered
  EXPECT_TRUE(handler.last.readable);
  EXPECT_FALSE(handler.last.writable);
  EXPECT_FALSE(handler.last.broken);
}

TEST_F(EventLoopTest, InterestDecidesWhatIsReported) {
  Pair pair;
  OnIoCall handler;
  const auto handle = loop->Add(pair.ours.get(), Interest::kNone, handler);
  ASSERT_TRUE(handle.has_value());
  pair.Send();
  loop->RunOnce(Duration::zero());
  EXPECT_EQ(handler.calls, 0);
  loop->Modify(*handle, Interest::kWrite);
  loop->RunOnce(Duration::zero());
  EXPECT_EQ(handler.calls, 1);
  EXPECT_FALSE(handler.last.readable);
  EXPECT_TRUE(handler.last.writable);
  loop->Modify(*handle, Interest::kReadWrite);
  loop->RunOnce(Duration::zero());
  EXPECT_TRUE(handler.last.readable);
  EXPECT_TRUE(handler.last.writable);
}

TEST_F(EventLoopTest, EdgeTriggeredIsToldOnceForEachArrivalAndAfterModify) {
  Pair pair;
  OnIoCall handler;
  const auto handle = loop->Add(pair.ours.get(), Interest::kRead, handler, Trigger::kEdge);
  ASSERT_TRUE(handle.has_value());
  pair.Send();
  loop->RunOnce(seconds(10));
  loop->RunOnce(Duration::zero());
  EXPECT_EQ(handler.calls, 1) << "nothing was read, nothing new came";
  pair.Send();
  loop->RunOnce(seconds(10));
  EXPECT_EQ(handler.calls, 2);
  loop->Modify(*handle, Interest::kNone);
  loop->RunOnce(Duration::zero());
  EXPECT_EQ(handler.calls, 2);
  loop->Modify(*handle, Interest::kRead);
  loop->RunOnce(Duration::zero());
  EXPECT_EQ(handler.calls, 3) << "what is still there is told again";
  EXPECT_TRUE(handler.last.readable);
}

TEST_F(EventLoopTest, ATriggerCanBeChangedAndWhatIsThereIsToldOnce) {
  Pair pair;
  OnIoCall handler;
  const auto handle = loop->Add(pair.ours.get(), Interest::kRead, handler);
  ASSERT_TRUE(handle.has_value());
  pair.Send();
  loop->RunOnce(seconds(10));
  EXPECT_EQ(handler.calls, 1);
  loop->SetTrigger(*handle, Trigger::kEdge);
  loop->RunOnce(seconds(10));
  loop->RunOnce(Duration::zero());
  EXPECT_EQ(handler.calls, 2);
  loop->SetTrigger(*handle, Trigger::kLevel);
  loop->RunOnce(seconds(10));
  loop->RunOnce(seconds(10));
  EXPECT_EQ(handler.calls, 4);
  loop->Remove(*handle);
  loop->SetTrigger(*handle, Trigger::kEdge);  // stale: ignored
}

TEST_F(EventLoopTest, HangUpIsBrokenAndReadable) {
  Pair pair;
  OnIoCall handler;
  ASSERT_TRUE(loop->Add(pair.ours.get(), Interest::kRead, handler).has_value());
  pair.theirs.Reset();
  loop->RunOnce(seconds(10));
  EXPECT_TRUE(handler.last.broken);
  EXPECT_TRUE(handler.last.readable);
}

TEST_F(EventLoopTest, RemovedWhileDispatchingIsNotCalledAgain) {
  Pair a;
  Pair b;
  OnIoCall on_a;
  OnIoCall on_b;
  auto handle_a = loop->Add(a.ours.get(), Interest::kRead, on_a);
  auto handle_b = loop->Add(b.ours.get(), Interest::kRead, on_b);
  ASSERT_TRUE(handle_a.has_value() && handle_b.has_value());
  // Whichever is called first removes both and lets a new registration take a freed slot.
  Pair fresh;
  OnIoCall on_fresh;
  const auto remove_both = [&] {
    loop->Remove(*handle_a);
    loop->Remove(*handle_b);
    ASSERT_TRUE(loop->Add(fresh.ours.get(), Interest::kRead, on_fresh).has_value());
  };
  on_a.then = remove_both;
  on_b.then = remove_both;
  a.Send();
  b.Send();
  loop->RunOnce(seconds(10));
  EXPECT_EQ(on_a.calls + on_b.calls, 1);
  EXPECT_EQ(on_fresh.calls, 0);
  EXPECT_EQ(loop->descriptors(), 1U);
  loop->Modify(*handle_a, Interest::kNone);  // stale: no effect on the new owner of the slot
  fresh.Send();
  loop->RunOnce(seconds(10));
  EXPECT_EQ(on_fresh.calls, 1);
}

TEST_F(EventLoopTest, AddingTwiceOrAClosedDescriptorIsAnError) {
  Pair pair;
  OnIoCall handler;
  ASSERT_TRUE(loop->Add(pair.ours.get(), Interest::kRead, handler).has_value());
  EXPECT_FALSE(loop->Add(pair.ours.get(), Interest::kRead, handler).has_value());
  EXPECT_FALSE(loop->Add(-1, Interest::kRead, handler).has_value());
  EXPECT_EQ(loop->descriptors(), 1U);
}

TEST_F(EventLoopTest, TimersFireInOrderAndNotBeforeTheirTime) {
  OnTimerCall handler;
  const TimePoint begin = loop->Now();
  loop->StartTimer(milliseconds(20), handler, 2);
  loop->StartTimer(milliseconds(5), handler, 1);
  const TimerHandle cancelled = loop->StartTimer(milliseconds(10), handler, 3);
  loop->StartTimer(hours(1), handler, 4);
  loop->CancelTimer(cancelled);
  while (handler.cookies.size() < 2) loop->RunOnce(seconds(10));
  EXPECT_EQ(handler.cookies, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_GE(loop->Now() - begin, milliseconds(20));
  EXPECT_EQ(loop->timers_pending(), 1U);
}

TEST_F(EventLoopTest, NowStandsStillWithinARound) {
  OnTimerCall handler;
  loop->StartTimer(Duration::zero(), handler, 1);
  TimePoint at_fire{};
  handler.then = [&] { at_fire = loop->Now(); };
  loop->RunOnce(seconds(10));
  ASSERT_EQ(handler.cookies.size(), 1U);
  EXPECT_EQ(at_fire, loop->Now());
}

TEST_F(EventLoopTest, AfterDispatchRunsOncePerRoundAfterHandlers) {
  OnTimerCall handler;
  loop->StartTimer(Duration::zero(), handler, 1);
  std::size_t fired_before = 0;
  int rounds = 0;
  loop->SetAfterDispatch([&] {
    ++rounds;
    fired_before = handler.cookies.size();
  });
  loop->RunOnce(seconds(10));
  EXPECT_EQ(rounds, 1);
  EXPECT_EQ(fired_before, 1U);
}

TEST_F(EventLoopTest, StopFromAnotherThreadEndsRun) {
  std::thread stopper([&] { loop->Stop(); });
  loop->Run();  // would wait for ever without Stop
  stopper.join();
  EXPECT_FALSE(loop->RunOnce(Duration::zero()));
}

TEST_F(EventLoopTest, StopFromAHandlerEndsRun) {
  OnTimerCall handler;
  handler.then = [&] { loop->Stop(); };
  loop->StartTimer(milliseconds(1), handler, 1);
  loop->Run();
  EXPECT_EQ(handler.cookies.size(), 1U);
}

}  // namespace
}  // namespace sstpgw::edge
