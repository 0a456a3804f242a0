#include "gateway/codec/dhcpv6.h"

#include <algorithm>

#include "gateway/codec/byte_reader.h"
#include "gateway/codec/byte_writer.h"
#include "gateway/codec/domain_name.h"
#include "gateway/codec/ipv6_packet.h"

namespace sstpgw::codec {
namespace {

constexpr std::size_t kMessageHeader = 4;
constexpr std::size_t kOptionHeader = 4;
constexpr std::size_t kMaxPayload = kMinIpv6Mtu - kIpv6HeaderSize - kUdpHeaderSize;
constexpr std::size_t kMinDuid = 3;  // type and at least one octet
constexpr std::size_t kMaxDnsServers = 3;

struct RawOption {
  Dhcpv6Option code{};
  ByteView value;
  std::size_t at = 0;  // of the value, in the message
};

// Steps over the options in `area`, which begins `base` octets into the message, and hands each one
// to `take`; ends at the first error of either.
template <class Take>
Parsed<void> ForEachOption(ByteView area, std::size_t base, Take take) {
  ByteReader reader(area);
  while (reader.remaining() > 0) {
    const std::size_t at = base + reader.position();
    RawOption option;
    option.code = static_cast<Dhcpv6Option>(reader.U16());
    const std::size_t size = reader.U16();
    if (!reader.ok()) return FailAt(ParseErrc::kTruncated, at);
    option.at = at + kOptionHeader;
    if (size > reader.remaining()) return FailAt(ParseErrc::kBadLength, at + 2);
    option.value = reader.Take(size);
    SG_RETURN_IF_ERROR(take(option));
  }
  return {};
}

// Options inside a lease are a status at most, which means nothing to a server.
Parsed<void> CheckOptions(ByteView area, std::size_t base) {
  return ForEachOption(area, base, [](const RawOption&) -> Parsed<void> { return {}; });
}

Parsed<Dhcpv6Lease> ParseAddress(const RawOption& option) {
  ByteReader reader(option.value);
  Dhcpv6Lease lease;
  lease.prefix = {Ipv6Address(reader.Array<16>()), 128};
  lease.preferred_lifetime = reader.U32();
  lease.valid_lifetime = reader.U32();
  if (!reader.ok()) return FailAt(ParseErrc::kTruncated, option.at);
  const std::size_t rest_at = option.at + reader.position();
  SG_RETURN_IF_ERROR(CheckOptions(reader.Rest(), rest_at));
  return lease;
}

Parsed<Dhcpv6Lease> ParsePrefix(const RawOption& option) {
  ByteReader reader(option.value);
  Dhcpv6Lease lease;
  lease.preferred_lifetime = reader.U32();
  lease.valid_lifetime = reader.U32();
  const std::uint8_t length = reader.U8();
  const Ipv6Address address(reader.Array<16>());
  if (!reader.ok()) return FailAt(ParseErrc::kTruncated, option.at);
  if (length > 128) return FailAt(ParseErrc::kBadValue, option.at + 8);
  lease.prefix = MakeIpv6Prefix(address, length);
  const std::size_t rest_at = option.at + reader.position();
  SG_RETURN_IF_ERROR(CheckOptions(reader.Rest(), rest_at));
  return lease;
}

class MessageParser {
 public:
  Parsed<Dhcpv6Message> Parse(ByteView payload) {
    ByteReader reader(payload);
    const std::uint8_t type = reader.U8();
    message_.transaction = reader.Array<3>();
    if (!reader.ok()) return FailAt(ParseErrc::kTruncated, payload.size());
    if (type < static_cast<std::uint8_t>(Dhcpv6Type::kSolicit) ||
        type > static_cast<std::uint8_t>(Dhcpv6Type::kInformationRequest)) {
      return FailAt(ParseErrc::kWrongType, 0);
    }
    message_.type = static_cast<Dhcpv6Type>(type);
    SG_RETURN_IF_ERROR(
        ForEachOption(reader.Rest(), kMessageHeader,
                      [this](const RawOption& option) { return TakeOption(option); }));
    return std::move(message_);
  }

