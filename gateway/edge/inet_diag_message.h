// Asking the kernel about one TCP socket (sock_diag(7), inet_diag), as octets: the request, and
// what its answer says of TLS. Pure: no socket here, see socket_diag.h.
//
//   request  nlmsghdr (16) | inet_diag_req_v2 (56): addresses and ports in network order, cookie
//   answer   nlmsghdr (16) | inet_diag_msg (72) | attributes; among them
//            INET_DIAG_ULP_INFO { INET_ULP_INFO_NAME "tls", INET_ULP_INFO_TLS { TLS_INFO_TXCONF,
//            TLS_INFO_RXCONF: u16 } }, absent on a socket without TLS
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>

#include "proto/base/messages.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

// Who does the TLS records of a socket.
struct TlsModes {
  TlsMode send = TlsMode::kUser;
  TlsMode receive = TlsMode::kUser;
  friend bool operator==(const TlsModes&, const TlsModes&) = default;
};

struct SocketIdentity {
  sockaddr_storage local{};
  sockaddr_storage peer{};
  std::uint32_t device = 0;                  // SO_BINDTOIFINDEX; 0: bound to none
  std::uint64_t cookie = ~std::uint64_t{0};  // SO_COOKIE; all ones: any
};

// nullopt: not an IPv4 or IPv6 socket.
[[nodiscard]] std::optional<Bytes> BuildSocketQuery(std::uint32_t sequence,
                                                    const SocketIdentity& socket);

struct SocketAnswer {
  int error = 0;  // errno; ENOENT: no such socket
  TlsModes modes;
};
// nullopt: malformed, or not the answer to `sequence`.
[[nodiscard]] std::optional<SocketAnswer> ParseSocketAnswer(ByteView datagram,
                                                            std::uint32_t sequence);

}  // namespace sstpgw::edge
