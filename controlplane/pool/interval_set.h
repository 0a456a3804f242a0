// A set of 32-bit numbers kept as disjoint, never touching intervals. Memory is proportional to the
// number of intervals, at most to the number of members; every operation is O(log n).
// One owner, not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace sstpgw::cp {

class IntervalSet {
 public:
  // False, and nothing changes, if `value` is a member already.
  bool Insert(std::uint32_t value);
  // False if it was no member.
  bool Erase(std::uint32_t value);
  [[nodiscard]] bool Contains(std::uint32_t value) const;
  // Smallest number >= `from` that is no member. 64 bits wide: 2^32 if there is none.
  [[nodiscard]] std::uint64_t NextFree(std::uint32_t from) const;
  // Members within first..last, both inclusive.
  [[nodiscard]] std::uint64_t CountWithin(std::uint32_t first, std::uint32_t last) const;
  // Adds first..last, whatever of it was there before.
  void InsertRange(std::uint32_t first, std::uint32_t last);
  [[nodiscard]] std::size_t interval_count() const { return intervals_.size(); }
  [[nodiscard]] const std::map<std::uint32_t, std::uint32_t>& intervals() const {
    return intervals_;
  }

 private:
  // First member -> last member, inclusive.
  std::map<std::uint32_t, std::uint32_t> intervals_;
};

}  // namespace sstpgw::cp
