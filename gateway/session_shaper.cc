#include "gateway/session_shaper.h"

#include <utility>

#include "proto/base/log.h"

namespace sstpgw::gateway {
namespace {

ShaperCounters CountersOf(const sg_counters& counters) {
  return {counters.passed_packets,   counters.passed_octets,  counters.dropped_packets,
          counters.dropped_octets,   counters.marked_packets, counters.marked_octets,
          counters.signalled_packets};
}

}  // namespace

// ---- What the process has
// ----------------------------------------------------------------------

ShaperBase ShaperBase::Load(edge::Kernel& kernel, edge::Netlink& netlink,
                            const edge::SessionPrograms::Options& options) {
  ShaperBase base("");
  auto programs = edge::SessionPrograms::Load(kernel, options);
  if (programs) {
    base.programs_.emplace(std::move(*programs));
  } else {
    base.missing_ = programs.error().message;
  }
  const auto support = edge::ProbeShaper(kernel, netlink, base.programs());
  if (support) base.support_ = *support;
  if (base.missing_.empty() && !support) base.missing_ = support.error().message;
  if (base.missing_.empty() && !support->way()) {
    base.missing_ = "this kernel can attach programs to an interface neither by clsact nor by tcx";
  }
  if (!base.missing_.empty()) {
    base.programs_.reset();
    Log(LogLevel::kWarning, "rate limits of sessions cannot be kept: " + base.missing_);
  } else {
    Log(LogLevel::kInfo, "rate limits: kernel has " + base.support_.ToString());
  }
  return base;
}

std::vector<std::string> ShaperBase::Capabilities() const {
  std::vector<std::string> found;
  if (!missing_.empty()) return found;
  found = {"shape-pace", "shape-police", "shape-clsact"};
  if (support_.tbf || support_.htb) found.emplace_back("shape-tbf");
  if (support_.htb) found.emplace_back("shape-htb");
  if (support_.fq) found.emplace_back("shape-edt");
  return found;
}

// ---- One session
// -------------------------------------------------------------------------------

SessionShaper::SessionShaper(edge::Kernel& kernel, const ShaperBase& base,
                             const ShaperSettings& settings, InterfaceIndex index)
    : support_(base.support()),
      settings_(settings),
      link_(kernel, *base.programs(), *base.support().way(), index) {}

Result<void> SessionShaper::Apply(edge::Netlink& netlink, const RateLimit& limit,
                                  const ShapedLink& link, TimePoint now) {
  SG_ASSIGN_OR_RETURN(const ShapingPlan plan, PlanShaping(settings_, limit, link, support_));
  SG_RETURN_IF_ERROR(link_.Apply(netlink, plan.policy, plan.queue));
  limit_ = limit;
  record_.down = plan.down;
  record_.up = plan.up;
  rule_ = {plan.policy.flags, plan.policy.mpu};
  Repace(plan, now);
  FollowQueue(plan);
  return {};
}

void SessionShaper::FollowQueue(const ShapingPlan& plan) {
  const auto state = link_.ReadDown();
  const ShaperCounters given = state ? CountersOf(state->counters) : ShaperCounters{};
  if (plan.down == DownLimiter::kHtb || plan.down == DownLimiter::kTbf) {
    losses_.Begin(given);
  } else if (losses_.counts()) {
    losses_.End(given);
  }
}

void SessionShaper::CountRead(ByteView vnet_and_packet) {
  if (losses_.counts()) losses_.CameOut(datapath::CostOfRead(vnet_and_packet, rule_));
}

void SessionShaper::Repace(const ShapingPlan& plan, TimePoint now) {
  if (plan.down_pace.rate == 0) {
    down_.reset();
  } else if (down_) {
    down_->Change(plan.down_pace, now);
  } else {
    down_.emplace(plan.down_pace);
  }
  if (plan.up_pace.rate == 0) {
    if (up_) {
      up_before_.signalled_packets += up_->counters().signalled_packets;
      up_before_.dropped_packets += up_->counters().dropped_packets;
      up_before_.dropped_octets += up_->counters().dropped_octets;
    }
    up_.reset();
  } else if (up_) {
    up_->Change(plan.up_pace, now);
    up_->Change(rule_);
  } else {
    up_.emplace(plan.up_pace, rule_);
  }
}

Result<void> SessionShaper::Release(edge::Netlink& netlink) {
  static_cast<void>(Record());
  down_.reset();
  return link_.Bare(netlink);
}

void SessionShaper::CreditMarked() {
  if (!down_ || settings_.fwmark == 0) return;
  const auto state = link_.ReadDown();
  if (!state || state->counters.marked_octets < marked_) return;
  down_->Credit(state->counters.marked_octets -
                std::exchange(marked_, state->counters.marked_octets));
}

ShaperRecord SessionShaper::Record() {
  if (const auto down = link_.ReadDown()) {
    record_.down_counters = losses_.Seen(CountersOf(down->counters));
  }
  if (const auto up = link_.ReadUp()) {
    record_.up_counters = CountersOf(up->counters);
    const datapath::UpPacerCounters now = up_ ? up_->counters() : datapath::UpPacerCounters{};
    record_.up_counters.signalled_packets += up_before_.signalled_packets + now.signalled_packets;
    record_.up_counters.dropped_packets += up_before_.dropped_packets + now.dropped_packets;
    record_.up_counters.dropped_octets += up_before_.dropped_octets + now.dropped_octets;
  }
  return record_;
}

}  // namespace sstpgw::gateway
