// The session programs on one interface, both directions.
//
// Two ways: filters of clsact (any kernel with sch_ingress and cls_bpf), and links of tcx (Linux
// 6.6), which nobody else can take away. Attaching and detaching by tcx makes the kernel wait for
// all its readers, twice, with the routing lock held: 17 ms each, measured, against a tenth of one
// by clsact. So clsact is what sessions use where a kernel has both.
//
// Threads: that of the Netlink. Packets are passed to the programs from the moment that Attach()
// returns, and from the first of the two on in its direction.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/edge/filter_message.h"
#include "gateway/edge/kernel.h"
#include "gateway/edge/netlink.h"
#include "gateway/edge/session_programs.h"
#include "gateway/edge/unique_fd.h"

namespace sstpgw::edge {

enum class AttachWay : std::uint8_t { kClsact, kTcx };

// Ends with Detach(), with the interface, and by tcx with this object too.
class ProgramAttachment {
 public:
  // Both directions or, on error, none. kUnsupported, kNotFound or kInvalidArgument: this kernel
  // does not know the way.
  static Result<ProgramAttachment> Attach(Kernel& kernel, Netlink& netlink,
                                          const SessionPrograms& programs, InterfaceIndex index,
                                          AttachWay way);
  // A clsact that was made by Attach() goes with whatever others have hung there since. What
  // somebody else has removed is no error, nor an interface that is gone.
  Result<void> Detach(Netlink& netlink);

  [[nodiscard]] InterfaceIndex index() const { return index_; }

 private:
  explicit ProgramAttachment(InterfaceIndex index) : index_(index) {}
  Result<void> AttachLinks(Kernel& kernel, const SessionPrograms& programs);
  Result<void> AttachFilters(Netlink& netlink, const SessionPrograms& programs);
  Result<void> AddFilter(Netlink& netlink, FilterPlace place, int program);

  InterfaceIndex index_;
  UniqueFd from_client_;  // links of tcx
  UniqueFd to_client_;
  bool made_clsact_ = false;
  std::vector<FilterPlace> filters_;  // of clsact
};

}  // namespace sstpgw::edge
