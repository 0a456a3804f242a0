#include "gateway/codec/chap.h"

#include <algorithm>

#include "gateway/codec/byte_reader.h"
#include "gateway/codec/byte_writer.h"

namespace sstpgw::codec {

Parsed<ChapValue> ParseChapValue(ByteView data) {
  ByteReader reader(data);
  ChapValue out;
  out.value = reader.Take(reader.U8());
  const ByteView name = reader.Rest();
  if (!reader.ok()) return FailAt(ParseErrc::kTruncated, reader.position());
  out.name = {reinterpret_cast<const char*>(name.data()), name.size()};
  return out;
}

Parsed<MsChapV1Response> ParseMsChapV1Response(ByteView value) {
  if (value.size() != kMsChapResponseSize) return FailAt(ParseErrc::kBadLength, value.size());
  ByteReader reader(value);
  MsChapV1Response response;
  response.lm = reader.Array<24>();
  response.nt = reader.Array<24>();
  response.flags = reader.U8();
  return response;
}

Parsed<MsChapV2Response> ParseMsChapV2Response(ByteView value) {
  if (value.size() != kMsChapResponseSize) return FailAt(ParseErrc::kBadLength, value.size());
  ByteReader reader(value);
  MsChapV2Response response;
  response.peer_challenge = reader.Array<16>();
  reader.Skip(8);
  response.nt = reader.Array<24>();
  response.flags = reader.U8();
  return response;
}

Bytes EncodeMsChapV1Response(const MsChapV1Response& response) {
  Bytes out;
  ByteWriter writer(out);
  writer.Raw(response.lm);
  writer.Raw(response.nt);
  writer.U8(response.flags);
  return out;
}

Bytes EncodeMsChapV2Response(const MsChapV2Response& response) {
  Bytes out;
  ByteWriter writer(out);
  writer.Raw(response.peer_challenge);
  writer.Zeros(8);
  writer.Raw(response.nt);
  writer.U8(response.flags);
  return out;
}

Bytes EncodeChapValue(ChapCode code, std::uint8_t identifier, ByteView value,
                      std::string_view name) {
  value = value.first(std::min<std::size_t>(value.size(), 255));
  Bytes data;
  ByteWriter writer(data);
  writer.U8(static_cast<std::uint8_t>(value.size()));
  writer.Raw(value);
  writer.Text(name);
  return EncodeControlPacket(static_cast<std::uint8_t>(code), identifier, data);
}

Bytes EncodeChapMessage(ChapCode code, std::uint8_t identifier, std::string_view message) {
  Bytes data;
  ByteWriter(data).Text(message);
  return EncodeControlPacket(static_cast<std::uint8_t>(code), identifier, data);
}

}  // namespace sstpgw::codec
