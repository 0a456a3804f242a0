// What the running kernel has for limiting sessions: found out by trying, never from its version.
#pragma once

#include <optional>
#include <string>

#include "gateway/edge/kernel.h"
#include "gateway/edge/netlink.h"
#include "gateway/edge/program_attachment.h"
#include "gateway/edge/session_programs.h"

namespace sstpgw::edge {

struct ShaperSupport {
  // Ways to attach the programs.
  bool clsact = false;
  bool tcx = false;
  // Queues.
  bool tbf = false;
  bool htb = false;
  bool fq = false;
  bool fq_codel = false;
  bool sfq = false;
  bool pfifo = false;

  // The way for sessions; nullopt: the programs cannot be attached.
  [[nodiscard]] std::optional<AttachWay> way() const {
    if (clsact) return AttachWay::kClsact;
    if (tcx) return AttachWay::kTcx;
    return std::nullopt;
  }
  // "clsact tcx tbf htb sfq; not: fq fq_codel", for the log.
  [[nodiscard]] std::string ToString() const;
};

// Tries everything on an interface that is gone afterwards; takes some 100 ms at worst. Without
// `programs`, because they could not be loaded, ways to attach them count as absent. The error says
// why no interface can be made.
[[nodiscard]] Result<ShaperSupport> ProbeShaper(Kernel& kernel, Netlink& netlink,
                                                const SessionPrograms* programs);

}  // namespace sstpgw::edge
