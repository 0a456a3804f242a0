#include "controlplane/edge/datagram_listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "controlplane/edge/socket_address.h"

namespace sstpgw::cp {
namespace {

constexpr int kBufferSize = 1 << 20;       // octets; the kernel gives what it allows
constexpr int kDatagramsPerTurn = 128;     // then others have their turn
constexpr std::size_t kControlSize = 128;  // room for either PKTINFO

using ControlBuffer = std::array<std::uint8_t, kControlSize>;

void TrySetOption(int fd, int level, int name, int value) {
  // None of these is needed for a socket that works, only for one that works well.
  static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
}

// What must be had: who asks is to be answered from where he asked.
Result<void> SetOption(int fd, int level, int name, int value) {
  if (::setsockopt(fd, level, name, &value, sizeof value) == 0) return {};
  return Fail(SystemError("setsockopt", errno));
}

Result<void> Prepare(int fd, bool v6, bool both) {
  TrySetOption(fd, SOL_SOCKET, SO_RCVBUF, kBufferSize);
  TrySetOption(fd, SOL_SOCKET, SO_SNDBUF, kBufferSize);
  if (!v6) {
    TrySetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    return SetOption(fd, IPPROTO_IP, IP_PKTINFO, 1);
  }
  TrySetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  TrySetOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
  SG_RETURN_IF_ERROR(SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, both ? 0 : 1));
  return SetOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

Error BindError(int reason) {
  if (reason == EADDRINUSE) return {ErrorCode::kAlreadyExists, "the UDP port is in use"};
  if (reason == EADDRNOTAVAIL) {
    return {ErrorCode::kInvalidArgument, "the address is not one of this host's"};
  }
  if (reason == EACCES) {
    return {ErrorCode::kPermissionDenied, "a port below 1024 needs a privilege"};
  }
  return SystemError("bind", reason);
}

// As a socket of IPv6 wants it: a.b.c.d as ::ffff:a.b.c.d.
Ipv6Address Mapped(const IpAddress& address) {
  if (const auto* v6 = std::get_if<Ipv6Address>(&address)) return *v6;
  const std::uint32_t value = std::get<Ipv4Address>(address).value();
  std::array<std::uint8_t, 16> octets{};
  octets[10] = octets[11] = 0xff;
  for (std::size_t i = 0; i < 4; ++i) {
    octets[12 + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  }
  return Ipv6Address(octets);
}

std::optional<IpAddress> LocalAddress(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      return Ipv4Address(ntohl(info.ipi_addr.s_addr));
    }
    if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      std::array<std::uint8_t, 16> octets{};
      std::memcpy(octets.data(), &info.ipi6_addr, octets.size());
      return Unmapped(Ipv6Address(octets));
    }
  }
  return std::nullopt;
}

template <class Info>
void PutControl(msghdr& message, int level, int type, const Info& info) {
  cmsghdr* part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = level;
  part->cmsg_type = type;
  part->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(part), &info, sizeof info);
  message.msg_controllen = CMSG_SPACE(sizeof info);
}

void PutSource(msghdr& message, bool v6, const IpAddress& source) {
  if (v6) {
    in6_pktinfo info{};
    const Ipv6Address address = Mapped(source);
    std::memcpy(&info.ipi6_addr, address.octets().data(), address.octets().size());
    PutControl(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
  } else if (const auto* v4 = std::get_if<Ipv4Address>(&source)) {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(v4->value());
    PutControl(message, IPPROTO_IP, IP_PKTINFO, info);
  }
}

}  // namespace

DatagramListener::DatagramListener(Poller& poller, Arrived arrived)
    : poller_(poller),
      arrived_(std::move(arrived)),
      buffer_(std::make_unique<std::array<std::uint8_t, kMaxDatagram>>()) {}

// ---- Opening

Result<void> DatagramListener::Open(const std::optional<IpAddress>& address, std::uint16_t port) {
  if (address) return Bind(*address, port, /*both=*/false);
  const auto both = Bind(Ipv6Address(), port, /*both=*/true);
  // A host without IPv6 says so when the socket is made or bound, in more than one way.
  if (both || both.error().code == ErrorCode::kAlreadyExists ||
      both.error().code == ErrorCode::kPermissionDenied) {
    return both;
  }
  return Bind(Ipv4Address(), port, /*both=*/false);
}

Result<void> DatagramListener::Bind(const IpAddress& address, std::uint16_t port, bool both) {
  const bool v6 = !IsIpv4(address);
  UniqueFd fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Fail(SystemError("socket", errno));
  SG_RETURN_IF_ERROR(Prepare(fd.get(), v6, both));
  SocketAddress place = ToSocketAddress({address, port});
  if (::bind(fd.get(), place.get(), place.size) != 0) return Fail(BindError(errno));
  place.size = sizeof place.storage;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&place.storage), &place.size) != 0) {
    return Fail(SystemError("getsockname", errno));
  }
  SG_RETURN_IF_ERROR(poller_.Watch(fd.get(), [this] { Read(); }));
  fd_ = std::move(fd);
  port_ = EndpointOf(place.storage)->port;
  v6_ = v6;
  ++opened_;
  return {};
}

void DatagramListener::Close() {
  if (!fd_.valid()) return;
  poller_.Unwatch(fd_.get());
  fd_ = UniqueFd();
  port_ = 0;
  ++opened_;
}

// ---- Reading and sending

void DatagramListener::Read() {
  const std::uint64_t mine = opened_;
  for (int i = 0; i < kDatagramsPerTurn && opened_ == mine && ReadOne(); ++i) {
  }
}

bool DatagramListener::ReadOne() {
  sockaddr_storage sender{};
  iovec piece{buffer_->data(), buffer_->size()};
  alignas(cmsghdr) ControlBuffer control{};
  msghdr message{};
  message.msg_name = &sender;
  message.msg_namelen = sizeof sender;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(fd_.get(), &message, 0);
  // An error that is not EAGAIN is one of the network's; being told clears it.
  if (size < 0) return errno != EAGAIN;
  const auto from = EndpointOf(sender);
  const auto to = LocalAddress(message);
  if (!from || !to) return true;
  arrived_({{Unmapped(from->address), from->port}, *to},
           ByteView(*buffer_).first(static_cast<std::size_t>(size)));
  return true;
}

Result<void> DatagramListener::Send(const Asked& by, ByteView datagram) {
  if (!fd_.valid()) return {};
  IpEndpoint to = by.from;
  if (v6_) to.address = Mapped(to.address);
  SocketAddress address = ToSocketAddress(to);
  iovec piece{const_cast<std::uint8_t*>(datagram.data()), datagram.size()};
  alignas(cmsghdr) ControlBuffer control{};
  msghdr message{};
  message.msg_name = &address.storage;
  message.msg_namelen = address.size;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  PutSource(message, v6_, by.to);
  if (::sendmsg(fd_.get(), &message, MSG_NOSIGNAL) >= 0) return {};
  if (errno == EAGAIN) {
    return Fail(Error{ErrorCode::kUnavailable, "the kernel's queue is full"});
  }
  return Fail(SystemError("sendmsg", errno));
}

}  // namespace sstpgw::cp
