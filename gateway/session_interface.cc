#include "gateway/session_interface.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "proto/base/log.h"

namespace sstpgw::gateway {
namespace {

constexpr char kTemporaryName[] = "ppp%d";
// While interfaces are destroyed the kernel holds its one lock for all of them over several grace
// periods, and whoever makes, changes or asks for an interface waits; writing to /proc/sys even
// spins. So finished ones are gathered.
constexpr std::chrono::milliseconds kGather{100};

// It is the same for every session, so once per process is enough.
void WarnOnceOfIpv6(const std::string& reason) {
  static std::atomic_flag warned = ATOMIC_FLAG_INIT;
  if (warned.test_and_set()) return;
  Log(LogLevel::kWarning, "IPv6 stays enabled on the interfaces of sessions: " + reason);
}

}  // namespace

Result<SessionInterface> SessionInterface::Create(edge::Kernel& kernel, bool super_packets) {
  SG_ASSIGN_OR_RETURN(edge::TunDevice device,
                      edge::TunDevice::Create(kernel, kTemporaryName, super_packets));
  if (!device.ipv6_left_on().empty()) WarnOnceOfIpv6(device.ipv6_left_on());
  return SessionInterface(std::move(device));
}

SessionInterface::SessionInterface(edge::TunDevice device)
    : device_(std::move(device)), name_(device_.name()) {}

Result<void> SessionInterface::Activate(edge::Netlink& netlink, const Activation& activation,
                                        std::string* warning) {
  const InterfaceIndex index = device_.index();
  auto renamed = netlink.Rename(index, activation.name_template);
  if (renamed) {
    name_ = *renamed;
  } else {
    *warning = "interface keeps its name " + name_ + ": " + renamed.error().message;
  }
  edge::LinkChange change;
  change.index = index;
  change.mtu = activation.mtu;
  change.group = kSessionGroup;
  SG_RETURN_IF_ERROR(netlink.Change(change));
  SG_RETURN_IF_ERROR(netlink.AddAddress(index, activation.local, activation.peer));
  addresses_ = {activation.local, activation.peer};
  return netlink.SetState(index, edge::LinkState::kUp);
}

Result<void> SessionInterface::SetMtu(edge::Netlink& netlink, Mtu mtu) {
  return netlink.SetMtu(device_.index(), mtu);
}

edge::TunDevice SessionInterface::Retire(edge::Netlink& netlink) && {
  const InterfaceIndex index = device_.index();
  // The addresses may be given to the next session before this interface is destroyed. Errors mean
  // that somebody removed the interface already.
  if (addresses_) {
    static_cast<void>(netlink.RemoveAddress(index, addresses_->first, addresses_->second));
  }
  static_cast<void>(netlink.SetGroup(index, kFinishedGroup));
  return std::move(device_);
}

Result<std::unique_ptr<InterfaceReaper>> InterfaceReaper::Create(edge::Kernel& kernel) {
  SG_ASSIGN_OR_RETURN(edge::Netlink netlink, edge::Netlink::Open(kernel));
  for (const edge::LinkGroup group : {kSessionGroup, kFinishedGroup}) {
    const auto deleted = netlink.DeleteGroup(group);
    if (!deleted) {
      Log(LogLevel::kWarning, "interfaces of a former run stay: " + deleted.error().message);
    }
  }
  std::unique_ptr<InterfaceReaper> reaper(new InterfaceReaper(std::move(netlink)));
  InterfaceReaper& self = *reaper;
  reaper->thread_ = std::thread([&self] { self.Run(); });
  return reaper;
}

InterfaceReaper::~InterfaceReaper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void InterfaceReaper::Give(edge::TunDevice device) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(device));
  }
  changed_.notify_one();
}

void InterfaceReaper::Run() {
  while (true) {
    std::vector<edge::TunDevice> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      changed_.wait_for(lock, kGather, [this] { return stopping_; });
      batch.swap(waiting_);
    }
    // One message for all of them; closing the descriptors afterwards is free. If it fails, closing
    // destroys them one by one.
    static_cast<void>(netlink_.DeleteGroup(kFinishedGroup));
    batch.clear();
  }
}

}  // namespace sstpgw::gateway
