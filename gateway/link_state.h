// What one interface has in the kernel of its session's plan, and the way from there to another
// plan: the steps of link_steps.h, carried out. A step that fails undoes those before it, so that
// the plan in force is always one as a whole.
//
// Cost, of a worker's time: each step is one netlink request or a write to /proc/sys, microseconds
// each. Another VRF for an interface in use takes it down and up again, which waits for the
// kernel's readers (milliseconds).
// Threads: one at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/edge/kernel.h"
#include "gateway/edge/netlink.h"
#include "gateway/link_steps.h"
#include "proto/base/error.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::gateway {

class LinkState {
 public:
  // `kernel` must outlive it. `ipv6_can_be_disabled`: /proc/sys may be written.
  LinkState(edge::Kernel& kernel, InterfaceIndex index, bool ipv6_can_be_disabled)
      : kernel_(&kernel), index_(index), ipv6_can_be_disabled_(ipv6_can_be_disabled) {}

  // From down to up. Routes that the kernel refuses are left out, see refused(): they are the
  // operator's words about the session, and no reason to go without it. `name`: what the interface
  // is called now.
  Result<void> Bring(edge::Netlink& netlink, const std::string& name, const fsm::LinkPlan& plan);
  // Of an interface that is up. Routes that were refused before and are still in the plan are not
  // tried again, unless it moves to another VRF. What becomes of a new one that is refused:
  enum class OnRefusedRoute : std::uint8_t {
    kFail,     // an error, and the former plan stays: somebody waits for the answer
    kLeaveOut  // as in Bring
  };
  Result<void> Change(edge::Netlink& netlink, const std::string& name, const fsm::LinkPlan& plan,
                      OnRefusedRoute on_refused = OnRefusedRoute::kFail);
  // Takes addresses, routes and IPv6 away, at worst the link down. It stays up and in its VRF
  // otherwise.
  void Shut(edge::Netlink& netlink, const std::string& name);
  // Of one that was shut and is down: out of its VRF. False: it is still there.
  [[nodiscard]] bool LeaveVrf(edge::Netlink& netlink);

  [[nodiscard]] bool up() const { return now_.up; }
  // In force.
  [[nodiscard]] const fsm::LinkPlan& plan() const { return now_.plan; }
  // Why routes of the plan are not in force, one text each.
  [[nodiscard]] const std::vector<std::string>& refused() const { return refused_texts_; }
  // False: something could not be undone or taken away, or somebody else did it first, so that
  // what the kernel has is not what is known here.
  [[nodiscard]] bool known() const { return known_; }
  // The kernel has made its IPv6 half anew, with settings of its own choice.
  void ForgetIpv6Settings() { ipv6_prepared_ = false; }

 private:
  struct Errand {
    edge::Netlink& netlink;
    const std::string& name;
  };
  // `tolerated`: gives of routes that failed, instead of giving up.
  Result<void> Run(const Errand& errand, const std::vector<LinkStep>& steps,
                   std::vector<LinkThing>* tolerated);
  // What Run had done, last things first. Empty: done; otherwise what to add to its error.
  std::string Undo(const Errand& errand, const LinkStep* begin, const LinkStep* end,
                   const std::vector<LinkThing>* tolerated);
  Result<void> Do(const Errand& errand, const LinkStep& step);
  Result<void> Move(const Errand& errand, const MoveToVrf& move);
  Result<void> SetMaster(edge::Netlink& netlink, std::optional<edge::Vrf> vrf);
  Result<void> GiveThing(const Errand& errand, const LinkThing& thing);
  // Done, too, when it was not there.
  Result<void> TakeThing(const Errand& errand, const LinkThing& thing);
  Result<void> EnableIpv6(const Errand& errand);
  [[nodiscard]] edge::RoutePlace PlaceOf(std::uint32_t metric) const;

  edge::Kernel* kernel_;
  InterfaceIndex index_;
  bool ipv6_can_be_disabled_;
  bool ipv6_prepared_ = false;
  bool known_ = true;
  LinkCondition now_;
  std::optional<edge::Vrf> vrf_;  // that it is in
  std::vector<LinkThing> refused_;
  std::vector<std::string> refused_texts_;
};

}  // namespace sstpgw::gateway
