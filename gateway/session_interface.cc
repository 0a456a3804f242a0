#include "gateway/session_interface.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>

#include "gateway/edge/link_address.h"
#include "proto/base/log.h"

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

edge::TunOffloads OffloadsOf(const SessionInterface::Wanted& wanted) {
  return wanted.super_packets ? wanted.offloads : edge::TunOffloads{};
}

struct NamedDevice {
  InterfaceNames::Lease lease;
  edge::TunDevice device;
};

// Under a name of the template.
Result<NamedDevice> MakeNamed(edge::Kernel& kernel, InterfaceNames& names,
                              const SessionInterface::Wanted& wanted) {
  for (int i = 0; i < kNameTries; ++i) {
    InterfaceNames::Lease lease = names.Take(wanted.name_template);
    auto device = edge::TunDevice::Create(kernel, lease.Name(), OffloadsOf(wanted));
    if (device) return NamedDevice{std::move(lease), std::move(*device)};
    // Not because of the name, unless there is an interface that has it.
    if (!edge::HasIpv4Address(kernel, lease.Name()).has_value()) break;
    names.Block(std::move(lease), Now());
  }
  SG_ASSIGN_OR_RETURN(edge::TunDevice device,
                      edge::TunDevice::Create(kernel, wanted.name_template, OffloadsOf(wanted)));
  InterfaceNames::Lease lease = names.TakeNamed(wanted.name_template, device.name());
  return NamedDevice{std::move(lease), std::move(device)};
}

}  // namespace

Result<SessionInterface> SessionInterface::Create(edge::Kernel& kernel, edge::Netlink& netlink,
                                                  InterfaceNames& names, const Wanted& wanted) {
  InterfaceNames::Lease lease;
  std::string warning;
  auto device = [&]() -> Result<edge::TunDevice> {
    SG_ASSIGN_OR_RETURN(NamedDevice named, MakeNamed(kernel, names, wanted));
    lease = std::move(named.lease);
    return std::move(named.device);
  }();
  if (!device) {
    const Error error = device.error();
    device = edge::TunDevice::Create(kernel, kNeutralTemplate, OffloadsOf(wanted));
    if (!device) return Fail(device.error());
    warning = KeepsName(device->name(), error);
  }
  if (!device->ipv6_left_on().empty()) WarnOnceOfIpv6(device->ipv6_left_on());
  // For a successor, should this process die. An error shows again when it is activated.
  static_cast<void>(netlink.SetGroup(device->index(), kSessionGroup));
  SessionInterface interface(std::move(lease), std::move(*device), wanted.super_packets);
  interface.warning_ = std::move(warning);
  return interface;
}

SessionInterface::SessionInterface(InterfaceNames::Lease lease, edge::TunDevice device,
                                   bool super_packets)
    : lease_(std::move(lease)),
      device_(std::move(device)),
      name_(device_.name()),
      super_packets_(super_packets),
      queue_(kSuperPackets) {}

Result<void> SessionInterface::Activate(edge::Netlink& netlink, const Activation& activation) {
  const InterfaceIndex index = device_.index();
  edge::LinkChange change;
  change.index = index;
  change.mtu = activation.mtu;
  if (super_packets_) change.tx_queue_length = queue_;
  change.group = kSessionGroup;
  sound_ = false;
  SG_RETURN_IF_ERROR(netlink.Change(change));
  SG_RETURN_IF_ERROR(netlink.AddAddress(index, activation.local, activation.peer));
  addresses_ = {activation.local, activation.peer};
  SG_RETURN_IF_ERROR(netlink.SetState(index, edge::LinkState::kUp));
  sound_ = true;
  return {};
}

Result<void> SessionInterface::SetQueue(edge::Netlink& netlink, edge::TxQueueLength packets) {
  const edge::TxQueueLength wanted = std::max(packets, kSuperPackets);
  if (wanted == queue_ || !super_packets_) return {};
  queue_ = wanted;
  return addresses_ ? netlink.SetTxQueueLength(device_.index(), queue_) : Result<void>{};
}

Result<void> SessionInterface::SetMtu(edge::Netlink& netlink, Mtu mtu) {
  return netlink.SetMtu(device_.index(), mtu);
}

void SessionInterface::Shut(edge::Netlink& netlink) {
  queue_ = kSuperPackets;
  if (!addresses_) return;
  const auto removed =
      netlink.RemoveAddress(device_.index(), addresses_->first, addresses_->second);
  addresses_.reset();
  if (removed) return;
  sound_ = false;
  // Somebody has removed the address or the interface already.
  if (removed.error().code == ErrorCode::kNotFound) return;
  // The address stays then, but no route to the peer: that belongs to the next session.
  static_cast<void>(netlink.SetState(device_.index(), edge::LinkState::kDown));
}

// ---- Between two sessions
// ----------------------------------------------------------------------

// When the kernel has taken a link down, nothing is on its way into the device any more: the queue
// before it was emptied and all who were just sending have been waited for. So what is read until
// there is nothing is all that there is of the last session.
bool SessionInterface::Rest(edge::Kernel& kernel, edge::Netlink& netlink) {
  if (!sound_) return false;
  former_name_.clear();
  edge::LinkChange change;
  change.index = device_.index();
  change.state = edge::LinkState::kDown;
  change.group = kCachedGroup;
  if (!netlink.Change(change) || !Drain(kernel, device_.fd())) return false;
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
      netlink.Rename(index, InterfaceNames::Format(kNeutralTemplate, lease_ ? lease_.number() : 0));
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
                                       const std::string& name_template) {
  const InterfaceIndex index = device_.index();
  for (int i = 0; i < kNameTries; ++i) {
    if (HasLowestName(names, name_template)) return warning_.clear();
    InterfaceNames::Lease lease = names.Take(name_template);
    const auto renamed = netlink.Rename(index, lease.Name());
    if (renamed) return BeNamed(*renamed, std::move(lease));
    if (renamed.error().code != ErrorCode::kAlreadyExists) break;
    names.Block(std::move(lease), Now());
  }
  const auto renamed = netlink.Rename(index, name_template);
  if (renamed) return BeNamed(*renamed, names.TakeNamed(name_template, *renamed));
  warning_ = KeepsName(name_, renamed.error());
}

bool SessionInterface::HasLowestName(const InterfaceNames& names,
                                     const std::string& name_template) const {
  return lease_ && lease_.name_template() == name_template &&
         lease_.number() < names.Lowest(name_template);
}

void SessionInterface::BeNamed(const std::string& name, InterfaceNames::Lease lease) {
  if (!lease_) former_name_ = name_;
  name_ = name;
  warning_.clear();
  lease_ = std::move(lease);
}

std::string SessionInterface::provisional_name() const {
  if (!former_name_.empty()) return former_name_;
  return lease_ ? InterfaceNames::Format(kNeutralTemplate, lease_.number()) : name_;
}

}  // namespace sstpgw::gateway
