// PPP frames as SSTP data packets carry them (RFC 1661 2, 6.5, 6.6): no FCS, no escaping.
//
//   4-octet SSTP header, then      FF 03 | protocol (2) | payload
//
// Received: FF 03 may be missing and the protocol may be one octet (odd), though we reject both
// compressions. Sent: always in full.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "gateway/codec/errors.h"
#include "gateway/codec/sstp_packet.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

// Any 16-bit value can arrive.
enum class PppProtocol : std::uint16_t {
  kIpv4 = 0x0021,
  kIpv6 = 0x0057,
  kCompressed = 0x00fd,
  kIpcp = 0x8021,
  kEcp = 0x8053,
  kIpv6cp = 0x8057,
  kCcp = 0x80fd,
  kLcp = 0xc021,
  kPap = 0xc023,
  kLqr = 0xc025,
  kCbcp = 0xc029,
  kChap = 0xc223,
  kEap = 0xc227,
};
// "LCP", "IPCP", "PAP", ...; others in hex: "0x802b".
[[nodiscard]] std::string ToString(PppProtocol protocol);
// 0x8000 and above: acceptable before the crypto binding (features 1.1).
[[nodiscard]] constexpr bool IsControlProtocol(PppProtocol protocol) {
  return static_cast<std::uint16_t>(protocol) >= 0x8000;
}

struct PppFrame {
  PppProtocol protocol{};
  ByteView payload;  // behind the protocol field; lives as long as the frame
};
// `frame`: an SSTP data packet without its header. kTruncated: no protocol field.
[[nodiscard]] Parsed<PppFrame> ParsePppFrame(ByteView frame);

inline constexpr std::size_t kPppHeaderSize = 4;
inline constexpr std::size_t kDataHeaderSize = kSstpHeaderSize + kPppHeaderSize;
inline constexpr std::size_t kMaxPppPayload = kMaxSstpPacket - kDataHeaderSize;  // 4087

// SSTP and PPP header in front of a payload of `payload_size` <= kMaxPppPayload octets.
[[nodiscard]] constexpr std::array<std::uint8_t, kDataHeaderSize> DataHeaderBytes(
    PppProtocol protocol, std::size_t payload_size) {
  const auto sstp = SstpHeaderBytes(false, payload_size + kDataHeaderSize);
  const auto number = static_cast<std::uint16_t>(protocol);
  return {sstp[0],
          sstp[1],
          sstp[2],
          sstp[3],
          0xff,
          0x03,
          static_cast<std::uint8_t>(number >> 8),
          static_cast<std::uint8_t>(number)};
}
// One whole SSTP data packet. A payload beyond kMaxPppPayload is cut.
[[nodiscard]] Bytes EncodeDataPacket(PppProtocol protocol, ByteView payload);

}  // namespace sstpgw::codec