 private:
  Parsed<void> TakeOption(const RawOption& option) {
    switch (option.code) {
      case Dhcpv6Option::kClientId:
        return TakeDuid(option, message_.client_id);
      case Dhcpv6Option::kServerId:
        return TakeDuid(option, message_.server_id);
      case Dhcpv6Option::kIaNa:
      case Dhcpv6Option::kIaTa:
      case Dhcpv6Option::kIaPd:
        return TakeIa(option);
      case Dhcpv6Option::kOptionRequest:
        return TakeOptionRequest(option);
      case Dhcpv6Option::kRapidCommit:
        if (!option.value.empty()) return FailAt(ParseErrc::kBadLength, option.at - 2);
        message_.rapid_commit = true;
        return {};
      case Dhcpv6Option::kIaAddress:
      case Dhcpv6Option::kPreference:
      case Dhcpv6Option::kStatusCode:
      case Dhcpv6Option::kDnsServers:
      case Dhcpv6Option::kDomainList:
      case Dhcpv6Option::kIaPrefix:
      case Dhcpv6Option::kAftrName:
        break;
    }
    return {};
  }

  static Parsed<void> TakeDuid(const RawOption& option, ByteView& duid) {
    const bool possible = option.value.size() >= kMinDuid && option.value.size() <= kMaxDuid;
    if (!possible || !duid.empty()) return FailAt(ParseErrc::kBadValue, option.at);
    duid = option.value;
    return {};
  }

  Parsed<void> TakeOptionRequest(const RawOption& option) {
    if (option.value.size() % 2 != 0) return FailAt(ParseErrc::kBadLength, option.at - 2);
    if (has_option_request_) return FailAt(ParseErrc::kBadValue, option.at);
    has_option_request_ = true;
    ByteReader reader(option.value);
    while (reader.remaining() > 0) message_.requested.push_back(reader.U16());
    return {};
  }

  Parsed<void> TakeIa(const RawOption& option) {
    if (message_.ias.size() == kMaxDhcpv6Ias) return FailAt(ParseErrc::kBadValue, option.at);
    ByteReader reader(option.value);
    Dhcpv6Ia ia;
    ia.kind = option.code;
    ia.iaid = reader.U32();
    if (ia.kind != Dhcpv6Option::kIaTa) {
      ia.t1 = reader.U32();
      ia.t2 = reader.U32();
    }
    if (!reader.ok()) return FailAt(ParseErrc::kTruncated, option.at);
    const std::size_t rest_at = option.at + reader.position();
    SG_RETURN_IF_ERROR(ForEachOption(reader.Rest(), rest_at,
                                     [this, &ia](const RawOption& o) { return TakeLease(o, ia); }));
    message_.ias.push_back(std::move(ia));
    return {};
  }

  Parsed<void> TakeLease(const RawOption& option, Dhcpv6Ia& ia) {
    const bool delegation = ia.kind == Dhcpv6Option::kIaPd;
    const Dhcpv6Option wanted = delegation ? Dhcpv6Option::kIaPrefix : Dhcpv6Option::kIaAddress;
    if (option.code != wanted) return {};
    if (++leases_ > kMaxDhcpv6Leases) return FailAt(ParseErrc::kBadValue, option.at);
    SG_ASSIGN_OR_RETURN(Dhcpv6Lease lease, delegation ? ParsePrefix(option) : ParseAddress(option));
    ia.leases.push_back(std::move(lease));
    return {};
  }

