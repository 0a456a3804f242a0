// Changes network interfaces and addresses through one rtnetlink socket; every call waits for the
// kernel's acknowledgement (microseconds: the kernel answers before the send returns).
//
// Threads: one owner; each worker opens its own. Errors: kSystem (kPermissionDenied, kNotFound,
// kAlreadyExists, kUnsupported where that is what errno says), naming the step, the interface and
// the kernel's explanation.
#pragma once

#include <string>

#include "gateway/edge/kernel.h"
#include "gateway/edge/network_message.h"
#include "gateway/edge/rtnetlink_message.h"
#include "gateway/edge/unique_fd.h"
#include "proto/base/error.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

struct Vrf {
  InterfaceIndex index;
  RoutingTable table;
};

class Netlink {
 public:
  static Result<Netlink> Open(Kernel& kernel);

  // Renames a link that is down; `name` may be a template ("sstp%d": lowest free number, chosen by
  // the kernel). Returns the name it has now.
  Result<std::string> Rename(InterfaceIndex index, const std::string& name);
  // Several settings in one message; all or, on error, perhaps some of them.
  Result<void> Change(const LinkChange& change);
  Result<void> SetMtu(InterfaceIndex index, Mtu mtu);
  Result<void> SetState(InterfaceIndex index, LinkState state);
  Result<void> SetGroup(InterfaceIndex index, LinkGroup group);
  Result<void> SetTxQueueLength(InterfaceIndex index, TxQueueLength length);
  Result<void> AddAddress(InterfaceIndex index, Ipv4Address local, Ipv4Address peer);
  Result<void> RemoveAddress(InterfaceIndex index, Ipv4Address local, Ipv4Address peer);
  // kNotFound when it is not there (any more).
  Result<void> ChangeAddress(EntryChange change, InterfaceIndex index,
                             const Ipv6LinkAddress& address);
  Result<void> ChangeRoute(EntryChange change, const RoutePlace& place,
                           const Ipv4RouteTarget& target);
  Result<void> ChangeRoute(EntryChange change, const RoutePlace& place,
                           const Ipv6RouteTarget& target);
  Result<LinkFacts> Query(InterfaceIndex index);
  // kNotFound: "VRF 'BLUE' does not exist"; kInvalidArgument: what has this name is no VRF.
  Result<Vrf> FindVrf(const std::string& name);
  // Whether somebody has put a queueing discipline there, or what filters hang on (clsact); the
  // kernel's default is none.
  Result<bool> HasQdisc(InterfaceIndex index, QdiscPlace place);
  Result<void> Delete(InterfaceIndex index);
  // None in the group is no error. Takes about 0.2 ms per interface: not on a worker's thread.
  Result<void> DeleteGroup(LinkGroup group);
  // Any other request: `build` makes it, given its sequence number; `what` starts the error
  // message.
  template <class Build>
  Result<void> Ask(const std::string& what, Build build) {
    const std::uint32_t sequence = ++sequence_;
    SG_RETURN_IF_ERROR(Exchange(what, sequence, build(sequence)));
    return {};
  }

 private:
  Netlink(Kernel& kernel, UniqueFd fd) : kernel_(&kernel), fd_(std::move(fd)) {}
  // Sends and reads until the acknowledgement of `sequence`. `what` starts the error message.
  Result<NetlinkAnswer> Exchange(const std::string& what, std::uint32_t sequence, ByteView message);

  Kernel* kernel_;
  UniqueFd fd_;
  std::uint32_t sequence_ = 0;
};

}  // namespace sstpgw::edge
