// One thread's epoll loop: descriptors (level-triggered, if not asked otherwise) and timers, each
// told to a handler object.
//
// Threads: everything belongs to the thread that calls Run, except Stop. The loop never blocks
// longer than until the next deadline. Handlers may add, modify and remove anything, themselves
// included, while being called: a removed registration is never called again, not even for an event
// already fetched. Objects that end during their own callback are best deleted in AfterDispatch.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "gateway/edge/timer_queue.h"
#include "gateway/edge/unique_fd.h"
#include "gateway/edge/wakeup.h"
#include "proto/base/error.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

struct IoEvents {
  bool readable = false;  // data, a connection, end of stream
  bool writable = false;
  bool broken = false;  // error or hang-up; also sets what was asked for, so that a read or write
                        // finds out why
};

class IoHandler {
 public:
  virtual ~IoHandler() = default;
  virtual void OnIo(IoEvents events) = 0;
};

enum class Interest : std::uint8_t { kNone, kRead, kWrite, kReadWrite };
// kEdge: told once for every time that something arrives, and once after Modify if there is
// something; its handler must read and write until the descriptor has no more.
enum class Trigger : std::uint8_t { kLevel, kEdge };

// Default-made: nothing registered.
class IoHandle {
 public:
  IoHandle() = default;
  friend bool operator==(const IoHandle&, const IoHandle&) = default;

 private:
  friend class EventLoop;
  IoHandle(std::uint32_t slot, std::uint32_t generation) : slot_(slot), generation_(generation) {}
  std::uint32_t slot_ = 0;
  std::uint32_t generation_ = 0;  // 0 is never given out
};

class EventLoop {
 public:
  static Result<std::unique_ptr<EventLoop>> Create();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // `handler` and `fd` must live until Remove. One registration per descriptor.
  Result<IoHandle> Add(int fd, Interest interest, IoHandler& handler,
                       Trigger trigger = Trigger::kLevel);
  // kNone still reports `broken`. A stale handle is ignored, and asking for the same again is free.
  void Modify(IoHandle handle, Interest interest);
  // From now on. With kEdge what is there already is told once. A stale handle is ignored.
  void SetTrigger(IoHandle handle, Trigger trigger);
  // Before the descriptor is closed. A stale handle is ignored.
  void Remove(IoHandle handle);

  // Fires once, `after` from Now(). `handler` must live until then or Cancel.
  TimerHandle StartTimer(Duration after, TimerHandler& handler, std::uint64_t cookie = 0);
  // A stale handle is ignored.
  void CancelTimer(TimerHandle handle);
  [[nodiscard]] std::size_t timers_pending() const { return timers_.size(); }
  [[nodiscard]] std::size_t descriptors() const { return registered_; }

  // The monotonic clock as read once at the start of this iteration.
  [[nodiscard]] TimePoint Now() const { return now_; }

  // Called after each round of events and timers, when no handler is on the stack.
  void SetAfterDispatch(std::function<void()> function);

  // Until Stop. A Stop that came before Run makes Run return at once.
  void Run();
  // Waits at most `at_most` for events, handles one round. Returns false once stopped.
  bool RunOnce(Duration at_most);
  // Any thread.
  void Stop();

 private:
  struct Registration {
    int fd = -1;
    Interest interest = Interest::kNone;
    Trigger trigger = Trigger::kLevel;
    IoHandler* handler = nullptr;  // null: slot is free
    std::uint32_t generation = 1;
  };
  EventLoop(UniqueFd epoll_fd, Wakeup wakeup);
  [[nodiscard]] Registration* Find(IoHandle handle);
  // As the registration says.
  void Watch(const Registration& registration, IoHandle handle);
  [[nodiscard]] int WaitMilliseconds(Duration at_most) const;
  void Dispatch(std::uint64_t key, std::uint32_t events);

  UniqueFd epoll_fd_;
  Wakeup wakeup_;
  std::atomic<bool> stopped_{false};
  TimePoint now_{};
  TimerQueue timers_;
  std::vector<Registration> registrations_;
  std::vector<std::uint32_t> free_slots_;
  std::size_t registered_ = 0;
  std::function<void()> after_dispatch_;
};

}  // namespace sstpgw::edge
