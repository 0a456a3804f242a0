#include "tests/support/borrowed_socket.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace sstpgw::test {
namespace {

std::uint16_t PortOf(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return 0;
}

bool IsConnectedTo(int fd, std::uint16_t port) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0 && PortOf(peer) == port;
}

}  // namespace

BorrowedSocket::BorrowedSocket(pid_t process, std::uint16_t peer_port) {
  const auto pidfd = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  if (pidfd < 0) return;
  std::error_code error;
  const std::filesystem::directory_iterator descriptors("/proc/" + std::to_string(process) + "/fd",
                                                        error);
  for (const auto& entry : descriptors) {
    const int number = std::atoi(entry.path().filename().c_str());
    const auto fd = static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, number, 0));
    if (fd >= 0 && IsConnectedTo(fd, peer_port)) {
      fd_ = fd;
      break;
    }
    if (fd >= 0) close(fd);
  }
  close(pidfd);
}

BorrowedSocket::~BorrowedSocket() {
  if (fd_ >= 0) close(fd_);
}

int BorrowedSocket::Option(int level, int name) const {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(fd_, level, name, &value, &length) == 0 ? value : -1;
}

int BorrowedSocket::Unread() const {
  int octets = -1;
  return ioctl(fd_, SIOCINQ, &octets) == 0 ? octets : -1;
}

std::uint16_t LocalPort(int fd) {
  sockaddr_storage local{};
  socklen_t length = sizeof local;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&local), &length) == 0 ? PortOf(local) : 0;
}

}  // namespace sstpgw::test
