#include "proto/base/ip.h"

#include <arpa/inet.h>

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

}  // namespace sstpgw
