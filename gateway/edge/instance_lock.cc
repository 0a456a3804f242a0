#include "gateway/edge/instance_lock.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "proto/base/error.h"

namespace sstpgw::edge {

Result<InstanceLock> InstanceLock::Take(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t room = sizeof(address.sun_path) - 1;
  const std::size_t length = std::min(name.size(), room);
  std::copy_n(name.begin(), length, &address.sun_path[1]);  // [0] stays 0: abstract
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Fail(SystemError("socket for @" + name, errno));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0) {
    return InstanceLock(std::move(fd));
  }
  if (errno != EADDRINUSE) return Fail(SystemError("bind @" + name, errno));
  return Fail(Error{ErrorCode::kAlreadyExists,
                    "another " + name + " runs in this network namespace (socket @" + name +
                        " is taken), and this one would delete its interfaces: stop that one "
                        "(ss -xap | grep @" +
                        name + " shows it) or start this one in a network namespace of its own"});
}

}  // namespace sstpgw::edge
