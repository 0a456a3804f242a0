#include "tests/client/router_discovery.h"

#include <utility>

#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

constexpr std::uint8_t kRouterSolicitation = 133;
constexpr std::uint8_t kRouterAdvertisement = 134;
constexpr std::size_t kFixedPart = 16;

constexpr std::uint8_t kPrefixInformation = 3;
constexpr std::uint8_t kMtu = 5;
constexpr std::uint8_t kRdnss = 25;
constexpr std::uint8_t kDnssl = 31;

// `option` is whole: type, length in units of 8 octets, value. False: no host would take it.
bool TakeOption(ByteView option, RouterAdvertisement& found) {
  switch (option[0]) {
    case kPrefixInformation: {
      if (option.size() != 32) return false;
      AdvertisedPrefix prefix;
      prefix.prefix = {AddressAt(option, 16), option[2]};
      prefix.on_link = (option[3] & 0x80) != 0;
      prefix.autonomous = (option[3] & 0x40) != 0;
      prefix.valid = Get32(option, 4);
      prefix.preferred = Get32(option, 8);
      if (prefix.prefix.length > 128 || prefix.preferred > prefix.valid) return false;
      found.prefixes.push_back(prefix);
      return true;
    }
    case kMtu:
      if (option.size() != 8) return false;
      found.mtu = Get32(option, 4);
      return true;
    case kRdnss:
      if (option.size() < 24 || option.size() % 16 != 8) return false;
      found.dns_lifetime = Get32(option, 4);
      for (std::size_t at = 8; at < option.size(); at += 16) {
        found.dns.push_back(AddressAt(option, at));
      }
      return true;
    case kDnssl: {
      const auto names = option.size() >= 16 ? ParseNames(option.subspan(8)) : std::nullopt;
      if (!names) return false;
      found.search_lifetime = Get32(option, 4);
      found.search.insert(found.search.end(), names->begin(), names->end());
      return true;
    }
    default:
      found.other_options.push_back(option[0]);
      return true;
  }
}

std::string Flags(bool first, char first_name, bool second, char second_name) {
  std::string text;
  if (first) text += first_name;
  if (second) text += second_name;
  return text.empty() ? "-" : text;
}

}  // namespace

std::optional<std::vector<std::string>> ParseNames(ByteView octets) {
  std::vector<std::string> names;
  std::string name;
  while (!octets.empty()) {
    const std::size_t size = octets[0];
    if (size > 63 || size + 1 > octets.size()) return std::nullopt;
    if (size == 0 && !name.empty()) names.push_back(std::exchange(name, {}));
    if (size > 0) {
      if (!name.empty()) name += '.';
      name.append(octets.begin() + 1, octets.begin() + 1 + static_cast<std::ptrdiff_t>(size));
    }
    octets = octets.subspan(size + 1);
  }
  if (!name.empty()) return std::nullopt;
  return names;
}

bool IsRouterAdvertisement(const Ipv6Packet& packet) {
  return packet.next_header == kNextIcmp6 && !packet.payload.empty() &&
         packet.payload[0] == kRouterAdvertisement;
}

std::optional<RouterAdvertisement> ParseRouterAdvertisement(const Ipv6Packet& packet) {
  const ByteView body(packet.payload);
  if (!IsRouterAdvertisement(packet) || packet.hop_limit != kLinkHopLimit ||
      !IsLinkLocal(packet.source) || body.size() < kFixedPart || body[1] != 0 ||
      !TransportSumIsRight(packet)) {
    return std::nullopt;
  }
  RouterAdvertisement found;
  found.router = packet.source;
  found.cur_hop_limit = body[4];
  found.managed = (body[5] & 0x80) != 0;
  found.other_config = (body[5] & 0x40) != 0;
  found.lifetime = Get16(body, 6);
  found.reachable_ms = Get32(body, 8);
  found.retrans_ms = Get32(body, 12);
  for (ByteView rest = body.subspan(kFixedPart); !rest.empty();) {
    const std::size_t size = rest.size() < 2 ? 0 : rest[1] * std::size_t{8};
    if (size == 0 || size > rest.size()) return std::nullopt;
    if (!TakeOption(rest.first(size), found)) return std::nullopt;
    rest = rest.subspan(size);
  }
  return found;
}

Bytes MakeRouterSolicitation(const Ipv6Address& source) {
  Ipv6Packet ip;
  ip.source = source;
  ip.destination = AllRouters();
  ip.hop_limit = kLinkHopLimit;
  return MakeIcmp6(ip, kRouterSolicitation, Bytes(4, 0));
}

std::string ToString(const RouterAdvertisement& advertisement) {
  const RouterAdvertisement& ra = advertisement;
  std::string text = "from " + ra.router.ToString() + " lifetime " + std::to_string(ra.lifetime) +
                     " hop-limit " + std::to_string(ra.cur_hop_limit) + " reachable " +
                     std::to_string(ra.reachable_ms) + " retrans " + std::to_string(ra.retrans_ms) +
                     " flags " + Flags(ra.managed, 'M', ra.other_config, 'O');
  if (ra.mtu) text += " mtu " + std::to_string(*ra.mtu);
  for (const AdvertisedPrefix& prefix : ra.prefixes) {
    text += " prefix " + prefix.prefix.ToString() + " flags " +
            Flags(prefix.on_link, 'L', prefix.autonomous, 'A') + " valid " +
            std::to_string(prefix.valid) + " preferred " + std::to_string(prefix.preferred);
  }
  for (const Ipv6Address& dns : ra.dns) text += " dns " + dns.ToString();
  if (!ra.dns.empty()) text += " lifetime " + std::to_string(ra.dns_lifetime);
  for (const std::string& name : ra.search) text += " search " + name;
  if (!ra.search.empty()) text += " lifetime " + std::to_string(ra.search_lifetime);
  for (const std::uint8_t type : ra.other_options) text += " option " + std::to_string(type);
  return text;
}

}  // namespace sstpgw::client
