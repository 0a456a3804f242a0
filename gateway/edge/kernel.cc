#include "gateway/edge/kernel.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace sstpgw::edge {
namespace {

// The EINTR rule, in one place.
template <class Call>
auto Retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

auto LastError() { return Fail(Errno(errno)); }

template <class Call>
KernelResult<std::size_t> Count(Call call) {
  const ssize_t result = Retry(call);
  if (result < 0) return LastError();
  return static_cast<std::size_t>(result);
}

template <class Call>
KernelResult<void> Plain(Call call) {
  if (Retry(call) < 0) return LastError();
  return {};
}

template <class Call>
KernelResult<UniqueFd> Descriptor(Call call) {
  const int fd = Retry(call);
  if (fd < 0) return LastError();
  return UniqueFd(fd);
}

class RealKernel final : public Kernel {
 public:
  KernelResult<UniqueFd> Open(const std::string& path, int flags) override {
    return Descriptor([&] { return ::open(path.c_str(), flags); });
  }
  KernelResult<std::size_t> Read(int fd, std::span<std::uint8_t> out) override {
    return Count([&] { return ::read(fd, out.data(), out.size()); });
  }
  KernelResult<std::size_t> Write(int fd, ByteView bytes) override {
    return Count([&] { return ::write(fd, bytes.data(), bytes.size()); });
  }
  KernelResult<std::size_t> WriteParts(int fd, std::span<const ByteView> parts) override {
    if (parts.size() > kMaxParts) return Fail(Errno(EINVAL));
    std::array<iovec, kMaxParts> vector;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    for (std::size_t i = 0; i < parts.size(); ++i) {
      vector[i] = {const_cast<std::uint8_t*>(parts[i].data()), parts[i].size()};
    }
    return Count([&] { return ::writev(fd, vector.data(), static_cast<int>(parts.size())); });
  }
  KernelResult<void> Ioctl(int fd, unsigned long request, void* argument) override {
    return Plain([&] { return ::ioctl(fd, request, argument); });
  }
  KernelResult<UniqueFd> Socket(int domain, int type, int protocol) override {
    return Descriptor([&] { return ::socket(domain, type, protocol); });
  }
  KernelResult<void> SetSocketOption(int fd, int level, int name, ByteView value) override {
    return Plain([&] {
      return ::setsockopt(fd, level, name, value.data(), static_cast<socklen_t>(value.size()));
    });
  }
  KernelResult<std::size_t> GetSocketOption(int fd, int level, int name,
                                            std::span<std::uint8_t> out) override {
    auto size = static_cast<socklen_t>(out.size());
    if (::getsockopt(fd, level, name, out.data(), &size) < 0) return LastError();
    return std::size_t{size};
  }
  KernelResult<void> Bind(int fd, const sockaddr* address, socklen_t length) override {
    return Plain([&] { return ::bind(fd, address, length); });
  }
  KernelResult<void> Connect(int fd, const sockaddr* address, socklen_t length) override {
    return Plain([&] { return ::connect(fd, address, length); });
  }
  KernelResult<void> Listen(int fd, int backlog) override {
    return Plain([&] { return ::listen(fd, backlog); });
  }
  KernelResult<UniqueFd> Accept(int fd, sockaddr_storage& peer, int flags) override {
    return Descriptor([&] {
      socklen_t length = sizeof(peer);
      return ::accept4(fd, reinterpret_cast<sockaddr*>(&peer), &length, flags);
    });
  }
  KernelResult<sockaddr_storage> SocketName(int fd) override {
    sockaddr_storage name{};
    socklen_t length = sizeof(name);
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) < 0) return LastError();
    return name;
  }
  KernelResult<sockaddr_storage> PeerName(int fd) override {
    sockaddr_storage name{};
    socklen_t length = sizeof(name);
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&name), &length) < 0) return LastError();
    return name;
  }
  KernelResult<std::size_t> Send(int fd, ByteView bytes, int flags) override {
    return Count([&] { return ::send(fd, bytes.data(), bytes.size(), flags); });
  }
  KernelResult<std::size_t> Receive(int fd, std::span<std::uint8_t> out, int flags) override {
    return Count([&] { return ::recv(fd, out.data(), out.size(), flags); });
  }
  KernelResult<std::size_t> SendMessage(int fd, const msghdr& message, int flags) override {
    return Count([&] { return ::sendmsg(fd, &message, flags); });
  }
  KernelResult<std::size_t> ReceiveMessage(int fd, msghdr& message, int flags) override {
    return Count([&] { return ::recvmsg(fd, &message, flags); });
  }
  KernelResult<std::size_t> Poll(std::span<pollfd> watched, int milliseconds) override {
    return Count([&] { return ssize_t{::poll(watched.data(), watched.size(), milliseconds)}; });
  }
  KernelResult<int> Bpf(int command, void* attributes, std::size_t size) override {
    const auto result = Retry([&] { return ::syscall(SYS_bpf, command, attributes, size); });
    if (result < 0) return LastError();
    return static_cast<int>(result);
  }
};

}  // namespace

Kernel& LinuxKernel() {
  static RealKernel kernel;
  return kernel;
}

}  // namespace sstpgw::edge
