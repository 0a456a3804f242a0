// IP addresses as values in host meaning: no byte order crosses this header except through the
// octets.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sstpgw {

class Ipv4Address {
 public:
  constexpr Ipv4Address() = default;
  // 10.0.0.1 is Ipv4Address(0x0a000001).
  constexpr explicit Ipv4Address(std::uint32_t value) : value_(value) {}
  // Dotted quad, each part 0..255 without leading zeros; anything else is nullopt.
  [[nodiscard]] static std::optional<Ipv4Address> Parse(std::string_view text);
  [[nodiscard]] static constexpr Ipv4Address FromOctets(std::array<std::uint8_t, 4> octets) {
    return Ipv4Address((std::uint32_t{octets[0]} << 24) | (std::uint32_t{octets[1]} << 16) |
                       (std::uint32_t{octets[2]} << 8) | octets[3]);
  }
  [[nodiscard]] constexpr std::uint32_t value() const { return value_; }
  // Network order.
  [[nodiscard]] constexpr std::array<std::uint8_t, 4> octets() const {
    return {static_cast<std::uint8_t>(value_ >> 24), static_cast<std::uint8_t>(value_ >> 16),
            static_cast<std::uint8_t>(value_ >> 8), static_cast<std::uint8_t>(value_)};
  }
  [[nodiscard]] constexpr bool is_zero() const { return value_ == 0; }
  [[nodiscard]] std::string ToString() const;
  friend constexpr auto operator<=>(const Ipv4Address&, const Ipv4Address&) = default;

 private:
  std::uint32_t value_ = 0;
};

class Ipv6Address {
 public:
  constexpr Ipv6Address() = default;
  constexpr explicit Ipv6Address(std::array<std::uint8_t, 16> octets) : octets_(octets) {}
  // RFC 4291 text without zone; anything else is nullopt.
  [[nodiscard]] static std::optional<Ipv6Address> Parse(std::string_view text);
  [[nodiscard]] constexpr const std::array<std::uint8_t, 16>& octets() const { return octets_; }
  // RFC 5952 text.
  [[nodiscard]] std::string ToString() const;
  friend constexpr auto operator<=>(const Ipv6Address&, const Ipv6Address&) = default;

 private:
  std::array<std::uint8_t, 16> octets_{};
};

// Bits behind the length are zero.
struct Ipv6Prefix {
  Ipv6Address address;
  std::uint8_t length = 0;  // 0..128
  // "2001:db8::/56": an address as above, a length without leading zeros; anything else, also bits
  // behind the length, is nullopt.
  [[nodiscard]] static std::optional<Ipv6Prefix> Parse(std::string_view text);
  [[nodiscard]] std::string ToString() const;
  friend constexpr auto operator<=>(const Ipv6Prefix&, const Ipv6Prefix&) = default;
};

// Clears the bits behind the length; what is above 128 counts as 128.
[[nodiscard]] Ipv6Prefix MakeIpv6Prefix(const Ipv6Address& address, std::uint8_t length);

// The lower half of an IPv6 address (RFC 4291 2.5.1), in network order.
using InterfaceId = std::array<std::uint8_t, 8>;

}  // namespace sstpgw

template <>
struct std::hash<sstpgw::Ipv4Address> {
  std::size_t operator()(const sstpgw::Ipv4Address& address) const {
    return std::hash<std::uint32_t>{}(address.value());
  }
};
