#include "gateway/fsm/ipv6_addressing.h"

#include <algorithm>
#include <array>

namespace sstpgw::fsm {
namespace {

constexpr std::uint8_t kHalf = 64;
constexpr std::size_t kIdAt = 8;

// The prefix's bits, then as many of the identifier's low bits as have room, in the low half.
Ipv6Address Combine(const Ipv6Prefix& prefix, const InterfaceId& id) {
  const std::uint8_t length = std::max(prefix.length, kHalf);
  std::array<std::uint8_t, 16> low{};
  std::copy(id.begin(), id.end(), low.begin() + kIdAt);
  const auto covered = MakeIpv6Prefix(Ipv6Address(low), length).address.octets();
  std::array<std::uint8_t, 16> out = MakeIpv6Prefix(prefix.address, prefix.length).address.octets();
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(out[i] | (low[i] ^ covered[i]));
  }
  return Ipv6Address(out);
}

void AddOnce(std::vector<Ipv6Address>& addresses, const Ipv6Address& address) {
  if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
    addresses.push_back(address);
  }
}

}  // namespace

Ipv6Address LinkLocalAddress(const InterfaceId& id) {
  return Combine({Ipv6Address({0xfe, 0x80}), kHalf}, id);
}

Ipv6Address ClientAddress(const Ipv6Prefix& prefix, const InterfaceId& peer_id) {
  return Combine(prefix, peer_id);
}

Ipv6Address RouterAddress(const Ipv6Prefix& prefix, const InterfaceId& our_id,
                          const Ipv6Address& client) {
  const Ipv6Prefix link = prefix.length == 128 ? MakeIpv6Prefix(prefix.address, kHalf) : prefix;
  const Ipv6Address ours = Combine(link, our_id);
  if (ours != client) return ours;
  InterfaceId inverse = our_id;
  for (std::uint8_t& octet : inverse) octet = static_cast<std::uint8_t>(~octet);
  return Combine(link, inverse);
}

bool Contains(const Ipv6Prefix& prefix, const Ipv6Address& address) {
  return MakeIpv6Prefix(address, prefix.length).address == prefix.address;
}

std::vector<Ipv6Address> ClientAddresses(const NetworkPolicy& network, const InterfaceId& peer_id) {
  std::vector<Ipv6Address> addresses;
  for (const Ipv6Prefix& prefix : network.framed_ipv6_prefixes) {
    AddOnce(addresses, ClientAddress(prefix, peer_id));
  }
  for (const Ipv6Address& address : network.framed_ipv6_addresses) AddOnce(addresses, address);
  return addresses;
}

}  // namespace sstpgw::fsm
