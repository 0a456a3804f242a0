#include "gateway/edge/inet_diag_message.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cstring>

#include "gateway/edge/netlink_attributes.h"

namespace sstpgw::edge {
namespace {

TlsMode ModeIn(ByteView value) {
  std::uint16_t configuration = 0;
  if (value.size() >= sizeof(configuration)) {
    std::memcpy(&configuration, value.data(), sizeof(configuration));
  }
  switch (configuration) {
    case TLS_CONF_SW:
      return TlsMode::kSoftware;
    case TLS_CONF_HW:
    case TLS_CONF_HW_RECORD:
      return TlsMode::kHardware;
    default:
      return TlsMode::kUser;
  }
}

// False: neither IPv4 nor IPv6.
bool PutEnd(const sockaddr_storage& address, __be16& port, __be32 (&octets)[4]) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    port = v4.sin_port;
    octets[0] = v4.sin_addr.s_addr;
    return true;
  }
  if (address.ss_family != AF_INET6) return false;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof(v6));
  port = v6.sin6_port;
  std::memcpy(octets, &v6.sin6_addr, sizeof(v6.sin6_addr));
  return true;
}

std::uint32_t ScopeOf(const sockaddr_storage& address) {
  if (address.ss_family != AF_INET6) return 0;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof(v6));
  return v6.sin6_scope_id;
}

TlsModes ParseModes(ByteView attributes) {
  TlsModes modes;
  ForEachAttribute(attributes, [&](std::uint16_t outer, ByteView ulp) {
    if (outer != INET_DIAG_ULP_INFO) return;
    ForEachAttribute(ulp, [&](std::uint16_t middle, ByteView tls) {
      if (middle != INET_ULP_INFO_TLS) return;
      ForEachAttribute(tls, [&](std::uint16_t inner, ByteView value) {
        if (inner == TLS_INFO_TXCONF) modes.send = ModeIn(value);
        if (inner == TLS_INFO_RXCONF) modes.receive = ModeIn(value);
      });
    });
  });
  return modes;
}

}  // namespace

std::optional<Bytes> BuildSocketQuery(std::uint32_t sequence, const SocketIdentity& socket) {
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<std::uint8_t>(socket.local.ss_family);
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = ~0U;
  // What the kernel knows of TLS comes with tcp_info or not at all.
  request.idiag_ext = 1U << (INET_DIAG_INFO - 1);
  if (!PutEnd(socket.local, request.id.idiag_sport, request.id.idiag_src) ||
      !PutEnd(socket.peer, request.id.idiag_dport, request.id.idiag_dst)) {
    return std::nullopt;
  }
  // The kernel finds a socket that is bound to a device by that one only.
  request.id.idiag_if = socket.device != 0 ? socket.device : ScopeOf(socket.peer);
  request.id.idiag_cookie[0] = static_cast<std::uint32_t>(socket.cookie);
  request.id.idiag_cookie[1] = static_cast<std::uint32_t>(socket.cookie >> 32);
  nlmsghdr header{};
  header.nlmsg_len = sizeof(header) + sizeof(request);
  header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  header.nlmsg_flags = NLM_F_REQUEST;
  header.nlmsg_seq = sequence;
  Bytes message(header.nlmsg_len);
  std::memcpy(message.data(), &header, sizeof(header));
  std::memcpy(message.data() + sizeof(header), &request, sizeof(request));
  return message;
}

std::optional<SocketAnswer> ParseSocketAnswer(ByteView datagram, std::uint32_t sequence) {
  nlmsghdr header{};
  if (datagram.size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, datagram.data(), sizeof(header));
  if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > datagram.size() ||
      header.nlmsg_seq != sequence) {
    return std::nullopt;
  }
  const ByteView payload = datagram.subspan(sizeof(header), header.nlmsg_len - sizeof(header));
  if (header.nlmsg_type == NLMSG_ERROR) {
    nlmsgerr body{};
    if (payload.size() < sizeof(body)) return std::nullopt;
    std::memcpy(&body, payload.data(), sizeof(body));
    return SocketAnswer{-body.error, {}};
  }
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || payload.size() < sizeof(inet_diag_msg)) {
    return std::nullopt;
  }
  return SocketAnswer{0, ParseModes(payload.subspan(sizeof(inet_diag_msg)))};
}

}  // namespace sstpgw::edge
