// What the kernel knows of a TCP connection and of the way to its peer. Threads: stateless.
#pragma once

#include <cstdint>
#include <optional>

#include "gateway/edge/kernel.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

// Octets per second that TCP delivers to the peer, newest estimate (tcp_info's delivery rate); 0:
// not known yet, or not a TCP socket. While the sender has little to send the kernel keeps an
// older, higher figure.
[[nodiscard]] std::uint64_t DeliveryRate(Kernel& kernel, int fd);

// Octets that the peer sent and that whoever reads the socket has taken out of it, TLS in the
// kernel included. Two figures, since more may arrive while the kernel is asked; they are the same
// when nothing did.
struct TakenOctets {
  std::uint64_t at_least = 0;
  std::uint64_t at_most = 0;
};
// nullopt: not known, or nothing came yet.
[[nodiscard]] std::optional<TakenOctets> OctetsTaken(Kernel& kernel, int fd);

// Octets that wait unread in the socket; 0 if it cannot be told.
[[nodiscard]] std::size_t OctetsUnread(Kernel& kernel, int fd);
// TCP's smoothed round trip to the peer; zero: not known.
[[nodiscard]] Duration RoundTrip(Kernel& kernel, int fd);
// The peer is offered no more than so many octets of window from now on.
KernelResult<void> ClampWindow(Kernel& kernel, int fd, std::uint64_t octets);

}  // namespace sstpgw::edge
