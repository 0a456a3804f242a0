// What the gateway's log says of a session that has ended: the report that the control plane gets,
// in words. Pure. Part of control_client.
#pragma once

#include <optional>
#include <string>

#include "proto/base/messages.h"

namespace sstpgw::edge {

// "sstp0:ann: session down after 00:15:46: 16384 octets from the client, 210 to it; Lost-Carrier:
// lcp: no echo reply". nullopt: not an end, or of a client that has never logged in, whose failure
// was said already.
[[nodiscard]] std::optional<std::string> EndLine(const SessionReport& report);

}  // namespace sstpgw::edge
