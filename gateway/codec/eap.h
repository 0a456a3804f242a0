// EAP packets (RFC 3748 4). They have the shape of codec::ControlPacket; the data of a Request or
// Response is
//
//   | type (1) | type data ... |
//
// and a Success or Failure has none. What stands in type data is between the client and who judges
// it; nothing here looks into it but for the identity.
#pragma once

#include <cstdint>
#include <optional>

#include "gateway/codec/ppp_control.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

enum class EapCode : std::uint8_t { kRequest = 1, kResponse = 2, kSuccess = 3, kFailure = 4 };

// Any other can arrive.
enum class EapType : std::uint8_t {
  kIdentity = 1,
  kNotification = 2,
  kNak = 3,
  kMd5Challenge = 4,
  kOneTimePassword = 5,
  kTokenCard = 6,
  kTls = 13,
  kTtls = 21,
  kPeap = 25,
  kMsChapV2 = 26,
  kExpanded = 254,
};
// "Identity", "MD5", "PEAP"; nullptr: not a known one.
[[nodiscard]] const char* ShortName(EapType type);

struct EapBody {
  EapType type{};
  ByteView data;  // lives as long as what it was parsed out of
};
// `data`: ControlPacket::data of a Request or Response. nullopt: there is no type.
[[nodiscard]] std::optional<EapBody> ParseEapBody(ByteView data);

// Whole packets.
[[nodiscard]] Bytes EncodeEap(EapCode code, std::uint8_t identifier, EapType type, ByteView data);
// `code`: kSuccess or kFailure.
[[nodiscard]] Bytes EncodeEapResult(EapCode code, std::uint8_t identifier);

}  // namespace sstpgw::codec
