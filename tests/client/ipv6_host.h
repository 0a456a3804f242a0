// What an IPv6 host does on its link to the gateway: asks for and takes Router Advertisements,
// makes its addresses (RFC 4862), talks DHCPv6. Pure: packets go out through `send`, an interface
// is kept by who owns it. Use: once IPv6CP is open; every IPv6 packet of the session to Receive.
//
// Lines:  "ra: ..."      each advertisement, see ToString(RouterAdvertisement)
//         "ra-wrong: .." one that a host must drop
//         "dhcpv6: ..."  see dhcpv6_client.h
//         "address6: 2001:db8::1/64"  "prefix6: 2001:db8:1::/56"   when they become ours
//         "address6-gone: ..."        "prefix6-gone: ..."          when they are ours no longer
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "proto/base/entropy.h"
#include "tests/client/dhcpv6_client.h"
#include "tests/client/router_discovery.h"

namespace sstpgw::client {

struct Ipv6HostOptions {
  bool solicit_router = true;
  std::chrono::milliseconds solicit_interval{4000};  // RFC 4861 10
  std::uint32_t max_solicitations = 3;
  bool autoconfigure = true;
  Dhcpv6Options dhcpv6;
};

class Ipv6Host {
 public:
  struct Events {
    std::function<void(const Bytes& packet)> send;
    std::function<void(const std::string& line)> say;
    // An address of the interface comes or goes; its length is that of the prefix on the link.
    std::function<void(const Ipv6Prefix&, bool present)> address;
    std::function<void(bool present)> default_route;
    std::function<void(std::uint32_t)> mtu;
  };
  // `options` and `entropy` must outlive the host; empty functions of `events` are not called.
  Ipv6Host(const Ipv6HostOptions& options, const InterfaceId& id, Entropy& entropy, Events events);

  void Start(TimePoint now);
  // True: it was for the host alone, no one else needs to see it.
  bool Receive(ByteView packet, TimePoint now);
  // "solicit-router", or one of Dhcpv6Client's; false: neither.
  bool Command(std::string_view name, TimePoint now);
  void Tick(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> Deadline() const;

  [[nodiscard]] const Ipv6Address& link_local() const { return link_local_; }
  [[nodiscard]] std::uint64_t advertisements() const { return advertisements_; }
  [[nodiscard]] const std::optional<RouterAdvertisement>& last_advertisement() const {
    return last_advertisement_;
  }
  // By Router Advertisements and by DHCPv6.
  [[nodiscard]] const std::set<Ipv6Prefix>& addresses() const { return addresses_; }
  [[nodiscard]] const std::set<Ipv6Prefix>& delegated() const { return delegated_; }

 private:
  void SolicitRouter(TimePoint now);
  void TakeAdvertisement(const Ipv6Packet& packet);
  void TakeLeases(const std::vector<Association>& associations);
  void Set(const Ipv6Prefix& address, bool present);
  void Say(const std::string& line) const;
  void SendDhcp(const Bytes& message) const;

  const Ipv6HostOptions& options_;
  InterfaceId id_;
  Ipv6Address link_local_;
  Events events_;
  Dhcpv6Client dhcpv6_;
  std::uint32_t solicitations_ = 0;
  std::optional<TimePoint> solicit_at_;
  std::uint64_t advertisements_ = 0;
  std::optional<RouterAdvertisement> last_advertisement_;
  std::set<Ipv6Prefix> addresses_;
  std::set<Ipv6Prefix> leased_;  // those of them that DHCPv6 gave
  std::set<Ipv6Prefix> delegated_;
};

}  // namespace sstpgw::client
