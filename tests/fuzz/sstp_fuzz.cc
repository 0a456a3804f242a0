// SSTP control messages: any octets, and what we would answer to them.
#include <cstdint>

#include "gateway/codec/sstp_control.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

void Attributes(const codec::ControlMessage& message) {
  codec::AttributeWalker walker(message.attributes, message.attribute_count);
  std::size_t total = 0;
  while (const auto attribute = walker.Next()) {
    RequireInside(attribute->value, message.packet);
    total += attribute->length();
    const auto info = codec::ParseStatusInfo(attribute->value);
    if (info) Require(info->value.size() <= codec::kMaxStatusValue);
  }
  Require(total <= message.attributes.size());
  Require(walker.error() || total == message.attributes.size());
}

void Control(ByteView packet) {
  const auto message = codec::ParseControl(packet);
  if (!message) return;
  Require(!codec::ToString(message->type).empty());
  Attributes(*message);
  const auto refused = codec::CheckConnectRequest(*message);
  if (refused && !refused->empty()) {
    const Bytes nak = codec::EncodeConnectNak(*refused);
    const auto parsed = codec::ParseControl(nak);
    Require(parsed && codec::StatusInfosOf(*parsed).size() == refused->size());
  }
  const auto connected = codec::ParseCallConnected(*message);
  if (connected) {
    const Bytes encoded = codec::EncodeCallConnected(*connected);
    const auto again = codec::ParseControl(encoded);
    Require(again && codec::ParseCallConnected(*again)->nonce == connected->nonce);
  }
  const auto ack = codec::ParseConnectAck(*message);
  if (ack) Require(codec::EncodeConnectAck(*ack).size() == 48);
  Require(codec::StatusInfosOf(*message).size() <= codec::kMaxStatusInfos);
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sstpgw;
  ByteView bytes(data, size);
  // As a stream, cut by its own lengths, and as one packet.
  fuzz::Control(bytes);
  while (true) {
    const auto header = codec::ParseSstpHeader(bytes);
    if (!header || header->length > bytes.size()) return 0;
    fuzz::Require(header->length >= codec::kSstpHeaderSize);
    if (header->control) fuzz::Control(bytes.first(header->length));
    bytes = bytes.subspan(header->length);
  }
}
