// The four octets in front of everything in an SSTP stream ([MS-SSTP] 2.2.1, 2.2.2, 2.2.3).
//
//   0       1         2                 3
//   +-------+---------+-----------------+-----------------+
//   | 0x10  | rsvd |C | R (4) | Length (12, whole packet) |
//   +-------+---------+-----------------+-----------------+
//
// C = 1 control, 0 data. Reserved and R bits are ignored on receipt and sent as zero.
#pragma once

#include <array>
#include <cstdint>

#include "gateway/codec/errors.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

inline constexpr std::uint8_t kSstpVersion = 0x10;
inline constexpr std::size_t kSstpHeaderSize = 4;
inline constexpr std::size_t kSstpControlHeaderSize = 8;
inline constexpr std::size_t kMaxSstpPacket = 4095;  // with header
inline constexpr std::size_t kMaxPppFrame = kMaxSstpPacket - kSstpHeaderSize;

struct SstpHeader {
  bool control = false;
  std::uint16_t length = 0;  // 4 (control: 8) .. 4095, with this header
};

// Reads the header at the front of `bytes`; the packet itself need not be there yet. kTruncated:
// fewer than 4 octets. kBadVersion, kBadLength (< 4, control < 8): the stream has no packet
// boundaries any more, close without an answer.
[[nodiscard]] Parsed<SstpHeader> ParseSstpHeader(ByteView bytes);

// `length`: whole packet, 4..4095.
[[nodiscard]] constexpr std::array<std::uint8_t, kSstpHeaderSize> SstpHeaderBytes(
    bool control, std::size_t length) {
  return {kSstpVersion, static_cast<std::uint8_t>(control ? 1 : 0),
          static_cast<std::uint8_t>((length >> 8) & 0x0f), static_cast<std::uint8_t>(length)};
}

}  // namespace sstpgw::codec
