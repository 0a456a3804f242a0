#include "gateway/edge/kernel_tls_support.h"

#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <span>
#include <system_error>

#include "gateway/edge/kernel_tls.h"
#include "gateway/edge/unique_fd.h"
#include "proto/base/log.h"

namespace sstpgw::edge {
namespace {

// For what the loopback does at once, unless a firewall forbids it.
constexpr int kPatienceMilliseconds = 100;

std::string Words(const char* step, int errno_value) {
  return std::string(step) + ": " + std::generic_category().message(errno_value);
}

// A TCP socket whose peer is itself (simultaneous open, RFC 9293 3.5): nobody else can reach it.
KernelResult<UniqueFd> SelfConnected(Kernel& kernel) {
  SG_ASSIGN_OR_RETURN(UniqueFd fd,
                      kernel.Socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SG_RETURN_IF_ERROR(kernel.Bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)));
  SG_ASSIGN_OR_RETURN(const sockaddr_storage self, kernel.SocketName(fd.get()));
  const auto connected =
      kernel.Connect(fd.get(), reinterpret_cast<const sockaddr*>(&self), sizeof(any));
  if (!connected && connected.error().value() != EINPROGRESS) return Fail(connected.error());
  pollfd watched{fd.get(), POLLOUT, 0};
  SG_ASSIGN_OR_RETURN(const std::size_t ready,
                      kernel.Poll(std::span(&watched, 1), kPatienceMilliseconds));
  if (ready == 0) return Fail(Errno(ETIMEDOUT));
  if ((watched.revents & POLLERR) != 0) return Fail(Errno(ECONNREFUSED));
  return fd;
}

// Any key will do; nobody ever sees anything under it.
KernelResult<void> InstallSome(KernelTls& tls, TlsDirection direction) {
  const crypto::TlsRecordKey key{Secret(Bytes(16)), Secret(Bytes(12))};
  return tls.Install(direction, {key, 0, Secret()});
}

// Where it cannot be found out, the answer that costs no more than a look too many.
bool WakesEarly(Kernel& kernel, int fd) {
  // Sending is not encrypted yet, so this arrives as the first octets of a record.
  constexpr std::array<std::uint8_t, 3> kPart{23, 3, 3};
  if (kernel.Send(fd, kPart, MSG_NOSIGNAL) != kPart.size()) return true;
  int arrived = 0;
  for (int i = 0; i < kPatienceMilliseconds; ++i) {
    if (i > 0) static_cast<void>(kernel.Poll({}, 1));
    if (!kernel.Ioctl(fd, FIONREAD, &arrived)) return true;
    if (arrived == static_cast<int>(kPart.size())) break;
  }
  if (arrived < static_cast<int>(kPart.size())) return true;
  pollfd watched{fd, POLLIN, 0};
  return kernel.Poll(std::span(&watched, 1), 0) != 0U;
}

}  // namespace

KernelTlsSupport ProbeKernelTls(Kernel& kernel) {
  KernelTlsSupport support;
  const auto fd = SelfConnected(kernel);
  if (!fd) {
    support.reason = Words("a socket connected to itself over the loopback", fd.error().value());
    return support;
  }
  KernelTls tls(kernel, fd->get(), {});
  if (const auto attached = tls.Attach(); !attached) {
    support.reason = Words("TCP_ULP tls", attached.error().value());
    return support;
  }
  if (const auto set = InstallSome(tls, TlsDirection::kReceive); !set) {
    support.reason = Words("TLS_RX", set.error().value());
    return support;
  }
  support.early_wakeups = WakesEarly(kernel, fd->get());
  if (const auto set = InstallSome(tls, TlsDirection::kSend); !set) {
    support.reason = Words("TLS_TX", set.error().value());
    return support;
  }
  support.available = true;
  support.new_keys = InstallSome(tls, TlsDirection::kSend).has_value();
  return support;
}

const KernelTlsSupport& KernelTlsOfThisHost() {
  static const KernelTlsSupport support = [] {
    KernelTlsSupport found = ProbeKernelTls(LinuxKernel());
    if (found.available) {
      Log(LogLevel::kInfo, std::string("kernel TLS: available; TLS 1.3 keys ") +
                               (found.new_keys ? "can" : "cannot") + " be updated");
    } else {
      Log(LogLevel::kInfo, "kernel TLS: not available (" + found.reason +
                               "), OpenSSL does all records; the kernel's module is called tls");
    }
    return found;
  }();
  return support;
}

}  // namespace sstpgw::edge
