// The part of Accounting that listens to gateways and looks at the clock.
#include <algorithm>
#include <unordered_map>

#include "controlplane/accounting/accounting.h"
#include "proto/base/text.h"

namespace sstpgw::cp::accounting {
namespace {

// As a gateway says it; no sum of times overflows.
std::chrono::seconds Bounded(std::chrono::seconds age) {
  return std::clamp(age, std::chrono::seconds(0), kMaxSeconds);
}

}  // namespace

std::vector<SessionKey> Accounting::SessionsOf(const std::string& gateway) const {
  std::vector<SessionKey> keys;
  for (auto session = sessions_.lower_bound({gateway, ""});
       session != sessions_.end() && session->first.gateway == gateway; ++session) {
    keys.push_back(session->first);
  }
  return keys;
}

// ---- Attaching

void Accounting::Attached(const Hello& hello, const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  Gateway& gateway = gateways_[hello.gateway_id];
  gateway = {hello.boot_id, true, false, moment.now, hello.reports_to};
  std::unordered_map<SessionId, const SessionRecord*> carried;
  for (const SessionRecord& record : hello.sessions) carried.emplace(record.session, &record);
  for (const SessionKey& key : SessionsOf(hello.gateway_id)) {
    const auto record = carried.find(key.session);
    TakeHello(key, record == carried.end() ? nullptr : record->second, hello, turn);
    if (record != carried.end()) carried.erase(record);
  }
  for (const auto& [session, record] : carried) {
    const SessionKey key{hello.gateway_id, session};
    const bool let_in = record->policy.generation.value() > 0;
    if (!settings_.enabled || !let_in || sessions_.count(key) == 1) continue;
    ++counters_.unaccounted;
    if (adopt_unknown_ && record->state == SessionState::kActive) Adopt(key, *record, turn);
  }
  Finish(turn);
}

void Accounting::TakeHello(const SessionKey& key, const SessionRecord* record, const Hello& hello,
                           Turn& turn) {
  const auto found = sessions_.find(key);
  Session& session = found->second;
  session.attached = false;
  const bool stopped = session.machine.state().stage == Stage::kStopped;
  if (session.machine.state().boot != hello.boot_id) {
    Lose(key, TerminateCause::kNasReboot, turn);
  } else if (record != nullptr && stopped) {
    // It was given up and its Stop is made; nothing of what it does from now on would be accounted.
    ++counters_.ended;
    turn.actions.emplace_back(
        OrderEnd{key, TerminateCause::kNasError, "its accounting has been closed already"});
  } else if (record != nullptr) {
    session.absent = false;
    Report(found, *record, std::chrono::seconds(0), turn);
    if (record->state == SessionState::kActive) {
      Feed(key, SessionOpened{Bounded(std::chrono::seconds(record->uptime_seconds))}, turn);
    }
  } else if (stopped) {
    Drop(found);
  } else if (!session.seen && !session.restored) {
    // Just let in: its login may have come before the Hello that was made before it.
    session.until = turn.moment.now + kUnreported;
    Reschedule(found);
  } else if (hello.reports_to > 0) {
    session.absent = true;
  } else {
    Lose(key, TerminateCause::kLostCarrier, turn);
  }
}

// What is said of a session that lives.
void Accounting::Report(Sessions::iterator found, const SessionRecord& record,
                        std::chrono::seconds age, Turn& turn) {
  const SessionKey key = found->first;
  Session& session = found->second;
  session.seen = true;
  if (session.machine.state().stage != Stage::kStopped) session.until.reset();
  const bool back = !std::exchange(session.attached, true);
  Feed(key, FactsArrived{FactsOf(record), age}, turn);
  if (back) Feed(key, GatewayBack{}, turn);
}

void Accounting::Adopt(const SessionKey& key, const SessionRecord& record, Turn& turn) {
  KeptSession kept;
  kept.stage = Stage::kStarted;
  kept.boot = gateways_[key.gateway].boot;
  kept.now.key = key;
  kept.now.session_id = record.session;
  kept.now.user_name = record.user;
  kept.now.calling_station = record.calling_station;
  kept.now.called_station = record.called_station;
  kept.now.port_id = record.interface_name;
  kept.now.addresses = AddressesOf(record);
  kept.opened_unix_seconds = std::max<std::int64_t>(record.started_unix_seconds, 0);
  kept.reported_unix_seconds = kept.opened_unix_seconds;
  kept.session_timeout = record.policy.session_timeout;
  if (!CheckLimits(kept.now)) return;
  const std::size_t octets = Encode(kept.now).size() + kLaterOctets;
  const auto session =
      sessions_.emplace(key, Session{SessionAccounting(std::move(kept), Seed())}).first;
  session->second.record_octets = octets;
  session->second.restored = true;
  session->second.machine.StartWasAcknowledged();
  ReserveFor(session->second, 1);
  Keep(session);
  Report(session, record, std::chrono::seconds(0), turn);
}

// It is over and its gateway has not said how.
void Accounting::Lose(const SessionKey& key, TerminateCause cause, Turn& turn) {
  const std::uint64_t stops = counters_.stopped;
  Feed(key, SessionOver{cause, /*keep=*/false}, turn);
  counters_.lost_sessions += counters_.stopped - stops;
}

void Accounting::LoseAbsent(const std::string& gateway, Turn& turn) {
  for (const SessionKey& key : SessionsOf(gateway)) {
    if (sessions_.at(key).absent) Lose(key, TerminateCause::kLostCarrier, turn);
  }
}

void Accounting::Detached(const std::string& gateway, const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  const auto found = gateways_.find(gateway);
  if (found == gateways_.end() || !found->second.attached) return;
  found->second.attached = false;
  found->second.since = moment.now;
  for (const SessionKey& key : SessionsOf(gateway)) {
    sessions_.at(key).attached = false;
    Feed(key, GatewayGone{}, turn);
  }
  Finish(turn);
}

// ---- Reports

void Accounting::Reported(const std::string& gateway, const NumberedReport& numbered,
                          const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  const SessionReport& report = numbered.report;
  const SessionKey key{gateway, report.record.session};
  const std::chrono::seconds age = Bounded(numbered.age);
  const auto session = sessions_.find(key);
  if (session != sessions_.end() && report.kind == SessionEventKind::kDown) {
    Feed(key, FactsArrived{FactsOf(report.record), age}, turn);
    Feed(key, SessionOver{report.cause, /*keep=*/false}, turn);
  } else if (session != sessions_.end()) {
    Report(session, report.record, age, turn);
    if (report.kind == SessionEventKind::kUp) Feed(key, SessionOpened{age}, turn);
  }
  const auto known = gateways_.find(gateway);
  if (known != gateways_.end() && known->second.reports_to > 0 &&
      numbered.sequence >= known->second.reports_to) {
    known->second.reports_to = 0;
    LoseAbsent(gateway, turn);
  }
  Finish(turn);
}

void Accounting::Counted(const std::string& gateway, const CountersBatch& batch,
                         const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  for (const CountersReport& entry : batch.entries) {
    Feed({gateway, entry.session}, CountersArrived{entry.counters}, turn);
  }
  Finish(turn);
}

// ---- Time

void Accounting::Tick(const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  for (std::size_t count = 0; count < kDuePerTick && !due_.empty(); ++count) {
    const auto [deadline, key] = *due_.begin();
    if (deadline > moment.now) break;
    const Session& session = sessions_.at(key);
    if (session.until && *session.until <= moment.now) {
      Expire(key, turn);
    } else {
      Feed(key, TimePassed{}, turn);
    }
  }
  GiveUpGateways(turn);
  Finish(turn);
}

// Not reported in time after its login, or its Stop is long made.
void Accounting::Expire(const SessionKey& key, Turn& turn) {
  const auto found = sessions_.find(key);
  const auto gateway = gateways_.find(key.gateway);
  const bool stopped = found->second.machine.state().stage == Stage::kStopped;
  if (!stopped && gateway != gateways_.end() && !gateway->second.attached) {
    // It could not be reported; its gateway's Hello will tell.
    found->second.until = turn.moment.now + kUnreported;
    Reschedule(found);
    return;
  }
  found->second.until.reset();
  Feed(key, SessionOver{TerminateCause::kNasError, /*keep=*/false}, turn);
}

void Accounting::GiveUpGateways(Turn& turn) {
  if (settings_.gateway_lost_after == std::chrono::seconds(0)) return;
  std::size_t left = kDuePerTick;
  for (auto& [name, gateway] : gateways_) {
    const bool over = !gateway.attached && !gateway.given_up &&
                      turn.moment.now >= gateway.since + settings_.gateway_lost_after;
    if (!over) continue;
    std::size_t ended = 0;
    for (const SessionKey& key : SessionsOf(name)) {
      const auto session = sessions_.find(key);
      if (session->second.machine.state().stage == Stage::kStopped) continue;
      if (left == 0) return;  // the next Tick goes on
      --left;
      ++ended;
      session->second.until = turn.moment.now + settings_.gateway_lost_after;
      const std::uint64_t stops = counters_.stopped;
      Feed(key, SessionOver{TerminateCause::kNasError, /*keep=*/true}, turn);
      counters_.lost_sessions += counters_.stopped - stops;
    }
    gateway.given_up = true;
    if (ended == 0) continue;
    turn.actions.emplace_back(WriteLog{
        LogLevel::kWarning, "accounting: gateway " + Escape(name) +
                                " has been away for too long: its sessions are closed with what "
                                "was known of them"});
  }
}

std::optional<TimePoint> Accounting::NextDeadline() const {
  std::optional<TimePoint> next;
  const auto earlier = [&next](const std::optional<TimePoint>& deadline) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  };
  if (!due_.empty()) earlier(due_.begin()->first);
  if (settings_.enabled) earlier(spool_.NextDeadline());
  if (settings_.gateway_lost_after > std::chrono::seconds(0)) {
    for (const auto& [name, gateway] : gateways_) {
      if (gateway.attached || gateway.given_up) continue;
      earlier(gateway.since + settings_.gateway_lost_after);
    }
  }
  return next;
}

}  // namespace sstpgw::cp::accounting
