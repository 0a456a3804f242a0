#include "gateway/edge/rtnetlink_message.h"

#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

#include "gateway/edge/netlink_attributes.h"
#include "gateway/edge/netlink_request.h"

namespace sstpgw::edge {
namespace {

Bytes BuildAddress(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                   InterfaceIndex index, Ipv4Address local, Ipv4Address peer) {
  NetlinkRequest request(type, flags, sequence);
  request.AddAddressHeader(index);
  request.Add(IFA_LOCAL, local);
  request.Add(IFA_ADDRESS, peer);
  return request.Take();
}

std::uint32_t NumberIn(ByteView value) {
  std::uint32_t number = 0;
  if (value.size() >= sizeof(number)) std::memcpy(&number, value.data(), sizeof(number));
  return number;
}

std::string TextIn(ByteView value) {
  const auto* text = reinterpret_cast<const char*>(value.data());
  return {text, ::strnlen(text, value.size())};
}

bool IsXdpAttached(ByteView xdp) {
  bool attached = false;
  ForEachAttribute(xdp, [&](std::uint16_t type, ByteView value) {
    if (type == IFLA_XDP_ATTACHED && !value.empty()) attached = value[0] != XDP_ATTACHED_NONE;
  });
  return attached;
}

void ParseLinkInfo(ByteView info, LinkFacts& facts) {
  ForEachAttribute(info, [&](std::uint16_t type, ByteView value) {
    if (type == IFLA_INFO_KIND) facts.kind = TextIn(value);
    if (type != IFLA_INFO_DATA || facts.kind != "vrf") return;  // the kind comes first
    ForEachAttribute(value, [&](std::uint16_t inner, ByteView number) {
      if (inner == IFLA_VRF_TABLE) facts.vrf_table = NumberIn(number);
    });
  });
}

std::optional<LinkFacts> ParseLink(ByteView payload) {
  if (payload.size() < sizeof(ifinfomsg)) return std::nullopt;
  ifinfomsg header{};
  std::memcpy(&header, payload.data(), sizeof(header));
  LinkFacts facts;
  facts.index = InterfaceIndex(header.ifi_index);
  facts.up = (header.ifi_flags & IFF_UP) != 0;
  facts.promiscuous = (header.ifi_flags & (IFF_PROMISC | IFF_ALLMULTI)) != 0;
  ForEachAttribute(payload.subspan(sizeof(header)), [&](std::uint16_t type, ByteView value) {
    if (type == IFLA_IFNAME) facts.name = TextIn(value);
    if (type == IFLA_MTU) facts.mtu = NumberIn(value);
    if (type == IFLA_GROUP) facts.group = NumberIn(value);
    if (type == IFLA_TXQLEN) facts.tx_queue_length = NumberIn(value);
    if (type == IFLA_MASTER) facts.master = static_cast<std::int32_t>(NumberIn(value));
    if (type == IFLA_IFALIAS) facts.alias = TextIn(value);
    if (type == IFLA_XDP) facts.has_xdp = IsXdpAttached(value);
    if (type == IFLA_PROP_LIST) facts.has_other_names = !value.empty();
    if (type == IFLA_LINKINFO) ParseLinkInfo(value, facts);
  });
  return facts;
}

std::optional<std::uint32_t> ParseQdisc(ByteView payload) {
  if (payload.size() < sizeof(tcmsg)) return std::nullopt;
  tcmsg header{};
  std::memcpy(&header, payload.data(), sizeof(header));
  return header.tcm_handle;
}

// nlmsgerr: error (4), the request's header (16), with NLM_F_CAPPED nothing else of it; then, with
// NLM_F_ACK_TLVS, attributes.
std::optional<Acknowledgement> ParseAcknowledgement(const nlmsghdr& header, ByteView payload) {
  if (payload.size() < sizeof(nlmsgerr)) return std::nullopt;
  nlmsgerr body{};
  std::memcpy(&body, payload.data(), sizeof(body));
  Acknowledgement acknowledgement;
  acknowledgement.error = -body.error;
  if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return acknowledgement;
  std::size_t skip = sizeof(nlmsgerr);
  if ((header.nlmsg_flags & NLM_F_CAPPED) == 0 && body.error != 0) {
    if (body.msg.nlmsg_len < sizeof(nlmsghdr)) return std::nullopt;
    skip += body.msg.nlmsg_len - sizeof(nlmsghdr);
  }
  skip = (skip + 3) & ~std::size_t{3};
  if (skip > payload.size()) return std::nullopt;
  ForEachAttribute(payload.subspan(skip), [&](std::uint16_t type, ByteView value) {
    if (type == NLMSGERR_ATTR_MSG) acknowledgement.description = TextIn(value);
  });
  return acknowledgement;
}

}  // namespace

Bytes BuildLinkChange(std::uint32_t sequence, const LinkChange& change) {
  NetlinkRequest request(RTM_NEWLINK, 0, sequence);
  ifinfomsg& header = request.AddLinkHeader(change.index);
  if (change.state) {
    header.ifi_change = IFF_UP;
    if (*change.state == LinkState::kUp) header.ifi_flags = IFF_UP;
  }
  if (change.name) request.AddName(IFLA_IFNAME, *change.name);
  if (change.mtu) request.Add(IFLA_MTU, std::uint32_t{change.mtu->value()});
  if (change.group) request.Add(IFLA_GROUP, change.group->value());
  if (change.tx_queue_length) request.Add(IFLA_TXQLEN, change.tx_queue_length->value());
  if (change.master) request.Add(IFLA_MASTER, static_cast<std::uint32_t>(change.master->value()));
  if (change.no_automatic_address) {
    request.Nest(IFLA_AF_SPEC, [&] {
      request.Nest(AF_INET6,
                   [&] { request.Add8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE); });
    });
  }
  return request.Take();
}

