#include "controlplane/session/policy_rollout.h"

#include <algorithm>
#include <utility>

namespace sstpgw::cp {
namespace {

// Whether two policies say the same, their numbers aside.
bool SaySame(const SessionPolicy& a, const SessionPolicy& b) {
  SessionPolicy numbered = a;
  numbered.generation = b.generation;
  return numbered == b;
}

}  // namespace

const PolicyRollout::State* PolicyRollout::Find(const SessionKey& key) const {
  const auto state = states_.find(key);
  return state == states_.end() ? nullptr : &state->second;
}

void PolicyRollout::Tidy(std::map<SessionKey, State>::iterator state) {
  const State& what = state->second;
  if (!what.carried && what.under_way.empty() && !what.refused && !what.reserved) {
    states_.erase(state);
  }
}

const SessionPolicy& PolicyRollout::Carried(const SessionEntry& entry) const {
  const State* state = Find(entry.key);
  return state != nullptr && state->carried ? *state->carried : entry.record.policy;
}

const SessionPolicy& PolicyRollout::Expected(const SessionEntry& entry) const {
  const State* state = Find(entry.key);
  return state != nullptr && !state->under_way.empty() ? state->under_way.back() : Carried(entry);
}

Generation PolicyRollout::Reserve(const SessionKey& key) {
  const SessionEntry* const entry = registry_.Find(key);
  // One that has no policy yet is sent none but that of its login.
  if (entry == nullptr || entry->record.policy.generation.value() == 0) return Generation(1);
  State& state = states_[key];
  state.newest = Generation(std::max(state.newest, entry->record.policy.generation).value() + 1);
  state.reserved = state.newest;
  return state.newest;
}

PolicyRollout::Order PolicyRollout::Want(const SessionEntry& entry, SessionPolicy wanted,
                                         bool insist, ActionList& actions) {
  const SessionKey& key = entry.key;
  const bool attached = registry_.IsAttached(key.gateway);
  const auto known = states_.find(key);
  if (SaySame(wanted, Expected(entry))) {
    if (known == states_.end() || known->second.under_way.empty()) {
      return {Standing::kCarried, Carried(entry).generation};
    }
    State& state = known->second;
    const SessionPolicy& last = state.under_way.back();
    if (state.again && attached) {
      state.again = false;
      actions.emplace_back(Send{key.gateway, PolicyOrder{key.session, last}});
    }
    return {Standing::kUnderWay, last.generation};
  }
  if (known != states_.end() && known->second.refused && !known->second.again && !insist &&
      SaySame(wanted, *known->second.refused)) {
    return {Standing::kRefused, known->second.refused->generation};
  }
  State& state = states_[key];
  state.newest = Generation(std::max(state.newest, entry.record.policy.generation).value() + 1);
  wanted.generation = state.newest;
  state.refused.reset();
  state.again = !attached;
  if (attached) actions.emplace_back(Send{key.gateway, PolicyOrder{key.session, wanted}});
  state.under_way.push_back(std::move(wanted));
  return {Standing::kUnderWay, state.newest};
}

void PolicyRollout::GatewayReturned(const std::string& gateway) {
  auto state = states_.lower_bound({gateway, ""});
  while (state != states_.end() && state->first.gateway == gateway) {
    const auto current = state++;
    State& what = current->second;
    what.carried.reset();  // the record that comes with the Hello is the truth
    if (what.under_way.size() > 1)
      what.under_way.erase(what.under_way.begin(), what.under_way.end() - 1);
    what.again = true;
    Tidy(current);
  }
}

std::optional<Generation> PolicyRollout::Reported(const SessionEntry& entry) {
  const auto state = states_.find(entry.key);
  if (state == states_.end()) return std::nullopt;
  State& what = state->second;
  const Generation reported = entry.record.policy.generation;
  const auto is_in_it = [&](const SessionPolicy& policy) { return policy.generation <= reported; };
  std::optional<Generation> news;
  for (const SessionPolicy& policy : what.under_way) {
    if (is_in_it(policy)) news = policy.generation;
  }
  std::erase_if(what.under_way, is_in_it);
  if (what.carried && is_in_it(*what.carried)) what.carried.reset();
  if (what.refused && is_in_it(*what.refused)) what.refused.reset();
  if (what.reserved && *what.reserved <= reported) what.reserved.reset();
  Tidy(state);
  return news;
}

void PolicyRollout::Applied(const SessionKey& key, Generation generation) {
  const auto state = states_.find(key);
  if (state == states_.end()) return;
  std::vector<SessionPolicy>& under_way = state->second.under_way;
  const auto policy =
      std::find_if(under_way.begin(), under_way.end(),
                   [&](const SessionPolicy& one) { return one.generation == generation; });
  if (policy == under_way.end()) return;
  state->second.carried = std::move(*policy);
  under_way.erase(under_way.begin(), std::next(policy));
}

void PolicyRollout::Refused(const SessionKey& key, Generation generation) {
  const auto state = states_.find(key);
  if (state == states_.end()) return;
  std::vector<SessionPolicy>& under_way = state->second.under_way;
  const auto policy =
      std::find_if(under_way.begin(), under_way.end(),
                   [&](const SessionPolicy& one) { return one.generation == generation; });
  if (policy == under_way.end()) return;
  if (std::next(policy) == under_way.end()) state->second.refused = std::move(*policy);
  under_way.erase(policy);
  Tidy(state);
}

}  // namespace sstpgw::cp
