// SSTP control messages ([MS-SSTP] 2.2.9 to 2.2.17; features 1.3.2).
//
//   0          4               6                8
//   +----------+---------------+----------------+----------------
//   | header   | Message Type  | Num Attributes | attributes ...
//   +----------+---------------+----------------+----------------
//
// Received: ParseControl gives type and undigested attributes, then one of the readers below by
// type. Sent: one Encode function per message, each returns the whole packet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/codec/errors.h"
#include "gateway/codec/sstp_attribute.h"
#include "gateway/codec/sstp_packet.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

// Any 16-bit value can arrive; IsKnown tells.
enum class MessageType : std::uint16_t {
  kCallConnectRequest = 0x0001,
  kCallConnectAck = 0x0002,
  kCallConnectNak = 0x0003,
  kCallConnected = 0x0004,
  kCallAbort = 0x0005,
  kCallDisconnect = 0x0006,
  kCallDisconnectAck = 0x0007,
  kEchoRequest = 0x0008,
  kEchoResponse = 0x0009,
};
[[nodiscard]] bool IsKnown(MessageType type);
// "SSTP_MSG_CALL_CONNECT_REQUEST"; an unknown one: "SSTP_MSG_UNKNOWN_0x1234".
[[nodiscard]] std::string ToString(MessageType type);

struct ControlMessage {
  MessageType type{};
  std::uint16_t attribute_count = 0;
  ByteView attributes;  // everything behind Num Attributes
  ByteView packet;      // the whole of it, as received
};
// `packet`: one whole control packet. Checks the header and that Length is packet.size();
// attributes are not looked at.
[[nodiscard]] Parsed<ControlMessage> ParseControl(ByteView packet);

// Num Attributes and the lengths of the attributes agree with the octets there are.
[[nodiscard]] bool HasWholeAttributes(const ControlMessage& message);

// What a server thinks of a CALL_CONNECT_REQUEST: empty: acceptable, encapsulates PPP. Otherwise
// the Status Infos for CALL_CONNECT_NAK in order of the attributes, at most kMaxStatusInfos:
// duplicate (1), unknown (2), wrong length (3), protocol not PPP (4), attribute of another message
// (9), protocol missing (10), Status Info with an error in it (11). An error (attributes cannot be
// told apart) means CALL_ABORT with status 7.
inline constexpr std::size_t kMaxStatusInfos = 16;
[[nodiscard]] Parsed<std::vector<StatusInfo>> CheckConnectRequest(const ControlMessage& message);

// CALL_CONNECTED, by value so that it can be kept until the keys are there. Field by field as
// received; `raw` is what the Compound MAC is computed over.
inline constexpr std::size_t kCallConnectedSize = 112;
struct CallConnected {
  std::uint8_t hash_protocol = 0;
  std::array<std::uint8_t, kNonceSize> nonce{};
  std::array<std::uint8_t, 32> cert_hash{};     // SHA1: 20 octets and padding
  std::array<std::uint8_t, 32> compound_mac{};  // SHA1: 20 octets and padding
  std::array<std::uint8_t, kCallConnectedSize> raw{};
};
// Any error means CALL_ABORT, AttribID Status Info, status 9 (features 1.6.1 step 1).
[[nodiscard]] Parsed<CallConnected> ParseCallConnected(const ControlMessage& message);

struct ConnectAck {
  std::uint8_t hash_mask = 0;
  std::array<std::uint8_t, kNonceSize> nonce{};
};
[[nodiscard]] Parsed<ConnectAck> ParseConnectAck(const ControlMessage& message);

// Every Status Info of a NAK, ABORT or DISCONNECT, at most kMaxStatusInfos; other attributes and
// what cannot be parsed are skipped.
[[nodiscard]] std::vector<StatusInfo> StatusInfosOf(const ControlMessage& message);

// ---- Whole packets to send
[[nodiscard]] Bytes EncodeConnectRequest(std::uint16_t protocol = kEncapsulatedPpp);
[[nodiscard]] Bytes EncodeConnectAck(const ConnectAck& ack);
// `infos`: at most kMaxStatusInfos are sent.
[[nodiscard]] Bytes EncodeConnectNak(std::span<const StatusInfo> infos);
// `raw` is ignored; reserved fields are zero. Sign by filling compound_mac (crypto_binding.h).
[[nodiscard]] Bytes EncodeCallConnected(const CallConnected& connected);
[[nodiscard]] Bytes EncodeAbort(AttributeId attribute, SstpStatus status);
[[nodiscard]] Bytes EncodeDisconnect();
// The three without attributes: kCallDisconnectAck, kEchoRequest, kEchoResponse.
[[nodiscard]] Bytes EncodeBare(MessageType type);

}  // namespace sstpgw::codec
