#include "controlplane/session/authorizer.h"

#include <algorithm>
#include <utility>

#include "controlplane/session/prefix_leases.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

std::string Named(const std::string& user) { return Escape(user) + ": "; }

}  // namespace

AuthorizeVerdict CopyVerdict(const AuthorizeVerdict& verdict) {
  if (const auto* accept = std::get_if<AuthorizeAccept>(&verdict)) {
    return AuthorizeAccept{
        accept->policy,
        accept->hlak.Copy(),
        accept->success_message,
        accept->eap_message,
        {accept->mppe.send.Copy(), accept->mppe.receive.Copy(), accept->mppe.lan_manager.Copy()}};
  }
  if (const auto* challenge = std::get_if<AuthorizeChallenge>(&verdict)) return *challenge;
  return std::get<AuthorizeReject>(verdict);
}

void Authorizer::Ask(AskId ask, AuthorizeCall call, TimePoint now, ActionList& actions) {
  ++counters_.asked;
  const AttemptKey key{call.gateway_id, call.boot_id, call.question.attempt};
  const auto known = attempts_.find(key);
  if (known != attempts_.end()) {
    if (known->second.stage == Stage::kAnswered) {
      actions.emplace_back(Answer{ask, CopyVerdict(known->second.verdict)});
      return;
    }
    known->second.asks.push_back(ask);
    asks_.emplace(ask, key);
    return;
  }
  const GatewayEntry* gateway = registry_.FindGateway(call.gateway_id);
  if (gateway == nullptr || !gateway->attached || gateway->boot != call.boot_id) {
    actions.emplace_back(
        Answer{ask, Fail(Error{ErrorCode::kUnavailable,
                               "gateway '" + Escape(call.gateway_id) + "' is not attached"})});
    return;
  }
  if (attempts_.size() >= kMaxAttempts) {
    actions.emplace_back(
        Answer{ask, Fail(Error{ErrorCode::kResourceExhausted, "too many logins at a time"})});
    return;
  }
  Attempt attempt;
  attempt.session = {call.gateway_id, call.question.session};
  attempt.user = UserOf(call.question.evidence);
  attempt.calling_station = call.question.calling_station;
  attempt.called_station = call.question.called_station;
  attempt.outer_address = Ipv4Address::Parse(call.question.calling_station).value_or(Ipv4Address());
  attempt.asks.push_back(ask);
  attempt.deadline = now;
  open_of_session_.emplace(attempt.session, key);
  attempts_.emplace(key, std::move(attempt));
  asks_.emplace(ask, key);
  actions.emplace_back(JudgeCredentials{key, std::move(call.question)});
}

void Authorizer::Cancel(AskId ask) {
  const auto entry = asks_.find(ask);
  if (entry == asks_.end()) return;
  const auto attempt = attempts_.find(entry->second);
  asks_.erase(entry);
  if (attempt == attempts_.end()) return;
  std::erase(attempt->second.asks, ask);
  if (!attempt->second.asks.empty() || attempt->second.stage == Stage::kAnswered) return;
  ActionList nobody_left;
  Drop(attempt, nobody_left);
}

void Authorizer::Judged(const AttemptKey& key, AuthOutcome outcome, TimePoint now,
                        ActionList& actions) {
  const auto attempt = attempts_.find(key);
  if (attempt == attempts_.end() || attempt->second.stage != Stage::kJudging) return;
  if (auto* reject = std::get_if<AuthorizeReject>(&outcome)) {
    ++counters_.rejected;
    Finish(attempt, std::move(*reject), now, actions);
    return;
  }
  if (auto* challenge = std::get_if<AuthorizeChallenge>(&outcome)) {
    Finish(attempt, std::move(*challenge), now, actions);
    return;
  }
  attempt->second.granted = std::move(std::get<AuthGranted>(outcome));
  Admit(attempt, now, actions);
}

