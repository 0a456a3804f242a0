#include "controlplane/radius/attribute_values.h"

#include <algorithm>

namespace sstpgw::cp::radius {
namespace {

constexpr std::uint8_t kMaxTag = 0x1f;

std::uint64_t BigEndian(ByteView octets) {
  std::uint64_t value = 0;
  for (const std::uint8_t octet : octets) value = (value << 8) | octet;
  return value;
}

}  // namespace

std::optional<std::uint32_t> ReadInteger(ByteView value) {
  if (value.size() != 4) return std::nullopt;
  return static_cast<std::uint32_t>(BigEndian(value));
}

std::optional<std::uint64_t> ReadInteger64(ByteView value) {
  if (value.size() != 8) return std::nullopt;
  return BigEndian(value);
}

std::optional<Ipv4Address> ReadIpv4(ByteView value) {
  const auto number = ReadInteger(value);
  return number ? std::optional(Ipv4Address(*number)) : std::nullopt;
}

std::optional<Ipv6Address> ReadIpv6(ByteView value) {
  std::array<std::uint8_t, 16> octets{};
  if (value.size() != octets.size()) return std::nullopt;
  std::copy(value.begin(), value.end(), octets.begin());
  return Ipv6Address(octets);
}

std::optional<Ipv6Prefix> ReadIpv6Prefix(ByteView value) {
  if (value.size() < 2 || value.size() > 18 || value[1] > 128) return std::nullopt;
  std::array<std::uint8_t, 16> octets{};
  std::copy(value.begin() + 2, value.end(), octets.begin());
  return MakeIpv6Prefix(Ipv6Address(octets), value[1]);
}

std::optional<InterfaceId> ReadInterfaceId(ByteView value) {
  InterfaceId id{};
  if (value.size() != id.size()) return std::nullopt;
  std::copy(value.begin(), value.end(), id.begin());
  return id;
}

std::string_view ReadText(ByteView value) {
  if (!value.empty() && value.back() == 0) value = value.first(value.size() - 1);
  return {reinterpret_cast<const char*>(value.data()), value.size()};
}

TaggedText ReadTaggedText(ByteView value) {
  // A first octet above 0x1f is the text's own (RFC 2868 3.3).
  if (value.empty() || value[0] > kMaxTag) return {0, ReadText(value)};
  return {value[0], ReadText(value.subspan(1))};
}

std::optional<TaggedInteger> ReadTaggedInteger(ByteView value) {
  if (value.size() != 4 || value[0] > kMaxTag) return std::nullopt;
  return TaggedInteger{value[0], static_cast<std::uint32_t>(BigEndian(value.subspan(1)))};
}

Bytes IntegerValue(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
          static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

Bytes Ipv4Value(Ipv4Address address) { return IntegerValue(address.value()); }

Bytes Ipv6Value(const Ipv6Address& address) { return OctetsValue(address.octets()); }

Bytes Ipv6PrefixValue(const Ipv6Prefix& prefix) {
  const Ipv6Prefix clean = MakeIpv6Prefix(prefix.address, prefix.length);
  const auto& octets = clean.address.octets();
  Bytes out{0, clean.length};
  out.insert(out.end(), octets.begin(), octets.begin() + (clean.length + 7) / 8);
  return out;
}

Bytes OctetsValue(ByteView octets) { return {octets.begin(), octets.end()}; }

Bytes TextValue(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace sstpgw::cp::radius
