#include "gateway/codec/pap.h"

#include "gateway/codec/byte_reader.h"
#include "gateway/codec/byte_writer.h"

namespace sstpgw::codec {
namespace {

constexpr std::size_t kMaxText = 255;

std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void AppendCounted(ByteWriter& writer, std::string_view text) {
  text = text.substr(0, kMaxText);
  writer.U8(static_cast<std::uint8_t>(text.size()));
  writer.Text(text);
}

}  // namespace

Parsed<PapRequest> ParsePapRequest(ByteView data) {
  ByteReader reader(data);
  PapRequest request;
  request.user = AsText(reader.Take(reader.U8()));
  request.password = Secret(reader.Take(reader.U8()));
  if (!reader.ok()) return FailAt(ParseErrc::kTruncated, reader.position());
  return request;
}

std::string PapMessageOf(ByteView data) {
  ByteReader reader(data);
  return std::string(AsText(reader.Take(reader.U8())));
}

Bytes EncodePapRequest(std::uint8_t identifier, std::string_view user, const Secret& password) {
  Bytes data;
  data.reserve(2 * (kMaxText + 1));  // never moved while it holds the password
  ByteWriter writer(data);
  AppendCounted(writer, user);
  AppendCounted(writer, password.RevealText());
  Bytes packet =
      EncodeControlPacket(static_cast<std::uint8_t>(PapCode::kAuthRequest), identifier, data);
  SecureWipe(data);
  return packet;
}

Bytes EncodePapReply(PapCode code, std::uint8_t identifier, std::string_view message) {
  Bytes data;
  ByteWriter writer(data);
  AppendCounted(writer, message);
  return EncodeControlPacket(static_cast<std::uint8_t>(code), identifier, data);
}

}  // namespace sstpgw::codec
