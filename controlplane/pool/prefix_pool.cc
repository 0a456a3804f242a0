#include "controlplane/pool/prefix_pool.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sstpgw::cp {
namespace {

constexpr std::uint64_t kMany = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint8_t kAddress = 128;
constexpr unsigned kMaxHostBits = 64;

std::size_t IndexOf(PrefixKind kind) { return static_cast<std::size_t>(kind); }

Ipv6Number FirstOf(const PrefixRange& range) { return NumberOf(range.network.address); }

// Addresses in one prefix of this length. Configuration has no length 0.
Ipv6Number SizeOf(std::uint8_t length) { return Ipv6Number{1} << (128 - length); }

unsigned HostBits(const PrefixRange& range) {
  return std::min<unsigned>(kMaxHostBits, 128U - range.network.length);
}

std::uint64_t LowBits(Ipv6Number number, unsigned bits) {
  const auto low = static_cast<std::uint64_t>(number);
  return bits >= 64 ? low : low & ((std::uint64_t{1} << bits) - 1);
}

std::uint64_t IdNumber(const InterfaceId& id) {
  std::uint64_t number = 0;
  for (const std::uint8_t octet : id) number = (number << 8) | octet;
  return number;
}

std::uint64_t Sum(std::uint64_t a, std::uint64_t b) { return a > kMany - b ? kMany : a + b; }

std::string UserKey(const PrefixRequest& request) {
  return (request.kind == PrefixKind::kLink ? 'l' : 'd') + std::string(request.user);
}

}  // namespace

void PrefixPools::Configure(const PrefixPoolMap& pools, std::optional<InterfaceId> gateway_id) {
  gateway_id_ = gateway_id;
  std::map<std::string, Pool, std::less<>> fresh;
  for (const auto& [name, config] : pools) {
    Pool pool;
    pool[IndexOf(PrefixKind::kLink)].ranges = config.prefixes;
    pool[IndexOf(PrefixKind::kDelegated)].ranges = config.delegates;
    const auto old = pools_.find(name);
    for (std::size_t kind = 0; kind < pool.size(); ++kind) {
      Share& share = pool[kind];
      if (share.ranges.empty()) continue;
      share.position = FirstOf(share.ranges.front());
      // What is as it was goes on where it was.
      if (old != pools_.end() && old->second[kind].ranges == share.ranges)
        share = old->second[kind];
    }
    fresh.emplace(name, std::move(pool));
  }
  pools_ = std::move(fresh);
}

bool PrefixPools::Has(std::string_view pool, PrefixKind kind) const {
  const auto found = pools_.find(pool);
  return found != pools_.end() && !found->second[IndexOf(kind)].ranges.empty();
}

// ---- Giving

bool PrefixPools::IsSkipped(const PrefixRange& range, Ipv6Number first) const {
  const unsigned bits = HostBits(range);
  if (range.length != kAddress || bits == 0) return false;
  const std::uint64_t host = LowBits(first, bits);
  return host == 0 || (gateway_id_ && host == LowBits(IdNumber(*gateway_id_), bits));
}

std::optional<Ipv6Number> PrefixPools::Search(const PrefixRange& range, Ipv6Number from) const {
  const Ipv6Number last = Ipv6Range::Of(range.network).last;
  const Ipv6Number size = SizeOf(range.length);
  for (Ipv6Number at = from; at <= last;) {
    const auto taken = in_use_.FirstWithin({at, at + (size - 1)});
    if (!taken && !IsSkipped(range, at)) return at;
    const Ipv6Number end = taken ? std::max(taken->last, at) : at;
    const Ipv6Number next = (end & ~(size - 1)) + size;
    if (next <= at) return std::nullopt;  // behind the highest address
    at = next;
  }
  return std::nullopt;
}

