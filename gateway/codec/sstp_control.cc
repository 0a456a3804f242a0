#include "gateway/codec/sstp_control.h"

#include <algorithm>
#include <bitset>

#include "gateway/codec/byte_reader.h"
#include "gateway/codec/byte_writer.h"

namespace sstpgw::codec {
namespace {

// Header, type and count of a message whose attributes follow; Finish sets the length.
void Begin(ByteWriter& writer, MessageType type, std::size_t attribute_count) {
  writer.Raw(SstpHeaderBytes(true, 0));
  writer.U16(static_cast<std::uint16_t>(type));
  writer.U16(static_cast<std::uint16_t>(attribute_count));
}

void Finish(ByteWriter& writer) {
  writer.PatchU16(2, static_cast<std::uint16_t>(writer.written() & 0x0fff));
}

StatusInfo Refuse(const Attribute& attribute, SstpStatus status) {
  const ByteView shown = attribute.value.first(std::min(attribute.value.size(), kMaxStatusValue));
  return {attribute.id, status, Bytes(shown.begin(), shown.end())};
}

// One attribute of a CALL_CONNECT_REQUEST against features 1.3.4; nullopt: nothing wrong with it.
std::optional<StatusInfo> CheckRequestAttribute(const Attribute& attribute, bool seen_before) {
  switch (attribute.id) {
    case AttributeId::kEncapsulatedProtocolId:
      if (seen_before) return Refuse(attribute, SstpStatus::kDuplicateAttribute);
      if (attribute.length() != kEncapsulatedProtocolIdSize) {
        return Refuse(attribute, SstpStatus::kInvalidAttributeValueLength);
      }
      if (ByteReader(attribute.value).U16() != kEncapsulatedPpp) {
        return Refuse(attribute, SstpStatus::kValueNotSupported);
      }
      return std::nullopt;
    case AttributeId::kStatusInfo: {
      if (seen_before) return Refuse(attribute, SstpStatus::kDuplicateAttribute);
      const auto info = ParseStatusInfo(attribute.value);
      if (!info) return Refuse(attribute, SstpStatus::kInvalidAttributeValueLength);
      if (info->status == SstpStatus::kNoError) return std::nullopt;
      return Refuse(attribute, SstpStatus::kStatusInfoNotSupportedInMessage);
    }
    case AttributeId::kCryptoBinding:
    case AttributeId::kCryptoBindingRequest:
      return Refuse(attribute, SstpStatus::kAttributeNotSupportedInMessage);
    case AttributeId::kNoError:
      break;
  }
  return StatusInfo{attribute.id, SstpStatus::kUnrecognizedAttribute, {}};
}

// The one attribute of a message that has exactly one, of `id` and with `length`.
Parsed<Attribute> OnlyAttribute(const ControlMessage& message, AttributeId id, std::size_t length) {
  if (message.attribute_count != 1) return FailAt(ParseErrc::kBadValue, 6);
  AttributeWalker walker(message.attributes, message.attribute_count);
  const std::optional<Attribute> attribute = walker.Next();
  if (!attribute) return Fail(walker.error().value_or(ParseError{}));
  if (attribute->id != id) return FailAt(ParseErrc::kBadValue, 9);
  if (attribute->length() != length) return FailAt(ParseErrc::kBadLength, 10);
  if (attribute->length() != message.attributes.size()) {
    return FailAt(ParseErrc::kTrailing, kSstpControlHeaderSize + attribute->length());
  }
  return *attribute;
}

Bytes EncodeWithStatus(MessageType type, std::span<const StatusInfo> infos) {
  infos = infos.first(std::min(infos.size(), kMaxStatusInfos));
  Bytes out;
  ByteWriter writer(out, kMaxSstpPacket);
  Begin(writer, type, infos.size());
  for (const StatusInfo& info : infos) AppendStatusInfo(writer, info);
  Finish(writer);
  return out;
}

}  // namespace

bool IsKnown(MessageType type) {
  return type >= MessageType::kCallConnectRequest && type <= MessageType::kEchoResponse;
}

std::string ToString(MessageType type) {
  switch (type) {
    case MessageType::kCallConnectRequest:
      return "SSTP_MSG_CALL_CONNECT_REQUEST";
    case MessageType::kCallConnectAck:
      return "SSTP_MSG_CALL_CONNECT_ACK";
    case MessageType::kCallConnectNak:
      return "SSTP_MSG_CALL_CONNECT_NAK";
    case MessageType::kCallConnected:
      return "SSTP_MSG_CALL_CONNECTED";
    case MessageType::kCallAbort:
      return "SSTP_MSG_CALL_ABORT";
    case MessageType::kCallDisconnect:
      return "SSTP_MSG_CALL_DISCONNECT";
    case MessageType::kCallDisconnectAck:
      return "SSTP_MSG_CALL_DISCONNECT_ACK";
    case MessageType::kEchoRequest:
      return "SSTP_MSG_ECHO_REQUEST";
    case MessageType::kEchoResponse:
      return "SSTP_MSG_ECHO_RESPONSE";
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::string name = "SSTP_MSG_UNKNOWN_0x";
  for (int shift = 12; shift >= 0; shift -= 4) {
    name += kDigits[(static_cast<std::uint16_t>(type) >> shift) & 15];
  }
  return name;
}

Parsed<ControlMessage> ParseControl(ByteView packet) {
  SG_ASSIGN_OR_RETURN(const SstpHeader header, ParseSstpHeader(packet));
  if (!header.control) return FailAt(ParseErrc::kWrongType, 1);
  if (header.length > packet.size()) return FailAt(ParseErrc::kTruncated, packet.size());
  if (header.length < packet.size()) return FailAt(ParseErrc::kTrailing, header.length);
  ByteReader reader(packet.subspan(kSstpHeaderSize));
  ControlMessage message;
  message.type = static_cast<MessageType>(reader.U16());
  message.attribute_count = reader.U16();
  message.attributes = reader.Rest();
  message.packet = packet;
  return message;
}

bool HasWholeAttributes(const ControlMessage& message) {
  AttributeWalker walker(message.attributes, message.attribute_count);
  while (walker.Next()) {
  }
  return !walker.error();
}

Parsed<std::vector<StatusInfo>> CheckConnectRequest(const ControlMessage& message) {
  if (message.type != MessageType::kCallConnectRequest) return FailAt(ParseErrc::kWrongType, 4);
  std::vector<StatusInfo> refused;
  std::bitset<256> seen;
  AttributeWalker walker(message.attributes, message.attribute_count);
  while (const std::optional<Attribute> attribute = walker.Next()) {
    const auto id = static_cast<std::size_t>(attribute->id);
    auto defect = CheckRequestAttribute(*attribute, seen.test(id));
    seen.set(id);
    if (defect && refused.size() < kMaxStatusInfos) refused.push_back(std::move(*defect));
  }
  if (walker.error()) return Fail(*walker.error());
  const bool missing = !seen.test(static_cast<std::size_t>(AttributeId::kEncapsulatedProtocolId));
  if (missing && refused.size() < kMaxStatusInfos) {
    refused.push_back(
        {AttributeId::kEncapsulatedProtocolId, SstpStatus::kRequiredAttributeMissing, {}});
  }
  return refused;
}

Parsed<CallConnected> ParseCallConnected(const ControlMessage& message) {
  if (message.type != MessageType::kCallConnected) return FailAt(ParseErrc::kWrongType, 4);
  SG_ASSIGN_OR_RETURN(const Attribute attribute,
                      OnlyAttribute(message, AttributeId::kCryptoBinding, kCryptoBindingSize));
  if (message.packet.size() != kCallConnectedSize) return FailAt(ParseErrc::kBadLength, 2);
  ByteReader reader(attribute.value);
  reader.Skip(3);
  CallConnected connected;
  connected.hash_protocol = reader.U8();
  connected.nonce = reader.Array<kNonceSize>();
  connected.cert_hash = reader.Array<32>();
  connected.compound_mac = reader.Array<32>();
  std::copy(message.packet.begin(), message.packet.end(), connected.raw.begin());
  return connected;
}

Parsed<ConnectAck> ParseConnectAck(const ControlMessage& message) {
  if (message.type != MessageType::kCallConnectAck) return FailAt(ParseErrc::kWrongType, 4);
  SG_ASSIGN_OR_RETURN(
      const Attribute attribute,
      OnlyAttribute(message, AttributeId::kCryptoBindingRequest, kCryptoBindingRequestSize));
  ByteReader reader(attribute.value);
  reader.Skip(3);
  ConnectAck ack;
  ack.hash_mask = reader.U8();
  ack.nonce = reader.Array<kNonceSize>();
  return ack;
}

std::vector<StatusInfo> StatusInfosOf(const ControlMessage& message) {
  std::vector<StatusInfo> infos;
  AttributeWalker walker(message.attributes, message.attribute_count);
  while (const std::optional<Attribute> attribute = walker.Next()) {
    if (attribute->id != AttributeId::kStatusInfo) continue;
    auto info = ParseStatusInfo(attribute->value);
    if (info && infos.size() < kMaxStatusInfos) infos.push_back(std::move(*info));
  }
  return infos;
}

Bytes EncodeConnectRequest(std::uint16_t protocol) {
  Bytes out;
  ByteWriter writer(out, kMaxSstpPacket);
  Begin(writer, MessageType::kCallConnectRequest, 1);
  AppendAttributeHeader(writer, AttributeId::kEncapsulatedProtocolId, kEncapsulatedProtocolIdSize);
  writer.U16(protocol);
  Finish(writer);
  return out;
}

Bytes EncodeConnectAck(const ConnectAck& ack) {
  Bytes out;
  ByteWriter writer(out, kMaxSstpPacket);
  Begin(writer, MessageType::kCallConnectAck, 1);
  AppendAttributeHeader(writer, AttributeId::kCryptoBindingRequest, kCryptoBindingRequestSize);
  writer.Zeros(3);
  writer.U8(ack.hash_mask);
  writer.Raw(ack.nonce);
  Finish(writer);
  return out;
}

Bytes EncodeConnectNak(std::span<const StatusInfo> infos) {
  return EncodeWithStatus(MessageType::kCallConnectNak, infos);
}

Bytes EncodeCallConnected(const CallConnected& connected) {
  Bytes out;
  ByteWriter writer(out, kMaxSstpPacket);
  Begin(writer, MessageType::kCallConnected, 1);
  AppendAttributeHeader(writer, AttributeId::kCryptoBinding, kCryptoBindingSize);
  writer.Zeros(3);
  writer.U8(connected.hash_protocol);
  writer.Raw(connected.nonce);
  writer.Raw(connected.cert_hash);
  writer.Raw(connected.compound_mac);
  Finish(writer);
  return out;
}

Bytes EncodeAbort(AttributeId attribute, SstpStatus status) {
  const std::array infos{StatusInfo{attribute, status, {}}};
  return EncodeWithStatus(MessageType::kCallAbort, infos);
}

Bytes EncodeDisconnect() {
  const std::array infos{StatusInfo{}};
  return EncodeWithStatus(MessageType::kCallDisconnect, infos);
}

Bytes EncodeBare(MessageType type) {
  Bytes out;
  ByteWriter writer(out, kMaxSstpPacket);
  Begin(writer, type, 0);
  Finish(writer);
  return out;
}

}  // namespace sstpgw::codec
