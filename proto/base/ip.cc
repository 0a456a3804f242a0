#include "proto/base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace sstpgw {

// inet_pton and inet_ntop are plain arithmetic on text; they touch nothing outside their arguments.
std::optional<Ipv4Address> Ipv4Address::Parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  std::array<std::uint8_t, 4> octets{};
  if (inet_pton(AF_INET, terminated.c_str(), octets.data()) != 1) return std::nullopt;
  return FromOctets(octets);
}

std::string Ipv4Address::ToString() const {
  std::string out;
  for (const std::uint8_t octet : octets()) {
    if (!out.empty()) out += '.';
    out += std::to_string(octet);
  }
  return out;
}

std::optional<Ipv6Address> Ipv6Address::Parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(AF_INET6, terminated.c_str(), octets.data()) != 1) return std::nullopt;
  return Ipv6Address(octets);
}

std::string Ipv6Address::ToString() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, octets_.data(), text.data(), text.size());
  return text.data();
}

std::optional<Ipv6Prefix> Ipv6Prefix::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = Ipv6Address::Parse(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  std::uint8_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const bool number = error == std::errc() && end == digits.data() + digits.size();
  const bool leading_zero = digits.size() > 1 && digits[0] == '0';
  if (!address || !number || leading_zero || length > 128) return std::nullopt;
  const Ipv6Prefix prefix = MakeIpv6Prefix(*address, length);
  if (prefix.address != *address) return std::nullopt;
  return prefix;
}

std::string Ipv6Prefix::ToString() const {
  return address.ToString() + "/" + std::to_string(length);
}

Ipv6Prefix MakeIpv6Prefix(const Ipv6Address& address, std::uint8_t length) {
  length = std::min<std::uint8_t>(length, 128);
  std::array<std::uint8_t, 16> octets = address.octets();
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const std::size_t kept = length > i * 8 ? std::min<std::size_t>(length - i * 8, 8) : 0;
    octets[i] = static_cast<std::uint8_t>(octets[i] & (0xff00U >> kept));
  }
  return {Ipv6Address(octets), length};
}

}  // namespace sstpgw
