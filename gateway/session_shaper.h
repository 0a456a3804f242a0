// The rate limits of one session: put on its interface, kept by its worker where that sets the
// pace, and told. Made when a session gets its first limit; one without has none.
//
// Threads: the session's worker. ShaperBase is of the process, made at its start, read by all.
#pragma once

#include <optional>
#include <string>

#include "gateway/datapath/charge.h"
#include "gateway/datapath/down_pacer.h"
#include "gateway/datapath/up_pacer.h"
#include "gateway/edge/kernel.h"
#include "gateway/edge/link_shaper.h"
#include "gateway/edge/netlink.h"
#include "gateway/edge/session_programs.h"
#include "gateway/edge/shaper_support.h"
#include "gateway/queue_losses.h"
#include "gateway/shaping_plan.h"
#include "proto/base/messages.h"
#include "proto/base/result.h"

namespace sstpgw::gateway {

// What limiting needs of the kernel.
class ShaperBase {
 public:
  // Never fails: without programs, limits are refused with the reason. Tells the log what there is.
  static ShaperBase Load(edge::Kernel& kernel, edge::Netlink& netlink,
                         const edge::SessionPrograms::Options& options);
  // Of a process that limits nobody.
  explicit ShaperBase(std::string missing) : missing_(std::move(missing)) {}

  // Null: see missing().
  [[nodiscard]] const edge::SessionPrograms* programs() const {
    return programs_ ? &*programs_ : nullptr;
  }
  // Why sessions cannot be limited; empty: they can.
  [[nodiscard]] const std::string& missing() const { return missing_; }
  [[nodiscard]] const edge::ShaperSupport& support() const { return support_; }
  // "shape-pace", "shape-htb": what it can be told, for Hello.
  [[nodiscard]] std::vector<std::string> Capabilities() const;

 private:
  std::optional<edge::SessionPrograms> programs_;
  std::string missing_;
  edge::ShaperSupport support_;
};

class SessionShaper {
 public:
  // All must outlive it. `base` has programs.
  SessionShaper(edge::Kernel& kernel, const ShaperBase& base, const ShaperSettings& settings,
                InterfaceIndex index);

  // In force from the next packet on; after an error what was before is.
  Result<void> Apply(edge::Netlink& netlink, const RateLimit& limit, const ShapedLink& link,
                     TimePoint now);
  // Before the interface is another session's or nobody's. The record stays as it was last.
  Result<void> Release(edge::Netlink& netlink);

  // Null: this direction is not paced by the worker.
  [[nodiscard]] datapath::DownPacer* down() { return down_ ? &*down_ : nullptr; }
  [[nodiscard]] datapath::UpPacer* up() { return up_ ? &*up_ : nullptr; }
  [[nodiscard]] const datapath::ChargeRule& rule() const { return rule_; }
  // What the worker reads of the interface, each time.
  void CountRead(ByteView vnet_and_packet);
  // What has passed for its mark since the last call may be read besides.
  void CreditMarked();

  [[nodiscard]] const RateLimit& limit() const { return limit_; }
  // As the programs count now. Behind a queue of the kernel's (htb, tbf) what has come out of the
  // interface has passed, by the same measure, and the rest of what the program let in is dropped,
  // what waits at the moment included. With edt nothing is lost behind the program.
  [[nodiscard]] ShaperRecord Record();

 private:
  void Repace(const ShapingPlan& plan, TimePoint now);
  void FollowQueue(const ShapingPlan& plan);

  const edge::ShaperSupport& support_;
  const ShaperSettings& settings_;
  edge::LinkShaper link_;
  datapath::ChargeRule rule_;
  std::optional<datapath::DownPacer> down_;
  std::optional<datapath::UpPacer> up_;
  datapath::UpPacerCounters up_before_;  // of pacers that are gone
  QueueLosses losses_;
  std::uint64_t marked_ = 0;  // octets that were credited
  RateLimit limit_;
  ShaperRecord record_;
};

}  // namespace sstpgw::gateway
