#include "gateway/edge/socket_diag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include "tests/unit/edge/diag_answers.h"
#include "tests/unit/edge/fake_kernel.h"

namespace sstpgw::edge {
namespace {

using ::testing::HasSubstr;

TEST(SocketDiag, EveryFailingCallIsAnError) {
  for (std::size_t failing : {1U, 2U, 5U, 6U, 7U}) {
    FakeKernel kernel;
    kernel.name = V4("192.0.2.1", 443);
    kernel.peer_name = V4("192.0.2.2", 50'000);
    kernel.answers.push_back(SocketWith(TLS_CONF_SW, TLS_CONF_SW));
    kernel.FailCall(failing, EMFILE);
    EXPECT_FALSE(QueryTlsModes(kernel, 0).has_value()) << failing;
  }
  for (std::size_t option : {3U, 4U}) {
    FakeKernel kernel;
    kernel.name = V4("192.0.2.1", 443);
    kernel.peer_name = V4("192.0.2.2", 50'000);
    kernel.answers.push_back(SocketWith(TLS_CONF_SW, TLS_CONF_SW));
    kernel.FailCall(option, ENOPROTOOPT);  // no device, no cookie: the addresses will do
    const auto modes = QueryTlsModes(kernel, 0);
    ASSERT_TRUE(modes.has_value());
    EXPECT_EQ(*modes, (TlsModes{TlsMode::kSoftware, TlsMode::kSoftware}));
  }
}

Bytes Refusal(int errno_value) {
  nlmsgerr body{};
  body.error = -errno_value;
  Bytes payload(sizeof(body));
  std::memcpy(payload.data(), &body, sizeof(body));
  return Answer(NLMSG_ERROR, payload);
}

// A kernel that has no answer is told apart from a connection that is not there any more.
TEST(SocketDiag, WhatIsMissingIsNamed) {
  const auto error_of = [](FakeKernel& kernel, int refusal) {
    kernel.name = V4("192.0.2.1", 443);
    kernel.peer_name = V4("192.0.2.2", 50'000);
    kernel.answers.push_back(Refusal(refusal));
    const auto modes = QueryTlsModes(kernel, 0);
    return modes ? Error{} : modes.error();
  };
  FakeKernel no_handler;
  const Error unsupported = error_of(no_handler, ENOENT);
  EXPECT_EQ(unsupported.code, ErrorCode::kUnsupported);
  EXPECT_THAT(unsupported.message, HasSubstr("tcp_diag"));
  FakeKernel no_diag;
  no_diag.FailCall(5, EPROTONOSUPPORT);
  EXPECT_EQ(error_of(no_diag, 0).code, ErrorCode::kUnsupported);
  FakeKernel gone_before;
  gone_before.FailCall(2, ENOTCONN);
  EXPECT_EQ(error_of(gone_before, 0).code, ErrorCode::kNotFound);
  FakeKernel gone_meanwhile;
  gone_meanwhile.FailCall(8, ENOTCONN);
  EXPECT_EQ(error_of(gone_meanwhile, ENOENT).code, ErrorCode::kNotFound);
  FakeKernel another;
  EXPECT_EQ(error_of(another, ESTALE).code, ErrorCode::kNotFound);
  FakeKernel other;
  EXPECT_EQ(error_of(other, EINVAL).code, ErrorCode::kSystem);
}

TEST(SocketDiag, WhereTheKernelHasTheKeyAndSaysNothingItDoesTheRecords) {
  using enum TlsMode;
  EXPECT_EQ(BelievedTlsModes({}, {true, true}), (TlsModes{kSoftware, kSoftware}));
  EXPECT_EQ(BelievedTlsModes({}, {true, false}), (TlsModes{kSoftware, kUser}));
  EXPECT_EQ(BelievedTlsModes({}, {false, true}), (TlsModes{kUser, kSoftware}));
  EXPECT_EQ(BelievedTlsModes({kHardware, kSoftware}, {true, true}),
            (TlsModes{kHardware, kSoftware}));
  EXPECT_EQ(BelievedTlsModes({}, {}), TlsModes{});
}

// A real connection over the loopback, which knows nothing of TLS.
TEST(SocketDiag, AnOrdinaryTcpConnectionIsUserSpaces) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address = V4("127.0.0.1", 0);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof(sockaddr_in);
  ASSERT_EQ(::bind(listener.get(), generic, length), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), generic, &length), 0);
  ASSERT_EQ(::connect(client.get(), generic, length), 0);
  const auto modes = QueryTlsModes(LinuxKernel(), client.get());
  ASSERT_TRUE(modes.has_value()) << modes.error().message;
  EXPECT_EQ(*modes, TlsModes{});
  EXPECT_FALSE(QueryTlsModes(LinuxKernel(), listener.get()).has_value()) << "not connected";
  const int loopback = static_cast<int>(::if_nametoindex("lo"));
  ASSERT_EQ(::setsockopt(client.get(), SOL_SOCKET, SO_BINDTOIFINDEX, &loopback, sizeof loopback),
            0);
  const auto bound = QueryTlsModes(LinuxKernel(), client.get());
  EXPECT_TRUE(bound.has_value()) << "bound to a device: " << bound.error().message;
}

}  // namespace
}  // namespace sstpgw::edge
