#include "controlplane/edge/task_loop.h"

#include <utility>

namespace sstpgw::cp {

TaskLoop::TaskLoop(Clock clock, Poller& poller)
    : clock_(std::move(clock)), poller_(poller), thread_([this] { Run(); }) {}

TaskLoop::TaskLoop(Clock clock) : TaskLoop(std::move(clock), std::make_unique<Poller>()) {}

TaskLoop::TaskLoop(Clock clock, std::unique_ptr<Poller> poller)
    : clock_(std::move(clock)),
      own_poller_(std::move(poller)),
      poller_(*own_poller_),
      thread_([this] { Run(); }) {}

void TaskLoop::Post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.push_back(std::move(task));
    // Behind another one: the thread was woken for that, and takes all there are.
    if (tasks_.size() > 1) return;
  }
  poller_.Wake();
}

void TaskLoop::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  poller_.Wake();
  if (thread_.joinable()) thread_.join();
}

void TaskLoop::Run() {
  std::deque<Task> batch;
  bool stopping = false;
  for (;;) {
    const std::optional<TimePoint> deadline = clock_.next_deadline();
    if (!stopping) poller_.Wait(deadline);  // Stop wakes it once
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ && tasks_.empty()) return;
      stopping = stopping_;
      batch.swap(tasks_);
    }
    for (Task& task : batch) task();
    batch.clear();
    poller_.Dispatch();
    if (deadline && Now() >= *deadline) clock_.tick();
  }
}

}  // namespace sstpgw::cp
