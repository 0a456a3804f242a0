#include "controlplane/accounting/spool.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <vector>

namespace sstpgw::cp::accounting {
namespace {

constexpr std::size_t kIdDigits = 16;
// Waiting chains that one acknowledgement wakes: the rate doubles, and nobody wakes thousands.
constexpr int kWokenByOne = 2;

// Sixteen hex digits, so that the order of keys is the order of records.
std::string KeyOf(RecordId id) {
  std::array<char, kIdDigits> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), id.value(), 16);
  const std::string text(digits.data(), end.ptr);
  return std::string(kIdDigits - text.size(), '0') + text;
}

std::optional<RecordId> IdOf(std::string_view key) {
  std::uint64_t value = 0;
  const auto end = std::from_chars(key.data(), key.data() + key.size(), value, 16);
  if (end.ec != std::errc() || end.ptr != key.data() + key.size()) return std::nullopt;
  const RecordId id(value);
  if (value == 0 || KeyOf(id) != key) return std::nullopt;
  return id;
}

bool IsOnOff(RecordStatus status) {
  return status == RecordStatus::kOn || status == RecordStatus::kOff;
}

Duration PauseAfter(std::uint32_t failures) {
  const std::uint32_t doublings = std::min<std::uint32_t>(failures - 1, 16);
  return std::min(Spool::kFirstPause * (1 << doublings), Spool::kLongestPause);
}

}  // namespace

SessionKey Spool::ChainOf(const AccountingRecord& record) {
  return IsOnOff(record.status) ? SessionKey{"", record.server} : record.key;
}

void Spool::SetLimits(const SpoolLimits& limits) {
  limits_ = limits;
  limits_.in_flight = std::max<std::size_t>(limits_.in_flight, 1);
  UpdateLevel();
}

Result<void> Spool::Restore(const std::string& key, ByteView octets) {
  const auto id = IdOf(key);
  Result<AccountingRecord> record = DecodeRecord(octets);
  if (id) last_id_ = std::max(last_id_, id->value());
  if (!id || !record || entries_.count(*id) == 1) {
    ++counters_.unreadable;
    return Fail(Error{ErrorCode::kInvalidArgument,
                      "spooled record " + key + " cannot be read: " +
                          (record ? std::string("bad key") : record.error().message)});
  }
  if (IsOnOff(record->status)) {
    journal_.Erase(store::Table::kSpool, key);
    ++counters_.dropped_on_off;
    return {};
  }
  Entry& entry = entries_[*id];
  entry.octets.assign(octets.begin(), octets.end());
  entry.chain = ChainOf(*record);
  entry.status = record->status;
  entry.tried = true;
  octets_ += octets.size();
  if (entry.status == RecordStatus::kInterim) {
    sheddable_.insert(*id);
    sheddable_octets_ += octets.size();
  }
  Chain& chain = chains_[entry.chain];
  // Usually the newest, but the caller's order is not trusted.
  chain.ids.insert(std::upper_bound(chain.ids.begin(), chain.ids.end(), *id), *id);
  if (chain.ids.front() == *id) {
    if (chain.ids.size() > 1) Unplace(chain.ids[1], entries_.at(chain.ids[1]));
    Place(entry.chain, TimePoint());
  }
  UpdateLevel();
  return {};
}

// ---- Room

bool Spool::HasRoom(const Room& more) const {
  return entries_.size() + reserved_.records + more.records <= limits_.records &&
         octets_ + reserved_.octets + more.octets <= limits_.octets;
}

bool Spool::Reserve(const Room& room) {
  const bool fits_without_interims =
      entries_.size() - sheddable_.size() + reserved_.records + room.records <= limits_.records &&
      octets_ - sheddable_octets_ + reserved_.octets + room.octets <= limits_.octets;
  if (!fits_without_interims) {
    ++counters_.refused_rooms;
    return false;
  }
  while (!HasRoom(room)) {
    ++counters_.shed_interims;
    Remove(entries_.find(*sheddable_.begin()));
  }
  ReserveAnyway(room);
  return true;
}

void Spool::ReserveAnyway(const Room& room) {
  reserved_.records += room.records;
  reserved_.octets += room.octets;
  UpdateLevel();
}

void Spool::Unreserve(const Room& room) {
  reserved_.records -= std::min(reserved_.records, room.records);
  reserved_.octets -= std::min(reserved_.octets, room.octets);
  UpdateLevel();
}

void Spool::UpdateLevel() {
  const auto above = [this](std::size_t percent) {
    return (entries_.size() + reserved_.records) * 100 > limits_.records * percent ||
           (octets_ + reserved_.octets) * 100 > limits_.octets * percent;
  };
  if (level_ == SpoolLevel::kRoomy && above(kNearFullPercent)) {
    level_ = SpoolLevel::kNearFull;
    ++counters_.near_full;
  } else if (level_ == SpoolLevel::kNearFull && !above(kRoomyPercent)) {
    level_ = SpoolLevel::kRoomy;
  }
}

