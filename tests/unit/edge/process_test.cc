// The small edges: descriptors, wakeup, entropy, signals, process facts.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "gateway/edge/event_loop.h"
#include "gateway/edge/kernel.h"
#include "gateway/edge/kernel_entropy.h"
#include "gateway/edge/process_stats.h"
#include "gateway/edge/signals.h"
#include "gateway/edge/unique_fd.h"
#include "gateway/edge/wakeup.h"

namespace sstpgw::edge {
namespace {

using std::chrono::seconds;

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFd, ClosesOnceAndMoves) {
  UniqueFd first(::dup(0));
  const int number = first.get();
  ASSERT_TRUE(IsOpen(number));
  UniqueFd second(std::move(first));
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(second.get(), number);
  UniqueFd third;
  third = std::move(second);
  EXPECT_TRUE(IsOpen(number));
  third.Reset();
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFd, ReleaseGivesItAway) {
  UniqueFd first(::dup(0));
  const int number = first.Release();
  first.Reset();
  ASSERT_TRUE(IsOpen(number));
  ::close(number);
}

void Ignore(int /*signal*/) {}

// EINTR never reaches the caller: the read goes on until there is something.
TEST(LinuxKernel, RepeatsInterruptedCalls) {
  struct sigaction action {};
  struct sigaction saved {};
  action.sa_handler = Ignore;  // without SA_RESTART
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &saved), 0);
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  const UniqueFd reader(fds[0]);
  const UniqueFd writer(fds[1]);
  std::atomic<bool> done{false};
  KernelResult<std::size_t> got = 0;
  std::thread thread([&] {
    std::uint8_t octet = 0;
    got = LinuxKernel().Read(reader.get(), {&octet, 1});
    done = true;
  });
  // Some of these find the thread in read.
  for (int i = 0; i < 2000; ++i) {
    ::pthread_kill(thread.native_handle(), SIGUSR1);
    std::this_thread::yield();
  }
  EXPECT_FALSE(done);
  EXPECT_EQ(::write(writer.get(), "x", 1), 1);
  thread.join();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(*got, 1U);
  ::sigaction(SIGUSR1, &saved, nullptr);
}

TEST(LinuxKernel, GivesErrnoAsAValue) {
  const auto fd = LinuxKernel().Open("/no/such/file", O_RDONLY);
  ASSERT_FALSE(fd.has_value());
  EXPECT_EQ(fd.error(), Errno(ENOENT));
}

TEST(Wakeup, SignalsMergeAndDrainClears) {
  auto loop = EventLoop::Create();
  auto wakeup = Wakeup::Create();
  ASSERT_TRUE(loop.has_value() && wakeup.has_value());
  struct Handler final : IoHandler {
    void OnIo(IoEvents) override { ++calls; }
    int calls = 0;
  } handler;
  ASSERT_TRUE((*loop)->Add(wakeup->fd(), Interest::kRead, handler).has_value());
  wakeup->Signal();
  wakeup->Signal();
  (*loop)->RunOnce(seconds(10));
  EXPECT_EQ(handler.calls, 1);
  wakeup->Drain();
  wakeup->Drain();  // never blocks
  (*loop)->RunOnce(Duration::zero());
  EXPECT_EQ(handler.calls, 1);
}

TEST(KernelEntropy, FillsAllAndNeverTheSame) {
  KernelEntropy entropy;
  std::array<std::uint8_t, 1024> first{};
  std::array<std::uint8_t, 1024> second{};
  entropy.Fill(first);
  entropy.Fill(second);
  EXPECT_NE(first, second);
  const std::array<std::uint8_t, 64> zeros{};
  EXPECT_FALSE(std::equal(zeros.begin(), zeros.end(), first.end() - 64));
  entropy.Fill({});
}

TEST(SignalWatcher, DeliversOnTheLoop) {
  ASSERT_TRUE(BlockSignals({SIGUSR2, SIGHUP}).has_value());
  auto loop = EventLoop::Create();
  ASSERT_TRUE(loop.has_value());
  std::vector<int> got;
  auto watcher =
      SignalWatcher::Create(**loop, {SIGUSR2, SIGHUP}, [&](int signal) { got.push_back(signal); });
  ASSERT_TRUE(watcher.has_value());
  ASSERT_EQ(::kill(::getpid(), SIGHUP), 0);
  while (got.empty()) (*loop)->RunOnce(seconds(10));
  ASSERT_EQ(::kill(::getpid(), SIGUSR2), 0);
  while (got.size() < 2) (*loop)->RunOnce(seconds(10));
  EXPECT_EQ(got, (std::vector<int>{SIGHUP, SIGUSR2}));
  watcher->reset();
  EXPECT_EQ((*loop)->descriptors(), 0U);
}

TEST(SignalWatcher, ReceiverMayDestroyIt) {
  ASSERT_TRUE(BlockSignals({SIGUSR2}).has_value());
  auto loop = EventLoop::Create();
  ASSERT_TRUE(loop.has_value());
  std::unique_ptr<SignalWatcher> watcher;
  auto made = SignalWatcher::Create(**loop, {SIGUSR2}, [&](int) { watcher.reset(); });
  ASSERT_TRUE(made.has_value());
  watcher = std::move(*made);
  ASSERT_EQ(::kill(::getpid(), SIGUSR2), 0);
  while (watcher) (*loop)->RunOnce(seconds(10));
}

TEST(ProcessStats, SeesMemoryThreadsAndDescriptors) {
  std::thread([] {}).join();  // the thread sanitizer starts a thread of its own with the first one
  ProcessStats stats;
  GatewayStatistics before;
  before.connections = 7;  // not its business
  stats.Fill(before);
  EXPECT_GT(before.rss_kib, 100U);
  EXPECT_GE(before.virtual_kib, before.rss_kib);
  EXPECT_GE(before.threads, 1U);
  EXPECT_GE(before.threads_active, 1U);  // this one
  EXPECT_EQ(before.connections, 7U);

  std::vector<UniqueFd> more;
  for (int i = 0; i < 10; ++i) more.emplace_back(::dup(0));
  auto wakeup = Wakeup::Create();
  ASSERT_TRUE(wakeup.has_value());
  std::thread idle([&] {
    pollfd item{wakeup->fd(), POLLIN, 0};
    ::poll(&item, 1, -1);
  });
  GatewayStatistics after;
  stats.Fill(after);
  EXPECT_EQ(after.descriptors, before.descriptors + 11);
  EXPECT_EQ(after.threads, before.threads + 1);
  wakeup->Signal();
  idle.join();
}

TEST(ProcessStats, CpuIsASharePerInterval) {
  ProcessStats stats;
  GatewayStatistics statistics;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  while (std::chrono::steady_clock::now() < end) {
  }
  stats.Fill(statistics);
  EXPECT_GT(statistics.cpu_percent, 0U);
  EXPECT_LE(statistics.cpu_percent, 110U);
}

}  // namespace
}  // namespace sstpgw::edge
