// The action list of one Step while it is being written, and which timers run. Every machine beside
// this file appends to the session's one outbox; the order of calls is the order of actions.
//
// Threads: one worker, not thread-safe.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <utility>

#include "gateway/codec/ppp_frame.h"
#include "gateway/fsm/session_api.h"

namespace sstpgw::fsm {

class Outbox {
 public:
  void Add(Action action) { actions_.push_back(std::move(action)); }
  void Send(Bytes bytes) { Add(SendBytes{std::move(bytes)}); }
  // One PPP packet (information field) as an SSTP data packet, with its line of the protocol trace.
  // `chap`: which CHAP was agreed on, for protocol CHAP.
  void SendPpp(codec::PppProtocol protocol, ByteView packet, LogLevel level = LogLevel::kTrace,
               std::optional<AuthProtocol> chap = std::nullopt);
  // The trace line of a packet that came in.
  void LogReceived(codec::PppProtocol protocol, ByteView packet, LogLevel level = LogLevel::kTrace,
                   std::optional<AuthProtocol> chap = std::nullopt);
  // Lines above this level are left out, and packets are not put into words for them. All levels
  // unless told otherwise.
  void set_log_level(LogLevel level) { log_level_ = level; }
  [[nodiscard]] bool Wants(LogLevel level) const { return level <= log_level_; }
  // As long as it is not empty, what is written by default says this instead of the worker's
  // prefix, so that it can be traced to a client; the protocol trace keeps its form.
  void set_origin(std::string origin) { origin_ = std::move(origin); }
  void Log(LogLevel level, std::string text) {
    if (!Wants(level)) return;
    if (origin_.empty() || level > LogLevel::kInfo) {
      Add(WriteLog{level, std::move(text)});
    } else {
      Add(WriteLog{level, origin_ + ": " + text, true});
    }
  }
  void LogBare(LogLevel level, std::string text) {
    if (Wants(level)) Add(WriteLog{level, std::move(text), true});
  }
  void Count(Counter counter) { Add(CountEvent{counter}); }

  void Start(TimerId timer, Duration after) {
    running_.set(Index(timer));
    Add(StartTimer{timer, after});
  }
  // Says nothing for a timer that does not run.
  void Stop(TimerId timer) {
    if (!running_.test(Index(timer))) return;
    running_.reset(Index(timer));
    Add(StopTimer{timer});
  }
  void StopAllExcept(std::optional<TimerId> kept = std::nullopt) {
    for (std::size_t i = 0; i < kTimerCount; ++i) {
      const auto timer = static_cast<TimerId>(i);
      if (timer != kept) Stop(timer);
    }
  }
  // An expiry of a timer that was stopped meanwhile is stale: false, and nothing may happen.
  [[nodiscard]] bool TakeExpiry(TimerId timer) {
    if (Index(timer) >= kTimerCount || !running_.test(Index(timer))) return false;
    running_.reset(Index(timer));
    return true;
  }
  [[nodiscard]] bool Runs(TimerId timer) const { return running_.test(Index(timer)); }
  [[nodiscard]] bool AnyRuns() const { return running_.any(); }
  [[nodiscard]] ActionList Take() { return std::exchange(actions_, {}); }

 private:
  static std::size_t Index(TimerId timer) { return static_cast<std::size_t>(timer); }

  LogLevel log_level_ = LogLevel::kDebug;
  std::string origin_;
  ActionList actions_;
  std::bitset<kTimerCount> running_;
};

}  // namespace sstpgw::fsm
