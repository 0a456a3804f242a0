// A thread that gives batches of changes to a store, so that nobody else waits for a disk. Batches
// that have gathered while it was busy become one transaction: one wait for the disk for all of
// them.
//
// What cannot be written is kept and tried again (after 0.1 s, 0.2 s ... up to 5 s), batch by batch
// and in order, until it can. `stalled` is called at the first failure and not again before a
// batch was written. The queue is bounded by who fills it: it is told when it must stop.
//
// Commit may be called from any thread, tasks of the listener's included. The listener is called in
// this thread: it should post to its own and return.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "controlplane/store/change.h"
#include "controlplane/store/store.h"
#include "proto/base/result.h"

namespace sstpgw::cp::store {

class StoreThread {
 public:
  static constexpr Duration kFirstPause = std::chrono::milliseconds(100);
  static constexpr Duration kLongestPause = std::chrono::seconds(5);
  // Changes of one transaction, about.
  static constexpr std::size_t kGroupChanges = 4096;

  struct Listener {
    std::function<void(Ticket)> committed;  // this batch and all before it are durable
    std::function<void(const Error&)> stalled;
  };

  StoreThread(std::unique_ptr<Store> store, Listener listener);
  // Stops without patience.
  ~StoreThread();
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  // Tickets must ascend. After Stop it is dropped.
  void Commit(Ticket ticket, ChangeList changes);
  // Writes what it has been given, then ends and closes the store; true if all is durable. What a
  // failing store does not take within `patience` is left. Not from the listener.
  bool Stop(Duration patience);

 private:
  struct Batch {
    Ticket ticket;
    ChangeList changes;
  };
  void Run();
  // How many of the next batches make one transaction. With the lock.
  [[nodiscard]] std::size_t GroupSize() const;
  // False: it is over.
  [[nodiscard]] bool Pause(std::unique_lock<std::mutex>& lock);

  std::unique_ptr<Store> store_;
  Listener listener_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Batch> queue_;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point give_up_;  // when stopping
  // Of the thread alone.
  bool stalled_ = false;
  Duration pause_ = kFirstPause;
  std::thread thread_;
};

}  // namespace sstpgw::cp::store
