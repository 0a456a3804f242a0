// The listener's socket on the loopback interface.
#include "controlplane/edge/datagram_listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "controlplane/edge/radius_sockets.h"
#include "controlplane/edge/socket_address.h"
#include "controlplane/edge/task_loop.h"
#include "tests/support/wait_until.h"

namespace sstpgw::cp {
namespace {

using ::testing::HasSubstr;

constexpr std::uint32_t kLoopback = 0x7f000001;
Ipv4Address Loopback(std::uint32_t more = 0) { return Ipv4Address(kLoopback + more); }
Ipv6Address Loopback6() { return *Ipv6Address::Parse("::1"); }
bool HasIpv6() { return CheckLocalAddress(Loopback6()).has_value(); }

// Somebody who asks.
class Client {
 public:
  explicit Client(const IpAddress& address) {
    fd_ = UniqueFd(::socket(IsIpv4(address) ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SocketAddress here = ToSocketAddress({address, 0});
    EXPECT_EQ(::bind(fd_.get(), here.get(), here.size), 0);
  }
  void Ask(const IpEndpoint& server, const Bytes& octets) const {
    const SocketAddress there = ToSocketAddress(server);
    EXPECT_EQ(::sendto(fd_.get(), octets.data(), octets.size(), 0, there.get(), there.size),
              static_cast<ssize_t>(octets.size()));
  }
  // What has come, and from where; nothing: nullopt.
  std::optional<std::pair<IpEndpoint, Bytes>> Take() const {
    Bytes buffer(8192);
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) return std::nullopt;
    buffer.resize(static_cast<std::size_t>(got));
    return std::pair{*EndpointOf(from), buffer};
  }

 private:
  UniqueFd fd_;
};

class DatagramListenerTest : public ::testing::Test {
 protected:
  struct Datagram {
    DatagramListener::Asked by;
    Bytes octets;
  };
  bool Until(const std::function<bool()>& fact) {
    const TimePoint end = TaskLoop::Now() + test::kPatience;
    // Not asked again once it is there: asking for a datagram takes it.
    while (!fact()) {
      if (TaskLoop::Now() >= end) return false;
      poller.Wait(TaskLoop::Now() + std::chrono::milliseconds(20));
      poller.Dispatch();
    }
    return true;
  }
  // Asks there and is answered; from where.
  std::optional<IpEndpoint> AskAt(const IpAddress& server, const IpAddress& client) {
    const Client one(client);
    one.Ask({server, listener.port()}, {1, 2, 3});
    const std::size_t before = arrived.size();
    if (!Until([&] { return arrived.size() > before; })) return std::nullopt;
    EXPECT_EQ(arrived.back().by.to, server);
    EXPECT_EQ(arrived.back().by.from.address, client);
    EXPECT_EQ(arrived.back().octets, (Bytes{1, 2, 3}));
    EXPECT_TRUE(listener.Send(arrived.back().by, Bytes{4, 5}));
    std::optional<std::pair<IpEndpoint, Bytes>> answer;
    if (!Until([&] { return (answer = one.Take()).has_value(); })) return std::nullopt;
    EXPECT_EQ(answer->second, (Bytes{4, 5}));
    return answer->first;
  }

  Poller poller;
  std::vector<Datagram> arrived;
  std::function<void()> on_arrival;
  DatagramListener listener{poller, [this](const DatagramListener::Asked& by, ByteView octets) {
                              arrived.push_back({by, Bytes(octets.begin(), octets.end())});
                              if (on_arrival) on_arrival();
                            }};
};

TEST_F(DatagramListenerTest, OnEveryAddressAnAnswerComesFromTheOneThatWasAsked) {
  ASSERT_TRUE(listener.Open(std::nullopt, 0));
  const std::uint16_t port = listener.port();
  ASSERT_NE(port, 0);
  for (const std::uint32_t more : {0U, 1U, 6U}) {
    EXPECT_EQ(AskAt(Loopback(more), Loopback(9)), (IpEndpoint{Loopback(more), port}));
  }
  if (HasIpv6()) {
    EXPECT_EQ(AskAt(Loopback6(), Loopback6()), (IpEndpoint{Loopback6(), port}));
  }
}

TEST_F(DatagramListenerTest, OnOneAddressTheOthersAreNotHeard) {
  ASSERT_TRUE(listener.Open(Loopback(1), 0));
  const Client client(Loopback());
  client.Ask({Loopback(2), listener.port()}, {7});
  EXPECT_EQ(AskAt(Loopback(1), Loopback()), (IpEndpoint{Loopback(1), listener.port()}));
  EXPECT_EQ(arrived.size(), 1U);
}

TEST_F(DatagramListenerTest, OneAddressOfIpv6) {
  if (!HasIpv6()) GTEST_SKIP() << "this host has no IPv6";
  ASSERT_TRUE(listener.Open(Loopback6(), 0));
  EXPECT_EQ(AskAt(Loopback6(), Loopback6()), (IpEndpoint{Loopback6(), listener.port()}));
}

TEST_F(DatagramListenerTest, WhyAPlaceCannotBeHad) {
  ASSERT_TRUE(listener.Open(Loopback(), 0));
  DatagramListener second(poller, [](const DatagramListener::Asked&, ByteView) {});
  for (const auto& address : {std::optional<IpAddress>(Loopback()), std::optional<IpAddress>()}) {
    const auto busy = second.Open(address, listener.port());
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().code, ErrorCode::kAlreadyExists);
    EXPECT_THAT(busy.error().message, HasSubstr("in use"));
  }
  EXPECT_TRUE(second.Open(Loopback(1), listener.port())) << "another address is another place";
  second.Close();
  const auto foreign = second.Open(*ParseIpAddress("192.0.2.1"), 1700);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(second.open());
}

TEST_F(DatagramListenerTest, ManyInOneTurnAndClosedInTheMidst) {
  ASSERT_TRUE(listener.Open(Loopback(), 0));
  const Client client(Loopback());
  for (int i = 0; i < 40; ++i) client.Ask({Loopback(), listener.port()}, {1});
  on_arrival = [this] {
    if (arrived.size() == 30) listener.Close();
  };
  ASSERT_TRUE(Until([&] { return arrived.size() >= 30; }));
  poller.Wait(TaskLoop::Now());
  poller.Dispatch();
  EXPECT_EQ(arrived.size(), 30U);
  EXPECT_FALSE(listener.open());
  EXPECT_TRUE(listener.Send(arrived.back().by, Bytes{1})) << "nothing is sent, nothing is wrong";
}

TEST_F(DatagramListenerTest, ALongDatagramIsCut) {
  ASSERT_TRUE(listener.Open(Loopback(), 0));
  const Client client(Loopback());
  client.Ask({Loopback(), listener.port()}, Bytes(5000, 9));
  client.Ask({Loopback(), listener.port()}, {});
  ASSERT_TRUE(Until([&] { return arrived.size() >= 2; }));
  EXPECT_EQ(arrived[0].octets.size(), DatagramListener::kMaxDatagram);
  EXPECT_EQ(arrived[1].octets.size(), 0U);
}

}  // namespace
}  // namespace sstpgw::cp
