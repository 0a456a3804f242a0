#include "controlplane/radius/framed_route.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>
#include <vector>

#include "proto/base/text.h"

namespace sstpgw::cp::radius {
namespace {

auto Invalid(std::string what) { return Fail(Error{ErrorCode::kInvalidArgument, std::move(what)}); }

std::vector<std::string_view> Words(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  std::vector<std::string_view> words;
  for (std::size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;
       at = text.find_first_not_of(kBlanks, at)) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

std::optional<std::uint32_t> Number(std::string_view text) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// "16" or "255.255.0.0".
std::optional<std::uint8_t> Ipv4Length(std::string_view text) {
  if (const auto length = Number(text)) {
    return *length <= 32 ? std::optional(static_cast<std::uint8_t>(*length)) : std::nullopt;
  }
  const auto mask = Ipv4Address::Parse(text);
  if (!mask) return std::nullopt;
  const int ones = std::countl_one(mask->value());
  const bool contiguous = std::popcount(mask->value()) == ones;
  return contiguous ? std::optional(static_cast<std::uint8_t>(ones)) : std::nullopt;
}

std::uint32_t Ipv4Mask(std::uint8_t length) {
  return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
}

struct Parts {
  std::string_view address;
  std::optional<std::string_view> length;
  std::string_view gateway;  // empty: none
  std::uint32_t metric = 0;
};

Result<Parts> Split(std::string_view text) {
  const std::vector<std::string_view> words = Words(text);
  if (words.empty()) return Invalid("is empty");
  Parts parts;
  const std::size_t slash = words[0].find('/');
  parts.address = words[0].substr(0, slash);
  if (slash != std::string_view::npos) parts.length = words[0].substr(slash + 1);
  if (words.size() > 1) parts.gateway = words[1];
  if (words.size() > 2) {
    const auto metric = Number(words[2]);
    if (!metric) return Invalid("has the metric " + Escape(words[2]) + ", not a number");
    parts.metric = *metric;
  }
  return parts;
}

auto HasHostBits() { return Invalid("has bits behind its length"); }

}  // namespace

Result<FramedRoute> ReadFramedRoute(std::string_view text, HostBits host_bits) {
  SG_ASSIGN_OR_RETURN(const Parts parts, Split(text));
  const auto address = Ipv4Address::Parse(parts.address);
  if (!address) return Invalid("goes to " + Escape(parts.address) + ", not an IPv4 address");
  const auto length = parts.length ? Ipv4Length(*parts.length) : std::uint8_t{32};
  if (!length) return Invalid("has the length " + Escape(*parts.length) + ", not 0..32 or a mask");
  FramedRoute route{Ipv4Address(address->value() & Ipv4Mask(*length)), *length, {}, parts.metric};
  if (host_bits == HostBits::kRefuse && route.destination != *address) return HasHostBits();
  if (!parts.gateway.empty()) {
    const auto gateway = Ipv4Address::Parse(parts.gateway);
    if (!gateway) {
      return Invalid("goes by way of " + Escape(parts.gateway) + ", not an IPv4 address");
    }
    route.gateway = *gateway;
  }
  return route;
}

Result<FramedIpv6Route> ReadFramedIpv6Route(std::string_view text, HostBits host_bits) {
  SG_ASSIGN_OR_RETURN(const Parts parts, Split(text));
  const auto address = Ipv6Address::Parse(parts.address);
  if (!address) return Invalid("goes to " + Escape(parts.address) + ", not an IPv6 address");
  const auto length = parts.length ? Number(*parts.length) : std::nullopt;
  if (!length || *length > 128) {
    return Invalid(parts.length ? "has the length " + Escape(*parts.length) + ", not 0..128"
                                : "has no length");
  }
  FramedIpv6Route route;
  route.destination = MakeIpv6Prefix(*address, static_cast<std::uint8_t>(*length));
  route.metric = parts.metric;
  if (host_bits == HostBits::kRefuse && route.destination.address != *address) {
    return HasHostBits();
  }
  if (!parts.gateway.empty()) {
    const auto gateway = Ipv6Address::Parse(parts.gateway);
    if (!gateway) {
      return Invalid("goes by way of " + Escape(parts.gateway) + ", not an IPv6 address");
    }
    route.gateway = *gateway;
  }
  return route;
}

}  // namespace sstpgw::cp::radius
