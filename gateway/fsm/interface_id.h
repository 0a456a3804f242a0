// Which interface identifiers a session's two ends get (features 3.8). Pure functions.
#pragma once

#include <string_view>

#include "proto/base/entropy.h"
#include "proto/base/ip.h"
#include "proto/base/messages.h"
#include "proto/base/network_settings.h"

namespace sstpgw::fsm {

struct InterfaceIdContext {
  Ipv4Address ipv4;                  // the session's; zero: none
  std::string_view calling_station;  // the client's outer address as text
  InterfaceId other{};               // the other side's; zero: not known yet
  Entropy& entropy;
};

// Never zero and never the other side's. What the choice gives, if it is neither:
//
//   kFixed           as configured
//   kRandom          8 random octets, the universal bit (RFC 4291 2.5.1) clear
//   kIpv4Address     each octet's decimal digits read as hex: 192.168.0.1 -> 192:168:0:1
//   kCallingStation  an IPv4 caller likewise; of an IPv6 caller the low 64 bits; of any other text
//                    the first 8 octets of its SHA-256, universal bit clear
//
// Otherwise a caller's text gives its SHA-256, so that it still gets the same one every time, and
// everything else a random one. That is also what a session without IPv4 address gets for
// kIpv4Address: its policy has said that none will come, so there is nothing to wait for.
[[nodiscard]] InterfaceId Choose(const InterfaceIdChoice& choice,
                                 const InterfaceIdContext& context);

struct InterfaceIds {
  InterfaceId ours{};
  InterfaceId peers{};
  friend bool operator==(const InterfaceIds&, const InterfaceIds&) = default;
};
// Both ends'. The peer's is Framed-Interface-Id if there is one; else, with a link prefix that is
// one address (/128), that address' lower half; else what is configured.
[[nodiscard]] InterfaceIds ChooseInterfaceIds(const PppSettings& settings,
                                              const SessionPolicy& policy,
                                              std::string_view calling_station, Entropy& entropy);

}  // namespace sstpgw::fsm
