#include "controlplane/radius/server_health.h"

#include <utility>

namespace sstpgw::cp::radius {

void ServerHealth::Configure(const Rules& rules) {
  rules_ = rules;
  if (rules_.fail_time == Duration::zero()) failed_ = on_trial_ = false;
}

ServerHealth::Standing ServerHealth::StandingAt(TimePoint now) const {
  if (!failed_) return Standing::kUsable;
  const bool due = now >= penalty_end_ && !on_trial_ && !rules_.by_probe;
  return due ? Standing::kTrialDue : Standing::kFailed;
}

std::optional<TimePoint> ServerHealth::ProbeAt() const {
  if (!failed_ || on_trial_ || !rules_.by_probe) return std::nullopt;
  return penalty_end_;
}

bool ServerHealth::Unanswered(TimePoint now) {
  if (fail_count_ != UINT32_MAX) ++fail_count_;
  if (rules_.fail_time == Duration::zero()) {
    return fail_count_ >= rules_.max_fail && !std::exchange(silent_, true);
  }
  if (failed_) {
    // Within the penalty nothing is learnt from requests that had no other server.
    if (now >= penalty_end_) penalty_end_ = now + rules_.fail_time;
    return false;
  }
  if (fail_count_ < rules_.max_fail) return false;
  failed_ = silent_ = true;
  penalty_end_ = now + rules_.fail_time;
  return true;
}

bool ServerHealth::Answered() {
  const bool was_silent = silent_;
  fail_count_ = 0;
  failed_ = silent_ = on_trial_ = false;
  return was_silent;
}

}  // namespace sstpgw::cp::radius