  Dhcpv6Message message_;
  bool has_option_request_ = false;
  std::size_t leases_ = 0;
};

void AppendOption(Bytes& out, Dhcpv6Option code, ByteView value) {
  ByteWriter writer(out);
  writer.U16(static_cast<std::uint16_t>(code));
  writer.U16(static_cast<std::uint16_t>(value.size()));
  writer.Raw(value);
}

void AppendStatus(Bytes& out, std::optional<Dhcpv6Status> status) {
  if (!status) return;
  Bytes value;
  ByteWriter writer(value);
  writer.U16(static_cast<std::uint16_t>(*status));
  writer.Text(ToString(*status));
  AppendOption(out, Dhcpv6Option::kStatusCode, value);
}

void AppendLease(Bytes& out, Dhcpv6Option kind, const Dhcpv6Lease& lease) {
  const bool delegation = kind == Dhcpv6Option::kIaPd;
  Bytes value;
  ByteWriter writer(value);
  if (!delegation) writer.Raw(lease.prefix.address.octets());
  writer.U32(lease.preferred_lifetime);
  writer.U32(lease.valid_lifetime);
  if (delegation) {
    writer.U8(lease.prefix.length);
    writer.Raw(lease.prefix.address.octets());
  }
  AppendStatus(value, lease.status);
  AppendOption(out, delegation ? Dhcpv6Option::kIaPrefix : Dhcpv6Option::kIaAddress, value);
}

void AppendIa(Bytes& out, const Dhcpv6Ia& ia) {
  Bytes value;
  ByteWriter writer(value);
  writer.U32(ia.iaid);
  if (ia.kind != Dhcpv6Option::kIaTa) {
    writer.U32(ia.t1);
    writer.U32(ia.t2);
  }
  for (const Dhcpv6Lease& lease : ia.leases) AppendLease(value, ia.kind, lease);
  AppendStatus(value, ia.status);
  AppendOption(out, ia.kind, value);
}

// Leaves it out when the message would become too long.
void AppendOptional(Bytes& out, Dhcpv6Option code, ByteView value) {
  if (value.empty() || out.size() + kOptionHeader + value.size() > kMaxPayload) return;
  AppendOption(out, code, value);
}

}  // namespace

const char* ToString(Dhcpv6Type type) {
  switch (type) {
    case Dhcpv6Type::kSolicit:
      return "Solicit";
    case Dhcpv6Type::kAdvertise:
      return "Advertise";
    case Dhcpv6Type::kRequest:
      return "Request";
    case Dhcpv6Type::kConfirm:
      return "Confirm";
    case Dhcpv6Type::kRenew:
      return "Renew";
    case Dhcpv6Type::kRebind:
      return "Rebind";
    case Dhcpv6Type::kReply:
      return "Reply";
    case Dhcpv6Type::kRelease:
      return "Release";
    case Dhcpv6Type::kDecline:
      return "Decline";
    case Dhcpv6Type::kReconfigure:
      return "Reconfigure";
    case Dhcpv6Type::kInformationRequest:
      return "Information-Request";
  }
  return "unknown";
}

const char* ToString(Dhcpv6Status status) {
  switch (status) {
    case Dhcpv6Status::kSuccess:
      return "success";
    case Dhcpv6Status::kUnspecFail:
      return "failed";
    case Dhcpv6Status::kNoAddrsAvail:
      return "no addresses available";
    case Dhcpv6Status::kNoBinding:
      return "no binding";
    case Dhcpv6Status::kNotOnLink:
      return "not on link";
    case Dhcpv6Status::kUseMulticast:
      return "use multicast";
    case Dhcpv6Status::kNoPrefixAvail:
      return "no prefix available";
  }
  return "unknown";
}

bool Dhcpv6Message::Requests(Dhcpv6Option option) const {
  return std::find(requested.begin(), requested.end(), static_cast<std::uint16_t>(option)) !=
         requested.end();
}

Parsed<Dhcpv6Message> ParseDhcpv6(ByteView payload) { return MessageParser().Parse(payload); }

std::optional<Bytes> EncodeDhcpv6(const Dhcpv6Reply& reply) {
  Bytes out;
  out.push_back(static_cast<std::uint8_t>(reply.type));
  out.insert(out.end(), reply.transaction.begin(), reply.transaction.end());
  if (!reply.client_id.empty()) AppendOption(out, Dhcpv6Option::kClientId, reply.client_id);
  AppendOption(out, Dhcpv6Option::kServerId, reply.server_id);
  if (reply.preference) {
    AppendOption(out, Dhcpv6Option::kPreference, std::array{*reply.preference});
  }
  if (reply.rapid_commit) AppendOption(out, Dhcpv6Option::kRapidCommit, {});
  for (const Dhcpv6Ia& ia : reply.ias) AppendIa(out, ia);
  AppendStatus(out, reply.status);
  if (out.size() > kMaxPayload) return std::nullopt;

  Bytes value;
  for (std::size_t i = 0; i < std::min(reply.dns.size(), kMaxDnsServers); ++i) {
    const auto& octets = reply.dns[i].octets();
    value.insert(value.end(), octets.begin(), octets.end());
  }
  AppendOptional(out, Dhcpv6Option::kDnsServers, value);
  value.clear();
  if (!reply.aftr_name.empty() && AppendDomainName(value, reply.aftr_name)) {
    AppendOptional(out, Dhcpv6Option::kAftrName, value);
  }
  value.clear();
  for (const std::string& domain : reply.domains) {
    Bytes wire;
    if (!AppendDomainName(wire, domain)) continue;
    if (out.size() + kOptionHeader + value.size() + wire.size() > kMaxPayload) break;
    value.insert(value.end(), wire.begin(), wire.end());
  }
  AppendOptional(out, Dhcpv6Option::kDomainList, value);
  return out;
}

}  // namespace sstpgw::codec
