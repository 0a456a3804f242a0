// What becomes of a read from a TUN that fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/edge/tun_device.h"
#include "tests/unit/edge/fake_kernel.h"

namespace sstpgw::edge {
namespace {

using ::testing::ElementsAre;

struct Case {
  int error;
  TunReadStatus status;
};

class TunRead : public ::testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    Errors, TunRead,
    ::testing::Values(Case{EAGAIN, TunReadStatus::kDrained}, Case{EINVAL, TunReadStatus::kLost},
                      Case{ENOMEM, TunReadStatus::kLost}, Case{EFAULT, TunReadStatus::kLost},
                      Case{EBADFD, TunReadStatus::kGone}, Case{EBADF, TunReadStatus::kGone},
                      Case{ENODEV, TunReadStatus::kGone}, Case{EIO, TunReadStatus::kGone}),
    [](const auto& test) { return "Errno" + std::to_string(test.param.error); });

TEST_P(TunRead, FailsInItsOwnWayAndTheNextPacketIsThere) {
  FakeKernel kernel;
  auto tun = TunDevice::Create(kernel, "ppp%d", kAllTunOffloads);
  ASSERT_TRUE(tun.has_value());
  Bytes buffer(TunDevice::kPacketRoom);
  kernel.reads = {Fail(Errno(GetParam().error)), Bytes{0x45, 9}};
  const TunReadOutcome failed = tun->Read(buffer);
  EXPECT_EQ(failed.status, GetParam().status);
  EXPECT_TRUE(failed.packet.empty());
  const TunReadOutcome next = tun->Read(buffer);
  EXPECT_EQ(next.status, TunReadStatus::kPacket);
  EXPECT_THAT(next.packet, ElementsAre(0x45, 9));
}

}  // namespace
}  // namespace sstpgw::edge
