#include "controlplane/session/settings_rollout.h"

#include <algorithm>
#include <utility>

namespace sstpgw::cp {

SettingsRollout::Targets SettingsRollout::All() {
  Targets all;
  for (auto& [gateway, state] : gateways_) {
    state.retry_at.reset();
    state.reason.clear();
    all.push_back(gateway);
  }
  return all;
}

SettingsRollout::Targets SettingsRollout::Attach(const std::string& gateway,
                                                 const std::string& boot, Generation applied) {
  const bool knows_our_numbers = std::exchange(boots_[gateway], boot) == boot;
  gateways_[gateway] = State{applied, {}, {}};
  if (!knows_our_numbers && applied >= generation_) {
    generation_ = applied;
    return Advance();
  }
  if (applied == generation_) return {};
  return {gateway};
}

void SettingsRollout::Applied(const std::string& gateway, Generation generation) {
  const auto state = gateways_.find(gateway);
  if (state == gateways_.end()) return;
  state->second.applied = generation;
  if (generation != generation_) return;
  state->second.retry_at.reset();
  state->second.reason.clear();
}

void SettingsRollout::Refused(const std::string& gateway, Generation generation,
                              const std::string& reason, TimePoint now) {
  const auto state = gateways_.find(gateway);
  if (state == gateways_.end() || generation != generation_) return;
  state->second.retry_at = now + kRetryAfter;
  state->second.reason = reason;
}

SettingsRollout::Targets SettingsRollout::Advance() {
  generation_ = Generation(generation_.value() + 1);
  return All();
}

SettingsRollout::Targets SettingsRollout::StartTrial(bool repeat, TimePoint now) {
  trial_ends_ = now + kTrialPatience;
  if (!repeat) return Advance();
  Targets lacking = All();
  std::erase_if(lacking, [this](const std::string& gateway) {
    return gateways_.at(gateway).applied == generation_;
  });
  return lacking;
}

std::optional<SettingsRollout::Verdict> SettingsRollout::TakeVerdict(TimePoint now) {
  if (!trial_ends_) return std::nullopt;
  Verdict verdict{.accepted = true, .gateway = {}, .reason = {}, .silent = {}};
  for (const auto& [gateway, state] : gateways_) {
    if (state.retry_at) {
      trial_ends_.reset();
      return Verdict{.accepted = false, .gateway = gateway, .reason = state.reason, .silent = {}};
    }
    if (state.applied != generation_) verdict.silent.push_back(gateway);
  }
  if (!verdict.silent.empty() && now < *trial_ends_) return std::nullopt;
  trial_ends_.reset();
  return verdict;
}

SettingsRollout::Targets SettingsRollout::Tick(TimePoint now) {
  Targets due;
  for (auto& [gateway, state] : gateways_) {
    if (!state.retry_at || *state.retry_at > now) continue;
    state.retry_at.reset();
    due.push_back(gateway);
  }
  return due;
}

std::optional<TimePoint> SettingsRollout::NextDeadline() const {
  std::optional<TimePoint> next = trial_ends_;
  for (const auto& [gateway, state] : gateways_) {
    if (state.retry_at && (!next || *state.retry_at < *next)) next = state.retry_at;
  }
  return next;
}

}  // namespace sstpgw::cp
