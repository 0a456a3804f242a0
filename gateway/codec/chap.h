// CHAP packets (RFC 1994 4) and the response values of MS-CHAP (RFC 2433 6, RFC 2759 4).
//
//   Challenge, Response data:  | value size (1) | value ... | name ... |
//   Success, Failure data:     | message ... |
//   MS-CHAPv1 response value:  | LM (24) | NT (24) | flags (1) |                          49 octets
//   MS-CHAPv2 response value:  | peer challenge (16) | zero (8) | NT (24) | flags (1) |   49 octets
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "gateway/codec/errors.h"
#include "gateway/codec/ppp_control.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

enum class ChapCode : std::uint8_t {
  kChallenge = 1,
  kResponse = 2,
  kSuccess = 3,
  kFailure = 4,
  kChangePassword = 7,  // RFC 2759 7, not offered
};

inline constexpr std::size_t kChapMd5Size = 16;       // challenge and response
inline constexpr std::size_t kMsChapV1Challenge = 8;  // octets
inline constexpr std::size_t kMsChapV2Challenge = 16;
inline constexpr std::size_t kMsChapResponseSize = 49;

struct ChapValue {
  ByteView value;
  std::string_view name;  // any octets; both live as long as `data`
};
// A Challenge or Response. `data`: ControlPacket::data. kTruncated: value size beyond the packet.
[[nodiscard]] Parsed<ChapValue> ParseChapValue(ByteView data);

struct MsChapV1Response {
  std::array<std::uint8_t, 24> lm{};
  std::array<std::uint8_t, 24> nt{};
  std::uint8_t flags = 0;  // bit 0: the NT response is there and is to be used
};
// kBadLength unless 49 octets.
[[nodiscard]] Parsed<MsChapV1Response> ParseMsChapV1Response(ByteView value);

struct MsChapV2Response {
  std::array<std::uint8_t, 16> peer_challenge{};
  std::array<std::uint8_t, 24> nt{};
  std::uint8_t flags = 0;
};
// kBadLength unless 49 octets. The reserved octets are not looked at.
[[nodiscard]] Parsed<MsChapV2Response> ParseMsChapV2Response(ByteView value);

// Response values for the client.
[[nodiscard]] Bytes EncodeMsChapV1Response(const MsChapV1Response& response);
[[nodiscard]] Bytes EncodeMsChapV2Response(const MsChapV2Response& response);

// Whole control packets. `code`: kChallenge or kResponse; kSuccess or kFailure.
[[nodiscard]] Bytes EncodeChapValue(ChapCode code, std::uint8_t identifier, ByteView value,
                                    std::string_view name);
[[nodiscard]] Bytes EncodeChapMessage(ChapCode code, std::uint8_t identifier,
                                      std::string_view message);

}  // namespace sstpgw::codec
