#include "gateway/edge/netlink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include "tests/unit/edge/fake_kernel.h"

namespace sstpgw::edge {
namespace {

using ::testing::HasSubstr;

constexpr InterfaceIndex kIndex{5};

Bytes Ack(std::uint8_t sequence, std::int8_t error) {
  const auto low = static_cast<std::uint8_t>(-error);
  const std::uint8_t high = error == 0 ? 0 : 0xff;
  return {36,   0,    0,  0, NLMSG_ERROR, 0, 0,  0, sequence, 0, 0,        0, 0, 0, 0, 0, low, high,
          high, high, 32, 0, 0,           0, 16, 0, 5,        0, sequence, 0, 0, 0, 0, 0, 0,   0};
}

Netlink OpenOn(FakeKernel& kernel) {
  auto netlink = Netlink::Open(kernel);
  EXPECT_TRUE(netlink.has_value());
  return std::move(*netlink);
}

TEST(Netlink, OpenNeedsSocketAndBindButNotTheNiceties) {
  for (const std::size_t call : {1U, 4U}) {
    FakeKernel kernel;
    kernel.FailCall(call, EPERM);
    EXPECT_FALSE(Netlink::Open(kernel).has_value()) << call;
  }
  for (const std::size_t call : {2U, 3U}) {
    FakeKernel kernel;
    kernel.FailCall(call, ENOPROTOOPT);
    EXPECT_TRUE(Netlink::Open(kernel).has_value()) << call;
  }
}

TEST(Netlink, SendAndReceiveFailuresAreReported) {
  for (const std::size_t call : {5U, 6U}) {
    FakeKernel kernel;
    Netlink netlink = OpenOn(kernel);
    kernel.FailCall(call, ENOBUFS);
    const auto result = netlink.SetMtu(kIndex, Mtu(1452));
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::kSystem);
    EXPECT_THAT(result.error().message, HasSubstr("setting mtu 1452 of interface #5"));
  }
}

TEST(Netlink, WaitsForTheAcknowledgementOfItsOwnRequest) {
  FakeKernel kernel;
  Netlink netlink = OpenOn(kernel);
  kernel.answers = {Ack(77, EBUSY), Ack(1, 0)};
  EXPECT_TRUE(netlink.SetState(kIndex, LinkState::kUp).has_value());
  EXPECT_TRUE(kernel.answers.empty());
}

TEST(Netlink, ErrnoBecomesAKindOfError) {
  const std::pair<int, ErrorCode> cases[] = {{EPERM, ErrorCode::kPermissionDenied},
                                             {ENODEV, ErrorCode::kNotFound},
                                             {EEXIST, ErrorCode::kAlreadyExists},
                                             {EBUSY, ErrorCode::kSystem}};
  for (const auto& [code, kind] : cases) {
    FakeKernel kernel;
    Netlink netlink = OpenOn(kernel);
    kernel.answers = {Ack(1, static_cast<std::int8_t>(code))};
    const auto result =
        netlink.AddAddress(kIndex, Ipv4Address(0x0a000001), Ipv4Address(0x0a000005));
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, kind);
    EXPECT_THAT(result.error().message, HasSubstr("10.0.0.1 peer 10.0.0.5"));
  }
}

TEST(Netlink, NonsenseFromTheKernelIsAnErrorNotALoop) {
  FakeKernel kernel;
  Netlink netlink = OpenOn(kernel);
  kernel.answers = {Bytes{1, 2, 3}};
  EXPECT_EQ(netlink.Delete(kIndex).error().code, ErrorCode::kInternal);
  for (int i = 0; i < 100; ++i) kernel.answers.push_back(Ack(200, 0));
  EXPECT_EQ(netlink.Delete(kIndex).error().code, ErrorCode::kInternal);
}

TEST(Netlink, DeletingAnEmptyGroupIsNoError) {
  FakeKernel kernel;
  Netlink netlink = OpenOn(kernel);
  kernel.answers = {Ack(1, ENODEV)};
  EXPECT_TRUE(netlink.DeleteGroup(LinkGroup(77)).has_value());
  kernel.answers = {Ack(2, EPERM)};
  EXPECT_FALSE(netlink.DeleteGroup(LinkGroup(77)).has_value());
}

TEST(Netlink, NamesTheKernelWouldCutAreRefused) {
  FakeKernel kernel;
  Netlink netlink = OpenOn(kernel);
  const auto result = netlink.Rename(kIndex, "sixteen-letters0");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(kernel.calls().back(), "bind");
}

}  // namespace
}  // namespace sstpgw::edge
