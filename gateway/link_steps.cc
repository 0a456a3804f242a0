#include "gateway/link_steps.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sstpgw::gateway {
namespace {

using Things = std::vector<LinkThing>;

bool Has(const Things& things, const LinkThing& thing) {
  return std::find(things.begin(), things.end(), thing) != things.end();
}

void AddOnce(Things& things, LinkThing thing) {
  if (!Has(things, thing)) things.push_back(std::move(thing));
}

// In the order in which they can come.
Things ThingsOf(const LinkCondition& condition) {
  Things things;
  if (!condition.up) return things;
  const fsm::LinkPlan& plan = condition.plan;
  if (plan.ipv4) things.emplace_back(*plan.ipv4);
  if (plan.ipv6) things.emplace_back(Ipv6Enabled{});
  things.emplace_back(LinkUp{});
  if (plan.ipv6) {
    AddOnce(things, LinkLocalOf(plan.ipv6->local_id));
    for (const auto& address : plan.ipv6->addresses) AddOnce(things, address);
  }
  for (const auto& route : plan.routes) AddOnce(things, route);
  for (const auto& route : plan.ipv6_routes) AddOnce(things, route);
  return things;
}

template <class T>
bool Is(const LinkThing& thing) {
  return std::holds_alternative<T>(thing);
}

// Whether it can be left where it is.
bool Stays(const LinkThing& thing, const LinkCondition& from, const LinkCondition& to) {
  if (from.plan.vrf != to.plan.vrf) return Is<LinkUp>(thing) || Is<Ipv6Enabled>(thing);
  // Without the address it would go by itself.
  if (Is<fsm::Ipv4Route>(thing)) return from.plan.ipv4 == to.plan.ipv4;
  return true;
}

}  // namespace

fsm::Ipv6LinkAddress LinkLocalOf(const InterfaceId& id) {
  std::array<std::uint8_t, 16> octets{0xfe, 0x80};
  std::copy(id.begin(), id.end(), octets.begin() + id.size());
  return {.local = Ipv6Address(octets), .length = 64, .peer = std::nullopt};
}

std::vector<LinkStep> StepsBetween(const LinkCondition& from, const LinkCondition& to) {
  std::vector<LinkStep> steps;
  const Things now = ThingsOf(from);
  const Things next = ThingsOf(to);
  Things kept;
  for (const LinkThing& thing : now) {
    if (Has(next, thing) && Stays(thing, from, to)) kept.push_back(thing);
  }
  for (auto thing = now.rbegin(); thing != now.rend(); ++thing) {
    if (!Has(kept, *thing)) steps.emplace_back(TakeAway{*thing});
  }
  if (from.plan.vrf != to.plan.vrf) steps.emplace_back(MoveToVrf{from.plan.vrf, to.plan.vrf});
  for (const LinkThing& thing : next) {
    if (!Has(kept, thing)) steps.emplace_back(Give{thing});
  }
  return steps;
}

std::vector<LinkStep> StepsToShut(const LinkCondition& from, bool ipv6_can_be_disabled) {
  std::vector<LinkStep> steps;
  const Things now = ThingsOf(from);
  for (auto thing = now.rbegin(); thing != now.rend(); ++thing) {
    const bool stays = Is<LinkUp>(*thing) || (Is<Ipv6Enabled>(*thing) && !ipv6_can_be_disabled);
    const bool goes_along = (Is<fsm::Ipv4Route>(*thing) && from.plan.ipv4) ||
                            (Is<fsm::Ipv6LinkAddress>(*thing) && ipv6_can_be_disabled);
    if (!stays && !goes_along) steps.emplace_back(TakeAway{*thing});
  }
  return steps;
}

LinkStep Opposite(const LinkStep& step) {
  if (const auto* give = std::get_if<Give>(&step)) return TakeAway{give->thing};
  if (const auto* take = std::get_if<TakeAway>(&step)) return Give{take->thing};
  const auto& move = std::get<MoveToVrf>(step);
  return MoveToVrf{move.to, move.from};
}

bool GivesRoute(const LinkStep& step) {
  const auto* give = std::get_if<Give>(&step);
  return give != nullptr && (Is<fsm::Ipv4Route>(give->thing) || Is<fsm::Ipv6Route>(give->thing));
}

fsm::LinkPlan WithoutRoutes(fsm::LinkPlan plan, const std::vector<LinkThing>& routes) {
  std::erase_if(plan.routes, [&](const auto& route) { return Has(routes, route); });
  std::erase_if(plan.ipv6_routes, [&](const auto& route) { return Has(routes, route); });
  return plan;
}

}  // namespace sstpgw::gateway
