// A set of IPv6 addresses kept as disjoint, never touching intervals, addresses being 128-bit
// numbers. Memory is proportional to the number of intervals; every operation is O(log n) but for
// what it removes. One owner, not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <optional>

#include "proto/base/ip.h"

namespace sstpgw::cp {

__extension__ using Ipv6Number = unsigned __int128;

[[nodiscard]] Ipv6Number NumberOf(const Ipv6Address& address);
[[nodiscard]] Ipv6Address Ipv6AddressOf(Ipv6Number number);

// Both inclusive; first is not above last.
struct Ipv6Range {
  Ipv6Number first = 0;
  Ipv6Number last = 0;
  [[nodiscard]] static Ipv6Range Of(const Ipv6Prefix& prefix);
  friend bool operator==(const Ipv6Range&, const Ipv6Range&) = default;
};

class Ipv6RangeSet {
 public:
  // Adds the range, whatever of it was there before.
  void Insert(Ipv6Range range);
  // Takes out whatever of the range is there.
  void Erase(Ipv6Range range);
  // The first interval that shares an address with `range`; none: nullopt.
  [[nodiscard]] std::optional<Ipv6Range> FirstWithin(Ipv6Range range) const;
  [[nodiscard]] std::size_t interval_count() const { return intervals_.size(); }

 private:
  std::map<Ipv6Number, Ipv6Number> intervals_;  // first -> last
};

}  // namespace sstpgw::cp