std::optional<Ipv6Prefix> PrefixPools::Remembered(const Share& share,
                                                  const PrefixRequest& request) const {
  if (request.user.empty()) return std::nullopt;
  const auto last = last_of_user_.find(UserKey(request));
  if (last == last_of_user_.end()) return std::nullopt;
  const Ipv6Range wanted = Ipv6Range::Of(last->second);
  for (const PrefixRange& range : share.ranges) {
    const Ipv6Range network = Ipv6Range::Of(range.network);
    if (range.length != last->second.length || wanted.first < network.first ||
        wanted.last > network.last || IsSkipped(range, wanted.first)) {
      continue;
    }
    if (in_use_.FirstWithin(wanted)) return std::nullopt;
    return last->second;
  }
  return std::nullopt;
}

std::optional<Ipv6Prefix> PrefixPools::AllocateFrom(Share& share, const PrefixRequest& request) {
  if (const auto remembered = Remembered(share, request)) return remembered;
  // The rest of the current range, the others in order, then the current one's beginning.
  for (std::size_t step = 0; step <= share.ranges.size(); ++step) {
    const std::size_t index = (share.range + step) % share.ranges.size();
    const PrefixRange& range = share.ranges[index];
    const auto found = Search(range, step == 0 ? share.position : FirstOf(range));
    if (!found) continue;
    const Ipv6Range given = Ipv6Range::Of({Ipv6AddressOf(*found), range.length});
    share.range = index;
    share.position = given.last + 1;
    if (given.last == Ipv6Range::Of(range.network).last) {
      share.range = (index + 1) % share.ranges.size();
      share.position = FirstOf(share.ranges[share.range]);
    }
    return Ipv6Prefix{Ipv6AddressOf(*found), range.length};
  }
  return std::nullopt;
}

Result<Ipv6Prefix> PrefixPools::Allocate(const PrefixRequest& request) {
  const bool link = request.kind == PrefixKind::kLink;
  const std::string name = "'" + std::string(request.pool) + "'";
  const auto pool = pools_.find(request.pool);
  if (pool == pools_.end()) return Fail(Error{ErrorCode::kNotFound, "no IPv6 pool " + name});
  Share& share = pool->second[IndexOf(request.kind)];
  if (share.ranges.empty()) {
    return Fail(Error{ErrorCode::kNotFound, "IPv6 pool " + name + " has no prefixes " +
                                                (link ? "for links" : "to delegate")});
  }
  const auto prefix = AllocateFrom(share, request);
  if (!prefix) {
    return Fail(Error{
        ErrorCode::kResourceExhausted,
        std::string("no free IPv6 prefix ") + (link ? "" : "to delegate ") + "in pool " + name});
  }
  Claim(*prefix, request.owner);
  Remember(request, *prefix);
  return *prefix;
}

void PrefixPools::Remember(const PrefixRequest& request, const Ipv6Prefix& prefix) {
  if (request.user.empty()) return;
  const auto [entry, inserted] = last_of_user_.insert_or_assign(UserKey(request), prefix);
  if (!inserted) return;
  remembered_.push_back(entry->first);
  if (remembered_.size() > kRemembered) {
    last_of_user_.erase(remembered_.front());
    remembered_.pop_front();
  }
}

// ---- Leases

// Prefixes are nested or have nothing in common: those above are found by their lengths, those
// below stand behind it in order.
template <class Visit>
void PrefixPools::ForEachOverlap(const Ipv6Prefix& prefix, const Visit& visit) const {
  for (std::uint8_t length = 0; length < prefix.length; ++length) {
    if (of_length_[length] == 0) continue;
    const auto above = leases_.find(MakeIpv6Prefix(prefix.address, length));
    if (above != leases_.end()) visit(*above);
  }
  const Ipv6Number last = Ipv6Range::Of(prefix).last;
  for (auto below = leases_.lower_bound(prefix);
       below != leases_.end() && NumberOf(below->first.address) <= last; ++below) {
    visit(*below);
  }
}

std::set<std::string_view> PrefixPools::OthersOn(const Ipv6Prefix& prefix,
                                                 std::string_view owner) const {
  std::set<std::string_view> others;
  ForEachOverlap(MakeIpv6Prefix(prefix.address, prefix.length), [&](const auto& lease) {
    for (const std::string& one : lease.second) {
      if (one != owner) others.insert(one);
    }
  });
  return others;
}

