// Accounting as the rest of the app sees it: joins the pure core (accounting/accounting.h) with the
// store's file and thread, the RADIUS client, both clocks and the log.
//
// - The store is opened by Start when sessions are to be accounted, or when there is a file of an
//   earlier run whose sessions and records must not be forgotten; else by Open once it is needed.
//   Without a store nobody waits for anything: logins are let in, held sessions released.
// - On shutdown: Conclude, while the loop still runs, and then Stop. Neither is needed for records:
//   they are on the disk and go on with the next start.
//
// Threads: everything in the app's thread. The store's thread reaches it through `post` alone; a
// task of it that runs after the desk is gone does nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/accounting/accounting.h"
#include "controlplane/app/radius_identity.h"
#include "controlplane/app/radius_link.h"
#include "controlplane/config/control_config.h"
#include "controlplane/config/radius_config.h"
#include "controlplane/session/actions.h"
#include "controlplane/store/sqlite_store.h"
#include "controlplane/store/store_thread.h"
#include "proto/base/entropy.h"
#include "proto/base/link.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

class AccountingDesk {
 public:
  using Post = std::function<void(std::function<void()>)>;
  // Called in the app's thread, also before the call that brings it about returns. They may call
  // the desk again.
  struct Callbacks {
    std::function<void(const SessionKey&)> opened;  // the login may be answered
    std::function<void(const SessionKey&, const std::string& reason)> refused;
    // The session may be configured; also said of sessions that are, and more than once.
    std::function<void(const SessionKey&)> release;
    std::function<void(const SessionKey&, TerminateCause, const std::string& reason)> end;
  };
  // Acknowledgements of one gateway that wait each for their own; of those beyond only the newest.
  static constexpr std::size_t kMaxWaiting = 64;
  // Of those that wait for what they said themselves to be kept.
  static constexpr std::size_t kMaxKeeping = 1024;

  // `link` and `entropy` must outlive this. `post` may be called from any thread, also after the
  // loop has ended (the task is dropped).
  AccountingDesk(RadiusLink& link, Entropy& entropy, Post post, Callbacks callbacks);
  // Requests on their way are cancelled. What the store has not written yet is left.
  ~AccountingDesk();
  AccountingDesk(const AccountingDesk&) = delete;
  AccountingDesk& operator=(const AccountingDesk&) = delete;

  // ---- Start and settings
  // Before anything else. An error (it names path, reason and remedy) with kRadius only: the
  // daemon should not start. With kLocal a file that cannot be opened is told in the log.
  [[nodiscard]] Result<void> Start(const std::string& state_directory, AuthMode mode);
  // Opens the store unless it is open; for a reload that is about to turn accounting on. Errors as
  // Start; nothing has changed then.
  [[nodiscard]] Result<void> OpenStore();
  // After RadiusLink::Configure. With accounting in it and no store: as OpenStore. `nas` is asked
  // whenever something is sent: there may be no route to the servers yet.
  [[nodiscard]] Result<void> Configure(const RadiusConfig* config, AuthMode mode,
                                       RadiusIdentity nas);
  // Whether logins are to be held and answered only by `opened` and `refused`. Without, Open says
  // `opened` at once.
  [[nodiscard]] bool enabled() const { return settings_.enabled; }

  // ---- Logins
  void Open(const OpenAccounting& login);

  // ---- What gateways say: all of it, in their order, duplicates included; after the core.
  void Attached(const Hello& hello);
  // Acknowledgements of it that wait are dropped.
  void Detached(const std::string& gateway);
  void Reported(const std::string& gateway, const ReportBatch& batch);
  void Counted(const std::string& gateway, const CountersBatch& batch);
  // Calls `then` when all that was said before is durable, at once if it is; those of one gateway
  // in their order. While the store does not write, one that was not called yet may be replaced by
  // a newer one of the same gateway: it should acknowledge all before it.
  void WhenDurable(const std::string& gateway, std::function<void()> then);

  // A CoA has been applied. kNotFound: no accounting of such a session. kInvalidArgument: no
  // record can hold these Class; nothing has changed.
  [[nodiscard]] Result<void> Change(const SessionKey& key, const accounting::PolicyChanged& change);
  // Whether Change would say kInvalidArgument.
  [[nodiscard]] static Result<void> CheckClasses(const std::vector<Bytes>& classes);

