#include "gateway/edge/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <algorithm>

#include "tests/unit/edge/fake_kernel.h"

namespace sstpgw::edge {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

sockaddr_storage V4(const char* address, std::uint16_t port) {
  sockaddr_storage storage{};
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET, address, &v4.sin_addr), 1);
  std::memcpy(&storage, &v4, sizeof(v4));
  return storage;
}

sockaddr_storage V6(const char* address, std::uint16_t port) {
  sockaddr_storage storage{};
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
  std::memcpy(&storage, &v6, sizeof(v6));
  return storage;
}

// A blocking client connected to `port` of the loopback.
UniqueFd Connect(const sockaddr_storage& to) {
  UniqueFd fd(::socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const socklen_t length = to.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), length) != 0) return {};
  return fd;
}

TEST(Endpoint, ShowsMappedAddressesAsIpv4AndBracketsIpv6) {
  EXPECT_EQ(EndpointOf(V4("192.168.10.100", 49852))->ToString(), "192.168.10.100:49852");
  EXPECT_EQ(EndpointOf(V6("::ffff:192.168.10.100", 49852))->ToString(), "192.168.10.100:49852");
  EXPECT_EQ(EndpointOf(V6("2001:db8::1", 443))->ToString(), "[2001:db8::1]:443");
  sockaddr_storage other{};
  other.ss_family = AF_UNIX;
  EXPECT_FALSE(EndpointOf(other).has_value());
}

