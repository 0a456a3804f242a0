#include "gateway/edge/qdisc_message.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <limits>

#include "gateway/edge/netlink_request.h"

namespace sstpgw::edge {
namespace {

constexpr std::uint32_t kHtbHandle = 0x0001'0000;
constexpr std::uint32_t kTbfHandle = 0x0002'0000;
constexpr std::uint32_t kFqHandle = 0x0003'0000;
constexpr std::uint32_t kHtbVersion = 3;  // what sch_htb asks for
constexpr std::uint16_t kMakeOrChange = NLM_F_CREATE | NLM_F_REPLACE;
// With a handle of 0: never a change of what is there, even if it is of the same kind.
constexpr std::uint16_t kMakeAnew = NLM_F_CREATE | NLM_F_REPLACE | NLM_F_EXCL;

constexpr std::uint32_t Clamp32(std::uint64_t value) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

// The kernel's limiters count octets per second, and take 0 as no limit.
std::uint64_t OctetsPerSecond(BitsPerSecond rate) {
  return std::max<std::uint64_t>(rate.value() / 8, 1);
}

// A link layer other than "unaware" says that no rate table comes along: the kernel computes.
tc_ratespec RateSpec(BitsPerSecond rate, std::uint16_t mpu) {
  tc_ratespec spec{};
  spec.linklayer = TC_LINKLAYER_ETHERNET;
  spec.mpu = mpu;
  spec.rate = Clamp32(OctetsPerSecond(rate));
  return spec;
}

// The true rate, where the structure above cannot tell it.
void AddRate64(NetlinkRequest& request, std::uint16_t type, BitsPerSecond rate) {
  const std::uint64_t octets = OctetsPerSecond(rate);
  if (octets > std::numeric_limits<std::uint32_t>::max()) request.Add64(type, octets);
}

// As sch_htb wants to be told a burst: the time that it takes at the rate, in ticks of 64 ns.
std::uint32_t Ticks(std::uint32_t octets, BitsPerSecond rate) {
  constexpr std::uint64_t kTicksPerSecond = 1'000'000'000 / 64;
  const std::uint64_t per_second = OctetsPerSecond(rate);
  return Clamp32((octets * kTicksPerSecond + per_second - 1) / per_second);
}

void AddUnlessZero(NetlinkRequest& request, std::uint16_t type, std::uint64_t value) {
  if (value != 0) request.Add(type, Clamp32(value));
}

void StartQdisc(NetlinkRequest& request, InterfaceIndex index, std::uint32_t parent,
                std::uint32_t handle, const char* kind) {
  request.AddTrafficHeader(index, parent).tcm_handle = handle;
  request.AddName(TCA_KIND, kind);
}

void AddLeafOptions(NetlinkRequest& /*request*/, const std::monostate& /*none*/) {}

void AddLeafOptions(NetlinkRequest& request, const FifoQueue& queue) {
  if (queue.packets != 0) request.AddStruct(TCA_OPTIONS, tc_fifo_qopt{queue.packets});
}

void AddLeafOptions(NetlinkRequest& request, const ByteFifoQueue& queue) {
  if (queue.octets != 0) request.AddStruct(TCA_OPTIONS, tc_fifo_qopt{queue.octets});
}

void AddLeafOptions(NetlinkRequest& request, const SfqQueue& queue) {
  tc_sfq_qopt options{};
  options.quantum = queue.quantum;
  options.perturb_period = static_cast<int>(queue.perturb.count());
  options.limit = queue.packets;
  request.AddStruct(TCA_OPTIONS, options);
}

void AddLeafOptions(NetlinkRequest& request, const FqCodelQueue& queue) {
  request.Nest(TCA_OPTIONS, [&] {
    AddUnlessZero(request, TCA_FQ_CODEL_LIMIT, queue.packets);
    AddUnlessZero(request, TCA_FQ_CODEL_FLOWS, queue.flows);
    AddUnlessZero(request, TCA_FQ_CODEL_QUANTUM, queue.quantum);
    AddUnlessZero(request, TCA_FQ_CODEL_TARGET, static_cast<std::uint64_t>(queue.target.count()));
    AddUnlessZero(request, TCA_FQ_CODEL_INTERVAL,
                  static_cast<std::uint64_t>(queue.interval.count()));
    request.Add(TCA_FQ_CODEL_ECN, std::uint32_t{queue.ecn});
  });
}

}  // namespace

const char* NameOf(const RootQueue& queue) {
  constexpr const char* kNames[] = {"default", "tbf", "htb", "fq"};
  return kNames[queue.index()];
}

const char* NameOf(const LeafQueue& queue) {
  constexpr const char* kNames[] = {"default", "pfifo", "sfq", "fq_codel", "bfifo"};
  return kNames[queue.index()];
}

Bytes BuildRootQueue(std::uint32_t sequence, InterfaceIndex index, const TbfQueue& queue) {
  NetlinkRequest request(RTM_NEWQDISC, kMakeOrChange, sequence);
  StartQdisc(request, index, TC_H_ROOT, kTbfHandle, "tbf");
  request.Nest(TCA_OPTIONS, [&] {
    tc_tbf_qopt options{};
    options.rate = RateSpec(queue.rate, queue.mpu);
    options.limit = queue.limit;
    options.buffer = Ticks(queue.burst, queue.rate);
    request.AddStruct(TCA_TBF_PARMS, options);
    AddRate64(request, TCA_TBF_RATE64, queue.rate);
    request.Add(TCA_TBF_BURST, queue.burst);  // exact, in place of `buffer`
  });
  return request.Take();
}

Bytes BuildRootQueue(std::uint32_t sequence, InterfaceIndex index, const FqQueue& queue) {
  NetlinkRequest request(RTM_NEWQDISC, kMakeOrChange, sequence);
  StartQdisc(request, index, TC_H_ROOT, kFqHandle, "fq");
  request.Nest(TCA_OPTIONS, [&] {
    AddUnlessZero(request, TCA_FQ_PLIMIT, queue.packets);
    AddUnlessZero(request, TCA_FQ_FLOW_PLIMIT, queue.flow_packets);
    AddUnlessZero(request, TCA_FQ_HORIZON, static_cast<std::uint64_t>(queue.horizon.count()));
  });
  return request.Take();
}

Bytes BuildRootQueue(std::uint32_t sequence, InterfaceIndex index, const HtbQueue& queue) {
  NetlinkRequest request(RTM_NEWQDISC, kMakeOrChange, sequence);
  StartQdisc(request, index, TC_H_ROOT, kHtbHandle, "htb");
  request.Nest(TCA_OPTIONS, [&] {
    tc_htb_glob options{};
    options.version = kHtbVersion;
    options.rate2quantum = queue.r2q;
    options.defcls = kHtbClass & 0xffff;
    request.AddStruct(TCA_HTB_INIT, options);
  });
  return request.Take();
}

Bytes BuildHtbClass(std::uint32_t sequence, InterfaceIndex index, const HtbQueue& queue) {
  NetlinkRequest request(RTM_NEWTCLASS, NLM_F_CREATE, sequence);
  StartQdisc(request, index, TC_H_ROOT, kHtbClass, "htb");
  request.Nest(TCA_OPTIONS, [&] {
    tc_htb_opt options{};
    options.rate = RateSpec(queue.rate, queue.mpu);
    options.ceil = options.rate;
    options.buffer = Ticks(queue.burst, queue.rate);
    options.cbuffer = Ticks(queue.cburst, queue.rate);
    options.quantum = queue.quantum;
    request.AddStruct(TCA_HTB_PARMS, options);
    AddRate64(request, TCA_HTB_RATE64, queue.rate);
    AddRate64(request, TCA_HTB_CEIL64, queue.rate);
  });
  return request.Take();
}

Bytes BuildRootDelete(std::uint32_t sequence, InterfaceIndex index) {
  NetlinkRequest request(RTM_DELQDISC, 0, sequence);
  request.AddTrafficHeader(index, TC_H_ROOT);
  return request.Take();
}

Bytes BuildLeafQueue(std::uint32_t sequence, InterfaceIndex index, std::uint32_t parent_class,
                     const LeafQueue& queue) {
  if (std::holds_alternative<std::monostate>(queue)) return {};
  // What a bfifo holds follows the rate, and packets must not be lost for every new one.
  const bool change = std::holds_alternative<ByteFifoQueue>(queue);
  NetlinkRequest request(RTM_NEWQDISC, change ? kMakeOrChange : kMakeAnew, sequence);
  StartQdisc(request, index, parent_class, 0, NameOf(queue));
  std::visit([&](const auto& leaf) { AddLeafOptions(request, leaf); }, queue);
  return request.Take();
}

}  // namespace sstpgw::edge
