#include "gateway/link_state.h"

#include <algorithm>
#include <utility>

#include "gateway/edge/sysctl.h"
#include "gateway/fsm/session_api.h"

namespace sstpgw::gateway {
namespace {

using edge::EntryChange;

edge::Ipv6LinkAddress ToEdge(const fsm::Ipv6LinkAddress& address) {
  return {.local = address.local, .length = address.length, .peer = address.peer};
}
edge::Ipv4RouteTarget ToEdge(const fsm::Ipv4Route& route) {
  return {.destination = route.destination, .length = route.length, .gateway = route.gateway};
}
edge::Ipv6RouteTarget ToEdge(const fsm::Ipv6Route& route) {
  return {.destination = route.destination, .gateway = route.gateway};
}

std::string DisableIpv6Setting(const std::string& name) {
  return "net/ipv6/conf/" + name + "/disable_ipv6";
}

}  // namespace

// ---- From plan to plan
// -------------------------------------------------------------------------

Result<void> LinkState::Bring(edge::Netlink& netlink, const std::string& name,
                              const fsm::LinkPlan& plan) {
  refused_.clear();
  refused_texts_.clear();
  const LinkCondition wanted{true, plan};
  std::vector<LinkThing> refused;
  if (auto run = Run({netlink, name}, StepsBetween(now_, wanted), &refused); !run) {
    refused_texts_.clear();
    return run;
  }
  now_ = {true, WithoutRoutes(plan, refused)};
  refused_ = std::move(refused);
  return {};
}

Result<void> LinkState::Change(edge::Netlink& netlink, const std::string& name,
                               const fsm::LinkPlan& plan, OnRefusedRoute on_refused) {
  std::vector<LinkThing> left_out = refused_;
  if (plan.vrf != now_.plan.vrf) left_out.clear();
  const LinkCondition wanted{true, WithoutRoutes(plan, left_out)};
  std::vector<LinkThing> refused;
  const std::size_t texts = refused_texts_.size();
  const bool tolerant = on_refused == OnRefusedRoute::kLeaveOut;
  auto run = Run({netlink, name}, StepsBetween(now_, wanted), tolerant ? &refused : nullptr);
  if (!run) {
    refused_texts_.resize(texts);
    return run;
  }
  now_ = {true, WithoutRoutes(wanted.plan, refused)};
  if (left_out.empty())
    refused_texts_.erase(refused_texts_.begin(),
                         refused_texts_.begin() + static_cast<std::ptrdiff_t>(texts));
  left_out.insert(left_out.end(), refused.begin(), refused.end());
  refused_ = std::move(left_out);
  return {};
}

Result<void> LinkState::Run(const Errand& errand, const std::vector<LinkStep>& steps,
                            std::vector<LinkThing>* tolerated) {
  for (const LinkStep& step : steps) {
    const auto done = Do(errand, step);
    if (done) continue;
    if (tolerated != nullptr && GivesRoute(step)) {
      tolerated->push_back(std::get<Give>(step).thing);
      refused_texts_.push_back("left out: " + done.error().message);
      continue;
    }
    Error error = done.error();
    error.message += Undo(errand, steps.data(), &step, tolerated);
    return Fail(std::move(error));
  }
  return {};
}

std::string LinkState::Undo(const Errand& errand, const LinkStep* begin, const LinkStep* end,
                            const std::vector<LinkThing>* tolerated) {
  std::string failures;
  while (end != begin) {
    const LinkStep& step = *--end;
    const auto* give = std::get_if<Give>(&step);
    const bool was_left_out =
        give != nullptr && tolerated != nullptr &&
        std::find(tolerated->begin(), tolerated->end(), give->thing) != tolerated->end();
    if (was_left_out) continue;
    if (const auto undone = Do(errand, Opposite(step)); !undone) {
      known_ = false;
      failures += "; and then " + undone.error().message;
    }
  }
  return failures;
}

void LinkState::Shut(edge::Netlink& netlink, const std::string& name) {
  if (!now_.up) return;
  bool left = false;
  const std::vector<LinkStep> steps = StepsToShut(now_, ipv6_can_be_disabled_);
  for (const LinkStep& step : steps) {
    if (Do({netlink, name}, step)) continue;
    known_ = false;
    left = true;
  }
  std::string vrf = std::move(now_.plan.vrf);
  now_ = {};
  now_.plan.vrf = std::move(vrf);
  refused_.clear();
  refused_texts_.clear();
  // What could not be taken away has no route then, or goes: it belongs to the next session.
  if (left) static_cast<void>(netlink.SetState(index_, edge::LinkState::kDown));
}

bool LinkState::LeaveVrf(edge::Netlink& netlink) {
  if (vrf_ && !SetMaster(netlink, std::nullopt)) {
    known_ = false;
    return false;
  }
  now_ = {};
  return true;
}

// ---- Steps
// -------------------------------------------------------------------------------------

Result<void> LinkState::Do(const Errand& errand, const LinkStep& step) {
  if (const auto* move = std::get_if<MoveToVrf>(&step)) return Move(errand, *move);
  if (const auto* give = std::get_if<Give>(&step)) return GiveThing(errand, give->thing);
  auto taken = TakeThing(errand, std::get<TakeAway>(step).thing);
  if (taken || taken.error().code != ErrorCode::kNotFound) return taken;
  known_ = false;  // somebody else was here
  return {};
}

Result<void> LinkState::Move(const Errand& errand, const MoveToVrf& move) {
  std::optional<edge::Vrf> vrf;
  if (!move.to.empty()) {
    SG_ASSIGN_OR_RETURN(vrf, errand.netlink.FindVrf(move.to));
  }
  const std::optional<edge::Vrf> before = vrf_;
  auto moved = SetMaster(errand.netlink, vrf);
  if (moved) return {};
  Error error = moved.error();
  error.message = (vrf ? "VRF '" + move.to : "leaving VRF '" + move.from) + "': " + error.message;
  // The kernel takes it out of the one before it puts it into the other.
  if (before && vrf && !SetMaster(errand.netlink, before)) known_ = false;
  return Fail(std::move(error));
}

Result<void> LinkState::SetMaster(edge::Netlink& netlink, std::optional<edge::Vrf> vrf) {
  edge::LinkChange change;
  change.index = index_;
  change.master = vrf ? vrf->index : InterfaceIndex(0);
  SG_RETURN_IF_ERROR(netlink.Change(change));
  vrf_ = vrf;
  return {};
}

Result<void> LinkState::GiveThing(const Errand& errand, const LinkThing& thing) {
  edge::Netlink& netlink = errand.netlink;
  return std::visit(
      fsm::Overloaded{
          [&](const LinkUp&) { return netlink.SetState(index_, edge::LinkState::kUp); },
          [&](const Ipv6Enabled&) { return EnableIpv6(errand); },
          [&](const fsm::Ipv4Link& link) {
            return netlink.AddAddress(index_, link.local, link.peer);
          },
          [&](const fsm::Ipv6LinkAddress& address) {
            return netlink.ChangeAddress(EntryChange::kAdd, index_, ToEdge(address));
          },
          [&](const auto& route) {
            return netlink.ChangeRoute(EntryChange::kAdd, PlaceOf(route.metric), ToEdge(route));
          },
      },
      thing);
}

Result<void> LinkState::TakeThing(const Errand& errand, const LinkThing& thing) {
  edge::Netlink& netlink = errand.netlink;
  return std::visit(
      fsm::Overloaded{
          [&](const LinkUp&) { return netlink.SetState(index_, edge::LinkState::kDown); },
          [&](const Ipv6Enabled&) -> Result<void> {
            if (!ipv6_can_be_disabled_) return {};
            auto off = edge::WriteSysctl(*kernel_, DisableIpv6Setting(errand.name), "1");
            if (off || off.error().code != ErrorCode::kNotFound) return off;
            // Under another name it is there still.
            return Fail(Error{ErrorCode::kSystem, off.error().message});
          },
          [&](const fsm::Ipv4Link& link) {
            return netlink.RemoveAddress(index_, link.local, link.peer);
          },
          [&](const fsm::Ipv6LinkAddress& address) {
            return netlink.ChangeAddress(EntryChange::kRemove, index_, ToEdge(address));
          },
          [&](const auto& route) {
            return netlink.ChangeRoute(EntryChange::kRemove, PlaceOf(route.metric), ToEdge(route));
          },
      },
      thing);
}

// Its settings stay from session to session; only the switch is turned.
Result<void> LinkState::EnableIpv6(const Errand& errand) {
  if (!ipv6_prepared_) {
    edge::LinkChange change;
    change.index = index_;
    change.no_automatic_address = true;
    SG_RETURN_IF_ERROR(errand.netlink.Change(change));
    SG_RETURN_IF_ERROR(edge::PrepareIpv6(*kernel_, errand.name));
    ipv6_prepared_ = true;
  }
  return edge::EnableIpv6(*kernel_, errand.name);
}

edge::RoutePlace LinkState::PlaceOf(std::uint32_t metric) const {
  return {.index = index_, .table = vrf_ ? vrf_->table : edge::kMainTable, .metric = metric};
}

}  // namespace sstpgw::gateway
