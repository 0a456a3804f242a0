#include "controlplane/app/accounting_desk.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "controlplane/app/accounting_values.h"
#include "controlplane/edge/local_clock.h"
#include "controlplane/edge/task_loop.h"
#include "controlplane/radius/accounting_request.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

using accounting::RecordId;
using accounting::RecordStatus;

bool IsAcknowledged(const RadiusLink::Outcome& outcome) {
  const auto* answered = std::get_if<radius::Answered>(&outcome);
  return answered != nullptr && answered->reply.code == radius::Code::kAccountingResponse;
}

}  // namespace

AccountingDesk::AccountingDesk(RadiusLink& link, Entropy& entropy, Post post, Callbacks callbacks)
    : link_(link), entropy_(entropy), post_(std::move(post)), callbacks_(std::move(callbacks)) {}

AccountingDesk::~AccountingDesk() {
  alive_.reset();
  for (const auto& [record, request] : in_flight_) {
    if (request) link_.Cancel(*request);
  }
}

accounting::Moment AccountingDesk::Now() { return {TaskLoop::Now(), UnixSeconds()}; }

// ---- Logins and gateways

void AccountingDesk::Open(const OpenAccounting& login) {
  if (accounting_ == nullptr) {
    callbacks_.opened(login.session);
    return;
  }
  Run([&](auto& core, const auto& when, auto& out) {
    const accounting::KeptSession* kept = core.Find(login.session);
    if (kept != nullptr && kept->stage == accounting::Stage::kStarted) {
      // It has logged in again: its records go on, with what it was told now. The time it may last
      // counts from its beginning, accounting's from now.
      accounting::PolicyChanged change;
      if (!login.facts.classes.empty()) change.classes = login.facts.classes;
      change.interim_interval = login.facts.interim_interval;
      const auto lasted = std::chrono::seconds(kept->now.session_seconds);
      change.session_timeout =
          login.session_timeout.count() == 0
              ? login.session_timeout
              : std::max(login.session_timeout - lasted, std::chrono::seconds(1));
      // Class that no record can hold leaves the former ones.
      (void)core.Changed(login.session, change, when, out);
    }
    core.Authorized(LoginOf(login), when, out);
  });
}

void AccountingDesk::DropWaiting(const std::string& gateway) {
  const auto waiting = waiting_.find(gateway);
  if (waiting == waiting_.end()) return;
  for (const Waiting::One& one : waiting->second.ones) tokens_.erase(one.token);
  waiting_.erase(waiting);
}

void AccountingDesk::Attached(const Hello& hello) {
  DropWaiting(hello.gateway_id);
  if (accounting_ == nullptr) {
    Hello& kept = hellos_[hello.gateway_id];
    kept = {};
    kept.gateway_id = hello.gateway_id;
    kept.boot_id = hello.boot_id;
  } else {
    Run([&](auto& core, const auto& when, auto& out) { core.Attached(hello, when, out); });
  }
  for (const SessionRecord& record : hello.sessions) IfOpen(hello.gateway_id, record);
}

void AccountingDesk::Detached(const std::string& gateway) {
  DropWaiting(gateway);
  hellos_.erase(gateway);
  if (accounting_ == nullptr) return;
  Run([&](auto& core, const auto& when, auto& out) { core.Detached(gateway, when, out); });
}

void AccountingDesk::Reported(const std::string& gateway, const ReportBatch& batch) {
  for (const NumberedReport& numbered : batch.reports) {
    if (accounting_ != nullptr) {
      Run([&](auto& core, const auto& when, auto& out) {
        core.Reported(gateway, numbered, when, out);
      });
    }
    if (numbered.report.kind != SessionEventKind::kDown) IfOpen(gateway, numbered.report.record);
  }
}

// A session that waits to be configured, or that is.
void AccountingDesk::IfOpen(const std::string& gateway, const SessionRecord& record) {
  const SessionKey key{gateway, record.session};
  if (accounting_ == nullptr) {
    if (record.held) callbacks_.release(key);
    return;
  }
  if (record.held) {
    Run([&](auto& core, const auto& when, auto& out) { core.Opened(key, when, out); });
    return;
  }
  const accounting::KeptSession* kept = accounting_->Find(key);
  const bool delaying = kept != nullptr && kept->stage == accounting::Stage::kDelaying;
  if (record.state != SessionState::kActive || !delaying) return;
  Run([&](auto& core, const auto& when, auto& out) {
    core.AddressesKnown(key, accounting::AddressesOf(record), HasAllAddresses(record), when, out);
  });
}

