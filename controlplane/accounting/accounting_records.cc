// The part of Accounting that deals with servers and the store.
#include <algorithm>

#include "controlplane/accounting/accounting.h"
#include "proto/base/text.h"

namespace sstpgw::cp::accounting {

// ---- Servers

bool Accounting::AnySessionOpen() const {
  return std::any_of(sessions_.begin(), sessions_.end(), [](const auto& session) {
    return session.second.machine.state().stage != Stage::kStopped;
  });
}

void Accounting::AppendOnOff(RecordStatus status, const std::vector<std::string>& servers,
                             Turn& turn) {
  if (!settings_.enabled || servers.empty()) return;
  if (AnySessionOpen()) {
    turn.actions.emplace_back(WriteLog{
        LogLevel::kInfo, std::string("accounting: ") + ToString(status) + " is not sent, since " +
                             std::to_string(sessions_.size()) + " sessions go on"});
    return;
  }
  for (const std::string& server : servers) {
    AccountingRecord record;
    record.status = status;
    record.server = server;
    record.event_unix_seconds = turn.moment.unix_seconds;
    spool_.Append(record);
  }
  on_off_waits_ = true;
}

void Accounting::ServiceStarted(const std::vector<std::string>& servers, const Moment& moment,
                                ActionList& actions) {
  Turn turn{moment, actions};
  AppendOnOff(RecordStatus::kOn, servers, turn);
  Finish(turn);
}

void Accounting::ServiceStopping(const std::vector<std::string>& servers, const Moment& moment,
                                 ActionList& actions) {
  Turn turn{moment, actions};
  AppendOnOff(RecordStatus::kOff, servers, turn);
  Finish(turn);
}

void Accounting::Acknowledged(RecordId id, const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  if (const auto record = spool_.Acknowledged(id)) {
    Feed(record->first, RecordAcknowledged{record->second}, turn);
  }
  Finish(turn);
}

void Accounting::Unanswered(RecordId id, const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  if (const auto record = spool_.Unanswered(id, moment.now)) {
    Feed(record->first, RecordUnanswered{record->second}, turn);
  }
  Finish(turn);
}

// ---- Store

void Accounting::Committed(store::Ticket ticket, const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  journal_.Committed(ticket);
  if (std::exchange(stalled_, false)) {
    actions.emplace_back(WriteLog{LogLevel::kInfo, "accounting: the store writes again"});
  }
  if (StoreWrites()) {
    for (const SessionKey& key : std::exchange(unkept_, {})) {
      const auto session = sessions_.find(key);
      if (session != sessions_.end()) Keep(session);
    }
  }
  spool_.Committed(moment.now);
  Finish(turn);
}

void Accounting::Stalled(const std::string& reason, const Moment& /*moment*/, ActionList& actions) {
  if (stalled_) return;
  stalled_ = true;
  ++counters_.store_stalls;
  actions.emplace_back(WriteLog{
      LogLevel::kError, "accounting: the store does not write (" + Escape(reason) +
                            "): new sessions are refused and nothing is sent until it does"});
}

void Accounting::WhenDurable(DurableToken token, const Moment& moment, ActionList& actions) {
  Turn turn{moment, actions};
  when_durable_.emplace(journal_.latest(), AllDurable{token});
  Finish(turn);
}

// ---- End of each call

void Accounting::Finish(Turn& turn) {
  if (settings_.enabled) {
    while (auto offer = spool_.TakeNext(turn.moment.now)) {
      Feed(offer->record.key, RecordOffered{offer->record.status}, turn);
      turn.actions.emplace_back(SendRecord{offer->id, std::move(offer->record)});
    }
  }
  TellDurable(turn);
  TellLevel(turn);
  if (!journal_.empty()) {
    const store::Ticket ticket = journal_.current();
    turn.actions.emplace_back(CommitChanges{ticket, journal_.Take()});
  }
}

void Accounting::TellDurable(Turn& turn) {
  while (!when_durable_.empty() && journal_.IsDurable(when_durable_.begin()->first)) {
    auto told = when_durable_.extract(when_durable_.begin());
    std::visit([&turn](auto& what) { turn.actions.emplace_back(std::move(what)); }, told.mapped());
  }
}

void Accounting::TellLevel(Turn& turn) {
  if (spool_.level() == told_level_) return;
  told_level_ = spool_.level();
  const std::string fill = std::to_string(spool_.size()) + " records wait and room for " +
                           std::to_string(spool_.reserved().records) + " is reserved, of " +
                           std::to_string(spool_.limits().records);
  if (told_level_ == SpoolLevel::kNearFull) {
    turn.actions.emplace_back(WriteLog{
        LogLevel::kWarning, "accounting: the spool is nearly full (" + fill +
                                "); next, Interim-Updates are dropped and new sessions refused"});
  } else {
    turn.actions.emplace_back(
        WriteLog{LogLevel::kInfo, "accounting: the spool has room again (" + fill + ")"});
  }
}

}  // namespace sstpgw::cp::accounting
