#include "gateway/edge/socket_diag.h"

#include <gtest/gtest.h>

#include "tests/unit/edge/diag_answers.h"
#include "tests/unit/edge/fake_kernel.h"

namespace sstpgw::edge {
namespace {

TEST(SocketDiag, EveryFailingCallIsAnError) {
  for (std::size_t failing : {1U, 2U, 4U, 5U, 6U}) {
    FakeKernel kernel;
    kernel.name = V4("192.0.2.1", 443);
    kernel.peer_name = V4("192.0.2.2", 50'000);
    kernel.answers.push_back(SocketWith(TLS_CONF_SW, TLS_CONF_SW));
    kernel.FailCall(failing, EMFILE);
    EXPECT_FALSE(QueryTlsModes(kernel, 0).has_value()) << failing;
  }
  FakeKernel kernel;
  kernel.name = V4("192.0.2.1", 443);
  kernel.peer_name = V4("192.0.2.2", 50'000);
  kernel.answers.push_back(SocketWith(TLS_CONF_SW, TLS_CONF_SW));
  kernel.FailCall(3, ENOPROTOOPT);  // no cookie: the addresses will do
  const auto modes = QueryTlsModes(kernel, 0);
  ASSERT_TRUE(modes.has_value());
  EXPECT_EQ(*modes, (TlsModes{TlsMode::kSoftware, TlsMode::kSoftware}));
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
}

}  // namespace
}  // namespace sstpgw::edge
