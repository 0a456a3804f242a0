#include "controlplane/session/rate_keeper.h"

#include <algorithm>
#include <utility>

#include "controlplane/shaper/operator_rate.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

using Standing = PolicyRollout::Standing;

// Let in, and not on its way out. Policies of those that are still negotiating are their first.
bool IsTold(const SessionEntry& entry) {
  return entry.record.policy.generation.value() > 0 &&
         (entry.record.state == SessionState::kActive || entry.record.held);
}

// "10240/512", "no limit".
std::string LimitText(const RateLimit& limit) {
  const std::string text = ToKilobits(limit);
  return text.empty() ? "no limit" : text + " kbit/s";
}

RateLimit LimitOf(const RateReading& rate) {
  return {rate.down.value_or(DirectionLimit{}), rate.up.value_or(DirectionLimit{})};
}

// "radius: policy of sstp0: rate limit 2048/1024 kbit/s, idle timeout 60 s".
std::string Describe(const SessionEntry& entry, const PolicyChange& change,
                     const SessionPolicy& wanted) {
  std::vector<std::string> parts;
  if (!change.rates.empty()) parts.push_back("rate limit " + LimitText(wanted.rate_limit));
  const auto add = [&](const char* what, const std::optional<std::chrono::seconds>& value) {
    if (value) parts.push_back(what + std::to_string(value->count()) + " s");
  };
  add("session timeout in ", change.session_timeout);
  add("idle timeout ", change.idle_timeout);
  if (change.vrf) parts.push_back(change.vrf->empty() ? "no VRF" : "VRF " + Escape(*change.vrf));
  std::string text = "radius: policy of " + Escape(entry.record.interface_name) + ":";
  for (const std::string& part : parts) text += (text.back() == ':' ? " " : ", ") + part;
  return text;
}

// "operator: rate limit of sstp0: 10240/512 kbit/s, temporarily".
std::string Describe(const RateOrder& order) {
  std::string text = order.who + ": rate limit of " +
                     (order.all ? "all sessions" : Escape(order.which.interface_name)) + ": ";
  if (order.kind == RateOrder::Kind::kRestore) return text + "restored";
  text += LimitText(LimitOf(order.rate));
  if (order.kind == RateOrder::Kind::kTemporary) return text + ", temporarily";
  if (order.rate.time_range != 0) {
    text += " during time range " + std::to_string(order.rate.time_range);
  }
  return text;
}

std::string Counts(const PolicyOutcome& outcome) {
  std::string text = std::to_string(outcome.changed) + " changed";
  if (!outcome.refused.empty()) text += ", " + std::to_string(outcome.refused.size()) + " refused";
  if (!outcome.unanswered.empty()) {
    text += ", " + std::to_string(outcome.unanswered.size()) + " without an answer";
  }
  return text;
}

}  // namespace

void RateKeeper::Configure(RateSettings settings, TimeOfDay time, TimePoint now,
                           ActionList& actions) {
  book_.Configure(std::move(settings));
  book_.SetTime(time);
  next_minute_.reset();
  if (book_.has_time_ranges()) next_minute_ = now + ToNextMinute(time);
  SendAll(actions);
}

PolicyRollout::Order RateKeeper::Send(const SessionEntry& entry, bool insist, ActionList& actions) {
  SessionPolicy wanted = rollout_.Expected(entry);
  wanted.rate_limit = book_.Choose(entry.key, entry.record.user).limit;
  return rollout_.Want(entry, std::move(wanted), insist, actions);
}

void RateKeeper::SendAll(ActionList& actions) {
  for (const SessionEntry* entry : registry_.Select({})) {
    if (IsTold(*entry)) Send(*entry, /*insist=*/false, actions);
  }
}

void RateKeeper::Change(const SessionKey& key, const RateOrder& order) {
  switch (order.kind) {
    case RateOrder::Kind::kChange:
      book_.Change(key, order.rate);
      break;
    case RateOrder::Kind::kTemporary:
      book_.ChangeTemporarily(key, LimitOf(order.rate));
      break;
    case RateOrder::Kind::kRestore:
      book_.Restore(key);
      break;
  }
}

void RateKeeper::Order(ChangeId id, const RateOrder& order, TimePoint now, ActionList& actions) {
  PolicyOutcome known;
  std::vector<PolicyTickets::Awaited> awaited;
  std::vector<std::pair<const SessionEntry*, SessionRates>> meant;
  const bool for_all = order.all && order.kind != RateOrder::Kind::kChange;
  for (const SessionEntry* entry : registry_.Select(order.which)) {
    if (entry->record.policy.generation.value() == 0) continue;  // not let in
    SessionRates former = book_.Of(entry->key);
    // Put back alone, it must not fall under what was ordered for all.
    if (for_all) {
      if (!former.temporary && !former.exempt) former.temporary = book_.temporary_of_all();
      former.exempt = true;
    }
    meant.emplace_back(entry, std::move(former));
  }
  known.found = order.all || !meant.empty();
  if (for_all && order.kind == RateOrder::Kind::kTemporary) {
    book_.ChangeAllTemporarily(LimitOf(order.rate));
  } else if (for_all) {
    book_.RestoreAll();
  }
  for (auto& [entry, former] : meant) {
    if (!for_all) Change(entry->key, order);
    OrderOne(*entry, std::move(former), actions, known, awaited);
  }
  tickets_.Open(id, Describe(order), std::move(known), awaited, now);
  Conclude(now, actions);
}

