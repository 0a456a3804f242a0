// rtnetlink requests for BPF programs as filters of an interface (clsact, cls_bpf in direct-action
// mode). Pure, see rtnetlink_message.h.
//
// clsact is a qdisc without a queue: filters at its ingress see what comes in at the interface, at
// its egress what goes out, before the root qdisc.
#pragma once

#include <cstdint>

#include "proto/base/types.h"

namespace sstpgw::edge {

enum class FilterPlace : std::uint8_t { kIngress, kEgress };

// Ours among the filters of an interface: filters with a lower one run before it. Those that tc
// adds without one have 49152 and below, each the next lower one.
inline constexpr std::uint16_t kFilterPriority = 1000;

// kAlreadyExists where there is one.
[[nodiscard]] Bytes BuildClsactAdd(std::uint32_t sequence, InterfaceIndex index);
// With all filters that hang there.
[[nodiscard]] Bytes BuildClsactDelete(std::uint32_t sequence, InterfaceIndex index);
// For packets of any protocol.
[[nodiscard]] Bytes BuildFilterAdd(std::uint32_t sequence, InterfaceIndex index, FilterPlace place,
                                   int program);
[[nodiscard]] Bytes BuildFilterDelete(std::uint32_t sequence, InterfaceIndex index,
                                      FilterPlace place);

}  // namespace sstpgw::edge
