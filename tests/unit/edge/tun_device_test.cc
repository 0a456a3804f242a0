#include "gateway/edge/tun_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/edge/fake_kernel.h"

namespace sstpgw::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TunDevice, OpensNodeSetsFlagsFindsIndexAndSwitchesIpv6Off) {
  FakeKernel kernel;
  kernel.interface_name = "ppp3";
  const auto tun = TunDevice::Create(kernel, "ppp%d");
  ASSERT_TRUE(tun.has_value());
  EXPECT_EQ(tun->name(), "ppp3");
  EXPECT_EQ(tun->index(), InterfaceIndex(7));
  EXPECT_EQ(kernel.tun_flags, IFF_TUN | IFF_NO_PI);
  EXPECT_THAT(kernel.calls(), ElementsAre("open", "ioctl", "socket", "ioctl", "open", "write"));
  EXPECT_EQ(kernel.opened, "/proc/sys/net/ipv6/conf/ppp3/disable_ipv6");
  EXPECT_THAT(kernel.written, ElementsAre('1', '\n'));
}

TEST(TunDevice, EachFailingCallIsAnErrorAndLeaksNothing) {
  const std::size_t before = OpenDescriptors();
  for (std::size_t call = 1; call <= 4; ++call) {
    FakeKernel kernel;
    kernel.FailCall(call, EPERM);
    const auto tun = TunDevice::Create(kernel, "ppp%d");
    ASSERT_FALSE(tun.has_value()) << "call " << call;
    EXPECT_EQ(tun.error().code, ErrorCode::kPermissionDenied);
    EXPECT_EQ(kernel.calls().size(), call) << "went on after a failure";
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(TunDevice, ErrorsSayWhatIsMissing) {
  const struct {
    std::size_t call;
    int code;
    const char* words;
  } cases[] = {{1, ENOENT, "modprobe tun"}, {1, EACCES, "CAP_NET_ADMIN"},
               {1, EMFILE, "LimitNOFILE"},  {2, EPERM, "CAP_NET_ADMIN"},
               {2, EBUSY, "is in use"},     {2, EINVAL, "'ppp%d'"}};
  for (const auto& item : cases) {
    FakeKernel kernel;
    kernel.FailCall(item.call, item.code);
    const auto tun = TunDevice::Create(kernel, "ppp%d");
    ASSERT_FALSE(tun.has_value());
    EXPECT_THAT(tun.error().message, HasSubstr(item.words));
  }
}

TEST(TunDevice, WithoutIpv6InTheKernelItIsMadeAllTheSame) {
  FakeKernel kernel;
  kernel.FailCall(5, ENOENT);
  EXPECT_TRUE(TunDevice::Create(kernel, "ppp%d").has_value());
}

// Containers: a read-only file system, or a security module that says no.
TEST(TunDevice, WhereSettingsMayNotBeWrittenIpv6StaysOn) {
  for (const std::size_t call : {5, 6}) {
    for (const int code : {EROFS, EACCES, EPERM}) {
      FakeKernel kernel;
      kernel.FailCall(call, code);
      const auto tun = TunDevice::Create(kernel, "ppp%d");
      ASSERT_TRUE(tun.has_value()) << call;
      EXPECT_THAT(tun->ipv6_left_on(), HasSubstr("disable_ipv6"));
      EXPECT_THAT(tun->ipv6_left_on(), HasSubstr(std::strerror(code)));
    }
  }
  FakeKernel good;
  EXPECT_EQ(TunDevice::Create(good, "ppp%d")->ipv6_left_on(), "");
}

TEST(TunDevice, SettingsThatFailOtherwiseAreAnErrorAndLeakNothing) {
  const std::size_t before = OpenDescriptors();
  for (const std::size_t call : {5, 6}) {
    FakeKernel kernel;
    kernel.FailCall(call, EIO);
    EXPECT_FALSE(TunDevice::Create(kernel, "ppp%d").has_value());
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(TunDevice, NameOfWrongLengthIsRefusedBeforeAnyCall) {
  for (const char* name : {"", "sixteen-letters0"}) {
    FakeKernel kernel;
    const auto tun = TunDevice::Create(kernel, name);
    ASSERT_FALSE(tun.has_value());
    EXPECT_EQ(tun.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(kernel.calls().empty());
  }
}

class TunBatches : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = TunDevice::Create(kernel, "ppp%d");
    ASSERT_TRUE(made.has_value());
    tun.emplace(std::move(*made));
  }
  FakeKernel kernel;
  std::optional<TunDevice> tun;
  Bytes buffer = Bytes(TunDevice::kPacketRoom + 3000);
  std::vector<ByteView> packets = std::vector<ByteView>(8);
};

TEST_F(TunBatches, ReadsUntilEmpty) {
  kernel.reads = {Bytes{0x45, 1}, Bytes{0x45, 2, 3}};
  const auto outcome = tun->ReadBatch(buffer, packets);
  EXPECT_EQ(outcome.status, TunReadStatus::kDrained);
  ASSERT_EQ(outcome.packets, 2U);
  EXPECT_THAT(packets[0], ElementsAre(0x45, 1));
  EXPECT_THAT(packets[1], ElementsAre(0x45, 2, 3));
}

TEST_F(TunBatches, StopsBeforeAPacketMightNotFit) {
  for (int i = 0; i < 4; ++i) kernel.reads.emplace_back(Bytes(1500, 0x45));
  const auto outcome = tun->ReadBatch(buffer, packets);
  EXPECT_EQ(outcome.status, TunReadStatus::kFull);
  EXPECT_EQ(outcome.packets, 3U);  // the third began with exactly kPacketRoom left
}

TEST_F(TunBatches, StopsWhenAllViewsAreUsed) {
  for (int i = 0; i < 4; ++i) kernel.reads.emplace_back(Bytes{0x45});
  packets.resize(2);
  const auto outcome = tun->ReadBatch(buffer, packets);
  EXPECT_EQ(outcome.status, TunReadStatus::kFull);
  EXPECT_EQ(outcome.packets, 2U);
}

TEST_F(TunBatches, DeletedInterfaceIsGoneAndKeepsWhatWasRead) {
  kernel.reads = {Bytes{0x45}, Fail(Errno(EBADFD))};
  const auto outcome = tun->ReadBatch(buffer, packets);
  EXPECT_EQ(outcome.status, TunReadStatus::kGone);
  EXPECT_EQ(outcome.packets, 1U);
}

TEST_F(TunBatches, AWriteThatFailsDropsThatPacketOnly) {
  const Bytes packet{0x45, 0};
  const std::vector<ByteView> batch{packet, packet, packet};
  kernel.FailCall(kernel.calls().size() + 2, EIO);
  const auto outcome = tun->WriteBatch(batch);
  EXPECT_EQ(outcome.written, 2U);
  EXPECT_EQ(outcome.dropped, 1U);
}

}  // namespace
}  // namespace sstpgw::edge
