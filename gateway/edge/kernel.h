// The system calls that TUN, netlink, sysctl, listener, kernel TLS and BPF map code make, and
// nothing more: the narrow seam where tests put a kernel that fails on demand. One method per call,
// same arguments, errno as a value.
//
// EINTR: LinuxKernel repeats an interrupted call itself (close excepted, see unique_fd.h), so no
// caller sees it. Threads: stateless, any thread.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "gateway/edge/unique_fd.h"
#include "proto/base/result.h"
#include "proto/base/strong.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

// errno as the call left it, never 0 in an error.
using Errno = Strong<struct ErrnoTag, int>;
template <class T>
using KernelResult = Result<T, Errno>;

class Kernel {
 public:
  static constexpr std::size_t kMaxParts = 160;

  virtual ~Kernel() = default;

  virtual KernelResult<UniqueFd> Open(const std::string& path, int flags) = 0;
  virtual KernelResult<std::size_t> Read(int fd, std::span<std::uint8_t> out) = 0;
  virtual KernelResult<std::size_t> Write(int fd, ByteView bytes) = 0;
  // writev: all parts as one. At most kMaxParts; more is EINVAL.
  virtual KernelResult<std::size_t> WriteParts(int fd, std::span<const ByteView> parts) = 0;
  // `argument` is the request's own structure, read and written by the kernel.
  virtual KernelResult<void> Ioctl(int fd, unsigned long request, void* argument) = 0;

  virtual KernelResult<UniqueFd> Socket(int domain, int type, int protocol) = 0;
  virtual KernelResult<void> SetSocketOption(int fd, int level, int name, ByteView value) = 0;
  // Octets written to `out`.
  virtual KernelResult<std::size_t> GetSocketOption(int fd, int level, int name,
                                                    std::span<std::uint8_t> out) = 0;
  virtual KernelResult<void> Bind(int fd, const sockaddr* address, socklen_t length) = 0;
  // Of a non-blocking socket.
  virtual KernelResult<void> Connect(int fd, const sockaddr* address, socklen_t length) = 0;
  virtual KernelResult<void> Listen(int fd, int backlog) = 0;
  virtual KernelResult<UniqueFd> Accept(int fd, sockaddr_storage& peer, int flags) = 0;
  virtual KernelResult<sockaddr_storage> SocketName(int fd) = 0;
  virtual KernelResult<sockaddr_storage> PeerName(int fd) = 0;
  virtual KernelResult<std::size_t> Send(int fd, ByteView bytes, int flags) = 0;
  virtual KernelResult<std::size_t> Receive(int fd, std::span<std::uint8_t> out, int flags) = 0;
  virtual KernelResult<std::size_t> SendMessage(int fd, const msghdr& message, int flags) = 0;
  virtual KernelResult<std::size_t> ReceiveMessage(int fd, msghdr& message, int flags) = 0;
  // How many of `watched` have something to tell; 0 when the time is up.
  virtual KernelResult<std::size_t> Poll(std::span<pollfd> watched, int milliseconds) = 0;
  // `attributes` is the first `size` octets of a union bpf_attr, read and written by the kernel.
  // Some commands return a descriptor, which is the caller's.
  virtual KernelResult<int> Bpf(int command, void* attributes, std::size_t size) = 0;
};

// The real one. Lives as long as the process.
Kernel& LinuxKernel();

}  // namespace sstpgw::edge
