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
  const auto tun = TunDevice::Create(kernel, "ppp%d", kAllTunOffloads);
  ASSERT_TRUE(tun.has_value());
  EXPECT_EQ(tun->name(), "ppp3");
  EXPECT_EQ(tun->index(), InterfaceIndex(7));
  EXPECT_EQ(kernel.tun_flags,
            static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL));
  EXPECT_EQ(kernel.vnet_header, 10);
  EXPECT_THAT(kernel.calls(),
              ElementsAre("open", "ioctl", "ioctl", "ioctl", "socket", "ioctl", "open", "write"));
  EXPECT_EQ(kernel.opened, "/proc/sys/net/ipv6/conf/ppp3/disable_ipv6");
  EXPECT_THAT(kernel.written, ElementsAre('1', '\n'));
}

TEST(TunDevice, EachFailingCallIsAnErrorAndLeaksNothing) {
  const std::size_t before = OpenDescriptors();
  for (const std::size_t call : {1, 2, 3, 5, 6}) {  // 4: offloads, which may be missing
    FakeKernel kernel;
    kernel.FailCall(call, EPERM);
    const auto tun = TunDevice::Create(kernel, "ppp%d", kAllTunOffloads);
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
    const auto tun = TunDevice::Create(kernel, "ppp%d", kAllTunOffloads);
    ASSERT_FALSE(tun.has_value());
    EXPECT_THAT(tun.error().message, HasSubstr(item.words));
  }
}

TEST(TunDevice, WithoutIpv6InTheKernelItIsMadeAllTheSame) {
  FakeKernel kernel;
  kernel.FailCall(7, ENOENT);
  EXPECT_TRUE(TunDevice::Create(kernel, "ppp%d", kAllTunOffloads).has_value());
}

// Containers: a read-only file system, or a security module that says no.
TEST(TunDevice, WhereSettingsMayNotBeWrittenIpv6StaysOn) {
  for (const std::size_t call : {7, 8}) {
    for (const int code : {EROFS, EACCES, EPERM}) {
      FakeKernel kernel;
      kernel.FailCall(call, code);
      const auto tun = TunDevice::Create(kernel, "ppp%d", kAllTunOffloads);
      ASSERT_TRUE(tun.has_value()) << call;
      EXPECT_THAT(tun->ipv6_left_on(), HasSubstr("disable_ipv6"));
      EXPECT_THAT(tun->ipv6_left_on(), HasSubstr(std::strerror(code)));
    }
  }
  FakeKernel good;
  EXPECT_EQ(TunDevice::Create(good, "ppp%d", kAllTunOffloads)->ipv6_left_on(), "");
}

