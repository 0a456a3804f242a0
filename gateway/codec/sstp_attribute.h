// Attributes of SSTP control messages ([MS-SSTP] 2.2.4 to 2.2.8; features 1.3.3, 1.3.4).
//
//   0        1       2                 3                 4
//   +--------+-------+-----------------+-----------------+--------
//   | rsvd   | ID    | R (4) | Length (12, with header)  | value ...
//   +--------+-------+-----------------+-----------------+--------
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "gateway/codec/byte_writer.h"
#include "gateway/codec/errors.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

// Any value 0..255 can arrive; these are the ones with a meaning.
enum class AttributeId : std::uint8_t {
  kNoError = 0x00,  // only as AttribID of a Status Info
  kEncapsulatedProtocolId = 0x01,
  kStatusInfo = 0x02,
  kCryptoBinding = 0x03,
  kCryptoBindingRequest = 0x04,
};

enum class SstpStatus : std::uint32_t {
  kNoError = 0x00000000,
  kDuplicateAttribute = 0x00000001,
  kUnrecognizedAttribute = 0x00000002,
  kInvalidAttributeValueLength = 0x00000003,
  kValueNotSupported = 0x00000004,
  kUnacceptedFrameReceived = 0x00000005,
  kRetryCountExceeded = 0x00000006,
  kInvalidFrameReceived = 0x00000007,
  kNegotiationTimeout = 0x00000008,
  kAttributeNotSupportedInMessage = 0x00000009,
  kRequiredAttributeMissing = 0x0000000a,
  kStatusInfoNotSupportedInMessage = 0x0000000b,
};

inline constexpr std::size_t kAttributeHeaderSize = 4;
inline constexpr std::size_t kEncapsulatedProtocolIdSize = 6;
inline constexpr std::size_t kStatusInfoSize = 12;  // without AttribValue
inline constexpr std::size_t kCryptoBindingSize = 104;
inline constexpr std::size_t kCryptoBindingRequestSize = 40;
inline constexpr std::size_t kMaxStatusValue = 64;
inline constexpr std::size_t kNonceSize = 32;
inline constexpr std::uint16_t kEncapsulatedPpp = 0x0001;
inline constexpr std::uint8_t kHashSha1 = 0x01;    // bits in CRYPTO_BINDING_REQ,
inline constexpr std::uint8_t kHashSha256 = 0x02;  // exactly one of them in CRYPTO_BINDING

struct Attribute {
  AttributeId id{};
  ByteView value;  // without the attribute header; lives as long as the message
  [[nodiscard]] std::size_t length() const { return kAttributeHeaderSize + value.size(); }
};

// Walks `count` attributes. Bounded by the octets there are, whatever `count` claims.
class AttributeWalker {
 public:
  AttributeWalker(ByteView bytes, std::uint16_t count) : bytes_(bytes), count_(count) {}
  // The next attribute; nullopt after the last, or at a defect: see error().
  [[nodiscard]] std::optional<Attribute> Next();
  // kTruncated: fewer attributes than promised; kBadLength: Length < 4 or beyond the message;
  // kTrailing: octets after the last one. Offsets count from the first attribute. Set once Next()
  // returned nullopt.
  [[nodiscard]] const std::optional<ParseError>& error() const { return error_; }

 private:
  ByteView bytes_;
  std::size_t position_ = 0;
  std::uint16_t count_;
  std::optional<ParseError> error_;
};

// [MS-SSTP] 2.2.7: 3 reserved, AttribID (1), Status (4), AttribValue (0..64).
struct StatusInfo {
  AttributeId attribute = AttributeId::kNoError;
  SstpStatus status = SstpStatus::kNoError;
  Bytes value;  // what was refused; cut at 64 octets when encoded
};
// `value` is Attribute::value. kBadLength unless 8..72 octets.
[[nodiscard]] Parsed<StatusInfo> ParseStatusInfo(ByteView value);
void AppendStatusInfo(ByteWriter& writer, const StatusInfo& info);
[[nodiscard]] const char* ToString(SstpStatus status);  // "NEGOTIATION_TIMEOUT", "unknown"

void AppendAttributeHeader(ByteWriter& writer, AttributeId id, std::size_t length);

}  // namespace sstpgw::codec
