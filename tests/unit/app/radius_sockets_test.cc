// RADIUS's sockets on the loopback interface.
#include "controlplane/edge/radius_sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <map>
#include <set>
#include <string>

#include "controlplane/edge/kernel_entropy.h"
#include "controlplane/edge/socket_address.h"
#include "controlplane/edge/task_loop.h"
#include "tests/support/wait_until.h"

namespace sstpgw::cp {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

IpEndpoint Loopback(std::uint16_t port = 0) { return {Ipv4Address(0x7f000001), port}; }
IpEndpoint Loopback6(std::uint16_t port = 0) { return {*Ipv6Address::Parse("::1"), port}; }

bool HasIpv6() { return CheckLocalAddress(Loopback6().address).has_value(); }

class RadiusSocketsTest : public ::testing::Test, protected RadiusSockets::Owner {
 protected:
  struct Datagram {
    RadiusSockets::Key key = 0;
    IpEndpoint from;
    Bytes octets;
  };
  void Arrived(RadiusSockets::Key key, const IpEndpoint& from, ByteView datagram) override {
    arrived.push_back({key, from, Bytes(datagram.begin(), datagram.end())});
    if (on_arrival) on_arrival(key);
  }
  void Trouble(RadiusSockets::Key key, std::string_view why) override {
    troubles.emplace_back(key, why);
  }
  // True once there are so many datagrams.
  bool WaitArrived(std::size_t count) {
    return Until([&] { return arrived.size() >= count; });
  }
  bool Until(const std::function<bool()>& fact) {
    const TimePoint end = TaskLoop::Now() + test::kPatience;
    while (!fact() && TaskLoop::Now() < end) {
      poller.Wait(TaskLoop::Now() + std::chrono::milliseconds(50));
      poller.Dispatch();
    }
    return fact();
  }
  IpEndpoint Open(RadiusSockets::Key key, const IpEndpoint& local) {
    const auto opened = sockets.Open(key, local);
    EXPECT_TRUE(opened) << opened.error().message;
    return *sockets.LocalOf(key);
  }

  Poller poller;
  KernelEntropy entropy;
  std::vector<Datagram> arrived;
  std::vector<std::pair<RadiusSockets::Key, std::string>> troubles;
  std::function<void(RadiusSockets::Key)> on_arrival;
  RadiusSockets sockets{poller, entropy, *this};
};

TEST_F(RadiusSocketsTest, ThereAndBackWithTheRightAddresses) {
  const IpEndpoint server = Open(1, Loopback());
  const IpEndpoint client = Open(2, Loopback());
  sockets.Send(2, server, {1, 2, 3});
  EXPECT_TRUE(arrived.empty());
  sockets.Flush();
  ASSERT_TRUE(WaitArrived(1));
  EXPECT_EQ(arrived[0].key, 1U);
  EXPECT_EQ(arrived[0].from, client);
  EXPECT_EQ(arrived[0].octets, Bytes({1, 2, 3}));
  sockets.Send(1, client, {4});
  sockets.Flush();
  ASSERT_TRUE(WaitArrived(2));
  EXPECT_EQ(arrived[1].key, 2U);
  EXPECT_EQ(arrived[1].from, server);
}

TEST_F(RadiusSocketsTest, TheSameWithIpv6) {
  if (!HasIpv6()) GTEST_SKIP() << "needs IPv6 on the loopback interface";
  const IpEndpoint server = Open(1, Loopback6());
  const IpEndpoint client = Open(2, {Ipv6Address(), 0});
  sockets.Send(2, server, {7});
  sockets.Flush();
  ASSERT_TRUE(WaitArrived(1));
  EXPECT_EQ(ToString(arrived[0].from), "[::1]:" + std::to_string(client.port));
}

TEST_F(RadiusSocketsTest, ManyAtOnceOverSeveralSockets) {
  const IpEndpoint server = Open(1, Loopback());
  for (RadiusSockets::Key key = 10; key < 14; ++key) Open(key, Loopback());
  constexpr std::size_t kEach = 100;
  for (std::size_t i = 0; i < 4 * kEach; ++i) {
    sockets.Send(static_cast<RadiusSockets::Key>(10 + i / kEach), server,
                 {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)});
  }
  sockets.Flush();
  ASSERT_TRUE(WaitArrived(4 * kEach));
  std::set<Bytes> distinct;
  for (const Datagram& datagram : arrived) distinct.insert(datagram.octets);
  EXPECT_THAT(distinct, SizeIs(4 * kEach));
  EXPECT_TRUE(troubles.empty());
}

