// Whether what passes is limited in each moment of a change of the queue, whatever the kernel says
// to its requests: the programs and maps are real, netlink is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include "ebpf/rate_math.h"
#include "gateway/edge/link_shaper.h"
#include "tests/bpf/limited_tun.h"
#include "tests/bpf/program_run.h"
#include "tests/unit/edge/fake_kernel.h"

namespace sstpgw::edge {
namespace {

using ::testing::ElementsAre;

constexpr std::uint64_t kRate = 800'000;
constexpr std::uint32_t kBurst = 10'000;

sg_policy Counted() {
  sg_policy policy = Unlimited();
  policy.down = sg_limit_make(SG_KIND_COUNT, kRate, kBurst, 0, 1400);
  return policy;
}

HtbQueue Htb(std::uint32_t r2q, std::uint64_t rate = kRate) {
  HtbQueue queue;
  queue.rate = BitsPerSecond(rate);
  queue.burst = queue.cburst = kBurst;
  queue.r2q = r2q;
  return queue;
}

struct Guards {
  FakeKernel kernel;
  Netlink netlink{Must(Netlink::Open(kernel))};
  SessionPrograms programs = Must(SessionPrograms::Load(LinuxKernel(), {64, ""}));
  LinkShaper shaper{kernel, programs, AttachWay::kClsact, kLoopback};
  std::vector<std::string> told;  // what was asked, and whether the program limited then

  Guards() {
    kernel.acknowledges = true;
    const auto applied = Apply(Htb(10));
    EXPECT_TRUE(applied) << applied.error().message;
    kernel.on_send = [this](ByteView message) {
      told.push_back(Words(message) + (Limited() ? " limited" : " free"));
    };
  }

  Result<void> Apply(const RootQueue& queue) { return shaper.Apply(netlink, Counted(), queue); }
  // errno of each request from now on, 0: taken.
  Result<void> Apply(const RootQueue& queue, std::deque<int> errors) {
    told.clear();
    kernel.refusals = std::move(errors);
    return Apply(queue);
  }
  // Three bursts at once.
  bool Limited() {
    bool all = true;
    for (int i = 0; i < 30; ++i) {
      all = RunOnce(programs, ProgramSide::kToClient, Bytes(1000, 0x45)).passed && all;
    }
    return !all;
  }
  static std::string Words(ByteView message) {
    if (message[4] == RTM_DELQDISC) return "del";
    return message[4] == RTM_NEWTCLASS ? "class" : "root";
  }
};

TEST(Guard, StandsWhileARootIsMadeAnew) {
  const bool ran = InNewNetworkNamespace([] {
    Guards guards;
    EXPECT_FALSE(guards.Limited()) << "the queue does it";
    REQUIRE_OK(guards.Apply(Htb(20), {}));
    EXPECT_THAT(guards.told, ElementsAre("del limited", "root limited", "class limited"));
    EXPECT_FALSE(guards.Limited());
    REQUIRE_OK(guards.Apply(Htb(20, kRate / 2), {}));
    EXPECT_THAT(guards.told, ElementsAre("class free")) << "between two packets";
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(Guard, StandsWhereSomebodyHasRemovedTheQueue) {
  const bool ran = InNewNetworkNamespace([] {
    Guards guards;
    REQUIRE_OK(guards.Apply(Htb(10, kRate / 2), {ENOENT, ENOENT}));
    EXPECT_THAT(guards.told,
                ElementsAre("class free", "del limited", "root limited", "class limited"));
    EXPECT_FALSE(guards.Limited());
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(Guard, StandsUntilTheOldQueueIsBack) {
  const bool ran = InNewNetworkNamespace([] {
    Guards guards;
    EXPECT_FALSE(guards.Apply(Htb(20), {0, EPERM}).has_value());
    EXPECT_THAT(guards.told, ElementsAre("del limited", "root limited", "del limited",
                                         "root limited", "class limited"));
    EXPECT_FALSE(guards.Limited()) << "the old queue does it";
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(Guard, StaysWhereTheOldQueueCannotBeHad) {
  const bool ran = InNewNetworkNamespace([] {
    Guards guards;
    EXPECT_FALSE(guards.Apply(Htb(20), {0, EPERM, 0, EPERM}).has_value());
    EXPECT_TRUE(guards.Limited());
    EXPECT_FALSE(guards.Apply(Htb(20), {EPERM, 0, EPERM}).has_value());
    EXPECT_TRUE(guards.Limited()) << "after another error";
    // The change of the class fails halfway, and then everything.
    REQUIRE_OK(guards.Apply(Htb(20), {}));
    EXPECT_FALSE(guards.Limited());
    EXPECT_FALSE(guards.Apply(Htb(20, kRate / 2), {ENOENT, ENOENT, EPERM, EPERM, EPERM}));
    EXPECT_TRUE(guards.Limited());
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

}  // namespace
}  // namespace sstpgw::edge
