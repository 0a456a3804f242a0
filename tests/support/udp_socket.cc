#include "tests/support/udp_socket.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>

#include "tests/support/wait_until.h"

namespace sstpgw::test {

UdpSocket::UdpSocket(const Namespace& where, const std::string& address, std::uint16_t port) {
  where.Run([this] { fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); });
  const int room = 16 << 20;
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  const timeval patience{kPatience.count() / 1000, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const sockaddr_in here = At(address, port);
  EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&here), sizeof here), 0) << address;
}

UdpSocket::~UdpSocket() { close(fd_); }

sockaddr_in UdpSocket::At(const std::string& address, std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &at.sin_addr);
  return at;
}

bool UdpSocket::Send(const std::string& address, std::uint16_t port, ByteView octets,
                     std::size_t size) {
  const int segment = static_cast<int>(size);
  EXPECT_EQ(setsockopt(fd_, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
  const sockaddr_in there = At(address, port);
  const ssize_t sent = sendto(fd_, octets.data(), octets.size(), 0,
                              reinterpret_cast<const sockaddr*>(&there), sizeof there);
  return sent == static_cast<ssize_t>(octets.size());
}

Bytes UdpSocket::Receive() {
  Bytes datagram(65536);
  const ssize_t size = recv(fd_, datagram.data(), datagram.size(), 0);
  datagram.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return datagram;
}

}  // namespace sstpgw::test
