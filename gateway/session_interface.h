// The network interface of one session through its life: made as "ppp%d" without address, renamed
// and configured at activation, taken out of use at the end. Destroying an interface costs the
// kernel milliseconds, so that is left to InterfaceReaper's thread.
//
// Undo: an interface that could not be activated as a whole is retired by the caller, which removes
// whatever was done to it.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/edge/kernel.h"
#include "gateway/edge/netlink.h"
#include "gateway/edge/tun_device.h"
#include "proto/base/ip.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::gateway {

// Link groups (visible with `ip link show group N`): interfaces in use, and those to be deleted.
inline constexpr edge::LinkGroup kSessionGroup{21'331};
inline constexpr edge::LinkGroup kFinishedGroup{21'332};

class SessionInterface {
 public:
  // Logs a warning, once per process, where IPv6 cannot be disabled.
  static Result<SessionInterface> Create(edge::Kernel& kernel, bool super_packets);

  struct Activation {
    std::string name_template;  // "sstp%d"
    Ipv4Address local;
    Ipv4Address peer;
    Mtu mtu;
  };
  // Renames, sets MTU and addresses, link up. `warning` is set when the name could not be had and
  // the first one is kept.
  Result<void> Activate(edge::Netlink& netlink, const Activation& activation, std::string* warning);
  // While it is in use.
  Result<void> SetMtu(edge::Netlink& netlink, Mtu mtu);
  // Takes the addresses away and marks the interface as finished; the device goes to the reaper.
  edge::TunDevice Retire(edge::Netlink& netlink) &&;

  [[nodiscard]] edge::TunDevice& device() { return device_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  explicit SessionInterface(edge::TunDevice device);
  edge::TunDevice device_;
  std::string name_;
  std::optional<std::pair<Ipv4Address, Ipv4Address>> addresses_;
};

// Destroys retired interfaces on a thread of its own, as many at once as are waiting.
class InterfaceReaper {
 public:
  // Deletes what a predecessor left behind. The error says why there can be no interfaces.
  static Result<std::unique_ptr<InterfaceReaper>> Create(edge::Kernel& kernel);
  // Waits until everything given is gone.
  ~InterfaceReaper();
  InterfaceReaper(const InterfaceReaper&) = delete;
  InterfaceReaper& operator=(const InterfaceReaper&) = delete;

  // Any thread.
  void Give(edge::TunDevice device);

 private:
  explicit InterfaceReaper(edge::Netlink netlink) : netlink_(std::move(netlink)) {}
  void Run();

  edge::Netlink netlink_;  // the reaper's thread only, once it runs
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<edge::TunDevice> waiting_;  // guarded by mutex_
  bool stopping_ = false;                 // guarded by mutex_
  std::thread thread_;
};

}  // namespace sstpgw::gateway
