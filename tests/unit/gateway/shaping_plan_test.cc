#include "gateway/shaping_plan.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ebpf/rate_math.h"

namespace sstpgw::gateway {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr BitsPerSecond k10M{10'000'000};
constexpr BitsPerSecond k4M{4'000'000};
constexpr BitsPerSecond k10MInPackets{10'139'665};  // times 1452 / 1432, rounded up
const RateLimit kBoth{{k10M, {}}, {k4M, {}}};
const ShapedLink kLink{{{.ipv4 = true, .ipv6 = false}, {{Ipv4Address(0x0a000005), 32}}, {}, {}},
                       Mtu(1452)};

edge::ShaperSupport All() {
  edge::ShaperSupport support;
  support.clsact = support.tcx = support.tbf = support.htb = support.fq = true;
  support.fq_codel = support.sfq = support.pfifo = true;
  return support;
}

ShapingPlan Plan(const ShaperSettings& settings, const RateLimit& limit = kBoth,
                 const edge::ShaperSupport& support = All()) {
  const auto plan = PlanShaping(settings, limit, kLink, support);
  EXPECT_TRUE(plan) << plan.error().message;
  return plan.value_or(ShapingPlan{});
}

ShaperSettings Down(DownLimiter kind, std::uint32_t fwmark = 0) {
  ShaperSettings settings;
  settings.down = kind;
  settings.fwmark = fwmark;
  return settings;
}

ShaperSettings Up(UpLimiter kind) {
  ShaperSettings settings;
  settings.up = kind;
  return settings;
}

std::string Refusal(const ShaperSettings& settings, const edge::ShaperSupport& support) {
  const auto plan = PlanShaping(settings, kBoth, kLink, support);
  if (plan) return "";
  EXPECT_EQ(plan.error().code, ErrorCode::kUnsupported);
  return plan.error().message;
}

TEST(ShapingPlan, NothingIsChosenBetterThanPace) {
  const ShapingPlan plan = Plan({});
  EXPECT_EQ(plan.down, DownLimiter::kPace);
  EXPECT_EQ(plan.up, UpLimiter::kPace);
  EXPECT_EQ(plan.policy.down.kind, SG_KIND_PACE);
  EXPECT_EQ(plan.policy.down.rate, 10'000'000U);
  EXPECT_EQ(plan.down_pace.rate, 10'000'000U);
  EXPECT_EQ(plan.down_pace.burst, plan.policy.down.burst) << "program and worker keep one pace";
  EXPECT_GT(plan.policy.down.interval_ns, 0U) << "senders are told early";
  EXPECT_EQ(plan.up_pace.rate, 4'000'000U);
  EXPECT_EQ(plan.policy.up.kind, SG_KIND_POLICE);
  EXPECT_EQ(plan.policy.up.rate, 4'000'000U);
  EXPECT_GE(plan.policy.up.burst, 128U * 1024) << "nothing that the worker lets through is dropped";
  EXPECT_TRUE(std::holds_alternative<std::monostate>(plan.queue));
}

TEST(ShapingPlan, OnlyTheClientsAddressIsASource) {
  const ShapingPlan plan = Plan({});
  EXPECT_TRUE(plan.policy.flags & SG_CHECK_SOURCE);
  EXPECT_EQ(plan.policy.source4_count, 1U);
  EXPECT_EQ(plan.policy.source4[0].address, htonl(0x0a000005));
  EXPECT_EQ(plan.policy.source4[0].mask, 0xffff'ffffU);
  EXPECT_EQ(plan.policy.source6_count, 0U);
}

TEST(ShapingPlan, ADirectionWithoutARateHasNoLimit) {
  const ShapingPlan down = Plan({}, {{k10M, {}}, {}});
  EXPECT_EQ(down.up, UpLimiter::kAuto);
  EXPECT_EQ(down.policy.up.rate, 0U);
  EXPECT_EQ(down.policy.up.kind, SG_KIND_COUNT);
  EXPECT_EQ(down.up_pace.rate, 0U);
  const ShapingPlan up = Plan({}, {{}, {k4M, {}}});
  EXPECT_EQ(up.down, DownLimiter::kAuto);
  EXPECT_EQ(up.policy.down.rate, 0U);
  EXPECT_EQ(up.down_pace.rate, 0U);
  EXPECT_TRUE(
      std::holds_alternative<std::monostate>(Plan(Down(DownLimiter::kHtb), {{}, {k4M, {}}}).queue));
}

edge::ShaperSupport WithoutHtb() {
  edge::ShaperSupport support = All();
  support.htb = false;
  return support;
}

TEST(ShapingPlan, TbfIsHtbWithItsBurstAndItsWait) {
  const ShapingPlan plan = Plan(Down(DownLimiter::kTbf));
  EXPECT_EQ(plan.down, DownLimiter::kHtb) << "and is said to be";
  EXPECT_EQ(plan.policy.down.kind, SG_KIND_COUNT);
  EXPECT_EQ(plan.policy.down.rate, 10'000'000U) << "for the moment of a change";
  EXPECT_EQ(plan.down_pace.rate, 0U) << "the worker reads all there is";
  const auto& htb = std::get<edge::HtbQueue>(plan.queue);
  EXPECT_EQ(htb.rate, k10MInPackets);
  EXPECT_EQ(htb.burst, 125'000U) << "100 ms";
  EXPECT_EQ(htb.cburst, htb.burst) << "at any speed";
  EXPECT_TRUE(std::holds_alternative<edge::FqCodelQueue>(htb.leaf));
  EXPECT_LT(std::get<edge::HtbQueue>(Plan(Down(DownLimiter::kHtb)).queue).cburst, 2000U);
  edge::ShaperSupport old = All();
  old.fq_codel = false;
  for (const DownLimiter kind : {DownLimiter::kTbf, DownLimiter::kHtb}) {
    EXPECT_EQ(std::get<edge::HtbQueue>(Plan(Down(kind), kBoth, old).queue).leaf,
              edge::LeafQueue(edge::ByteFifoQueue{125'000U + 62'500U}))
        << "and 50 ms";
  }
}

TEST(ShapingPlan, TbfIsItselfWhereTheKernelHasNoHtb) {
  const ShapingPlan plan = Plan(Down(DownLimiter::kTbf), kBoth, WithoutHtb());
  EXPECT_EQ(plan.down, DownLimiter::kTbf);
  const auto& tbf = std::get<edge::TbfQueue>(plan.queue);
  EXPECT_EQ(tbf.rate, k10MInPackets);
  EXPECT_EQ(tbf.burst, 125'000U);
  EXPECT_EQ(tbf.limit, 125'000U + 62'500U);
  EXPECT_TRUE(std::holds_alternative<edge::FqCodelQueue>(tbf.leaf));
}

TEST(ShapingPlan, ABurstIsNeverBelowTwoPackets) {
  const RateLimit slow{{BitsPerSecond{8'000}, {}}, {BitsPerSecond{8'000}, {}}};
  for (const DownLimiter kind : {DownLimiter::kTbf, DownLimiter::kHtb}) {
    EXPECT_EQ(std::get<edge::HtbQueue>(Plan(Down(kind), slow).queue).burst, 2U * 1452);
  }
  EXPECT_EQ(std::get<edge::TbfQueue>(Plan(Down(DownLimiter::kTbf), slow, WithoutHtb()).queue).burst,
            2U * 1452);
  for (const ShaperSettings& settings : {Down(DownLimiter::kClsact), ShaperSettings{}}) {
    EXPECT_GE(Plan(settings, slow).policy.down.burst, 2U * 1452);
    EXPECT_GE(Plan(settings, slow).policy.up.burst, 2U * 1452);
  }
}

TEST(ShapingPlan, ABurstThatWasGivenHolds) {
  const RateLimit given{{k10M, BurstOctets{40'000}}, {k4M, BurstOctets{50'000}}};
  EXPECT_EQ(std::get<edge::HtbQueue>(Plan(Down(DownLimiter::kTbf), given).queue).burst, 40'000U);
  EXPECT_EQ(Plan(Down(DownLimiter::kClsact), given).policy.down.burst, 40'000U);
  EXPECT_EQ(Plan({}, given).down_pace.burst, 40'000U);
  EXPECT_EQ(Plan(Up(UpLimiter::kPolice), given).policy.up.burst, 50'000U);
  EXPECT_EQ(Plan(Up(UpLimiter::kPolice)).policy.up.burst, 500'000U) << "a second";
}

TEST(ShapingPlan, MarkedPacketsTakeHtbsDirectQueue) {
  const ShapingPlan plan = Plan(Down(DownLimiter::kTbf, 7));
  EXPECT_TRUE(std::holds_alternative<edge::HtbQueue>(plan.queue));
  EXPECT_EQ(plan.policy.bypass_mark, 7U);
  EXPECT_TRUE(plan.policy.flags & SG_MARK_DIRECT);
  EXPECT_FALSE(Plan(Down(DownLimiter::kHtb)).policy.flags & SG_MARK_DIRECT);
  EXPECT_TRUE(Plan(Down(DownLimiter::kHtb, 7)).policy.flags & SG_MARK_DIRECT);
  EXPECT_EQ(Plan(Down(DownLimiter::kAuto, 7)).policy.bypass_mark, 7U);
}

TEST(ShapingPlan, HtbsQuantumIsModeratedWhereThatIsWished) {
  const auto quantum = [](const ShaperSettings& settings, BitsPerSecond rate) {
    return std::get<edge::HtbQueue>(Plan(settings, {{rate, {}}, {}}).queue).quantum;
  };
  ShaperSettings settings = Down(DownLimiter::kHtb);
  EXPECT_EQ(quantum(settings, BitsPerSecond{80'000}), 0U) << "r2q decides, in the kernel";
  settings.moderate_quantum = true;
  EXPECT_EQ(quantum(settings, BitsPerSecond{80'000}), 1500U);
  EXPECT_EQ(quantum(settings, BitsPerSecond{1'000'000'000}), 200'000U);
  EXPECT_EQ(quantum(settings, BitsPerSecond{1'000'000}), 0U) << "12500 is within";
  settings.quantum = 3000;
  EXPECT_EQ(quantum(settings, BitsPerSecond{1'000'000}), 3000U);
}

TEST(ShapingPlan, EdtLeavesTheTimesToFq) {
  const ShapingPlan plan = Plan(Down(DownLimiter::kEdt));
  EXPECT_EQ(plan.policy.down.kind, SG_KIND_EDT);
  EXPECT_TRUE(std::holds_alternative<edge::FqQueue>(plan.queue));
  EXPECT_EQ(plan.down_pace.rate, 0U);
  EXPECT_GT(plan.policy.down.queue, 0U);
}

TEST(ShapingPlan, FqDropsNothingThatTheBucketHasCharged) {
  for (const std::uint64_t rate : {64ULL, 8'000ULL, 10'000'000ULL, 1'000'000'000'000ULL}) {
    const ShapingPlan plan = Plan(Down(DownLimiter::kEdt), {{BitsPerSecond(rate), {}}, {}});
    const auto& fq = std::get<edge::FqQueue>(plan.queue);
    const sg_limit& limit = plan.policy.down;
    EXPECT_GE(fq.packets, limit.queue / 20) << rate;
    EXPECT_EQ(fq.flow_packets, fq.packets) << rate << ": one flow may have it all";
    EXPECT_GE(fq.horizon, std::chrono::nanoseconds(sg_octets_ns(limit.queue, limit.rate))) << rate;
    EXPECT_GE(fq.horizon, std::chrono::seconds(10)) << rate;
  }
  ShaperSettings large = Down(DownLimiter::kEdt);
  large.mpu = 1000;
  EXPECT_LT(std::get<edge::FqQueue>(Plan(large).queue).packets, 11'000U);
}

TEST(ShapingPlan, WhatTheKernelLacksIsNamedWithTheSetting) {
  edge::ShaperSupport none;
  none.clsact = true;
  EXPECT_THAT(Refusal(Down(DownLimiter::kTbf), none), HasSubstr("sch_tbf"));
  EXPECT_THAT(Refusal(Down(DownLimiter::kHtb), none), HasSubstr("sch_htb"));
  EXPECT_THAT(Refusal(Down(DownLimiter::kEdt), none), HasSubstr("sch_fq; "));
  EXPECT_THAT(Refusal(Down(DownLimiter::kTbf, 1), none),
              HasSubstr("sch_htb, which tbf needs for a fwmark"));
  ShaperSettings leaf = Down(DownLimiter::kHtb);
  leaf.leaf.kind = LeafQdisc::Kind::kFqCodel;
  none.htb = true;
  EXPECT_THAT(Refusal(leaf, none), HasSubstr("shaper.leaf-qdisc"));
  EXPECT_EQ(Refusal(Down(DownLimiter::kHtb), none), "");
  EXPECT_EQ(Refusal({}, none), "") << "pace needs no queue of the kernel's";
  EXPECT_EQ(Refusal(Down(DownLimiter::kClsact), none), "");
}

TEST(ShapingPlan, WhatCountsIsTheSettings) {
  EXPECT_FALSE(Plan({}).policy.flags & SG_COUNT_PACKET);
  ShaperSettings settings;
  settings.count = RateCount::kPacket;
  settings.mpu = 64;
  EXPECT_TRUE(Plan(settings).policy.flags & SG_COUNT_PACKET);
  EXPECT_EQ(Plan(settings).policy.mpu, 64U);
}

TEST(ShapingPlan, QueuesThatChargeWholePacketsHaveTheRateOfFullOnes) {
  const auto rate = [](ShaperSettings settings, std::uint64_t bits, RateCount count) {
    settings.count = count;
    return std::get<edge::HtbQueue>(Plan(settings, {{BitsPerSecond(bits), {}}, {}}).queue)
        .rate.value();
  };
  for (const DownLimiter kind : {DownLimiter::kHtb, DownLimiter::kTbf}) {
    EXPECT_EQ(rate(Down(kind), 1'432'000, RateCount::kPayload), 1'452'000U);
    EXPECT_EQ(rate(Down(kind), 1, RateCount::kPayload), 2U) << "rounded up";
    EXPECT_EQ(rate(Down(kind), kMaxRate.value(), RateCount::kPayload), 1'013'966'480'447U);
    EXPECT_EQ(rate(Down(kind), 1'432'000, RateCount::kPacket), 1'432'000U);
  }
  ShaperSettings whole = Down(DownLimiter::kTbf);
  whole.count = RateCount::kPacket;
  EXPECT_EQ(std::get<edge::TbfQueue>(Plan(whole, kBoth, WithoutHtb()).queue).rate, k10M);
}

TEST(LimitText, KilobitsWithDecimalsWhereNeeded) {
  EXPECT_EQ(LimitText(kBoth), "10000/4000");
  EXPECT_EQ(LimitText({}), "0/0");
  EXPECT_EQ(LimitText({{BitsPerSecond{1'500}, {}}, {BitsPerSecond{64'001}, {}}}), "1.5/64.001");
  EXPECT_EQ(LimitText({{kMaxRate, {}}, {BitsPerSecond{1}, {}}}), "1000000000/0.001");
}

}  // namespace
}  // namespace sstpgw::gateway
