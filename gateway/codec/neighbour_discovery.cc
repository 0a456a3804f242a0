#include "gateway/codec/neighbour_discovery.h"

#include <algorithm>

#include "gateway/codec/byte_reader.h"
#include "gateway/codec/byte_writer.h"
#include "gateway/codec/domain_name.h"

namespace sstpgw::codec {
namespace {

constexpr std::uint8_t kTypeSolicitation = 133;
constexpr std::uint8_t kTypeAdvertisement = 134;
constexpr std::size_t kSolicitationSize = 8;
constexpr std::uint8_t kHopLimit = 255;
constexpr std::size_t kUnit = 8;

constexpr std::uint8_t kOptionSourceLinkLayer = 1;
constexpr std::uint8_t kOptionPrefix = 3;
constexpr std::uint8_t kOptionMtu = 5;
constexpr std::uint8_t kOptionRdnss = 25;
constexpr std::uint8_t kOptionDnssl = 31;

constexpr std::uint8_t kFlagManaged = 0x80;
constexpr std::uint8_t kFlagOther = 0x40;
constexpr std::uint8_t kFlagOnLink = 0x80;
constexpr std::uint8_t kFlagAutonomous = 0x40;

constexpr std::size_t kMaxMessage = kMinIpv6Mtu - kIpv6HeaderSize;
constexpr std::size_t kMaxRdnss = 3;

// `option` has a whole number of units, its second octet is still to be written.
void AppendOption(Bytes& message, Bytes option) {
  option[1] = static_cast<std::uint8_t>(option.size() / kUnit);
  if (message.size() + option.size() > kMaxMessage) return;
  message.insert(message.end(), option.begin(), option.end());
}

Bytes MtuOption(std::uint32_t mtu) {
  Bytes option;
  ByteWriter writer(option);
  writer.U8(kOptionMtu);
  writer.Zeros(3);
  writer.U32(mtu);
  return option;
}

Bytes PrefixOption(const PrefixInformation& information) {
  Bytes option;
  ByteWriter writer(option);
  writer.U8(kOptionPrefix);
  writer.U8(0);
  writer.U8(information.prefix.length);
  writer.U8(static_cast<std::uint8_t>((information.on_link ? kFlagOnLink : 0) |
                                      (information.autonomous ? kFlagAutonomous : 0)));
  writer.U32(information.valid_lifetime);
  writer.U32(information.preferred_lifetime);
  writer.U32(0);
  writer.Raw(information.prefix.address.octets());
  return option;
}

Bytes RdnssOption(const std::vector<Ipv6Address>& servers, std::uint32_t lifetime) {
  Bytes option;
  ByteWriter writer(option);
  writer.U8(kOptionRdnss);
  writer.Zeros(3);
  writer.U32(lifetime);
  for (std::size_t i = 0; i < std::min(servers.size(), kMaxRdnss); ++i) {
    writer.Raw(servers[i].octets());
  }
  return option;
}

// Empty: no usable name.
Bytes DnsslOption(const std::vector<std::string>& names, std::uint32_t lifetime) {
  Bytes option;
  ByteWriter writer(option);
  writer.U8(kOptionDnssl);
  writer.Zeros(3);
  writer.U32(lifetime);
  const std::size_t header = option.size();
  for (const std::string& name : names) {
    Bytes wire;
    const bool usable = AppendDomainName(wire, name);
    if (usable && option.size() + wire.size() <= kMaxMessage) writer.Raw(wire);
  }
  if (option.size() == header) return {};
  writer.Zeros((kUnit - option.size() % kUnit) % kUnit);
  return option;
}

}  // namespace

Parsed<RouterSolicitation> ParseRouterSolicitation(ByteView packet) {
  SG_ASSIGN_OR_RETURN(const Ipv6Packet ip, ParseIpv6Packet(packet));
  if (ip.next_header != kNextHeaderIcmpv6 || ip.payload[0] != kTypeSolicitation) {
    return FailAt(ParseErrc::kWrongType, 0);
  }
  if (ip.hop_limit != kHopLimit) return FailAt(ParseErrc::kBadValue, 7);
  const bool unspecified = IsUnspecified(ip.ends.source);
  if (!unspecified && !IsLinkLocal(ip.ends.source)) return FailAt(ParseErrc::kBadValue, 8);
  ByteReader reader(ip.payload);
  reader.Skip(1);
  const std::uint8_t code = reader.U8();
  reader.Skip(kSolicitationSize - 2);
  if (!reader.ok()) return FailAt(ParseErrc::kTruncated, packet.size());
  if (UpperLayerChecksum(ip.ends, kNextHeaderIcmpv6, ip.payload) != 0) {
    return FailAt(ParseErrc::kBadValue, kIpv6HeaderSize + 2);
  }
  if (code != 0) return FailAt(ParseErrc::kBadValue, kIpv6HeaderSize + 1);
  while (reader.remaining() > 0) {
    const std::size_t at = kIpv6HeaderSize + reader.position();
    const std::uint8_t type = reader.U8();
    const std::size_t size = reader.U8() * kUnit;
    if (!reader.ok() || size == 0 || size - 2 > reader.remaining()) {
      return FailAt(ParseErrc::kBadLength, at);
    }
    if (unspecified && type == kOptionSourceLinkLayer) return FailAt(ParseErrc::kBadValue, at);
    reader.Skip(size - 2);
  }
  return RouterSolicitation{ip.ends.source};
}

Bytes EncodeRouterAdvertisement(const Ipv6Ends& ends, const RouterAdvertisement& advertisement) {
  Bytes message;
  ByteWriter writer(message);
  writer.U8(kTypeAdvertisement);
  writer.Zeros(3);
  writer.U8(advertisement.cur_hop_limit);
  writer.U8(static_cast<std::uint8_t>((advertisement.managed ? kFlagManaged : 0) |
                                      (advertisement.other_config ? kFlagOther : 0)));
  writer.U16(advertisement.router_lifetime);
  writer.U32(advertisement.reachable_time_ms);
  writer.U32(advertisement.retrans_timer_ms);
  if (advertisement.mtu) AppendOption(message, MtuOption(*advertisement.mtu));
  for (const PrefixInformation& prefix : advertisement.prefixes) {
    AppendOption(message, PrefixOption(prefix));
  }
  if (!advertisement.rdnss.empty()) {
    AppendOption(message, RdnssOption(advertisement.rdnss, advertisement.dns_lifetime));
  }
  Bytes dnssl = DnsslOption(advertisement.dnssl, advertisement.dns_lifetime);
  if (!dnssl.empty()) AppendOption(message, std::move(dnssl));
  return EncodeIcmpv6Packet(ends, message);
}

}  // namespace sstpgw::codec
