#include "gateway/datapath/ipv6_scope.h"

#include "gateway/datapath/packet_fields.h"

namespace sstpgw::datapath {
namespace {

// ICMPv6 types (RFC 4443, 2710, 3810, 4861).
constexpr std::uint8_t kLargestError = 127;
constexpr std::uint8_t kEchoRequest = 128;
constexpr std::uint8_t kEchoReply = 129;
constexpr std::uint8_t kListenerQuery = 130;
constexpr std::uint8_t kRouterSolicitation = 133;
constexpr std::uint8_t kRouterAdvertisement = 134;
constexpr std::uint8_t kNeighborSolicitation = 135;
constexpr std::uint8_t kNeighborAdvertisement = 136;
constexpr std::uint8_t kListenerReport2 = 143;

constexpr std::uint16_t kDhcpv6Server = 547;

bool IsLinkLocal(const std::uint8_t* address) {
  return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}
bool IsUnspecified(const std::uint8_t* address) {
  return (Load64(address) | Load64(address + 8)) == 0;
}
bool IsMulticast(const std::uint8_t* address) { return address[0] == 0xff; }
// Nothing that a router may pass on: link-local, or multicast of interface or link.
bool StaysOnLink(const std::uint8_t* address) {
  return IsLinkLocal(address) || (IsMulticast(address) && (address[1] & 0x0f) <= 2);
}

// The ICMPv6 type right behind the IPv6 header; 0, which is reserved, if there is none.
std::uint8_t IcmpType(ByteView packet) {
  const bool icmp = packet[kIpv6NextHeader] == kProtocolIcmpv6 && packet.size() > kIpv6HeaderSize;
  return icmp ? packet[kIpv6HeaderSize] : 0;
}

bool IsControl(ByteView packet) {
  if (IcmpType(packet) == kRouterSolicitation) return true;
  return packet[kIpv6NextHeader] == kProtocolUdp &&
         packet.size() >= kIpv6HeaderSize + kUdpHeaderSize &&
         Load16(&packet[kIpv6HeaderSize + kUdpDestinationPort]) == kDhcpv6Server;
}

bool IsEchoOrNeighbour(ByteView packet) {
  const std::uint8_t type = IcmpType(packet);
  return type == kEchoRequest || type == kEchoReply || type == kNeighborSolicitation ||
         type == kNeighborAdvertisement;
}

// Routers and redirects must not reach the kernel, which could believe them, and behind an
// extension header they would not be seen.
bool MayReachKernel(ByteView packet) {
  switch (packet[kIpv6NextHeader]) {
    case kProtocolIcmpv6: {
      const std::uint8_t type = IcmpType(packet);
      return (type > 0 && type <= kLargestError) || IsEchoOrNeighbour(packet);
    }
    case kProtocolHopByHop:
    case 43:   // routing
    case 44:   // fragment
    case 51:   // authentication
    case 60:   // destination options
    case 135:  // mobility
    case 139:  // host identity
    case 140:  // shim6
    case 253:  // experiments
    case 254:
      return false;
    default:
      return true;
  }
}

}  // namespace

ByteView CutIpv6(ByteView payload) {
  if (payload.size() < kIpv6HeaderSize || IpVersion(payload) != 6) return {};
  const std::size_t behind = Load16(&payload[kIpv6PayloadLength]);
  if (behind > payload.size() - kIpv6HeaderSize) return {};
  if (behind == 0 && payload[kIpv6NextHeader] == kProtocolHopByHop) return {};
  return payload.first(kIpv6HeaderSize + behind);
}

Ipv6Way WayOfIpv6(ByteView packet, const SourceCheck& sources) {
  const std::uint8_t* const source = &packet[kIpv6Source];
  const std::uint8_t* const destination = &packet[kIpv6Destination];
  if (IsLinkLocal(source)) {
    if (IsControl(packet)) return Ipv6Way::kControl;
    const bool pass =
        sources.IsPeerLinkLocal(source) && StaysOnLink(destination) && MayReachKernel(packet);
    return pass ? Ipv6Way::kPass : Ipv6Way::kLocal;
  }
  if (IsUnspecified(source)) return IsControl(packet) ? Ipv6Way::kControl : Ipv6Way::kLocal;
  if (IsMulticast(source) || !sources.AllowsIpv6(source)) return Ipv6Way::kForeign;
  if (!StaysOnLink(destination)) return Ipv6Way::kPass;
  return IsEchoOrNeighbour(packet) ? Ipv6Way::kPass : Ipv6Way::kLocal;
}

bool IsHostChatter(ByteView packet) {
  const std::uint8_t* const source = &packet[kIpv6Source];
  if (!IsLinkLocal(source) && !IsUnspecified(source)) return false;
  std::uint8_t next = packet[kIpv6NextHeader];
  std::size_t at = kIpv6HeaderSize;
  // Listener reports carry a Router Alert option.
  if (next == kProtocolHopByHop && packet.size() >= at + 2) {
    next = packet[at];
    at += (packet[at + 1] + std::size_t{1}) * 8;
  }
  if (next != kProtocolIcmpv6 || at >= packet.size()) return false;
  const std::uint8_t type = packet[at];
  return (type >= kListenerQuery && type <= kRouterAdvertisement) || type == kListenerReport2;
}

}  // namespace sstpgw::datapath