  // Calls `then` when all that was said before is durable, at once if it is; each of them, in their
  // order, unless the desk goes before.
  void WhenKept(std::function<void()> then);
  // Whether one may be waited for: kUnavailable while the store does not write, kResourceExhausted
  // while so many wait that it hardly does.
  [[nodiscard]] Result<void> CheckKeeps() const;

  // ---- Time
  void Tick();
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;

  // ---- Shutdown
  // Tells servers that the NAS goes down (Accounting-Off), if they are to be told and no session
  // goes on. `done` is called once, at once if there is nobody to tell, when every server has
  // answered or has been asked in vain. The caller bounds the wait.
  void Conclude(const std::function<void()>& done);
  // Waits for the disk only; true if all is durable. Not from a task of the desk's own. Afterwards
  // nothing but destruction.
  bool Stop(Duration patience);

  // ---- Views
  struct View {
    bool enabled = false;
    bool store_open = false;
    std::string path;  // of the store; empty without one
    bool stalled = false;
    bool near_full = false;
    std::size_t sessions = 0;
    std::size_t records = 0;                          // that no server has acknowledged yet
    std::size_t octets = 0;                           // of them
    std::optional<std::int64_t> oldest_unix_seconds;  // Event-Timestamp of the oldest of them
    std::size_t in_flight = 0;
    std::size_t max_records = 0;
    std::size_t max_octets = 0;
    accounting::AccountingCounters counters;
    accounting::SpoolCounters spool;
  };
  [[nodiscard]] View Look() const;
  // nullptr: no accounting of such a session. Valid until the next call.
  [[nodiscard]] const accounting::KeptSession* Find(const SessionKey& key) const;

 private:
  // Acknowledgements that wait for the disk, of one gateway.
  struct Waiting {
    struct One {
      accounting::DurableToken token;
      std::function<void()> then;
    };
    std::deque<One> ones;
    std::function<void()> later;  // the newest of those beyond kMaxWaiting; empty: none
  };

  [[nodiscard]] static accounting::Moment Now();
  // Restores what is in it.
  [[nodiscard]] Result<void> Adopt(store::SqliteStore::Opened opened);
  // Runs one call of the core and what it wants done.
  template <class Call>
  void Run(Call call) {
    accounting::ActionList actions;
    call(*accounting_, Now(), actions);
    Execute(std::move(actions));
  }
  // In order; what comes up meanwhile goes to the end.
  void Execute(accounting::ActionList actions);
  void Carry(accounting::Action& action);
  void SendOut(accounting::SendRecord& send);
  void Withdraw(const accounting::WithdrawRecord& record);
  // The end of one round of sending.
  void Over(accounting::RecordId id, accounting::RecordStatus status, bool acknowledged);
  void CountOff(accounting::RecordStatus status);
  void DropWaiting(const std::string& gateway);
  void TellDurable(accounting::DurableToken token);
  void AskDurable(const std::string& gateway, std::function<void()> then);
  void IfOpen(const std::string& gateway, const SessionRecord& record);
  [[nodiscard]] std::optional<radius::ServerId> ServerNamed(const std::string& name) const;

  RadiusLink& link_;
  Entropy& entropy_;
  Post post_;
  Callbacks callbacks_;
  accounting::AccountingSettings settings_;
  RadiusIdentity nas_;
  std::string directory_;
  std::string path_;
  bool acct_on_ = false;
  bool set_aside_ = false;               // the store was made anew: sessions may go on
  std::vector<std::string> servers_;     // that take accounting, in their order: "address:port"
  std::map<std::string, Hello> hellos_;  // of attached gateways, without sessions, until a store
  std::unique_ptr<accounting::Accounting> accounting_;  // once a store is open
  std::map<accounting::RecordId, std::optional<radius::RequestId>> in_flight_;
  std::map<std::string, Waiting> waiting_;
  std::map<accounting::DurableToken, std::string> tokens_;  // whose they are
  std::map<accounting::DurableToken, std::function<void()>> keeping_;
  std::uint64_t last_token_ = 0;
  std::size_t offs_ = 0;  // Accounting-Off that are to be answered
  std::function<void()> concluded_;
  std::deque<accounting::Action> to_do_;
  bool executing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<store::StoreThread> store_;  // last: its thread ends first
};

}  // namespace sstpgw::cp
