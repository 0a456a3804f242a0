// The place of a listening Unix socket: folder, leftovers, permissions. The listening itself is
// gRPC's.
#pragma once

#include <string>

#include "proto/base/result.h"

namespace sstpgw::cp {

// The path of "unix:/run/x.sock" or "/run/x.sock"; empty if the address is of another kind.
[[nodiscard]] std::string UnixSocketPath(const std::string& address);

// Makes the folder (mode 0755) if it is not there, and removes a socket nobody listens on.
// kAlreadyExists: somebody listens there, or the path is something else than a socket.
// kInvalidArgument: too long for a socket address, or not absolute.
[[nodiscard]] Result<void> PrepareUnixSocket(const std::string& path);

// Owner and group may connect (mode 0660). Call once it listens.
[[nodiscard]] Result<void> RestrictUnixSocket(const std::string& path);

}  // namespace sstpgw::cp
