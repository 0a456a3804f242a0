#include "gateway/edge/netlink.h"

#include <linux/netlink.h>
#include <net/if.h>

#include <array>
#include <cerrno>

namespace sstpgw::edge {
namespace {

// The kernel's answers are at most a page; links with many attributes take two.
constexpr std::size_t kAnswerRoom = 16384;
// A confused kernel must not hold a worker: this many datagrams of other requests, then give up.
constexpr int kMaxDatagrams = 16;

ErrorCode CodeOf(int errno_value) {
  switch (errno_value) {
    case EPERM:
    case EACCES:
      return ErrorCode::kPermissionDenied;
    case ENODEV:
    case ENOENT:
    case EADDRNOTAVAIL:
    case ESRCH:  // no such route
      return ErrorCode::kNotFound;
    case EEXIST:
      return ErrorCode::kAlreadyExists;
    case EOPNOTSUPP:
      return ErrorCode::kUnsupported;
    default:
      return ErrorCode::kSystem;
  }
}

Error NetlinkError(const std::string& what, int errno_value, const std::string& description) {
  Error error = SystemError(what, errno_value);
  error.code = CodeOf(errno_value);
  if (!description.empty()) error.message += " (" + description + ")";
  if (error.code == ErrorCode::kPermissionDenied) {
    error.message += "; the gateway needs CAP_NET_ADMIN";
  }
  return error;
}

std::string OfLink(const std::string& step, InterfaceIndex index) {
  return step + " of interface #" + std::to_string(index.value());
}

std::string Pair(Ipv4Address local, Ipv4Address peer) {
  return "address " + local.ToString() + " peer " + peer.ToString();
}

std::string VerbOf(EntryChange change) {
  return change == EntryChange::kAdd ? "adding " : "removing ";
}

std::string Describe(const LinkChange& change) {
  std::string text = "setting";
  if (change.name) text += " name '" + *change.name + "'";
  if (change.mtu) text += " mtu " + std::to_string(change.mtu->value());
  if (change.state) text += *change.state == LinkState::kUp ? " up" : " down";
  if (change.group) text += " group " + std::to_string(change.group->value());
  if (change.tx_queue_length) {
    text += " txqueuelen " + std::to_string(change.tx_queue_length->value());
  }
  if (change.master) text += " master #" + std::to_string(change.master->value());
  if (change.no_automatic_address) text += " addrgenmode none";
  return text;
}

}  // namespace

Result<Netlink> Netlink::Open(Kernel& kernel) {
  auto fd = kernel.Socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (!fd) return Fail(SystemError("opening a netlink socket", fd.error().value()));
  // Words with errors (Linux 4.12) and no copy of the request: both only make messages nicer.
  const int one = 1;
  const ByteView on(reinterpret_cast<const std::uint8_t*>(&one), sizeof(one));
  (void)kernel.SetSocketOption(fd->get(), SOL_NETLINK, NETLINK_EXT_ACK, on);
  (void)kernel.SetSocketOption(fd->get(), SOL_NETLINK, NETLINK_CAP_ACK, on);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  const auto bound =
      kernel.Bind(fd->get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  if (!bound) return Fail(SystemError("binding a netlink socket", bound.error().value()));
  return Netlink(kernel, std::move(*fd));
}

Result<NetlinkAnswer> Netlink::Exchange(const std::string& what, std::uint32_t sequence,
                                        ByteView message) {
  const auto sent = kernel_->Send(fd_.get(), message, 0);
  if (!sent) return Fail(NetlinkError(what, sent.error().value(), ""));
  NetlinkAnswer answer;
  std::array<std::uint8_t, kAnswerRoom> buffer;
  for (int i = 0; i < kMaxDatagrams; ++i) {
    const auto length = kernel_->Receive(fd_.get(), buffer, 0);
    if (!length) return Fail(NetlinkError(what, length.error().value(), ""));
    auto part = ParseAnswer(std::span(buffer).first(*length), sequence);
    if (!part) return Fail(Error{ErrorCode::kInternal, what + ": malformed answer of the kernel"});
    if (part->link) answer.link = std::move(part->link);
    if (part->qdisc_handle) answer.qdisc_handle = part->qdisc_handle;
    if (!part->acknowledgement) continue;
    const Acknowledgement& end = *part->acknowledgement;
    if (end.error != 0) return Fail(NetlinkError(what, end.error, end.description));
    answer.acknowledgement = std::move(part->acknowledgement);
    return answer;
  }
  return Fail(Error{ErrorCode::kInternal, what + ": the kernel did not acknowledge"});
}

Result<void> Netlink::Change(const LinkChange& change) {
  if (change.name && (change.name->empty() || change.name->size() >= IFNAMSIZ)) {
    return Fail(Error{ErrorCode::kInvalidArgument,
                      "interface name '" + *change.name + "' must have 1 to 15 characters"});
  }
  const std::uint32_t sequence = ++sequence_;
  SG_RETURN_IF_ERROR(Exchange(OfLink(Describe(change), change.index), sequence,
                              BuildLinkChange(sequence, change)));
  return {};
}

Result<std::string> Netlink::Rename(InterfaceIndex index, const std::string& name) {
  LinkChange change;
  change.index = index;
  change.name = name;
  SG_RETURN_IF_ERROR(Change(change));
  if (name.find('%') == std::string::npos) return name;
  SG_ASSIGN_OR_RETURN(const LinkFacts facts, Query(index));
  return facts.name;
}

Result<void> Netlink::SetMtu(InterfaceIndex index, Mtu mtu) {
  LinkChange change;
  change.index = index;
  change.mtu = mtu;
  return Change(change);
}

Result<void> Netlink::SetState(InterfaceIndex index, LinkState state) {
  LinkChange change;
  change.index = index;
  change.state = state;
  return Change(change);
}

Result<void> Netlink::SetGroup(InterfaceIndex index, LinkGroup group) {
  LinkChange change;
  change.index = index;
  change.group = group;
  return Change(change);
}

Result<void> Netlink::SetTxQueueLength(InterfaceIndex index, TxQueueLength length) {
  LinkChange change;
  change.index = index;
  change.tx_queue_length = length;
  return Change(change);
}

Result<void> Netlink::AddAddress(InterfaceIndex index, Ipv4Address local, Ipv4Address peer) {
  const std::uint32_t sequence = ++sequence_;
  SG_RETURN_IF_ERROR(Exchange(OfLink("adding " + Pair(local, peer), index), sequence,
                              BuildAddressAdd(sequence, index, local, peer)));
  return {};
}

Result<void> Netlink::RemoveAddress(InterfaceIndex index, Ipv4Address local, Ipv4Address peer) {
  const std::uint32_t sequence = ++sequence_;
  SG_RETURN_IF_ERROR(Exchange(OfLink("removing " + Pair(local, peer), index), sequence,
                              BuildAddressRemove(sequence, index, local, peer)));
  return {};
}

Result<void> Netlink::ChangeAddress(EntryChange change, InterfaceIndex index,
                                    const Ipv6LinkAddress& address) {
  return Ask(
      OfLink(VerbOf(change) + "address " + Describe(address), index),
      [&](std::uint32_t sequence) { return BuildIpv6Address(sequence, change, index, address); });
}

Result<void> Netlink::ChangeRoute(EntryChange change, const RoutePlace& place,
                                  const Ipv4RouteTarget& target) {
  return Ask(OfLink(VerbOf(change) + "route " + Describe(place, target), place.index),
             [&](std::uint32_t sequence) { return BuildRoute(sequence, change, place, target); });
}

Result<void> Netlink::ChangeRoute(EntryChange change, const RoutePlace& place,
                                  const Ipv6RouteTarget& target) {
  return Ask(OfLink(VerbOf(change) + "route " + Describe(place, target), place.index),
             [&](std::uint32_t sequence) { return BuildRoute(sequence, change, place, target); });
}

Result<LinkFacts> Netlink::Query(InterfaceIndex index) {
  const std::uint32_t sequence = ++sequence_;
  const std::string what = OfLink("query", index);
  SG_ASSIGN_OR_RETURN(NetlinkAnswer answer,
                      Exchange(what, sequence, BuildLinkQuery(sequence, index)));
  if (!answer.link) return Fail(Error{ErrorCode::kInternal, what + ": no answer"});
  return std::move(*answer.link);
}

Result<Vrf> Netlink::FindVrf(const std::string& name) {
  const Error none{ErrorCode::kNotFound, "VRF '" + name + "' does not exist"};
  if (name.empty() || name.size() >= IFNAMSIZ) return Fail(none);
  const std::uint32_t sequence = ++sequence_;
  const std::string what = "query for VRF '" + name + "'";
  const auto answer = Exchange(what, sequence, BuildLinkQuery(sequence, name));
  if (!answer && answer.error().code == ErrorCode::kNotFound) return Fail(none);
  if (!answer) return Fail(answer.error());
  if (!answer->link) return Fail(Error{ErrorCode::kInternal, what + ": no answer"});
  if (answer->link->kind != "vrf" || answer->link->vrf_table == 0) {
    return Fail(Error{ErrorCode::kInvalidArgument, "interface '" + name + "' is no VRF"});
  }
  return Vrf{answer->link->index, RoutingTable(answer->link->vrf_table)};
}

Result<bool> Netlink::HasQdisc(InterfaceIndex index, QdiscPlace place) {
  const std::uint32_t sequence = ++sequence_;
  const auto answer = Exchange(OfLink("query for a qdisc", index), sequence,
                               BuildQdiscQuery(sequence, index, place));
  if (answer) return answer->qdisc_handle.value_or(0) != 0;
  // None at this place, or a kernel that has none at all.
  const ErrorCode code = answer.error().code;
  if (code == ErrorCode::kNotFound || code == ErrorCode::kUnsupported) return false;
  return Fail(answer.error());
}

Result<void> Netlink::Delete(InterfaceIndex index) {
  const std::uint32_t sequence = ++sequence_;
  SG_RETURN_IF_ERROR(
      Exchange(OfLink("deletion", index), sequence, BuildLinkDelete(sequence, index)));
  return {};
}

Result<void> Netlink::DeleteGroup(LinkGroup group) {
  const std::uint32_t sequence = ++sequence_;
  const std::string what = "deleting link group " + std::to_string(group.value());
  const auto answer = Exchange(what, sequence, BuildGroupDelete(sequence, group));
  if (!answer && answer.error().code != ErrorCode::kNotFound) return Fail(answer.error());
  return {};
}

}  // namespace sstpgw::edge
