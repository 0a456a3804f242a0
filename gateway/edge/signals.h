// Signals as events of a loop (signalfd) instead of interruptions.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gateway/edge/event_loop.h"
#include "gateway/edge/unique_fd.h"
#include "proto/base/error.h"
#include "proto/base/result.h"

namespace sstpgw::edge {

// Blocks `signals` in this thread and all it starts later: call in main before any thread exists.
Result<void> BlockSignals(const std::vector<int>& signals);

class SignalWatcher final : private IoHandler {
 public:
  // Gets the signal number, on the loop's thread.
  using Receiver = std::function<void(int)>;

  // `signals` must be blocked. `loop` must outlive the watcher.
  static Result<std::unique_ptr<SignalWatcher>> Create(EventLoop& loop,
                                                       const std::vector<int>& signals,
                                                       Receiver receiver);
  ~SignalWatcher() override;
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  SignalWatcher(EventLoop& loop, UniqueFd fd, Receiver receiver);
  void OnIo(IoEvents events) override;

  EventLoop& loop_;
  UniqueFd fd_;
  Receiver receiver_;
  IoHandle handle_;
};

}  // namespace sstpgw::edge
