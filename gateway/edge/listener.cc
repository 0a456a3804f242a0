#include "gateway/edge/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sstpgw::edge {
namespace {

// Unsent octets in a client's socket at which it counts as full. More would only wait there, behind
// which nothing urgent can pass: 20 ms at 50 Mbit/s, while 64 KiB, when the socket is writable
// again, last long enough for the worker to come back at 10 Gbit/s.
constexpr int kNotSentLowWater = 128 * 1024;

KernelResult<void> SetOption(Kernel& kernel, int fd, int level, int name, int value) {
  const auto bytes = std::span(&value, 1);
  return kernel.SetSocketOption(
      fd, level, name, ByteView(reinterpret_cast<const std::uint8_t*>(bytes.data()), sizeof(int)));
}

struct BindAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

std::optional<BindAddress> ParseBindAddress(const std::string& text, std::uint16_t port) {
  BindAddress address;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&address.storage, &v4, sizeof(v4));
    address.length = sizeof(v4);
    return address;
  }
  if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&address.storage, &v6, sizeof(v6));
    address.length = sizeof(v6);
    return address;
  }
  return std::nullopt;
}

const char* RemedyFor(int errno_value) {
  switch (errno_value) {
    case EADDRINUSE:
      return "; another program listens there: stop it (ss -ltnp shows it) or choose another port";
    case EADDRNOTAVAIL:
      return "; no interface has this address: add it or correct the listen address";
    case EACCES:
    case EPERM:
      return "; ports below 1024 need CAP_NET_BIND_SERVICE: grant it or choose another port";
    case EMFILE:
    case ENFILE:
      return "; out of file descriptors: raise LimitNOFILE or fs.file-max";
    case EAFNOSUPPORT:
      return "; this kernel lacks the address family: listen on the other one";
    default:
      return "";
  }
}

Error ListenError(const char* step, const Endpoint& where, Errno code) {
  Error error =
      SystemError("listening on " + where.ToString() + ": " + std::string(step), code.value());
  error.message += RemedyFor(code.value());
  if (code.value() == EAFNOSUPPORT) error.code = ErrorCode::kUnsupported;
  if (code.value() == EADDRNOTAVAIL) error.code = ErrorCode::kNotFound;
  return error;
}

// No IPv6 in this kernel, or switched off by ipv6.disable. (disable_ipv6 only takes the addresses
// away: the wildcard can still be bound, and serves IPv4.) Anything else is no reason to serve IPv4
// only: who asked for both would not notice.
bool MeansNoIpv6(const Error& error) {
  return error.code == ErrorCode::kUnsupported || error.code == ErrorCode::kNotFound;
}

