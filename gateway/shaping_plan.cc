#include "gateway/shaping_plan.h"

#include <algorithm>
#include <chrono>

#include "ebpf/packet.h"
#include "ebpf/queue.h"
#include "gateway/datapath/pace_limit.h"

namespace sstpgw::gateway {
namespace {

constexpr Duration kTarget = std::chrono::milliseconds(10);
// Besides what a read takes at once.
constexpr Duration kUpTarget = std::chrono::milliseconds(5);
constexpr Duration kInterval = std::chrono::milliseconds(100);
// sch_tbf and sch_htb have 32 bits for it.
constexpr std::uint64_t kMostQueue = 1U << 30;
// What htb takes for a quantum without words in the kernel's log.
constexpr std::uint32_t kLeastQuantum = 1500;
constexpr std::uint32_t kMostQuantum = 200'000;
// Besides the queue: what passes at once for its burst or its mark.
constexpr std::uint32_t kLeastFqPackets = 10'000;

std::uint64_t Octets(BitsPerSecond rate, std::chrono::milliseconds time) {
  // Below 10^12 times 10^6: fits.
  return rate.value() / 8 * static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)) /
         1000;
}

std::uint64_t BurstOf(const DirectionLimit& limit, std::chrono::milliseconds burst) {
  return limit.burst.value() > 0 ? limit.burst.value() : Octets(limit.rate, burst);
}

std::uint32_t Fit(std::uint64_t octets, Mtu mtu) {
  return static_cast<std::uint32_t>(std::clamp(octets, std::uint64_t{2} * mtu.value(), kMostQueue));
}

sg_limit LimitOf(std::uint32_t kind, const DirectionLimit& limit, std::uint64_t burst,
                 const ShaperSettings& settings, Mtu mtu) {
  const auto wait = std::chrono::nanoseconds(settings.latency).count();
  sg_limit made =
      sg_limit_make(kind, limit.rate.value(), burst,
                    static_cast<std::uint64_t>(std::max<std::int64_t>(wait, 0)), mtu.value());
  sg_limit_manage(&made, static_cast<std::uint64_t>(kTarget.count()),
                  static_cast<std::uint64_t>(kInterval.count()));
  return made;
}

datapath::PaceWish WishOf(const DirectionLimit& limit, const ShaperSettings& settings, Mtu mtu) {
  datapath::PaceWish wish;
  wish.rate = limit.rate;
  wish.burst = limit.burst;
  wish.mtu = mtu;
  wish.latency = settings.latency;
  wish.target = kTarget;
  wish.interval = kInterval;
  return wish;
}

edge::LeafQueue LeafOf(const LeafQdisc& leaf, const edge::ShaperSupport& support) {
  switch (leaf.kind) {
    case LeafQdisc::Kind::kFifo:
      return edge::FifoQueue{leaf.limit};
    case LeafQdisc::Kind::kSfq:
      return edge::SfqQueue{leaf.limit, leaf.quantum, std::chrono::seconds(leaf.perturb)};
    case LeafQdisc::Kind::kAuto:
      if (!support.fq_codel) return {};
      [[fallthrough]];
    case LeafQdisc::Kind::kFqCodel:
      return edge::FqCodelQueue{leaf.limit,  leaf.flows,    leaf.quantum,
                                leaf.target, leaf.interval, leaf.ecn};
  }
  return {};
}

std::uint32_t QuantumOf(const ShaperSettings& settings, BitsPerSecond rate) {
  if (settings.quantum > 0) return settings.quantum;
  const std::uint64_t quantum = rate.value() / 8 / std::max(settings.r2q, 1U);
  if (quantum >= kLeastQuantum && quantum <= kMostQuantum) return 0;
  if (!settings.moderate_quantum) return 0;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(quantum, kLeastQuantum, kMostQuantum));
}

// The kernel's queues charge whole IP packets. Where their headers do not count, the rate is what
// full packets of IPv4 make of it.
BitsPerSecond QueueRate(const ShaperSettings& settings, BitsPerSecond rate, Mtu mtu) {
  constexpr std::uint64_t kIpHeader = 20;
  if (settings.count == RateCount::kPacket || mtu.value() <= kIpHeader) return rate;
  // Below 10^12 times 2^16: fits.
  const std::uint64_t payload = mtu.value() - kIpHeader;
  return BitsPerSecond((rate.value() * mtu.value() + payload - 1) / payload);
}

