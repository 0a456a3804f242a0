// The limits of one session as its RADIUS packet or user entry gives them, for every time range.
// Built anew from each packet. Pure.
#pragma once

#include <cstdint>
#include <map>

#include "controlplane/shaper/rate_text.h"

namespace sstpgw::cp {

class RateTable {
 public:
  // A later reading's limit replaces an earlier one of its time range and direction. A rate of 0
  // replaces nothing: it is only a limit's absence.
  void Add(const RateReading& reading);
  // The reading takes the place of all that was given for its time range.
  void Set(const RateReading& reading) { readings_[reading.time_range] = reading; }
  // Something was given for this very time range.
  [[nodiscard]] bool Has(std::uint32_t time_range) const { return readings_.count(time_range) > 0; }
  // Likewise, or for all times; if not, the next source in line decides.
  [[nodiscard]] bool Speaks(std::uint32_t time_range) const { return Has(time_range) || Has(0); }
  // What holds while `time_range` is active; of a direction that was not given for it, range 0's.
  [[nodiscard]] RateLimit During(std::uint32_t time_range) const;
  // Nothing was given at all.
  [[nodiscard]] bool empty() const { return readings_.empty(); }

  friend bool operator==(const RateTable&, const RateTable&) = default;

 private:
  std::map<std::uint32_t, RateReading> readings_;
};

}  // namespace sstpgw::cp
