// Messages from any thread to the owner of an event loop, delivered there in batches, in the order
// posted by each thread. Message is any movable type.
//
// Ownership: the receiver owns the mailbox and destroys it on the loop's thread; by then nobody may
// post any more. Undelivered messages are destroyed with it. Memory: unbounded; senders that could
// flood it bound themselves (one outstanding question per session).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "gateway/edge/event_loop.h"
#include "gateway/edge/wakeup.h"

namespace sstpgw::edge {

template <class Message>
class Mailbox final : private IoHandler {
 public:
  // Gets each message of a batch; on the loop's thread.
  using Receiver = std::function<void(Message)>;

  // `loop` must outlive the mailbox.
  static Result<std::unique_ptr<Mailbox>> Create(EventLoop& loop, Receiver receiver) {
    SG_ASSIGN_OR_RETURN(Wakeup wakeup, Wakeup::Create());
    std::unique_ptr<Mailbox> mailbox(new Mailbox(loop, std::move(wakeup), std::move(receiver)));
    SG_ASSIGN_OR_RETURN(mailbox->handle_,
                        loop.Add(mailbox->wakeup_.fd(), Interest::kRead, *mailbox));
    return mailbox;
  }
  ~Mailbox() override { loop_.Remove(handle_); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Any thread. Never waits for the receiver.
  void Post(Message message) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = queue_.empty();
      queue_.push_back(std::move(message));
    }
    if (was_empty) wakeup_.Signal();
  }

 private:
  Mailbox(EventLoop& loop, Wakeup wakeup, Receiver receiver)
      : loop_(loop), wakeup_(std::move(wakeup)), receiver_(std::move(receiver)) {}

  void OnIo(IoEvents /*events*/) override {
    wakeup_.Drain();  // before taking the batch: a Post in between signals again
    {
      const std::lock_guard lock(mutex_);
      batch_.swap(queue_);
    }
    for (Message& message : batch_) receiver_(std::move(message));
    batch_.clear();
  }

  EventLoop& loop_;
  Wakeup wakeup_;
  Receiver receiver_;
  IoHandle handle_;
  std::vector<Message> batch_;
  std::mutex mutex_;
  std::vector<Message> queue_;  // guarded by mutex_
};

}  // namespace sstpgw::edge
