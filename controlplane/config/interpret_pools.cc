// Address pools: ranges, chains of next-pool, overlaps (features 5; rules V7, V8, V10, W1).
#include <algorithm>
#include <map>
#include <set>

#include "controlplane/config/interpret.h"
#include "controlplane/config/pool_range.h"

namespace sstpgw::cp {
namespace {

constexpr std::string_view kPools = "sstp.client-ip-pool";
constexpr std::size_t kMaxOverlapWarnings = 20;

using Pools = std::map<std::string, PoolConfig, std::less<>>;

void CheckNextPool(const PoolConfig& pool, const Pools& pools, Report& report) {
  const std::string path = Below(Below(kPools, pool.name), "next-pool");
  if (pools.find(pool.next_pool) == pools.end() && !report.Faulty(Below(kPools, pool.next_pool))) {
    report.Error(path, "there is no such pool in client-ip-pool",
                 "Define it, or remove next-pool.");
  }
}

// Every loop is reported once, at its alphabetically first pool.
void CheckLoops(const Pools& pools, Report& report) {
  std::set<std::string_view> finished;
  for (const auto& [name, pool] : pools) {
    std::vector<std::string_view> way;
    std::set<std::string_view> on_way;
    const PoolConfig* at = &pool;
    while (at != nullptr && finished.count(at->name) == 0 && on_way.insert(at->name).second) {
      way.push_back(at->name);
      const auto next = pools.find(at->next_pool);
      at = next == pools.end() ? nullptr : &next->second;
    }
    if (at != nullptr && finished.count(at->name) == 0) {
      std::string loop;
      for (auto step = std::find(way.begin(), way.end(), at->name); step != way.end(); ++step) {
        loop += std::string(*step) + " -> ";
      }
      report.Error(Below(Below(kPools, at->name), "next-pool"),
                   "the chain of pools is a loop: " + loop + at->name,
                   "Remove next-pool from one of them.");
    }
    finished.insert(way.begin(), way.end());
  }
}

struct NamedRange {
  AddressRange range;
  std::string path;
};

void WarnOfOverlaps(std::vector<NamedRange> ranges, Report& report) {
  std::sort(ranges.begin(), ranges.end(),
            [](const NamedRange& a, const NamedRange& b) { return a.range.first < b.range.first; });
  std::size_t warnings = 0;
  const NamedRange* furthest = nullptr;  // of those before, the one that reaches furthest
  for (const NamedRange& range : ranges) {
    if (furthest != nullptr && range.range.first <= furthest->range.last &&
        ++warnings <= kMaxOverlapWarnings) {
      report.Warning(range.path, "overlaps " + furthest->path,
                     "No address is given twice, but the pools are smaller than they look.");
    }
    if (furthest == nullptr || furthest->range.last < range.range.last) furthest = &range;
  }
}

void CheckDefaultPool(const std::string& name, const Pools& pools, Report& report) {
  if (!name.empty()) {
    if (pools.find(name) == pools.end() && !report.Refused(Below(kPools, name))) {
      report.Error("sstp.default-pool", "there is no such pool in client-ip-pool");
    }
  } else if (!pools.empty() && !report.Faulty("sstp.default-pool")) {
    report.Warning("sstp.default-pool",
                   "is missing, so only users with a static-ip get an address");
  }
}

}  // namespace

void InterpretPools(const v1::SstpConfig& config, Report& report, ControlConfig& result) {
  std::vector<NamedRange> all;
  for (const auto& entry : config.client_ip_pool()) {
    PoolConfig pool;
    pool.name = entry.first;
    pool.next_pool = entry.second.next_pool();
    const std::string path = Below(Below(kPools, pool.name), "range");
    std::size_t index = 0;
    for (const std::string& text : entry.second.range()) {
      const auto range = ParsePoolRange(text);
      const std::size_t position = index++;
      if (!range) continue;  // refused by the schema
      pool.ranges.push_back(*range);
      all.push_back({*range, Item(path, position)});
    }
    result.pools.emplace(pool.name, std::move(pool));
  }
  result.default_pool = config.default_pool();
  for (const auto& entry : result.pools) {
    if (!entry.second.next_pool.empty()) CheckNextPool(entry.second, result.pools, report);
  }
  CheckLoops(result.pools, report);
  CheckDefaultPool(result.default_pool, result.pools, report);
  WarnOfOverlaps(std::move(all), report);
  if (result.pools.empty() && result.ipv6_pools.empty() && UsersAreLocal(config, report) &&
      !report.Faulty(kPools) && !report.Faulty("sstp.client-ipv6-pool")) {
    report.Error(std::string(kPools), "is missing: clients need addresses",
                 "Define a pool with a range.");
  }
}

}  // namespace sstpgw::cp