// ---- Coming

RecordId Spool::Insert(const AccountingRecord& record, Bytes octets) {
  const RecordId id(++last_id_);
  Entry& entry = entries_[id];
  entry.chain = ChainOf(record);
  entry.status = record.status;
  entry.ticket = journal_.current();
  journal_.Put(store::Table::kSpool, KeyOf(id), octets);
  entry.octets = std::move(octets);
  octets_ += entry.octets.size();
  if (entry.status == RecordStatus::kInterim) {
    sheddable_.insert(id);
    sheddable_octets_ += entry.octets.size();
  }
  Chain& chain = chains_[entry.chain];
  chain.ids.push_back(id);
  if (chain.ids.size() == 1) Place(entry.chain, TimePoint());
  ++counters_.appended;
  UpdateLevel();
  return id;
}

void Spool::Supersede(const SessionKey& key) {
  const auto chain = chains_.find(key);
  if (chain == chains_.end()) return;
  const RecordId last = chain->second.ids.back();
  const auto entry = entries_.find(last);
  if (entry->second.status != RecordStatus::kInterim) return;
  if (entry->second.in_flight) {
    entry->second.superseded = true;
    return;
  }
  ++counters_.superseded;
  Remove(entry);
}

RecordId Spool::Append(const AccountingRecord& record) {
  if (record.status == RecordStatus::kStop) Supersede(record.key);
  return Insert(record, Encode(record));
}

bool Spool::AppendInterim(const AccountingRecord& record) {
  Bytes octets = Encode(record);
  const auto chain = chains_.find(record.key);
  const bool replaces = chain != chains_.end() && IsWaitingInterim(chain->second.ids.back());
  if (!replaces && !HasRoom({1, octets.size()})) {
    ++counters_.shed_interims;
    return false;
  }
  Supersede(record.key);
  Insert(record, std::move(octets));
  return true;
}

std::vector<std::pair<RecordId, RecordStatus>> Spool::DropOnOff() {
  std::vector<std::pair<RecordId, RecordStatus>> dropped;
  for (const auto& [key, chain] : chains_) {
    if (!key.gateway.empty()) continue;
    for (const RecordId id : chain.ids) dropped.emplace_back(id, entries_.at(id).status);
  }
  for (const auto& [id, status] : dropped) {
    const auto entry = entries_.find(id);
    if (entry->second.in_flight) Land(entry->second);
    ++counters_.dropped_on_off;
    Remove(entry);
  }
  return dropped;
}

// ---- Going

void Spool::Remove(Entries::iterator found) {
  const RecordId id = found->first;
  const SessionKey key = found->second.chain;
  Chain& chain = chains_.at(key);
  const bool first = chain.ids.front() == id;
  if (first) Unplace(id, found->second);
  std::erase(chain.ids, id);
  journal_.Erase(store::Table::kSpool, KeyOf(id));
  if (first) chain.removed = journal_.current();
  octets_ -= found->second.octets.size();
  if (sheddable_.erase(id) == 1) sheddable_octets_ -= found->second.octets.size();
  entries_.erase(found);
  if (chain.ids.empty()) {
    chains_.erase(key);
  } else if (first) {
    Place(key, TimePoint());  // it was never tried in this run, so it does not pause
  }
  UpdateLevel();
}

void Spool::Place(const SessionKey& key, TimePoint now) {
  const Chain& chain = chains_.at(key);
  const RecordId id = chain.ids.front();
  const Entry& entry = entries_.at(id);
  const store::Ticket needed = std::max(entry.ticket, chain.removed);
  if (!journal_.IsDurable(needed)) {
    not_durable_.emplace(needed, id);
  } else if (!entry.tried) {
    (entry.status == RecordStatus::kStart ? starts_ : fresh_).insert(id);
  } else if (entry.retry_at > now) {
    paused_.emplace(entry.retry_at, id);
  } else {
    again_.insert(id);
  }
}

void Spool::Unplace(RecordId id, const Entry& entry) {
  if (entry.in_flight) return;
  const store::Ticket needed = std::max(entry.ticket, chains_.at(entry.chain).removed);
  not_durable_.erase({needed, id});
  starts_.erase(id);
  fresh_.erase(id);
  again_.erase(id);
  paused_.erase({entry.retry_at, id});
}

void Spool::Committed(TimePoint now) {
  while (!not_durable_.empty() && journal_.IsDurable(not_durable_.begin()->first)) {
    const RecordId id = not_durable_.begin()->second;
    not_durable_.erase(not_durable_.begin());
    Place(entries_.at(id).chain, now);
  }
}

