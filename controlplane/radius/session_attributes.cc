#include "controlplane/radius/session_attributes.h"

#include <algorithm>

#include "controlplane/radius/attribute_numbers.h"
#include "proto/base/text.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::size_t kMaxWarnings = 32;
constexpr std::size_t kMaxIpv6Dns = 3;
constexpr std::size_t kMaxInterfaceName = 15;
constexpr std::uint32_t kNasChooses = 0xfffffffe;
constexpr std::uint32_t kClientChooses = 0xffffffff;
constexpr std::uint32_t kRadiusRequest = 1;  // of Termination-Action
constexpr std::string_view kCiscoPool = "ip:addr-pool=";

class Collector {
 public:
  explicit Collector(const SessionAttributeSettings& settings) : settings_(settings) {}

  void Read(const Attribute& attribute);
  SessionAttributes Take() { return std::move(out_); }

 private:
  // Each false: the attribute is not one of theirs.
  bool Ipv4(const Attribute& a);
  bool Ipv6(const Attribute& a);
  bool Limits(const Attribute& a);
  bool Names(const Attribute& a);
  bool Carried(const Attribute& a);
  bool RateLimit(const Attribute& a);
  void FramedAddress(const Attribute& a);
  void VrfName(const Attribute& a);
  void PortName(const Attribute& a);

  void Warn(const Attribute& a, std::string what) {
    if (out_.warnings.size() < kMaxWarnings) out_.warnings.push_back({a.key(), std::move(what)});
  }
  // Puts what was read where it belongs, or warns.
  template <class T, class U>
  void Set(const Attribute& a, const char* name, const std::optional<T>& value, U& to) {
    if (value) {
      to = *value;
    } else {
      WrongSize(a, name);
    }
  }
  // The first one counts: FreeRADIUS's mschap appends its own behind what the operator has said.
  template <class T>
  void SetFirst(const Attribute& a, const char* name, const std::optional<T>& value,
                std::optional<T>& to) {
    if (!to) Set(a, name, value, to);
  }
  template <class T>
  void Push(const Attribute& a, const char* name, const std::optional<T>& value,
            std::vector<T>& to) {
    if (value) {
      to.push_back(*value);
    } else {
      WrongSize(a, name);
    }
  }
  void Seconds(const Attribute& a, const char* name, std::optional<std::chrono::seconds>& to) {
    const auto value = ReadInteger(a.value);
    if (value) {
      to = std::chrono::seconds(*value);
    } else {
      WrongSize(a, name);
    }
  }
  void Text(const Attribute& a, const char* name, std::string& to) {
    const std::string_view text = ReadText(a.value);
    if (text.empty()) return Warn(a, std::string(name) + " is empty");
    to = text;
  }
  void WrongSize(const Attribute& a, const char* name) {
    Warn(a, std::string(name) + " has a value of " + std::to_string(a.value.size()) +
                " octets that is none");
  }

  const SessionAttributeSettings& settings_;
  SessionAttributes out_;
};

void Collector::FramedAddress(const Attribute& a) {
  const auto address = ReadIpv4(a.value);
  if (!address) return WrongSize(a, "Framed-IP-Address");
  out_.address = {};
  if (address->is_zero()) {
    out_.address_choice = AddressChoice::kNone;
  } else if (address->value() == kNasChooses) {
    out_.address_choice = AddressChoice::kNas;
  } else if (address->value() == kClientChooses) {
    out_.address_choice = AddressChoice::kClient;
  } else {
    out_.address_choice = AddressChoice::kFixed;
    out_.address = *address;
  }
}

bool Collector::Ipv4(const Attribute& a) {
  const AttributeKey key = a.key();
  if (key == kFramedIpAddress) {
    FramedAddress(a);
  } else if (key == kFramedIpNetmask) {
    Set(a, "Framed-IP-Netmask", ReadIpv4(a.value), out_.netmask);
  } else if (key == kFramedPool) {
    Text(a, "Framed-Pool", out_.framed_pool);
  } else if (key == kFramedMtu) {
    Set(a, "Framed-MTU", ReadInteger(a.value), out_.framed_mtu);
  } else if (key == kFramedRoute) {
    auto route = ReadFramedRoute(ReadText(a.value), settings_.route_host_bits);
    if (route) {
      out_.routes.push_back(*route);
    } else {
      Warn(a, "Framed-Route " + route.error().message);
    }
  } else if (key == kMsPrimaryDnsServer) {
    Set(a, "MS-Primary-DNS-Server", ReadIpv4(a.value), out_.dns[0]);
  } else if (key == kMsSecondaryDnsServer) {
    Set(a, "MS-Secondary-DNS-Server", ReadIpv4(a.value), out_.dns[1]);
  } else if (key == kMsPrimaryNbnsServer) {
    Set(a, "MS-Primary-NBNS-Server", ReadIpv4(a.value), out_.wins[0]);
  } else if (key == kMsSecondaryNbnsServer) {
    Set(a, "MS-Secondary-NBNS-Server", ReadIpv4(a.value), out_.wins[1]);
  } else {
    return false;
  }
  return true;
}

