#include "gateway/session_interface.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <optional>

#include "gateway/edge/link_address.h"
#include "gateway/edge/sysctl.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

namespace sstpgw::gateway {
namespace {

constexpr char kNeutralTemplate[] = "ppp%d";
// The queue to the gateway counts packets, and super-packets are up to 64 KiB: the kernel's 500 of
// them would be a second at 250 Mbit/s. Measured with four bulk flows: a ping waits 22 to 33 ms
// behind 500, 3 to 4 ms behind 64, with the same throughput. Twice that leaves room for small ones.
constexpr edge::TxQueueLength kSuperPackets{128};
// More packets than a TUN's ring can hold by far.
constexpr int kMaxStalePackets = 1'000'000;

// So many names of somebody else are passed over; then the kernel chooses among all there are.
constexpr int kNameTries = 8;

TimePoint Now() { return std::chrono::steady_clock::now(); }

// It is the same for every session, so once per process is enough.
void WarnOnceOfIpv6(const std::string& reason) {
  static std::atomic_flag warned = ATOMIC_FLAG_INIT;
  if (warned.test_and_set()) return;
  Log(LogLevel::kWarning, "IPv6 stays enabled on the interfaces of sessions: " + reason);
}

// Throws away what waits to be read. False: the interface is gone, or it does not end.
bool Drain(edge::Kernel& kernel, int fd) {
  std::array<std::uint8_t, 64> start{};  // the rest of a packet is thrown away by the kernel
  for (int i = 0; i < kMaxStalePackets; ++i) {
    const auto length = kernel.Read(fd, start);
    if (!length) return length.error().value() == EAGAIN;
  }
  return false;
}

// RFC 8200 5. Below it the kernel has no IPv6 on a link at all.
constexpr std::uint16_t kIpv6MinMtu = 1280;

// An operator's VRF, filters, shaping, words: meant for the session that it was, or for one name.
// An error counts as such.
bool IsTouched(edge::Netlink& netlink, InterfaceIndex index) {
  const auto facts = netlink.Query(index);
  if (!facts || facts->master != 0 || !facts->alias.empty() || facts->promiscuous ||
      facts->has_xdp || facts->has_other_names) {
    return true;
  }
  for (const auto place : {edge::QdiscPlace::kRoot, edge::QdiscPlace::kIngress}) {
    if (netlink.HasQdisc(index, place).value_or(true)) return true;
  }
  return false;
}

std::string KeepsName(const std::string& name, const Error& error) {
  return "interface keeps its name " + name + ": " + error.message;
}

// Its VRF is not there: nothing was done to the interface.
bool IsOfVrf(const fsm::LinkPlan& plan, const Error& error) {
  return !plan.vrf.empty() &&
         (error.code == ErrorCode::kNotFound || error.code == ErrorCode::kInvalidArgument);
}

edge::TunOffloads OffloadsOf(const SessionInterface::Wanted& wanted) {
  return wanted.super_packets ? wanted.offloads : edge::TunOffloads{};
}

struct NamedDevice {
  InterfaceNames::Lease lease;
  edge::TunDevice device;
};

Error InUse(const std::string& name) {
  return {ErrorCode::kAlreadyExists, "interface name '" + Escape(name) + "' is in use"};
}

Result<void> CheckName(const std::string& name) {
  if (InterfaceNames::IsUsable(name)) return {};
  return Fail(Error{ErrorCode::kInvalidArgument, "interface name '" + Escape(name) +
                                                     "' has more than 15 characters, or others "
                                                     "than interfaces may have"});
}

// The one of this name.
Result<NamedDevice> MakeExact(edge::Kernel& kernel, InterfaceNames& names, const std::string& name,
                              const edge::TunOffloads& offloads) {
  InterfaceNames::Lease lease = names.Take(name);
  if (lease.number() != 0) return Fail(InUse(name));
  SG_ASSIGN_OR_RETURN(edge::TunDevice device, edge::TunDevice::Create(kernel, name, offloads));
  return NamedDevice{std::move(lease), std::move(device)};
}

// Under a name of the template.
Result<NamedDevice> MakeNamed(edge::Kernel& kernel, InterfaceNames& names,
                              const std::string& name_template, const edge::TunOffloads& offloads) {
  for (int i = 0; i < kNameTries; ++i) {
    InterfaceNames::Lease lease = names.Take(name_template);
    auto device = edge::TunDevice::Create(kernel, lease.Name(), offloads);
    if (device) return NamedDevice{std::move(lease), std::move(*device)};
    // Not because of the name, unless there is an interface that has it.
    if (!edge::HasIpv4Address(kernel, lease.Name()).has_value()) break;
    names.Block(std::move(lease), Now());
  }
  SG_ASSIGN_OR_RETURN(edge::TunDevice device,
                      edge::TunDevice::Create(kernel, name_template, offloads));
  InterfaceNames::Lease lease = names.TakeNamed(name_template, device.name());
  return NamedDevice{std::move(lease), std::move(device)};
}

Result<NamedDevice> MakeWanted(edge::Kernel& kernel, InterfaceNames& names,
                               const SessionInterface::Wanted& wanted) {
  SG_RETURN_IF_ERROR(CheckName(wanted.name));
  if (!InterfaceNames::IsExact(wanted.name)) {
    return MakeNamed(kernel, names, wanted.name, OffloadsOf(wanted));
  }
  return MakeExact(kernel, names, wanted.name, OffloadsOf(wanted));
}

// The best that can be had, and why it is not better.
struct Made {
  NamedDevice named;
  std::optional<Error> obstacle;
};
Result<Made> Make(edge::Kernel& kernel, InterfaceNames& names,
                  const SessionInterface::Wanted& wanted) {
  std::optional<Error> obstacle;
  if (!wanted.name.empty()) {
    auto named = MakeWanted(kernel, names, wanted);
    if (named) return Made{std::move(*named), std::nullopt};
    obstacle = named.error();
  }
  auto named = MakeNamed(kernel, names, wanted.name_template, OffloadsOf(wanted));
  if (named) return Made{std::move(*named), std::move(obstacle)};
  if (!obstacle) obstacle = named.error();
  SG_ASSIGN_OR_RETURN(edge::TunDevice device,
                      edge::TunDevice::Create(kernel, kNeutralTemplate, OffloadsOf(wanted)));
  return Made{{InterfaceNames::Lease(), std::move(device)}, std::move(obstacle)};
}

}  // namespace

Result<SessionInterface> SessionInterface::Create(edge::Kernel& kernel, edge::Netlink& netlink,
                                                  InterfaceNames& names, const Wanted& wanted) {
  SG_ASSIGN_OR_RETURN(Made made, Make(kernel, names, wanted));
  edge::TunDevice& device = made.named.device;
  if (!device.ipv6_left_on().empty()) WarnOnceOfIpv6(device.ipv6_left_on());
  // For a successor, should this process die. An error shows again when it is activated.
  static_cast<void>(netlink.SetGroup(device.index(), kSessionGroup));
  SessionInterface interface(kernel, std::move(made.named.lease), std::move(device),
                             wanted.super_packets);
  if (made.obstacle) interface.warning_ = KeepsName(interface.name_, *made.obstacle);
  interface.people_number_ =
      interface.HasOwnName() ? names.Lowest(wanted.name_template) : interface.lease_.number();
  return interface;
}

SessionInterface::SessionInterface(edge::Kernel& kernel, InterfaceNames::Lease lease,
                                   edge::TunDevice device, bool super_packets)
    : lease_(std::move(lease)),
      device_(std::move(device)),
      name_(device_.name()),
      super_packets_(super_packets),
      queue_(kSuperPackets),
      kernel_(&kernel),
      link_(kernel, device_.index(), device_.ipv6_left_on().empty()) {}

Result<void> SessionInterface::Activate(edge::Netlink& netlink, const Activation& activation) {
  SG_RETURN_IF_ERROR(CheckMtuForIpv6(activation.plan, activation.mtu));
  edge::LinkChange change;
  change.index = device_.index();
  change.mtu = activation.mtu;
  if (super_packets_) change.tx_queue_length = queue_;
  change.group = kSessionGroup;
  sound_ = false;
  SG_RETURN_IF_ERROR(netlink.Change(change));
  FollowMtu(activation.mtu);
  auto brought = link_.Bring(netlink, name_, activation.plan);
  sound_ = brought.has_value() || IsOfVrf(activation.plan, brought.error());
  return brought;
}

Result<void> SessionInterface::Change(edge::Netlink& netlink, const fsm::LinkPlan& plan,
                                      LinkState::OnRefusedRoute on_refused) {
  if (!link_.up()) return Fail(Error{ErrorCode::kInternal, "the interface is not in use"});
  SG_RETURN_IF_ERROR(CheckMtuForIpv6(plan, mtu_));
  return link_.Change(netlink, name_, plan, on_refused);
}

Result<void> SessionInterface::SetQueue(edge::Netlink& netlink, edge::TxQueueLength packets) {
  const edge::TxQueueLength wanted = std::max(packets, kSuperPackets);
  if (wanted == queue_ || !super_packets_) return {};
  queue_ = wanted;
  return link_.up() ? netlink.SetTxQueueLength(device_.index(), queue_) : Result<void>{};
}

Result<void> SessionInterface::SetMtu(edge::Netlink& netlink, Mtu mtu) {
  SG_RETURN_IF_ERROR(CheckMtuForIpv6(link_.plan(), mtu));
  SG_RETURN_IF_ERROR(netlink.SetMtu(device_.index(), mtu));
  FollowMtu(mtu);
  return {};
}

Result<void> SessionInterface::CheckMtuForIpv6(const fsm::LinkPlan& plan, Mtu mtu) const {
  if (!plan.ipv6 || mtu.value() >= kIpv6MinMtu) return {};
  return Fail(Error{ErrorCode::kInvalidArgument,
                    "IPv6 needs an MTU of 1280, not " + std::to_string(mtu.value())});
}

// With enough room again the kernel starts IPv6 anew, as it does on any new link.
void SessionInterface::FollowMtu(Mtu mtu) {
  mtu_ = mtu;
  const bool too_small = mtu.value() < kIpv6MinMtu;
  if (too_small) link_.ForgetIpv6Settings();
  if (ipv6_lost_ && !too_small) static_cast<void>(edge::DisableIpv6(*kernel_, name_));
  ipv6_lost_ = too_small;
}

void SessionInterface::Shut(edge::Netlink& netlink) {
  queue_ = kSuperPackets;
  link_.Shut(netlink, name_);
}

// ---- Between two sessions
// ----------------------------------------------------------------------

// When the kernel has taken a link down, nothing is on its way into the device any more: the queue
// before it was emptied and all who were just sending have been waited for. So what is read until
// there is nothing is all that there is of the last session.
bool SessionInterface::Rest(edge::Kernel& kernel, edge::Netlink& netlink) {
  if (!sound_ || !link_.known()) return false;
  former_name_.clear();
  edge::LinkChange change;
  change.index = device_.index();
  change.state = edge::LinkState::kDown;
  change.group = kCachedGroup;
  if (!netlink.Change(change) || !link_.LeaveVrf(netlink)) return false;
  if (!Drain(kernel, device_.fd())) return false;
  if (IsTouched(netlink, change.index)) return false;
  // An address that somebody else has put there, or a name, would become the next session's.
  const auto address = edge::HasIpv4Address(kernel, name_);
  return address && !*address;
}

bool SessionInterface::Empty(edge::Kernel& kernel) {
  std::array<std::uint8_t, 64> start{};
  const auto length = kernel.Read(device_.fd(), start);
  return !length && length.error().value() == EAGAIN;
}

bool SessionInterface::TakeNeutralName(edge::Netlink& netlink) {
  const InterfaceIndex index = device_.index();
  auto renamed =
      netlink.Rename(index, InterfaceNames::Format(kNeutralTemplate, lease_ ? people_number_ : 0));
  if (!renamed) renamed = netlink.Rename(index, kNeutralTemplate);
  if (!renamed) {
    sound_ = false;
    return false;
  }
  name_ = *renamed;
  warning_.clear();
  lease_.Release();
  return true;
}

void SessionInterface::TakeSessionName(edge::Netlink& netlink, InterfaceNames& names,
                                       const std::string& name_template,
                                       const std::string& wanted) {
  std::optional<Error> obstacle;
  if (!wanted.empty()) {
    const auto named = TakeFinalName(netlink, names, wanted);
    if (named) return;
    obstacle = named.error();
  }
  const auto named = TakeNameOf(netlink, names, name_template);
  if (!named && !obstacle) obstacle = named.error();
  warning_ = obstacle ? KeepsName(name_, *obstacle) : "";
}

Result<std::string> SessionInterface::TakeFinalName(edge::Netlink& netlink, InterfaceNames& names,
                                                    const std::string& wanted) {
  SG_RETURN_IF_ERROR(CheckName(wanted));
  SG_RETURN_IF_ERROR(InterfaceNames::IsExact(wanted) ? TakeExactName(netlink, names, wanted)
                                                     : TakeNameOf(netlink, names, wanted));
  warning_.clear();
  return name_;
}

Result<void> SessionInterface::TakeExactName(edge::Netlink& netlink, InterfaceNames& names,
                                             const std::string& name) {
  if (lease_ && lease_.name_template() == name) return {};
  InterfaceNames::Lease lease = names.Take(name);
  if (lease.number() != 0) return Fail(InUse(name));
  SG_ASSIGN_OR_RETURN(const std::string renamed, netlink.Rename(device_.index(), name));
  BeNamed(renamed, std::move(lease));
  return {};
}

Result<void> SessionInterface::TakeNameOf(edge::Netlink& netlink, InterfaceNames& names,
                                          const std::string& name_template) {
  const InterfaceIndex index = device_.index();
  for (int i = 0; i < kNameTries; ++i) {
    if (HasLowestName(names, name_template)) return {};
    InterfaceNames::Lease lease = names.Take(name_template);
    const auto renamed = netlink.Rename(index, lease.Name());
    if (renamed) {
      BeNamed(*renamed, std::move(lease));
      return {};
    }
    if (renamed.error().code != ErrorCode::kAlreadyExists) break;
    names.Block(std::move(lease), Now());
  }
  SG_ASSIGN_OR_RETURN(const std::string renamed, netlink.Rename(index, name_template));
  BeNamed(renamed, names.TakeNamed(name_template, renamed));
  return {};
}

bool SessionInterface::HasLowestName(const InterfaceNames& names,
                                     const std::string& name_template) const {
  return lease_ && lease_.name_template() == name_template &&
         lease_.number() < names.Lowest(name_template);
}

void SessionInterface::BeNamed(const std::string& name, InterfaceNames::Lease lease) {
  if (!lease_) former_name_ = name_;
  name_ = name;
  lease_ = std::move(lease);
  if (lease_ && !HasOwnName()) people_number_ = lease_.number();
}

bool SessionInterface::HasOwnName() const {
  return lease_ && InterfaceNames::IsExact(lease_.name_template());
}

std::string SessionInterface::provisional_name() const {
  if (!former_name_.empty()) return former_name_;
  return lease_ ? InterfaceNames::Format(kNeutralTemplate, people_number_) : name_;
}

}  // namespace sstpgw::gateway
