#include "tests/client/dhcpv6_wire.h"

#include "tests/client/ipv6_wire.h"
#include "tests/client/router_discovery.h"
#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

constexpr std::size_t kIaHeader = 12;       // IAID, T1, T2
constexpr std::size_t kIaAddressSize = 24;  // address, two lifetimes
constexpr std::size_t kIaPrefixSize = 25;   // two lifetimes, length, prefix

std::optional<std::uint16_t> StatusIn(const std::vector<Dhcpv6Option>& options) {
  for (const Dhcpv6Option& option : options) {
    if (option.code == kOptionStatus && option.value.size() >= 2) return Get16(option.value, 0);
  }
  return std::nullopt;
}

std::optional<Lease> ParseLease(const Dhcpv6Option& option) {
  const bool prefix = option.code == kOptionIaPrefix;
  const std::size_t size = prefix ? kIaPrefixSize : kIaAddressSize;
  if (option.value.size() < size) return std::nullopt;
  const auto inner = ParseDhcpv6Options(ByteView(option.value).subspan(size));
  if (!inner) return std::nullopt;
  Lease lease;
  lease.prefix = {AddressAt(option.value, prefix ? 9 : 0),
                  prefix ? option.value[8] : std::uint8_t{128}};
  if (lease.prefix.length > 128) return std::nullopt;
  lease.preferred = Get32(option.value, prefix ? 0 : 16);
  lease.valid = Get32(option.value, prefix ? 4 : 20);
  lease.status = StatusIn(*inner);
  return lease;
}

std::optional<Association> ParseAssociation(const Dhcpv6Option& option) {
  if (option.value.size() < kIaHeader) return std::nullopt;
  const auto inner = ParseDhcpv6Options(ByteView(option.value).subspan(kIaHeader));
  if (!inner) return std::nullopt;
  Association found;
  found.delegation = option.code == kOptionIaPd;
  found.iaid = Get32(option.value, 0);
  found.t1 = Get32(option.value, 4);
  found.t2 = Get32(option.value, 8);
  found.status = StatusIn(*inner);
  for (const Dhcpv6Option& one : *inner) {
    if (one.code != (found.delegation ? kOptionIaPrefix : kOptionIaAddress)) continue;
    const auto lease = ParseLease(one);
    if (!lease) return std::nullopt;
    found.leases.push_back(*lease);
  }
  return found;
}

bool TakeOption(const Dhcpv6Option& option, Dhcpv6Answer& answer) {
  switch (option.code) {
    case kOptionIaNa:
    case kOptionIaPd: {
      auto association = ParseAssociation(option);
      if (association) answer.associations.push_back(std::move(*association));
      return association.has_value();
    }
    case kOptionDns:
      for (std::size_t at = 0; at + 16 <= option.value.size(); at += 16) {
        answer.dns.push_back(AddressAt(option.value, at));
      }
      return option.value.size() % 16 == 0;
    case kOptionSearch:
    case kOptionAftrName: {
      const auto names = ParseNames(option.value);
      if (!names || names->empty()) return false;
      if (option.code == kOptionSearch) answer.search = *names;
      if (option.code == kOptionAftrName) answer.aftr_name = names->front();
      return true;
    }
    case kOptionPreference:
      if (option.value.size() != 1) return false;
      answer.preference = option.value[0];
      return true;
    case kOptionRapidCommit:
      answer.rapid_commit = true;
      return option.value.empty();
    default:
      return true;
  }
}

std::string StatusText(const std::optional<std::uint16_t>& status) {
  return status ? " status " + std::to_string(*status) : "";
}

}  // namespace

std::string ToString(Dhcpv6Type type) {
  switch (type) {
    case Dhcpv6Type::kSolicit:
      return "solicit";
    case Dhcpv6Type::kAdvertise:
      return "advertise";
    case Dhcpv6Type::kRequest:
      return "request";
    case Dhcpv6Type::kConfirm:
      return "confirm";
    case Dhcpv6Type::kRenew:
      return "renew";
    case Dhcpv6Type::kRebind:
      return "rebind";
    case Dhcpv6Type::kReply:
      return "reply";
    case Dhcpv6Type::kRelease:
      return "release";
    case Dhcpv6Type::kDecline:
      return "decline";
    case Dhcpv6Type::kInformationRequest:
      return "information-request";
  }
  return "type-" + std::to_string(static_cast<int>(type));
}

