// A session's interface with the programs on it, in a network namespace of the test's own:
//
//   this test ── TUN device ── interface 10.0.0.1 peer 10.0.0.5 ── sockets of the namespace
//   (client)
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <vector>

#include "ebpf/rate_math.h"
#include "gateway/edge/netlink.h"
#include "gateway/edge/program_attachment.h"
#include "gateway/edge/session_programs.h"
#include "gateway/edge/tun_device.h"
#include "tests/support/packet_builder.h"
#include "tests/support/wait_until.h"
#include "tests/unit/edge/network_namespace.h"

namespace sstpgw::edge {

inline constexpr Ipv4Address kGateway(0x0a000001);  // 10.0.0.1
inline constexpr Ipv4Address kClient(0x0a000005);   // 10.0.0.5
inline constexpr char kNeedsRoot[] = "needs root (CAP_SYS_ADMIN) to make a network namespace";

// Value or a failed test; then the program ends, since nothing else makes sense.
template <class T>
T Must(Result<T> result) {
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return std::move(result).value();
}
#define REQUIRE_OK(expression)                                         \
  do {                                                                 \
    const auto& require_ok = (expression);                             \
    ASSERT_TRUE(require_ok.has_value()) << require_ok.error().message; \
  } while (false)

// Counts and checks nothing.
// Counts whole packets.
inline sg_policy Unlimited() {
  sg_policy policy{};
  policy.flags = SG_COUNT_PACKET;
  return policy;
}

class LimitedTun {
 public:
  explicit LimitedTun(TunOffloads offloads = {})
      : netlink_(Must(Netlink::Open(LinuxKernel()))),
        tun_(Must(TunDevice::Create(LinuxKernel(), "sstp%d", offloads))) {
    EXPECT_TRUE(netlink_.AddAddress(index(), kGateway, kClient).has_value());
    EXPECT_TRUE(netlink_.SetState(index(), LinkState::kUp).has_value());
    socket_ = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in here = Endpoint(kGateway);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof(here)), 0);
  }

  // One UDP packet of the client; true if the gateway's socket got it.
  bool PassesUp(std::size_t octets = 100) {
    test::Ipv4Fields ip;
    ip.source = kClient;
    ip.destination = kGateway;
    const Bytes packet = test::MakeUdp(ip, {.source_port = kPort, .destination_port = kPort},
                                       Bytes(octets - 28, 'x'));
    const Bytes plain(TunDevice::kVnetHeader, 0);
    const std::vector<ByteView> parts{plain, packet};
    EXPECT_TRUE(tun_.Write(parts));  // when it returns, the packet has been received or dropped
    Bytes received(2048);
    return ::recv(socket_.get(), received.data(), received.size(), MSG_DONTWAIT) ==
           static_cast<ssize_t>(octets - 28);
  }
  // One UDP packet to the client; true if it can be read from the device.
  bool PassesDown(std::size_t octets = 100) {
    Send(octets);
    Bytes buffer(TunDevice::kPacketRoom);
    return tun_.Read(buffer).status == TunReadStatus::kPacket;
  }
  void Send(std::size_t octets) {
    const sockaddr_in there = Endpoint(kClient);
    const Bytes payload(octets - 28, 'x');
    // ENOBUFS is how it hears of a drop.
    if (::sendto(socket_.get(), payload.data(), payload.size(), 0,
                 reinterpret_cast<const sockaddr*>(&there), sizeof(there)) < 0) {
      EXPECT_EQ(errno, ENOBUFS);
    }
  }

  // Packets that wait do not stop their sender.
  void GiveSendRoom(int octets) {
    EXPECT_EQ(::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof(octets)), 0);
  }

  [[nodiscard]] InterfaceIndex index() const { return tun_.index(); }
  [[nodiscard]] Netlink& netlink() { return netlink_; }
  [[nodiscard]] TunDevice& tun() { return tun_; }

 private:
  static constexpr std::uint16_t kPort = 12345;
  static sockaddr_in Endpoint(Ipv4Address address) {
    sockaddr_in endpoint{};
    endpoint.sin_family = AF_INET;
    endpoint.sin_port = htons(kPort);
    endpoint.sin_addr.s_addr = htonl(address.value());
    return endpoint;
  }

  Netlink netlink_;
  TunDevice tun_;
  UniqueFd socket_;
};

}  // namespace sstpgw::edge
