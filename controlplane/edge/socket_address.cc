#include "controlplane/edge/socket_address.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sstpgw::cp {

SocketAddress ToSocketAddress(const IpEndpoint& endpoint) {
  SocketAddress out;
  if (const auto* v4 = std::get_if<Ipv4Address>(&endpoint.address)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    address.sin_addr.s_addr = htonl(v4->value());
    std::memcpy(&out.storage, &address, sizeof address);
    out.size = sizeof address;
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    const auto& octets = std::get<Ipv6Address>(endpoint.address).octets();
    std::memcpy(&address.sin6_addr, octets.data(), octets.size());
    std::memcpy(&out.storage, &address, sizeof address);
    out.size = sizeof address;
  }
  return out;
}

std::optional<IpEndpoint> EndpointOf(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, &storage, sizeof address);
    return IpEndpoint{Ipv4Address(ntohl(address.sin_addr.s_addr)), ntohs(address.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, &storage, sizeof address);
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), &address.sin6_addr, octets.size());
    return IpEndpoint{Ipv6Address(octets), ntohs(address.sin6_port)};
  }
  return std::nullopt;
}

}  // namespace sstpgw::cp