std::optional<Spool::Offer> Spool::TakeNext(TimePoint now) {
  while (!paused_.empty() && paused_.begin()->first <= now) {
    again_.insert(paused_.begin()->second);
    paused_.erase(paused_.begin());
  }
  if (in_flight() >= limits_.in_flight) return std::nullopt;
  std::set<RecordId>& source = !starts_.empty() ? starts_ : !fresh_.empty() ? fresh_ : again_;
  const bool background = &source != &starts_;
  const std::size_t background_places = std::max<std::size_t>(limits_.in_flight / 2, 1);
  if (source.empty() || (background && background_in_flight_ >= background_places)) {
    return std::nullopt;
  }
  const RecordId id = *source.begin();
  source.erase(source.begin());
  Entry& entry = entries_.at(id);
  entry.in_flight = true;
  entry.tried = true;
  entry.in_background = background;
  ++(background ? background_in_flight_ : starts_in_flight_);
  if (sheddable_.erase(id) == 1) sheddable_octets_ -= entry.octets.size();
  // It was encoded here or decoded in Restore, so it can be decoded.
  return Offer{id, DecodeRecord(entry.octets).value_or(AccountingRecord())};
}

void Spool::Land(Entry& entry) {
  entry.in_flight = false;
  --(entry.in_background ? background_in_flight_ : starts_in_flight_);
}

std::optional<std::pair<SessionKey, RecordStatus>> Spool::Acknowledged(RecordId id) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || !found->second.in_flight) return std::nullopt;
  const std::pair answered{found->second.chain, found->second.status};
  ++counters_.acknowledged;
  Land(found->second);
  Remove(found);
  Wake();
  return answered;
}

void Spool::Wake() {
  for (int i = 0; i < kWokenByOne && !paused_.empty(); ++i) {
    again_.insert(paused_.begin()->second);
    paused_.erase(paused_.begin());
  }
}

std::optional<std::pair<SessionKey, RecordStatus>> Spool::Unanswered(RecordId id, TimePoint now) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || !found->second.in_flight) return std::nullopt;
  Entry& entry = found->second;
  const std::pair answered{entry.chain, entry.status};
  ++counters_.unanswered;
  Land(entry);
  if (entry.superseded) {
    ++counters_.superseded;
    Remove(found);
    return answered;
  }
  entry.retry_at = now + PauseAfter(++entry.failures);
  if (entry.status == RecordStatus::kInterim) {
    sheddable_.insert(id);
    sheddable_octets_ += entry.octets.size();
  }
  Place(entry.chain, now);
  return answered;
}

std::optional<TimePoint> Spool::NextDeadline() const {
  if (in_flight() >= limits_.in_flight || paused_.empty()) return std::nullopt;
  return paused_.begin()->first;
}

// ---- Looking

std::optional<std::int64_t> Spool::OldestUnixSeconds() const {
  if (entries_.empty()) return std::nullopt;
  const auto record = DecodeRecord(entries_.begin()->second.octets);
  return record ? std::optional(record->event_unix_seconds) : std::nullopt;
}

bool Spool::HoldsStart(const SessionKey& key) const {
  const auto chain = chains_.find(key);
  return chain != chains_.end() &&
         entries_.at(chain->second.ids.front()).status == RecordStatus::kStart;
}

bool Spool::InterimInFlight(const SessionKey& key) const {
  const auto chain = chains_.find(key);
  if (chain == chains_.end()) return false;
  const Entry& first = entries_.at(chain->second.ids.front());
  return first.status == RecordStatus::kInterim && first.in_flight;
}

std::string Spool::Inconsistency() const {
  std::size_t in_chains = 0;
  std::size_t octets = 0;
  std::size_t flying = 0;
  std::size_t waiting_interims = 0;
  for (const auto& [key, chain] : chains_) {
    if (chain.ids.empty()) return "empty chain";
    if (!std::is_sorted(chain.ids.begin(), chain.ids.end())) return "chain out of order";
    in_chains += chain.ids.size();
    for (const RecordId id : chain.ids) {
      const Entry& entry = entries_.at(id);
      octets += entry.octets.size();
      flying += entry.in_flight ? 1 : 0;
      const bool waits = entry.status == RecordStatus::kInterim && !entry.in_flight;
      waiting_interims += waits ? 1 : 0;
      if (waits != IsWaitingInterim(id)) return "an interim is not where it belongs";
      if (entry.in_flight && chain.ids.front() != id) return "in flight before its turn";
    }
  }
  const std::size_t placed =
      not_durable_.size() + starts_.size() + fresh_.size() + again_.size() + paused_.size();
  if (in_chains != entries_.size()) return "records outside of chains";
  if (octets != octets_) return "octets are counted wrong";
  if (flying != in_flight()) return "those in flight are counted wrong";
  if (waiting_interims != sheddable_.size()) return "interims are counted wrong";
  if (placed + flying != chains_.size()) return "a chain waits nowhere, or twice";
  return {};
}

}  // namespace sstpgw::cp::accounting
