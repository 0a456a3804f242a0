// How one session's limits are kept: what the kernel's programs are told, which queue its interface
// gets, how fast its worker reads. Pure.
//
//   to the client     the interface's queue    program at egress         worker reads
//   pace              the kernel's default     admits, signals, marks    at the rate
//   edt               fq                       departures, signals       all there is
//   tbf, htb          htb                      counts, marks             all there is
//   clsact            the kernel's default     drops                     all there is
//   from the client                            program at ingress
//   pace                                       drops what is far above   at the rate
//   police                                     drops                     all there is
//
// tbf is kept by htb, and said to be: every change of sch_tbf gives a burst away. sch_tbf itself is
// for kernels without sch_htb.
//
// The kernel's queues know whole IP packets only. With `count: payload` their rate is that of the
// limit times mtu / (mtu - 20), so that full packets move what the limit says; small ones, of which
// headers are a larger part, less.
//
// Marked packets (fwmark): the programs do not charge them, and htb has a direct queue for them.
// sch_tbf has no way around it.
#pragma once

#include <string>

#include "ebpf/abi.h"
#include "gateway/data_sources.h"
#include "gateway/edge/qdisc_message.h"
#include "gateway/edge/shaper_support.h"
#include "proto/base/ip.h"
#include "proto/base/messages.h"
#include "proto/base/rate_limit.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::gateway {

struct ShapingPlan {
  DownLimiter down = DownLimiter::kAuto;  // which one it has become; kAuto: no limit
  UpLimiter up = UpLimiter::kAuto;        // likewise
  sg_policy policy{};
  edge::RootQueue queue;
  sg_limit down_pace{};  // rate 0: reads all there is
  sg_limit up_pace{};    // likewise
};

struct ShapedLink {
  DataSources sources;  // of what the client sends
  Mtu mtu;
};

// kUnsupported: the kernel lacks what the settings ask for; the message names it and the remedy.
[[nodiscard]] Result<ShapingPlan> PlanShaping(const ShaperSettings& settings,
                                              const RateLimit& limit, const ShapedLink& link,
                                              const edge::ShaperSupport& support);

// "10000/4000": kbit/s down and up as log lines have it; decimals where a rate needs them.
[[nodiscard]] std::string LimitText(const RateLimit& limit);

}  // namespace sstpgw::gateway
