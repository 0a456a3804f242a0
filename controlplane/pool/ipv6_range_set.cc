#include "controlplane/pool/ipv6_range_set.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace sstpgw::cp {
namespace {

constexpr Ipv6Number kHighest = ~Ipv6Number{0};

}  // namespace

Ipv6Number NumberOf(const Ipv6Address& address) {
  Ipv6Number number = 0;
  for (const std::uint8_t octet : address.octets()) number = (number << 8) | octet;
  return number;
}

Ipv6Address Ipv6AddressOf(Ipv6Number number) {
  std::array<std::uint8_t, 16> octets{};
  for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet) {
    *octet = static_cast<std::uint8_t>(number);
    number >>= 8;
  }
  return Ipv6Address(octets);
}

Ipv6Range Ipv6Range::Of(const Ipv6Prefix& prefix) {
  const Ipv6Prefix exact = MakeIpv6Prefix(prefix.address, prefix.length);
  const Ipv6Number first = NumberOf(exact.address);
  // A shift by all 128 bits would not be defined.
  const Ipv6Number hosts = exact.length == 0 ? kHighest : ~(kHighest << (128 - exact.length));
  return {first, exact.length >= 128 ? first : first | hosts};
}

void Ipv6RangeSet::Insert(Ipv6Range range) {
  auto next = intervals_.upper_bound(range.first);
  if (next != intervals_.begin()) {
    const auto before = std::prev(next);
    if (before->second == kHighest || before->second + 1 >= range.first) {
      range.first = before->first;
      range.last = std::max(range.last, before->second);
      next = intervals_.erase(before);
    }
  }
  while (next != intervals_.end() && (range.last == kHighest || next->first <= range.last + 1)) {
    range.last = std::max(range.last, next->second);
    next = intervals_.erase(next);
  }
  intervals_.emplace_hint(next, range.first, range.last);
}

void Ipv6RangeSet::Erase(Ipv6Range range) {
  auto at = intervals_.upper_bound(range.first);
  if (at != intervals_.begin() && std::prev(at)->second >= range.first) --at;
  while (at != intervals_.end() && at->first <= range.last) {
    const Ipv6Range old{at->first, at->second};
    at = intervals_.erase(at);
    if (old.first < range.first) intervals_.emplace(old.first, range.first - 1);
    if (old.last > range.last) intervals_.emplace(range.last + 1, old.last);
  }
}

std::optional<Ipv6Range> Ipv6RangeSet::FirstWithin(Ipv6Range range) const {
  auto at = intervals_.upper_bound(range.first);
  if (at != intervals_.begin() && std::prev(at)->second >= range.first) --at;
  if (at == intervals_.end() || at->first > range.last) return std::nullopt;
  return Ipv6Range{at->first, at->second};
}

}  // namespace sstpgw::cp
