// What has passed a session's program and was lost in a queue of the kernel's behind it: known by
// what comes out of the interface, since to ask the kernel for a queue's own counters takes the
// lock that every change of an interface takes, on the thread that carries packets. Pure.
//
// What waits at the moment counts as lost, and as passed once it is out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "ebpf/packet.h"
#include "proto/base/messages.h"

namespace sstpgw::gateway {

class QueueLosses {
 public:
  // `given` is what the program counts now. Packets go through a queue from here on; or go on so.
  void Begin(const ShaperCounters& given) {
    if (!before_) before_ = Amount{given.passed_packets, given.passed_octets};
  }
  // The queue is gone, with what was in it.
  void End(const ShaperCounters& given) {
    lost_ = LostBy(given);
    out_ = {};
    before_.reset();
  }
  [[nodiscard]] bool counts() const { return before_.has_value(); }
  void CameOut(const sg_cost& cost) {
    out_.packets += cost.packets;
    out_.octets += cost.octets;
  }

  // The program's counters as the subscriber sees them.
  [[nodiscard]] ShaperCounters Seen(ShaperCounters given) const {
    const Amount lost = LostBy(given);
    given.passed_packets -= std::min(given.passed_packets, lost.packets);
    given.passed_octets -= std::min(given.passed_octets, lost.octets);
    given.dropped_packets += lost.packets;
    given.dropped_octets += lost.octets;
    return given;
  }

 private:
  struct Amount {
    std::uint64_t packets = 0;
    std::uint64_t octets = 0;
  };
  static std::uint64_t Above(std::uint64_t more, std::uint64_t less) {
    return more > less ? more - less : 0;
  }
  [[nodiscard]] Amount LostBy(const ShaperCounters& given) const {
    if (!before_) return lost_;
    return {lost_.packets + Above(given.passed_packets, before_->packets + out_.packets),
            lost_.octets + Above(given.passed_octets, before_->octets + out_.octets)};
  }

  Amount lost_;                   // in queues that are gone
  std::optional<Amount> before_;  // this queue; absent: there is none
  Amount out_;                    // of this queue
};

}  // namespace sstpgw::gateway
