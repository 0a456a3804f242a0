#include "gateway/edge/tcp_path.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace sstpgw::edge {
namespace {

// A field of tcp_info; 0 where the kernel does not tell.
std::uint64_t FieldOf(Kernel& kernel, int fd, std::size_t begin) {
  std::array<std::uint8_t, sizeof(tcp_info)> octets{};
  const auto length = kernel.GetSocketOption(fd, IPPROTO_TCP, TCP_INFO, octets);
  std::uint64_t value = 0;
  if (!length || *length < begin + sizeof(value)) return 0;
  std::memcpy(&value, &octets[begin], sizeof(value));
  return value;
}

}  // namespace

std::uint64_t DeliveryRate(Kernel& kernel, int fd) {
  return FieldOf(kernel, fd, offsetof(tcp_info, tcpi_delivery_rate));
}

std::uint64_t OctetsTaken(Kernel& kernel, int fd) {
  const std::uint64_t received = FieldOf(kernel, fd, offsetof(tcp_info, tcpi_bytes_received));
  int waiting = 0;
  if (received == 0 || !kernel.Ioctl(fd, SIOCINQ, &waiting)) return 0;
  const auto untaken = static_cast<std::uint64_t>(waiting);
  return received > untaken ? received - untaken : 0;
}

}  // namespace sstpgw::edge
