// rtnetlink requests as octets (rtnetlink(7), RFC 3549) and the kernel's answers taken apart. Pure:
// no socket here, see netlink.h.
//
//   nlmsghdr (16) | ifinfomsg (16), ifaddrmsg (8) or tcmsg (20) | attributes: length (2) type (2)
//   value, padded to 4; host byte order except addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/base/ip.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

// IFLA_GROUP: interfaces that are shown and deleted together.
using LinkGroup = Strong<struct LinkGroupTag, std::uint32_t>;
// TUN ring size in packets.
using TxQueueLength = Strong<struct TxQueueLengthTag, std::uint32_t>;
enum class LinkState : std::uint8_t { kDown, kUp };

// What to change on one link; absent members stay as they are.
struct LinkChange {
  InterfaceIndex index;
  std::optional<std::string> name;  // or a template, "sstp%d"; 1..15 octets
  std::optional<Mtu> mtu;
  std::optional<LinkState> state;
  std::optional<LinkGroup> group;
  std::optional<TxQueueLength> tx_queue_length;
  // Into this VRF, or, 0, out of the one that it is in. A link that is up goes down and up again:
  // it keeps its IPv4 addresses, nothing else.
  std::optional<InterfaceIndex> master;
  // The kernel gives it no IPv6 address (link-local) of its own choice.
  bool no_automatic_address = false;
};

// All ask for an acknowledgement (NLM_F_ACK) under `sequence`.
[[nodiscard]] Bytes BuildLinkChange(std::uint32_t sequence, const LinkChange& change);
[[nodiscard]] Bytes BuildLinkDelete(std::uint32_t sequence, InterfaceIndex index);
// Deletes every link of the group in one transaction.
[[nodiscard]] Bytes BuildGroupDelete(std::uint32_t sequence, LinkGroup group);
// Point-to-point: `local` here, `peer`/32 there.
[[nodiscard]] Bytes BuildAddressAdd(std::uint32_t sequence, InterfaceIndex index, Ipv4Address local,
                                    Ipv4Address peer);
[[nodiscard]] Bytes BuildAddressRemove(std::uint32_t sequence, InterfaceIndex index,
                                       Ipv4Address local, Ipv4Address peer);
// Answered by one RTM_NEWLINK, then the acknowledgement.
[[nodiscard]] Bytes BuildLinkQuery(std::uint32_t sequence, InterfaceIndex index);
[[nodiscard]] Bytes BuildLinkQuery(std::uint32_t sequence, const std::string& name);
// Where a queueing discipline is: for what is sent, or (ingress, clsact) before everything else.
enum class QdiscPlace : std::uint8_t { kRoot, kIngress };
// Answered by one RTM_NEWQDISC, if there is one, or an error, then the acknowledgement. The kernel
// also tells whoever listens to traffic control: it answers in no other way.
[[nodiscard]] Bytes BuildQdiscQuery(std::uint32_t sequence, InterfaceIndex index, QdiscPlace place);

struct LinkFacts {
  InterfaceIndex index;
  std::string name;
  std::uint32_t mtu = 0;
  std::uint32_t group = 0;
  std::uint32_t tx_queue_length = 0;
  bool up = false;  // IFF_UP
  // What only an operator sets on an interface of ours:
  std::int32_t master = 0;  // index of a VRF, bond or the like; 0: none
  std::string alias;
  bool promiscuous = false;  // IFF_PROMISC or IFF_ALLMULTI
  bool has_xdp = false;
  bool has_other_names = false;
  // What it is: "tun", "vrf"; empty: not told.
  std::string kind;
  std::uint32_t vrf_table = 0;  // of a VRF: number of its routing table
};
// The end of a request.
struct Acknowledgement {
  int error = 0;            // 0: done, else errno
  std::string description;  // the kernel's own words (NLMSGERR_ATTR_MSG), may be empty
};
struct NetlinkAnswer {
  std::optional<LinkFacts> link;
  std::optional<std::uint32_t> qdisc_handle;  // 0: the kernel's own default
  std::optional<Acknowledgement> acknowledgement;
};
// Takes one datagram apart; messages with another sequence number are skipped. nullopt: malformed.
[[nodiscard]] std::optional<NetlinkAnswer> ParseAnswer(ByteView datagram, std::uint32_t sequence);

}  // namespace sstpgw::edge