TEST(TunDevice, SettingsThatFailOtherwiseAreAnErrorAndLeakNothing) {
  const std::size_t before = OpenDescriptors();
  for (const std::size_t call : {7, 8}) {
    FakeKernel kernel;
    kernel.FailCall(call, EIO);
    EXPECT_FALSE(TunDevice::Create(kernel, "ppp%d", kAllTunOffloads).has_value());
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(TunDevice, NameOfWrongLengthIsRefusedBeforeAnyCall) {
  for (const char* name : {"", "sixteen-letters0"}) {
    FakeKernel kernel;
    const auto tun = TunDevice::Create(kernel, name, kAllTunOffloads);
    ASSERT_FALSE(tun.has_value());
    EXPECT_EQ(tun.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(kernel.calls().empty());
  }
}

TEST(TunDevice, TakesTheOffloadsThatTheKernelHas) {
  constexpr unsigned kTcp = 0x01 | 0x02 | 0x04 | 0x08;
  const struct {
    unsigned known;
    TunOffloads wanted;
    unsigned set;
    TunOffloads offloads;
  } cases[] = {{~0U, kAllTunOffloads, kTcp | 0x20 | 0x40, {true, true}},
               {kTcp, kAllTunOffloads, kTcp, {true, false}},  // Linux 6.1
               {0, kAllTunOffloads, 0, {false, false}},
               {~0U, {true, false}, kTcp, {true, false}},
               {0, {true, false}, 0, {false, false}},
               {~0U, {false, true}, 0, {false, false}},
               {~0U, {}, 0, {false, false}}};
  for (const auto& item : cases) {
    FakeKernel kernel;
    kernel.offloads_known = item.known;
    const auto tun = TunDevice::Create(kernel, "ppp%d", item.wanted);
    ASSERT_TRUE(tun.has_value());
    EXPECT_EQ(kernel.offload, item.set);
    EXPECT_EQ(tun->offloads(), item.offloads);
    EXPECT_EQ(kernel.vnet_header, 10) << "the header is there whatever is offloaded";
  }
}

// So that an older kernel is not asked in vain for every interface.
TEST(TunDevice, WhatIsNotWantedIsNotTried) {
  FakeKernel kernel;
  kernel.offloads_known = 0;
  ASSERT_TRUE(TunDevice::Create(kernel, "ppp%d", {}).has_value());
  EXPECT_THAT(kernel.calls(),
              ElementsAre("open", "ioctl", "ioctl", "socket", "ioctl", "open", "write"));
}

TEST(TunDevice, TheProbeTellsWhatTheKernelHas) {
  const std::size_t before = OpenDescriptors();
  constexpr unsigned kTcp = 0x01 | 0x02 | 0x04 | 0x08;
  for (const auto& [known, offloads] :
       {std::pair{~0U, kAllTunOffloads}, {kTcp, TunOffloads{true, false}}, {0U, TunOffloads{}}}) {
    FakeKernel kernel;
    kernel.offloads_known = known;
    const auto found = ProbeTunOffloads(kernel);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(*found, offloads);
  }
  FakeKernel none;
  none.absent = "/dev/net/tun";
  const auto found = ProbeTunOffloads(none);
  ASSERT_FALSE(found.has_value());
  EXPECT_THAT(found.error().message, HasSubstr("modprobe tun"));
  EXPECT_EQ(OpenDescriptors(), before);
}

class TunPackets : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = TunDevice::Create(kernel, "ppp%d", kAllTunOffloads);
    ASSERT_TRUE(made.has_value());
    tun.emplace(std::move(*made));
  }
  FakeKernel kernel;
  std::optional<TunDevice> tun;
  Bytes buffer = Bytes(TunDevice::kPacketRoom);
};

TEST_F(TunPackets, ReadsOneAfterTheOtherUntilEmpty) {
  kernel.reads = {Bytes{0x45, 1}, Bytes{0x45, 2, 3}};
  auto outcome = tun->Read(buffer);
  EXPECT_EQ(outcome.status, TunReadStatus::kPacket);
  EXPECT_THAT(outcome.packet, ElementsAre(0x45, 1));
  EXPECT_THAT(tun->Read(buffer).packet, ElementsAre(0x45, 2, 3));
  EXPECT_EQ(tun->Read(buffer).status, TunReadStatus::kDrained);
}

TEST_F(TunPackets, DeletedInterfaceIsGone) {
  kernel.reads = {Fail(Errno(EBADFD))};
  EXPECT_EQ(tun->Read(buffer).status, TunReadStatus::kGone);
}

TEST_F(TunPackets, PartsAreWrittenAsOne) {
  const Bytes header(10, 0);
  const Bytes packet{0x45, 7};
  const std::vector<ByteView> parts{header, packet};
  EXPECT_TRUE(tun->Write(parts));
  EXPECT_EQ(kernel.written.size(), 12U);
  EXPECT_EQ(kernel.written.back(), 7);
  kernel.FailCall(kernel.calls().size() + 1, EIO);
  EXPECT_FALSE(tun->Write(parts));
}

}  // namespace
}  // namespace sstpgw::edge