bool PrefixPools::Reserve(const Ipv6Prefix& prefix, std::string_view owner) {
  return OthersOn(prefix, owner).empty() && Claim(prefix, owner);
}

bool PrefixPools::Claim(const Ipv6Prefix& prefix, std::string_view owner) {
  const Ipv6Prefix exact = MakeIpv6Prefix(prefix.address, prefix.length);
  const auto [lease, fresh] = leases_.try_emplace(exact);
  if (fresh) {
    ++of_length_[exact.length];
    in_use_.Insert(Ipv6Range::Of(exact));
  }
  if (lease->second.emplace(owner).second) ++lease_count_;
  return OthersOn(exact, owner).empty();
}

bool PrefixPools::IsCovered(const Ipv6Prefix& prefix) const {
  for (std::uint8_t length = 0; length < prefix.length; ++length) {
    if (of_length_[length] > 0 && leases_.contains(MakeIpv6Prefix(prefix.address, length))) {
      return true;
    }
  }
  return false;
}

void PrefixPools::Release(const Ipv6Prefix& prefix, std::string_view owner) {
  const Ipv6Prefix exact = MakeIpv6Prefix(prefix.address, prefix.length);
  const auto lease = leases_.find(exact);
  if (lease == leases_.end()) return;
  const auto held = lease->second.find(owner);
  if (held == lease->second.end()) return;
  lease->second.erase(held);
  --lease_count_;
  if (!lease->second.empty()) return;
  leases_.erase(lease);
  --of_length_[exact.length];
  if (IsCovered(exact)) return;
  in_use_.Erase(Ipv6Range::Of(exact));
  ForEachOverlap(exact, [this](const auto& part) { in_use_.Insert(Ipv6Range::Of(part.first)); });
}

bool PrefixPools::Holds(const Ipv6Prefix& prefix, std::string_view owner) const {
  const auto lease = leases_.find(MakeIpv6Prefix(prefix.address, prefix.length));
  return lease != leases_.end() && lease->second.contains(owner);
}

// ---- Usage

std::uint64_t PrefixPools::Total(const PrefixRange& range) const {
  const unsigned bits = range.length - range.network.length;
  const std::uint64_t all = bits >= 64 ? kMany : std::uint64_t{1} << bits;
  const unsigned host_bits = HostBits(range);
  if (range.length != kAddress || host_bits == 0 || all == kMany) return all;
  const bool gateway = gateway_id_ && LowBits(IdNumber(*gateway_id_), host_bits) != 0;
  return all - 1 - (gateway ? 1 : 0);  // of one link: more would be 2^64 or more
}

std::uint64_t PrefixPools::Used(const PrefixRange& range) const {
  const Ipv6Range network = Ipv6Range::Of(range.network);
  const unsigned shift = 128U - range.length;
  std::uint64_t used = 0;
  Ipv6Range rest = network;
  while (const auto taken = in_use_.FirstWithin(rest)) {
    const Ipv6Number first = std::max(taken->first, rest.first) >> shift;
    const Ipv6Number last = std::min(taken->last, network.last) >> shift;
    const Ipv6Number count = last - first + 1;
    used = Sum(used, count > kMany ? kMany : static_cast<std::uint64_t>(count));
    // On with the prefix behind.
    const Ipv6Number end = (last << shift) | (SizeOf(range.length) - 1);
    if (end >= network.last) break;
    rest.first = end + 1;
  }
  return used;
}

std::vector<PrefixUsage> PrefixPools::Usage() const {
  std::vector<PrefixUsage> usage;
  for (const auto& [name, pool] : pools_) {
    for (const PrefixKind kind : {PrefixKind::kLink, PrefixKind::kDelegated}) {
      const Share& share = pool[IndexOf(kind)];
      if (share.ranges.empty()) continue;
      PrefixUsage row{name, kind, 0, 0, share.ranges};
      for (const PrefixRange& range : share.ranges) {
        row.total = Sum(row.total, Total(range));
        row.used = Sum(row.used, Used(range));
      }
      row.used = std::min(row.used, row.total);
      usage.push_back(std::move(row));
    }
  }
  return usage;
}

}  // namespace sstpgw::cp
