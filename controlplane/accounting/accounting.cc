#include "controlplane/accounting/accounting.h"

#include <algorithm>
#include <array>

#include "proto/base/text.h"

namespace sstpgw::cp::accounting {
namespace {

constexpr std::size_t kRecordsOfSession = 2;  // Start and Stop, which must find room

// Gateways' names have no slash, so no two sessions have one text.
std::string KeyText(const SessionKey& key) { return key.Owner(); }

}  // namespace

Accounting::Accounting(AccountingSettings settings, Entropy& entropy)
    : settings_(std::move(settings)), entropy_(entropy) {
  spool_.SetLimits(settings_.spool);
}

std::uint64_t Accounting::Seed() {
  std::array<std::uint8_t, 8> octets{};
  entropy_.Fill(octets);
  std::uint64_t seed = 0;
  for (const std::uint8_t octet : octets) seed = (seed << 8) | octet;
  return seed;
}

const KeptSession* Accounting::Find(const SessionKey& key) const {
  const auto session = sessions_.find(key);
  return session == sessions_.end() ? nullptr : &session->second.machine.state();
}

// ---- Start

void Accounting::Restore(store::Table table, const std::string& key, ByteView value,
                         const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  if (table == store::Table::kSession) {
    RestoreSession(key, value, turn);
  } else if (table == store::Table::kSpool) {
    if (const Result<void> restored = spool_.Restore(key, value); !restored) {
      ++counters_.unreadable_rows;
      actions.emplace_back(
          WriteLog{LogLevel::kError, "accounting: " + Escape(restored.error().message)});
    }
  } else if (table == store::Table::kValue && key == SessionIds::kKey) {
    ids_row_.emplace(value.begin(), value.end());
  }
}

void Accounting::Begin(const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  ids_.emplace(ids_row_, moment.unix_seconds, journal_);
  for (auto& [key, session] : sessions_) {
    if (!spool_.HoldsStart(key)) session.machine.StartWasAcknowledged();
  }
  Finish(turn);
}

Result<std::string> Accounting::NewSessionId(const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  Result<std::string> id = ids_->Next();
  Finish(turn);
  return id;
}

void Accounting::RestoreSession(const std::string& key, ByteView value, Turn& turn) {
  Result<KeptSession> kept = DecodeKept(value);
  if (!kept || KeyText(kept->now.key) != key) {
    ++counters_.unreadable_rows;
    turn.actions.emplace_back(WriteLog{
        LogLevel::kError, "accounting: the row of session " + Escape(key) + " cannot be read: " +
                              (kept ? "it is another's" : kept.error().message)});
    return;
  }
  const SessionKey session_key = kept->now.key;
  const std::size_t octets = Encode(kept->now).size() + kLaterOctets;
  const Stage stage = kept->stage;
  const auto [session, added] =
      sessions_.emplace(session_key, Session{SessionAccounting(std::move(*kept), Seed())});
  if (!added) return;
  session->second.restored = true;
  session->second.record_octets = octets;
  if (stage == Stage::kStopped) {
    session->second.until = turn.moment.now + settings_.gateway_lost_after;
  } else {
    ReserveFor(session->second, stage == Stage::kStarted ? 1 : kRecordsOfSession);
  }
  gateways_.try_emplace(session_key.gateway, Gateway{"", false, false, turn.moment.now, 0});
  Reschedule(session);
}

void Accounting::SetSettings(const AccountingSettings& settings, const Moment& moment,
                             ActionList& actions) {
  Turn turn{moment, actions};
  const bool other = settings.enabled != settings_.enabled ||
                     settings.interim_interval != settings_.interim_interval ||
                     settings.interim_jitter != settings_.interim_jitter;
  settings_ = settings;
  spool_.SetLimits(settings_.spool);
  std::vector<SessionKey> keys;
  for (const auto& [key, session] : sessions_) keys.push_back(key);
  for (const SessionKey& key : keys) {
    if (other) Feed(key, SettingsChanged{}, turn);
    const auto session = sessions_.find(key);
    if (session != sessions_.end()) Reschedule(session);
  }
  Finish(turn);
}

// ---- Logins

void Accounting::ReserveFor(Session& session, std::size_t records) {
  spool_.ReserveAnyway({records, records * session.record_octets});
  session.mandatory += records;
}

void Accounting::Authorized(AccountedLogin login, const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  const auto known = sessions_.find(login.key);
  const auto turn_away = [&](std::string reason) {
    ++counters_.turned_away;
    actions.emplace_back(TurnAway{login.key, std::move(reason)});
  };
  if (!settings_.enabled) {
    actions.emplace_back(LetIn{login.key});
    return;
  }
  if (known != sessions_.end() && known->second.machine.state().stage != Stage::kAuthorized) {
    when_durable_.emplace(journal_.latest(), LetIn{login.key});
    Finish(turn);
    return;
  }
  KeptSession kept;
  kept.boot = std::move(login.boot);
  kept.now = std::move(login.record);
  kept.now.key = login.key;
  kept.now.status = RecordStatus::kStart;
  kept.now.server.clear();
  kept.now.event_unix_seconds = moment.unix_seconds;
  kept.now.session_seconds = 0;
  kept.now.counters = {};
  kept.now.terminate_cause = 0;
  kept.interim_interval = login.interim_interval;
  kept.session_timeout = login.session_timeout;
  if (const Result<void> fits = CheckLimits(kept.now); !fits) {
    turn_away(fits.error().message);
    return;
  }
  if (!StoreWrites()) {
    turn_away("the accounting store does not write");
    return;
  }
  const std::size_t octets = Encode(kept.now).size() + kLaterOctets;
  if (known != sessions_.end()) Drop(known);
  if (!spool_.Reserve({kRecordsOfSession, kRecordsOfSession * octets})) {
    turn_away("the accounting spool is full");
    Finish(turn);
    return;
  }
  if (std::exchange(on_off_waits_, false)) {
    for (const auto& [id, status] : spool_.DropOnOff()) {
      actions.emplace_back(WithdrawRecord{id, status});
    }
  }
  const auto session =
      sessions_.emplace(login.key, Session{SessionAccounting(std::move(kept), Seed())}).first;
  session->second.record_octets = octets;
  session->second.mandatory = kRecordsOfSession;
  session->second.until = moment.now + kUnreported;
  gateways_.try_emplace(login.key.gateway, Gateway{"", false, false, moment.now, 0});
  ++counters_.let_in;
  Keep(session);
  Reschedule(session);
  when_durable_.emplace(journal_.latest(), LetIn{login.key});
  Finish(turn);
}

// ---- One session

void Accounting::Feed(const SessionKey& key, const SessionEvent& event, Turn& turn) {
  const auto session = sessions_.find(key);
  if (session == sessions_.end()) return;
  SessionActions actions = session->second.machine.Step(event, turn.moment, settings_);
  for (SessionAction& action : actions) Obey(session, action, turn);
  const bool over = !actions.empty() && std::holds_alternative<Forget>(actions.back());
  if (over) {
    Drop(session);
  } else {
    Reschedule(session);
  }
}

void Accounting::Obey(Sessions::iterator session, SessionAction& action, Turn& turn) {
  const SessionKey& key = session->first;
  if (const auto* record = std::get_if<SpoolRecord>(&action)) {
    TakeRecord(session, record->record);
  } else if (std::holds_alternative<Save>(action)) {
    Keep(session);
  } else if (const auto* configure = std::get_if<ConfigureSession>(&action)) {
    if (configure->when_durable) {
      when_durable_.emplace(journal_.latest(), Configure{key});
    } else {
      turn.actions.emplace_back(Configure{key});
    }
  } else if (auto* end = std::get_if<EndSession>(&action)) {
    ++counters_.ended;
    turn.actions.emplace_back(OrderEnd{key, end->cause, std::move(end->reason)});
  }
}

void Accounting::TakeRecord(Sessions::iterator session, const AccountingRecord& record) {
  if (record.status == RecordStatus::kInterim) {
    if (!StoreWrites()) {
      ++counters_.held_interims;
    } else if (spool_.AppendInterim(record)) {
      ++counters_.interims;
    }
    return;
  }
  if (session->second.mandatory > 0) {
    --session->second.mandatory;
    spool_.Unreserve({1, session->second.record_octets});
  }
  spool_.Append(record);
  ++(record.status == RecordStatus::kStart ? counters_.started : counters_.stopped);
}

// A row without a record may wait until the store writes again; one with a record is in its batch.
void Accounting::Keep(Sessions::iterator session) {
  const KeptSession& kept = session->second.machine.state();
  if (!StoreWrites() && journal_.empty()) {
    unkept_.insert(session->first);
    return;
  }
  journal_.Put(store::Table::kSession, KeyText(session->first), Encode(kept));
}

void Accounting::Drop(Sessions::iterator session) {
  journal_.Erase(store::Table::kSession, KeyText(session->first));
  spool_.Unreserve(
      {session->second.mandatory, session->second.mandatory * session->second.record_octets});
  if (session->second.due) due_.erase({*session->second.due, session->first});
  unkept_.erase(session->first);
  sessions_.erase(session);
}

void Accounting::Reschedule(Sessions::iterator session) {
  Session& what = session->second;
  std::optional<TimePoint> next = what.machine.NextDeadline(settings_);
  if (what.until && (!next || *what.until < *next)) next = what.until;
  if (next == what.due) return;
  if (what.due) due_.erase({*what.due, session->first});
  if (next) due_.emplace(*next, session->first);
  what.due = next;
}

void Accounting::Opened(const SessionKey& key, const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  if (sessions_.count(key) == 0) {
    actions.emplace_back(Configure{key});
    return;
  }
  Feed(key, SessionOpened{}, turn);
  Finish(turn);
}

void Accounting::AddressesKnown(const SessionKey& key, const Addresses& addresses, bool complete,
                                const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  Feed(key, AddressesArrived{addresses, complete}, turn);
  Finish(turn);
}

Result<void> Accounting::Changed(const SessionKey& key, const PolicyChanged& change,
                                 const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  const auto session = sessions_.find(key);
  if (session == sessions_.end()) {
    return Fail(Error{ErrorCode::kNotFound, "no accounting of session " + Escape(KeyText(key))});
  }
  AccountingRecord wanted;
  wanted.classes = change.classes.value_or(std::vector<Bytes>());
  SG_RETURN_IF_ERROR(CheckLimits(wanted));
  Feed(key, change, turn);
  Session& what = session->second;
  const std::size_t records = std::exchange(what.mandatory, 0);
  spool_.Unreserve({records, records * what.record_octets});
  what.record_octets = Encode(what.machine.state().now).size() + kLaterOctets;
  ReserveFor(what, records);
  Finish(turn);
  return {};
}

}  // namespace sstpgw::cp::accounting