void RateKeeper::OrderOne(const SessionEntry& entry, SessionRates former, ActionList& actions,
                          PolicyOutcome& known, std::vector<PolicyTickets::Awaited>& awaited) {
  const std::string& name = entry.record.interface_name;
  if (!IsTold(entry)) {
    const bool over = entry.record.state == SessionState::kFinishing;
    auto& failures = over ? known.refused : known.unanswered;
    failures.push_back({entry.key, name, over ? "the session is ending" : "it is still starting"});
    return;
  }
  const PolicyRollout::Order sent = Send(entry, /*insist=*/true, actions);
  if (sent.standing == Standing::kCarried) {
    ++known.changed;
    return;
  }
  // The same order again is the order that is under way: what was before that one is known.
  std::vector<Undo>& undo = undo_[entry.key];
  if (undo.empty() || undo.back().generation != sent.generation) {
    undo.push_back({sent.generation, std::move(former)});
  }
  if (registry_.IsAttached(entry.key.gateway)) {
    awaited.push_back({entry.key, name, sent.generation});
  } else {
    known.unanswered.push_back(
        {entry.key, name, "gateway '" + entry.key.gateway + "' is not attached"});
  }
}

void RateKeeper::Order(ChangeId id, const SessionKey& session, const PolicyChange& change,
                       TimePoint now, ActionList& actions) {
  PolicyOutcome known;
  const SessionEntry* entry = registry_.Find(session);
  known.found = entry != nullptr && entry->record.policy.generation.value() > 0;
  if (!known.found) {
    actions.emplace_back(ConcludeChange{id, std::move(known)});
    return;
  }
  const auto refuse = [&](const std::string& reason) {
    known.refused.push_back({session, entry->record.interface_name, reason});
    actions.emplace_back(ConcludeChange{id, std::move(known)});
  };
  if (!IsTold(*entry)) {
    refuse(entry->record.state == SessionState::kFinishing ? "the session is ending"
                                                           : "it is still starting");
    return;
  }
  if (!registry_.IsAttached(session.gateway)) {
    refuse("gateway '" + session.gateway + "' is not attached");
    return;
  }
  SessionRates former = book_.Of(session);
  SessionPolicy former_policy = rollout_.Expected(*entry);
  if (!change.rates.empty()) book_.ReplaceOwn(session, change.rates);
  SessionPolicy wanted = former_policy;
  wanted.rate_limit = book_.Choose(session, entry->record.user).limit;
  if (change.session_timeout) {
    const std::chrono::seconds up = UptimeAtMost(*entry, now);
    wanted.session_timeout = change.session_timeout->count() == 0 ? std::chrono::seconds(0)
                                                                  : up + *change.session_timeout;
  }
  if (change.idle_timeout) wanted.idle_timeout = *change.idle_timeout;
  if (change.vrf) wanted.network.vrf = *change.vrf;
  std::string what = Describe(*entry, change, wanted);
  const PolicyRollout::Order sent =
      rollout_.Want(*entry, std::move(wanted), /*insist=*/true, actions);
  std::vector<PolicyTickets::Awaited> awaited;
  if (sent.standing == Standing::kCarried) {
    ++known.changed;
  } else {
    undo_[session].push_back({sent.generation, std::move(former), std::move(former_policy)});
    awaited.push_back({session, entry->record.interface_name, sent.generation});
    revocable_.emplace(id, std::pair(session, sent.generation));
  }
  tickets_.Open(id, std::move(what), std::move(known), awaited, now);
  Conclude(now, actions);
}

RateKeeper::FirstPolicy RateKeeper::LetIn(const SessionKey& session, const std::string& user,
                                          RateTable granted) {
  if (book_.adopts_carried() || !granted.empty()) book_.Grant(session, std::move(granted));
  return {book_.Choose(session, user).limit, rollout_.Reserve(session)};
}

void RateKeeper::Release(const SessionKey& session, ActionList& actions) {
  const SessionEntry* entry = registry_.Find(session);
  if (entry == nullptr || entry->record.policy.generation.value() == 0) return;
  SessionPolicy wanted = rollout_.Expected(*entry);
  if (!wanted.hold) return;
  wanted.hold = false;
  wanted.rate_limit = book_.Choose(session, entry->record.user).limit;
  rollout_.Want(*entry, std::move(wanted), /*insist=*/true, actions);
}