edge::HtbQueue HtbOf(const ShaperSettings& settings, const DirectionLimit& limit, Mtu mtu,
                     const edge::ShaperSupport& support) {
  edge::HtbQueue queue;
  queue.rate = QueueRate(settings, limit.rate, mtu);
  queue.burst = Fit(BurstOf(limit, settings.down_burst), mtu);
  queue.cburst = std::max<std::uint32_t>(settings.cburst, mtu.value());
  queue.quantum = QuantumOf(settings, limit.rate);
  queue.r2q = settings.r2q;
  queue.mpu = static_cast<std::uint16_t>(std::min<std::uint32_t>(settings.mpu, 0xffff));
  queue.leaf = LeafOf(settings.leaf, support);
  return queue;
}

edge::TbfQueue TbfOf(const ShaperSettings& settings, const DirectionLimit& limit, Mtu mtu,
                     const edge::ShaperSupport& support) {
  edge::TbfQueue queue;
  queue.rate = QueueRate(settings, limit.rate, mtu);
  queue.burst = Fit(BurstOf(limit, settings.down_burst), mtu);
  queue.limit = Fit(Octets(limit.rate, settings.latency) + queue.burst, mtu);
  queue.mpu = static_cast<std::uint16_t>(std::min<std::uint32_t>(settings.mpu, 0xffff));
  queue.leaf = LeafOf(settings.leaf, support);
  return queue;
}

// What the bucket admits has been charged, and must not be dropped behind it: room for the smallest
// packets that fill the queue, and for the longest wait, with a second for clocks that differ.
edge::FqQueue FqOf(const sg_policy& policy) {
  constexpr std::chrono::microseconds kLeastHorizon = std::chrono::seconds(10);  // the kernel's own
  constexpr std::chrono::microseconds kSlack = std::chrono::seconds(1);
  const sg_limit& limit = policy.down;
  const std::uint64_t packets = limit.queue / std::max(policy.mpu, SG_LEAST_PAYLOAD);
  const std::chrono::nanoseconds wait(sg_octets_ns(limit.queue, limit.rate));
  edge::FqQueue queue;
  queue.packets = static_cast<std::uint32_t>(packets) + kLeastFqPackets;
  queue.flow_packets = queue.packets;
  queue.horizon =
      std::max(kLeastHorizon, std::chrono::duration_cast<std::chrono::microseconds>(wait) + kSlack);
  return queue;
}

Result<void> Lacking(const char* what, const char* setting, const char* instead) {
  return Fail(Error{ErrorCode::kUnsupported, std::string("this kernel has no ") + what +
                                                 "; set shaper." + setting + " to " + instead +
                                                 ", which new sessions will have"});
}
Result<void> Lacking(const char* what) { return Lacking(what, "down-limiter", "auto"); }

Result<void> CheckLeaf(const LeafQdisc& leaf, const edge::ShaperSupport& support) {
  if (leaf.kind == LeafQdisc::Kind::kSfq && !support.sfq) {
    return Lacking("sch_sfq", "leaf-qdisc", "fifo");
  }
  if (leaf.kind == LeafQdisc::Kind::kFqCodel && !support.fq_codel) {
    return Lacking("sch_fq_codel", "leaf-qdisc", "fifo");
  }
  return {};
}

// Where the kernel has no managed queue to put under htb, one that is as long as tbf's: htb's own
// counts packets, and super-packets of a second would fit.
edge::HtbQueue BoundedHtb(const ShaperSettings& settings, const DirectionLimit& limit, Mtu mtu,
                          const edge::ShaperSupport& support) {
  edge::HtbQueue queue = HtbOf(settings, limit, mtu, support);
  if (std::holds_alternative<std::monostate>(queue.leaf)) {
    queue.leaf = edge::ByteFifoQueue{TbfOf(settings, limit, mtu, support).limit};
  }
  return queue;
}

// A change of sch_tbf would give its burst away anew, of a class of htb nothing: so htb it is, with
// a burst that holds at any speed.
edge::HtbQueue TbfAsHtb(const ShaperSettings& settings, const DirectionLimit& limit, Mtu mtu,
                        const edge::ShaperSupport& support) {
  edge::HtbQueue queue = BoundedHtb(settings, limit, mtu, support);
  queue.cburst = queue.burst;
  return queue;
}

