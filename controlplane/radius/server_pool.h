// Which server gets a request (features 6.1, "order", "one request", "all failed").
//
//   1. servers that are not backup and usable, or of which a trial is due (ServerHealth);
//   2. the same of backup servers;
//   3. none: whichever is left alone for the shortest time from now on, backup or not.
//
// Within 1 and 2 the operator's order decides; where load is to be spread, the smallest load /
// weight does, then the greater weight, then the order. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "controlplane/radius/server_health.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

// A server that a request may go to: it offers the service and the request was not there before.
struct Candidate {
  bool backup = false;
  std::uint32_t weight = 1;  // at least 1
  std::size_t load = 0;      // requests in flight and in its queue
  bool full = false;         // can neither send nor queue one more
  ServerHealth::Standing standing = ServerHealth::Standing::kUsable;
  TimePoint penalty_end{};  // while not usable
};

enum class Spread : bool { kInOrder, kByWeight };

// An index; nullopt: there is none that is not full.
[[nodiscard]] std::optional<std::size_t> Choose(std::span<const Candidate> candidates,
                                                Spread spread);

}  // namespace sstpgw::cp::radius
