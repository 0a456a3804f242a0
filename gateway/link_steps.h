// From one state of a session's interface in the kernel to another, as a list of single operations
// in the order in which the kernel can carry them out. Pure values.
//
// What the kernel does by itself, and why the order is as it is:
// - A link that goes up has no route but those of its addresses, and takes none before.
// - With its last IPv4 address a link loses all its IPv4 routes; with IPv6 disabled, everything of
//   IPv6 but routes via a gateway that other links have as well: these only sleep and would be the
//   next session's.
// - A link that is up goes down and up again when its VRF changes: IPv6 addresses and all routes
//   are gone, IPv4 addresses move. So everything is taken away before and given again in the new
//   table; nothing of one VRF is ever seen in another.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "gateway/fsm/link_plan.h"

namespace sstpgw::gateway {

// Down, it has nothing of its plan but the VRF. The name is not looked at here: an
// interface has it before it is used.
struct LinkCondition {
  bool up = false;
  fsm::LinkPlan plan;
  friend bool operator==(const LinkCondition&, const LinkCondition&) = default;
};

// ---- Steps; each has an opposite.
struct MoveToVrf {
  std::string from;  // empty: none
  std::string to;
  friend bool operator==(const MoveToVrf&, const MoveToVrf&) = default;
};
// A thing that is there or not.
struct Ipv6Enabled {
  friend bool operator==(const Ipv6Enabled&, const Ipv6Enabled&) = default;
};
struct LinkUp {
  friend bool operator==(const LinkUp&, const LinkUp&) = default;
};
using LinkThing = std::variant<LinkUp, Ipv6Enabled, fsm::Ipv4Link, fsm::Ipv6LinkAddress,
                               fsm::Ipv4Route, fsm::Ipv6Route>;
struct Give {
  LinkThing thing;
  friend bool operator==(const Give&, const Give&) = default;
};
struct TakeAway {
  LinkThing thing;
  friend bool operator==(const TakeAway&, const TakeAway&) = default;
};
using LinkStep = std::variant<MoveToVrf, Give, TakeAway>;

// Duplicates in lists count once. Empty: nothing is to be done. The number of steps is bounded by
// the plans; so is the time, with its square.
[[nodiscard]] std::vector<LinkStep> StepsBetween(const LinkCondition& from,
                                                 const LinkCondition& to);
// The session is over: as few steps as leave nothing of its addresses and routes; the link stays up
// and in its VRF, since both cost the caller the kernel's grace periods. `ipv6_can_be_disabled`:
// then that takes the IPv6 addresses away.
[[nodiscard]] std::vector<LinkStep> StepsToShut(const LinkCondition& from,
                                                bool ipv6_can_be_disabled);
[[nodiscard]] LinkStep Opposite(const LinkStep& step);
// A route that is given.
[[nodiscard]] bool GivesRoute(const LinkStep& step);
[[nodiscard]] fsm::LinkPlan WithoutRoutes(fsm::LinkPlan plan, const std::vector<LinkThing>& routes);

// fe80::<id>/64.
[[nodiscard]] fsm::Ipv6LinkAddress LinkLocalOf(const InterfaceId& id);

}  // namespace sstpgw::gateway
