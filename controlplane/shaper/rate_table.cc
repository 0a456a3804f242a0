#include "controlplane/shaper/rate_table.h"

namespace sstpgw::cp {
namespace {

void Replace(std::optional<DirectionLimit>& limit, const std::optional<DirectionLimit>& later) {
  if (later && (!limit || later->rate.value() != 0)) limit = later;
}

}  // namespace

void RateTable::Add(const RateReading& reading) {
  RateReading& kept = readings_[reading.time_range];
  kept.time_range = reading.time_range;
  Replace(kept.down, reading.down);
  Replace(kept.up, reading.up);
}

RateLimit RateTable::During(std::uint32_t time_range) const {
  RateLimit limit;
  for (const std::uint32_t id : {std::uint32_t{0}, time_range}) {
    const auto found = readings_.find(id);
    if (found == readings_.end()) continue;
    limit.down = found->second.down.value_or(limit.down);
    limit.up = found->second.up.value_or(limit.up);
  }
  return limit;
}

}  // namespace sstpgw::cp
