// Which inner IPv4 addresses are given to whom (features 5). Pure: the caller says who asks and who
// leaves.
//
// - One in-use table for all pools, so that pools which overlap never give one address twice, and
//   an address fixed by a static-ip or held by a carried session is never given to somebody else.
// - Order: the next free address after the one given last, wrapping; a user whose last address is
//   free gets it again.
// - When a pool is used up, its next-pool goes on.
// - The gateway's own address is never given. Network and broadcast addresses are not part of the
//   ranges (config cuts them off).
// - Memory is proportional to addresses in use plus a bounded memory of users; Allocate is
//   O(ranges * log(in use)).
//
// A lease belongs to an owner: any text that names a session. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "controlplane/config/control_config.h"
#include "controlplane/pool/interval_set.h"
#include "proto/base/ip.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

using PoolMap = std::map<std::string, PoolConfig, std::less<>>;

struct PoolUsage {
  std::string name;
  // Addresses that can be given: neither the gateway's nor those of a user's static-ip.
  std::uint64_t total = 0;
  std::uint64_t used = 0;  // of these, in use now by anybody
  std::string next_pool;
  std::vector<AddressRange> ranges;
};

struct AllocateRequest {
  std::string_view pool;
  std::string_view owner;
  std::string_view user;  // for stickiness; empty: none
  Ipv4Address not_this;   // never give this one (the client's outer address); zero: no wish
};

class AddressPools {
 public:
  // Takes over new pools. Leases stay as they are, also those outside every pool now.
  void Configure(const PoolMap& pools, Ipv4Address gateway);

  // Addresses that belong to somebody by configuration (static-ip): Allocate never gives them,
  // Reserve does. Replaces the former ones.
  void SetFixed(const std::vector<Ipv4Address>& fixed);

  // kNotFound: no such pool. kResourceExhausted: it and all its next pools are used up.
  [[nodiscard]] Result<Ipv4Address> Allocate(const AllocateRequest& request);
  // Takes exactly this address. False if somebody else holds it; true also if `owner` holds it
  // already. The gateway's own address cannot be reserved.
  [[nodiscard]] bool Reserve(Ipv4Address address, std::string_view owner);
  // As Reserve, for an address that `owner` uses whatever we say: if somebody else holds it, it
  // becomes the owner's when that one gives it back, so it never counts as free meanwhile.
  [[nodiscard]] bool Claim(Ipv4Address address, std::string_view owner);
  // Moves a held address from one owner to another; the former keeps a claim. False, and nothing
  // changes, if `from` does not hold it.
  [[nodiscard]] bool HandOver(Ipv4Address address, std::string_view from, std::string_view to);
  // Gives back what `owner` holds or claims of it; nothing happens if it does neither.
  void Release(Ipv4Address address, std::string_view owner);
  // Empty: nobody.
  [[nodiscard]] std::string_view OwnerOf(Ipv4Address address) const;
  [[nodiscard]] std::size_t lease_count() const { return owners_.size(); }
  // In the order of pool names.
  [[nodiscard]] std::vector<PoolUsage> Usage() const;

  // Users whose last address is remembered; the one remembered longest is forgotten first.
  static constexpr std::size_t kRememberedUsers = 65536;

 private:
  struct Pool {
    PoolConfig config;
    std::size_t range = 0;       // where the search goes on ...
    std::uint32_t position = 0;  // ... in that range
  };
  [[nodiscard]] Ipv4Address AllocateFrom(Pool& pool, const AllocateRequest& request) const;
  [[nodiscard]] Ipv4Address Remembered(const Pool& pool, const AllocateRequest& request) const;
  [[nodiscard]] bool Usable(std::uint32_t value, Ipv4Address not_this) const;
  // First usable address in first..last, zero if there is none.
  [[nodiscard]] Ipv4Address Search(std::uint32_t first, std::uint32_t last,
                                   Ipv4Address not_this) const;
  void Remember(std::string_view user, Ipv4Address address);

  std::map<std::string, Pool, std::less<>> pools_;
  Ipv4Address gateway_;
  std::unordered_set<Ipv4Address> fixed_;
  IntervalSet in_use_;
  std::unordered_map<Ipv4Address, std::string> owners_;
  // Of held addresses: who else uses them. Rare; no empty sets.
  std::unordered_map<Ipv4Address, std::set<std::string, std::less<>>> claims_;
  std::unordered_map<std::string, Ipv4Address> last_of_user_;
  std::deque<std::string> remembered_;  // oldest first; each user of last_of_user_ once
};

}  // namespace sstpgw::cp
