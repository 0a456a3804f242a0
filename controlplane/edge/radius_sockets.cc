#include "controlplane/edge/radius_sockets.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "controlplane/edge/socket_address.h"

namespace sstpgw::cp {
namespace {

constexpr std::uint16_t kFirstPort = 10000;
constexpr int kPortTries = 64;
constexpr int kBufferSize = 1 << 20;  // octets; the kernel gives what it allows
constexpr int kBatchesPerTurn = 4;    // then others have their turn
constexpr int kErrorsPerTurn = 64;

Result<UniqueFd> NewSocket(const IpAddress& address) {
  const int family = IsIpv4(address) ? AF_INET : AF_INET6;
  UniqueFd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Fail(SystemError("no socket for RADIUS", errno));
  return fd;
}

void SetOption(int fd, int level, int name, int value) {
  // None of these is needed for a socket that works, only for one that works well.
  static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
}

void Tune(int fd, bool v4) {
  SetOption(fd, SOL_SOCKET, SO_RCVBUF, kBufferSize);
  SetOption(fd, SOL_SOCKET, SO_SNDBUF, kBufferSize);
  if (v4) {
    SetOption(fd, IPPROTO_IP, IP_RECVERR, 1);
    SetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  } else {
    SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    SetOption(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
    SetOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
  }
}

Error BindError(const IpEndpoint& local, int reason) {
  const std::string address = ToString(local.address);
  if (reason == EADDRNOTAVAIL) {
    return {ErrorCode::kInvalidArgument,
            "source address " + address + " is not an address of this host"};
  }
  if (reason == EADDRINUSE) {
    return {ErrorCode::kAlreadyExists, "UDP port " + ToString(local) + " is in use"};
  }
  return SystemError("cannot bind to " + ToString(local), reason);
}

}  // namespace

RadiusSockets::RadiusSockets(Poller& poller, Entropy& entropy, Owner& owner)
    : poller_(poller), entropy_(entropy), owner_(owner), buffers_(kBatch) {}

RadiusSockets::~RadiusSockets() {
  for (const auto& [key, fd] : sockets_) poller_.Unwatch(fd.get());
}

// ---- Opening

std::uint16_t RadiusSockets::RandomPort() {
  std::array<std::uint8_t, 4> random{};
  entropy_.Fill(random);
  std::uint32_t number = 0;
  std::memcpy(&number, random.data(), sizeof number);
  return static_cast<std::uint16_t>(kFirstPort + number % (65536U - kFirstPort));
}

Result<UniqueFd> RadiusSockets::Bind(const IpEndpoint& local) {
  SG_ASSIGN_OR_RETURN(UniqueFd fd, NewSocket(local.address));
  Tune(fd.get(), IsIpv4(local.address));
  IpEndpoint place = local;
  for (int i = 0; i < kPortTries; ++i) {
    if (local.port == 0) place.port = RandomPort();
    const SocketAddress address = ToSocketAddress(place);
    if (::bind(fd.get(), address.get(), address.size) == 0) return fd;
    if (errno != EADDRINUSE || local.port != 0) break;
  }
  return Fail(BindError(place, errno));
}

Result<void> RadiusSockets::Open(Key key, const IpEndpoint& local) {
  SG_ASSIGN_OR_RETURN(UniqueFd fd, Bind(local));
  SG_RETURN_IF_ERROR(poller_.Watch(fd.get(), [this, key] { Read(key); }));
  sockets_[key] = std::move(fd);
  return {};
}

void RadiusSockets::Close(Key key) {
  const auto socket = sockets_.find(key);
  if (socket == sockets_.end()) return;
  poller_.Unwatch(socket->second.get());
  sockets_.erase(socket);
}

Result<IpEndpoint> RadiusSockets::LocalOf(Key key) const {
  const auto socket = sockets_.find(key);
  if (socket == sockets_.end()) return Fail(Error{ErrorCode::kNotFound, "no such socket"});
  SocketAddress address;
  address.size = sizeof address.storage;
  if (::getsockname(socket->second.get(), reinterpret_cast<sockaddr*>(&address.storage),
                    &address.size) != 0) {
    return Fail(SystemError("getsockname", errno));
  }
  return *EndpointOf(address.storage);
}

// ---- Reading

void RadiusSockets::Read(Key key) {
  ReadErrors(key);
  for (int i = 0; i < kBatchesPerTurn && ReadBatch(key); ++i) {
  }
}

bool RadiusSockets::ReadBatch(Key key) {
  const auto socket = sockets_.find(key);
  if (socket == sockets_.end()) return false;
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> pieces{};
  std::array<sockaddr_storage, kBatch> senders{};
  for (std::size_t i = 0; i < kBatch; ++i) {
    pieces[i] = {buffers_[i].data(), buffers_[i].size()};
    messages[i].msg_hdr.msg_name = &senders[i];
    messages[i].msg_hdr.msg_namelen = sizeof senders[i];
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int count = ::recvmmsg(socket->second.get(), messages.data(), kBatch, 0, nullptr);
  // An error that is not EAGAIN is one of the network's; its text is in the error queue.
  if (count < 0) return errno != EAGAIN;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const auto from = EndpointOf(senders[i]);
    if (!from || !sockets_.contains(key)) continue;
    owner_.Arrived(key, *from, ByteView(buffers_[i]).first(messages[i].msg_len));
  }
  return static_cast<std::size_t>(count) == kBatch;
}

void RadiusSockets::ReadErrors(Key key) {
  for (int i = 0; i < kErrorsPerTurn; ++i) {
    const auto socket = sockets_.find(key);
    if (socket == sockets_.end()) return;
    sockaddr_storage sent_to{};
    alignas(cmsghdr) std::array<std::uint8_t, 512> control{};
    msghdr message{};
    message.msg_name = &sent_to;
    message.msg_namelen = sizeof sent_to;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (::recvmsg(socket->second.get(), &message, MSG_ERRQUEUE) < 0) return;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
      const bool v4 = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR;
      const bool v6 = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR;
      if (!v4 && !v6) continue;
      sock_extended_err report{};
      std::memcpy(&report, CMSG_DATA(part), sizeof report);
      const auto server = EndpointOf(sent_to);
      const std::string where = server ? ToString(*server) : "a server";
      owner_.Trouble(key, SystemError(where, static_cast<int>(report.ee_errno)).message);
      break;
    }
  }
}

// ---- Sending

void RadiusSockets::Send(Key key, const IpEndpoint& to, Bytes datagram) {
  outgoing_.push_back({key, to, std::move(datagram)});
}

void RadiusSockets::Flush() {
  std::span<Outgoing> left(outgoing_);
  while (!left.empty()) {
    const std::size_t limit = std::min(left.size(), kBatch);
    std::size_t count = 1;
    while (count < limit && left[count].key == left[0].key) ++count;
    SendBatch(left.first(count));
    left = left.subspan(count);
  }
  outgoing_.clear();
}

// All on one socket, at most kBatch.
void RadiusSockets::SendBatch(std::span<Outgoing> batch) {
  const Key key = batch[0].key;
  const auto socket = sockets_.find(key);
  if (socket == sockets_.end()) return;
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> pieces{};
  std::array<SocketAddress, kBatch> servers{};
  for (std::size_t i = 0; i < batch.size(); ++i) {
    servers[i] = ToSocketAddress(batch[i].to);
    pieces[i] = {batch[i].datagram.data(), batch[i].datagram.size()};
    messages[i].msg_hdr.msg_name = &servers[i].storage;
    messages[i].msg_hdr.msg_namelen = servers[i].size;
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  // The first error may be the network's about a datagram sent before; being told clears it.
  bool again = true;
  for (std::size_t done = 0; done < batch.size();) {
    const int sent = ::sendmmsg(socket->second.get(), &messages[done],
                                static_cast<unsigned>(batch.size() - done), MSG_NOSIGNAL);
    const int reason = errno;
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
      again = true;
    } else if (!std::exchange(again, false)) {
      owner_.Trouble(key,
                     SystemError("cannot send to " + ToString(batch[done].to), reason).message);
      ++done;
      again = true;
    }
  }
}

// ---- Questions about this host

Result<void> CheckLocalAddress(const IpAddress& address) {
  SG_ASSIGN_OR_RETURN(const UniqueFd fd, NewSocket(address));
  const SocketAddress local = ToSocketAddress({address, 0});
  if (::bind(fd.get(), local.get(), local.size) == 0) return {};
  return Fail(BindError({address, 0}, errno));
}

Result<IpAddress> SourceTowards(const IpEndpoint& server) {
  SG_ASSIGN_OR_RETURN(const UniqueFd fd, NewSocket(server.address));
  const SocketAddress there = ToSocketAddress(server);
  SocketAddress here;
  here.size = sizeof here.storage;
  if (::connect(fd.get(), there.get(), there.size) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&here.storage), &here.size) != 0) {
    return Fail(SystemError("no way to " + ToString(server), errno));
  }
  return EndpointOf(here.storage)->address;
}

}  // namespace sstpgw::cp