bool Collector::Ipv6(const Attribute& a) {
  const AttributeKey key = a.key();
  if (key == kFramedIpv6Prefix) {
    Push(a, "Framed-IPv6-Prefix", ReadIpv6Prefix(a.value), out_.framed_ipv6_prefixes);
  } else if (key == kDelegatedIpv6Prefix) {
    Push(a, "Delegated-IPv6-Prefix", ReadIpv6Prefix(a.value), out_.delegated_ipv6_prefixes);
  } else if (key == kFramedIpv6Address) {
    Push(a, "Framed-IPv6-Address", ReadIpv6(a.value), out_.framed_ipv6_addresses);
  } else if (key == kFramedInterfaceId) {
    auto id = ReadInterfaceId(a.value);
    if (id == InterfaceId{}) id.reset();  // no peer can have it
    Set(a, "Framed-Interface-Id", id, out_.framed_interface_id);
  } else if (key == kStatefulIpv6AddressPool) {
    Text(a, "Stateful-IPv6-Address-Pool", out_.stateful_ipv6_pool);
  } else if (key == kDelegatedIpv6PrefixPool) {
    Text(a, "Delegated-IPv6-Prefix-Pool", out_.delegated_ipv6_pool);
  } else if (key == kFramedIpv6Pool) {
    Text(a, "Framed-IPv6-Pool", out_.framed_ipv6_pool);
  } else if (key == kDnsServerIpv6Address) {
    if (out_.ipv6_dns.size() < kMaxIpv6Dns) {
      Push(a, "DNS-Server-IPv6-Address", ReadIpv6(a.value), out_.ipv6_dns);
    }
  } else if (key == kFramedIpv6Route) {
    auto route = ReadFramedIpv6Route(ReadText(a.value), settings_.route_host_bits);
    if (route) {
      out_.ipv6_routes.push_back(*route);
    } else {
      Warn(a, "Framed-IPv6-Route " + route.error().message);
    }
  } else {
    return false;
  }
  return true;
}

bool Collector::Limits(const Attribute& a) {
  const AttributeKey key = a.key();
  if (key == kSessionTimeout) {
    Seconds(a, "Session-Timeout", out_.session_timeout);
  } else if (key == kIdleTimeout) {
    Seconds(a, "Idle-Timeout", out_.idle_timeout);
  } else if (key == kAcctInterimInterval) {
    Seconds(a, "Acct-Interim-Interval", out_.interim_interval);
  } else if (key == kTerminationAction) {
    std::optional<std::uint32_t> action;
    Set(a, "Termination-Action", ReadInteger(a.value), action);
    if (action) out_.reauthenticate = *action == kRadiusRequest;
  } else if (key == kMsMppeEncryptionPolicy) {
    SetFirst(a, "MS-MPPE-Encryption-Policy", ReadInteger(a.value), out_.mppe_policy);
  } else if (key == kMsMppeEncryptionTypes) {
    SetFirst(a, "MS-MPPE-Encryption-Types", ReadInteger(a.value), out_.mppe_types);
  } else {
    return false;
  }
  return true;
}

void Collector::VrfName(const Attribute& a) {
  const std::string_view name = ReadText(a.value);
  if (!IsInterfaceName(name)) {
    return Warn(a, "Accel-VRF-Name " + Escape(name) + " cannot be the name of a VRF");
  }
  out_.vrf = name;
}

void Collector::PortName(const Attribute& a) {
  const std::string_view name = ReadText(a.value);
  if (!IsInterfaceName(name)) {
    return Warn(a, "NAS-Port-Id " + Escape(name) +
                       " cannot be the name of an interface (1..15 octets), the session goes on "
                       "without it");
  }
  out_.interface_name = name;
}

