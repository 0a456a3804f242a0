#include "proto/base/ip_prefix.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace sstpgw {
namespace {

constexpr std::uint8_t kIpv4Bits = 32;
constexpr std::uint8_t kIpv6Bits = 128;
constexpr std::size_t kMappedPrefix = 12;  // octets before the IPv4 address, RFC 4291 2.5.5.2

std::uint8_t BitsOf(const IpAddress& address) {
  return std::holds_alternative<Ipv4Address>(address) ? kIpv4Bits : kIpv6Bits;
}

bool SameBits(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b, std::size_t bits) {
  const std::size_t octets = bits / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(octets), b.begin())) {
    return false;
  }
  const std::size_t rest = bits % 8;
  return rest == 0 || (a[octets] ^ b[octets]) >> (8 - rest) == 0;
}

}  // namespace

std::optional<IpAddress> ParseIpAddress(std::string_view text) {
  if (const auto ipv4 = Ipv4Address::Parse(text)) return *ipv4;
  if (const auto ipv6 = Ipv6Address::Parse(text)) return *ipv6;
  return std::nullopt;
}

std::string ToString(const IpAddress& address) {
  return std::visit([](const auto& one) { return one.ToString(); }, address);
}

IpAddress Unmapped(const IpAddress& address) {
  const auto* ipv6 = std::get_if<Ipv6Address>(&address);
  if (ipv6 == nullptr) return address;
  const auto& octets = ipv6->octets();
  const bool mapped =
      octets[10] == 0xff && octets[11] == 0xff &&
      std::all_of(octets.begin(), octets.begin() + 10, [](std::uint8_t o) { return o == 0; });
  if (!mapped) return address;
  std::array<std::uint8_t, 4> ipv4{};
  std::copy(octets.begin() + kMappedPrefix, octets.end(), ipv4.begin());
  return Ipv4Address::FromOctets(ipv4);
}

IpPrefix IpPrefix::Host(const IpAddress& address) { return {address, BitsOf(address)}; }

std::optional<IpPrefix> IpPrefix::Parse(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = ParseIpAddress(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  std::uint8_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const bool canonical = digits.size() == 1 || (!digits.empty() && digits.front() != '0');
  if (!address || error != std::errc{} || end != digits.data() + digits.size() || !canonical ||
      length > BitsOf(*address)) {
    return std::nullopt;
  }
  return IpPrefix{*address, length};
}

bool IpPrefix::Contains(const IpAddress& other) const {
  if (address.index() != other.index()) return false;
  return std::visit(
      [&](const auto& own) {
        const auto& theirs = std::get<std::decay_t<decltype(own)>>(other);
        return SameBits(own.octets(), theirs.octets(), length);
      },
      address);
}

std::string IpPrefix::ToString() const {
  return sstpgw::ToString(address) + "/" + std::to_string(length);
}

}  // namespace sstpgw