TEST_F(RadiusSocketsTest, LargestPacketsArriveWholeAndLongerOnesInPart) {
  const IpEndpoint server = Open(1, Loopback());
  Open(2, Loopback());
  for (const std::size_t size : {std::size_t{0}, std::size_t{4096}, std::size_t{9000}}) {
    sockets.Send(2, server, Bytes(size, 0x5a));
  }
  sockets.Flush();
  ASSERT_TRUE(WaitArrived(3));
  EXPECT_THAT(arrived[0].octets, SizeIs(0));
  EXPECT_THAT(arrived[1].octets, SizeIs(4096));
  EXPECT_THAT(arrived[2].octets, SizeIs(RadiusSockets::kMaxDatagram));
}

TEST_F(RadiusSocketsTest, PortsAreChosenAtRandom) {
  std::set<std::uint16_t> ports;
  for (RadiusSockets::Key key = 0; key < 50; ++key) {
    const std::uint16_t port = Open(key, Loopback()).port;
    EXPECT_GE(port, 10000);
    ports.insert(port);
  }
  EXPECT_THAT(ports, SizeIs(50));
  EXPECT_GT(*ports.rbegin() - *ports.begin(), 10000) << "not one behind the other";
}

TEST_F(RadiusSocketsTest, AForeignSourceAddressIsNamed) {
  const IpAddress foreign = *ParseIpAddress("192.0.2.77");
  const auto opened = sockets.Open(1, {foreign, 0});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(opened.error().message, "source address 192.0.2.77 is not an address of this host");
  EXPECT_EQ(sockets.open_sockets(), 0U);
  EXPECT_EQ(CheckLocalAddress(foreign).error().message, opened.error().message);
  EXPECT_TRUE(CheckLocalAddress(Loopback().address));
}

TEST_F(RadiusSocketsTest, APortThatIsTakenIsNamed) {
  const IpEndpoint taken = Open(1, Loopback());
  const auto again = sockets.Open(2, taken);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(again.error().message, HasSubstr(ToString(taken)));
}

TEST_F(RadiusSocketsTest, NobodyListeningIsToldAndSendingGoesOn) {
  const IpEndpoint gone = Open(1, Loopback());
  sockets.Close(1);
  const IpEndpoint server = Open(2, Loopback());
  Open(3, Loopback());
  sockets.Send(3, gone, {1});
  sockets.Flush();
  ASSERT_TRUE(Until([&] { return !troubles.empty(); }));
  EXPECT_EQ(troubles[0].first, 3U);
  EXPECT_EQ(troubles[0].second, ToString(gone) + ": Connection refused");
  for (std::uint8_t i = 0; i < 100; ++i) {
    sockets.Send(3, gone, {i});
    sockets.Send(3, server, {i});
  }
  sockets.Flush();
  EXPECT_TRUE(WaitArrived(100)) << "errors of one server cost the other one nothing";
}

TEST_F(RadiusSocketsTest, WhatCannotBeSentIsToldAndTheRestGoes) {
  const IpEndpoint server = Open(1, Loopback());
  Open(2, Loopback());
  sockets.Send(2, Loopback6(1812), {1});  // of the other family
  sockets.Send(2, server, Bytes(70000));
  sockets.Send(2, server, {3});
  sockets.Send(99, server, {4});  // no such socket
  sockets.Flush();
  ASSERT_TRUE(WaitArrived(1));
  EXPECT_EQ(arrived[0].octets, Bytes({3}));
  ASSERT_THAT(troubles, SizeIs(2));
  EXPECT_THAT(troubles[0].second, HasSubstr("cannot send to [::1]:1812"));
  EXPECT_THAT(troubles[1].second, HasSubstr("Message too long"));
}

TEST_F(RadiusSocketsTest, ASocketMayBeClosedWhileItIsRead) {
  const IpEndpoint server = Open(1, Loopback());
  Open(2, Loopback());
  for (std::uint8_t i = 0; i < 10; ++i) sockets.Send(2, server, {i});
  sockets.Flush();
  on_arrival = [this](RadiusSockets::Key key) { sockets.Close(key); };
  ASSERT_TRUE(WaitArrived(1));
  poller.Wait(TimePoint{});
  poller.Dispatch();
  EXPECT_THAT(arrived, SizeIs(1));
  EXPECT_EQ(sockets.open_sockets(), 1U);
}

TEST_F(RadiusSocketsTest, TheSourceTowardsAServer) {
  EXPECT_EQ(ToString(*SourceTowards(Loopback(1812))), "127.0.0.1");
  EXPECT_FALSE(SourceTowards({*ParseIpAddress("255.255.255.255"), 1812}));
}

TEST(SocketAddressTest, ThereAndBack) {
  for (const char* text : {"0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "2001:db8::1"}) {
    for (const int port : {0, 1812, 65535}) {
      const IpEndpoint endpoint{*ParseIpAddress(text), static_cast<std::uint16_t>(port)};
      EXPECT_EQ(EndpointOf(ToSocketAddress(endpoint).storage), endpoint);
    }
  }
  sockaddr_storage other{};
  other.ss_family = AF_UNIX;
  EXPECT_FALSE(EndpointOf(other));
}

}  // namespace
}  // namespace sstpgw::cp
