// The accounting of one session: which record is due when. Pure: Step(event, moment) -> actions.
//
//   kAuthorized --open--> [kDelaying --addresses complete, delay over-->] kStarted --over-->
//   kStopped
//                          Start ^                                Interim ^  ^      Stop ^
//
// - Interim-Updates (features 6.4): every interval, each period random within the jitter, never
//   sooner than 10 s after the one before; the first one as if a period had been going on for a
//   random time 10 s after the Start, so that sessions which began together report as evenly as
//   if they had not, from then on. None while the one before is
//   with a server, in the last 10 s before the session's own end, or while the gateway is not
//   attached, since nothing new is known then. A change of addresses (IPv6 that opens late,
//   prefixes that the client takes) or of the interface's name brings one at once, even if there is
//   no interval. Delegated prefixes stay the session's when the client gives them back, and a
//   session that is ending keeps the addresses that it had.
// - A session that was never open has no records. One that was gets Start and Stop, whatever is
//   lost in between; counters never go back.
// - What it is told twice changes nothing.
//
// The random numbers of its periods follow from the seed. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "controlplane/accounting/kept_session.h"
#include "controlplane/accounting/settings.h"

namespace sstpgw::cp::accounting {

// What a gateway tells of a session.
struct SessionFacts {
  SessionState state = SessionState::kStarting;
  std::string port_id;  // empty: not known
  // As far as they are known. Of `ipv6_only` no IPv4 is in use; else zero is not known.
  Addresses addresses;
  bool ipv6_only = false;
  std::uint64_t session_seconds = 0;
  TrafficCounters counters;
};
[[nodiscard]] SessionFacts FactsOf(const SessionRecord& record);
// Those in use, by what the network layers have agreed on: a delegated prefix is when the client
// has taken it.
[[nodiscard]] Addresses AddressesOf(const SessionRecord& record);

// ---- Events
// Its network protocols are open: it wants to be configured, or is. `age`: for so long.
struct SessionOpened {
  std::chrono::seconds age{0};
};
// `age`: how long ago they were true.
struct FactsArrived {
  SessionFacts facts;
  std::chrono::seconds age{0};
};
struct CountersArrived {
  TrafficCounters counters;
};
// All addresses known now. `complete`: no more are to come.
struct AddressesArrived {
  Addresses addresses;
  bool complete = false;
};
// Its gateway is attached and carries it. Facts come first.
struct GatewayBack {};
struct GatewayGone {};
// What became of its record at the servers.
struct RecordOffered {
  RecordStatus status = RecordStatus::kStart;
};
struct RecordAcknowledged {
  RecordStatus status = RecordStatus::kStart;
};
struct RecordUnanswered {
  RecordStatus status = RecordStatus::kStart;
};
// By a CoA; what is absent stays.
struct PolicyChanged {
  std::optional<std::vector<Bytes>> classes;
  std::optional<std::chrono::seconds> interim_interval;  // 0: none
  std::optional<std::chrono::seconds> session_timeout;   // from now; 0: none
};
struct SessionOver {
  TerminateCause cause = TerminateCause::kNone;
  // It may still be carried by a gateway that is lost: what is known of it is kept.
  bool keep = false;
};
struct SettingsChanged {};
struct TimePassed {};
using SessionEvent =
    std::variant<SessionOpened, FactsArrived, CountersArrived, AddressesArrived, GatewayBack,
                 GatewayGone, RecordOffered, RecordAcknowledged, RecordUnanswered, PolicyChanged,
                 SessionOver, SettingsChanged, TimePassed>;

// ---- Actions, in order
struct SpoolRecord {
  AccountingRecord record;
};
// Keep state().
struct Save {};
// It may be configured: at once, or when all said so far is durable.
struct ConfigureSession {
  bool when_durable = false;
};
struct EndSession {
  TerminateCause cause = TerminateCause::kNasError;
  std::string reason;
};
// It is over: keep nothing of it.
struct Forget {};
using SessionAction = std::variant<SpoolRecord, Save, ConfigureSession, EndSession, Forget>;
using SessionActions = std::vector<SessionAction>;

class SessionAccounting {
 public:
  static constexpr std::chrono::seconds kShortestPeriod{10};
  static constexpr std::chrono::seconds kQuietBeforeEnd{10};

  SessionAccounting(KeptSession state, std::uint64_t seed)
      : state_(std::move(state)), random_(seed) {}

  // `settings` may be others each time; after a change give SettingsChanged.
  [[nodiscard]] SessionActions Step(const SessionEvent& event, const Moment& moment,
                                    const AccountingSettings& settings);
  // When TimePassed is needed next.
  [[nodiscard]] std::optional<TimePoint> NextDeadline(const AccountingSettings& settings) const;

  [[nodiscard]] const KeptSession& state() const { return state_; }
  // After a restart, if the spool does not hold its Start.
  void StartWasAcknowledged() { start_acknowledged_ = true; }

 private:
  struct Context {
    const Moment& moment;
    const AccountingSettings& settings;
    SessionActions& actions;
  };
  void Handle(const SessionOpened& event, Context& c);
  void Handle(const FactsArrived& event, Context& c);
  void Handle(const CountersArrived& event, Context& c);
  void Handle(const AddressesArrived& event, Context& c);
  void Handle(const GatewayBack& event, Context& c);
  void Handle(const GatewayGone& event, Context& c);
  void Handle(const RecordOffered& event, Context& c);
  void Handle(const RecordAcknowledged& event, Context& c);
  void Handle(const RecordUnanswered& event, Context& c);
  void Handle(const PolicyChanged& event, Context& c);
  void Handle(const SessionOver& event, Context& c);
  void Handle(const SettingsChanged& event, Context& c);
  void Handle(const TimePassed& event, Context& c);

  void MakeStart(Context& c);
  void MakeInterim(Context& c);
  void DueInterim(Context& c);
  void End(const std::string& reason, Context& c);
  // It lived on until now.
  void Touch(const Moment& moment);
  // It lived so long ago, or longer than that is known already.
  void TouchBefore(std::chrono::seconds age, const Moment& moment);
  void TakeCounters(const TrafficCounters& counters);
  void TakeAddresses(const SessionFacts& facts);
  void SaveSoon(Context& c);
  void SaveNow(Context& c);

  // Zero: no Interim-Updates now.
  [[nodiscard]] std::chrono::seconds Interval(const AccountingSettings& settings) const;
  void ScheduleFirst(Context& c);
  void ScheduleAfterReturn(Context& c);
  [[nodiscard]] Duration Period(const AccountingSettings& settings);
  // What is left of a period that began nobody knows when.
  [[nodiscard]] Duration RestOfPeriod(const AccountingSettings& settings);
  [[nodiscard]] Duration Between(Duration least, Duration most);
  [[nodiscard]] bool EndsSoon() const;
  [[nodiscard]] std::chrono::seconds Lived() const;

  KeptSession state_;
  std::uint64_t random_ = 0;
  TimePoint lived_until_;  // when state_.now.session_seconds was true; while attached
  SessionState said_ = SessionState::kStarting;  // by its gateway
  bool attached_ = false;
  bool waits_for_start_ = false;  // to be configured
  bool start_acknowledged_ = false;
  bool interim_in_flight_ = false;
  bool ending_ = false;                        // ordered to end
  std::optional<TimePoint> unanswered_since_;  // an Interim-Update
  std::optional<TimePoint> start_at_;          // kDelaying
  std::optional<TimePoint> next_interim_;
  std::optional<TimePoint> parked_interim_;  // while not attached: when it would have been
  std::optional<TimePoint> save_at_;
};

}  // namespace sstpgw::cp::accounting
