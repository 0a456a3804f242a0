// Which IPv6 prefixes are given to whom, for links and for the networks behind clients (features
// 4.1, 4.2). Pure: the caller says who asks and who leaves.
//
// - One table of what is in use for all pools and both kinds, so that pools which overlap never
//   give one address twice, and what a RADIUS server has fixed or a carried session holds is never
//   given to somebody else, nor a part of it, nor what it is a part of.
// - Order: the next free prefix after the one given last, wrapping; a user whose last prefix is
//   free gets it again.
// - A prefix is found by arithmetic: memory is proportional to the prefixes in use plus a bounded
//   memory of users, whatever the size of the network (a /32 has 2^32 of /64).
// - Single addresses (length 128): neither that with all-zero host bits, which belongs to all
//   routers of the link, nor the gateway's own, is given (host bits: at most the lower 64).
//
// A lease belongs to an owner: any text that names a session. Several may have the same prefix or
// parts of it, since sessions use what they use; it is free when the last one has left. Not
// thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controlplane/config/control_config.h"
#include "controlplane/pool/ipv6_range_set.h"
#include "proto/base/ip.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

using PrefixPoolMap = std::map<std::string, Ipv6PoolConfig, std::less<>>;

enum class PrefixKind : std::uint8_t { kLink, kDelegated };

struct PrefixRequest {
  std::string_view pool;
  PrefixKind kind = PrefixKind::kLink;
  std::string_view owner;
  std::string_view user;  // for stickiness; empty: none
};

struct PrefixUsage {
  std::string name;
  PrefixKind kind = PrefixKind::kLink;
  std::uint64_t total = 0;  // prefixes that can be given; at most 2^64 - 1
  std::uint64_t used = 0;   // of these, those that share an address with one in use
  std::vector<PrefixRange> ranges;
};

class PrefixPools {
 public:
  // Takes over new pools. Leases stay as they are, also those outside every pool now.
  // `gateway_id`: of the gateways on every link; absent: another one each time.
  void Configure(const PrefixPoolMap& pools, std::optional<InterfaceId> gateway_id);

  // Whether there is such a pool, and it has prefixes of this kind.
  [[nodiscard]] bool Has(std::string_view pool) const { return pools_.contains(pool); }
  [[nodiscard]] bool Has(std::string_view pool, PrefixKind kind) const;
  // kNotFound: not so. kResourceExhausted: it is used up.
  [[nodiscard]] Result<Ipv6Prefix> Allocate(const PrefixRequest& request);
  // Takes exactly this prefix. False, and nothing changes, if somebody else has an address of it.
  [[nodiscard]] bool Reserve(const Ipv6Prefix& prefix, std::string_view owner);
  // As Reserve, for a prefix that `owner` uses whatever we say. False: so does somebody else.
  bool Claim(const Ipv6Prefix& prefix, std::string_view owner);
  // Nothing happens if `owner` does not have exactly this prefix.
  void Release(const Ipv6Prefix& prefix, std::string_view owner);
  [[nodiscard]] bool Holds(const Ipv6Prefix& prefix, std::string_view owner) const;
  // Who else than `owner` has an address of it. Valid until the next change.
  [[nodiscard]] std::set<std::string_view> OthersOn(const Ipv6Prefix& prefix,
                                                    std::string_view owner) const;
  // Pairs of prefix and owner.
  [[nodiscard]] std::size_t lease_count() const { return lease_count_; }
  // In the order of pool names, link before delegated; kinds that a pool does not have are left
  // out. Walks through what is in use.
  [[nodiscard]] std::vector<PrefixUsage> Usage() const;

  // Of users, whose last prefixes are remembered; what is remembered longest is forgotten first.
  static constexpr std::size_t kRemembered = 131072;

 private:
  // The prefixes of one kind in one pool.
  struct Share {
    std::vector<PrefixRange> ranges;
    std::size_t range = 0;    // where the search goes on ...
    Ipv6Number position = 0;  // ... in that range
  };
  using Pool = std::array<Share, 2>;
  using Owners = std::set<std::string, std::less<>>;

  [[nodiscard]] std::optional<Ipv6Prefix> AllocateFrom(Share& share, const PrefixRequest& request);
  [[nodiscard]] std::optional<Ipv6Prefix> Remembered(const Share& share,
                                                     const PrefixRequest& request) const;
  // First usable one at or behind `from`.
  [[nodiscard]] std::optional<Ipv6Number> Search(const PrefixRange& range, Ipv6Number from) const;
  [[nodiscard]] bool IsSkipped(const PrefixRange& range, Ipv6Number first) const;
  [[nodiscard]] std::uint64_t Total(const PrefixRange& range) const;
  [[nodiscard]] std::uint64_t Used(const PrefixRange& range) const;
  [[nodiscard]] bool IsCovered(const Ipv6Prefix& prefix) const;
  void Remember(const PrefixRequest& request, const Ipv6Prefix& prefix);
  // Calls `visit` with every lease that shares an address with `prefix`.
  template <class Visit>
  void ForEachOverlap(const Ipv6Prefix& prefix, const Visit& visit) const;

  std::map<std::string, Pool, std::less<>> pools_;
  std::optional<InterfaceId> gateway_id_;
  std::map<Ipv6Prefix, Owners> leases_;  // no empty sets
  std::size_t lease_count_ = 0;
  std::array<std::size_t, 129> of_length_{};                  // of leases_
  Ipv6RangeSet in_use_;                                       // the union of leases_
  std::unordered_map<std::string, Ipv6Prefix> last_of_user_;  // kind in front of the name
  std::deque<std::string> remembered_;  // oldest first; each key of last_of_user_ once
};

}  // namespace sstpgw::cp
