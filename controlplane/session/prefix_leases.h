// What a session has of IPv6, as the prefixes that are leased for it. Pure.
#pragma once

#include <vector>

#include "proto/base/session_policy.h"

namespace sstpgw::cp {

// For its link, delegated, and single addresses as /128: each once, in order.
[[nodiscard]] std::vector<Ipv6Prefix> LeasesOf(const NetworkPolicy& network);

// Those of `before` that are not in `after`; both as above.
[[nodiscard]] std::vector<Ipv6Prefix> Without(const std::vector<Ipv6Prefix>& before,
                                              const std::vector<Ipv6Prefix>& after);

}  // namespace sstpgw::cp
