#include "gateway/codec/ppp_control.h"

#include <algorithm>

#include "gateway/codec/byte_reader.h"
#include "gateway/codec/byte_writer.h"

namespace sstpgw::codec {
namespace {

constexpr std::size_t kMaxControlPacket = 0xffff;
constexpr std::size_t kMaxOptionValue = 0xff - kOptionHeaderSize;

// As much of `bytes` as fits behind `used` octets of a packet of `mru`.
ByteView CutTo(ByteView bytes, std::size_t mru, std::size_t used) {
  return bytes.first(std::min(bytes.size(), mru > used ? mru - used : 0));
}

}  // namespace

const char* ShortName(PppCode code) {
  switch (code) {
    case PppCode::kConfigureRequest:
      return "ConfReq";
    case PppCode::kConfigureAck:
      return "ConfAck";
    case PppCode::kConfigureNak:
      return "ConfNak";
    case PppCode::kConfigureReject:
      return "ConfRej";
    case PppCode::kTerminateRequest:
      return "TermReq";
    case PppCode::kTerminateAck:
      return "TermAck";
    case PppCode::kCodeReject:
      return "CodeRej";
    case PppCode::kProtocolReject:
      return "ProtoRej";
    case PppCode::kEchoRequest:
      return "EchoReq";
    case PppCode::kEchoReply:
      return "EchoRep";
    case PppCode::kDiscardRequest:
      return "DiscardReq";
    case PppCode::kIdentification:
      return "Ident";
    case PppCode::kTimeRemaining:
      return "TimeRem";
    case PppCode::kResetRequest:
      return "ResetReq";
    case PppCode::kResetAck:
      return "ResetAck";
  }
  return nullptr;
}

Parsed<ControlPacket> ParseControlPacket(ByteView payload) {
  ByteReader reader(payload);
  ControlPacket packet;
  packet.code = reader.U8();
  packet.identifier = reader.U8();
  const std::size_t length = reader.U16();
  if (!reader.ok()) return FailAt(ParseErrc::kTruncated, payload.size());
  if (length < kControlHeaderSize || length > payload.size()) {
    return FailAt(ParseErrc::kBadLength, 2);
  }
  packet.packet = payload.first(length);
  packet.data = packet.packet.subspan(kControlHeaderSize);
  return packet;
}

Bytes EncodeControlPacket(std::uint8_t code, std::uint8_t identifier, ByteView data) {
  data = CutTo(data, kMaxControlPacket, kControlHeaderSize);
  Bytes out;
  out.reserve(kControlHeaderSize + data.size());
  ByteWriter writer(out);
  writer.U8(code);
  writer.U8(identifier);
  writer.U16(static_cast<std::uint16_t>(kControlHeaderSize + data.size()));
  writer.Raw(data);
  return out;
}

Parsed<std::vector<ConfigOption>> ParseOptions(ByteView data) {
  std::vector<ConfigOption> options;
  for (std::size_t at = 0; at < data.size();) {
    const ByteView rest = data.subspan(at);
    if (rest.size() < kOptionHeaderSize) return FailAt(ParseErrc::kTruncated, data.size());
    const std::size_t length = rest[1];
    if (length < kOptionHeaderSize || length > rest.size()) {
      return FailAt(ParseErrc::kBadLength, at + 1);
    }
    const ByteView raw = rest.first(length);
    options.push_back({raw[0], raw.subspan(kOptionHeaderSize), raw});
    at += length;
  }
  return options;
}

void AppendOption(Bytes& out, std::uint8_t type, ByteView value) {
  value = value.first(std::min(value.size(), kMaxOptionValue));
  ByteWriter writer(out);
  writer.U8(type);
  writer.U8(static_cast<std::uint8_t>(kOptionHeaderSize + value.size()));
  writer.Raw(value);
}

std::optional<MagicData> ParseMagicData(ByteView data) {
  ByteReader reader(data);
  MagicData out;
  out.magic = reader.U32();
  if (!reader.ok()) return std::nullopt;
  out.rest = reader.Rest();
  return out;
}

Bytes EncodeMagicData(std::uint32_t magic, ByteView rest) {
  Bytes out;
  ByteWriter writer(out);
  writer.U32(magic);
  writer.Raw(rest);
  return out;
}

std::optional<RejectedProtocol> ParseProtocolReject(ByteView data) {
  ByteReader reader(data);
  RejectedProtocol out;
  out.protocol = reader.U16();
  if (!reader.ok()) return std::nullopt;
  out.information = reader.Rest();
  return out;
}

Bytes EncodeProtocolReject(std::uint8_t identifier, std::uint16_t protocol, ByteView information,
                           std::size_t mru) {
  Bytes data;
  ByteWriter writer(data);
  writer.U16(protocol);
  writer.Raw(CutTo(information, mru, kControlHeaderSize + sizeof(protocol)));
  return EncodeControlPacket(PppCode::kProtocolReject, identifier, data);
}

Bytes EncodeCodeReject(std::uint8_t identifier, ByteView rejected, std::size_t mru) {
  return EncodeControlPacket(PppCode::kCodeReject, identifier,
                             CutTo(rejected, mru, kControlHeaderSize));
}

}  // namespace sstpgw::codec