KernelResult<UniqueFd> OpenReserve(Kernel& kernel) {
  return kernel.Open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool MeansOutOfDescriptors(int errno_value) {
  return errno_value == EMFILE || errno_value == ENFILE;
}

// Errors of the one connection that was waiting, not of the listener (accept(2), "Error handling").
bool ConcernsOneConnection(int errno_value) {
  switch (errno_value) {
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string Endpoint::ToString() const {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::optional<Endpoint> EndpointOf(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return Endpoint{text.data(), ntohs(v4.sin_port)};
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof(v6));
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    }
    return Endpoint{text.data(), ntohs(v6.sin6_port)};
  }
  return std::nullopt;
}

Listener::Listener(Kernel& kernel, UniqueFd fd, UniqueFd reserve, Endpoint local)
    : kernel_(&kernel),
      fd_(std::move(fd)),
      reserve_(std::move(reserve)),
      local_(std::move(local)) {}

Result<Listener> Listener::Open(Kernel& kernel, const std::string& address, std::uint16_t port,
                                PortUse use) {
  const auto parsed = ParseBindAddress(address, port);
  if (!parsed) {
    return Fail(Error{ErrorCode::kInvalidArgument,
                      "listen address '" + address + "' is neither an IPv4 nor an IPv6 address"});
  }
  const Endpoint wanted{address, port};
  const int family = parsed->storage.ss_family;
  auto fd = kernel.Socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (!fd) return Fail(ListenError("socket", wanted, fd.error()));
  for (const int option : {SO_REUSEADDR, SO_REUSEPORT}) {
    if (option == SO_REUSEPORT && use == PortUse::kAlone) continue;
    const auto set = SetOption(kernel, fd->get(), SOL_SOCKET, option, 1);
    if (!set) return Fail(ListenError("setsockopt", wanted, set.error()));
  }
  if (family == AF_INET6) {
    // Only the wildcard takes IPv4 as well, whatever net.ipv6.bindv6only says.
    const int only_v6 = address == "::" ? 0 : 1;
    const auto set = SetOption(kernel, fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, only_v6);
    if (!set) return Fail(ListenError("IPV6_V6ONLY", wanted, set.error()));
  }
  const auto bound =
      kernel.Bind(fd->get(), reinterpret_cast<const sockaddr*>(&parsed->storage), parsed->length);
  if (!bound) return Fail(ListenError("bind", wanted, bound.error()));
  const auto listening = kernel.Listen(fd->get(), kBacklog);
  if (!listening) return Fail(ListenError("listen", wanted, listening.error()));
  const auto name = kernel.SocketName(fd->get());
  if (!name) return Fail(ListenError("getsockname", wanted, name.error()));
  auto reserve = OpenReserve(kernel);
  if (!reserve) return Fail(ListenError("reserving a descriptor", wanted, reserve.error()));
  return Listener(kernel, std::move(*fd), std::move(*reserve), EndpointOf(*name).value_or(wanted));
}

Result<std::vector<Listener>> Listener::OpenAll(Kernel& kernel,
                                                const std::vector<std::string>& addresses,
                                                std::uint16_t port, PortUse use) {
  std::vector<Listener> listeners;
  if (addresses.empty()) {
    auto dual = Open(kernel, "::", port, use);
    if (!dual && MeansNoIpv6(dual.error())) dual = Open(kernel, "0.0.0.0", port, use);
    if (!dual) return Fail(dual.error());
    listeners.push_back(std::move(*dual));
    return listeners;
  }
  for (const std::string& address : addresses) {
    SG_ASSIGN_OR_RETURN(Listener listener, Open(kernel, address, port, use));
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

bool Listener::RefuseOne() {
  if (!reserve_.valid()) {
    auto again = OpenReserve(*kernel_);
    if (!again) return false;
    reserve_ = std::move(*again);
  }
  reserve_.Reset();
  sockaddr_storage peer{};
  const bool taken = kernel_->Accept(fd_.get(), peer, SOCK_CLOEXEC).has_value();  // closes it
  if (auto again = OpenReserve(*kernel_)) reserve_ = std::move(*again);
  return taken;
}

std::optional<AcceptedConnection> Listener::Prepare(UniqueFd fd, const sockaddr_storage& peer) {
  const auto peer_endpoint = EndpointOf(peer);
  const auto name = kernel_->SocketName(fd.get());
  if (!peer_endpoint || !name) return std::nullopt;
  // Fails only if the peer has reset the connection meanwhile; the first read will tell.
  (void)SetOption(*kernel_, fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  (void)SetOption(*kernel_, fd.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, kNotSentLowWater);
  return AcceptedConnection{std::move(fd), *peer_endpoint, EndpointOf(*name).value_or(local_)};
}

AcceptBatch Listener::Accept() {
  AcceptBatch batch;
  for (std::size_t i = 0; i < kBatch; ++i) {
    sockaddr_storage peer{};
    auto fd = kernel_->Accept(fd_.get(), peer, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd) {
      if (auto connection = Prepare(std::move(*fd), peer)) {
        batch.connections.push_back(std::move(*connection));
      }
      continue;
    }
    const int error = fd.error().value();
    if (error == EAGAIN || error == EWOULDBLOCK) break;
    if (ConcernsOneConnection(error)) continue;
    if (MeansOutOfDescriptors(error) && RefuseOne()) {
      ++batch.refused;
      continue;
    }
    // No descriptor even for refusing, no memory (ENOBUFS, ENOMEM), or something unforeseen: what
    // is waiting stays readable, so the caller has to pause.
    batch.exhausted = true;
    break;
  }
  return batch;
}

Acceptor::Acceptor(EventLoop& loop, Listener listener, Receiver receiver)
    : loop_(loop), listener_(std::move(listener)), receiver_(std::move(receiver)) {}

Result<std::unique_ptr<Acceptor>> Acceptor::Create(EventLoop& loop, Listener listener,
                                                   Receiver receiver) {
  std::unique_ptr<Acceptor> acceptor(new Acceptor(loop, std::move(listener), std::move(receiver)));
  SG_ASSIGN_OR_RETURN(acceptor->handle_,
                      loop.Add(acceptor->listener_.fd(), Interest::kRead, *acceptor));
  return acceptor;
}

Acceptor::~Acceptor() {
  loop_.CancelTimer(pause_);
  loop_.Remove(handle_);
}

void Acceptor::OnIo(IoEvents /*events*/) {
  AcceptBatch batch = listener_.Accept();
  refused_ += batch.refused;
  if (batch.exhausted) {
    loop_.Modify(handle_, Interest::kNone);
    pause_ = loop_.StartTimer(kPause, *this);
  }
  for (AcceptedConnection& connection : batch.connections) receiver_(std::move(connection));
}

void Acceptor::OnTimer(std::uint64_t /*cookie*/) { loop_.Modify(handle_, Interest::kRead); }

}  // namespace sstpgw::edge
