// Where the fields of IP, TCP and UDP headers lie (RFC 791, 8200, 9293, 768), and how 16 and 32 bit
// fields are read and written. Offsets are octets from the beginning of the header named. Callers
// have checked that the octets are there.
#pragma once

#include <cstdint>

#include "proto/base/types.h"

namespace sstpgw::datapath {

inline constexpr std::size_t kIpv4HeaderSize = 20;  // without options
inline constexpr std::size_t kIpv4TotalLength = 2;
inline constexpr std::size_t kIpv4Id = 4;
inline constexpr std::size_t kIpv4Fragment = 6;  // flags and offset
inline constexpr std::size_t kIpv4Protocol = 9;
inline constexpr std::size_t kIpv4Checksum = 10;
inline constexpr std::size_t kIpv4Source = 12;
inline constexpr std::uint16_t kIpv4FragmentMask = 0x3fff;  // more fragments, or an offset

inline constexpr std::size_t kIpv6HeaderSize = 40;
inline constexpr std::size_t kIpv6PayloadLength = 4;
inline constexpr std::size_t kIpv6NextHeader = 6;
inline constexpr std::size_t kIpv6Source = 8;
inline constexpr std::size_t kIpv6Destination = 24;

inline constexpr std::uint8_t kProtocolHopByHop = 0;
inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::uint8_t kProtocolIcmpv6 = 58;

inline constexpr std::size_t kTcpHeaderSize = 20;  // without options
inline constexpr std::size_t kTcpSequence = 4;
inline constexpr std::size_t kTcpAck = 8;
inline constexpr std::size_t kTcpDataOffset = 12;  // high four bits, in 32-bit words
inline constexpr std::size_t kTcpFlags = 13;
inline constexpr std::size_t kTcpWindow = 14;
inline constexpr std::size_t kTcpChecksum = 16;
inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpPush = 0x08;
inline constexpr std::uint8_t kTcpAckFlag = 0x10;
inline constexpr std::uint8_t kTcpCwr = 0x80;

inline constexpr std::size_t kUdpHeaderSize = 8;
inline constexpr std::size_t kUdpDestinationPort = 2;
inline constexpr std::size_t kUdpLength = 4;
inline constexpr std::size_t kUdpChecksum = 6;

inline constexpr std::size_t kMaxIpPacket = 65535;

[[nodiscard]] inline std::uint16_t Load16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>((at[0] << 8) | at[1]);
}
[[nodiscard]] inline std::uint32_t Load32(const std::uint8_t* at) {
  return (std::uint32_t{at[0]} << 24) | (std::uint32_t{at[1]} << 16) | (std::uint32_t{at[2]} << 8) |
         at[3];
}
[[nodiscard]] inline std::uint64_t Load64(const std::uint8_t* at) {
  return (std::uint64_t{Load32(at)} << 32) | Load32(at + 4);
}
inline void Store16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
inline void Store32(std::uint8_t* at, std::uint32_t value) {
  Store16(at, static_cast<std::uint16_t>(value >> 16));
  Store16(at + 2, static_cast<std::uint16_t>(value));
}

// 4, 6, or whatever else the first octet claims; `packet` is not empty.
[[nodiscard]] inline std::uint8_t IpVersion(ByteView packet) { return packet[0] >> 4; }

}  // namespace sstpgw::datapath
