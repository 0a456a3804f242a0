#include "controlplane/session/authorizer.h"

#include <algorithm>
#include <utility>

#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

constexpr const char* kFailure = "Authentication failure";

std::string Named(const std::string& user) { return Escape(user) + ": "; }

}  // namespace

AuthorizeVerdict CopyVerdict(const AuthorizeVerdict& verdict) {
  if (const auto* accept = std::get_if<AuthorizeAccept>(&verdict)) {
    return AuthorizeAccept{accept->policy, accept->hlak.Copy(), accept->success_message,
                           accept->eap_message};
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

void Authorizer::Admit(Attempts::iterator attempt, TimePoint now, ActionList& actions) {
  const std::string& user = attempt->second.user;
  if (settings_.single_session == SingleSession::kNone) {
    LetIn(attempt, now, actions);
    return;
  }
  const std::vector<SessionKey> others = OthersOf(user, attempt->second.session);
  if (settings_.single_session == SingleSession::kDeny) {
    if (others.empty()) {
      LetIn(attempt, now, actions);
      return;
    }
    ++counters_.denied_second_session;
    actions.emplace_back(WriteLog{LogLevel::kInfo, Named(user) + "second session denied"});
    Refuse(attempt, "second session denied", now, actions);
    return;
  }
  Wait(attempt, now, actions);
}

void Authorizer::Wait(Attempts::iterator attempt, TimePoint now, ActionList& actions) {
  const std::string user = attempt->second.user;
  const auto earlier = waiting_of_user_.find(user);
  if (earlier != waiting_of_user_.end()) {
    const auto former = attempts_.find(earlier->second);
    waiting_of_user_.erase(earlier);
    if (former != attempts_.end()) {
      Refuse(former, "replaced by a newer login of the same user", now, actions);
    }
  }
  const std::vector<SessionKey> others = OthersOf(user, attempt->second.session);
  for (const SessionKey& other : others) OrderEnd(other, Termination::kSoft, actions);
  if (!AnyReachable(others)) {
    LetIn(attempt, now, actions);
    return;
  }
  attempt->second.stage = Stage::kWaiting;
  attempt->second.deadline = now + kReplaceSoft;
  waiting_of_user_.emplace(user, attempt->first);
  At(attempt->second.deadline, attempt->first);
}

void Authorizer::OrderEnd(const SessionKey& key, Termination termination, ActionList& actions) {
  const auto [entry, first] = ordered_.emplace(key, termination);
  if (!first && (entry->second == Termination::kHard || termination == Termination::kSoft)) return;
  entry->second = termination;
  if (first) ++counters_.replaced;
  actions.emplace_back(
      Send{key.gateway, DisconnectOrder{key.session, termination, TerminateCause::kNasRequest,
                                        "replaced by a new login"}});
}

void Authorizer::LetIn(Attempts::iterator attempt, TimePoint now, ActionList& actions) {
  StopWaiting(attempt);
  const SessionKey session = attempt->second.session;
  const Ipv4Address address = ChooseAddress(attempt->second, actions);
  ForgetGrant(session, /*release=*/false);  // a second question of the same session
  const TimePoint deadline = now + kGrantUnreported;
  grants_[session] = OpenGrant{attempt->second.user, attempt->first.boot, address, deadline};
  grants_of_user_[attempt->second.user].insert(session);
  At(deadline, session);

  AuthorizeAccept accept = AcceptOf(attempt->second, address);
  if (!settings_.accounting) {
    ++counters_.accepted;
    Finish(attempt, std::move(accept), now, actions);
    return;
  }
  Attempt& state = attempt->second;
  state.stage = Stage::kAccounting;
  actions.emplace_back(OpenAccounting{
      session, attempt->first.boot, state.user, state.calling_station, state.called_station,
      address, accept.policy.session_timeout, std::move(state.granted.accounting)});
  state.verdict = std::move(accept);
}

AuthorizeAccept Authorizer::AcceptOf(Attempt& attempt, Ipv4Address address) {
  AuthGranted& granted = attempt.granted;
  const auto first = rates_.LetIn(attempt.session, attempt.user, std::move(granted.rates));
  AuthorizeAccept accept;
  SessionPolicy& policy = accept.policy;
  policy.generation = first.generation;
  policy.address = address;
  policy.gateway_address = settings_.gateway_address;
  policy.dns = granted.dns.empty() ? settings_.dns : std::move(granted.dns);
  policy.wins = granted.wins.empty() ? settings_.wins : std::move(granted.wins);
  policy.session_timeout = granted.session_timeout;
  policy.idle_timeout = granted.idle_timeout;
  policy.reauthenticate = granted.reauthenticate;
  policy.carried = std::move(granted.carried);
  policy.rate_limit = first.limit;
  policy.hold = settings_.accounting;
  accept.hlak = std::move(granted.hlak);
  accept.success_message = std::move(granted.success_message);
  accept.eap_message = std::move(granted.eap_message);
  return accept;
}

Authorizer::Attempts::iterator Authorizer::InAccounting(const SessionKey& key) {
  auto open = open_of_session_.lower_bound({key, AttemptKey()});
  for (; open != open_of_session_.end() && open->first == key; ++open) {
    const auto attempt = attempts_.find(open->second);
    if (attempt != attempts_.end() && attempt->second.stage == Stage::kAccounting) return attempt;
  }
  return attempts_.end();
}

void Authorizer::AccountingOpened(const SessionKey& key, TimePoint now, ActionList& actions) {
  const auto attempt = InAccounting(key);
  if (attempt == attempts_.end()) return;
  ++counters_.accepted;
  AuthorizeVerdict verdict = std::move(attempt->second.verdict);
  Finish(attempt, std::move(verdict), now, actions);
}

void Authorizer::AccountingRefused(const SessionKey& key, const std::string& reason, TimePoint now,
                                   ActionList& actions) {
  const auto attempt = InAccounting(key);
  if (attempt == attempts_.end()) return;
  const std::string user = attempt->second.user;
  actions.emplace_back(WriteLog{LogLevel::kError, Named(user) + "refused: " + reason});
  Refuse(attempt, "accounting: " + reason, now, actions);
  TakeBackGrant(key, user, now, actions);
}

Ipv4Address Authorizer::ChooseAddress(const Attempt& attempt, ActionList& actions) {
  const std::string owner = attempt.session.Owner();
  const auto grant = grants_.find(attempt.session);
  if (grant != grants_.end() && !grant->second.address.is_zero()) {
    if (grant->second.user == attempt.user) return grant->second.address;
    pools_.Release(grant->second.address, owner);
  }
  const SessionEntry* entry = registry_.Find(attempt.session);
  if (entry != nullptr && pools_.OwnerOf(entry->record.policy.address) == owner) {
    return entry->record.policy.address;
  }
  const std::string& pool =
      attempt.granted.pool.empty() ? settings_.default_pool : attempt.granted.pool;
  const bool wants_one = attempt.granted.static_ip || !pool.empty();
  if (!wants_one) return {};
  if (settings_.gateway_address.is_zero()) {
    ++counters_.no_address;
    actions.emplace_back(
        WriteLog{LogLevel::kWarning, Named(attempt.user) + "gw-ip-address not specified"});
    return {};
  }
  if (attempt.granted.static_ip) return ReserveStatic(attempt, *attempt.granted.static_ip, actions);
  const auto address = pools_.Allocate({pool, owner, attempt.user, attempt.outer_address});
  if (address) return *address;
  ++counters_.no_address;
  actions.emplace_back(WriteLog{LogLevel::kError, Named(attempt.user) + address.error().message});
  return {};
}

Ipv4Address Authorizer::ReserveStatic(const Attempt& attempt, Ipv4Address address,
                                      ActionList& actions) {
  const std::string owner = attempt.session.Owner();
  // Its tunnel would lead to where the tunnel comes from, and with it everybody behind that
  // address.
  if (address == attempt.outer_address) {
    ++counters_.no_address;
    actions.emplace_back(WriteLog{LogLevel::kError, Named(attempt.user) + "address " +
                                                        address.ToString() +
                                                        " is the address that the client dials "
                                                        "from"});
    return {};
  }
  if (pools_.Reserve(address, owner)) return address;
  // A session of the same user that is on its way out, or out of reach, hands its address over.
  // Without a limit on sessions the first one keeps it.
  if (settings_.single_session == SingleSession::kReplace) {
    for (const SessionKey& other : OthersOf(attempt.user, attempt.session)) {
      if (pools_.HandOver(address, other.Owner(), owner)) return address;
    }
  }
  ++counters_.no_address;
  actions.emplace_back(WriteLog{
      LogLevel::kError, Named(attempt.user) + "requested IPv4 address " + address.ToString() +
                            " already assigned to session " + Escape(pools_.OwnerOf(address))});
  return {};
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
  Finish(attempt, AuthorizeReject{691, kFailure, std::move(log_reason)}, now, actions);
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
    pools_.Release(grant->second.address, key.Owner());
    if (registry_.Find(key) == nullptr) rates_.Forget(key);
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
  const auto grant = grants_.find(entry.key);
  if (grant == grants_.end()) return;
  // The record says which address the session really uses; the core has reserved that one.
  ForgetGrant(entry.key, grant->second.address != entry.record.policy.address);
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

std::optional<TimePoint> Authorizer::NextDeadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

}  // namespace sstpgw::cp
