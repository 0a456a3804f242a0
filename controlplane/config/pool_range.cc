#include "controlplane/config/pool_range.h"

#include <optional>

#include "controlplane/config/decimal.h"

namespace sstpgw::cp {
namespace {

using Outcome = Result<AddressRange, std::string>;

constexpr std::string_view kForms =
    "must be a.b.c.d/n, a.b.c.d-e.f.g.h, a.b.c.d-e or a single IPv4 address";

Outcome CheckHosts(AddressRange range) {
  if (!IsHostAddress(range.first) || !IsHostAddress(range.last)) {
    return Fail(std::string("holds addresses that no host can have"));
  }
  if (range.last.value() - range.first.value() >= kMaxRangeAddresses) {
    return Fail(std::string("has more than 16777216 addresses"));
  }
  return range;
}

Outcome ParseNetwork(std::string_view host_text, std::string_view length_text) {
  const std::optional<Ipv4Address> host = Ipv4Address::Parse(host_text);
  const std::optional<std::uint64_t> length = ParseDecimal(length_text);
  if (!host || !length) return Fail(std::string(kForms));
  if (*length < 1 || *length > 32) return Fail(std::string("the prefix length must be 1..32"));
  const std::uint32_t host_bits = 0xffffffffU >> (*length - 1) >> 1;
  const std::uint32_t network = host->value() & ~host_bits;
  const std::uint32_t broadcast = network | host_bits;
  std::uint32_t first = host->value();
  std::uint32_t last = broadcast;
  if (*length <= 30) {
    if (first == network) ++first;
    --last;
    if (first > last) return Fail(std::string("begins at the broadcast address, nothing is left"));
  }
  return CheckHosts({Ipv4Address(first), Ipv4Address(last)});
}

Outcome ParseInterval(std::string_view first_text, std::string_view last_text) {
  const std::optional<Ipv4Address> first = Ipv4Address::Parse(first_text);
  if (!first) return Fail(std::string(kForms));
  std::optional<Ipv4Address> last = Ipv4Address::Parse(last_text);
  if (!last) {
    const std::optional<std::uint64_t> octet = ParseDecimal(last_text);
    if (!octet || *octet > 255) return Fail(std::string(kForms));
    last = Ipv4Address((first->value() & 0xffffff00U) | static_cast<std::uint32_t>(*octet));
  }
  if ((first->value() >> 8) != (last->value() >> 8)) {
    return Fail(std::string("first and last must lie within one /24"));
  }
  if (*last < *first) return Fail(std::string("the last address is below the first"));
  return CheckHosts({*first, *last});
}

}  // namespace

bool IsHostAddress(Ipv4Address address) {
  const std::uint32_t first_octet = address.value() >> 24;
  return first_octet != 0 && first_octet != 127 && first_octet < 224;
}

Result<AddressRange, std::string> ParsePoolRange(std::string_view text) {
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    return ParseNetwork(text.substr(0, slash), text.substr(slash + 1));
  }
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    return ParseInterval(text.substr(0, dash), text.substr(dash + 1));
  }
  const std::optional<Ipv4Address> address = Ipv4Address::Parse(text);
  if (!address) return Fail(std::string(kForms));
  return CheckHosts({*address, *address});
}

}  // namespace sstpgw::cp