// What another process let in keeps the limit that it carries.
void RateKeeper::Adopt(const SessionEntry& entry) {
  if (!book_.adopts_carried() || book_.IsGranted(entry.key)) return;
  const RateLimit& carried = rollout_.Carried(entry).rate_limit;
  RateTable rates;
  RateReading reading;
  if (carried.down != DirectionLimit{}) reading.down = carried.down;
  if (carried.up != DirectionLimit{}) reading.up = carried.up;
  if (reading != RateReading{}) rates.Set(reading);
  book_.Grant(entry.key, std::move(rates));
}

void RateKeeper::GatewayDetached(const std::string& gateway, TimePoint now, ActionList& actions) {
  tickets_.GatewayLost(gateway);
  Conclude(now, actions);
}

void RateKeeper::SessionReported(const SessionEntry& entry, TimePoint now, ActionList& actions) {
  if (const auto confirmed = rollout_.Reported(entry)) {
    Applied(entry.key, *confirmed, now, actions);
  }
  if (!IsTold(entry)) return;
  Adopt(entry);
  Send(entry, /*insist=*/false, actions);
}

void RateKeeper::SessionGone(const SessionKey& key, TimePoint now, ActionList& actions) {
  rollout_.Forget(key);
  book_.Forget(key);
  undo_.erase(key);
  tickets_.Gone(key);
  Conclude(now, actions);
}

void RateKeeper::Applied(const SessionKey& key, Generation generation, TimePoint now,
                         ActionList& actions) {
  rollout_.Applied(key, generation);
  const auto undo = undo_.find(key);
  if (undo != undo_.end()) {
    std::erase_if(undo->second, [&](const Undo& one) { return one.generation <= generation; });
    if (undo->second.empty()) undo_.erase(undo);
  }
  tickets_.Applied(key, generation);
  Conclude(now, actions);
}

void RateKeeper::Refused(const SessionKey& key, Generation generation, const std::string& reason,
                         TimePoint now, ActionList& actions) {
  rollout_.Refused(key, generation);
  TakeBack(key, generation);
  tickets_.Refused(key, generation, reason);
  Conclude(now, actions);
  const SessionEntry* entry = registry_.Find(key);
  if (entry != nullptr && IsTold(*entry)) Send(*entry, /*insist=*/false, actions);
}

// The rates go back to what they were, unless a later order stands on them; then that one, if it is
// refused as well, goes back as far.
std::optional<SessionPolicy> RateKeeper::TakeBack(const SessionKey& key, Generation generation) {
  const auto undo = undo_.find(key);
  if (undo == undo_.end()) return std::nullopt;
  std::vector<Undo>& all = undo->second;
  const auto one = std::find_if(all.begin(), all.end(),
                                [&](const Undo& u) { return u.generation == generation; });
  if (one == all.end()) return std::nullopt;
  std::optional<SessionPolicy> policy = std::move(one->policy);
  if (std::next(one) == all.end()) {
    book_.PutBack(key, std::move(one->former));
  } else {
    std::next(one)->former = std::move(one->former);
  }
  all.erase(one);
  if (all.empty()) undo_.erase(undo);
  return policy;
}

void RateKeeper::Withdraw(const SessionKey& key, Generation generation, ActionList& actions) {
  std::optional<SessionPolicy> former = TakeBack(key, generation);
  const SessionEntry* entry = registry_.Find(key);
  if (entry == nullptr || !former) return;
  former->rate_limit = book_.Choose(key, entry->record.user).limit;
  rollout_.Want(*entry, std::move(*former), /*insist=*/true, actions);
}

void RateKeeper::Tick(TimePoint now, TimeOfDay time, ActionList& actions) {
  if (next_minute_ && *next_minute_ <= now) {
    next_minute_ = now + ToNextMinute(time);
    if (book_.SetTime(time)) SendAll(actions);
  }
  Conclude(now, actions);
}

std::optional<TimePoint> RateKeeper::NextDeadline() const {
  const auto tickets = tickets_.NextDeadline();
  if (tickets && next_minute_) return std::min(*tickets, *next_minute_);
  return tickets ? tickets : next_minute_;
}

RateStanding RateKeeper::Of(const SessionEntry& entry) const {
  return {rollout_.Carried(entry).rate_limit, book_.Choose(entry.key, entry.record.user)};
}

void RateKeeper::Conclude(TimePoint now, ActionList& actions) {
  for (PolicyTickets::Done& done : tickets_.TakeDone(now)) {
    const auto revocable = revocable_.find(done.id);
    if (revocable != revocable_.end()) {
      const auto [session, generation] = revocable->second;
      revocable_.erase(revocable);
      if (!done.outcome.unanswered.empty()) Withdraw(session, generation, actions);
    }
    if (done.outcome.found) {
      actions.emplace_back(
          WriteLog{LogLevel::kInfo, done.what + " (" + Counts(done.outcome) + ")"});
    }
    actions.emplace_back(ConcludeChange{done.id, std::move(done.outcome)});
  }
}

}  // namespace sstpgw::cp
