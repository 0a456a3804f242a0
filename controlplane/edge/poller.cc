#include "controlplane/edge/poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <memory>
#include <utility>

#include "proto/base/log.h"

namespace sstpgw::cp {
namespace {

constexpr std::size_t kEventsPerWait = 64;

[[noreturn]] void End(const char* call) {
  Log(LogLevel::kError, SystemError(call, errno).message + ", cannot go on");
  std::abort();
}

epoll_event ReadEvent(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return event;
}

// Rounded up: waking a moment before the time would spin.
int MillisecondsUntil(std::optional<TimePoint> until) {
  if (!until) return -1;
  const Duration left = *until - std::chrono::steady_clock::now();
  if (left <= Duration::zero()) return 0;
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::min<std::int64_t>(milliseconds, std::numeric_limits<int>::max()));
}

}  // namespace

Poller::Poller()
    : epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!epoll_fd_.valid()) End("epoll_create1");
  if (!wake_fd_.valid()) End("eventfd");
  epoll_event event = ReadEvent(wake_fd_.get());
  if (::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, wake_fd_.get(), &event) != 0) End("epoll_ctl");
}

Result<void> Poller::Watch(int fd, Readable readable) {
  epoll_event event = ReadEvent(fd);
  if (::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return Fail(SystemError("watching a socket", errno));
  }
  watched_[fd] = Watched{++last_number_, std::move(readable)};
  return {};
}

void Poller::Unwatch(int fd) {
  if (watched_.erase(fd) == 0) return;
  // Only a descriptor closed before Unwatch can make this fail: our bug.
  if (::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_DEL, fd, nullptr) != 0) End("epoll_ctl: remove");
}

void Poller::Wake() {
  const std::uint64_t one = 1;
  // EAGAIN: the counter is at its limit, so the other thread has been woken already.
  while (::write(wake_fd_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void Poller::Wait(std::optional<TimePoint> until) {
  seen_.clear();
  std::array<epoll_event, kEventsPerWait> events{};
  const int count = ::epoll_wait(epoll_fd_.get(), events.data(), static_cast<int>(events.size()),
                                 MillisecondsUntil(until));
  if (count < 0 && errno != EINTR) End("epoll_wait");
  for (int i = 0; i < count; ++i) {
    const int fd = events[static_cast<std::size_t>(i)].data.fd;
    if (fd == wake_fd_.get()) {
      std::uint64_t wakes = 0;
      while (::read(fd, &wakes, sizeof wakes) < 0 && errno == EINTR) {
      }
      continue;
    }
    const auto watched = watched_.find(fd);
    if (watched != watched_.end()) seen_.push_back({fd, watched->second.number});
  }
}

void Poller::Dispatch() {
  for (const Seen& seen : seen_) {
    const auto watched = watched_.find(seen.fd);
    if (watched == watched_.end() || watched->second.number != seen.number) continue;
    // A copy, because it may end its own registration.
    const Readable readable = watched->second.readable;
    readable();
  }
  seen_.clear();
}

}  // namespace sstpgw::cp
