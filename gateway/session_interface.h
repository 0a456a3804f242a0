// The network interface of one session through its life: made under its final name, down and
// without address; configured and set up at activation; taken out of use at the end. Destroying
// and renaming interfaces makes the kernel wait for all its readers (up to 30 ms), so both are left
// to InterfaceCache's thread wherever it is possible.
//
// People know an interface as ppp0 until it is activated and as sstp0 from then on, as they do from
// servers that rename. Renaming costs a worker those milliseconds and the kernel's routing lock
// with them, so here it is given its final name at once, the one that its user is to have, if any,
// or one of the template.
//
// Undo: what of an activation or a change was done before something failed is undone.
#pragma once

#include <string>
#include <vector>

#include "gateway/edge/kernel.h"
#include "gateway/edge/netlink.h"
#include "gateway/edge/tun_device.h"
#include "gateway/fsm/link_plan.h"
#include "gateway/interface_names.h"
#include "gateway/link_state.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::gateway {

// Link groups (visible with `ip link show group N`): interfaces in use, those to be deleted, and
// those kept for reuse.
inline constexpr edge::LinkGroup kSessionGroup{21'331};
inline constexpr edge::LinkGroup kFinishedGroup{21'332};
inline constexpr edge::LinkGroup kCachedGroup{21'333};

class SessionInterface {
 public:
  // The name is `name`, or with "%d" in it the lowest free one of those; where that is none, not
  // valid or in use (then with a warning()), the lowest free one of `name_template` ("sstp%d");
  // where this cannot be had either, one of "ppp%d" and a warning(). Logs a warning, once per
  // process, where IPv6 cannot be disabled. `names` must outlive it.
  struct Wanted {
    std::string name_template;
    bool super_packets;
    edge::TunOffloads offloads = edge::kAllTunOffloads;  // of super-packets: those worth trying
    std::string name = {};
  };
  static Result<SessionInterface> Create(edge::Kernel& kernel, edge::Netlink& netlink,
                                         InterfaceNames& names, const Wanted& wanted);

  struct Activation {
    fsm::LinkPlan plan;
    Mtu mtu;
  };
  // Everything of the plan but its name; link up. Routes that the kernel refuses are left out, see
  // refused_routes(). IPv6 needs an MTU of 1280. Errors: "VRF 'BLUE' does not exist" and others.
  Result<void> Activate(edge::Netlink& netlink, const Activation& activation);
  // While it is in use: from the plan in force to this one, whose name does not count. After an
  // error the former one is in force.
  Result<void> Change(edge::Netlink& netlink, const fsm::LinkPlan& plan,
                      LinkState::OnRefusedRoute on_refused = LinkState::OnRefusedRoute::kFail);
  // Why routes of its plan are not in force, one text each.
  [[nodiscard]] const std::vector<std::string>& refused_routes() const { return link_.refused(); }
  // Packets that may wait for the gateway: never less than the usual number, to which it goes back
  // when the session is over. From its activation on, or at once.
  Result<void> SetQueue(edge::Netlink& netlink, edge::TxQueueLength packets);
  // While it is in use. Not below 1280 if it has IPv6.
  Result<void> SetMtu(edge::Netlink& netlink, Mtu mtu);
  // The session is over: takes addresses, routes and IPv6 away, since they may be given to another
  // one at once; where that fails, at least the routes. It leaves its VRF when it is put to rest.
  void Shut(edge::Netlink& netlink);

  // ---- Between two sessions

  // Takes it down and throws away the packets that its last session has not read. False: it is not
  // fit for another one, because something failed or somebody else has changed it.
  [[nodiscard]] bool Rest(edge::Kernel& kernel, edge::Netlink& netlink);
  // True if nothing waits in it and it still exists.
  [[nodiscard]] bool Empty(edge::Kernel& kernel);
  // While it is down: the name that its session's user is to have, as in Wanted. It keeps its own
  // after an error (kInvalidArgument, kAlreadyExists or what the kernel says).
  Result<std::string> TakeFinalName(edge::Netlink& netlink, InterfaceNames& names,
                                    const std::string& wanted);
  // "ppp3" instead of the session's name, which is free then. False: it is not fit for use.
  [[nodiscard]] bool TakeNeutralName(edge::Netlink& netlink);
  // `wanted` as above, if it is not empty; otherwise, or if it cannot be had (then with a
  // warning()), the lowest free name of the template, unless it has one below; if none can be had,
  // it keeps its own and a warning().
  void TakeSessionName(edge::Netlink& netlink, InterfaceNames& names,
                       const std::string& name_template, const std::string& wanted = {});
  // Where it stands in the order of session names; nothing if it has none.
  [[nodiscard]] const InterfaceNames::Lease& lease() const { return lease_; }

  [[nodiscard]] edge::TunDevice& device() { return device_; }
  [[nodiscard]] InterfaceIndex index() const { return device_.index(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  // A name that is not one of many: its session's user is to have it.
  [[nodiscard]] bool HasOwnName() const;
  // What people are told until it is activated, "ppp0".
  [[nodiscard]] std::string provisional_name() const;
  [[nodiscard]] bool super_packets() const { return super_packets_; }
  // Why the name is not the one that was wanted, or one of the template; empty: it is.
  [[nodiscard]] const std::string& warning() const { return warning_; }

 private:
  SessionInterface(edge::Kernel& kernel, InterfaceNames::Lease lease, edge::TunDevice device,
                   bool super_packets);
  Result<void> TakeNameOf(edge::Netlink& netlink, InterfaceNames& names,
                          const std::string& name_template);
  Result<void> TakeExactName(edge::Netlink& netlink, InterfaceNames& names,
                             const std::string& name);
  void FollowMtu(Mtu mtu);
  [[nodiscard]] Result<void> CheckMtuForIpv6(const fsm::LinkPlan& plan, Mtu mtu) const;
  [[nodiscard]] bool HasLowestName(const InterfaceNames& names,
                                   const std::string& name_template) const;
  void BeNamed(const std::string& name, InterfaceNames::Lease lease);

  InterfaceNames::Lease lease_;  // above the device: the number is free once the interface is gone
  edge::TunDevice device_;
  std::string name_;
  std::string former_name_;  // the neutral one that it had before, empty: none
  std::string warning_;
  std::uint32_t people_number_ = 0;  // of the provisional name of one that has a name of its own
  bool super_packets_;
  edge::TxQueueLength queue_;  // of super-packets
  bool sound_ = true;          // everything that was done to it succeeded
  Mtu mtu_;                    // that was set last
  bool ipv6_lost_ = false;     // the kernel has thrown its IPv6 half away: the MTU is too small
  edge::Kernel* kernel_;
  LinkState link_;
};

}  // namespace sstpgw::gateway
