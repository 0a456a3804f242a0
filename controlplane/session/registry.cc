#include "controlplane/session/registry.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "controlplane/session/prefix_leases.h"

namespace sstpgw::cp {
namespace {

constexpr const char* kLost = "no longer carried by its gateway";

// A session's policy and state only go forward.
bool IsOlder(const SessionRecord& said, const SessionRecord& known) {
  if (said.policy.generation != known.policy.generation) {
    return said.policy.generation < known.policy.generation;
  }
  return said.state < known.state;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Length of the run of digits at `at` without leading zeros, and where it starts.
std::string_view DigitsAt(const std::string& text, std::size_t& at) {
  const std::size_t begin = at;
  while (at < text.size() && IsDigit(text[at])) ++at;
  std::string_view run(text.data() + begin, at - begin);
  while (run.size() > 1 && run.front() == '0') run.remove_prefix(1);
  return run;
}

// A limit that came or went changes what is counted, and then there is no growth to speak of.
void Count(RateMeter::Direction& meter, bool limited, std::uint64_t octets) {
  const bool grown = meter.limited == limited && octets > meter.octets;
  meter = {octets, limited, grown ? octets - meter.octets : 0};
}

void Count(RateMeter& meter, const TrafficCounters& counters, const ShaperRecord& shaper) {
  const bool down = shaper.down != DownLimiter::kAuto;
  const bool up = shaper.up != UpLimiter::kAuto;
  Count(meter.down, down, down ? shaper.down_counters.passed_octets : counters.tx_bytes);
  Count(meter.up, up, up ? shaper.up_counters.passed_octets : counters.rx_bytes);
}

BitsPerSecond PerSecond(std::uint64_t octets, Duration interval) {
  const double seconds = std::chrono::duration<double>(interval).count();
  return BitsPerSecond{static_cast<std::uint64_t>(static_cast<double>(octets) * 8 / seconds)};
}

}  // namespace

bool NaturalLess(const std::string& a, const std::string& b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (IsDigit(a[i]) && IsDigit(b[j])) {
      const std::string_view left = DigitsAt(a, i);
      const std::string_view right = DigitsAt(b, j);
      if (left.size() != right.size()) return left.size() < right.size();
      if (left != right) return left < right;
      continue;
    }
    if (a[i] != b[j]) return a[i] < b[j];
    ++i;
    ++j;
  }
  const bool a_left = i < a.size();
  const bool b_left = j < b.size();
  return a_left == b_left ? a < b : b_left;
}

std::int64_t UptimeAt(const SessionEntry& entry, TimePoint now) {
  const std::int64_t base = entry.record.uptime_seconds;
  if (entry.record.state == SessionState::kFinishing || now <= entry.updated) return base;
  return base + std::chrono::duration_cast<std::chrono::seconds>(now - entry.updated).count();
}

std::chrono::seconds UptimeAtMost(const SessionEntry& entry, TimePoint now) {
  const std::chrono::seconds base{entry.record.uptime_seconds + 1};
  if (entry.record.state == SessionState::kFinishing || now <= entry.updated) return base;
  return base + std::chrono::ceil<std::chrono::seconds>(now - entry.updated);
}

bool SessionFilter::Matches(const SessionEntry& entry) const {
  const SessionRecord& record = entry.record;
  return (interface_name.empty() || record.interface_name == interface_name) &&
         (user.empty() || record.user == user) &&
         (!address || (!address->is_zero() && record.policy.address == *address)) &&
         (session.empty() || record.session == session) &&
         (calling_station.empty() || record.calling_station == calling_station) &&
         (gateway.empty() || entry.key.gateway == gateway) && (!state || record.state == *state);
}

SessionUpdate Registry::Put(const SessionKey& key, SessionRecord record, TimePoint now) {
  auto [entry, added] = sessions_.try_emplace(key);
  SessionUpdate update;
  update.kind = added ? ChangeKind::kAdded : ChangeKind::kChanged;
  RateMeter meter = entry->second.meter;
  if (added) {
    Count(meter, record.counters, record.shaper);
  } else {
    update.former_address = entry->second.record.policy.address;
    update.former_prefixes = LeasesOf(entry->second.record.policy.network);
    Unindex(entry->second);
  }
  entry->second = SessionEntry{key, std::move(record), now, meter};
  gateways_[key.gateway].sessions.insert(key.session);
  if (!entry->second.record.user.empty()) by_user_[entry->second.record.user].insert(key);
  update.entry = entry->second;
  return update;
}

void Registry::Unindex(const SessionEntry& entry) {
  const auto users = by_user_.find(entry.record.user);
  if (users == by_user_.end()) return;
  users->second.erase(entry.key);
  if (users->second.empty()) by_user_.erase(users);
}

SessionUpdate Registry::Remove(const SessionKey& key, TerminateCause cause, std::string reason) {
  const auto entry = sessions_.find(key);
  SessionUpdate update;
  update.kind = ChangeKind::kRemoved;
  update.cause = cause;
  update.reason = std::move(reason);
  update.former_address = entry->second.record.policy.address;
  update.former_prefixes = LeasesOf(entry->second.record.policy.network);
  Unindex(entry->second);
  GatewayEntry& gateway = gateways_[key.gateway];
  gateway.sessions.erase(key.session);
  gateway.unaccounted.erase(key.session);
  update.entry = std::move(entry->second);
  sessions_.erase(entry);
  return update;
}

std::vector<SessionUpdate> Registry::Attach(const Hello& hello, TimePoint now) {
  std::vector<SessionUpdate> updates;
  GatewayEntry& gateway = gateways_[hello.gateway_id];
  const bool rebooted = !gateway.boot.empty() && gateway.boot != hello.boot_id;
  if (gateway.boot != hello.boot_id) {
    gateway.last_sequence = 0;
    gateway.statistics = {};
  }
  gateway.id = hello.gateway_id;
  gateway.boot = hello.boot_id;
  gateway.version = hello.version;
  gateway.capabilities = hello.capabilities;
  gateway.attached = true;
  gateway.since = now;
  gateway.applied = hello.applied_generation;
  gateway.refused_reason.clear();
  gateway.unaccounted.clear();
  gateway.reports_to = hello.reports_to;
  gateway.counted = {};
  gateway.count_interval.reset();

  std::unordered_set<SessionId> carried;
  for (const SessionRecord& record : hello.sessions) carried.insert(record.session);
  const std::set<SessionId> known = gateway.sessions;
  for (const SessionId& session : known) {
    if (!rebooted && carried.count(session) == 1) continue;
    if (!rebooted && gateway.last_sequence < gateway.reports_to) {
      gateway.unaccounted.insert(session);
      continue;
    }
    updates.push_back(Remove({hello.gateway_id, session},
                             rebooted ? TerminateCause::kNasReboot : TerminateCause::kLostCarrier,
                             rebooted ? "gateway restarted" : kLost));
  }
  for (const SessionRecord& record : hello.sessions) {
    updates.push_back(Put({hello.gateway_id, record.session}, record, now));
  }
  return updates;
}

void Registry::Detach(const std::string& gateway, TimePoint now) {
  const auto entry = gateways_.find(gateway);
  if (entry == gateways_.end() || !entry->second.attached) return;
  entry->second.attached = false;
  entry->second.since = now;
}

std::optional<SessionUpdate> Registry::Apply(const std::string& gateway,
                                             const NumberedReport& report, TimePoint now) {
  const auto entry = gateways_.find(gateway);
  if (entry == gateways_.end() || report.sequence <= entry->second.last_sequence) {
    return std::nullopt;
  }
  entry->second.last_sequence = report.sequence;
  const SessionKey key{gateway, report.report.record.session};
  const auto known = sessions_.find(key);
  if (report.report.kind != SessionEventKind::kDown) {
    const bool older =
        known != sessions_.end() && IsOlder(report.report.record, known->second.record);
    if (older) return std::nullopt;
    return Put(key, report.report.record, now);
  }
  if (known == sessions_.end()) return std::nullopt;
  SessionUpdate update = Remove(key, report.report.cause, report.report.reason);
  update.entry.record = report.report.record;  // the final counters
  return update;
}

std::vector<SessionUpdate> Registry::TakeLost(const std::string& gateway) {
  std::vector<SessionUpdate> updates;
  const auto entry = gateways_.find(gateway);
  if (entry == gateways_.end() || entry->second.last_sequence < entry->second.reports_to) {
    return updates;
  }
  const std::set<SessionId> lost = std::exchange(entry->second.unaccounted, {});
  for (const SessionId& session : lost) {
    updates.push_back(Remove({gateway, session}, TerminateCause::kLostCarrier, kLost));
  }
  return updates;
}

void Registry::ApplyCounters(const std::string& gateway, const CountersBatch& batch,
                             TimePoint now) {
  const auto entry = gateways_.find(gateway);
  if (entry == gateways_.end()) return;
  GatewayEntry& teller = entry->second;
  teller.statistics = batch.statistics;
  if (teller.counted != TimePoint()) teller.count_interval = now - teller.counted;
  teller.counted = now;
  for (const CountersReport& counters : batch.entries) {
    const auto session = sessions_.find({gateway, counters.session});
    if (session == sessions_.end()) continue;
    SessionRecord& record = session->second.record;
    // Whole seconds only: what is left of one counts next time.
    const std::int64_t uptime = UptimeAt(session->second, now);
    session->second.updated += std::chrono::seconds(uptime - record.uptime_seconds);
    record.uptime_seconds = uptime;
    record.counters = counters.counters;
    record.tls_send = counters.tls_send;
    record.tls_receive = counters.tls_receive;
    record.shaper = counters.shaper;
    Count(session->second.meter, counters.counters, counters.shaper);
    session->second.meter.counted = now;
  }
}

void Registry::NoteApplied(const std::string& gateway, Generation generation) {
  const auto entry = gateways_.find(gateway);
  if (entry == gateways_.end()) return;
  entry->second.applied = generation;
  entry->second.refused_reason.clear();
}

void Registry::NoteRefused(const std::string& gateway, const std::string& reason) {
  const auto entry = gateways_.find(gateway);
  if (entry != gateways_.end()) entry->second.refused_reason = reason;
}

const SessionEntry* Registry::Find(const SessionKey& key) const {
  const auto entry = sessions_.find(key);
  return entry == sessions_.end() ? nullptr : &entry->second;
}

std::vector<const SessionEntry*> Registry::OfUser(const std::string& user) const {
  std::vector<const SessionEntry*> found;
  const auto keys = by_user_.find(user);
  if (keys == by_user_.end()) return found;
  for (const SessionKey& key : keys->second) found.push_back(Find(key));
  return found;
}

std::vector<const SessionEntry*> Registry::Select(const SessionFilter& filter) const {
  std::vector<const SessionEntry*> found;
  if (!filter.user.empty()) {
    found = OfUser(filter.user);
    std::erase_if(found, [&](const SessionEntry* entry) { return !filter.Matches(*entry); });
  } else {
    for (const auto& [key, entry] : sessions_) {
      if (filter.Matches(entry)) found.push_back(&entry);
    }
  }
  std::sort(found.begin(), found.end(), [](const SessionEntry* a, const SessionEntry* b) {
    if (a->record.interface_name != b->record.interface_name) {
      return NaturalLess(a->record.interface_name, b->record.interface_name);
    }
    return a->key < b->key;
  });
  return found;
}

const GatewayEntry* Registry::FindGateway(const std::string& gateway) const {
  const auto entry = gateways_.find(gateway);
  return entry == gateways_.end() ? nullptr : &entry->second;
}

bool Registry::IsAttached(const std::string& gateway) const {
  const GatewayEntry* entry = FindGateway(gateway);
  return entry != nullptr && entry->attached;
}

std::optional<AchievedRates> Registry::Achieved(const SessionEntry& entry) const {
  const GatewayEntry* gateway = FindGateway(entry.key.gateway);
  if (gateway == nullptr || !gateway->attached || !gateway->count_interval) return std::nullopt;
  const Duration interval = *gateway->count_interval;
  AchievedRates rates;
  rates.over = std::chrono::duration_cast<std::chrono::milliseconds>(interval);
  if (interval.count() > 0 && entry.meter.counted == gateway->counted) {
    rates.down = PerSecond(entry.meter.down.growth, interval);
    rates.up = PerSecond(entry.meter.up.growth, interval);
  }
  return rates;
}

SessionTotals Registry::Totals() const {
  SessionTotals totals;
  for (const auto& [key, entry] : sessions_) {
    switch (entry.record.state) {
      case SessionState::kStarting:
        ++totals.starting;
        break;
      case SessionState::kActive:
        ++totals.active;
        break;
      case SessionState::kFinishing:
        ++totals.finishing;
        break;
    }
  }
  return totals;
}

}  // namespace sstpgw::cp
