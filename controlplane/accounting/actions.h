// What accounting wants done, in order. Values only; the app carries them out.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "controlplane/accounting/record.h"
#include "controlplane/accounting/spool.h"
#include "controlplane/session/session_key.h"
#include "controlplane/store/change.h"
#include "proto/base/log_level.h"
#include "proto/base/messages.h"

namespace sstpgw::cp::accounting {

// Names one wish to know when all is durable; given by whoever wishes.
using DurableToken = Strong<struct DurableTokenTag, std::uint64_t>;

// Give it to the store. Accounting::Committed says that it is durable.
struct CommitChanges {
  store::Ticket ticket;
  store::ChangeList changes;
};
// Give it to the RADIUS client: one round over all tries and servers, ended by
// Accounting::Acknowledged or Unanswered. Acct-Delay-Time is the time of sending less
// record.event_unix_seconds. record.server, if there is one, is the only server that is meant.
struct SendRecord {
  RecordId id;
  AccountingRecord record;
};
// What it says is not true any more: it must not be sent again, and nobody waits for its answer. It
// need not be on its way.
struct WithdrawRecord {
  RecordId id;
  RecordStatus status = RecordStatus::kOn;
};
// The login may be answered: what accounting must remember of it is durable.
struct LetIn {
  SessionKey key;
};
// The login must be refused; there is no room or no store for its records.
struct TurnAway {
  SessionKey key;
  std::string reason;
};
// The session may be configured. Said again after a restart; also of sessions without accounting.
struct Configure {
  SessionKey key;
};
// Order its end; its Stop is made when its gateway says that it is over.
struct OrderEnd {
  SessionKey key;
  TerminateCause cause = TerminateCause::kNasError;
  std::string reason;
};
// All that was said before WhenDurable(token) is durable.
struct AllDurable {
  DurableToken token;
};
struct WriteLog {
  LogLevel level = LogLevel::kInfo;
  std::string text;  // foreign text in it is escaped
};

using Action = std::variant<CommitChanges, SendRecord, WithdrawRecord, LetIn, TurnAway, Configure,
                            OrderEnd, AllDurable, WriteLog>;
using ActionList = std::vector<Action>;

}  // namespace sstpgw::cp::accounting
