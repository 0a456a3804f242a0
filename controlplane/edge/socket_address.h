// IpEndpoint as the kernel's socket calls want it, and back.
#pragma once

#include <sys/socket.h>

#include <optional>

#include "proto/base/ip_endpoint.h"

namespace sstpgw::cp {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

[[nodiscard]] SocketAddress ToSocketAddress(const IpEndpoint& endpoint);
// nullopt: another family.
[[nodiscard]] std::optional<IpEndpoint> EndpointOf(const sockaddr_storage& storage);

}  // namespace sstpgw::cp