void Authorizer::Finish(Attempts::iterator attempt, AuthorizeVerdict verdict, TimePoint now,
                        ActionList& actions) {
  Attempt& state = attempt->second;
  for (const AskId ask : state.asks) {
    asks_.erase(ask);
    actions.emplace_back(Answer{ask, CopyVerdict(verdict)});
  }
  state.asks.clear();
  open_of_session_.erase({state.session, attempt->first});
  state.granted = {};
  state.stage = Stage::kAnswered;
  state.verdict = std::move(verdict);
  state.deadline = now + kAnswerKept;
  At(state.deadline, attempt->first);
}

void Authorizer::Refuse(Attempts::iterator attempt, std::string log_reason, TimePoint now,
                        ActionList& actions) {
  ++counters_.rejected;
  Finish(attempt, AuthorizeReject{691, "", std::move(log_reason)}, now, actions);
}

void Authorizer::Drop(Attempts::iterator attempt, ActionList& actions) {
  for (const AskId ask : attempt->second.asks) {
    asks_.erase(ask);
    actions.emplace_back(
        Answer{ask, Fail(Error{ErrorCode::kUnavailable, "the gateway has restarted"})});
  }
  StopWaiting(attempt);
  open_of_session_.erase({attempt->second.session, attempt->first});
  attempts_.erase(attempt);
}

void Authorizer::StopWaiting(Attempts::iterator attempt) {
  const auto waiting = waiting_of_user_.find(attempt->second.user);
  if (waiting != waiting_of_user_.end() && waiting->second == attempt->first) {
    waiting_of_user_.erase(waiting);
  }
}

std::vector<SessionKey> Authorizer::OthersOf(const std::string& user, const SessionKey& own) const {
  std::set<SessionKey> others;
  for (const SessionEntry* entry : registry_.OfUser(user)) {
    // Without a policy it was never let in: its authentication failed or is still going on.
    if (entry->record.policy.generation.value() > 0) others.insert(entry->key);
  }
  const auto grants = grants_of_user_.find(user);
  if (grants != grants_of_user_.end()) {
    others.insert(grants->second.begin(), grants->second.end());
  }
  others.erase(own);
  return {others.begin(), others.end()};
}

bool Authorizer::AnyReachable(const std::vector<SessionKey>& sessions) const {
  return std::any_of(sessions.begin(), sessions.end(), [this](const SessionKey& session) {
    return registry_.IsAttached(session.gateway);
  });
}

void Authorizer::ForgetGrant(const SessionKey& key, bool release) {
  const auto grant = grants_.find(key);
  if (grant == grants_.end()) return;
  if (release) {
    // What a session that logged in again carries already is released at its end.
    const SessionEntry* entry = registry_.Find(key);
    if (entry == nullptr || entry->record.policy.address != grant->second.address) {
      pools_.Release(grant->second.address, key.Owner());
    }
    ReleaseIpv6(key, grant->second.network);
    if (entry == nullptr) rates_.Forget(key);
  }
  const auto users = grants_of_user_.find(grant->second.user);
  if (users != grants_of_user_.end()) {
    users->second.erase(key);
    if (users->second.empty()) grants_of_user_.erase(users);
  }
  grants_.erase(grant);
}

void Authorizer::SessionReported(const SessionEntry& entry) {
  if (entry.record.policy.generation.value() == 0) return;
  // The record says which addresses the session really uses; the core has reserved these.
  ForgetGrant(entry.key, /*release=*/true);
}

void Authorizer::SessionGone(const SessionKey& key, const std::string& user, TimePoint now,
                             ActionList& actions) {
  auto open = open_of_session_.lower_bound({key, AttemptKey()});
  while (open != open_of_session_.end() && open->first == key) {
    const auto attempt = attempts_.find(open->second);
    ++open;  // Refuse removes the entry
    StopWaiting(attempt);
    Refuse(attempt, "the session has ended", now, actions);
  }
  TakeBackGrant(key, user, now, actions);
}

