// The notations of client-ip-pool.*.range (features 5):
//   a.b.c.d/n        n 1..32: from that host to the end of the network
//   a.b.c.d-e.f.g.h  both within one /24, first not above last
//   a.b.c.d-e        the same, e being the last octet
//   a.b.c.d          one address
// With n <= 30 neither the network nor the broadcast address is part of the range.
#pragma once

#include <string>
#include <string_view>

#include "controlplane/config/control_config.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

// The largest range: 2^24 addresses.
inline constexpr std::uint32_t kMaxRangeAddresses = std::uint32_t{1} << 24;

// The error is a clause for people: "must be ...", "the last address is below the first".
[[nodiscard]] Result<AddressRange, std::string> ParsePoolRange(std::string_view text);

// Can be the address of a host: not in 0.0.0.0/8 or 127.0.0.0/8, and below 224.0.0.0.
[[nodiscard]] bool IsHostAddress(Ipv4Address address);

}  // namespace sstpgw::cp
