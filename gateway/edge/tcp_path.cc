#include "gateway/edge/tcp_path.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace sstpgw::edge {

std::uint64_t DeliveryRate(int fd) {
  tcp_info info{};
  socklen_t length = sizeof(info);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return 0;
  constexpr std::size_t kEnd = offsetof(tcp_info, tcpi_delivery_rate) + sizeof(std::uint64_t);
  return length >= kEnd ? info.tcpi_delivery_rate : 0;
}

}  // namespace sstpgw::edge
