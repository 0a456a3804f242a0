#include "controlplane/radius/packet_text.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "proto/base/text.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::size_t kMaxHex = 64;  // octets

// Never shown, even where a dictionary file of the operator's does not mark them.
constexpr std::array kSecretKeys = {
    kUserPassword,         kChapPassword,   kTunnelPassword,  kEapMessage,
    kMessageAuthenticator, kMsChapResponse, kMsChap2Response, kMsChap2Success,
    kMsChapMppeKeys,       kMsMppeSendKey,  kMsMppeRecvKey,
};

bool IsSecret(AttributeKey key, const DictionaryAttribute* known) {
  return std::find(kSecretKeys.begin(), kSecretKeys.end(), key) != kSecretKeys.end() ||
         (known != nullptr && (known->secret || known->encryption != Encryption::kNone));
}

std::string HexText(ByteView value) {
  if (value.size() <= kMaxHex) return "0x" + ToHex(value);
  return "0x" + ToHex(value.first(kMaxHex)) + "... (" + std::to_string(value.size()) + " octets)";
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : Escape(text)) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string DateText(std::uint32_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&time, &parts) == nullptr ||
      std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
    return std::to_string(seconds);
  }
  return text.data();
}

std::optional<std::uint64_t> Number(ByteView value, std::size_t octets) {
  if (value.size() != octets) return std::nullopt;
  std::uint64_t number = 0;
  for (const std::uint8_t octet : value) number = (number << 8) | octet;
  return number;
}

std::string Named(AttributeKey key, std::uint64_t number, const Dictionary& dictionary) {
  const std::string_view name = dictionary.ValueName(key, number);
  return name.empty() ? std::to_string(number) : Escape(name);
}

std::optional<std::string> Ipv4PrefixText(ByteView value) {
  if (value.size() != 6 || value[1] > 32) return std::nullopt;
  return ReadIpv4(value.subspan(2))->ToString() + "/" + std::to_string(value[1]);
}

// Octets in hex with colons between each `group` of them.
std::optional<std::string> GroupedHex(ByteView value, std::size_t octets, std::size_t group) {
  if (value.size() != octets) return std::nullopt;
  std::string out;
  for (std::size_t at = 0; at < octets; at += group) {
    out += (at == 0 ? "" : ":") + ToHex(value.subspan(at, group));
  }
  return out;
}

template <class T>
std::optional<std::string> Text(const std::optional<T>& value) {
  return value ? std::optional(value->ToString()) : std::nullopt;
}

// Without name and tag. Nullopt: not of its type.
std::optional<std::string> ValueText(ByteView value, const DictionaryAttribute& known,
                                     const Dictionary& dictionary) {
  const auto number = [&](std::size_t octets) -> std::optional<std::string> {
    const auto read = Number(value, octets);
    return read ? std::optional(Named(known.key, *read, dictionary)) : std::nullopt;
  };
  switch (known.value_type) {
    case ValueType::kString:
      return Quoted(ReadText(value));
    case ValueType::kInteger:
      return number(4);
    case ValueType::kShort:
      return number(2);
    case ValueType::kByte:
      return number(1);
    case ValueType::kInteger64:
      return number(8);
    case ValueType::kSigned: {
      const auto read = ReadInteger(value);
      return read ? std::optional(std::to_string(static_cast<std::int32_t>(*read))) : std::nullopt;
    }
    case ValueType::kDate: {
      const auto read = ReadInteger(value);
      return read ? std::optional(DateText(*read)) : std::nullopt;
    }
    case ValueType::kIpv4Address:
      return Text(ReadIpv4(value));
    case ValueType::kIpv6Address:
      return Text(ReadIpv6(value));
    case ValueType::kComboIp:
      return value.size() == 4 ? Text(ReadIpv4(value)) : Text(ReadIpv6(value));
    case ValueType::kIpv6Prefix:
      return Text(ReadIpv6Prefix(value));
    case ValueType::kIpv4Prefix:
      return Ipv4PrefixText(value);
    case ValueType::kInterfaceId:
      return GroupedHex(value, 8, 2);
    case ValueType::kEthernet:
      return GroupedHex(value, 6, 1);
    case ValueType::kOctets:
    case ValueType::kBinaryFilter:
    case ValueType::kNested:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string KnownText(const Attribute& attribute, const DictionaryAttribute& known,
                      const Dictionary& dictionary) {
  std::string name = Escape(known.name);
  Bytes value = attribute.value;
  if (known.has_tag && !value.empty() && value[0] <= 0x1f) {
    if (value[0] != 0) name += ":" + std::to_string(value[0]);
    if (known.value_type == ValueType::kString) {
      value.erase(value.begin());
    } else {
      value[0] = 0;  // of a tagged integer 24 bits are the number
    }
  }
  const auto text = ValueText(value, known, dictionary);
  return name + " " + (text ? *text : HexText(value));
}

// An attribute 26 that was not unpacked may hold anything, also what must not be seen.
std::string OpaqueVendorText(ByteView value, const Dictionary& dictionary) {
  const auto vendor = Number(value.first(std::min<std::size_t>(value.size(), 4)), 4);
  std::string of = "nobody";
  if (vendor) {
    const std::string_view name = dictionary.VendorName(static_cast<std::uint32_t>(*vendor));
    of = name.empty() ? std::to_string(*vendor) : Escape(name);
  }
  return "Vendor-Specific of " + of + ", " + std::to_string(value.size()) + " octets";
}

}  // namespace

std::string AttributeText(const Attribute& attribute, const Dictionary& dictionary) {
  if (attribute.key() == kVendorSpecific) return OpaqueVendorText(attribute.value, dictionary);
  const DictionaryAttribute* known = dictionary.Find(attribute.key());
  const bool secret = IsSecret(attribute.key(), known);
  if (known != nullptr && !secret) return KnownText(attribute, *known, dictionary);
  std::string name;
  if (known != nullptr) {
    name = Escape(known->name);
  } else {
    if (attribute.vendor != 0) {
      const std::string_view vendor = dictionary.VendorName(attribute.vendor);
      name = (vendor.empty() ? "vendor " + std::to_string(attribute.vendor) : Escape(vendor)) + " ";
    }
    name += "attribute " + std::to_string(attribute.type);
  }
  return name + " " + (secret ? "***" : HexText(attribute.value));
}

std::string LogLine(Direction direction, std::string_view other_side, const Packet& packet,
                    const Dictionary& dictionary) {
  constexpr std::size_t kRoomForEnd = 32;  // " ... 512 more]"
  std::string line = direction == Direction::kSend ? "send [" : "recv [";
  line += Escape(other_side);
  line += " " + ToString(packet.code) + " id=" + std::to_string(packet.identifier);
  std::size_t shown = 0;
  for (const Attribute& attribute : packet.attributes) {
    const std::string text = " <" + AttributeText(attribute, dictionary) + ">";
    if (line.size() + text.size() > kMaxLogLine - kRoomForEnd) break;
    line += text;
    ++shown;
  }
  if (shown < packet.attributes.size()) {
    line += " ... " + std::to_string(packet.attributes.size() - shown) + " more";
  }
  return line + "]";
}

}  // namespace sstpgw::cp::radius
