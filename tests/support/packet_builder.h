// IPv4 packets made by hand, with every field as right or as wrong as a test wants it. Lengths and
// checksums are finished unless told otherwise; slow and simple on purpose, so that what the
// gateway computes is compared with something else than itself.
#pragma once

#include <cstdint>
#include <optional>

#include "proto/base/ip.h"
#include "proto/base/types.h"
#include "tests/client/wire.h"

namespace sstpgw::test {

// RFC 791 3.1.
struct Ipv4Fields {
  Ipv4Address source;
  Ipv4Address destination;
  std::uint8_t protocol = 17;
  std::uint8_t tos = 0;
  std::uint8_t ttl = 64;
  std::uint16_t id = 0;
  std::uint16_t flags_and_offset = 0;  // as on the wire
  Bytes options;                       // a multiple of four octets
};
inline constexpr std::uint16_t kDontFragment = 0x4000;
inline constexpr std::uint16_t kMoreFragments = 0x2000;

// RFC 9293 3.1.
struct TcpFields {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint16_t flags = 0x010;  // twelve bits with the reserved ones
  std::uint16_t window = 0xffff;
  std::uint16_t urgent = 0;
  Bytes options;                         // a multiple of four octets
  std::optional<std::uint8_t> offset{};  // data offset in words, instead of the right one
};
inline constexpr std::uint16_t kFin = 0x001;
inline constexpr std::uint16_t kSyn = 0x002;
inline constexpr std::uint16_t kRst = 0x004;
inline constexpr std::uint16_t kPsh = 0x008;
inline constexpr std::uint16_t kAck = 0x010;
inline constexpr std::uint16_t kUrg = 0x020;
inline constexpr std::uint16_t kEce = 0x040;
inline constexpr std::uint16_t kCwr = 0x080;
inline constexpr std::uint16_t kAccurateEcn = 0x100;

struct UdpFields {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  bool checksum = true;                   // false: 0, none
  std::optional<std::uint16_t> length{};  // instead of the right one
};

[[nodiscard]] Bytes MakeIpv4(const Ipv4Fields& ip, ByteView payload);
[[nodiscard]] Bytes MakeTcp(Ipv4Fields ip, const TcpFields& tcp, ByteView payload);
[[nodiscard]] Bytes MakeUdp(Ipv4Fields ip, const UdpFields& udp, ByteView payload);
// Type 8, code 0.
[[nodiscard]] Bytes MakeEchoRequest(Ipv4Fields ip, std::uint16_t id, std::uint16_t sequence,
                                    ByteView payload);

// Octets that are the same for the same seed and differ for another.
[[nodiscard]] Bytes Filler(std::uint64_t seed, std::size_t size);
// `packet` with octet `at` spoiled; negative counts from the end. The IPv4 checksum stays as it is.
[[nodiscard]] Bytes Spoiled(Bytes packet, std::ptrdiff_t at);
// What a router makes of it: TTL less one, IPv4 checksum new.
[[nodiscard]] Bytes Forwarded(Bytes packet);
// IPv4 header's, and TCP's, UDP's or ICMP's (unless fragment, or UDP without) checksum are right.
[[nodiscard]] bool ChecksumsAreRight(ByteView packet);
using client::FoldedSum;

}  // namespace sstpgw::test
