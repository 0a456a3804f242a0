#include "gateway/edge/tcp_path.h"

#include <linux/tcp.h>
#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace sstpgw::edge {

std::uint64_t DeliveryRate(Kernel& kernel, int fd) {
  std::array<std::uint8_t, sizeof(tcp_info)> octets{};
  const auto length = kernel.GetSocketOption(fd, IPPROTO_TCP, TCP_INFO, octets);
  std::uint64_t rate = 0;
  constexpr std::size_t kBegin = offsetof(tcp_info, tcpi_delivery_rate);
  if (!length || *length < kBegin + sizeof(rate)) return 0;
  std::memcpy(&rate, &octets[kBegin], sizeof(rate));
  return rate;
}

}  // namespace sstpgw::edge
