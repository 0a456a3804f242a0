// The sending end of a load: sends until the receiver has enough.
#pragma once

#include <vector>

#include "tests/bench/flows/control.h"

namespace sstpgw::bench {

// As fast as TCP lets it; the connections are cut off at the end, with what they still hold.
[[nodiscard]] Sent SendTcp(int control, const std::vector<int>& flows, const OnMark& on_mark);

// Packets of request.payload octets that begin with their number, from 1, at request.rate, one by
// one or, from some Mbit/s up, those of a millisecond in super-packets of up to 16, as a sender on
// the same host or a network card hands them over. What the sender could not send in time it leaves
// out. `fd` is connected.
[[nodiscard]] Sent SendUdp(int control, int fd, const Request& request, const OnMark& on_mark);

}  // namespace sstpgw::bench
