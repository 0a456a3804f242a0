// A descriptor of a TCP socket that another process has open: to ask the kernel what that process
// set on it and how much it has not read yet. Needs root.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace sstpgw::test {

class BorrowedSocket {
 public:
  // The socket of `process` that is connected to TCP port `peer_port` of somebody; found() says if
  // there is one.
  BorrowedSocket(pid_t process, std::uint16_t peer_port);
  ~BorrowedSocket();
  BorrowedSocket(const BorrowedSocket&) = delete;
  BorrowedSocket& operator=(const BorrowedSocket&) = delete;

  [[nodiscard]] bool found() const { return fd_ >= 0; }
  // An option with an integer value; -1 if it cannot be had.
  [[nodiscard]] int Option(int level, int name) const;
  // Octets that came and were not read yet.
  [[nodiscard]] int Unread() const;

 private:
  int fd_ = -1;
};

// The port of this end of a connected socket.
[[nodiscard]] std::uint16_t LocalPort(int fd);

}  // namespace sstpgw::test
