// Accounting records that no server has acknowledged yet, and which of them is to be sent next.
// Pure: what is to be kept goes into a journal, and a record is offered only when it is durable.
//
// Order. The records of one session form a chain. Only its first is offered; the next follows when
// a server has acknowledged it and that is durable, so that no restart can send an older record
// after a newer one. Chains do not wait for each other. A Start that was never tried goes before
// all else, since a session waits for it; then what was never tried, then the rest. All but the
// former may hold only half of the places in flight: Interim-Updates of thousands of sessions and a
// server that is down do not keep new sessions from their Start.
//
// Unanswered. The record stays and is offered again, after 2 s, 4 s ... up to 60 s. Every
// acknowledgement wakes a few of those that wait.
//
// Superseded. An Interim-Update that is not in flight when the session's next Interim-Update or
// its Stop comes is taken out: the newer one has newer counters and all else it said. One in flight
// is not offered again. Start and Stop are never taken out.
//
// Bounds. `records` and `octets` hold for what is here plus the room that was reserved for records
// to come; a session reserves room for its Start and Stop before it is let in. When there is none,
// waiting Interim-Updates are shed, and when that is not enough, the session gets no room. New
// Interim-Updates are shed where there is no room. Level kNearFull is reached before that.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controlplane/accounting/record.h"
#include "controlplane/store/change.h"

namespace sstpgw::cp::accounting {

// Names a record in the spool; ascending in the order of making.
using RecordId = Strong<struct RecordIdTag, std::uint64_t>;

struct SpoolLimits {
  std::size_t records = 200'000;
  std::size_t octets = std::size_t{96} << 20;
  std::size_t in_flight = 256;  // offered and not yet answered; at least 1
};

struct SpoolCounters {
  std::uint64_t appended = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t unanswered = 0;      // offers without an answer
  std::uint64_t superseded = 0;      // Interim-Updates that a newer record replaced
  std::uint64_t shed_interims = 0;   // Interim-Updates lost for want of room
  std::uint64_t dropped_on_off = 0;  // On and Off that came too late to be of use
  std::uint64_t refused_rooms = 0;
  std::uint64_t near_full = 0;  // how often that level was reached
  std::uint64_t unreadable = 0;
};

enum class SpoolLevel { kRoomy, kNearFull };

// Room for records that will come.
struct Room {
  std::size_t records = 0;
  std::size_t octets = 0;
};

class Spool {
 public:
  static constexpr Duration kFirstPause = std::chrono::seconds(2);
  static constexpr Duration kLongestPause = std::chrono::seconds(60);
  // Reached at 80 % of a bound, left at 70 %.
  static constexpr std::size_t kNearFullPercent = 80;
  static constexpr std::size_t kRoomyPercent = 70;

  struct Offer {
    RecordId id;
    AccountingRecord record;
  };

  // The journal must outlive this.
  explicit Spool(store::Journal& journal) : journal_(journal) {}
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  void SetLimits(const SpoolLimits& limits);

  // A row of Table::kSpool, before anything else and in the order of keys. On and Off of an earlier
  // run are taken out: what they say is not true any more. An error: it is left where it is and
  // not offered.
  [[nodiscard]] Result<void> Restore(const std::string& key, ByteView octets);

  [[nodiscard]] bool Reserve(const Room& room);
  // For sessions that are there already.
  void ReserveAnyway(const Room& room);
  void Unreserve(const Room& room);

  // Start, Stop, On, Off. The caller gives back the room it had reserved for it.
  RecordId Append(const AccountingRecord& record);
  // False: shed.
  [[nodiscard]] bool AppendInterim(const AccountingRecord& record);
  // Takes out all On and Off, also those in flight, and names them: what they say is not true any
  // more.
  std::vector<std::pair<RecordId, RecordStatus>> DropOnOff();

  // More of the journal is durable.
  void Committed(TimePoint now);
  // The next record to send, if there is one and a place in flight.
  [[nodiscard]] std::optional<Offer> TakeNext(TimePoint now);
  // Outcome of an offer. Returns what was answered; nullopt: no such offer.
  std::optional<std::pair<SessionKey, RecordStatus>> Acknowledged(RecordId id);
  std::optional<std::pair<SessionKey, RecordStatus>> Unanswered(RecordId id, TimePoint now);
  // When TakeNext may have one without any other call. nullopt also while all places are taken.
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;

  [[nodiscard]] bool HoldsStart(const SessionKey& key) const;
  [[nodiscard]] bool InterimInFlight(const SessionKey& key) const;
  // Event-Timestamp of the record that was made first; nullopt: there is none.
  [[nodiscard]] std::optional<std::int64_t> OldestUnixSeconds() const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t octets() const { return octets_; }
  [[nodiscard]] std::size_t in_flight() const { return starts_in_flight_ + background_in_flight_; }
  [[nodiscard]] const Room& reserved() const { return reserved_; }
  [[nodiscard]] SpoolLevel level() const { return level_; }
  [[nodiscard]] const SpoolLimits& limits() const { return limits_; }
  [[nodiscard]] const SpoolCounters& counters() const { return counters_; }
  // Every count agrees with what it counts. Empty: consistent. For tests.
  [[nodiscard]] std::string Inconsistency() const;

 private:
  struct Entry {
    Bytes octets;
    SessionKey chain;
    RecordStatus status = RecordStatus::kStart;
    store::Ticket ticket;
    bool tried = false;  // once at least, or in an earlier run perhaps
    bool in_flight = false;
    bool in_background = false;  // holds one of the places of those that nobody waits for
    bool superseded = false;     // in flight, not to be offered again
    std::uint32_t failures = 0;
    TimePoint retry_at;
  };
  using Entries = std::map<RecordId, Entry>;
  struct Chain {
    std::deque<RecordId> ids;
    store::Ticket removed;  // of the newest removal of a first record
  };

  [[nodiscard]] static SessionKey ChainOf(const AccountingRecord& record);
  [[nodiscard]] bool HasRoom(const Room& more) const;
  RecordId Insert(const AccountingRecord& record, Bytes octets);
  // Of the chain's end: what the coming record makes needless.
  void Supersede(const SessionKey& chain);
  [[nodiscard]] bool IsWaitingInterim(RecordId id) const { return sheddable_.count(id) == 1; }
  void Remove(Entries::iterator entry);
  // Puts the chain's first record where it waits for its turn, or takes it from there.
  void Place(const SessionKey& key, TimePoint now);
  void Unplace(RecordId id, const Entry& entry);
  void Land(Entry& entry);
  void Wake();
  void UpdateLevel();

  store::Journal& journal_;
  SpoolLimits limits_;
  SpoolCounters counters_;
  SpoolLevel level_ = SpoolLevel::kRoomy;
  std::uint64_t last_id_ = 0;
  Entries entries_;
  std::unordered_map<SessionKey, Chain> chains_;
  std::size_t octets_ = 0;
  Room reserved_;
  std::size_t starts_in_flight_ = 0;  // first tries of them
  std::size_t background_in_flight_ = 0;
  // First records of chains, each in exactly one of these unless it is in flight.
  std::set<std::pair<store::Ticket, RecordId>> not_durable_;
  std::set<RecordId> starts_;  // never tried
  std::set<RecordId> fresh_;   // others that were never tried
  std::set<RecordId> again_;
  std::set<std::pair<TimePoint, RecordId>> paused_;
  // Interim-Updates that are not in flight, anywhere in their chains.
  std::set<RecordId> sheddable_;
  std::size_t sheddable_octets_ = 0;
};

}  // namespace sstpgw::cp::accounting
