// Interfaces between their sessions. One that a session has ended with is taken down, emptied and
// kept for the next one, as many as the settings allow (ppp-options interface-cache); the others
// are gathered and destroyed in groups, because closing one costs the kernel 20 ms and a group of
// them little more. All of it is done on a thread of its own.
//
// Names: a kept interface has its session's name for a while, so that under steady coming and going
// nothing is renamed at all; then it gets a neutral one ("ppp3"). Renaming makes the kernel wait
// for its readers with the routing lock held, before Linux 6.9 some 20 ms, so it is done to idle
// ones only and for a small part of the time; where the first few are that slow, no more at all,
// since the next session's worker would wait as long for its name. One that is to be destroyed and
// has its user's own name waits for no others, since that user may be back soon.
//
// Threads: Create and the destructor by the owner; everything else by any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
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
#include "gateway/interface_names.h"
#include "gateway/session_interface.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::gateway {

// Totals since the start, except `kept`.
struct InterfaceFigures {
  std::uint64_t created = 0;
  std::uint64_t reused = 0;
  std::uint64_t destroyed = 0;
  std::uint64_t kept = 0;  // now
};

class InterfaceCache {
 public:
  struct Options {
    Duration idle_before_neutral = std::chrono::milliseconds(500);
    // Renaming that takes so long each of the first times is not worth it: before Linux 6.9 it is
    // some 20 ms, later well below one, but any may have had to wait for something else.
    Duration slow_renaming = std::chrono::milliseconds(5);
    int measured_renamings = 8;
    // How long a name that somebody else has is not tried again.
    Duration foreign_name_blocked = std::chrono::minutes(1);
  };

  // Deletes what a predecessor left behind, finds out which super-packets this kernel has and tells
  // the log. The error says why there can be no interfaces.
  static Result<std::unique_ptr<InterfaceCache>> Create(edge::Kernel& kernel,
                                                        const Options& options);
  static Result<std::unique_ptr<InterfaceCache>> Create(edge::Kernel& kernel) {
    return Create(kernel, Options{});
  }
  // Waits until everything given and everything kept is gone. No interface may be out.
  ~InterfaceCache();
  InterfaceCache(const InterfaceCache&) = delete;
  InterfaceCache& operator=(const InterfaceCache&) = delete;

  // How many to keep, and which: only those made for the same use can be used again. The surplus
  // goes. Nothing is kept before the first call.
  void Configure(std::uint32_t capacity, bool super_packets);

  // A kept interface if there is one, else a new one. Down, empty, without address. It has its
  // final name: `name`, as SessionInterface::Wanted has it, or one of the template.
  Result<SessionInterface> Take(edge::Netlink& netlink, const std::string& name_template,
                                bool super_packets, const std::string& name = {});
  // After its session. Takes the addresses away before it returns; packets that the kernel still
  // puts into it are nobody's.
  void Give(edge::Netlink& netlink, SessionInterface interface);

  [[nodiscard]] InterfaceFigures figures() const;

 private:
  using Key = std::pair<std::string, std::uint32_t>;  // template and number
  struct Kept {
    SessionInterface interface;
    TimePoint since;
  };
  using Named = std::map<Key, Kept>;
  using Interfaces = std::vector<SessionInterface>;

  InterfaceCache(edge::Kernel& kernel, edge::Netlink netlink, const edge::TunOffloads& offloads,
                 const Options& options);

  void Run();
  // Those with `lock` are called with it held, and give it up while they work.
  void Settle(std::unique_lock<std::mutex>& lock);
  void Destroy(std::unique_lock<std::mutex>& lock);
  void MakeNeutral(std::unique_lock<std::mutex>& lock);
  void Doom(Interfaces interfaces);
  [[nodiscard]] bool RenamingIsSlow() const;

  // With mutex_ held.
  [[nodiscard]] std::size_t KeptCount() const { return named_.size() + neutral_.size(); }
  [[nodiscard]] bool HasRoomFor(const SessionInterface& interface) const;
  void Keep(SessionInterface interface, Interfaces& displaced);
  Interfaces TakeSurplus();
  Interfaces TakeAll();
  // The names that would be right, the best first.
  std::optional<SessionInterface> TakeKept(const std::string& name,
                                           const std::string& name_template, bool super_packets);
  [[nodiscard]] Named::iterator FindKept(const std::string& name_template);
  [[nodiscard]] std::optional<TimePoint> NextNeutral();
  [[nodiscard]] bool IsIdleSince(const Key& key, TimePoint since) const;

  edge::Kernel& kernel_;
  const Options options_;
  const edge::TunOffloads offloads_;  // worth trying
  InterfaceNames names_;
  // The thread's:
  edge::Netlink netlink_;
  Interfaces doomed_;         // to be destroyed
  TimePoint doomed_since_{};  // when the first of them came
  int renamings_ = 0;
  bool one_was_quick_ = false;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::uint32_t capacity_ = 0;
  bool super_packets_ = true;
  bool stopping_ = false;
  Interfaces finished_;                         // as their sessions left them
  Named named_;                                 // kept under their sessions' names
  Interfaces neutral_;                          // kept under neutral names
  std::deque<std::pair<Key, TimePoint>> idle_;  // when those in named_ came, oldest first
  TimePoint next_neutral_{};                    // not before
  InterfaceFigures figures_;

  std::thread thread_;
};

}  // namespace sstpgw::gateway
