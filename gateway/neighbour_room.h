// Whether the kernel's neighbour tables have room for the sessions: each interface owns an entry,
// and beyond net.ipv4.neigh.default.gc_thresh3 (1024 by default) entries are thrown out and made
// again all the time, which makes a packet seven times as expensive (measured at 10,000).
//
// The tables belong to the machine and are seen in its first network namespace only; elsewhere
// nothing can be said. Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/edge/kernel.h"

namespace sstpgw::gateway {

struct SessionNumbers {
  std::uint32_t allowed = 0;  // 0: no limit
  std::uint32_t now = 0;
};

class NeighbourRoom {
 public:
  // `kernel` must outlive it.
  explicit NeighbourRoom(edge::Kernel& kernel) : kernel_(kernel) {}

  // What to say about it, with the settings to be made; nothing if there is room, or if that has
  // been said already. Without a limit there must be room for what a kernel has by default, and for
  // the sessions that there are. Cheap while nothing new comes up: meant to be asked every second.
  std::optional<std::string> Check(const SessionNumbers& sessions);

  // gc_thresh1..3 for so many sessions: no entry is thrown out below the first.
  struct Thresholds {
    std::uint64_t first;
    std::uint64_t second;
    std::uint64_t third;
  };
  static Thresholds For(std::uint64_t sessions);

 private:
  edge::Kernel& kernel_;
  std::uint64_t judged_ = 0;  // as many sessions have been judged
};

}  // namespace sstpgw::gateway