TEST(Listener, EachFailingCallIsReportedWithAddressAndPortAndLeaksNothing) {
  FakeKernel good;
  good.name = V4("192.0.2.1", 443);
  ASSERT_TRUE(Listener::Open(good, "192.0.2.1", 443).has_value());
  ASSERT_GE(good.calls().size(), 6U);
  const std::size_t before = OpenDescriptors();
  for (std::size_t call = 1; call <= good.calls().size(); ++call) {
    FakeKernel kernel;
    kernel.name = V4("192.0.2.1", 443);
    kernel.FailCall(call, EADDRINUSE);
    const auto listener = Listener::Open(kernel, "192.0.2.1", 443);
    ASSERT_FALSE(listener.has_value()) << good.calls()[call - 1];
    EXPECT_EQ(listener.error().code, ErrorCode::kSystem);
    EXPECT_THAT(listener.error().message, HasSubstr("192.0.2.1:443"));
    EXPECT_THAT(listener.error().message, HasSubstr("Address already in use"));
    EXPECT_EQ(kernel.calls().size(), call) << "went on after a failure";
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(Listener, ErrorsNameTheRemedy) {
  const std::pair<int, const char*> cases[] = {{EADDRINUSE, "another program listens there"},
                                               {EADDRNOTAVAIL, "no interface has this address"},
                                               {EACCES, "CAP_NET_BIND_SERVICE"}};
  for (const auto& [code, words] : cases) {
    FakeKernel kernel;
    kernel.FailCall(4, code);
    const auto listener = Listener::Open(kernel, "192.0.2.1", 443);
    ASSERT_FALSE(listener.has_value());
    EXPECT_EQ(kernel.calls().back(), "bind");
    EXPECT_THAT(listener.error().message, HasSubstr(words));
  }
}

TEST(Listener, RefusesWhatIsNoAddress) {
  FakeKernel kernel;
  const auto listener = Listener::Open(kernel, "vpn.example.com", 443);
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(listener.error().message, HasSubstr("vpn.example.com"));
  EXPECT_TRUE(kernel.calls().empty());
}

TEST(Listener, BacklogIsLarge) {
  FakeKernel kernel;
  ASSERT_TRUE(Listener::Open(kernel, "0.0.0.0", 443).has_value());
  EXPECT_GE(kernel.backlog, 1024);
}

TEST(Listener, FallsBackToIpv4WhenThereIsNoIpv6) {
  FakeKernel kernel;
  kernel.name = V4("0.0.0.0", 443);
  kernel.FailCall(1, EAFNOSUPPORT);
  const auto listeners = Listener::OpenAll(kernel, {}, 443);
  ASSERT_TRUE(listeners.has_value());
  ASSERT_EQ(listeners->size(), 1U);
  EXPECT_EQ(listeners->front().local().ToString(), "0.0.0.0:443");
}

// IPv4 alone would be served without a word to whoever asked for both.
TEST(Listener, AnotherProgramOnThePortIsNoReasonToServeIpv4Only) {
  for (const PortUse use : {PortUse::kShared, PortUse::kAlone}) {
    FakeKernel good;
    ASSERT_TRUE(Listener::OpenAll(good, {}, 443, use).has_value());
    const auto bind = std::find(good.calls().begin(), good.calls().end(), "bind");
    const auto number = static_cast<std::size_t>(bind - good.calls().begin()) + 1;
    FakeKernel kernel;
    kernel.FailCall(number, EADDRINUSE);
    const auto listeners = Listener::OpenAll(kernel, {}, 443, use);
    ASSERT_FALSE(listeners.has_value());
    EXPECT_THAT(listeners.error().message, HasSubstr("[::]:443"));
    EXPECT_EQ(kernel.calls().size(), number) << "tried on";

    FakeKernel without;
    without.FailCall(number, EADDRNOTAVAIL);
    EXPECT_TRUE(Listener::OpenAll(without, {}, 443, use).has_value());
  }
}

TEST(Listener, OneBadAddressFailsAll) {
  FakeKernel kernel;
  EXPECT_FALSE(Listener::OpenAll(kernel, {"127.0.0.1", "nonsense"}, 443).has_value());
}

TEST(Listener, AcceptGoesOnAfterAConnectionThatWasReset) {
  FakeKernel kernel;
  kernel.name = V4("192.0.2.1", 443);
  auto listener = Listener::Open(kernel, "192.0.2.1", 443);
  ASSERT_TRUE(listener.has_value());
  kernel.accepts = {Fail(Errno(ECONNABORTED)), V4("198.51.100.7", 1000)};
  const AcceptBatch batch = listener->Accept();
  ASSERT_EQ(batch.connections.size(), 1U);
  EXPECT_EQ(batch.connections[0].peer.ToString(), "198.51.100.7:1000");
  EXPECT_EQ(batch.connections[0].local.ToString(), "192.0.2.1:443");
  EXPECT_FALSE(batch.exhausted);
}

TEST(Listener, WithoutDescriptorsConnectionsAreClosedNotLeftWaiting) {
  FakeKernel kernel;
  kernel.name = V4("192.0.2.1", 443);
  auto listener = Listener::Open(kernel, "192.0.2.1", 443);
  ASSERT_TRUE(listener.has_value());
  kernel.accepts = {Fail(Errno(EMFILE)), V4("198.51.100.7", 1000), Fail(Errno(ENFILE)),
                    V4("198.51.100.7", 1001), V4("198.51.100.7", 1002)};
  const AcceptBatch batch = listener->Accept();
  EXPECT_EQ(batch.refused, 2U);
  EXPECT_EQ(batch.connections.size(), 1U);
  EXPECT_FALSE(batch.exhausted);
}

TEST(Listener, WhenEvenRefusingFailsItAsksForAPause) {
  FakeKernel kernel;
  kernel.name = V4("192.0.2.1", 443);
  auto listener = Listener::Open(kernel, "192.0.2.1", 443);
  ASSERT_TRUE(listener.has_value());
  kernel.accepts = {Fail(Errno(EMFILE)), Fail(Errno(EMFILE))};
  EXPECT_TRUE(listener->Accept().exhausted);
  kernel.accepts = {Fail(Errno(ENOMEM))};
  EXPECT_TRUE(listener->Accept().exhausted);
}

TEST(Listener, ABatchIsBounded) {
  FakeKernel kernel;
  kernel.name = V4("192.0.2.1", 443);
  auto listener = Listener::Open(kernel, "192.0.2.1", 443);
  ASSERT_TRUE(listener.has_value());
  for (std::size_t i = 0; i < Listener::kBatch + 5; ++i) {
    kernel.accepts.emplace_back(V4("198.51.100.7", static_cast<std::uint16_t>(1000 + i)));
  }
  EXPECT_EQ(listener->Accept().connections.size(), Listener::kBatch);
  EXPECT_EQ(listener->Accept().connections.size(), 5U);
}

// ---- The real kernel, on the loopback

TEST(ListenerOnLoopback, DualStackTakesBothFamilies) {
  auto listeners = Listener::OpenAll(LinuxKernel(), {}, 0);
  ASSERT_TRUE(listeners.has_value()) << listeners.error().message;
  Listener& listener = listeners->front();
  if (listener.local().address != "::") GTEST_SKIP() << "no IPv6 on this machine";
  const std::uint16_t port = listener.local().port;
  const UniqueFd v4 = Connect(V4("127.0.0.1", port));
  const UniqueFd v6 = Connect(V6("::1", port));
  ASSERT_TRUE(v4.valid() && v6.valid());
  AcceptBatch batch = listener.Accept();
  ASSERT_EQ(batch.connections.size(), 2U);
  EXPECT_EQ(batch.connections[0].peer.address, "127.0.0.1");
  EXPECT_EQ(batch.connections[0].local, (Endpoint{"127.0.0.1", port}));
  EXPECT_EQ(batch.connections[1].peer.address, "::1");
}

TEST(ListenerOnLoopback, ConnectionsAreNonBlockingCloseOnExecAndUndelayed) {
  auto listener = Listener::Open(LinuxKernel(), "127.0.0.1", 0);
  ASSERT_TRUE(listener.has_value()) << listener.error().message;
  const UniqueFd client = Connect(V4("127.0.0.1", listener->local().port));
  const AcceptBatch batch = listener->Accept();
  ASSERT_EQ(batch.connections.size(), 1U);
  const int fd = batch.connections[0].fd.get();
  EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  int no_delay = 0;
  socklen_t length = sizeof(no_delay);
  EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length), 0);
  EXPECT_EQ(no_delay, 1);
  int low_water = 0;
  EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low_water, &length), 0);
  EXPECT_EQ(low_water, 128 * 1024);
}