Result<void> PlanQueue(ShapingPlan& plan, const ShaperSettings& settings,
                       const DirectionLimit& limit, Mtu mtu, const edge::ShaperSupport& support) {
  SG_RETURN_IF_ERROR(CheckLeaf(settings.leaf, support));
  // Charged by nobody but the queue; the rate is there for the moment of a change.
  plan.policy.down =
      LimitOf(SG_KIND_COUNT, limit, BurstOf(limit, settings.down_burst), settings, mtu);
  const bool tbf = plan.down == DownLimiter::kTbf;
  if (support.htb) {
    plan.queue =
        tbf ? TbfAsHtb(settings, limit, mtu, support) : BoundedHtb(settings, limit, mtu, support);
    plan.down = DownLimiter::kHtb;
    if (settings.fwmark > 0) plan.policy.flags |= SG_MARK_DIRECT;
    return {};
  }
  if (!tbf) return Lacking("sch_htb");
  if (settings.fwmark > 0) return Lacking("sch_htb, which tbf needs for a fwmark");
  if (!support.tbf) return Lacking("sch_htb or sch_tbf");
  plan.queue = TbfOf(settings, limit, mtu, support);
  return {};
}

Result<void> PlanDown(ShapingPlan& plan, const ShaperSettings& settings,
                      const DirectionLimit& limit, Mtu mtu, const edge::ShaperSupport& support) {
  if (limit.rate == BitsPerSecond{}) return {};
  plan.down = settings.down == DownLimiter::kAuto ? DownLimiter::kPace : settings.down;
  switch (plan.down) {
    case DownLimiter::kTbf:
    case DownLimiter::kHtb:
      return PlanQueue(plan, settings, limit, mtu, support);
    case DownLimiter::kClsact:
      plan.policy.down =
          LimitOf(SG_KIND_POLICE, limit, BurstOf(limit, settings.down_burst), settings, mtu);
      return {};
    case DownLimiter::kEdt:
      if (!support.fq) return Lacking("sch_fq");
      plan.policy.down =
          LimitOf(SG_KIND_EDT, limit, datapath::PaceLimit(WishOf(limit, settings, mtu)).burst,
                  settings, mtu);
      plan.queue = FqOf(plan.policy);
      return {};
    case DownLimiter::kAuto:
    case DownLimiter::kPace:
      plan.down_pace = datapath::PaceLimit(WishOf(limit, settings, mtu));
      plan.policy.down = plan.down_pace;
      return {};
  }
  return {};
}

void PlanUp(ShapingPlan& plan, const ShaperSettings& settings, const DirectionLimit& limit,
            Mtu mtu) {
  if (limit.rate == BitsPerSecond{}) return;
  plan.up = settings.up == UpLimiter::kAuto ? UpLimiter::kPace : settings.up;
  if (plan.up == UpLimiter::kPolice) {
    plan.policy.up =
        LimitOf(SG_KIND_POLICE, limit, BurstOf(limit, settings.up_burst), settings, mtu);
    return;
  }
  datapath::PaceWish wish = WishOf(limit, settings, mtu);
  wish.target = kUpTarget;
  plan.up_pace = datapath::PaceLimit(wish);
  plan.policy.up = datapath::BackstopLimit(plan.up_pace);
}

std::string KilobitText(BitsPerSecond rate) {
  std::string text = std::to_string(rate.value() / 1000);
  std::string rest = std::to_string(1000 + rate.value() % 1000).substr(1);
  while (!rest.empty() && rest.back() == '0') rest.pop_back();
  return rest.empty() ? text : text + "." + rest;
}

}  // namespace

Result<ShapingPlan> PlanShaping(const ShaperSettings& settings, const RateLimit& limit,
                                const ShapedLink& link, const edge::ShaperSupport& support) {
  ShapingPlan plan;
  plan.policy.bypass_mark = settings.fwmark;
  plan.policy.mpu = settings.mpu;
  PutSources(link.sources, plan.policy);
  if (settings.count == RateCount::kPacket) plan.policy.flags |= SG_COUNT_PACKET;
  SG_RETURN_IF_ERROR(PlanDown(plan, settings, limit.down, link.mtu, support));
  PlanUp(plan, settings, limit.up, link.mtu);
  return plan;
}

std::string LimitText(const RateLimit& limit) {
  return KilobitText(limit.down.rate) + "/" + KilobitText(limit.up.rate);
}

}  // namespace sstpgw::gateway
