// Deadlines in a binary heap that knows where each timer sits, so that starting and cancelling cost
// O(log n) and looking at the next one is free. A handle carries the generation of its slot: one
// that has fired or was cancelled is recognised and ignored, however often the slot was reused.
//
// Holds no clock: time is passed in. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proto/base/types.h"

namespace sstpgw::edge {

class TimerHandler {
 public:
  virtual ~TimerHandler() = default;
  // `cookie` as given when the timer was started; the timer is over, its handle stale.
  virtual void OnTimer(std::uint64_t cookie) = 0;
};

// Default-made: no timer; cancelling it does nothing.
class TimerHandle {
 public:
  TimerHandle() = default;
  friend bool operator==(const TimerHandle&, const TimerHandle&) = default;

 private:
  friend class TimerQueue;
  TimerHandle(std::uint32_t slot, std::uint32_t generation)
      : slot_(slot), generation_(generation) {}
  std::uint32_t slot_ = 0;
  std::uint32_t generation_ = 0;  // 0 is never given out
};

class TimerQueue {
 public:
  // `handler` must live until the timer fired or was cancelled.
  TimerHandle Start(TimePoint deadline, TimerHandler& handler, std::uint64_t cookie);
  // False if it had fired or been cancelled before. Allowed inside OnTimer.
  bool Cancel(TimerHandle handle);
  [[nodiscard]] bool IsPending(TimerHandle handle) const;
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;
  // Fires all timers with deadline <= now, earliest first, equal deadlines in the order started.
  // Timers started meanwhile wait for the next call even if already due. Returns how many fired.
  std::size_t FireDue(TimePoint now);
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

 private:
  struct Slot {
    TimePoint deadline{};
    std::uint64_t order = 0;  // start order, breaks ties
    TimerHandler* handler = nullptr;
    std::uint64_t cookie = 0;
    std::uint32_t generation = 1;
    std::uint32_t heap_index = 0;  // valid while pending
    bool pending = false;
  };
  [[nodiscard]] bool Before(std::uint32_t a, std::uint32_t b) const;
  void Place(std::size_t index, std::uint32_t slot);
  void SiftUp(std::size_t index);
  void SiftDown(std::size_t index);
  void RemoveAt(std::size_t index);

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::uint32_t> heap_;  // slot numbers
  std::uint64_t next_order_ = 0;
};

}  // namespace sstpgw::edge
