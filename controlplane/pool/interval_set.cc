#include "controlplane/pool/interval_set.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace sstpgw::cp {

bool IntervalSet::Contains(std::uint32_t value) const {
  auto after = intervals_.upper_bound(value);
  return after != intervals_.begin() && std::prev(after)->second >= value;
}

bool IntervalSet::Insert(std::uint32_t value) {
  if (Contains(value)) return false;
  InsertRange(value, value);
  return true;
}

void IntervalSet::InsertRange(std::uint32_t first, std::uint32_t last) {
  if (last < first) return;
  auto next = intervals_.upper_bound(first);
  if (next != intervals_.begin()) {
    auto before = std::prev(next);
    // 64 bits, so that an interval ending at 2^32-1 does not wrap.
    if (std::uint64_t{before->second} + 1 >= first) {
      first = before->first;
      last = std::max(last, before->second);
      next = intervals_.erase(before);
    }
  }
  while (next != intervals_.end() && next->first <= std::uint64_t{last} + 1) {
    last = std::max(last, next->second);
    next = intervals_.erase(next);
  }
  intervals_.emplace_hint(next, first, last);
}

bool IntervalSet::Erase(std::uint32_t value) {
  auto after = intervals_.upper_bound(value);
  if (after == intervals_.begin()) return false;
  auto interval = std::prev(after);
  const std::uint32_t first = interval->first;
  const std::uint32_t last = interval->second;
  if (last < value) return false;
  intervals_.erase(interval);
  if (first < value) intervals_.emplace(first, value - 1);
  if (value < last) intervals_.emplace(value + 1, last);
  return true;
}

std::uint64_t IntervalSet::NextFree(std::uint32_t from) const {
  auto after = intervals_.upper_bound(from);
  if (after == intervals_.begin()) return from;
  const std::uint32_t last = std::prev(after)->second;
  return last < from ? from : std::uint64_t{last} + 1;
}

std::uint64_t IntervalSet::CountWithin(std::uint32_t first, std::uint32_t last) const {
  if (last < first) return 0;
  auto interval = intervals_.upper_bound(first);
  if (interval != intervals_.begin()) --interval;
  std::uint64_t count = 0;
  for (; interval != intervals_.end() && interval->first <= last; ++interval) {
    const std::uint32_t from = std::max(first, interval->first);
    const std::uint32_t to = std::min(last, interval->second);
    if (from <= to) count += std::uint64_t{to} - from + 1;
  }
  return count;
}

}  // namespace sstpgw::cp
