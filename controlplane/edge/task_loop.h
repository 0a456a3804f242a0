// One thread that runs tasks in the order they were posted, calls whoever has something to read
// (poller.h), and a clock tick when one is due. All state of the app lives in this thread, so none
// of it needs a lock.
//
// Post may be called from any thread, tasks included, also after Stop (the task is dropped, its
// captures destroyed by the caller). The queue is bounded by its users: every task belongs to an
// RPC or a stream message, and both have limits of their own.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "controlplane/edge/poller.h"
#include "proto/base/types.h"

namespace sstpgw::cp {

class TaskLoop {
 public:
  using Task = std::function<void()>;
  // Asked after every task: when `tick` is to run next.
  struct Clock {
    std::function<std::optional<TimePoint>()> next_deadline;
    Task tick;
  };

  // Starts the thread. What `clock` refers to must live until Stop has returned, and so must
  // `poller`, which belongs to the thread from here on.
  TaskLoop(Clock clock, Poller& poller);
  // With a poller of its own that nobody else uses.
  explicit TaskLoop(Clock clock);
  ~TaskLoop() { Stop(); }
  TaskLoop(const TaskLoop&) = delete;
  TaskLoop& operator=(const TaskLoop&) = delete;

  void Post(Task task);
  // Runs the tasks posted so far, then ends the thread. Not from a task.
  void Stop();

  [[nodiscard]] static TimePoint Now() {
    return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
  }

 private:
  void Run();

  TaskLoop(Clock clock, std::unique_ptr<Poller> poller);

  Clock clock_;
  std::unique_ptr<Poller> own_poller_;
  Poller& poller_;
  std::mutex mutex_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sstpgw::cp
