#include "gateway/session_interface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/base/log.h"
#include "tests/unit/edge/fake_kernel.h"
#include "tests/unit/edge/network_namespace.h"

namespace sstpgw::gateway {
namespace {

TEST(SessionInterface, WhereIpv6CannotBeDisabledThereIsOneWarningAndSessionsGoOn) {
  SetLogLevel(LogLevel::kWarning);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    edge::FakeKernel kernel;
    kernel.FailCall(7, EROFS);  // opening disable_ipv6
    const auto interface = SessionInterface::Create(kernel, true);
    EXPECT_TRUE(interface.has_value());
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  SetLogLevel(LogLevel::kOff);
  const std::string line = "IPv6 stays enabled on the interfaces of sessions: ";
  const std::size_t first = log.find(line);
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_NE(log.find("Read-only file system", first), std::string::npos);
  EXPECT_EQ(log.find(line, first + 1), std::string::npos);
}

// Against the real kernel, in a network namespace of its own.
void ChangeMtuInUse() {
  auto netlink = edge::Netlink::Open(edge::LinuxKernel());
  ASSERT_TRUE(netlink.has_value()) << netlink.error().message;
  auto interface = SessionInterface::Create(edge::LinuxKernel(), true);
  ASSERT_TRUE(interface.has_value()) << interface.error().message;
  std::string warning;
  const auto activated = interface->Activate(
      *netlink, {"sstp%d", Ipv4Address(0x0a000001), Ipv4Address(0x0a000005), Mtu(1452)}, &warning);
  ASSERT_TRUE(activated.has_value()) << activated.error().message;
  EXPECT_EQ(warning, "");
  const auto set = interface->SetMtu(*netlink, Mtu(1300));
  ASSERT_TRUE(set.has_value()) << set.error().message;
  const auto facts = netlink->Query(interface->device().index());
  ASSERT_TRUE(facts.has_value()) << facts.error().message;
  EXPECT_EQ(facts->mtu, 1300U);
  EXPECT_TRUE(facts->up);
}

TEST(SessionInterface, MtuCanBeChangedInUse) {
  if (!edge::InNewNetworkNamespace(ChangeMtuInUse)) GTEST_SKIP() << "needs root (CAP_SYS_ADMIN)";
}

}  // namespace
}  // namespace sstpgw::gateway
