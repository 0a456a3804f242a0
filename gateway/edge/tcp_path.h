// What the kernel knows of a TCP connection and of the way to its peer. Threads: stateless.
#pragma once

#include <cstdint>

#include "gateway/edge/kernel.h"

namespace sstpgw::edge {

// Octets per second that TCP delivers to the peer, newest estimate (tcp_info's delivery rate); 0:
// not known yet, or not a TCP socket. While the sender has little to send the kernel keeps an
// older, higher figure.
[[nodiscard]] std::uint64_t DeliveryRate(Kernel& kernel, int fd);

// Octets that the peer sent and that whoever reads the socket has taken out of it, TLS in the
// kernel included; 0: not known. What arrives while the two figures behind it are asked for may be
// left out.
[[nodiscard]] std::uint64_t OctetsTaken(Kernel& kernel, int fd);

}  // namespace sstpgw::edge
