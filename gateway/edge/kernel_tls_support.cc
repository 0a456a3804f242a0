#include "gateway/edge/kernel_tls_support.h"

#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

#include "gateway/edge/kernel.h"
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
// nullopt: the loopback cannot be used; `reason` says why.
std::optional<UniqueFd> SelfConnected(std::string& reason) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const address = reinterpret_cast<sockaddr*>(&self);
  socklen_t length = sizeof(self);
  if (fd.valid() && ::bind(fd.get(), address, length) == 0 &&
      ::getsockname(fd.get(), address, &length) == 0 &&
      (::connect(fd.get(), address, length) == 0 || errno == EINPROGRESS)) {
    pollfd connected{fd.get(), POLLOUT, 0};
    errno = ETIMEDOUT;
    if (::poll(&connected, 1, kPatienceMilliseconds) == 1 && (connected.revents & POLLERR) == 0) {
      return fd;
    }
  }
  reason = Words("a socket connected to itself over the loopback", errno);
  return std::nullopt;
}

// Any key will do; nobody ever sees anything under it.
KernelResult<void> InstallSome(KernelTls& tls, TlsDirection direction) {
  const crypto::TlsRecordKey key{Secret(Bytes(16)), Secret(Bytes(12))};
  return tls.Install(direction, {key, 0, Secret()});
}

bool WakesEarly(int fd) {
  // Sending is not encrypted yet, so this arrives as the first octets of a record.
  constexpr std::array<std::uint8_t, 3> kPart{23, 3, 3};
  if (::send(fd, kPart.data(), kPart.size(), MSG_NOSIGNAL) != 3) return true;
  int arrived = 0;
  for (int i = 0; i < kPatienceMilliseconds && arrived < 3; ++i) {
    if (i > 0) ::poll(nullptr, 0, 1);
    if (::ioctl(fd, FIONREAD, &arrived) != 0) return true;
  }
  pollfd watched{fd, POLLIN, 0};
  return ::poll(&watched, 1, 0) != 0;
}

}  // namespace

KernelTlsSupport ProbeKernelTls() {
  KernelTlsSupport support;
  const auto fd = SelfConnected(support.reason);
  if (!fd) return support;
  KernelTls tls(LinuxKernel(), fd->get(), {});
  if (const auto attached = tls.Attach(); !attached) {
    support.reason = Words("TCP_ULP tls", attached.error().value());
    return support;
  }
  if (const auto set = InstallSome(tls, TlsDirection::kReceive); !set) {
    support.reason = Words("TLS_RX", set.error().value());
    return support;
  }
  support.early_wakeups = WakesEarly(fd->get());
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
    KernelTlsSupport found = ProbeKernelTls();
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