void AccountingDesk::Counted(const std::string& gateway, const CountersBatch& batch) {
  if (accounting_ == nullptr) return;
  Run([&](auto& core, const auto& when, auto& out) { core.Counted(gateway, batch, when, out); });
}

Result<void> AccountingDesk::Change(const SessionKey& key,
                                    const accounting::PolicyChanged& change) {
  if (accounting_ == nullptr) {
    return Fail(Error{ErrorCode::kNotFound, "no accounting of session " + Escape(key.Owner())});
  }
  Result<void> changed;
  Run([&](auto& core, const auto& when, auto& out) {
    changed = core.Changed(key, change, when, out);
  });
  return changed;
}

Result<void> AccountingDesk::CheckClasses(const std::vector<Bytes>& classes) {
  accounting::AccountingRecord record;
  record.classes = classes;
  return accounting::CheckLimits(record);
}

// ---- What is durable

void AccountingDesk::WhenDurable(const std::string& gateway, std::function<void()> then) {
  if (accounting_ == nullptr) {
    then();
    return;
  }
  Waiting& waiting = waiting_[gateway];
  if (waiting.later || waiting.ones.size() >= kMaxWaiting) {
    waiting.later = std::move(then);
  } else {
    AskDurable(gateway, std::move(then));
  }
}

void AccountingDesk::AskDurable(const std::string& gateway, std::function<void()> then) {
  const accounting::DurableToken token(++last_token_);
  tokens_.emplace(token, gateway);
  waiting_[gateway].ones.push_back({token, std::move(then)});
  Run([&](auto& core, const auto& when, auto& out) { core.WhenDurable(token, when, out); });
}

void AccountingDesk::WhenKept(std::function<void()> then) {
  if (accounting_ == nullptr) {
    then();
    return;
  }
  const accounting::DurableToken token(++last_token_);
  keeping_.emplace(token, std::move(then));
  Run([&](auto& core, const auto& when, auto& out) { core.WhenDurable(token, when, out); });
}

Result<void> AccountingDesk::CheckKeeps() const {
  if (accounting_ == nullptr) return {};
  if (accounting_->stalled()) {
    return Fail(Error{ErrorCode::kUnavailable, "the accounting store does not write"});
  }
  if (keeping_.size() >= kMaxKeeping) {
    return Fail(Error{ErrorCode::kResourceExhausted, "the accounting store is too slow"});
  }
  return {};
}

void AccountingDesk::TellDurable(accounting::DurableToken token) {
  if (const auto keeping = keeping_.extract(token); !keeping.empty()) {
    keeping.mapped()();
    return;
  }
  const auto named = tokens_.extract(token);
  if (named.empty()) return;  // its gateway has gone
  const std::string& gateway = named.mapped();
  Waiting& waiting = waiting_[gateway];
  const std::function<void()> then = std::move(waiting.ones.front().then);
  waiting.ones.pop_front();
  if (!waiting.ones.empty()) {
    then();
    return;
  }
  std::function<void()> later = std::exchange(waiting.later, nullptr);
  if (later) {
    AskDurable(gateway, std::move(later));
  } else {
    waiting_.erase(gateway);
  }
  then();
}

// ---- Carrying out

void AccountingDesk::Execute(accounting::ActionList actions) {
  for (accounting::Action& action : actions) to_do_.push_back(std::move(action));
  if (executing_) return;
  executing_ = true;
  while (!to_do_.empty()) {
    accounting::Action action = std::move(to_do_.front());
    to_do_.pop_front();
    Carry(action);
  }
  executing_ = false;
}

void AccountingDesk::Carry(accounting::Action& action) {
  if (auto* commit = std::get_if<accounting::CommitChanges>(&action)) {
    store_->Commit(commit->ticket, std::move(commit->changes));
  } else if (auto* send = std::get_if<accounting::SendRecord>(&action)) {
    SendOut(*send);
  } else if (const auto* untrue = std::get_if<accounting::WithdrawRecord>(&action)) {
    Withdraw(*untrue);
  } else if (const auto* in = std::get_if<accounting::LetIn>(&action)) {
    callbacks_.opened(in->key);
  } else if (const auto* away = std::get_if<accounting::TurnAway>(&action)) {
    callbacks_.refused(away->key, away->reason);
  } else if (const auto* configure = std::get_if<accounting::Configure>(&action)) {
    callbacks_.release(configure->key);
  } else if (const auto* end = std::get_if<accounting::OrderEnd>(&action)) {
    callbacks_.end(end->key, end->cause, end->reason);
  } else if (const auto* durable = std::get_if<accounting::AllDurable>(&action)) {
    TellDurable(durable->token);
  } else if (const auto* line = std::get_if<accounting::WriteLog>(&action)) {
    Log(line->level, line->text);
  }
}

