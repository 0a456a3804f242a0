#include "controlplane/edge/task_loop.h"

#include <utility>

namespace sstpgw::cp {

TaskLoop::TaskLoop(Clock clock) : clock_(std::move(clock)), thread_([this] { Run(); }) {}

void TaskLoop::Post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void TaskLoop::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void TaskLoop::Run() {
  std::deque<Task> batch;
  for (;;) {
    const std::optional<TimePoint> deadline = clock_.next_deadline();
    {
      std::unique_lock lock(mutex_);
      const auto ready = [this] { return stopping_ || !tasks_.empty(); };
      if (deadline) {
        wake_.wait_until(lock, *deadline, ready);
      } else {
        wake_.wait(lock, ready);
      }
      if (stopping_ && tasks_.empty()) return;
      batch.swap(tasks_);
    }
    for (Task& task : batch) task();
    batch.clear();
    if (deadline && Now() >= *deadline) clock_.tick();
  }
}

}  // namespace sstpgw::cp
