// PPP: any octets as a frame, through every codec and through the text for the log.
#include <algorithm>
#include <cstdint>
#include <string>

#include "gateway/codec/chap.h"
#include "gateway/codec/ipcp_options.h"
#include "gateway/codec/lcp_options.h"
#include "gateway/codec/packet_text.h"
#include "gateway/codec/pap.h"
#include "gateway/codec/ppp_control.h"
#include "gateway/codec/ppp_frame.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

constexpr std::size_t kMru = 1452;

void Text(codec::PppProtocol protocol, ByteView payload) {
  for (const auto direction : {codec::Direction::kSend, codec::Direction::kReceive}) {
    for (const auto chap : {AuthProtocol::kChapMd5, AuthProtocol::kMsChapV2}) {
      const std::string line =
          codec::LogLine(direction, codec::DescribePacket(direction, protocol, payload, chap));
      Require(line.size() < 40000);
      Require(std::none_of(line.begin(), line.end(), [](char c) {
        return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f;
      }));
    }
  }
}

void Options(ByteView data, ByteView payload) {
  const auto options = codec::ParseOptions(data);
  if (!options) return;
  Bytes again;
  for (const codec::ConfigOption& option : *options) {
    RequireInside(option.raw, payload);
    again.insert(again.end(), option.raw.begin(), option.raw.end());
    Bytes rebuilt;
    if (const auto mru = codec::MruOf(option)) codec::AppendMru(rebuilt, *mru);
    if (const auto magic = codec::MagicOf(option)) codec::AppendMagic(rebuilt, *magic);
    if (const auto auth = codec::AuthOf(option)) codec::AppendAuth(rebuilt, *auth);
    if (!rebuilt.empty()) Require(std::equal(rebuilt.begin(), rebuilt.end(), option.raw.begin()));
    if (const auto address = codec::AddressOf(option)) {
      Bytes ipcp;
      codec::AppendAddress(ipcp, static_cast<codec::IpcpOption>(option.type), *address);
      Require(std::equal(ipcp.begin(), ipcp.end(), option.raw.begin(), option.raw.end()));
    }
  }
  Require(std::equal(again.begin(), again.end(), data.begin(), data.end()));
}

void Control(codec::PppProtocol protocol, ByteView payload) {
  const auto packet = codec::ParseControlPacket(payload);
  if (!packet) return;
  RequireInside(packet->packet, payload);
  Require(packet->packet.size() == packet->data.size() + codec::kControlHeaderSize);
  Options(packet->data, payload);
  if (const auto magic = codec::ParseMagicData(packet->data)) RequireInside(magic->rest, payload);
  if (const auto reject = codec::ParseProtocolReject(packet->data)) {
    RequireInside(reject->information, payload);
  }
  Require(codec::EncodeCodeReject(1, packet->packet, kMru).size() <= kMru);
  Require(
      codec::EncodeProtocolReject(1, static_cast<std::uint16_t>(protocol), payload, kMru).size() <=
      kMru);
  if (const auto request = codec::ParsePapRequest(packet->data)) {
    const Bytes again = codec::EncodePapRequest(0, request->user, request->password);
    Require(again.size() <= packet->packet.size());
  }
  static_cast<void>(codec::PapMessageOf(packet->data));
  if (const auto value = codec::ParseChapValue(packet->data)) {
    RequireInside(value->value, payload);
    const auto v1 = codec::ParseMsChapV1Response(value->value);
    const auto v2 = codec::ParseMsChapV2Response(value->value);
    Require(v1.has_value() == v2.has_value());
    if (v1) Require(codec::EncodeMsChapV1Response(*v1).size() == codec::kMsChapResponseSize);
  }
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sstpgw;
  const ByteView bytes(data, std::min(size, codec::kMaxPppFrame));
  const auto frame = codec::ParsePppFrame(bytes);
  if (!frame) return 0;
  fuzz::RequireInside(frame->payload, bytes);
  fuzz::Text(frame->protocol, frame->payload);
  fuzz::Control(frame->protocol, frame->payload);
  const Bytes again = codec::EncodeDataPacket(frame->protocol, frame->payload);
  fuzz::Require(again.size() <= codec::kMaxSstpPacket);
  return 0;
}
