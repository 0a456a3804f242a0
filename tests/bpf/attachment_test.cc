// The programs on a real interface, by each way of attaching them that this kernel has.
#include <gtest/gtest.h>

#include "gateway/edge/filter_message.h"
#include "gateway/edge/program_attachment.h"
#include "tests/bpf/limited_tun.h"

namespace sstpgw::edge {
namespace {

// Whether this kernel knows the way; tcx is of Linux 6.6.
bool Knows(AttachWay way, LimitedTun& tun, const SessionPrograms& programs) {
  auto tried = ProgramAttachment::Attach(LinuxKernel(), tun.netlink(), programs, tun.index(), way);
  if (tried) return tried->Detach(tun.netlink()).has_value();
  EXPECT_EQ(way, AttachWay::kTcx) << tried.error().message;
  EXPECT_EQ(tried.error().code, ErrorCode::kUnsupported) << tried.error().message;
  return false;
}

void PassesWhatItsPolicySays(AttachWay way) {
  const SessionPrograms programs = Must(SessionPrograms::Load(LinuxKernel(), {}));
  LimitedTun tun;
  if (!Knows(way, tun, programs)) return;
  ASSERT_TRUE(tun.PassesUp() && tun.PassesDown()) << "the bench works without programs";

  auto attachment =
      ProgramAttachment::Attach(LinuxKernel(), tun.netlink(), programs, tun.index(), way);
  REQUIRE_OK(attachment);
  EXPECT_FALSE(tun.PassesUp()) << "no policy yet";
  EXPECT_FALSE(tun.PassesDown());
  REQUIRE_OK(programs.SetPolicy(tun.index(), Unlimited()));
  EXPECT_TRUE(tun.PassesUp(200));
  EXPECT_TRUE(tun.PassesUp(200));
  EXPECT_TRUE(tun.PassesDown(300));
  const auto up = programs.ReadUp(tun.index());
  const auto down = programs.ReadDown(tun.index());
  REQUIRE_OK(up);
  REQUIRE_OK(down);
  EXPECT_EQ(up->counters.passed_packets, 2U);
  EXPECT_EQ(up->counters.passed_octets, 400U);
  EXPECT_EQ(down->counters.passed_packets, 1U);
  EXPECT_EQ(down->counters.passed_octets, 300U);

  REQUIRE_OK(attachment->Detach(tun.netlink()));
  REQUIRE_OK(programs.Remove(tun.index()));
  EXPECT_TRUE(tun.PassesUp() && tun.PassesDown()) << "they are gone";
  EXPECT_EQ(programs.ReadUp(tun.index()).error().code, ErrorCode::kNotFound);
  for (const auto place : {QdiscPlace::kRoot, QdiscPlace::kIngress}) {
    EXPECT_FALSE(tun.netlink().HasQdisc(tun.index(), place).value());
  }
}

TEST(ProgramAttachment, PassesWhatThePolicySaysByClsact) {
  if (!InNewNetworkNamespace([] { PassesWhatItsPolicySays(AttachWay::kClsact); })) {
    GTEST_SKIP() << kNeedsRoot;
  }
}

TEST(ProgramAttachment, PassesWhatThePolicySaysByTcx) {
  if (!InNewNetworkNamespace([] { PassesWhatItsPolicySays(AttachWay::kTcx); })) {
    GTEST_SKIP() << kNeedsRoot;
  }
}

bool HasClsact(LimitedTun& tun) {
  return tun.netlink().HasQdisc(tun.index(), QdiscPlace::kIngress).value();
}

TEST(ProgramAttachment, SomebodyElsesClsactStays) {
  const bool ran = InNewNetworkNamespace([] {
    const SessionPrograms programs = Must(SessionPrograms::Load(LinuxKernel(), {64, ""}));
    LimitedTun tun;
    REQUIRE_OK(tun.netlink().Ask(
        "clsact", [&](std::uint32_t sequence) { return BuildClsactAdd(sequence, tun.index()); }));
    auto attachment = ProgramAttachment::Attach(LinuxKernel(), tun.netlink(), programs, tun.index(),
                                                AttachWay::kClsact);
    REQUIRE_OK(attachment);
    EXPECT_FALSE(tun.PassesUp());
    const auto second = ProgramAttachment::Attach(LinuxKernel(), tun.netlink(), programs,
                                                  tun.index(), AttachWay::kClsact);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
    EXPECT_FALSE(tun.PassesUp()) << "the first one's filters are not the second one's to remove";
    REQUIRE_OK(attachment->Detach(tun.netlink()));
    EXPECT_TRUE(tun.PassesUp() && tun.PassesDown());
    EXPECT_TRUE(HasClsact(tun));
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(ProgramAttachment, WhatSomebodyElseHasRemovedIsNoError) {
  const bool ran = InNewNetworkNamespace([] {
    const SessionPrograms programs = Must(SessionPrograms::Load(LinuxKernel(), {64, ""}));
    LimitedTun tun;
    for (const bool interface_too : {false, true}) {
      auto attachment = ProgramAttachment::Attach(LinuxKernel(), tun.netlink(), programs,
                                                  tun.index(), AttachWay::kClsact);
      REQUIRE_OK(attachment);
      if (interface_too) {
        REQUIRE_OK(tun.netlink().Delete(tun.index()));
      } else {
        REQUIRE_OK(tun.netlink().Ask("clsact", [&](std::uint32_t sequence) {
          return BuildClsactDelete(sequence, tun.index());
        }));
      }
      REQUIRE_OK(attachment->Detach(tun.netlink()));
    }
    const auto nowhere = ProgramAttachment::Attach(LinuxKernel(), tun.netlink(), programs,
                                                   tun.index(), AttachWay::kClsact);
    EXPECT_EQ(nowhere.error().code, ErrorCode::kNotFound);
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

}  // namespace
}  // namespace sstpgw::edge