bool Collector::Names(const Attribute& a) {
  const AttributeKey key = a.key();
  if (key == kUserName) {
    Text(a, "User-Name", out_.user_name);
  } else if (key == kNasPortId) {
    PortName(a);
  } else if (key == kNasPort) {
    Set(a, "NAS-Port", ReadInteger(a.value), out_.nas_port);
  } else if (key == kAccelVrfName) {
    VrfName(a);
  } else if (key == kFilterId) {
    out_.filter_ids.emplace_back(ReadText(a.value));
  } else if (key == kReplyMessage) {
    const std::string_view text = ReadText(a.value);
    if (!out_.reply_message.empty() && !text.empty()) out_.reply_message += ' ';
    out_.reply_message += text;
  } else if (key == kCiscoAvPair && settings_.cisco_pool &&
             ReadText(a.value).starts_with(kCiscoPool)) {
    const std::string_view pool = ReadText(a.value).substr(kCiscoPool.size());
    if (pool.empty()) {
      Warn(a, "Cisco-AVPair ip:addr-pool= names no pool");
    } else {
      out_.framed_pool = pool;
    }
  } else {
    return false;
  }
  return true;
}

bool Collector::Carried(const Attribute& a) {
  const AttributeKey key = a.key();
  if (key == kClass) {
    out_.classes.push_back(a.value);
  } else if (key == kState) {
    out_.state = a.value;
  } else {
    return false;
  }
  return true;
}

bool Collector::RateLimit(const Attribute& a) {
  const auto named =
      std::find_if(settings_.rate_limits.begin(), settings_.rate_limits.end(),
                   [&](const RateLimitAttribute& limit) { return limit.key == a.key(); });
  if (named == settings_.rate_limits.end()) return false;
  auto value = ReadRateLimitValue(a.value, named->type);
  if (value) {
    out_.rate_limits.push_back({a.key(), *std::move(value)});
  } else {
    WrongSize(a, "the rate limit's attribute");
  }
  return true;
}

void Collector::Read(const Attribute& a) {
  // A rate limit may stand in an attribute that has another meaning, too (Filter-Id).
  const bool limits = RateLimit(a);
  if (Ipv4(a) || Ipv6(a) || Limits(a) || Names(a) || Carried(a) || limits) return;
  std::vector<AttributeKey>& unused = out_.not_used;
  if (std::find(unused.begin(), unused.end(), a.key()) == unused.end()) unused.push_back(a.key());
}

}  // namespace

std::optional<std::variant<std::uint64_t, std::string>> ReadRateLimitValue(ByteView value,
                                                                           ValueType type) {
  std::size_t octets = 0;
  switch (type) {
    case ValueType::kByte:
      octets = 1;
      break;
    case ValueType::kShort:
      octets = 2;
      break;
    case ValueType::kInteger:
    case ValueType::kSigned:
    case ValueType::kDate:
      octets = 4;
      break;
    case ValueType::kInteger64:
      octets = 8;
      break;
    case ValueType::kOctets: {
      const bool text = std::all_of(value.begin(), value.end(),
                                    [](std::uint8_t c) { return c >= 0x20 && c < 0x7f; });
      if (!text) octets = 4;
      break;
    }
    case ValueType::kString:
    case ValueType::kIpv4Address:
    case ValueType::kIpv4Prefix:
    case ValueType::kIpv6Address:
    case ValueType::kIpv6Prefix:
    case ValueType::kComboIp:
    case ValueType::kInterfaceId:
    case ValueType::kEthernet:
    case ValueType::kBinaryFilter:
    case ValueType::kNested:
      break;
  }
  if (octets == 0) return std::string(ReadText(value));
  if (value.size() != octets) return std::nullopt;
  std::uint64_t number = 0;
  for (const std::uint8_t octet : value) number = (number << 8) | octet;
  return number;
}

bool IsInterfaceName(std::string_view text) {
  if (text.empty() || text.size() > kMaxInterfaceName || text == "." || text == "..") return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '/' || c == ':';
  });
}

SessionAttributes ReadSessionAttributes(const std::vector<Attribute>& attributes,
                                        const SessionAttributeSettings& settings) {
  Collector collector(settings);
  for (const Attribute& attribute : attributes) collector.Read(attribute);
  return collector.Take();
}

}  // namespace sstpgw::cp::radius
