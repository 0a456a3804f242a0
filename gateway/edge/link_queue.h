// The queue of one interface, and changes of it while packets pass.
//
// A change of a limit is one request that the kernel carries out between two packets. A queue of
// another kind takes the place of the old one at once, whose packets are lost (on an interface that
// is up the kernel waits for its readers meanwhile: milliseconds); but htb limits only from the
// second request on, departure times are kept by fq alone, and a new root of the same kind needs
// the old one gone. So whoever must not let a packet pass meanwhile puts a limit in front when told
// to.
//
// Threads: that of the Netlink.
#pragma once

#include <cstdint>
#include <functional>

#include "gateway/edge/netlink.h"
#include "gateway/edge/qdisc_message.h"
#include "proto/base/error.h"
#include "proto/base/result.h"

namespace sstpgw::edge {

class LinkQueue {
 public:
  explicit LinkQueue(InterfaceIndex index) : index_(index) {}

  // Puts a limit in front of the queue.
  using Guard = std::function<Result<void>()>;
  // `guard` is called before a root is made, the old one again as well: until this returns, the
  // queue may limit nothing. If it fails, nothing is made. kNotFound: the kernel does not have the
  // kind, or the interface is gone. After an error the queue is as it was, or a new one like it; if
  // even that cannot be had, current() is none, whatever is there.
  Result<void> Set(Netlink& netlink, const RootQueue& wanted, const Guard& guard = Unguarded);
  // Back to the kernel's default, whoever put a queue there. None, and an interface that is gone,
  // are no error.
  Result<void> Remove(Netlink& netlink);

  [[nodiscard]] const RootQueue& current() const { return current_; }

 private:
  static Result<void> Unguarded() { return {}; }
  Result<void> Restore(Netlink& netlink, const RootQueue& old, const Guard& guard);
  template <class Build>
  Result<void> Ask(Netlink& netlink, const char* what, const char* kind, Build build);
  Result<void> Change(Netlink& netlink, const RootQueue& wanted);
  Result<void> Install(Netlink& netlink, const RootQueue& wanted, const Guard& guard);
  Result<void> SetRoot(Netlink& netlink, const RootQueue& wanted);
  Result<void> SetClass(Netlink& netlink, const HtbQueue& wanted);
  Result<void> SetLeaf(Netlink& netlink, std::uint32_t parent_class, const LeafQueue& wanted);

  InterfaceIndex index_;
  RootQueue current_;
  bool touched_ = false;  // by the call under way
};

}  // namespace sstpgw::edge
