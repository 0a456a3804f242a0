#include "gateway/interface_cache.h"

#include <algorithm>
#include <iterator>

#include "proto/base/log.h"

namespace sstpgw::gateway {
namespace {

// While interfaces are destroyed the kernel holds its one lock for all of them, for several grace
// periods and 0.2 ms for each, and whoever makes, changes or asks for an interface waits; writing
// to /proc/sys even spins. So they are gathered, but not without end.
constexpr std::chrono::milliseconds kGather{100};
constexpr std::size_t kDestroyedAtOnce = 128;
// Between two renamings there are this many times as long as the last one took.
constexpr int kRenamePause = 4;
// So many more than there are may be remembered as idle.
constexpr std::size_t kIdleSlack = 64;

// What is worth trying with every interface. What could not be found out is.
edge::TunOffloads FindOffloads(edge::Kernel& kernel) {
  const auto found = edge::ProbeTunOffloads(kernel);
  if (!found) {
    Log(LogLevel::kWarning, "no interface can be made for sessions now: " + found.error().message);
    return edge::kAllTunOffloads;
  }
  Log(LogLevel::kInfo, found->udp   ? "super-packets: TCP and UDP"
                       : found->tcp ? "super-packets: TCP only; UDP needs Linux 6.2"
                                    : "super-packets: none, this kernel's TUN does not have them");
  return *found;
}

TimePoint Now() { return std::chrono::steady_clock::now(); }

}  // namespace

Result<std::unique_ptr<InterfaceCache>> InterfaceCache::Create(edge::Kernel& kernel,
                                                               const Options& options) {
  SG_ASSIGN_OR_RETURN(edge::Netlink netlink, edge::Netlink::Open(kernel));
  for (const edge::LinkGroup group : {kSessionGroup, kFinishedGroup, kCachedGroup}) {
    const auto deleted = netlink.DeleteGroup(group);
    if (!deleted) {
      Log(LogLevel::kWarning, "interfaces of a former run stay: " + deleted.error().message);
    }
  }
  std::unique_ptr<InterfaceCache> cache(
      new InterfaceCache(kernel, std::move(netlink), FindOffloads(kernel), options));
  InterfaceCache& self = *cache;
  cache->thread_ = std::thread([&self] { self.Run(); });
  return cache;
}

InterfaceCache::InterfaceCache(edge::Kernel& kernel, edge::Netlink netlink,
                               const edge::TunOffloads& offloads, const Options& options)
    : kernel_(kernel),
      options_(options),
      offloads_(offloads),
      names_(options.foreign_name_blocked),
      netlink_(std::move(netlink)) {}

InterfaceCache::~InterfaceCache() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// ---- Sessions
// ----------------------------------------------------------------------------------

void InterfaceCache::Configure(std::uint32_t capacity, bool super_packets) {
  {
    const std::lock_guard lock(mutex_);
    capacity_ = capacity;
    if (super_packets != super_packets_) {
      super_packets_ = super_packets;
      // None of them can be used again; that they do not fit is found when they are settled.
      Interfaces all = TakeAll();
      std::move(all.begin(), all.end(), std::back_inserter(finished_));
    }
  }
  changed_.notify_one();
}

Result<SessionInterface> InterfaceCache::Take(edge::Netlink& netlink,
                                              const std::string& name_template, bool super_packets,
                                              const std::string& name) {
  names_.Unblock(Now());
  while (true) {
    std::optional<SessionInterface> kept;
    {
      const std::lock_guard lock(mutex_);
      kept = TakeKept(name, name_template, super_packets);
      if (!kept) break;
    }
    // Somebody may have deleted it, or set it up by hand so that packets went in: not for a
    // session.
    if (!kept->Empty(kernel_)) {
      Give(netlink, std::move(*kept));
      continue;
    }
    kept->TakeSessionName(netlink, names_, name_template, name);
    const std::lock_guard lock(mutex_);
    ++figures_.reused;
    return std::move(*kept);
  }
  SG_ASSIGN_OR_RETURN(SessionInterface made,
                      SessionInterface::Create(kernel_, netlink, names_,
                                               {name_template, super_packets, offloads_, name}));
  const std::lock_guard lock(mutex_);
  ++figures_.created;
  return made;
}

// One that needs no other name, if there is one.
std::optional<SessionInterface> InterfaceCache::TakeKept(const std::string& name,
                                                         const std::string& name_template,
                                                         bool super_packets) {
  if (super_packets != super_packets_ || KeptCount() == 0) return std::nullopt;
  auto named = FindKept(name.empty() ? name_template : name);
  if (named == named_.end() && !neutral_.empty()) {
    SessionInterface taken = std::move(neutral_.back());
    neutral_.pop_back();
    return taken;
  }
  if (named == named_.end()) named = named_.lower_bound({name_template, 0});
  if (named == named_.end()) named = named_.begin();
  return std::move(named_.extract(named).mapped().interface);
}

// Whose name need not be changed.
InterfaceCache::Named::iterator InterfaceCache::FindKept(const std::string& name_template) {
  const auto named = named_.lower_bound({name_template, 0});
  const bool fits = named != named_.end() && named->first.first == name_template &&
                    named->first.second < names_.Lowest(name_template);
  return fits ? named : named_.end();
}

void InterfaceCache::Give(edge::Netlink& netlink, SessionInterface interface) {
  interface.Shut(netlink);
  {
    const std::lock_guard lock(mutex_);
    finished_.push_back(std::move(interface));
  }
  changed_.notify_one();
}

InterfaceFigures InterfaceCache::figures() const {
  const std::lock_guard lock(mutex_);
  InterfaceFigures figures = figures_;
  figures.kept = KeptCount();
  return figures;
}

// ---- The thread
// --------------------------------------------------------------------------------

void InterfaceCache::Run() {
  std::unique_lock lock(mutex_);
  const auto has_work = [this] {
    return stopping_ || !finished_.empty() || KeptCount() > capacity_;
  };
  while (true) {
    const std::optional<TimePoint> neutral = NextNeutral();
    const TimePoint destroy = doomed_.empty() ? TimePoint::max() : doomed_since_ + kGather;
    const TimePoint wake = std::min(destroy, neutral.value_or(TimePoint::max()));
    if (wake == TimePoint::max()) {
      changed_.wait(lock, has_work);
    } else {
      changed_.wait_until(lock, wake, has_work);
    }
    if (stopping_) break;
    const TimePoint now = Now();
    if (!finished_.empty()) {
      Settle(lock);
    } else if (KeptCount() > capacity_) {
      Doom(TakeSurplus());
    } else if (now >= destroy) {
      Destroy(lock);
    } else if (neutral && now >= *neutral) {
      MakeNeutral(lock);
    }
  }
  Doom(TakeAll());
  Doom(std::exchange(finished_, {}));
  Destroy(lock);
}

void InterfaceCache::Doom(Interfaces interfaces) {
  if (interfaces.empty()) return;
  if (doomed_.empty()) doomed_since_ = Now();
  const bool hurry = std::any_of(interfaces.begin(), interfaces.end(),
                                 [](const auto& interface) { return interface.HasOwnName(); });
  if (hurry) doomed_since_ = TimePoint{};
  std::move(interfaces.begin(), interfaces.end(), std::back_inserter(doomed_));
}

// What there is room for is kept, the lowest numbers first: the next session needs the lowest.
void InterfaceCache::Settle(std::unique_lock<std::mutex>& lock) {
  Interfaces given = std::exchange(finished_, {});
  std::stable_sort(given.begin(), given.end(), [](const auto& a, const auto& b) {
    if (!a.lease() || !b.lease()) return bool(a.lease()) && !b.lease();
    return a.lease().number() < b.lease().number();
  });
  Interfaces doomed;
  for (SessionInterface& interface : given) {
    bool keep = !stopping_ && HasRoomFor(interface);
    if (keep) {
      lock.unlock();
      keep = interface.Rest(kernel_, netlink_);
      lock.lock();
      keep = keep && HasRoomFor(interface);  // settings may have changed meanwhile
    }
    if (keep) {
      Keep(std::move(interface), doomed);
    } else {
      doomed.push_back(std::move(interface));
    }
  }
  Doom(std::move(doomed));
}

bool InterfaceCache::HasRoomFor(const SessionInterface& interface) const {
  if (capacity_ == 0 || interface.super_packets() != super_packets_) return false;
  if (KeptCount() < capacity_) return true;
  // In the place of one that the next session would have to rename.
  const InterfaceNames::Lease& lease = interface.lease();
  return lease && !named_.empty() && KeptCount() == capacity_ &&
         named_.rbegin()->first.first == lease.name_template() &&
         named_.rbegin()->first.second > lease.number();
}

void InterfaceCache::Keep(SessionInterface interface, Interfaces& displaced) {
  if (KeptCount() >= capacity_) {
    displaced.push_back(std::move(named_.extract(std::prev(named_.end())).mapped().interface));
  }
  if (!interface.lease()) {
    neutral_.push_back(std::move(interface));
    return;
  }
  Key key{interface.lease().name_template(), interface.lease().number()};
  const TimePoint now = Now();
  // Of those that were used again, only the ones at the front go by themselves.
  if (idle_.size() > 2 * named_.size() + kIdleSlack) {
    std::erase_if(idle_,
                  [this](const auto& idle) { return !IsIdleSince(idle.first, idle.second); });
  }
  idle_.emplace_back(key, now);
  named_.emplace(std::move(key), Kept{std::move(interface), now});
}

InterfaceCache::Interfaces InterfaceCache::TakeSurplus() {
  Interfaces surplus;
  while (KeptCount() > capacity_ && !neutral_.empty()) {
    surplus.push_back(std::move(neutral_.back()));
    neutral_.pop_back();
  }
  while (KeptCount() > capacity_) {
    surplus.push_back(std::move(named_.extract(std::prev(named_.end())).mapped().interface));
  }
  return surplus;
}

InterfaceCache::Interfaces InterfaceCache::TakeAll() {
  Interfaces all = std::exchange(neutral_, {});
  for (auto& entry : named_) all.push_back(std::move(entry.second.interface));
  named_.clear();
  idle_.clear();
  return all;
}

// Nobody waits for the kernel's lock when the gateway ends: then all go at once. Otherwise as many
// as may; the rest has its turn after what has come up meanwhile.
void InterfaceCache::Destroy(std::unique_lock<std::mutex>& lock) {
  const std::size_t count = stopping_ ? doomed_.size() : std::min(kDestroyedAtOnce, doomed_.size());
  if (count == 0) return;
  lock.unlock();
  const auto begin = doomed_.end() - static_cast<std::ptrdiff_t>(count);
  for (auto interface = begin; interface != doomed_.end(); ++interface) {
    static_cast<void>(netlink_.SetGroup(interface->index(), kFinishedGroup));
  }
  // Closing the descriptors afterwards is free. What could not be deleted goes with its descriptor,
  // at a higher price.
  static_cast<void>(netlink_.DeleteGroup(kFinishedGroup));
  doomed_.erase(begin, doomed_.end());
  lock.lock();
  figures_.destroyed += count;
}

// ---- Neutral names
// -----------------------------------------------------------------------------

bool InterfaceCache::IsIdleSince(const Key& key, TimePoint since) const {
  const auto named = named_.find(key);
  return named != named_.end() && named->second.since == since;
}

bool InterfaceCache::RenamingIsSlow() const {
  return !one_was_quick_ && renamings_ >= options_.measured_renamings;
}

// When the one that has been idle for longest is to be renamed.
std::optional<TimePoint> InterfaceCache::NextNeutral() {
  if (RenamingIsSlow()) idle_.clear();
  while (!idle_.empty()) {
    const auto& [key, since] = idle_.front();
    if (IsIdleSince(key, since)) {
      return std::max(since + options_.idle_before_neutral, next_neutral_);
    }
    idle_.pop_front();  // in use again, or gone
  }
  return std::nullopt;
}

void InterfaceCache::MakeNeutral(std::unique_lock<std::mutex>& lock) {
  if (!NextNeutral()) return;
  SessionInterface interface = std::move(named_.extract(idle_.front().first).mapped().interface);
  idle_.pop_front();
  lock.unlock();
  const TimePoint begin = Now();
  const bool done = interface.TakeNeutralName(netlink_);
  const TimePoint end = Now();
  lock.lock();
  if (done) {
    ++renamings_;
    one_was_quick_ = one_was_quick_ || end - begin < options_.slow_renaming;
  }
  next_neutral_ = end + kRenamePause * (end - begin);
  if (done && KeptCount() < capacity_ && interface.super_packets() == super_packets_) {
    neutral_.push_back(std::move(interface));
  } else {
    finished_.push_back(std::move(interface));
  }
}

}  // namespace sstpgw::gateway
