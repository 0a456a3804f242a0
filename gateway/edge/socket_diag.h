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

// `fd`: a connected TCP socket. kNotFound: the connection is gone, or this kernel lacks inet_diag
// (it says the same of both); kSystem: anything else.
[[nodiscard]] Result<TlsModes> QueryTlsModes(Kernel& kernel, int fd);

}  // namespace sstpgw::edge
