// What the kernel knows of the way to a peer. Threads: stateless.
#pragma once

#include <cstdint>

#include "gateway/edge/kernel.h"

namespace sstpgw::edge {

// Octets per second that TCP delivers to the peer, newest estimate (tcp_info's delivery rate); 0:
// not known yet, or not a TCP socket. While the sender has little to send the kernel keeps an
// older, higher figure.
[[nodiscard]] std::uint64_t DeliveryRate(Kernel& kernel, int fd);

}  // namespace sstpgw::edge
