#include "controlplane/accounting/session_accounting.h"

#include <algorithm>
#include <utility>

namespace sstpgw::cp::accounting {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

// So that no sum of times overflows.
constexpr seconds kLongestPeriod{365 * 24 * 3600};

// The next number of a sequence that follows from its start (SplitMix64).
std::uint64_t NextRandom(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  std::uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace

SessionActions SessionAccounting::Step(const SessionEvent& event, const Moment& moment,
                                       const AccountingSettings& settings) {
  SessionActions actions;
  Context context{moment, settings, actions};
  std::visit([&](const auto& what) { Handle(what, context); }, event);
  return actions;
}

std::optional<TimePoint> SessionAccounting::NextDeadline(const AccountingSettings& settings) const {
  std::optional<TimePoint> next;
  const auto earlier = [&next](const std::optional<TimePoint>& deadline) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  };
  earlier(start_at_);
  earlier(next_interim_);
  earlier(save_at_);
  if (unanswered_since_ && settings.acct_timeout > seconds(0) && !ending_) {
    earlier(*unanswered_since_ + settings.acct_timeout);
  }
  return next;
}

// ---- Records

void SessionAccounting::MakeStart(Context& c) {
  AccountingRecord start = state_.now;
  start.status = RecordStatus::kStart;
  start.event_unix_seconds = state_.opened_unix_seconds;
  start.session_seconds = 0;
  start.counters = {};
  state_.stage = Stage::kStarted;
  state_.reported_unix_seconds = state_.opened_unix_seconds;
  start_at_.reset();
  c.actions.emplace_back(SpoolRecord{std::move(start)});
  SaveNow(c);
  ScheduleFirst(c);
}

void SessionAccounting::MakeInterim(Context& c) {
  Touch(c.moment);
  AccountingRecord interim = state_.now;
  interim.status = RecordStatus::kInterim;
  state_.reported_unix_seconds = c.moment.unix_seconds;
  c.actions.emplace_back(SpoolRecord{std::move(interim)});
  SaveNow(c);
}

void SessionAccounting::End(const std::string& reason, Context& c) {
  if (ending_) return;
  ending_ = true;
  next_interim_.reset();
  c.actions.emplace_back(EndSession{TerminateCause::kNasError, reason});
}

// ---- What is known

void SessionAccounting::Touch(const Moment& moment) {
  if (!attached_ || state_.stage == Stage::kStopped || moment.now <= lived_until_) return;
  const auto lived = duration_cast<seconds>(moment.now - lived_until_);
  lived_until_ += lived;
  state_.now.session_seconds += static_cast<std::uint64_t>(lived.count());
  state_.now.event_unix_seconds = moment.unix_seconds;
}

void SessionAccounting::TouchBefore(seconds age, const Moment& moment) {
  std::int64_t& event = state_.now.event_unix_seconds;
  const std::int64_t then = moment.unix_seconds - age.count();
  // Of this very moment, whatever a clock that was put back says.
  event = age == seconds(0) ? then : std::max(event, then);
  lived_until_ = std::max<TimePoint>(lived_until_, moment.now - age);
}

void SessionAccounting::TakeCounters(const TrafficCounters& counters) {
  TrafficCounters& known = state_.now.counters;
  known.rx_bytes = std::max(known.rx_bytes, counters.rx_bytes);
  known.tx_bytes = std::max(known.tx_bytes, counters.tx_bytes);
  known.rx_packets = std::max(known.rx_packets, counters.rx_packets);
  known.tx_packets = std::max(known.tx_packets, counters.tx_packets);
}

void SessionAccounting::SaveSoon(Context& c) {
  const Duration most = c.settings.counters_kept_every;
  if (!save_at_) save_at_ = c.moment.now + Between(most / 2, most);
}

void SessionAccounting::SaveNow(Context& c) {
  save_at_.reset();
  c.actions.emplace_back(Save{});
}

// ---- When

seconds SessionAccounting::Interval(const AccountingSettings& settings) const {
  if (!settings.enabled || !attached_ || ending_ || state_.stage != Stage::kStarted) {
    return seconds(0);
  }
  const seconds wanted = state_.interim_interval.value_or(settings.interim_interval);
  return wanted > seconds(0) ? std::clamp(wanted, kShortestPeriod, kLongestPeriod) : seconds(0);
}

Duration SessionAccounting::Between(Duration least, Duration most) {
  const auto steps = duration_cast<milliseconds>(most - least).count();
  if (steps <= 0) return least;
  return least + milliseconds(NextRandom(random_) % static_cast<std::uint64_t>(steps + 1));
}

Duration SessionAccounting::Period(const AccountingSettings& settings) {
  const seconds interval = Interval(settings);
  const seconds jitter = std::min(settings.interim_jitter, interval);
  return std::max<Duration>(Between(interval - jitter, interval + jitter), kShortestPeriod);
}

void SessionAccounting::ScheduleFirst(Context& c) {
  const seconds interval = Interval(c.settings);
  next_interim_.reset();
  if (interval == seconds(0)) return;
  next_interim_ = c.moment.now + kShortestPeriod;
  if (interval > kShortestPeriod) *next_interim_ += RestOfPeriod(c.settings);
}

// At any moment, a longer period is more likely to be the one that goes on.
Duration SessionAccounting::RestOfPeriod(const AccountingSettings& settings) {
  const seconds interval = Interval(settings);
  const Duration longest = interval + std::min(settings.interim_jitter, interval);
  Duration period = Period(settings);
  Duration passed = Between({}, longest);
  while (passed > period) {  // every second time at most
    period = Period(settings);
    passed = Between({}, longest);
  }
  return period - passed;
}

// Where the period before goes on, if it is not over; else anywhere in a whole one, since all
// sessions of a gateway come back at one time.
void SessionAccounting::ScheduleAfterReturn(Context& c) {
  const auto parked = std::exchange(parked_interim_, std::nullopt);
  next_interim_.reset();
  const seconds interval = Interval(c.settings);
  if (interval == seconds(0)) return;
  if (parked && *parked > c.moment.now) {
    next_interim_ = parked;
    return;
  }
  const bool first = state_.reported_unix_seconds == state_.opened_unix_seconds;
  const auto period = first ? interval : duration_cast<seconds>(Period(c.settings));
  const std::int64_t passed = c.moment.unix_seconds - state_.reported_unix_seconds;
  Duration wait = Between(seconds(1), interval);
  if (passed >= 0 && passed < period.count()) {
    const seconds left = period - seconds(passed);
    wait = first ? Between(seconds(1), left) : left;
  }
  next_interim_ = c.moment.now + wait;
}

seconds SessionAccounting::Lived() const {
  const auto most = static_cast<std::uint64_t>(kMaxSeconds.count());
  return seconds(static_cast<std::int64_t>(std::min(state_.now.session_seconds, most)));
}

bool SessionAccounting::EndsSoon() const {
  const seconds end = state_.session_timeout;
  return end > seconds(0) && Lived() + kQuietBeforeEnd >= end;
}

void SessionAccounting::DueInterim(Context& c) {
  if (Interval(c.settings) == seconds(0)) {
    next_interim_.reset();
    return;
  }
  next_interim_ = c.moment.now + Period(c.settings);
  Touch(c.moment);
  if (!EndsSoon() && !interim_in_flight_) MakeInterim(c);
}

// Of a session that is ending the network layers are closed already: only what was never told is
// taken then.
void SessionAccounting::TakeAddresses(const SessionFacts& facts) {
  Addresses& now = state_.now.addresses;
  const Addresses& told = facts.addresses;
  const bool ending = facts.state == SessionState::kFinishing;
  if (!told.ipv4.is_zero() || (facts.ipv6_only && !ending)) now.ipv4 = told.ipv4;
  if (!ending || told.interface_id) now.interface_id = told.interface_id;
  if (!ending || told.ipv6) now.ipv6 = told.ipv6;
  if (!ending || !told.prefixes.empty()) now.prefixes = told.prefixes;
  if (!told.delegated.empty()) now.delegated = told.delegated;
}

// ---- Events

void SessionAccounting::Handle(const SessionOpened& event, Context& c) {
  if (state_.stage != Stage::kAuthorized) return;
  if (!c.settings.enabled) {
    // Switched off since its login.
    c.actions.emplace_back(ConfigureSession{});
    c.actions.emplace_back(Forget{});
    return;
  }
  const std::int64_t opened = c.moment.unix_seconds - event.age.count();
  state_.opened_unix_seconds = std::max<std::int64_t>(opened, 0);
  if (c.settings.start_delay > seconds(0)) {
    state_.stage = Stage::kDelaying;
    start_at_ = c.moment.now + c.settings.start_delay;
    SaveNow(c);
    c.actions.emplace_back(ConfigureSession{/*when_durable=*/true});
    return;
  }
  MakeStart(c);
  if (c.settings.start_wait) {
    waits_for_start_ = true;
  } else {
    c.actions.emplace_back(ConfigureSession{/*when_durable=*/true});
  }
}

void SessionAccounting::Handle(const FactsArrived& event, Context& c) {
  if (state_.stage == Stage::kStopped) return;
  const SessionFacts& facts = event.facts;
  AccountingRecord& now = state_.now;
  const AccountingRecord before = now;
  now.session_seconds = std::max(now.session_seconds, facts.session_seconds);
  TouchBefore(event.age, c.moment);
  TakeCounters(facts.counters);
  if (!facts.port_id.empty()) now.port_id = facts.port_id;
  TakeAddresses(facts);
  said_ = facts.state;
  if (said_ != SessionState::kStarting) waits_for_start_ = false;
  const bool other = now.port_id != before.port_id || now.addresses != before.addresses;
  if (other && state_.stage == Stage::kStarted && c.settings.enabled && !ending_) {
    MakeInterim(c);
  } else if (other || now.counters != before.counters) {
    SaveSoon(c);
  }
}

void SessionAccounting::Handle(const CountersArrived& event, Context& c) {
  if (state_.stage == Stage::kStopped) return;
  Touch(c.moment);
  state_.now.event_unix_seconds = c.moment.unix_seconds;
  TakeCounters(event.counters);
  SaveSoon(c);
}

void SessionAccounting::Handle(const AddressesArrived& event, Context& c) {
  if (state_.stage == Stage::kStopped) return;
  const bool other = state_.now.addresses != event.addresses;
  state_.now.addresses = event.addresses;
  if (state_.stage == Stage::kDelaying && event.complete) {
    MakeStart(c);
  } else if (other && state_.stage == Stage::kStarted && c.settings.enabled && !ending_) {
    MakeInterim(c);
  } else if (other) {
    SaveNow(c);
  }
}

void SessionAccounting::Handle(const GatewayBack& /*event*/, Context& c) {
  const bool was_away = !std::exchange(attached_, true);
  lived_until_ = c.moment.now;
  if (state_.stage == Stage::kDelaying && !start_at_) {
    start_at_ = c.moment.now + c.settings.start_delay;
  }
  if (was_away) ScheduleAfterReturn(c);
  // What it was told to do may have been lost with its stream, or with a control plane before this.
  const bool open = state_.stage == Stage::kDelaying || state_.stage == Stage::kStarted;
  if (!open || said_ != SessionState::kStarting) return;
  const bool waits = c.settings.start_wait && state_.stage == Stage::kStarted;
  if (waits && !start_acknowledged_ && c.settings.enabled) {
    waits_for_start_ = true;
  } else {
    c.actions.emplace_back(ConfigureSession{/*when_durable=*/!waits});
  }
}

void SessionAccounting::Handle(const GatewayGone& /*event*/, Context& c) {
  if (!attached_) return;
  Touch(c.moment);
  attached_ = false;
  parked_interim_ = std::exchange(next_interim_, std::nullopt);
  if (state_.stage != Stage::kStopped) SaveSoon(c);
}

void SessionAccounting::Handle(const RecordOffered& event, Context& c) {
  if (event.status != RecordStatus::kInterim) return;
  interim_in_flight_ = true;
  if (!unanswered_since_) unanswered_since_ = c.moment.now;
}

void SessionAccounting::Handle(const RecordAcknowledged& event, Context& c) {
  if (event.status == RecordStatus::kInterim) {
    interim_in_flight_ = false;
    unanswered_since_.reset();
  } else if (event.status == RecordStatus::kStart) {
    start_acknowledged_ = true;
    if (std::exchange(waits_for_start_, false)) c.actions.emplace_back(ConfigureSession{});
  }
}

void SessionAccounting::Handle(const RecordUnanswered& event, Context& c) {
  if (event.status == RecordStatus::kInterim) {
    interim_in_flight_ = false;
  } else if (event.status == RecordStatus::kStart && waits_for_start_) {
    End("no RADIUS server answered its Accounting-Request (Start)", c);
  }
}

void SessionAccounting::Handle(const PolicyChanged& event, Context& c) {
  // Most are about rate limits, of which nothing is kept here.
  const bool any = event.classes || event.session_timeout || event.interim_interval;
  if (!any || state_.stage == Stage::kStopped) return;
  if (event.classes) state_.now.classes = *event.classes;
  if (event.session_timeout) {
    Touch(c.moment);
    const seconds more = std::clamp(*event.session_timeout, seconds(0), kMaxSeconds);
    state_.session_timeout = more > seconds(0) ? std::min(Lived() + more, kMaxSeconds) : more;
  }
  if (event.interim_interval) {
    state_.interim_interval = std::clamp(*event.interim_interval, seconds(0), kMaxSeconds);
    ScheduleFirst(c);
  }
  SaveNow(c);
}

void SessionAccounting::Handle(const SessionOver& event, Context& c) {
  const bool passed_traffic = state_.now.counters != TrafficCounters();
  if (state_.stage == Stage::kStopped || (state_.stage == Stage::kAuthorized && !passed_traffic)) {
    c.actions.emplace_back(Forget{});
    return;
  }
  if (state_.stage == Stage::kAuthorized) {
    // It was open, but the report that told so was lost.
    state_.opened_unix_seconds = state_.now.event_unix_seconds - Lived().count();
  }
  if (state_.stage != Stage::kStarted) MakeStart(c);
  AccountingRecord stop = state_.now;
  stop.status = RecordStatus::kStop;
  stop.terminate_cause = TerminateCauseValue(event.cause);
  state_.stage = Stage::kStopped;
  next_interim_.reset();
  save_at_.reset();
  unanswered_since_.reset();
  c.actions.emplace_back(SpoolRecord{std::move(stop)});
  if (event.keep) {
    SaveNow(c);
  } else {
    c.actions.emplace_back(Forget{});
  }
}

void SessionAccounting::Handle(const SettingsChanged& /*event*/, Context& c) {
  if (!c.settings.enabled) {
    unanswered_since_.reset();
    if (std::exchange(waits_for_start_, false)) c.actions.emplace_back(ConfigureSession{});
  }
  if (state_.stage == Stage::kStarted) ScheduleFirst(c);
}

void SessionAccounting::Handle(const TimePassed& /*event*/, Context& c) {
  const TimePoint now = c.moment.now;
  if (start_at_ && now >= *start_at_ && state_.stage == Stage::kDelaying) MakeStart(c);
  const seconds patience = c.settings.acct_timeout;
  if (unanswered_since_ && patience > seconds(0) && now >= *unanswered_since_ + patience) {
    End("radius: no server answered its Interim-Update within " + std::to_string(patience.count()) +
            " s, terminating session",
        c);
  }
  if (next_interim_ && now >= *next_interim_) DueInterim(c);
  if (save_at_ && now >= *save_at_) {
    Touch(c.moment);
    SaveNow(c);
  }
}

}  // namespace sstpgw::cp::accounting
