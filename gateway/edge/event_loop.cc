#include "gateway/edge/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <limits>

#include "proto/base/log.h"

namespace sstpgw::edge {
namespace {

constexpr std::size_t kEventsPerRound = 256;
// epoll key of the wakeup descriptor; no registration has generation 0.
constexpr std::uint64_t kWakeupKey = 0;

TimePoint ReadClock() { return TimePoint(std::chrono::steady_clock::now()); }

std::uint32_t EpollEvents(Interest interest, Trigger trigger) {
  const std::uint32_t edge = trigger == Trigger::kEdge ? static_cast<std::uint32_t>(EPOLLET) : 0;
  switch (interest) {
    case Interest::kNone:
      return edge;
    case Interest::kRead:
      return EPOLLIN | edge;
    case Interest::kWrite:
      return EPOLLOUT | edge;
    case Interest::kReadWrite:
      return EPOLLIN | EPOLLOUT | edge;
  }
  return edge;
}

std::uint64_t Key(std::uint32_t slot, std::uint32_t generation) {
  return (std::uint64_t{generation} << 32) | slot;
}

}  // namespace

EventLoop::EventLoop(UniqueFd epoll_fd, Wakeup wakeup)
    : epoll_fd_(std::move(epoll_fd)), wakeup_(std::move(wakeup)), now_(ReadClock()) {}

EventLoop::~EventLoop() = default;

Result<std::unique_ptr<EventLoop>> EventLoop::Create() {
  UniqueFd epoll_fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_fd.valid()) return Fail(SystemError("epoll_create1", errno));
  SG_ASSIGN_OR_RETURN(Wakeup wakeup, Wakeup::Create());
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeupKey;
  if (::epoll_ctl(epoll_fd.get(), EPOLL_CTL_ADD, wakeup.fd(), &event) != 0) {
    return Fail(SystemError("epoll_ctl", errno));
  }
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll_fd), std::move(wakeup)));
}

Result<IoHandle> EventLoop::Add(int fd, Interest interest, IoHandler& handler, Trigger trigger) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(registrations_.size()));
    registrations_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  Registration& registration = registrations_[slot];
  epoll_event event{};
  event.events = EpollEvents(interest, trigger);
  event.data.u64 = Key(slot, registration.generation);
  if (::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return Fail(SystemError("watching descriptor " + std::to_string(fd), errno));
  }
  free_slots_.pop_back();
  registration.fd = fd;
  registration.interest = interest;
  registration.trigger = trigger;
  registration.handler = &handler;
  ++registered_;
  return IoHandle(slot, registration.generation);
}

EventLoop::Registration* EventLoop::Find(IoHandle handle) {
  if (handle.generation_ == 0 || handle.slot_ >= registrations_.size()) return nullptr;
  Registration& registration = registrations_[handle.slot_];
  if (registration.handler == nullptr || registration.generation != handle.generation_) {
    return nullptr;
  }
  return &registration;
}

void EventLoop::Modify(IoHandle handle, Interest interest) {
  Registration* const registration = Find(handle);
  if (registration == nullptr || registration->interest == interest) return;
  registration->interest = interest;
  Watch(*registration, handle);
}

void EventLoop::SetTrigger(IoHandle handle, Trigger trigger) {
  Registration* const registration = Find(handle);
  if (registration == nullptr || registration->trigger == trigger) return;
  registration->trigger = trigger;
  Watch(*registration, handle);
}

void EventLoop::Watch(const Registration& registration, IoHandle handle) {
  epoll_event event{};
  event.events = EpollEvents(registration.interest, registration.trigger);
  event.data.u64 = Key(handle.slot_, handle.generation_);
  if (::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_MOD, registration.fd, &event) != 0) {
    // Only a descriptor closed before Remove can cause this: our bug.
    Log(LogLevel::kError, SystemError("epoll_ctl: modify", errno).message);
    std::abort();
  }
}

void EventLoop::Remove(IoHandle handle) {
  Registration* const registration = Find(handle);
  if (registration == nullptr) return;
  if (::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_DEL, registration->fd, nullptr) != 0) {
    Log(LogLevel::kError, SystemError("epoll_ctl: remove", errno).message);
    std::abort();
  }
  registration->handler = nullptr;
  registration->fd = -1;
  if (++registration->generation == 0) registration->generation = 1;
  free_slots_.push_back(handle.slot_);
  --registered_;
}

TimerHandle EventLoop::StartTimer(Duration after, TimerHandler& handler, std::uint64_t cookie) {
  return timers_.Start(now_ + after, handler, cookie);
}

void EventLoop::CancelTimer(TimerHandle handle) { timers_.Cancel(handle); }

void EventLoop::SetAfterDispatch(std::function<void()> function) {
  after_dispatch_ = std::move(function);
}

void EventLoop::Run() {
  while (RunOnce(Duration::max())) {
  }
}

void EventLoop::Stop() {
  stopped_.store(true, std::memory_order_release);
  wakeup_.Signal();
}

int EventLoop::WaitMilliseconds(Duration at_most) const {
  Duration wait = at_most;
  if (const auto deadline = timers_.NextDeadline()) {
    // The cached clock is behind by whatever the last round took.
    wait = std::min(wait, std::max(Duration::zero(), *deadline - ReadClock()));
  }
  if (wait == Duration::max()) return -1;
  // Rounded up: waking a moment before the deadline would spin.
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return static_cast<int>(std::min<std::int64_t>(milliseconds, std::numeric_limits<int>::max()));
}

void EventLoop::Dispatch(std::uint64_t key, std::uint32_t events) {
  if (key == kWakeupKey) {
    wakeup_.Drain();
    return;
  }
  const Registration* const registration =
      Find(IoHandle(static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)));
  if (registration == nullptr) return;  // removed earlier in this round
  IoEvents io;
  io.broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  const Interest interest = registration->interest;
  const bool reads = interest == Interest::kRead || interest == Interest::kReadWrite;
  const bool writes = interest == Interest::kWrite || interest == Interest::kReadWrite;
  io.readable = reads && (io.broken || (events & EPOLLIN) != 0);
  io.writable = writes && (io.broken || (events & EPOLLOUT) != 0);
  // Interest given up earlier in this round: nothing is left to tell.
  if (io.readable || io.writable || io.broken) registration->handler->OnIo(io);
}

bool EventLoop::RunOnce(Duration at_most) {
  if (stopped_.load(std::memory_order_acquire)) return false;
  std::array<epoll_event, kEventsPerRound> events;
  const int count = ::epoll_wait(epoll_fd_.get(), events.data(), static_cast<int>(events.size()),
                                 WaitMilliseconds(at_most));
  if (count < 0 && errno != EINTR) {
    Log(LogLevel::kError, SystemError("epoll_wait", errno).message);
    std::abort();
  }
  now_ = ReadClock();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    Dispatch(event.data.u64, event.events);
  }
  timers_.FireDue(now_);
  if (after_dispatch_) after_dispatch_();
  return !stopped_.load(std::memory_order_acquire);
}

}  // namespace sstpgw::edge
