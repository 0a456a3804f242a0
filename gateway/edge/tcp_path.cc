#include "gateway/edge/tcp_path.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace sstpgw::edge {
namespace {

// A field of tcp_info; 0 where the kernel does not tell.
template <class T = std::uint64_t>
T FieldOf(Kernel& kernel, int fd, std::size_t begin) {
  std::array<std::uint8_t, sizeof(tcp_info)> octets{};
  const auto length = kernel.GetSocketOption(fd, IPPROTO_TCP, TCP_INFO, octets);
  T value = 0;
  if (!length || *length < begin + sizeof(value)) return 0;
  std::memcpy(&value, &octets[begin], sizeof(value));
  return value;
}

}  // namespace

std::uint64_t DeliveryRate(Kernel& kernel, int fd) {
  return FieldOf(kernel, fd, offsetof(tcp_info, tcpi_delivery_rate));
}

std::optional<TakenOctets> OctetsTaken(Kernel& kernel, int fd) {
  int before = 0;
  int after = 0;
  if (!kernel.Ioctl(fd, SIOCINQ, &before)) return std::nullopt;
  const std::uint64_t received = FieldOf(kernel, fd, offsetof(tcp_info, tcpi_bytes_received));
  if (received == 0 || !kernel.Ioctl(fd, SIOCINQ, &after)) return std::nullopt;
  const auto without = [received](int waiting) {
    return received - std::min(received, static_cast<std::uint64_t>(std::max(waiting, 0)));
  };
  return TakenOctets{without(after), without(before)};
}

std::size_t OctetsUnread(Kernel& kernel, int fd) {
  int waiting = 0;
  if (!kernel.Ioctl(fd, SIOCINQ, &waiting)) return 0;
  return static_cast<std::size_t>(std::max(waiting, 0));
}

Duration RoundTrip(Kernel& kernel, int fd) {
  return std::chrono::microseconds(
      FieldOf<std::uint32_t>(kernel, fd, offsetof(tcp_info, tcpi_rtt)));
}

KernelResult<void> ClampWindow(Kernel& kernel, int fd, std::uint64_t octets) {
  const int most = static_cast<int>(std::min<std::uint64_t>(octets, 1U << 30));
  std::array<std::uint8_t, sizeof(most)> value{};
  std::memcpy(value.data(), &most, sizeof(most));
  return kernel.SetSocketOption(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, value);
}

}  // namespace sstpgw::edge
