// Programs, policy and queue of a real interface together, with each queue that this kernel has.
#include "gateway/edge/link_shaper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "gateway/edge/shaper_support.h"
#include "tests/bpf/limited_tun.h"

namespace sstpgw::edge {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kRate = 800'000;  // 100 packets of 1000 octets a second
constexpr std::uint32_t kBurst = 10'000;

sg_policy Policy(std::uint32_t down_kind) {
  sg_policy policy{};
  policy.down = sg_limit_make(down_kind, kRate, kBurst, 50'000'000, 1400);
  return policy;
}

TbfQueue Tbf(LeafQueue leaf = {}) {
  TbfQueue queue;
  queue.rate = BitsPerSecond(kRate);
  queue.burst = kBurst;
  queue.limit = 3000;
  queue.leaf = std::move(leaf);
  return queue;
}

HtbQueue Htb(LeafQueue leaf = {}) {
  HtbQueue queue;
  queue.rate = BitsPerSecond(kRate);
  queue.burst = queue.cburst = kBurst;
  queue.quantum = 3000;
  queue.leaf = std::move(leaf);
  return queue;
}

// Everything that a test of a shaped interface needs, in the thread's namespace.
struct Bench {
  SessionPrograms programs = Must(SessionPrograms::Load(LinuxKernel(), {64, ""}));
  LimitedTun tun;
  ShaperSupport support = Must(ProbeShaper(LinuxKernel(), tun.netlink(), &programs));
  LinkShaper shaper{LinuxKernel(), programs, support.way().value(), tun.index()};

