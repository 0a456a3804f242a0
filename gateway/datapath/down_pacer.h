// When, and how much, a worker may read from the TUN of a session whose pace it keeps.
//
//   on the TUN being readable, and when Wait is over:
//     pacer.Credit(octets that the program let pass for their mark since it was last asked);
//     while (pacer.Allowance(now) > 0) { read; pacer.Charge(CostOfRead(what was read)); }
//     the TUN is empty: pacer.Drained() and wait for it; else wait for Wait(now), not for the TUN
//   when the client's connection is full: pacer.Hold(now)
//
// So in any window of time
//
//   octets read <= rate * time + burst + the last packet's octets + what was credited
//
// The kernel's program has the same limit (sg_policy) and lets nothing into the TUN that would wait
// for too long, so this one only keeps the pace:
//   - What the worker could not read in time, because the client's connection was full, may be read
//     faster then, up to the limit's queue: it would stand in the TUN, unseen, as long as there is
//     traffic. It is gone when the TUN is found empty, as all credit is.
//   - A lower rate applies to what the program lets in from now on. What stands in the TUN leaves
//   at
//     the old rate: until it is found empty, or the old queue's time is over, at most a second.
//
// Pure: values, no allocation. One per session.
#pragma once

#include <cstdint>
#include <limits>

#include "ebpf/rate_math.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

class DownPacer {
 public:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  // A limit by PaceLimit, or one without a rate. Begins with a full burst.
  explicit DownPacer(const sg_limit& limit);

  // Octets that may be read now, whole packets until they are used up; 0: none yet.
  [[nodiscard]] std::uint64_t Allowance(TimePoint now);
  // The same without a look at the clock, after packets were charged.
  [[nodiscard]] std::uint64_t Allowance() const;
  void Charge(std::uint64_t octets);
  // So many octets in the TUN are free.
  void Credit(std::uint64_t octets);
  // The TUN was found empty.
  void Drained();
  // It is not read for a while, for another reason than this pacer: what comes meanwhile is late.
  void Hold(TimePoint now);
  // Until it is worth reading again: a quantum may be. 0 while anything may.
  [[nodiscard]] Duration Wait(TimePoint now);
  // 2 ms of the rate, at least a packet, so that the worker wakes up rarely.
  [[nodiscard]] std::uint64_t quantum() const { return quantum_; }

  void Change(const sg_limit& limit, TimePoint now);
  // That is kept now.
  [[nodiscard]] const sg_limit& limit() const { return limit_; }

 private:
  void Fill(TimePoint now);
  void CountLate(std::uint64_t now_ns);
  void Apply(const sg_limit& limit);

  sg_limit limit_;
  sg_bucket bucket_{};
  std::uint64_t quantum_ = 0;
  std::uint64_t credit_ = 0;  // beyond the bucket: for marked packets,
  std::uint64_t late_ = 0;    // and for what was not read in time
  bool empty_ = true;         // the TUN was found empty, and nothing was read or held since
  bool pending_ = false;      // next_ applies at next_ns_
  sg_limit next_{};
  std::uint64_t next_ns_ = 0;
};

}  // namespace sstpgw::datapath
