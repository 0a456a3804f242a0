// DHCPv6 on the client's side of the wire (RFC 8415), written apart from the product's. Pure.
//
// Message: type(1) | transaction(3) | options; option: code(2) | length(2) | value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/base/ip.h"
#include "proto/base/types.h"

namespace sstpgw::client {

inline constexpr std::uint16_t kDhcpv6ClientPort = 546;
inline constexpr std::uint16_t kDhcpv6ServerPort = 547;

// RFC 8415 7.3.
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
  kInformationRequest = 11,
};
// "solicit", "information-request"; "type-13" for others.
[[nodiscard]] std::string ToString(Dhcpv6Type type);

// RFC 8415 21, RFC 3646, RFC 6334.
inline constexpr std::uint16_t kOptionClientId = 1;
inline constexpr std::uint16_t kOptionServerId = 2;
inline constexpr std::uint16_t kOptionIaNa = 3;
inline constexpr std::uint16_t kOptionIaAddress = 5;
inline constexpr std::uint16_t kOptionRequest = 6;
inline constexpr std::uint16_t kOptionPreference = 7;
inline constexpr std::uint16_t kOptionElapsed = 8;
inline constexpr std::uint16_t kOptionStatus = 13;
inline constexpr std::uint16_t kOptionRapidCommit = 14;
inline constexpr std::uint16_t kOptionDns = 23;
inline constexpr std::uint16_t kOptionSearch = 24;
inline constexpr std::uint16_t kOptionIaPd = 25;
inline constexpr std::uint16_t kOptionIaPrefix = 26;
inline constexpr std::uint16_t kOptionAftrName = 64;

struct Dhcpv6Option {
  std::uint16_t code = 0;
  Bytes value;
};
[[nodiscard]] Bytes EncodeDhcpv6Options(const std::vector<Dhcpv6Option>& options);
// nullopt: one passes the end.
[[nodiscard]] std::optional<std::vector<Dhcpv6Option>> ParseDhcpv6Options(ByteView octets);

struct Dhcpv6Message {
  Dhcpv6Type type = Dhcpv6Type::kSolicit;
  std::uint32_t transaction = 0;  // 24 bits
  std::vector<Dhcpv6Option> options;
  // The first with this code; null: none.
  [[nodiscard]] const Bytes* Find(std::uint16_t code) const;
};
[[nodiscard]] Bytes Encode(const Dhcpv6Message& message);
[[nodiscard]] std::optional<Dhcpv6Message> ParseDhcpv6(ByteView octets);

// An address (length 128) or a delegated prefix.
struct Lease {
  Ipv6Prefix prefix;
  std::uint32_t preferred = 0;  // seconds
  std::uint32_t valid = 0;
  std::optional<std::uint16_t> status;
};
// IA_NA or IA_PD (21.4, 21.21).
struct Association {
  bool delegation = false;
  std::uint32_t iaid = 0;
  std::uint32_t t1 = 0;
  std::uint32_t t2 = 0;
  std::vector<Lease> leases;
  std::optional<std::uint16_t> status;
};
[[nodiscard]] Dhcpv6Option EncodeAssociation(const Association& association);

// What a server's message says; nullopt: an option in it has a wrong length.
struct Dhcpv6Answer {
  std::vector<Association> associations;
  std::vector<Ipv6Address> dns;
  std::vector<std::string> search;
  std::string aftr_name;
  std::optional<std::uint16_t> status;
  std::optional<std::uint8_t> preference;
  bool rapid_commit = false;
};
[[nodiscard]] std::optional<Dhcpv6Answer> Interpret(const Dhcpv6Message& message);
// "na 1 t1 302400 t2 483840 address 2001:db8::2 preferred 604800 valid 2592000 pd 1 t1 .. t2 ..
//  prefix 2001:db8:1::/56 preferred .. valid .. dns .. search .. aftr .. preference 255
//  rapid-commit", "status N" behind what it belongs to.
[[nodiscard]] std::string ToString(const Dhcpv6Answer& answer);

}  // namespace sstpgw::client