Bytes BuildLinkDelete(std::uint32_t sequence, InterfaceIndex index) {
  NetlinkRequest request(RTM_DELLINK, 0, sequence);
  request.AddLinkHeader(index);
  return request.Take();
}

Bytes BuildGroupDelete(std::uint32_t sequence, LinkGroup group) {
  NetlinkRequest request(RTM_DELLINK, 0, sequence);
  request.AddLinkHeader(InterfaceIndex(0));
  request.Add(IFLA_GROUP, group.value());
  return request.Take();
}

Bytes BuildAddressAdd(std::uint32_t sequence, InterfaceIndex index, Ipv4Address local,
                      Ipv4Address peer) {
  return BuildAddress(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sequence, index, local, peer);
}

Bytes BuildAddressRemove(std::uint32_t sequence, InterfaceIndex index, Ipv4Address local,
                         Ipv4Address peer) {
  return BuildAddress(RTM_DELADDR, 0, sequence, index, local, peer);
}

Bytes BuildLinkQuery(std::uint32_t sequence, InterfaceIndex index) {
  NetlinkRequest request(RTM_GETLINK, 0, sequence);
  request.AddLinkHeader(index);
  return request.Take();
}

Bytes BuildLinkQuery(std::uint32_t sequence, const std::string& name) {
  NetlinkRequest request(RTM_GETLINK, 0, sequence);
  request.AddLinkHeader(InterfaceIndex(0));
  request.AddName(IFLA_IFNAME, name);
  return request.Take();
}

Bytes BuildQdiscQuery(std::uint32_t sequence, InterfaceIndex index, QdiscPlace place) {
  NetlinkRequest request(RTM_GETQDISC, NLM_F_ECHO, sequence);
  request.AddTrafficHeader(index, place == QdiscPlace::kRoot ? TC_H_ROOT : TC_H_INGRESS);
  return request.Take();
}

std::optional<NetlinkAnswer> ParseAnswer(ByteView datagram, std::uint32_t sequence) {
  NetlinkAnswer answer;
  while (!datagram.empty()) {
    nlmsghdr header{};
    if (datagram.size() < sizeof(header)) return std::nullopt;
    std::memcpy(&header, datagram.data(), sizeof(header));
    if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > datagram.size()) {
      return std::nullopt;
    }
    const ByteView payload = datagram.subspan(sizeof(header), header.nlmsg_len - sizeof(header));
    if (header.nlmsg_seq == sequence && header.nlmsg_type == NLMSG_ERROR) {
      answer.acknowledgement = ParseAcknowledgement(header, payload);
      if (!answer.acknowledgement) return std::nullopt;
    } else if (header.nlmsg_seq == sequence && header.nlmsg_type == RTM_NEWLINK) {
      answer.link = ParseLink(payload);
      if (!answer.link) return std::nullopt;
    } else if (header.nlmsg_seq == sequence && header.nlmsg_type == RTM_NEWQDISC) {
      answer.qdisc_handle = ParseQdisc(payload);
      if (!answer.qdisc_handle) return std::nullopt;
    }
    const std::size_t padded = (std::size_t{header.nlmsg_len} + 3) & ~std::size_t{3};
    datagram = datagram.subspan(std::min(padded, datagram.size()));
  }
  return answer;
}

}  // namespace sstpgw::edge
