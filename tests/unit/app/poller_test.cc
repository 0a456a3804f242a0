#include "controlplane/edge/poller.h"

#include <sys/socket.h>

#include <array>
#include <future>
#include <thread>

#include "controlplane/edge/task_loop.h"

namespace sstpgw::cp {
namespace {

// Two ends of a datagram socket.
struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()), 0);
    here = UniqueFd(fds[0]);
    there = UniqueFd(fds[1]);
  }
  void Write() const { EXPECT_EQ(send(there.get(), "x", 1, 0), 1); }
  void Read() const {
    char octet = 0;
    EXPECT_EQ(recv(here.get(), &octet, 1, 0), 1);
  }
  UniqueFd here;
  UniqueFd there;
};

TEST(Poller, CallsWhoHasSomethingToReadAsLongAsItIsThere) {
  Poller poller;
  Pair one;
  Pair two;
  int ones = 0;
  int twos = 0;
  ASSERT_TRUE(poller.Watch(one.here.get(), [&] {
    if (++ones == 2) one.Read();
  }));
  ASSERT_TRUE(poller.Watch(two.here.get(), [&] { ++twos; }));
  one.Write();
  poller.Wait(std::nullopt);
  poller.Dispatch();
  poller.Wait(std::nullopt);
  poller.Dispatch();
  EXPECT_EQ(ones, 2) << "what is not read is told again";
  EXPECT_EQ(twos, 0);
  poller.Wait(TimePoint{});
  poller.Dispatch();
  EXPECT_EQ(ones, 2);
}

TEST(Poller, WhatIsUnwatchedIsNotCalledAnyMore) {
  Poller poller;
  Pair one;
  Pair two;
  int calls = 0;
  // Whichever comes first ends the other.
  ASSERT_TRUE(poller.Watch(one.here.get(), [&] {
    ++calls;
    poller.Unwatch(two.here.get());
    poller.Unwatch(one.here.get());
  }));
  ASSERT_TRUE(poller.Watch(two.here.get(), [&] {
    ++calls;
    poller.Unwatch(one.here.get());
    poller.Unwatch(two.here.get());
  }));
  one.Write();
  two.Write();
  poller.Wait(std::nullopt);
  poller.Dispatch();
  EXPECT_EQ(calls, 1);
  poller.Unwatch(one.here.get());
  poller.Unwatch(4711);
}

// A descriptor's number comes again as soon as it is closed.
TEST(Poller, AnEventOfAFormerSocketIsNotOneOfItsSuccessor) {
  Poller poller;
  Pair one;
  Pair two;
  int successor = 0;
  const auto replace = [&](const Pair& other) {
    poller.Unwatch(other.here.get());
    EXPECT_TRUE(poller.Watch(other.here.get(), [&] { ++successor; }));
  };
  ASSERT_TRUE(poller.Watch(one.here.get(), [&] { replace(two); }));
  ASSERT_TRUE(poller.Watch(two.here.get(), [&] { replace(one); }));
  one.Write();
  two.Write();
  poller.Wait(std::nullopt);
  poller.Dispatch();
  EXPECT_EQ(successor, 0);
}

TEST(Poller, RefusesWhatCannotBeWatched) {
  Poller poller;
  EXPECT_FALSE(poller.Watch(-1, [] {}));
  Pair one;
  EXPECT_TRUE(poller.Watch(one.here.get(), [] {}));
  EXPECT_FALSE(poller.Watch(one.here.get(), [] {})) << "twice";
}

TEST(Poller, WakeEndsAWaitAlsoOneThatComesLater) {
  Poller poller;
  poller.Wake();
  poller.Wake();
  poller.Wait(std::nullopt);
  std::thread other([&] { poller.Wake(); });
  poller.Wait(std::nullopt);
  other.join();
}

TEST(Poller, WaitsUntilTheTimeAndNotLess) {
  Poller poller;
  const TimePoint until = TaskLoop::Now() + std::chrono::milliseconds(20);
  poller.Wait(until);
  EXPECT_GE(TaskLoop::Now(), until);
}

TEST(Poller, ATaskLoopServesSocketsBetweenItsTasks) {
  Poller poller;
  Pair one;
  std::promise<std::thread::id> read_by;
  ASSERT_TRUE(poller.Watch(one.here.get(), [&] {
    one.Read();
    read_by.set_value(std::this_thread::get_id());
  }));
  std::promise<std::thread::id> task_by;
  TaskLoop loop({[] { return std::optional<TimePoint>(); }, [] {}}, poller);
  one.Write();
  loop.Post([&] { task_by.set_value(std::this_thread::get_id()); });
  EXPECT_EQ(read_by.get_future().get(), task_by.get_future().get());
  loop.Stop();
}

}  // namespace
}  // namespace sstpgw::cp
