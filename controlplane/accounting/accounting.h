// Accounting of all sessions of all gateways: one machine per session, one spool for their records,
// one journal of what is to be durable. Pure: every call says the time and appends to `actions`.
//
// What makes it survive a kill at any moment:
// - A login is let in only when a row for its session is durable. So a session that a gateway
//   carries and that has no row was let in without accounting, or has its Stop.
// - A record and the change of the session's row that goes with it are one batch, so no record is
//   made twice; it is sent only when that batch is durable.
// - What a report tells is dated when the gateway made it, however late it comes.
// - A gateway's reports are acknowledged only when what they brought is durable (WhenDurable). A
//   report that comes again finds the session's row changed or gone, and does nothing.
// - After a restart the rows and the spool are given to Restore; then each gateway's Hello says
//   which sessions are still carried. Those that are not get their Stop: with the final counters of
//   their own report if it follows, else with the last known ones, whose Event-Timestamp and
//   Acct-Session-Time are of the moment when these were true (NAS-Reboot after a new boot,
//   Lost-Carrier otherwise).
//
// What is done at most once per call is bounded: sessions due per Tick, records in flight.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "controlplane/accounting/actions.h"
#include "controlplane/accounting/session_accounting.h"
#include "controlplane/accounting/session_ids.h"
#include "controlplane/accounting/settings.h"
#include "controlplane/accounting/spool.h"
#include "controlplane/store/change.h"
#include "proto/base/entropy.h"
#include "proto/base/link.h"
#include "proto/base/result.h"

namespace sstpgw::cp::accounting {

// An accepted login, before it is answered.
struct AccountedLogin {
  SessionKey key;
  std::string boot;  // of the gateway that asks
  // What the question and the Access-Accept say: ids, user, Class, stations, port, addresses. key,
  // status, times and counters are not used.
  AccountingRecord record;
  std::optional<std::chrono::seconds> interim_interval;  // of the Access-Accept; 0: none
  std::chrono::seconds session_timeout{0};               // 0: none
};

struct AccountingCounters {
  std::uint64_t let_in = 0;
  std::uint64_t turned_away = 0;
  std::uint64_t started = 0;
  std::uint64_t interims = 0;
  std::uint64_t stopped = 0;
  std::uint64_t ended = 0;          // ordered to end for want of answers
  std::uint64_t held_interims = 0;  // not made while the store does not write
  std::uint64_t lost_sessions = 0;  // Stop with last known counters
  std::uint64_t unaccounted = 0;    // carried sessions without accounting seen in a Hello
  std::uint64_t store_stalls = 0;
  std::uint64_t unreadable_rows = 0;
};

class Accounting {
 public:
  static constexpr std::chrono::seconds kUnreported{120};
  static constexpr std::size_t kDuePerTick = 256;
  // Changes that wait for the store; beyond, it counts as one that does not write.
  static constexpr std::size_t kMaxBehind = 50'000;
  // Room for what a record has later than at login: addresses, the interface's name.
  static constexpr std::size_t kLaterOctets = 640;

  // The source of randomness must outlive this.
  Accounting(AccountingSettings settings, Entropy& entropy);
  Accounting(const Accounting&) = delete;
  Accounting& operator=(const Accounting&) = delete;

  // ---- Start. One row of kSpool or kSession; rows of other tables are ignored. All rows before
  // any other call. One that cannot be read stays where it is and is told in the log.
  void Restore(store::Table table, const std::string& key, ByteView value, const Moment& moment,
               ActionList& actions);
  // The store had to be made anew although sessions may be going on: those that gateways carry and
  // nobody knows are taken for started. They get Interim-Updates and a Stop, but no second Start.
  void AdoptUnknown() { adopt_unknown_ = true; }
  void Begin(const Moment& moment, ActionList& actions);

  // A new Acct-Session-Id. kUnavailable: the store has not written since the start, or for long.
  [[nodiscard]] Result<std::string> NewSessionId(const Moment& moment, ActionList& actions);

  // New settings; records that wait stay.
  void SetSettings(const AccountingSettings& settings, const Moment& moment, ActionList& actions);

  // ---- Logins. Ends with LetIn or TurnAway, at once or later. Asked again for the same session:
  // answered again.
  void Authorized(AccountedLogin login, const Moment& moment, ActionList& actions);

  // ---- What gateways say; all of it, in their order, duplicates included.
  void Attached(const Hello& hello, const Moment& moment, ActionList& actions);
  void Detached(const std::string& gateway, const Moment& moment, ActionList& actions);
  void Reported(const std::string& gateway, const NumberedReport& report, const Moment& moment,
                ActionList& actions);
  void Counted(const std::string& gateway, const CountersBatch& batch, const Moment& moment,
               ActionList& actions);
  // It waits to be configured (Configure follows). A report that it is up says the same.
  void Opened(const SessionKey& key, const Moment& moment, ActionList& actions);
  void AddressesKnown(const SessionKey& key, const Addresses& addresses, bool complete,
                      const Moment& moment, ActionList& actions);
  // A CoA. kNotFound: no accounting of such a session. kInvalidArgument: no record can hold these
  // Class; nothing has changed.
  Result<void> Changed(const SessionKey& key, const PolicyChanged& change, const Moment& moment,
                       ActionList& actions);

