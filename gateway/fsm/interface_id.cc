#include "gateway/fsm/interface_id.h"

#include <algorithm>
#include <optional>

#include "gateway/crypto/sha256.h"
#include "proto/base/ip_prefix.h"

namespace sstpgw::fsm {
namespace {

constexpr std::uint8_t kUniversalBit = 0x02;

bool IsZero(const InterfaceId& id) { return id == InterfaceId{}; }

InterfaceId LowHalf(const Ipv6Address& address) {
  InterfaceId id{};
  std::copy(address.octets().begin() + 8, address.octets().end(), id.begin());
  return id;
}

// 192 -> 01 92.
InterfaceId DigitsAsHex(Ipv4Address address) {
  InterfaceId id{};
  std::size_t at = 0;
  for (const std::uint8_t octet : address.octets()) {
    id[at++] = octet / 100;
    id[at++] = static_cast<std::uint8_t>((octet / 10 % 10) << 4 | octet % 10);
  }
  return id;
}

InterfaceId HashOf(std::string_view text) {
  const auto digest =
      crypto::Sha256(ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  InterfaceId id{};
  std::copy_n(digest.begin(), id.size(), id.begin());
  id[0] = static_cast<std::uint8_t>(id[0] & ~kUniversalBit);
  return id;
}

InterfaceId OfCaller(std::string_view text) {
  const auto address = ParseIpAddress(text);
  if (!address) return HashOf(text);
  const IpAddress unmapped = Unmapped(*address);
  if (const auto* ipv4 = std::get_if<Ipv4Address>(&unmapped)) return DigitsAsHex(*ipv4);
  return LowHalf(std::get<Ipv6Address>(unmapped));
}

InterfaceId Random(const InterfaceIdContext& context) {
  InterfaceId id{};
  context.entropy.Fill(id);
  id[0] = static_cast<std::uint8_t>(id[0] & ~kUniversalBit);
  while (IsZero(id) || id == context.other) ++id.back();
  return id;
}

}  // namespace

InterfaceId Choose(const InterfaceIdChoice& choice, const InterfaceIdContext& context) {
  const auto usable = [&context](const InterfaceId& id) {
    return !IsZero(id) && id != context.other;
  };
  switch (choice.kind) {
    case InterfaceIdChoice::Kind::kFixed:
      if (usable(choice.fixed)) return choice.fixed;
      break;
    case InterfaceIdChoice::Kind::kIpv4Address:
      if (const InterfaceId id = DigitsAsHex(context.ipv4); usable(id)) return id;
      break;
    case InterfaceIdChoice::Kind::kCallingStation:
      if (const InterfaceId id = OfCaller(context.calling_station); usable(id)) return id;
      if (const InterfaceId id = HashOf(context.calling_station); usable(id)) return id;
      break;
    case InterfaceIdChoice::Kind::kRandom:
      break;
  }
  return Random(context);
}

InterfaceIds ChooseInterfaceIds(const PppSettings& settings, const SessionPolicy& policy,
                                std::string_view calling_station, Entropy& entropy) {
  const NetworkPolicy& network = policy.network;
  InterfaceId given = network.framed_interface_id.value_or(InterfaceId{});
  const auto single =
      std::find_if(network.framed_ipv6_prefixes.begin(), network.framed_ipv6_prefixes.end(),
                   [](const Ipv6Prefix& prefix) { return prefix.length == 128; });
  if (IsZero(given) && single != network.framed_ipv6_prefixes.end()) {
    given = LowHalf(single->address);
  }
  InterfaceIds ids;
  ids.ours = Choose(settings.interface_id, {.ipv4 = policy.gateway_address,
                                            .calling_station = calling_station,
                                            .other = given,
                                            .entropy = entropy});
  ids.peers = IsZero(given)
                  ? Choose(settings.peer_interface_id, {.ipv4 = policy.address,
                                                        .calling_station = calling_station,
                                                        .other = ids.ours,
                                                        .entropy = entropy})
                  : given;
  return ids;
}

}  // namespace sstpgw::fsm
