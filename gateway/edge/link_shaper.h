// How one session's interface is limited, counted and checked: the programs on it, its policy in
// their maps, and its queue, changed together under traffic.
//
// Life: Apply() when the interface is set up, best while it is still down (no packet is lost, and
// the kernel need not wait for its readers); Apply() again for every change; then Bare() if the
// interface is to be used by another session, or Forget() if it goes.
//
// Threads: that of the Netlink; the counters from any.
#pragma once

#include <optional>

#include "gateway/edge/kernel.h"
#include "gateway/edge/link_queue.h"
#include "gateway/edge/netlink.h"
#include "gateway/edge/program_attachment.h"
#include "gateway/edge/session_programs.h"

namespace sstpgw::edge {

class LinkShaper {
 public:
  // `kernel` and `programs` must outlive it; `way` is one that ShaperSupport has.
  LinkShaper(Kernel& kernel, const SessionPrograms& programs, AttachWay way, InterfaceIndex index)
      : kernel_(&kernel), programs_(&programs), way_(way), index_(index), queue_(index) {}

  // Both or, on error, what was before, which the caller can go on with (after the first call:
  // nothing at all). `policy.down` says the rate even where the queue keeps it (SG_KIND_COUNT):
  // while one kind of queue or program takes over from another, or a queue is made anew, what is
  // above that rate is dropped, so that no packet passes without a limit. So it goes on where after
  // an error not even the old queue can be had.
  Result<void> Apply(Netlink& netlink, const sg_policy& policy, const RootQueue& queue);

  // Takes everything off that was put there, so that the interface counts as untouched.
  // An error: something is still there.
  Result<void> Bare(Netlink& netlink);
  // Only the entries in the maps, for an interface that is about to be deleted with all that hangs
  // on it. Until then nothing passes.
  void Forget();

  // Bucket and counters; kNotFound: before Apply(), or after Bare() or Forget().
  [[nodiscard]] Result<sg_state> ReadDown() const { return programs_->ReadDown(index_); }
  [[nodiscard]] Result<sg_state> ReadUp() const { return programs_->ReadUp(index_); }

  [[nodiscard]] bool applied() const { return policy_.has_value(); }

 private:
  Result<void> Start(Netlink& netlink, const sg_policy& policy, const RootQueue& queue);
  Result<void> Change(Netlink& netlink, const sg_policy& policy, const RootQueue& queue);

  Kernel* kernel_;
  const SessionPrograms* programs_;
  AttachWay way_;
  InterfaceIndex index_;
  LinkQueue queue_;
  std::optional<ProgramAttachment> attachment_;
  std::optional<sg_policy> policy_;  // in force
};

}  // namespace sstpgw::edge
