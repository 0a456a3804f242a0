#include "controlplane/pool/address_pool.h"

#include <algorithm>
#include <utility>

namespace sstpgw::cp {

void AddressPools::Configure(const PoolMap& pools, Ipv4Address gateway) {
  gateway_ = gateway;
  std::map<std::string, Pool, std::less<>> fresh;
  for (const auto& [name, config] : pools) {
    Pool pool{config, 0, config.ranges.empty() ? 0 : config.ranges.front().first.value()};
    // A pool that is what it was goes on where it was.
    auto old = pools_.find(name);
    if (old != pools_.end() && old->second.config.ranges == config.ranges) {
      pool.range = old->second.range;
      pool.position = old->second.position;
    }
    fresh.emplace(name, std::move(pool));
  }
  pools_ = std::move(fresh);
}

void AddressPools::SetFixed(const std::vector<Ipv4Address>& fixed) {
  fixed_ = {fixed.begin(), fixed.end()};
}

bool AddressPools::Usable(std::uint32_t value, Ipv4Address not_this) const {
  const Ipv4Address address(value);
  return !address.is_zero() && address != gateway_ && (not_this.is_zero() || address != not_this) &&
         !in_use_.Contains(value) && !fixed_.contains(address);
}

Ipv4Address AddressPools::Search(std::uint32_t first, std::uint32_t last,
                                 Ipv4Address not_this) const {
  std::uint64_t candidate = first;
  while (candidate <= last) {
    candidate = in_use_.NextFree(static_cast<std::uint32_t>(candidate));
    if (candidate > last) break;
    // Only fixed addresses, the gateway, the unwanted one and 0.0.0.0 are skipped here, one step
    // each.
    const auto value = static_cast<std::uint32_t>(candidate);
    if (Usable(value, not_this)) return Ipv4Address(value);
    ++candidate;
  }
  return {};
}

Ipv4Address AddressPools::Remembered(const Pool& pool, const AllocateRequest& request) const {
  if (request.user.empty()) return {};
  const auto last = last_of_user_.find(std::string(request.user));
  if (last == last_of_user_.end()) return {};
  const Ipv4Address address = last->second;
  const bool inside = std::any_of(
      pool.config.ranges.begin(), pool.config.ranges.end(),
      [&](const AddressRange& range) { return range.first <= address && address <= range.last; });
  return inside && Usable(address.value(), request.not_this) ? address : Ipv4Address();
}

Ipv4Address AddressPools::AllocateFrom(Pool& pool, const AllocateRequest& request) const {
  const auto& ranges = pool.config.ranges;
  if (ranges.empty()) return {};
  const Ipv4Address remembered = Remembered(pool, request);
  if (!remembered.is_zero()) return remembered;
  // The rest of the current range, the others in order, then the current one's beginning.
  for (std::size_t step = 0; step <= ranges.size(); ++step) {
    const std::size_t index = (pool.range + step) % ranges.size();
    const AddressRange& range = ranges[index];
    const std::uint32_t from = step == 0 ? pool.position : range.first.value();
    const Ipv4Address found = Search(from, range.last.value(), request.not_this);
    if (found.is_zero()) continue;
    pool.range = index;
    pool.position = found.value() + 1;
    if (found == range.last) {
      pool.range = (index + 1) % ranges.size();
      pool.position = ranges[pool.range].first.value();
    }
    return found;
  }
  return {};
}

Result<Ipv4Address> AddressPools::Allocate(const AllocateRequest& request) {
  auto pool = pools_.find(request.pool);
  if (pool == pools_.end()) {
    return Fail(Error{ErrorCode::kNotFound, "no address pool '" + std::string(request.pool) + "'"});
  }
  // Config refuses loops; counting the steps keeps even a wrong table from turning for ever.
  for (std::size_t steps = 0; steps <= pools_.size() && pool != pools_.end(); ++steps) {
    const Ipv4Address address = AllocateFrom(pool->second, request);
    if (!address.is_zero()) {
      in_use_.Insert(address.value());
      owners_.emplace(address, request.owner);
      Remember(request.user, address);
      return address;
    }
    if (pool->second.config.next_pool.empty()) break;
    pool = pools_.find(pool->second.config.next_pool);
  }
  return Fail(Error{ErrorCode::kResourceExhausted,
                    "no free IPv4 address in pool '" + std::string(request.pool) + "'"});
}

bool AddressPools::Reserve(Ipv4Address address, std::string_view owner) {
  if (address.is_zero() || address == gateway_) return false;
  const auto [entry, inserted] = owners_.emplace(address, owner);
  if (inserted) in_use_.Insert(address.value());
  return entry->second == owner;
}

bool AddressPools::Claim(Ipv4Address address, std::string_view owner) {
  if (Reserve(address, owner)) return true;
  if (owners_.count(address) == 1) claims_[address].emplace(owner);
  return false;
}

bool AddressPools::HandOver(Ipv4Address address, std::string_view from, std::string_view to) {
  const auto entry = owners_.find(address);
  if (entry == owners_.end() || entry->second != from) return false;
  claims_[address].emplace(from);
  entry->second = to;
  return true;
}

void AddressPools::Release(Ipv4Address address, std::string_view owner) {
  const auto entry = owners_.find(address);
  if (entry == owners_.end()) return;
  const auto claims = claims_.find(address);
  if (entry->second != owner) {
    if (claims == claims_.end()) return;
    const auto claim = claims->second.find(owner);
    if (claim != claims->second.end()) claims->second.erase(claim);
  } else if (claims != claims_.end()) {
    entry->second = *claims->second.begin();
    claims->second.erase(claims->second.begin());
  } else {
    owners_.erase(entry);
    in_use_.Erase(address.value());
    return;
  }
  if (claims->second.empty()) claims_.erase(claims);
}

std::string_view AddressPools::OwnerOf(Ipv4Address address) const {
  const auto entry = owners_.find(address);
  return entry == owners_.end() ? std::string_view() : std::string_view(entry->second);
}

void AddressPools::Remember(std::string_view user, Ipv4Address address) {
  if (user.empty()) return;
  const auto [entry, inserted] = last_of_user_.insert_or_assign(std::string(user), address);
  if (!inserted) return;
  remembered_.push_back(entry->first);
  if (remembered_.size() > kRememberedUsers) {
    last_of_user_.erase(remembered_.front());
    remembered_.pop_front();
  }
}

std::vector<PoolUsage> AddressPools::Usage() const {
  std::vector<PoolUsage> usage;
  for (const auto& [name, pool] : pools_) {
    PoolUsage row{name, 0, 0, pool.config.next_pool, pool.config.ranges};
    IntervalSet members;  // ranges of one pool may overlap
    for (const AddressRange& range : pool.config.ranges) {
      members.InsertRange(range.first.value(), range.last.value());
    }
    for (const auto& [first, last] : members.intervals()) {
      row.total += std::uint64_t{last} - first + 1;
      row.used += in_use_.CountWithin(first, last);
    }
    if (members.Contains(gateway_.value()) && row.total > 0) --row.total;
    for (const Ipv4Address fixed : fixed_) {
      if (!members.Contains(fixed.value()) || fixed == gateway_) continue;
      --row.total;
      if (in_use_.Contains(fixed.value())) --row.used;
    }
    usage.push_back(std::move(row));
  }
  return usage;
}

}  // namespace sstpgw::cp
