// Every session of every gateway, as the gateways last told it. Pure; rebuilt from nothing by the
// gateways' Hellos, so it needs no store of its own.
//
// Rules: a Hello is the whole truth about its gateway. Reports are applied once, in the order of
// their numbers: one with a number seen before is a duplicate. A report about a session that is not
// known makes it known (unless it says that it is over). A session of a gateway that lost its
// stream stays, because the gateway carries it on. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "controlplane/session/session_key.h"
#include "proto/base/link.h"
#include "proto/base/messages.h"

namespace sstpgw::cp {

// What went through a session's limiter, from batch to batch of its gateway's counters. A direction
// without limit counts by the interface.
struct RateMeter {
  struct Direction {
    std::uint64_t octets = 0;  // in all, at the batch that counted it last
    bool limited = false;      // by whom these were counted
    std::uint64_t growth = 0;  // since the one before
  };
  Direction down;
  Direction up;
  TimePoint counted;  // a batch does not name those that stand still
};

struct SessionEntry {
  SessionKey key;
  SessionRecord record;
  TimePoint updated;  // when record.uptime_seconds was true
  RateMeter meter{};
};

// Over the last interval of counters.
struct AchievedRates {
  BitsPerSecond down;
  BitsPerSecond up;
  std::chrono::milliseconds over{0};
  friend bool operator==(const AchievedRates&, const AchievedRates&) = default;
};

struct GatewayEntry {
  std::string id;
  std::string boot;
  std::string version;
  std::vector<std::string> capabilities;
  bool attached = false;
  TimePoint since;  // attached or not attached
  std::uint64_t last_sequence = 0;
  Generation applied;
  std::string refused_reason;
  GatewayStatistics statistics;
  TimePoint counted;                       // the last batch of counters of this stream
  std::optional<Duration> count_interval;  // since the one before; absent: there are not two
  std::set<SessionId> sessions;
  // Not carried any more, but their own report of the end may be among those that follow the Hello,
  // up to this number.
  std::set<SessionId> unaccounted;
  std::uint64_t reports_to = 0;
};

// Empty parts match everything.
struct SessionFilter {
  std::string interface_name;
  std::string user;
  std::optional<Ipv4Address> address;
  SessionId session;
  std::string calling_station;
  std::string gateway;
  std::optional<SessionState> state;
  [[nodiscard]] bool Matches(const SessionEntry& entry) const;
};

// What became different by a message.
enum class ChangeKind { kAdded, kChanged, kRemoved };
struct SessionUpdate {
  ChangeKind kind = ChangeKind::kChanged;
  SessionEntry entry;                            // as it is now; as it was last if removed
  Ipv4Address former_address;                    // the address before the change, zero if none
  std::vector<Ipv6Prefix> former_prefixes;       // likewise, as LeasesOf
  TerminateCause cause = TerminateCause::kNone;  // only with kRemoved
  std::string reason;                            // only with kRemoved
};

struct SessionTotals {
  std::uint32_t starting = 0;
  std::uint32_t active = 0;
  std::uint32_t finishing = 0;
};

class Registry {
 public:
  // A new boot id: the old boot's sessions are over (cause NAS-Reboot). The same boot id: sessions
  // that are not in the Hello are over; while reports follow that may say why, they wait for these.
  [[nodiscard]] std::vector<SessionUpdate> Attach(const Hello& hello, TimePoint now);
  void Detach(const std::string& gateway, TimePoint now);
  // nullopt: nothing changed (duplicate, unknown gateway, end of an unknown session, or a record
  // that is older than the one known from Hello).
  [[nodiscard]] std::optional<SessionUpdate> Apply(const std::string& gateway,
                                                   const NumberedReport& report, TimePoint now);
  // Those whose end no report told although all that followed the Hello are here (cause
  // Lost-Carrier: it was lost).
  [[nodiscard]] std::vector<SessionUpdate> TakeLost(const std::string& gateway);
  // Entries about unknown sessions are skipped.
  void ApplyCounters(const std::string& gateway, const CountersBatch& batch, TimePoint now);
  void NoteApplied(const std::string& gateway, Generation generation);
  void NoteRefused(const std::string& gateway, const std::string& reason);

  // Pointers are valid until the next call of a non-const method.
  [[nodiscard]] const SessionEntry* Find(const SessionKey& key) const;
  [[nodiscard]] std::vector<const SessionEntry*> OfUser(const std::string& user) const;
  // Ordered by interface name (sstp2 before sstp10), then by key.
  [[nodiscard]] std::vector<const SessionEntry*> Select(const SessionFilter& filter) const;
  [[nodiscard]] const GatewayEntry* FindGateway(const std::string& gateway) const;
  [[nodiscard]] bool IsAttached(const std::string& gateway) const;
  [[nodiscard]] const std::map<std::string, GatewayEntry>& gateways() const { return gateways_; }
  [[nodiscard]] std::size_t session_count() const { return sessions_.size(); }
  [[nodiscard]] SessionTotals Totals() const;
  // nullopt: its gateway has not sent counters twice since it attached, or is not attached.
  [[nodiscard]] std::optional<AchievedRates> Achieved(const SessionEntry& entry) const;

 private:
  SessionUpdate Put(const SessionKey& key, SessionRecord record, TimePoint now);
  SessionUpdate Remove(const SessionKey& key, TerminateCause cause, std::string reason);
  void Unindex(const SessionEntry& entry);

  std::map<std::string, GatewayEntry> gateways_;
  std::unordered_map<SessionKey, SessionEntry> sessions_;
  std::unordered_map<std::string, std::set<SessionKey>> by_user_;
};

// The record with its uptime carried on to `now`; that of a finishing session stands still.
[[nodiscard]] std::int64_t UptimeAt(const SessionEntry& entry, TimePoint now);
// The least number of seconds that it has surely not lasted longer than: gateways round down. For
// what is to end so long after now, and not earlier.
[[nodiscard]] std::chrono::seconds UptimeAtMost(const SessionEntry& entry, TimePoint now);

// "sstp2" sorts before "sstp10": runs of digits compare as numbers.
[[nodiscard]] bool NaturalLess(const std::string& a, const std::string& b);

}  // namespace sstpgw::cp
