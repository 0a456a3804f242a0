#include "gateway/edge/socket_diag.h"

#include <linux/netlink.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "gateway/edge/unique_fd.h"

namespace sstpgw::edge {
namespace {

// One socket's facts are a few hundred octets.
constexpr std::size_t kAnswerRoom = 8192;

Error DiagError(const char* step, int errno_value) {
  return SystemError(std::string("asking the kernel about a TLS socket: ") + step, errno_value);
}

Error Unsupported(const char* step, int errno_value) {
  Error error = DiagError(step, errno_value);
  error.code = ErrorCode::kUnsupported;
  error.message += "; load the kernel's module tcp_diag (modprobe tcp_diag)";
  return error;
}

Result<SocketIdentity> IdentityOf(Kernel& kernel, int fd) {
  SocketIdentity identity;
  const auto local = kernel.SocketName(fd);
  if (!local) return Fail(DiagError("getsockname", local.error().value()));
  const auto peer = kernel.PeerName(fd);
  if (!peer) {
    Error error = DiagError("getpeername", peer.error().value());
    if (peer.error().value() == ENOTCONN) error.code = ErrorCode::kNotFound;
    return Fail(error);
  }
  identity.local = *local;
  identity.peer = *peer;
  std::array<std::uint8_t, sizeof(identity.device)> device{};
  if (kernel.GetSocketOption(fd, SOL_SOCKET, SO_BINDTOIFINDEX, device)) {
    std::memcpy(&identity.device, device.data(), device.size());
  }
  std::array<std::uint8_t, sizeof(identity.cookie)> cookie{};
  if (kernel.GetSocketOption(fd, SOL_SOCKET, SO_COOKIE, cookie)) {
    std::memcpy(&identity.cookie, cookie.data(), cookie.size());
  }
  return identity;
}

}  // namespace

Result<TlsModes> QueryTlsModes(Kernel& kernel, int fd) {
  SG_ASSIGN_OR_RETURN(const SocketIdentity identity, IdentityOf(kernel, fd));
  constexpr std::uint32_t kSequence = 1;  // of a netlink socket that is used once
  const auto query = BuildSocketQuery(kSequence, identity);
  if (!query) return Fail(Error{ErrorCode::kInvalidArgument, "not a TCP socket"});
  const auto netlink = kernel.Socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (!netlink) {
    if (netlink.error().value() == EPROTONOSUPPORT) {
      return Fail(Unsupported("socket", netlink.error().value()));
    }
    return Fail(DiagError("socket", netlink.error().value()));
  }
  const auto sent = kernel.Send(netlink->get(), *query, 0);
  if (!sent) return Fail(DiagError("send", sent.error().value()));
  // The answer is there before the send returns.
  std::array<std::uint8_t, kAnswerRoom> buffer;
  const auto length = kernel.Receive(netlink->get(), buffer, MSG_DONTWAIT);
  if (!length) return Fail(DiagError("receive", length.error().value()));
  const auto answer = ParseSocketAnswer(std::span(buffer).first(*length), kSequence);
  if (!answer) {
    return Fail(Error{ErrorCode::kInternal, "sock_diag: malformed answer of the kernel"});
  }
  if (answer->error == 0) return answer->modes;
  // The kernel says ENOENT both for a missing handler and for a missing socket.
  if (answer->error == ENOENT && kernel.PeerName(fd)) {
    return Fail(Unsupported("inet_diag", answer->error));
  }
  Error error = DiagError("inet_diag", answer->error);
  if (answer->error == ENOENT) error.code = ErrorCode::kNotFound;
  if (answer->error == ESTALE) error.code = ErrorCode::kNotFound;  // another one's cookie
  return Fail(error);
}

TlsModes BelievedTlsModes(TlsModes told, const TlsHandedOver& handed_over) {
  if (handed_over.send && told.send == TlsMode::kUser) told.send = TlsMode::kSoftware;
  if (handed_over.receive && told.receive == TlsMode::kUser) told.receive = TlsMode::kSoftware;
  return told;
}

}  // namespace sstpgw::edge
