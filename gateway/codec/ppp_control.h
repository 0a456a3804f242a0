// Packets of PPP's control protocols and their options (RFC 1661 5, 6).
//
//   0      1            2             4               option:  0      1         2
//   +------+------------+-------------+--------       +------+--------+--------
//   | Code | Identifier | Length (16) | data ...      | Type | Length | value ...
//   +------+------------+-------------+--------       +------+--------+--------
//
// Length counts its own header. What lies behind it in the frame is padding and never seen again,
// so no reply can hold an octet that the peer did not send.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/codec/errors.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

// LCP's codes, of which NCPs use 1..7 alike; 14 and 15 are CCP's (RFC 1962 3). Any value can
// arrive.
enum class PppCode : std::uint8_t {
  kConfigureRequest = 1,
  kConfigureAck = 2,
  kConfigureNak = 3,
  kConfigureReject = 4,
  kTerminateRequest = 5,
  kTerminateAck = 6,
  kCodeReject = 7,
  kProtocolReject = 8,
  kEchoRequest = 9,
  kEchoReply = 10,
  kDiscardRequest = 11,
  kIdentification = 12,
  kTimeRemaining = 13,
  kResetRequest = 14,
  kResetAck = 15,
};
// "ConfReq", "ConfAck", ..., "ProtoRej", "EchoReq", "EchoRep", "DiscardReq", "Ident", "TimeRem",
// "ResetReq", "ResetAck"; nullptr: not a known code.
[[nodiscard]] const char* ShortName(PppCode code);

inline constexpr std::size_t kControlHeaderSize = 4;
inline constexpr std::size_t kOptionHeaderSize = 2;

// Also the shape of PAP and CHAP packets, whose codes are in pap.h and chap.h.
struct ControlPacket {
  std::uint8_t code = 0;
  std::uint8_t identifier = 0;
  ByteView data;    // Length - 4 octets
  ByteView packet;  // header and data, without padding: what Code-Reject copies
  [[nodiscard]] PppCode ppp_code() const { return static_cast<PppCode>(code); }
};
// `payload`: PppFrame::payload. kTruncated: fewer than 4 octets; kBadLength: Length < 4 or beyond
// the frame. Either: drop, log "short packet received".
[[nodiscard]] Parsed<ControlPacket> ParseControlPacket(ByteView payload);

// Code, Identifier, Length, data; to be wrapped by EncodeDataPacket. Data is cut at 65531 octets.
[[nodiscard]] Bytes EncodeControlPacket(std::uint8_t code, std::uint8_t identifier, ByteView data);
[[nodiscard]] inline Bytes EncodeControlPacket(PppCode code, std::uint8_t identifier,
                                               ByteView data) {
  return EncodeControlPacket(static_cast<std::uint8_t>(code), identifier, data);
}

struct ConfigOption {
  std::uint8_t type = 0;
  ByteView value;  // without header
  ByteView raw;    // with header: verbatim, for Ack and Reject
};
// All options of a Configure packet, in order. kTruncated, kBadLength (Length < 2 or beyond the
// packet): drop the packet, log "short packet received". Views live as long as `data`.
[[nodiscard]] Parsed<std::vector<ConfigOption>> ParseOptions(ByteView data);

// Appends one option; a value beyond 253 octets is cut.
void AppendOption(Bytes& out, std::uint8_t type, ByteView value);

// Octets that start an Echo-Request/-Reply, Discard-Request, Identification or Time-Remaining.
// nullopt: fewer than 4.
struct MagicData {
  std::uint32_t magic = 0;
  ByteView rest;
};
[[nodiscard]] std::optional<MagicData> ParseMagicData(ByteView data);
[[nodiscard]] Bytes EncodeMagicData(std::uint32_t magic, ByteView rest);

// Protocol-Reject's data (RFC 1661 5.7). `information` is cut so that the packet fits `mru`.
struct RejectedProtocol {
  std::uint16_t protocol = 0;
  ByteView information;
};
[[nodiscard]] std::optional<RejectedProtocol> ParseProtocolReject(ByteView data);
[[nodiscard]] Bytes EncodeProtocolReject(std::uint8_t identifier, std::uint16_t protocol,
                                         ByteView information, std::size_t mru);
// Code-Reject (RFC 1661 5.6) with a copy of `rejected` (ControlPacket::packet), cut to fit `mru`.
[[nodiscard]] Bytes EncodeCodeReject(std::uint8_t identifier, ByteView rejected, std::size_t mru);

}  // namespace sstpgw::codec