TEST(ListenerOnLoopback, TwoListenersShareAPort) {
  auto first = Listener::Open(LinuxKernel(), "127.0.0.1", 0);
  ASSERT_TRUE(first.has_value());
  const auto second = Listener::Open(LinuxKernel(), "127.0.0.1", first->local().port);
  EXPECT_TRUE(second.has_value()) << second.error().message;
}

TEST(ListenerOnLoopback, PortTakenByAnotherProgramIsExplained) {
  const UniqueFd other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address = V4("127.0.0.1", 0);
  ASSERT_EQ(::bind(other.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sockaddr_in)), 0);
  ASSERT_EQ(::listen(other.get(), 1), 0);
  const auto where = LinuxKernel().SocketName(other.get());
  ASSERT_TRUE(where.has_value());
  const auto listener = Listener::Open(LinuxKernel(), "127.0.0.1", EndpointOf(*where)->port);
  ASSERT_FALSE(listener.has_value());
  EXPECT_THAT(listener.error().message, HasSubstr("another program listens there"));
}

TEST(ListenerOnLoopback, AnotherProgramOnIpv6AloneIsExplained) {
  const UniqueFd other(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!other.valid()) GTEST_SKIP() << "no IPv6 on this machine";
  const int only_v6 = 1;
  ::setsockopt(other.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof(only_v6));
  sockaddr_storage address = V6("::", 0);
  ASSERT_EQ(::bind(other.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sockaddr_in6)), 0);
  ASSERT_EQ(::listen(other.get(), 1), 0);
  const auto where = LinuxKernel().SocketName(other.get());
  ASSERT_TRUE(where.has_value());
  const auto listeners =
      Listener::OpenAll(LinuxKernel(), {}, EndpointOf(*where)->port, PortUse::kAlone);
  ASSERT_FALSE(listeners.has_value());
  EXPECT_THAT(listeners.error().message, HasSubstr("another program listens there"));
}

TEST(ListenerOnLoopback, APortThatAnotherWouldShareIsRefusedToOneWhoWantsItAlone) {
  const auto other = Listener::Open(LinuxKernel(), "127.0.0.1", 0);
  ASSERT_TRUE(other.has_value());
  const auto listener =
      Listener::Open(LinuxKernel(), "127.0.0.1", other->local().port, PortUse::kAlone);
  ASSERT_FALSE(listener.has_value());
  EXPECT_THAT(listener.error().message, HasSubstr("another program listens there"));
}

TEST(AcceptorOnLoopback, HandsConnectionsToItsReceiver) {
  auto loop = EventLoop::Create();
  auto listener = Listener::Open(LinuxKernel(), "127.0.0.1", 0);
  ASSERT_TRUE(loop.has_value() && listener.has_value());
  const std::uint16_t port = listener->local().port;
  std::vector<AcceptedConnection> got;
  auto acceptor = Acceptor::Create(
      **loop, std::move(*listener),
      [&](AcceptedConnection connection) { got.push_back(std::move(connection)); });
  ASSERT_TRUE(acceptor.has_value());
  const UniqueFd first = Connect(V4("127.0.0.1", port));
  const UniqueFd second = Connect(V4("127.0.0.1", port));
  while (got.size() < 2) (*loop)->RunOnce(seconds(10));
  acceptor->reset();
  EXPECT_EQ((*loop)->descriptors(), 0U);
  EXPECT_FALSE(Connect(V4("127.0.0.1", port)).valid());
}

// The limit is the process's own and is put back; the client must see an end, not a wait.
TEST(AcceptorOnLoopback, OutOfDescriptorsTheClientIsClosedAndTheLoopDoesNotSpin) {
  auto loop = EventLoop::Create();
  auto listener = Listener::Open(LinuxKernel(), "127.0.0.1", 0);
  ASSERT_TRUE(loop.has_value() && listener.has_value());
  const std::uint16_t port = listener->local().port;
  int accepted = 0;
  auto acceptor =
      Acceptor::Create(**loop, std::move(*listener), [&](AcceptedConnection) { ++accepted; });
  ASSERT_TRUE(acceptor.has_value());
  const UniqueFd client = Connect(V4("127.0.0.1", port));
  ASSERT_TRUE(client.valid());

  // Also lets the sanitizer see the object's type while it still can: its check opens a pipe.
  ASSERT_EQ((*acceptor)->refused(), 0U);
  rlimit saved{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &saved), 0);
  std::vector<UniqueFd> hoard;
  rlimit tight = saved;
  tight.rlim_cur = 256;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  for (;;) {
    UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) break;
    hoard.push_back(std::move(fd));
  }
  while ((*acceptor)->refused() == 0) (*loop)->RunOnce(seconds(10));
  hoard.clear();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &saved), 0);
  EXPECT_EQ(accepted, 0);
  char octet = 0;
  EXPECT_EQ(::recv(client.get(), &octet, 1, 0), 0);
}

}  // namespace
}  // namespace sstpgw::edge
