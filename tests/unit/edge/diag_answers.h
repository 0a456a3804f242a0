// Socket addresses, and the kernel's answers about TLS sockets, for tests.
#pragma once

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tls.h>
#include <netinet/in.h>

#include <cstring>

#include "proto/base/types.h"

namespace sstpgw::edge {

inline sockaddr_storage V4(const char* address, std::uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  inet_pton(AF_INET, address, &v4.sin_addr);
  sockaddr_storage storage{};
  std::memcpy(&storage, &v4, sizeof(v4));
  return storage;
}

inline void Put(Bytes& out, std::uint16_t type, const Bytes& value) {
  const auto length = static_cast<std::uint16_t>(sizeof(nlattr) + value.size());
  nlattr header{length, type};
  const auto* octets = reinterpret_cast<const std::uint8_t*>(&header);
  out.insert(out.end(), octets, octets + sizeof(header));
  out.insert(out.end(), value.begin(), value.end());
  out.resize((out.size() + 3) & ~std::size_t{3});
}
inline Bytes Number(std::uint16_t value) {
  Bytes octets(2);
  std::memcpy(octets.data(), &value, 2);
  return octets;
}
inline Bytes Answer(std::uint16_t type, const Bytes& payload, std::uint32_t sequence = 1) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + payload.size());
  header.nlmsg_type = type;
  header.nlmsg_seq = sequence;
  Bytes message(sizeof(header));
  std::memcpy(message.data(), &header, sizeof(header));
  message.insert(message.end(), payload.begin(), payload.end());
  return message;
}
// As Linux 6.1 answers.
inline Bytes SocketWith(std::uint16_t send, std::uint16_t receive) {
  Bytes tls;
  Put(tls, TLS_INFO_VERSION, Number(TLS_1_3_VERSION));
  Put(tls, TLS_INFO_CIPHER, Number(TLS_CIPHER_AES_GCM_128));
  Put(tls, TLS_INFO_TXCONF, Number(send));
  Put(tls, TLS_INFO_RXCONF, Number(receive));
  Bytes ulp;
  Put(ulp, INET_ULP_INFO_NAME, {'t', 'l', 's', 0});
  Put(ulp, INET_ULP_INFO_TLS | NLA_F_NESTED, tls);
  Bytes payload(sizeof(inet_diag_msg));
  Put(payload, INET_DIAG_SHUTDOWN, {0});
  Put(payload, INET_DIAG_ULP_INFO | NLA_F_NESTED, ulp);
  return Answer(SOCK_DIAG_BY_FAMILY, payload);
}

}  // namespace sstpgw::edge