  // ---- The NAS itself. An On would tell a server that all sessions are over, so it is sent only
  // when there is none, and not any more once one has been let in (WithdrawRecord); likewise Off.
  // One per server.
  void ServiceStarted(const std::vector<std::string>& servers, const Moment& moment,
                      ActionList& actions);
  void ServiceStopping(const std::vector<std::string>& servers, const Moment& moment,
                       ActionList& actions);

  // ---- Outcome of SendRecord.
  void Acknowledged(RecordId id, const Moment& moment, ActionList& actions);
  void Unanswered(RecordId id, const Moment& moment, ActionList& actions);

  // ---- The store. Stalled: it cannot write now, keeps what it has been given and tries again.
  void Committed(store::Ticket ticket, const Moment& moment, ActionList& actions);
  void Stalled(const std::string& reason, const Moment& moment, ActionList& actions);
  // AllDurable follows, at once if nothing is to be waited for.
  void WhenDurable(DurableToken token, const Moment& moment, ActionList& actions);

  void Tick(const Moment& moment, ActionList& actions);
  // When Tick is needed next; may be early.
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;

  [[nodiscard]] const AccountingCounters& counters() const { return counters_; }
  [[nodiscard]] const Spool& spool() const { return spool_; }
  [[nodiscard]] std::size_t session_count() const { return sessions_.size(); }
  [[nodiscard]] bool stalled() const { return stalled_; }
  // nullptr: no accounting of such a session. Valid until the next call.
  [[nodiscard]] const KeptSession* Find(const SessionKey& key) const;

 private:
  struct Session {
    explicit Session(SessionAccounting accounting) : machine(std::move(accounting)) {}
    SessionAccounting machine;
    std::size_t record_octets = 0;   // at most, of each record to come
    std::size_t mandatory = 0;       // records to come for which room is reserved
    std::optional<TimePoint> until;  // unseen: when it is given up; kStopped: when it is forgotten
    std::optional<TimePoint> due;    // its entry in due_
    bool attached = false;           // the machine knows that its gateway is
    bool seen = false;               // by a report or a Hello to this process
    bool restored = false;
    bool absent = false;  // not in the Hello, but its own report may follow
  };
  using Sessions = std::map<SessionKey, Session>;
  struct Gateway {
    std::string boot;
    bool attached = false;
    bool given_up = false;  // its sessions are held to be over
    TimePoint since;        // attached or not attached
    std::uint64_t reports_to = 0;
  };
  // One call.
  struct Turn {
    const Moment& moment;
    ActionList& actions;
  };

  void RestoreSession(const std::string& key, ByteView value, Turn& turn);
  // Runs an event through its machine; nothing happens if there is none.
  void Feed(const SessionKey& key, const SessionEvent& event, Turn& turn);
  void Obey(Sessions::iterator session, SessionAction& action, Turn& turn);
  void TakeRecord(Sessions::iterator session, const AccountingRecord& record);
  void Keep(Sessions::iterator session);
  void Drop(Sessions::iterator session);
  void Reschedule(Sessions::iterator session);
  void ReserveFor(Session& session, std::size_t records);
  void Report(Sessions::iterator session, const SessionRecord& record, std::chrono::seconds age,
              Turn& turn);
  void Adopt(const SessionKey& key, const SessionRecord& record, Turn& turn);
  void Lose(const SessionKey& key, TerminateCause cause, Turn& turn);
  void LoseAbsent(const std::string& gateway, Turn& turn);
  void TakeHello(const SessionKey& key, const SessionRecord* record, const Hello& hello,
                 Turn& turn);
  void GiveUpGateways(Turn& turn);
  void Expire(const SessionKey& key, Turn& turn);
  [[nodiscard]] std::vector<SessionKey> SessionsOf(const std::string& gateway) const;
  [[nodiscard]] bool StoreWrites() const { return !stalled_ && journal_.behind() <= kMaxBehind; }
  [[nodiscard]] std::uint64_t Seed();
  [[nodiscard]] bool AnySessionOpen() const;
  void AppendOnOff(RecordStatus status, const std::vector<std::string>& servers, Turn& turn);

  // What has become durable, what can be sent, what is to be kept.
  void Finish(Turn& turn);
  void TellDurable(Turn& turn);
  void TellLevel(Turn& turn);

  AccountingSettings settings_;
  Entropy& entropy_;
  AccountingCounters counters_;
  store::Journal journal_;
  Spool spool_{journal_};
  std::optional<Bytes> ids_row_;
  std::optional<SessionIds> ids_;  // from Begin on
  Sessions sessions_;
  std::map<std::string, Gateway> gateways_;
  std::set<std::pair<TimePoint, SessionKey>> due_;
  std::multimap<store::Ticket, std::variant<LetIn, Configure, AllDurable>> when_durable_;
  std::set<SessionKey> unkept_;  // changed while the store did not write
  bool stalled_ = false;
  bool adopt_unknown_ = false;
  bool on_off_waits_ = false;
  SpoolLevel told_level_ = SpoolLevel::kRoomy;
};

}  // namespace sstpgw::cp::accounting