Bytes EncodeDhcpv6Options(const std::vector<Dhcpv6Option>& options) {
  Bytes out;
  for (const Dhcpv6Option& option : options) {
    const Bytes whole = Concat(
        {Be16(option.code), Be16(static_cast<std::uint16_t>(option.value.size())), option.value});
    out.insert(out.end(), whole.begin(), whole.end());
  }
  return out;
}

std::optional<std::vector<Dhcpv6Option>> ParseDhcpv6Options(ByteView octets) {
  std::vector<Dhcpv6Option> options;
  while (!octets.empty()) {
    if (octets.size() < 4 || octets.size() - 4 < Get16(octets, 2)) return std::nullopt;
    const ByteView value = octets.subspan(4, Get16(octets, 2));
    options.push_back({Get16(octets, 0), Bytes(value.begin(), value.end())});
    octets = octets.subspan(4 + value.size());
  }
  return options;
}

const Bytes* Dhcpv6Message::Find(std::uint16_t code) const {
  for (const Dhcpv6Option& option : options) {
    if (option.code == code) return &option.value;
  }
  return nullptr;
}

Bytes Encode(const Dhcpv6Message& message) {
  Bytes head = Be32(message.transaction & 0xffffff);
  head[0] = static_cast<std::uint8_t>(message.type);
  return Concat({head, EncodeDhcpv6Options(message.options)});
}

std::optional<Dhcpv6Message> ParseDhcpv6(ByteView octets) {
  if (octets.size() < 4) return std::nullopt;
  auto options = ParseDhcpv6Options(octets.subspan(4));
  if (!options) return std::nullopt;
  return Dhcpv6Message{static_cast<Dhcpv6Type>(octets[0]), Get32(octets, 0) & 0xffffff,
                       std::move(*options)};
}

Dhcpv6Option EncodeAssociation(const Association& association) {
  std::vector<Dhcpv6Option> inner;
  for (const Lease& lease : association.leases) {
    const Bytes address = AsBytes(lease.prefix.address);
    const Bytes lifetimes = Concat({Be32(lease.preferred), Be32(lease.valid)});
    inner.push_back(association.delegation
                        ? Dhcpv6Option{kOptionIaPrefix,
                                       Concat({lifetimes, Bytes{lease.prefix.length}, address})}
                        : Dhcpv6Option{kOptionIaAddress, Concat({address, lifetimes})});
  }
  return {association.delegation ? kOptionIaPd : kOptionIaNa,
          Concat({Be32(association.iaid), Be32(association.t1), Be32(association.t2),
                  EncodeDhcpv6Options(inner)})};
}

// With optimisation gcc 12 takes the vectors of `answer` for objects of the stack.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wfree-nonheap-object"
std::optional<Dhcpv6Answer> Interpret(const Dhcpv6Message& message) {
  Dhcpv6Answer answer;
  answer.status = StatusIn(message.options);
  for (const Dhcpv6Option& option : message.options) {
    if (!TakeOption(option, answer)) return std::nullopt;
  }
  return answer;
}
#pragma GCC diagnostic pop

std::string ToString(const Dhcpv6Answer& answer) {
  std::string text = StatusText(answer.status);
  for (const Association& one : answer.associations) {
    text += std::string(one.delegation ? " pd " : " na ") + std::to_string(one.iaid) + " t1 " +
            std::to_string(one.t1) + " t2 " + std::to_string(one.t2) + StatusText(one.status);
    for (const Lease& lease : one.leases) {
      text += one.delegation ? " prefix " + lease.prefix.ToString()
                             : " address " + lease.prefix.address.ToString();
      text += " preferred " + std::to_string(lease.preferred) + " valid " +
              std::to_string(lease.valid) + StatusText(lease.status);
    }
  }
  for (const Ipv6Address& dns : answer.dns) text += " dns " + dns.ToString();
  for (const std::string& name : answer.search) text += " search " + name;
  if (!answer.aftr_name.empty()) text += " aftr " + answer.aftr_name;
  if (answer.preference) text += " preference " + std::to_string(*answer.preference);
  if (answer.rapid_commit) text += " rapid-commit";
  return text.empty() ? text : text.substr(1);
}

}  // namespace sstpgw::client