std::optional<radius::ServerId> AccountingDesk::ServerNamed(const std::string& name) const {
  const radius::ClientView view = link_.View();
  for (const radius::ServerView& server : view.servers) {
    const bool takes =
        server.service(radius::Service::kAccounting).state != radius::ServiceState::kOff;
    if (takes && AccountingServerName(server.accounting) == name) return server.id;
  }
  return std::nullopt;
}

void AccountingDesk::SendOut(accounting::SendRecord& send) {
  const RecordId id = send.id;
  const RecordStatus status = send.record.status;
  radius::ClientRequest request;
  request.body =
      radius::AccountingRequestBody(RadiusRecordOf(send.record, Now().unix_seconds), nas_.Get());
  request.priority = status == RecordStatus::kStart ? radius::Priority::kInteractive
                                                    : radius::Priority::kBackground;
  request.interim = status == RecordStatus::kInterim;
  if (!send.record.server.empty()) {
    request.only = ServerNamed(send.record.server);
    if (!request.only) {
      // It is not in the configuration any more; nobody is left to be told.
      Over(id, status, /*acknowledged=*/true);
      return;
    }
  }
  in_flight_.emplace(id, std::nullopt);
  const radius::RequestId sent =
      link_.Submit(std::move(request), [this, id, status](const RadiusLink::Outcome& outcome) {
        in_flight_.erase(id);
        const auto* failed = std::get_if<radius::Failed>(&outcome);
        if (failed != nullptr) {
          const bool ours = failed->reason == radius::FailureReason::kUnsendable;
          Log(ours ? LogLevel::kError : LogLevel::kDebug, std::string("accounting: ") +
                                                              accounting::ToString(status) +
                                                              " stays: " + failed->text);
        }
        Over(id, status, IsAcknowledged(outcome));
      });
  const auto open = in_flight_.find(id);
  if (open != in_flight_.end()) open->second = sent;
}

void AccountingDesk::Over(RecordId id, RecordStatus status, bool acknowledged) {
  Run([&](auto& core, const auto& when, auto& out) {
    if (acknowledged) {
      core.Acknowledged(id, when, out);
    } else {
      core.Unanswered(id, when, out);
    }
  });
  CountOff(status);
}

void AccountingDesk::CountOff(RecordStatus status) {
  if (status == RecordStatus::kOff && offs_ > 0 && --offs_ == 0) {
    std::exchange(concluded_, nullptr)();
  }
}

void AccountingDesk::Withdraw(const accounting::WithdrawRecord& record) {
  const auto sent = in_flight_.find(record.id);
  if (sent != in_flight_.end()) {
    if (sent->second) link_.Cancel(*sent->second);
    in_flight_.erase(sent);
  }
  CountOff(record.status);
}

// ---- Time and views

void AccountingDesk::Tick() {
  if (accounting_ == nullptr) return;
  Run([](auto& core, const auto& when, auto& out) { core.Tick(when, out); });
}

std::optional<TimePoint> AccountingDesk::NextDeadline() const {
  return accounting_ == nullptr ? std::nullopt : accounting_->NextDeadline();
}

AccountingDesk::View AccountingDesk::Look() const {
  View view;
  view.enabled = settings_.enabled;
  view.store_open = accounting_ != nullptr;
  if (accounting_ == nullptr) return view;
  const accounting::Spool& spool = accounting_->spool();
  view.path = path_;
  view.stalled = accounting_->stalled();
  view.near_full = spool.level() == accounting::SpoolLevel::kNearFull;
  view.sessions = accounting_->session_count();
  view.records = spool.size();
  view.octets = spool.octets();
  view.oldest_unix_seconds = spool.OldestUnixSeconds();
  view.in_flight = spool.in_flight();
  view.max_records = spool.limits().records;
  view.max_octets = spool.limits().octets;
  view.counters = accounting_->counters();
  view.spool = spool.counters();
  return view;
}

const accounting::KeptSession* AccountingDesk::Find(const SessionKey& key) const {
  return accounting_ == nullptr ? nullptr : accounting_->Find(key);
}

}  // namespace sstpgw::cp
