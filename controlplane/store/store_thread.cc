#include "controlplane/store/store_thread.h"

#include <algorithm>

namespace sstpgw::cp::store {

StoreThread::StoreThread(std::unique_ptr<Store> store, Listener listener)
    : store_(std::move(store)), listener_(std::move(listener)), thread_([this] { Run(); }) {}

StoreThread::~StoreThread() { static_cast<void>(Stop(Duration(0))); }

void StoreThread::Commit(Ticket ticket, ChangeList changes) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    queue_.push_back({ticket, std::move(changes)});
  }
  wake_.notify_one();
}

bool StoreThread::Stop(Duration patience) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      stopping_ = true;
      give_up_ = std::chrono::steady_clock::now() +
                 std::chrono::duration_cast<std::chrono::steady_clock::duration>(patience);
    }
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  store_.reset();
  return queue_.empty();
}

std::size_t StoreThread::GroupSize() const {
  if (stalled_) return std::min<std::size_t>(queue_.size(), 1);
  std::size_t batches = 0;
  std::size_t changes = 0;
  while (batches < queue_.size() && changes < kGroupChanges) {
    changes += queue_[batches++].changes.size();
  }
  return batches;
}

void StoreThread::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const std::size_t size = GroupSize();
    std::vector<ChangeList> group;
    for (std::size_t i = 0; i < size; ++i) group.push_back(std::move(queue_[i].changes));
    const Ticket ticket = queue_[size - 1].ticket;
    lock.unlock();
    const Result<void> written = store_->Apply(group);
    const bool first_failure = !written && !stalled_;
    stalled_ = !written;
    if (written) {
      pause_ = kFirstPause;
      listener_.committed(ticket);
    } else if (first_failure) {
      listener_.stalled(written.error());
    }
    lock.lock();
    if (written) {
      queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(size));
      continue;
    }
    for (std::size_t i = 0; i < size; ++i) queue_[i].changes = std::move(group[i]);
    if (!Pause(lock)) return;
  }
}

bool StoreThread::Pause(std::unique_lock<std::mutex>& lock) {
  auto until = std::chrono::steady_clock::now() +
               std::chrono::duration_cast<std::chrono::steady_clock::duration>(pause_);
  pause_ = std::min(pause_ * 2, kLongestPause);
  const bool was_stopping = stopping_;
  if (stopping_) until = std::min(until, give_up_);
  wake_.wait_until(lock, until, [&] { return stopping_ && !was_stopping; });
  return !stopping_ || std::chrono::steady_clock::now() < give_up_;
}

}  // namespace sstpgw::cp::store
