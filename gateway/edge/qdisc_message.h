// rtnetlink requests for the queue of an interface: what is sent to a client waits there. Pure, see
// rtnetlink_message.h.
//
//   tcmsg (20) | TCA_KIND | TCA_OPTIONS: nested attributes of the kind, or its one structure
//
// Each kind has a root handle of its own, so that a request for the same kind changes the queue
// that is there, and one for another kind puts a new one in its place at once:
//
//   htb 1:, its only class 1:1      tbf 2:, its only class 2:1      fq 3:
//
// Packets whose skb->priority is 1:0 pass htb without a limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>

#include "proto/base/rate_limit.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

// Numbers of 0 are the kernel's own defaults, where nothing else is said.

struct FifoQueue {
  std::uint32_t packets = 0;  // super-packets count as one
  friend bool operator==(const FifoQueue&, const FifoQueue&) = default;
};

struct ByteFifoQueue {
  std::uint32_t octets = 0;
  friend bool operator==(const ByteFifoQueue&, const ByteFifoQueue&) = default;
};

struct SfqQueue {
  std::uint32_t packets = 0;
  std::uint32_t quantum = 0;  // octets
  std::chrono::seconds perturb{0};
  friend bool operator==(const SfqQueue&, const SfqQueue&) = default;
};

struct FqCodelQueue {
  std::uint32_t packets = 0;
  std::uint32_t flows = 0;
  std::uint32_t quantum = 0;  // octets
  std::chrono::microseconds target{0};
  std::chrono::microseconds interval{0};
  bool ecn = true;
  friend bool operator==(const FqCodelQueue&, const FqCodelQueue&) = default;
};

// What waits inside a limit: the limit's own queue, or another one.
using LeafQueue = std::variant<std::monostate, FifoQueue, SfqQueue, FqCodelQueue, ByteFifoQueue>;

// sch_tbf. Its own queue is a fifo of `limit` octets; another leaf has limits of its own. A change
// fills its bucket, so that many changes give many bursts away: htb does the same without that.
struct TbfQueue {
  BitsPerSecond rate{};     // not 0; below 8 counts as 8
  std::uint32_t burst = 0;  // octets, not 0; larger super-packets are cut
  std::uint32_t limit = 0;  // octets, not 0
  std::uint16_t mpu = 0;    // octets that the smallest packet counts as
  LeafQueue leaf;
  friend bool operator==(const TbfQueue&, const TbfQueue&) = default;
};

// sch_htb with one class. Its own queue is a fifo of as many packets as the interface's ring has.
struct HtbQueue {
  BitsPerSecond rate{};      // not 0; below 8 counts as 8
  std::uint32_t burst = 0;   // octets
  std::uint32_t cburst = 0;  // octets that may pass at once at the speed of the link
  std::uint32_t quantum =
      0;                   // octets; 0: rate / r2q, with a line in the kernel's log if that is odd
  std::uint32_t r2q = 10;  // fixed when it is made
  std::uint16_t mpu = 0;
  LeafQueue leaf;
  friend bool operator==(const HtbQueue&, const HtbQueue&) = default;
};

// sch_fq: each packet leaves at its time of departure.
struct FqQueue {
  std::uint32_t packets = 0;
  std::uint32_t flow_packets = 0;
  std::chrono::microseconds horizon{0};  // departures further away are drops
  friend bool operator==(const FqQueue&, const FqQueue&) = default;
};

// Whole of what an interface has; monostate: the kernel's default, no limit.
using RootQueue = std::variant<std::monostate, TbfQueue, HtbQueue, FqQueue>;

// "tbf", "fq_codel", as tc writes it; "default" for none.
[[nodiscard]] const char* NameOf(const RootQueue& queue);
[[nodiscard]] const char* NameOf(const LeafQueue& queue);

// Makes or, where it is there, changes the root without its class and leaf.
[[nodiscard]] Bytes BuildRootQueue(std::uint32_t sequence, InterfaceIndex index,
                                   const TbfQueue& queue);
[[nodiscard]] Bytes BuildRootQueue(std::uint32_t sequence, InterfaceIndex index,
                                   const FqQueue& queue);
// htb's root cannot be changed, only its class. Until that is there, nothing is limited.
[[nodiscard]] Bytes BuildRootQueue(std::uint32_t sequence, InterfaceIndex index,
                                   const HtbQueue& queue);
[[nodiscard]] Bytes BuildHtbClass(std::uint32_t sequence, InterfaceIndex index,
                                  const HtbQueue& queue);
// ENOENT where there is none but the kernel's default.
[[nodiscard]] Bytes BuildRootDelete(std::uint32_t sequence, InterfaceIndex index);

// A new leaf in the place of the one that is there, whose packets are lost, but a fifo of octets is
// changed where it stands; empty for monostate.
[[nodiscard]] Bytes BuildLeafQueue(std::uint32_t sequence, InterfaceIndex index,
                                   std::uint32_t parent_class, const LeafQueue& queue);
inline constexpr std::uint32_t kRootParent = 0xffff'ffff;  // as the root
inline constexpr std::uint32_t kHtbClass = 0x0001'0001;
inline constexpr std::uint32_t kTbfClass = 0x0002'0001;

}  // namespace sstpgw::edge
