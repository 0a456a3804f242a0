// Which of the limits that somebody gave holds for a session now. Pure.
//
// The first of these that has a limit for the active time range, or for all times:
//   temporary   an operator's, until it is restored; also for all sessions, new ones included
//   changed     the session's own: an operator's change
//   radius      what the RADIUS server said when it let the session in
//   user        the user's entry in the configuration
//   default     shaper.rate-limit
// What the others say is kept and holds again when its turn comes.
#pragma once

#include <cstdint>
#include <optional>

#include "controlplane/shaper/rate_table.h"

namespace sstpgw::cp {

enum class RateSource : std::uint8_t { kNone, kDefault, kUser, kRadius, kChanged, kTemporary };
[[nodiscard]] const char* ToString(RateSource source);  // "none", "default", "temporary"

// What was said of one session in particular.
struct SessionRates {
  std::optional<RateLimit> temporary;
  bool exempt = false;  // the temporary limit of all sessions is not for this one
  RateTable own;
  std::optional<RateTable>
      granted;  // by a backend at its login; absent: this process does not know

  friend bool operator==(const SessionRates&, const SessionRates&) = default;
};

struct RateChoice {
  RateLimit limit;
  RateSource source = RateSource::kNone;
  std::uint32_t time_range = 0;  // whose values these are; 0: those of all times

  friend bool operator==(const RateChoice&, const RateChoice&) = default;
};

// All that may decide; nullptr: nothing was said there.
struct RateOffers {
  const SessionRates* session = nullptr;
  std::optional<RateLimit> temporary_of_all;
  const RateTable* user = nullptr;
  const RateTable* fallback = nullptr;
};

[[nodiscard]] RateChoice ChooseRate(const RateOffers& offers, std::uint32_t active_range);

}  // namespace sstpgw::cp
