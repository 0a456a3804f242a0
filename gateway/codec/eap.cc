#include "gateway/codec/eap.h"

#include "gateway/codec/byte_writer.h"

namespace sstpgw::codec {

const char* ShortName(EapType type) {
  switch (type) {
    case EapType::kIdentity:
      return "Identity";
    case EapType::kNotification:
      return "Notification";
    case EapType::kNak:
      return "Nak";
    case EapType::kMd5Challenge:
      return "MD5";
    case EapType::kOneTimePassword:
      return "OTP";
    case EapType::kTokenCard:
      return "GTC";
    case EapType::kTls:
      return "TLS";
    case EapType::kTtls:
      return "TTLS";
    case EapType::kPeap:
      return "PEAP";
    case EapType::kMsChapV2:
      return "MSCHAP-v2";
    case EapType::kExpanded:
      return "Expanded";
  }
  return nullptr;
}

std::optional<EapBody> ParseEapBody(ByteView data) {
  if (data.empty()) return std::nullopt;
  return EapBody{static_cast<EapType>(data[0]), data.subspan(1)};
}

Bytes EncodeEap(EapCode code, std::uint8_t identifier, EapType type, ByteView data) {
  Bytes body;
  ByteWriter writer(body);
  writer.U8(static_cast<std::uint8_t>(type));
  writer.Raw(data);
  return EncodeControlPacket(static_cast<std::uint8_t>(code), identifier, body);
}

Bytes EncodeEapResult(EapCode code, std::uint8_t identifier) {
  return EncodeControlPacket(static_cast<std::uint8_t>(code), identifier, {});
}

}  // namespace sstpgw::codec
