// PAP packets (RFC 1334 2.2). Data of an Authenticate-Request:
//
//   | id length (1) | id ... | password length (1) | password ... |
//
// of an Ack or Nak: | message length (1) | message ... |
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/codec/errors.h"
#include "gateway/codec/ppp_control.h"
#include "proto/base/secret.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

enum class PapCode : std::uint8_t { kAuthRequest = 1, kAuthAck = 2, kAuthNak = 3 };

struct PapRequest {
  std::string user;  // as sent: any octets
  Secret password;
};
// `data`: ControlPacket::data. kTruncated: a count points beyond the packet.
[[nodiscard]] Parsed<PapRequest> ParsePapRequest(ByteView data);
// The message of an Ack or Nak, empty when there is none or its count is wrong.
[[nodiscard]] std::string PapMessageOf(ByteView data);

// Whole control packets. Texts are cut at 255 octets.
[[nodiscard]] Bytes EncodePapRequest(std::uint8_t identifier, std::string_view user,
                                     const Secret& password);
[[nodiscard]] Bytes EncodePapReply(PapCode code, std::uint8_t identifier, std::string_view message);

}  // namespace sstpgw::codec
