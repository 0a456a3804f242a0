#include "gateway/edge/link_address.h"

#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

#include "proto/base/error.h"

namespace sstpgw::edge {

Result<bool> HasIpv4Address(Kernel& kernel, const std::string& interface_name) {
  ifreq request{};
  if (interface_name.size() >= sizeof(request.ifr_name)) {
    return Fail(Error{ErrorCode::kInvalidArgument, "interface name '" + interface_name + "'"});
  }
  std::memcpy(request.ifr_name, interface_name.data(), interface_name.size());
  request.ifr_addr.sa_family = AF_INET;
  const auto socket = kernel.Socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (!socket)
    return Fail(SystemError("socket for the address of " + interface_name, socket.error().value()));
  const auto found = kernel.Ioctl(socket->get(), SIOCGIFADDR, &request);
  if (found) return true;
  if (found.error().value() == EADDRNOTAVAIL) return false;
  Error error = SystemError("address of " + interface_name, found.error().value());
  if (found.error().value() == ENODEV) error.code = ErrorCode::kNotFound;
  return Fail(error);
}

}  // namespace sstpgw::edge
