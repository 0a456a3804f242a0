// The product's vocabulary of identifiers and quantities. One line and one comment each.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "proto/base/strong.h"

namespace sstpgw {

// Octets. ByteView never owns; whoever hands one out says how long it lives.
using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// Time inside pure code is a value that somebody else read from the monotonic clock.
using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Counts up by one for every desired state (settings, policy); an older one is ignored.
using Generation = Strong<struct GenerationTag, std::uint64_t>;
// Names one question to the control plane, so that asking twice is harmless. Unique per gateway
// boot.
using AttemptId = Strong<struct AttemptIdTag, std::uint64_t>;
// Layer-3 packet size of a session interface, octets, without PPP and SSTP headers.
using Mtu = Strong<struct MtuTag, std::uint16_t>;
// Kernel interface index.
using InterfaceIndex = Strong<struct InterfaceIndexTag, int>;

// Acct-Session-Id: 16 lower-case hex digits, unique across restarts of the gateway.
using SessionId = std::string;

}  // namespace sstpgw
