// What stands in the value of an attribute (RFC 2865 5, RFC 3162 2, RFC 4818 3, RFC 6911, RFC 2868
// 3.1), read and written. A value that does not have the shape is nullopt, never a guess. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/base/ip.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

// Exactly 4 octets (integer, date); 8 octets.
[[nodiscard]] std::optional<std::uint32_t> ReadInteger(ByteView value);
[[nodiscard]] std::optional<std::uint64_t> ReadInteger64(ByteView value);
[[nodiscard]] std::optional<Ipv4Address> ReadIpv4(ByteView value);
[[nodiscard]] std::optional<Ipv6Address> ReadIpv6(ByteView value);
// Reserved(1), length(1), then at most 16 octets of prefix; fewer than the length needs count as
// zeros being left out. Bits behind the length are ignored (RFC 3162 2.3 wants them zero).
[[nodiscard]] std::optional<Ipv6Prefix> ReadIpv6Prefix(ByteView value);
[[nodiscard]] std::optional<InterfaceId> ReadInterfaceId(ByteView value);
// As it is, without one NUL at the end, which some servers send. Valid as long as `value`.
[[nodiscard]] std::string_view ReadText(ByteView value);

// RFC 2868 3.1: a first octet 1..0x1f is the tag; 0, or none for text, means untagged.
struct TaggedText {
  std::uint8_t tag = 0;
  std::string_view text;
};
[[nodiscard]] TaggedText ReadTaggedText(ByteView value);
struct TaggedInteger {
  std::uint8_t tag = 0;
  std::uint32_t value = 0;  // 24 bits
};
[[nodiscard]] std::optional<TaggedInteger> ReadTaggedInteger(ByteView value);

[[nodiscard]] Bytes IntegerValue(std::uint32_t value);
[[nodiscard]] Bytes Ipv4Value(Ipv4Address address);
[[nodiscard]] Bytes Ipv6Value(const Ipv6Address& address);
// 2..18 octets: only as many of the address as the length needs.
[[nodiscard]] Bytes Ipv6PrefixValue(const Ipv6Prefix& prefix);
[[nodiscard]] Bytes OctetsValue(ByteView octets);
[[nodiscard]] Bytes TextValue(std::string_view text);

}  // namespace sstpgw::cp::radius
