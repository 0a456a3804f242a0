// DHCPv6 as a server on a link without relays needs it (RFC 8415 8, 21; RFC 3646, RFC 6334):
//
//   message    type | transaction (3) | options
//   option     code (2) | length (2) | value
//   IA_NA 3    IAID (4) | T1 (4, s) | T2 (4, s) | options: IAADDR, status
//   IA_TA 4    IAID (4) | options: IAADDR, status
//   IA_PD 25   IAID (4) | T1 | T2 | options: IAPREFIX, status
//   IAADDR 5   address (16) | preferred (4, s) | valid (4, s) | options: status
//   IAPREFIX 26  preferred | valid | length (1) | prefix (16) | options: status
//   status 13  code (2) | text
//
// A message is parsed whole before anything of it counts: every length at every depth has to fit
// what holds it. Options that nobody here needs are stepped over, but have to be well-formed, too.
//
// Lifetime: views live as long as the payload parsed. Threads: functions without state.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/codec/errors.h"
#include "proto/base/ip.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

inline constexpr std::uint16_t kDhcpv6ClientPort = 546;
inline constexpr std::uint16_t kDhcpv6ServerPort = 547;
inline constexpr std::uint32_t kDhcpv6Infinite = 0xffffffff;  // of lifetimes, T1, T2

enum class Dhcpv6Type : std::uint8_t {
  kSolicit = 1,
  kAdvertise = 2,
  kRequest = 3,
  kConfirm = 4,
  kRenew = 5,
  kRebind = 6,
  kReply = 7,
  kRelease = 8,
  kDecline = 9,
  kReconfigure = 10,
  kInformationRequest = 11,
};
[[nodiscard]] const char* ToString(Dhcpv6Type type);  // "Information-Request"

enum class Dhcpv6Option : std::uint16_t {
  kClientId = 1,
  kServerId = 2,
  kIaNa = 3,
  kIaTa = 4,
  kIaAddress = 5,
  kOptionRequest = 6,
  kPreference = 7,
  kStatusCode = 13,
  kRapidCommit = 14,
  kDnsServers = 23,
  kDomainList = 24,
  kIaPd = 25,
  kIaPrefix = 26,
  kAftrName = 64,
};

enum class Dhcpv6Status : std::uint16_t {
  kSuccess = 0,
  kUnspecFail = 1,
  kNoAddrsAvail = 2,
  kNoBinding = 3,
  kNotOnLink = 4,
  kUseMulticast = 5,
  kNoPrefixAvail = 6,
};
[[nodiscard]] const char* ToString(Dhcpv6Status status);  // "no binding", as sent

// An address (length 128) or a delegated prefix; bits behind the length are zero.
struct Dhcpv6Lease {
  Ipv6Prefix prefix;
  std::uint32_t preferred_lifetime = 0;  // seconds
  std::uint32_t valid_lifetime = 0;      // seconds
  std::optional<Dhcpv6Status> status{};  // sent only
  friend bool operator==(const Dhcpv6Lease&, const Dhcpv6Lease&) = default;
};
struct Dhcpv6Ia {
  Dhcpv6Option kind = Dhcpv6Option::kIaNa;  // kIaNa, kIaTa or kIaPd
  std::uint32_t iaid = 0;
  std::uint32_t t1 = 0;  // seconds; none in IA_TA
  std::uint32_t t2 = 0;
  std::vector<Dhcpv6Lease> leases{};
  std::optional<Dhcpv6Status> status{};  // sent only
  friend bool operator==(const Dhcpv6Ia&, const Dhcpv6Ia&) = default;
};

using Dhcpv6Transaction = std::array<std::uint8_t, 3>;

// What one message may hold; more is refused, so that the reply stays small, too.
inline constexpr std::size_t kMaxDhcpv6Ias = 8;
inline constexpr std::size_t kMaxDhcpv6Leases = 16;  // in all of them
inline constexpr std::size_t kMaxDuid = 130;         // RFC 8415 11.1, with the type

struct Dhcpv6Message {
  Dhcpv6Type type{};
  Dhcpv6Transaction transaction{};
  ByteView client_id;  // empty: none
  ByteView server_id;  // empty: none
  bool rapid_commit = false;
  std::vector<std::uint16_t> requested;  // Option Request
  std::vector<Dhcpv6Ia> ias;             // in order
  [[nodiscard]] bool Requests(Dhcpv6Option option) const;
};
// `payload`: of the UDP datagram. kWrongType: no message from a client (relayed ones included);
// kTruncated, kBadLength: a length that does not fit; kBadValue: an option twice that may be there
// once, a DUID or a prefix of an impossible length, too many IAs or leases.
[[nodiscard]] Parsed<Dhcpv6Message> ParseDhcpv6(ByteView payload);

struct Dhcpv6Reply {
  Dhcpv6Type type = Dhcpv6Type::kReply;
  Dhcpv6Transaction transaction{};
  ByteView client_id{};  // empty: none
  ByteView server_id{};
  std::optional<std::uint8_t> preference{};
  bool rapid_commit = false;
  std::vector<Dhcpv6Ia> ias{};
  std::optional<Dhcpv6Status> status{};
  std::vector<Ipv6Address> dns{};      // at most three are sent
  std::vector<std::string> domains{};  // what is no domain name is left out
  std::string aftr_name{};             // likewise; empty: none
};
// A UDP payload that fits the smallest MTU of IPv6. DNS servers, domains and AFTR-Name that have no
// room any more are left out; nullopt: the rest alone is too long.
[[nodiscard]] std::optional<Bytes> EncodeDhcpv6(const Dhcpv6Reply& reply);

}  // namespace sstpgw::codec
