// A netlink request under construction: headers first, then attributes. libmnl writes into a buffer
// of fixed, sufficient size. Pure.
#pragma once

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <array>
#include <cstdint>
#include <string>

#include "proto/base/ip.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

class NetlinkRequest {
 public:
  // Asks for an acknowledgement under `sequence`.
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence)
      : header_(mnl_nlmsg_put_header(buffer_.data())) {
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    header_->nlmsg_seq = sequence;
  }
  // It points into itself.
  NetlinkRequest(const NetlinkRequest&) = delete;
  NetlinkRequest& operator=(const NetlinkRequest&) = delete;

  // Zeroed; valid as long as this object.
  ifinfomsg& AddLinkHeader(InterfaceIndex index) {
    auto* link = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(header_, sizeof(ifinfomsg)));
    link->ifi_family = AF_UNSPEC;
    link->ifi_index = index.value();
    return *link;
  }
  tcmsg& AddTrafficHeader(InterfaceIndex index, std::uint32_t parent) {
    auto* traffic = static_cast<tcmsg*>(mnl_nlmsg_put_extra_header(header_, sizeof(tcmsg)));
    traffic->tcm_family = AF_UNSPEC;
    traffic->tcm_ifindex = index.value();
    traffic->tcm_parent = parent;
    return *traffic;
  }
  // Of IPv4, a host's address.
  ifaddrmsg& AddAddressHeader(InterfaceIndex index) {
    auto* address = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(header_, sizeof(ifaddrmsg)));
    address->ifa_family = AF_INET;
    address->ifa_prefixlen = 32;
    address->ifa_scope = RT_SCOPE_UNIVERSE;
    address->ifa_index = static_cast<std::uint32_t>(index.value());
    return *address;
  }
  rtmsg& AddRouteHeader() {
    return *static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(header_, sizeof(rtmsg)));
  }
  void Add(std::uint16_t type, std::uint32_t value) { mnl_attr_put_u32(header_, type, value); }
  void Add64(std::uint16_t type, std::uint64_t value) { mnl_attr_put_u64(header_, type, value); }
  void Add(std::uint16_t type, Ipv4Address address) {
    const auto octets = address.octets();
    mnl_attr_put(header_, type, octets.size(), octets.data());
  }
  void Add(std::uint16_t type, const Ipv6Address& address) {
    mnl_attr_put(header_, type, address.octets().size(), address.octets().data());
  }
  void Add8(std::uint16_t type, std::uint8_t value) { mnl_attr_put_u8(header_, type, value); }
  // A structure as the kernel's headers declare it.
  template <class T>
  void AddStruct(std::uint16_t type, const T& value) {
    mnl_attr_put(header_, type, sizeof(value), &value);
  }
  // At most IFNAMSIZ - 1 octets are put in; the kernel judges the rest.
  void AddName(std::uint16_t type, const std::string& name) {
    const std::string cut = name.substr(0, IFNAMSIZ - 1);
    mnl_attr_put_strz(header_, type, cut.c_str());
  }
  // Attributes that `fill` adds are inside one of `type`.
  template <class Fill>
  void Nest(std::uint16_t type, Fill fill) {
    nlattr* start = mnl_attr_nest_start(header_, type);
    fill();
    mnl_attr_nest_end(header_, start);
  }
  [[nodiscard]] Bytes Take() const {
    return {buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(header_->nlmsg_len)};
  }

 private:
  // Larger than any request made here: headers 36, attributes below 200.
  static constexpr std::size_t kRoom = 512;

  alignas(nlmsghdr) std::array<std::uint8_t, kRoom> buffer_{};
  nlmsghdr* header_;
};

}  // namespace sstpgw::edge
