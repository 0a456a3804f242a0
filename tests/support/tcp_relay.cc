#include "tests/support/tcp_relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "tests/support/borrowed_socket.h"

namespace sstpgw::test {
namespace {

// How often the thread looks whether it is to stop.
constexpr int kPollMilliseconds = 50;

sockaddr_in At(const ServerAddress& address) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(address.port);
  inet_pton(AF_INET, address.address.c_str(), &at.sin_addr);
  return at;
}

}  // namespace

TcpRelay::TcpRelay(const Namespace& where, const ServerAddress& server) {
  where.Run([this] {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  });
  const sockaddr_in here = At({"127.0.0.1", 0});
  const sockaddr_in there = At(server);
  EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
  EXPECT_EQ(listen(listener_, 1), 0);
  EXPECT_EQ(connect(server_, reinterpret_cast<const sockaddr*>(&there), sizeof there), 0);
  port_ = LocalPort(listener_);
  thread_ = std::thread([this] { Run(); });
}

TcpRelay::~TcpRelay() {
  stop_ = true;
  thread_.join();
  close(listener_);
  close(server_);
}

bool TcpRelay::Pass(int from, int to, Direction direction) {
  std::vector<std::uint8_t> octets(65536);
  const ssize_t size = recv(from, octets.data(), octets.size(), 0);
  if (size <= 0) return false;
  octets.resize(static_cast<std::size_t>(size));
  if (spoil_[static_cast<std::size_t>(direction)].exchange(false)) octets.back() ^= 1;
  return send(to, octets.data(), octets.size(), MSG_NOSIGNAL) == size;
}

int TcpRelay::AwaitClient() const {
  pollfd coming{listener_, POLLIN, 0};
  while (!stop_) {
    if (poll(&coming, 1, kPollMilliseconds) > 0) {
      return accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    }
  }
  return -1;
}

void TcpRelay::Run() {
  const int client = AwaitClient();
  if (client < 0) return;
  const int on = 1;
  for (const int fd : {client, server_}) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  std::array<pollfd, 2> sides{{{client, POLLIN, 0}, {server_, POLLIN, 0}}};
  while (!stop_ && (sides[0].fd >= 0 || sides[1].fd >= 0)) {
    if (poll(sides.data(), sides.size(), kPollMilliseconds) <= 0) continue;
    if (sides[0].revents != 0 && !Pass(client, server_, Direction::kToServer)) {
      shutdown(server_, SHUT_WR);
      sides[0].fd = -1;
    }
    if (sides[1].revents != 0 && !Pass(server_, client, Direction::kToClient)) {
      shutdown(client, SHUT_WR);
      sides[1].fd = -1;
    }
  }
  close(client);
}

}  // namespace sstpgw::test
