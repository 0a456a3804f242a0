#include "gateway/edge/link_address.h"

#include <gtest/gtest.h>
#include <net/if.h>

#include "tests/unit/edge/fake_kernel.h"
#include "tests/unit/edge/network_namespace.h"

namespace sstpgw::edge {
namespace {

TEST(LinkAddress, ThereOrNot) {
  for (const bool there : {true, false}) {
    FakeKernel kernel;
    kernel.foreign.insert("ppp0");
    kernel.has_address = there;
    const auto address = HasIpv4Address(kernel, "ppp0");
    ASSERT_TRUE(address.has_value()) << address.error().message;
    EXPECT_EQ(*address, there);
  }
}

TEST(LinkAddress, EachFailingCallIsAnErrorAndLeaksNothing) {
  const std::size_t before = OpenDescriptors();
  const struct {
    std::size_t call;
    int code;
    ErrorCode error;
  } cases[] = {{1, EMFILE, ErrorCode::kSystem},
               {2, EPERM, ErrorCode::kSystem},
               {2, ENODEV, ErrorCode::kNotFound}};
  for (const auto& item : cases) {
    FakeKernel kernel;
    kernel.has_address = true;
    kernel.FailCall(item.call, item.code);
    const auto address = HasIpv4Address(kernel, "ppp0");
    ASSERT_FALSE(address.has_value()) << item.call;
    EXPECT_EQ(address.error().code, item.error) << item.code;
    EXPECT_NE(address.error().message.find("ppp0"), std::string::npos);
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(LinkAddress, ANameOfWrongLengthIsRefusedBeforeAnyCall) {
  FakeKernel kernel;
  const auto address = HasIpv4Address(kernel, "sixteen-letters0");
  ASSERT_FALSE(address.has_value());
  EXPECT_EQ(address.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(kernel.calls().empty());
}

// Of a loopback that was never up, and of one with its address.
TEST(LinkAddress, TheKernelTells) {
  const auto ask = [] {
    const auto none = HasIpv4Address(LinuxKernel(), "lo");
    ASSERT_TRUE(none.has_value()) << none.error().message;
    EXPECT_FALSE(*none);
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq up{};
    std::strncpy(up.ifr_name, "lo", IFNAMSIZ);
    up.ifr_flags = IFF_UP;
    ASSERT_EQ(::ioctl(socket.get(), SIOCSIFFLAGS, &up), 0);  // gives it 127.0.0.1
    const auto there = HasIpv4Address(LinuxKernel(), "lo");
    ASSERT_TRUE(there.has_value());
    EXPECT_TRUE(*there);
    const auto nowhere = HasIpv4Address(LinuxKernel(), "ppp17");
    ASSERT_FALSE(nowhere.has_value());
    EXPECT_EQ(nowhere.error().code, ErrorCode::kNotFound);
  };
  if (!InNewNetworkNamespace(ask)) GTEST_SKIP() << "needs root (CAP_SYS_ADMIN)";
}

}  // namespace
}  // namespace sstpgw::edge
