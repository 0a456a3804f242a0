#include "gateway/edge/timer_queue.h"

namespace sstpgw::edge {

TimerHandle TimerQueue::Start(TimePoint deadline, TimerHandler& handler, std::uint64_t cookie) {
  std::uint32_t number = 0;
  if (free_slots_.empty()) {
    number = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    number = free_slots_.back();
    free_slots_.pop_back();
  }
  Slot& slot = slots_[number];
  slot.deadline = deadline;
  slot.order = next_order_++;
  slot.handler = &handler;
  slot.cookie = cookie;
  slot.pending = true;
  heap_.push_back(number);
  slot.heap_index = static_cast<std::uint32_t>(heap_.size() - 1);
  SiftUp(heap_.size() - 1);
  return {number, slot.generation};
}

bool TimerQueue::IsPending(TimerHandle handle) const {
  if (handle.generation_ == 0 || handle.slot_ >= slots_.size()) return false;
  const Slot& slot = slots_[handle.slot_];
  return slot.pending && slot.generation == handle.generation_;
}

bool TimerQueue::Cancel(TimerHandle handle) {
  if (!IsPending(handle)) return false;
  RemoveAt(slots_[handle.slot_].heap_index);
  return true;
}

std::optional<TimePoint> TimerQueue::NextDeadline() const {
  if (heap_.empty()) return std::nullopt;
  return slots_[heap_.front()].deadline;
}

std::size_t TimerQueue::FireDue(TimePoint now) {
  const std::uint64_t end_of_round = next_order_;
  std::size_t fired = 0;
  while (!heap_.empty()) {
    const Slot& first = slots_[heap_.front()];
    // A timer started during this round ends it: anything due behind it fires in the next round.
    if (first.deadline > now || first.order >= end_of_round) break;
    TimerHandler* const handler = first.handler;
    const std::uint64_t cookie = first.cookie;
    RemoveAt(0);
    ++fired;
    handler->OnTimer(cookie);
  }
  return fired;
}

bool TimerQueue::Before(std::uint32_t a, std::uint32_t b) const {
  const Slot& left = slots_[a];
  const Slot& right = slots_[b];
  if (left.deadline != right.deadline) return left.deadline < right.deadline;
  return left.order < right.order;
}

void TimerQueue::Place(std::size_t index, std::uint32_t slot) {
  heap_[index] = slot;
  slots_[slot].heap_index = static_cast<std::uint32_t>(index);
}

void TimerQueue::SiftUp(std::size_t index) {
  const std::uint32_t moving = heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (!Before(moving, heap_[parent])) break;
    Place(index, heap_[parent]);
    index = parent;
  }
  Place(index, moving);
}

void TimerQueue::SiftDown(std::size_t index) {
  const std::uint32_t moving = heap_[index];
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Before(heap_[child + 1], heap_[child])) ++child;
    if (!Before(heap_[child], moving)) break;
    Place(index, heap_[child]);
    index = child;
  }
  Place(index, moving);
}

void TimerQueue::RemoveAt(std::size_t index) {
  const std::uint32_t number = heap_[index];
  const std::uint32_t last = heap_.back();
  heap_.pop_back();
  if (last != number) {
    Place(index, last);
    SiftDown(index);
    SiftUp(slots_[last].heap_index);
  }
  Slot& slot = slots_[number];
  slot.pending = false;
  slot.handler = nullptr;
  if (++slot.generation == 0) slot.generation = 1;
  free_slots_.push_back(number);
}

}  // namespace sstpgw::edge