  Result<void> Apply(const sg_policy& policy, const RootQueue& queue) {
    return shaper.Apply(tun.netlink(), policy, queue);
  }
  // Of `count` packets sent at once, how many come out of the device without a wait.
  int AtOnce(int count) {
    for (int i = 0; i < count; ++i) tun.Send(1000);
    return Waiting();
  }
  int Waiting() {
    Bytes buffer(TunDevice::kPacketRoom);
    int read = 0;
    while (tun.tun().Read(buffer).status == TunReadStatus::kPacket) ++read;
    return read;
  }
  bool IsBare() {
    for (const auto place : {QdiscPlace::kRoot, QdiscPlace::kIngress}) {
      if (tun.netlink().HasQdisc(tun.index(), place).value_or(true)) return false;
    }
    return !shaper.ReadDown() && !shaper.ReadUp();
  }
};

// All queues whose root limits by itself, that this kernel has.
std::vector<RootQueue> Limiters(const ShaperSupport& support) {
  std::vector<LeafQueue> leaves{std::monostate{}};
  if (support.pfifo) leaves.emplace_back(FifoQueue{5});
  if (support.htb) leaves.emplace_back(ByteFifoQueue{5000});
  if (support.sfq) leaves.emplace_back(SfqQueue{64, 1500, std::chrono::seconds(10)});
  if (support.fq_codel) {
    FqCodelQueue codel;
    codel.flows = 16;
    leaves.emplace_back(codel);
  }
  std::vector<RootQueue> all;
  for (const LeafQueue& leaf : leaves) {
    if (support.tbf) all.emplace_back(Tbf(leaf));
    if (support.htb) all.emplace_back(Htb(leaf));
  }
  return all;
}

std::string Words(const RootQueue& queue) {
  std::string words = NameOf(queue);
  if (const auto* tbf = std::get_if<TbfQueue>(&queue))
    words += std::string(" ") + NameOf(tbf->leaf);
  if (const auto* htb = std::get_if<HtbQueue>(&queue))
    words += std::string(" ") + NameOf(htb->leaf);
  return words;
}

TEST(ShaperSupport, IsWhatTheKernelHas) {
  const bool ran = InNewNetworkNamespace([] {
    Bench bench;
    const ShaperSupport& found = bench.support;
    EXPECT_TRUE(found.clsact && found.tbf && found.htb && found.pfifo) << found.ToString();
    if (std::getenv("SG_GUEST") != nullptr) {
      EXPECT_EQ(found.ToString(), "clsact tbf htb pfifo sfq fq_codel fq; not: tcx");
    }
    EXPECT_EQ(found.way(), AttachWay::kClsact);
    const auto without = ProbeShaper(LinuxKernel(), bench.tun.netlink(), nullptr);
    REQUIRE_OK(without);
    EXPECT_EQ(without->way(), std::nullopt);
    EXPECT_EQ(without->htb, found.htb);
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(LinkShaper, EveryQueuePassesItsBurstAtOnceAndTheRestAtItsRate) {
  const bool ran = InNewNetworkNamespace([] {
    Bench bench;
    for (const RootQueue& queue : Limiters(bench.support)) {
      SCOPED_TRACE(Words(queue));
      REQUIRE_OK(bench.Apply(Policy(SG_KIND_COUNT), queue));
      using Clock = std::chrono::steady_clock;
      const auto start = Clock::now();
      const int sent = 14;
      int read = bench.AtOnce(sent);
      const std::chrono::duration<double> taken = Clock::now() - start;
      // Ten of burst, what the rate gave meanwhile, and the rounding of either.
      EXPECT_GE(read, 9);
      EXPECT_LE(read, 12 + static_cast<int>(taken.count() * 100));
      // At least two fit into each of these queues; then they come without anything being sent.
      const int before = read;
      EXPECT_TRUE(test::WaitUntil(
          [&] {
            read += bench.Waiting();
            return read >= std::min(before + 2, sent);
          },
          test::kPatience));
      REQUIRE_OK(bench.shaper.Bare(bench.tun.netlink()));
      EXPECT_TRUE(bench.IsBare());
      static_cast<void>(bench.Waiting());  // what the queue let go meanwhile
      EXPECT_EQ(bench.AtOnce(30), 30);
    }
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(LinkShaper, ChangesFromAnyKindToAnyOther) {
  const bool ran = InNewNetworkNamespace([] {
    Bench bench;
    std::vector<std::pair<sg_policy, RootQueue>> all;
    for (const RootQueue& queue : Limiters(bench.support)) {
      all.emplace_back(Policy(SG_KIND_COUNT), queue);
    }
    all.emplace_back(Policy(SG_KIND_POLICE), RootQueue());
    if (bench.support.fq) all.emplace_back(Policy(SG_KIND_EDT), FqQueue{});
    std::uint64_t sent = 0;
    for (const auto& [old_policy, old_queue] : all) {
      for (const auto& [policy, queue] : all) {
        SCOPED_TRACE(Words(old_queue) + " to " + Words(queue));
        REQUIRE_OK(bench.Apply(old_policy, old_queue));
        REQUIRE_OK(bench.Apply(policy, queue));
        static_cast<void>(bench.AtOnce(1));
        ++sent;
      }
    }
    const sg_counters counters = Must(bench.shaper.ReadDown()).counters;
    EXPECT_EQ(counters.passed_packets + counters.dropped_packets, sent) << "counters go on";
    REQUIRE_OK(bench.shaper.Bare(bench.tun.netlink()));
    EXPECT_TRUE(bench.IsBare());
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

// Two rates in turn, packets all the time: never more than one burst and the higher rate.
TEST(LinkShaper, ChangesOfTheRateUnderTrafficLetNothingPass) {
  const bool ran = InNewNetworkNamespace([] {
    Bench bench;
    HtbQueue slow = Htb(FifoQueue{5});
    slow.rate = BitsPerSecond(kRate / 2);
    const HtbQueue queues[] = {Htb(FifoQueue{5}), slow};
    REQUIRE_OK(bench.Apply(Policy(SG_KIND_COUNT), queues[0]));
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    int read = 0;
    for (int i = 0; i < 200; ++i) {
      read += bench.AtOnce(5);
      REQUIRE_OK(bench.Apply(Policy(SG_KIND_COUNT), queues[i % 2]));
    }
    const std::chrono::duration<double> taken = Clock::now() - start;
    EXPECT_LE(read, 12 + static_cast<int>(taken.count() * 100));
    EXPECT_GE(read, 9);
    EXPECT_EQ(Must(bench.shaper.ReadDown()).counters.passed_packets, 1000U);
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

// What a session with tbf has. sch_tbf itself would fill its bucket with each change.
TEST(LinkShaper, TwentyChangesUnderOverloadGiveOneBurst) {
  const bool ran = InNewNetworkNamespace([] {
    Bench bench;
    HtbQueue slow = Htb(ByteFifoQueue{15'000});
    slow.rate = BitsPerSecond(kRate / 2);
    const HtbQueue queues[] = {Htb(ByteFifoQueue{20'000}), slow};
    REQUIRE_OK(bench.Apply(Policy(SG_KIND_COUNT), queues[0]));
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    int read = 0;
    for (int i = 1; i <= 20; ++i) {
      for (const auto until = Clock::now() + std::chrono::milliseconds(40); Clock::now() < until;) {
        read += bench.AtOnce(5);
      }
      REQUIRE_OK(bench.Apply(Policy(SG_KIND_COUNT), queues[i % 2]));
    }
    const std::chrono::duration<double> taken = Clock::now() - start;
    EXPECT_LE(read, 12 + static_cast<int>(taken.count() * 100));
    EXPECT_GE(read, 30);
    REQUIRE_OK(bench.Apply(Policy(SG_KIND_COUNT), queues[1]));
    EXPECT_TRUE(test::WaitUntil(
        [&, waited = 0]() mutable { return (waited += bench.Waiting()) >= 10; }, test::kPatience))
        << "packets that wait are not lost for a change";
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

// A queue of 500 packets, and all of one flow: fq's own limit is 100.
TEST(LinkShaper, FqKeepsEveryPacketThatTheBucketHasCharged) {
  const bool ran = InNewNetworkNamespace([] {
    Bench bench;
    if (!bench.support.fq) GTEST_SKIP() << "this kernel has no sch_fq; the guest's has";
    sg_policy policy{};
    policy.down = sg_limit_make(SG_KIND_EDT, 2'000'000, kBurst, 2'000'000'000, 1400);
    REQUIRE_OK(bench.Apply(policy, FqQueue{10'000, 10'000, std::chrono::seconds(10)}));
    bench.tun.GiveSendRoom(64 << 20);
    int read = 0;
    for (int round = 0; round < 10; ++round) read += bench.AtOnce(300);
    const sg_counters counters = Must(bench.shaper.ReadDown()).counters;
    EXPECT_GT(counters.dropped_packets, 0U) << "too slow to be an overload";
    EXPECT_TRUE(test::WaitUntil(
        [&] {
          read += bench.Waiting();
          return read >= static_cast<int>(counters.passed_packets);
        },
        test::kPatience))
        << read << " of " << counters.passed_packets;
    EXPECT_EQ(static_cast<std::uint64_t>(read), counters.passed_packets);
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(LinkShaper, WhatIsRefusedLeavesTheOldLimit) {
  const bool ran = InNewNetworkNamespace([] {
    Bench bench;
    REQUIRE_OK(bench.Apply(Policy(SG_KIND_COUNT), Tbf()));
    TbfQueue impossible = Tbf();
    impossible.burst = 0;
    const auto refused = bench.Apply(Policy(SG_KIND_POLICE), impossible);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("setting tbf"));
    const int read = bench.AtOnce(30);
    EXPECT_GE(read, 9);
    EXPECT_LE(read, 20);
    EXPECT_EQ(Must(bench.shaper.ReadDown()).counters.passed_packets, 30U) << "tbf drops, not we";
    REQUIRE_OK(bench.shaper.Bare(bench.tun.netlink()));
    EXPECT_FALSE(bench.Apply(Policy(SG_KIND_COUNT), impossible).has_value());
    EXPECT_TRUE(bench.IsBare()) << "nor does a first one leave anything";
    EXPECT_FALSE(bench.shaper.applied());
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(LinkShaper, ForgetsAnInterfaceThatGoes) {
  const bool ran = InNewNetworkNamespace([] {
    Bench bench;
    REQUIRE_OK(bench.Apply(Policy(SG_KIND_COUNT), Htb()));
    EXPECT_EQ(bench.AtOnce(1), 1);
    bench.shaper.Forget();
    EXPECT_EQ(bench.AtOnce(1), 0) << "the programs are there and know nothing of it";
    EXPECT_EQ(bench.shaper.ReadUp().error().code, ErrorCode::kNotFound);
    REQUIRE_OK(bench.tun.netlink().Delete(bench.tun.index()));
    REQUIRE_OK(bench.shaper.Bare(bench.tun.netlink()));
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

}  // namespace
}  // namespace sstpgw::edge
