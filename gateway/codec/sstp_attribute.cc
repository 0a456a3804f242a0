#include "gateway/codec/sstp_attribute.h"

#include <algorithm>

#include "gateway/codec/byte_reader.h"

namespace sstpgw::codec {

std::optional<Attribute> AttributeWalker::Next() {
  const auto fail = [this](ParseErrc code, std::size_t offset) {
    error_ = FailAt(code, offset).value();
    count_ = 0;
    position_ = bytes_.size();
    return std::nullopt;
  };
  if (error_) return std::nullopt;
  if (count_ == 0) {
    if (position_ < bytes_.size()) return fail(ParseErrc::kTrailing, position_);
    return std::nullopt;
  }
  const ByteView rest = bytes_.subspan(position_);
  if (rest.size() < kAttributeHeaderSize) return fail(ParseErrc::kTruncated, bytes_.size());
  const auto length = static_cast<std::size_t>(((rest[2] & 0x0f) << 8) | rest[3]);
  if (length < kAttributeHeaderSize || length > rest.size()) {
    return fail(ParseErrc::kBadLength, position_ + 2);
  }
  --count_;
  position_ += length;
  return Attribute{static_cast<AttributeId>(rest[1]),
                   rest.subspan(kAttributeHeaderSize, length - kAttributeHeaderSize)};
}

Parsed<StatusInfo> ParseStatusInfo(ByteView value) {
  constexpr std::size_t kFixed = kStatusInfoSize - kAttributeHeaderSize;
  if (value.size() < kFixed || value.size() > kFixed + kMaxStatusValue) {
    return FailAt(ParseErrc::kBadLength, value.size());
  }
  ByteReader reader(value);
  reader.Skip(3);
  StatusInfo info;
  info.attribute = static_cast<AttributeId>(reader.U8());
  info.status = static_cast<SstpStatus>(reader.U32());
  const ByteView rest = reader.Rest();
  info.value.assign(rest.begin(), rest.end());
  return info;
}

void AppendAttributeHeader(ByteWriter& writer, AttributeId id, std::size_t length) {
  writer.U8(0);
  writer.U8(static_cast<std::uint8_t>(id));
  writer.U16(static_cast<std::uint16_t>(length & 0x0fff));
}

void AppendStatusInfo(ByteWriter& writer, const StatusInfo& info) {
  const std::size_t size = std::min(info.value.size(), kMaxStatusValue);
  AppendAttributeHeader(writer, AttributeId::kStatusInfo, kStatusInfoSize + size);
  writer.Zeros(3);
  writer.U8(static_cast<std::uint8_t>(info.attribute));
  writer.U32(static_cast<std::uint32_t>(info.status));
  writer.Raw(ByteView(info.value).first(size));
}

const char* ToString(SstpStatus status) {
  switch (status) {
    case SstpStatus::kNoError:
      return "NO_ERROR";
    case SstpStatus::kDuplicateAttribute:
      return "DUPLICATE_ATTRIBUTE";
    case SstpStatus::kUnrecognizedAttribute:
      return "UNRECOGNIZED_ATTRIBUTE";
    case SstpStatus::kInvalidAttributeValueLength:
      return "INVALID_ATTRIB_VALUE_LENGTH";
    case SstpStatus::kValueNotSupported:
      return "VALUE_NOT_SUPPORTED";
    case SstpStatus::kUnacceptedFrameReceived:
      return "UNACCEPTED_FRAME_RECEIVED";
    case SstpStatus::kRetryCountExceeded:
      return "RETRY_COUNT_EXCEEDED";
    case SstpStatus::kInvalidFrameReceived:
      return "INVALID_FRAME_RECEIVED";
    case SstpStatus::kNegotiationTimeout:
      return "NEGOTIATION_TIMEOUT";
    case SstpStatus::kAttributeNotSupportedInMessage:
      return "ATTRIB_NOT_SUPPORTED_IN_MSG";
    case SstpStatus::kRequiredAttributeMissing:
      return "REQUIRED_ATTRIBUTE_MISSING";
    case SstpStatus::kStatusInfoNotSupportedInMessage:
      return "STATUS_INFO_NOT_SUPPORTED_IN_MSG";
  }
  return "unknown";
}

}  // namespace sstpgw::codec
