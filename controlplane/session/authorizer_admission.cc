// Who is let in, and with what: one session per user, address, policy, accounting.
#include <algorithm>
#include <utility>

#include "controlplane/session/authorizer.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

std::string Named(const std::string& user) { return Escape(user) + ": "; }

}  // namespace

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
  ChooseIpv6(attempt->second, actions);
  ForgetGrant(session, /*release=*/false);  // a second question of the same session
  const TimePoint deadline = now + kGrantUnreported;
  OpenGrant& grant = grants_[session];
  grant = OpenGrant{attempt->second.user, attempt->first.boot, address, {}, deadline};
  if (settings_.ipv6) {
    const NetworkPolicy& network = attempt->second.granted.network;
    grant.network.framed_ipv6_prefixes = network.framed_ipv6_prefixes;
    grant.network.delegated_ipv6_prefixes = network.delegated_ipv6_prefixes;
    grant.network.framed_ipv6_addresses = network.framed_ipv6_addresses;
  }
  grants_of_user_[attempt->second.user].insert(session);
  At(deadline, session);

  AuthorizeAccept accept = AcceptOf(attempt->second, address, now);
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

AuthorizeAccept Authorizer::AcceptOf(Attempt& attempt, Ipv4Address address, TimePoint now) {
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
  // It counts from where the session began; of one that logs in again that was a while ago.
  const SessionEntry* const running = registry_.Find(attempt.session);
  if (running != nullptr && running->record.policy.generation.value() > 0 &&
      policy.session_timeout.count() > 0) {
    policy.session_timeout += UptimeAtMost(*running, now);
  }
  policy.idle_timeout = granted.idle_timeout;
  policy.reauthenticate = granted.reauthenticate;
  policy.network = std::move(granted.network);
  policy.rate_limit = first.limit;
  policy.hold = settings_.accounting;
  accept.hlak = std::move(granted.hlak);
  accept.success_message = std::move(granted.success_message);
  accept.eap_message = std::move(granted.eap_message);
  accept.mppe = std::move(granted.mppe);
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

}  // namespace sstpgw::cp
