// An eventfd: lets one thread make another thread's epoll_wait return. Signals given before Drain
// are merged into one.
#pragma once

#include "gateway/edge/unique_fd.h"
#include "proto/base/error.h"
#include "proto/base/result.h"

namespace sstpgw::edge {

class Wakeup {
 public:
  static Result<Wakeup> Create();
  // Any thread, also from a signal handler. Never blocks.
  void Signal() const;
  // The owner: makes fd() unreadable until the next Signal.
  void Drain() const;
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit Wakeup(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace sstpgw::edge
