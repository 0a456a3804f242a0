// Counts and sums of what happened in the last minutes, for "1m" and "5m" in statistics (features
// 10.3). Time is cut into steps of 10 s, so a window is up to one step shorter than its name says.
// Pure.
#pragma once

#include <array>
#include <cstdint>

#include "proto/base/types.h"

namespace sstpgw::cp::radius {

class RecentWindow {
 public:
  struct Total {
    std::uint64_t count = 0;
    Duration sum{0};
    [[nodiscard]] Duration average() const {
      return count == 0 ? Duration::zero() : sum / static_cast<Duration::rep>(count);
    }
  };

  void Add(TimePoint now, Duration value = Duration::zero()) {
    Step& step = steps_[Place(IndexOf(now))];
    if (step.index != IndexOf(now)) step = Step{IndexOf(now), {}};
    ++step.total.count;
    step.total.sum += value;
  }
  // Of the last `span`, at most 5 minutes.
  [[nodiscard]] Total Last(Duration span, TimePoint now) const {
    const std::int64_t oldest = IndexOf(now) - span / kStep;
    Total total;
    for (const Step& step : steps_) {
      if (step.index <= oldest || step.index > IndexOf(now)) continue;
      total.count += step.total.count;
      total.sum += step.total.sum;
    }
    return total;
  }

 private:
  static constexpr Duration kStep = std::chrono::seconds(10);
  static constexpr std::size_t kSteps = 32;  // more than 5 minutes
  struct Step {
    std::int64_t index = -1;
    Total total;
  };
  static std::int64_t IndexOf(TimePoint time) { return time.time_since_epoch() / kStep; }
  static std::size_t Place(std::int64_t index) { return static_cast<std::size_t>(index) % kSteps; }
  std::array<Step, kSteps> steps_{};
};

}  // namespace sstpgw::cp::radius