void Authorizer::TakeBackGrant(const SessionKey& key, const std::string& user, TimePoint now,
                               ActionList& actions) {
  ordered_.erase(key);
  const auto grant = grants_.find(key);
  const std::string granted_user = grant == grants_.end() ? user : grant->second.user;
  ForgetGrant(key, /*release=*/true);
  Recheck(granted_user, now, actions);
  if (user != granted_user) Recheck(user, now, actions);
}

void Authorizer::GatewayChanged(const std::string& gateway, TimePoint now, ActionList& actions) {
  const GatewayEntry* entry = registry_.FindGateway(gateway);
  const std::string boot = entry == nullptr ? std::string() : entry->boot;
  auto attempt = attempts_.lower_bound({gateway, "", AttemptId()});
  while (attempt != attempts_.end() && attempt->first.gateway == gateway) {
    const auto current = attempt++;
    if (current->first.boot != boot) Drop(current, actions);
  }
  auto grant = grants_.lower_bound({gateway, ""});
  while (grant != grants_.end() && grant->first.gateway == gateway) {
    const auto current = grant++;
    if (current->second.boot == boot) continue;
    const SessionKey key = current->first;
    ordered_.erase(key);
    ForgetGrant(key, /*release=*/true);
  }
  std::vector<std::string> users;
  for (const auto& [user, waiting] : waiting_of_user_) users.push_back(user);
  for (const std::string& user : users) Recheck(user, now, actions);
}

void Authorizer::Recheck(const std::string& user, TimePoint now, ActionList& actions) {
  const auto waiting = waiting_of_user_.find(user);
  if (waiting == waiting_of_user_.end()) return;
  const auto attempt = attempts_.find(waiting->second);
  if (attempt == attempts_.end()) return;
  if (!AnyReachable(OthersOf(user, attempt->second.session))) LetIn(attempt, now, actions);
}

void Authorizer::Escalate(Attempts::iterator attempt, TimePoint now, ActionList& actions) {
  const std::string& user = attempt->second.user;
  if (attempt->second.hard_ordered) {
    actions.emplace_back(
        WriteLog{LogLevel::kWarning, Named(user) + "old session does not end, new one let in"});
    LetIn(attempt, now, actions);
    return;
  }
  for (const SessionKey& other : OthersOf(user, attempt->second.session)) {
    OrderEnd(other, Termination::kHard, actions);
  }
  attempt->second.hard_ordered = true;
  attempt->second.deadline = now + kReplaceHard;
  At(attempt->second.deadline, attempt->first);
}

void Authorizer::Tick(TimePoint now, ActionList& actions) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto what = std::move(deadlines_.begin()->second);
    deadlines_.erase(deadlines_.begin());
    if (const auto* session = std::get_if<SessionKey>(&what)) {
      const auto grant = grants_.find(*session);
      if (grant == grants_.end() || grant->second.deadline > now) continue;
      if (!registry_.IsAttached(session->gateway)) {
        // It could not be reported; its gateway's Hello will tell.
        grant->second.deadline = now + kGrantUnreported;
        At(grant->second.deadline, *session);
        continue;
      }
      ++counters_.expired_grants;
      const std::string user = grant->second.user;
      TakeBackGrant(*session, user, now, actions);
      continue;
    }
    const auto attempt = attempts_.find(std::get<AttemptKey>(what));
    if (attempt == attempts_.end() || attempt->second.deadline > now) continue;
    if (attempt->second.stage == Stage::kWaiting) {
      Escalate(attempt, now, actions);
    } else if (attempt->second.stage == Stage::kAnswered) {
      attempts_.erase(attempt);
    }
  }
}

std::size_t Authorizer::granted_prefixes() const {
  std::size_t count = 0;
  for (const auto& [key, grant] : grants_) count += LeasesOf(grant.network).size();
  return count;
}

std::optional<TimePoint> Authorizer::NextDeadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

}  // namespace sstpgw::cp
