#include "tests/client/ipv6_host.h"

#include <utility>

namespace sstpgw::client {

Ipv6Host::Ipv6Host(const Ipv6HostOptions& options, const InterfaceId& id, Entropy& entropy,
                   Events events)
    : options_(options),
      id_(id),
      link_local_(LinkLocal(id)),
      events_(std::move(events)),
      dhcpv6_(options.dhcpv6, id, entropy,
              {[this](const Bytes& message) { SendDhcp(message); },
               [this](const std::string& line) { Say("dhcpv6: " + line); },
               [this](const std::vector<Association>& bound) { TakeLeases(bound); }}) {}

void Ipv6Host::Say(const std::string& line) const {
  if (events_.say) events_.say(line);
}

void Ipv6Host::Start(TimePoint now) {
  if (options_.solicit_router) SolicitRouter(now);
  dhcpv6_.Start(now);
}

void Ipv6Host::SolicitRouter(TimePoint now) {
  ++solicitations_;
  solicit_at_ = now + options_.solicit_interval;
  if (solicitations_ >= options_.max_solicitations) solicit_at_.reset();
  events_.send(MakeRouterSolicitation(link_local_));
}

void Ipv6Host::SendDhcp(const Bytes& message) const {
  Ipv6Packet ip;
  ip.source = link_local_;
  ip.destination = AllDhcpServers();
  ip.hop_limit = kLinkHopLimit;
  events_.send(MakeUdp6(ip, kDhcpv6ClientPort, kDhcpv6ServerPort, message));
}

bool Ipv6Host::Receive(ByteView packet, TimePoint now) {
  const auto ip = ParseIpv6(packet);
  if (!ip) return false;
  if (IsRouterAdvertisement(*ip)) {
    TakeAdvertisement(*ip);
    return true;
  }
  const auto udp = ParseUdp6(*ip);
  if (!udp || udp->destination_port != kDhcpv6ClientPort || ip->destination != link_local_) {
    return false;
  }
  dhcpv6_.Receive(udp->payload, now);
  return true;
}

void Ipv6Host::TakeAdvertisement(const Ipv6Packet& packet) {
  const auto ra = ParseRouterAdvertisement(packet);
  if (!ra) {
    Say("ra-wrong: from " + packet.source.ToString());
    return;
  }
  ++advertisements_;
  solicit_at_.reset();
  last_advertisement_ = *ra;
  Say("ra: " + ToString(*ra));
  if (ra->mtu && events_.mtu) events_.mtu(*ra->mtu);
  for (const AdvertisedPrefix& prefix : ra->prefixes) {
    const bool forms = prefix.autonomous && prefix.prefix.length == 64;
    if (!options_.autoconfigure || !forms) continue;
    Set({Join(prefix.prefix.address, id_), 64}, prefix.valid > 0);
  }
  if (events_.default_route) events_.default_route(ra->lifetime > 0);
}

void Ipv6Host::Set(const Ipv6Prefix& address, bool present) {
  const bool changed = present ? addresses_.insert(address).second : addresses_.erase(address) > 0;
  if (!changed) return;
  if (events_.address) events_.address(address, present);
  Say((present ? "address6: " : "address6-gone: ") + address.ToString());
}

void Ipv6Host::TakeLeases(const std::vector<Association>& associations) {
  std::set<Ipv6Prefix> leased;
  std::set<Ipv6Prefix> delegated;
  for (const Association& one : associations) {
    for (const Lease& lease : one.leases) {
      (one.delegation ? delegated : leased).insert(lease.prefix);
    }
  }
  for (const Ipv6Prefix& old : leased_) {
    if (!leased.contains(old)) Set(old, false);
  }
  for (const Ipv6Prefix& address : leased) Set(address, true);
  for (const Ipv6Prefix& old : delegated_) {
    if (!delegated.contains(old)) Say("prefix6-gone: " + old.ToString());
  }
  for (const Ipv6Prefix& prefix : delegated) {
    if (!delegated_.contains(prefix)) Say("prefix6: " + prefix.ToString());
  }
  leased_ = std::move(leased);
  delegated_ = std::move(delegated);
}

bool Ipv6Host::Command(std::string_view name, TimePoint now) {
  if (name != "solicit-router") return dhcpv6_.Command(name, now);
  solicitations_ = 0;
  SolicitRouter(now);
  return true;
}

void Ipv6Host::Tick(TimePoint now) {
  if (solicit_at_ && now >= *solicit_at_) SolicitRouter(now);
  dhcpv6_.Tick(now);
}

std::optional<TimePoint> Ipv6Host::Deadline() const {
  std::optional<TimePoint> first = solicit_at_;
  const std::optional<TimePoint> other = dhcpv6_.Deadline();
  if (other && (!first || *other < *first)) first = other;
  return first;
}

}  // namespace sstpgw::client
