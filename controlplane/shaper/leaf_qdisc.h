// shaper.leaf-qdisc: the queue under tbf and htb, in tc's own words. Pure.
//
//   sfq      [limit N] [perturb SECONDS] [quantum OCTETS]
//   fq_codel [limit N] [flows N] [target TIME] [interval TIME] [quantum OCTETS] [ecn | noecn]
//   fifo     [limit N]
//
// N counts packets; TIME is a whole number with us, ms or s, at most a minute. What is not written
// is the kernel's default.
#pragma once

#include <string>
#include <string_view>

#include "proto/base/messages.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

// The error is a clause for the operator: "limit: must be 1..1000000".
[[nodiscard]] Result<LeafQdisc, std::string> ReadLeafQdisc(std::string_view text);

}  // namespace sstpgw::cp
