// The network interface of one session through its life: made under its final name, down and
// without address; configured and set up at activation; taken out of use at the end. Destroying
// and renaming interfaces makes the kernel wait for all its readers (up to 30 ms), so both are left
// to InterfaceCache's thread wherever it is possible.
//
// People know an interface as ppp0 until it is activated and as sstp0 from then on, as they do from
// servers that rename. Renaming costs a worker those milliseconds and the kernel's routing lock
// with them, so here it is given its final name at once.
//
// Undo: an interface that could not be activated as a whole is shut by the caller, which removes
// whatever was done to it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "gateway/edge/kernel.h"
#include "gateway/edge/netlink.h"
#include "gateway/edge/tun_device.h"
#include "gateway/interface_names.h"
#include "proto/base/ip.h"
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
  // The name is the lowest free one of `name_template` ("sstp%d"); where it cannot be had at all,
  // one of "ppp%d" and a warning(). Logs a warning, once per process, where IPv6 cannot be
  // disabled. `names` must outlive it.
  struct Wanted {
    std::string name_template;
    bool super_packets;
    edge::TunOffloads offloads = edge::kAllTunOffloads;  // of super-packets: those worth trying
  };
  static Result<SessionInterface> Create(edge::Kernel& kernel, edge::Netlink& netlink,
                                         InterfaceNames& names, const Wanted& wanted);

  struct Activation {
    Ipv4Address local;
    Ipv4Address peer;
    Mtu mtu;
  };
  // Sets MTU and addresses, link up.
  Result<void> Activate(edge::Netlink& netlink, const Activation& activation);
  // Packets that may wait for the gateway: never less than the usual number, to which it goes back
  // when the session is over. From its activation on, or at once.
  Result<void> SetQueue(edge::Netlink& netlink, edge::TxQueueLength packets);
  // While it is in use.
  Result<void> SetMtu(edge::Netlink& netlink, Mtu mtu);
  // The session is over: takes the addresses away, since they may be given to another one at once;
  // where that fails, at least the route.
  void Shut(edge::Netlink& netlink);

  // ---- Between two sessions

  // Takes it down and throws away the packets that its last session has not read. False: it is not
  // fit for another one, because something failed or somebody else has changed it.
  [[nodiscard]] bool Rest(edge::Kernel& kernel, edge::Netlink& netlink);
  // True if nothing waits in it and it still exists.
  [[nodiscard]] bool Empty(edge::Kernel& kernel);
  // "ppp3" instead of the session's name, which is free then. False: it is not fit for use.
  [[nodiscard]] bool TakeNeutralName(edge::Netlink& netlink);
  // The lowest free name of the template, unless it has one below; if none can be had, it keeps its
  // own and a warning().
  void TakeSessionName(edge::Netlink& netlink, InterfaceNames& names,
                       const std::string& name_template);
  // Where it stands in the order of session names; nothing if it has none.
  [[nodiscard]] const InterfaceNames::Lease& lease() const { return lease_; }

  [[nodiscard]] edge::TunDevice& device() { return device_; }
  [[nodiscard]] InterfaceIndex index() const { return device_.index(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  // What people are told until it is activated, "ppp0".
  [[nodiscard]] std::string provisional_name() const;
  [[nodiscard]] bool super_packets() const { return super_packets_; }
  // Why the name is not one of the template; empty: it is.
  [[nodiscard]] const std::string& warning() const { return warning_; }

 private:
  SessionInterface(InterfaceNames::Lease lease, edge::TunDevice device, bool super_packets);
  [[nodiscard]] bool HasLowestName(const InterfaceNames& names,
                                   const std::string& name_template) const;
  void BeNamed(const std::string& name, InterfaceNames::Lease lease);

  InterfaceNames::Lease lease_;  // above the device: the number is free once the interface is gone
  edge::TunDevice device_;
  std::string name_;
  std::string former_name_;  // the neutral one that it had before, empty: none
  std::string warning_;
  bool super_packets_;
  edge::TxQueueLength queue_;  // of super-packets
  bool sound_ = true;          // everything that was done to it succeeded
  std::optional<std::pair<Ipv4Address, Ipv4Address>> addresses_;
};

}  // namespace sstpgw::gateway
