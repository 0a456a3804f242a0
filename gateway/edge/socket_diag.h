// Who does the TLS records of a socket, as the kernel tells (sock_diag, INET_DIAG_ULP_INFO).
//
// Needs CAP_NET_ADMIN: without it the kernel leaves TLS out, and everything looks like kUser. Some
// ten microseconds. Threads: any.
#pragma once

#include "gateway/edge/inet_diag_message.h"
#include "gateway/edge/kernel.h"
#include "proto/base/error.h"
#include "proto/base/result.h"

namespace sstpgw::edge {

// `fd`: a connected TCP socket. kNotFound: the connection is gone; kUnsupported: this kernel cannot
// tell, with the remedy; kSystem: anything else.
[[nodiscard]] Result<TlsModes> QueryTlsModes(Kernel& kernel, int fd);

// Which directions' keys the kernel was given.
struct TlsHandedOver {
  bool send = false;
  bool receive = false;
};
// What to believe: what the kernel told, or last told, but where it has the key and says nothing of
// it, that it does the records itself.
[[nodiscard]] TlsModes BelievedTlsModes(TlsModes told, const TlsHandedOver& handed_over);

}  // namespace sstpgw::edge
