// Whether one service of one server is alive (features 6.1, "mark failed", "all failed").
//
//   active ── max_fail transmissions in a row unanswered ──▶ failed, left alone for fail_time
//     ▲                                                         │ fail_time over
//     │                                                         ▼
//     └───────────── any genuine answer ────────────── trial due: one request (or a Status-Server)
//                                                      may find out; unanswered: failed again
//
// A trial is one at a time, so that a server that is still dead delays one user per fail_time and
// not all of them. One whose fail_time is 0 is never failed, but it is silent likewise until it
// answers. Pure; time comes in.
#pragma once

#include <cstdint>
#include <optional>

#include "proto/base/types.h"

namespace sstpgw::cp::radius {

class ServerHealth {
 public:
  struct Rules {
    Duration fail_time{0};       // 0: never failed
    std::uint32_t max_fail = 1;  // at least 1
    bool by_probe = false;       // a Status-Server finds out, no request
  };
  enum class Standing : std::uint8_t {
    kUsable,
    kTrialDue,  // one request may try it
    kFailed
  };

  // What happened so far stays; with a fail_time of 0 it is active again.
  void Configure(const Rules& rules);
  [[nodiscard]] Standing StandingAt(TimePoint now) const;
  [[nodiscard]] bool failed() const { return failed_; }
  // When it is not left alone any longer. Meaningful while failed.
  [[nodiscard]] TimePoint penalty_end() const { return penalty_end_; }
  [[nodiscard]] std::uint32_t fail_count() const { return fail_count_; }
  // When a Status-Server is to be sent; nullopt: none is.
  [[nodiscard]] std::optional<TimePoint> ProbeAt() const;

  // A trial or a probe has been sent, or is over; what it showed is said apart.
  void TrialStarted() { on_trial_ = true; }
  void TrialEnded() { on_trial_ = false; }
  // Nothing came back for a transmission. True: that made it failed, or silent.
  [[nodiscard]] bool Unanswered(TimePoint now);
  // A genuine answer. True: it was failed or silent until now.
  [[nodiscard]] bool Answered();

 private:
  Rules rules_;
  std::uint32_t fail_count_ = 0;  // in a row
  bool failed_ = false;
  bool silent_ = false;  // max_fail in a row, and nothing since
  bool on_trial_ = false;
  TimePoint penalty_end_{};
};

}  // namespace sstpgw::cp::radius
