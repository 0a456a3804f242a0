#include "gateway/codec/ppp_control.h"

#include "gateway/codec/ppp_frame.h"
#include "tests/support/hex.h"

namespace sstpgw::codec {
namespace {

using test::FromHex;

Bytes Copy(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

TEST(PppFrame, EveryFramingThatClientsUse) {
  for (const char* hex : {"ff03 c021 0102", "c021 0102"}) {
    const Bytes bytes = FromHex(hex);
    const auto frame = ParsePppFrame(bytes);
    ASSERT_TRUE(frame) << hex;
    EXPECT_EQ(frame->protocol, PppProtocol::kLcp);
    EXPECT_EQ(Copy(frame->payload), FromHex("0102"));
  }
  for (const char* hex : {"ff03 21 45", "21 45", "ff03 0021 45", "0021 45"}) {
    const Bytes bytes = FromHex(hex);
    const auto frame = ParsePppFrame(bytes);
    ASSERT_TRUE(frame) << hex;
    EXPECT_EQ(frame->protocol, PppProtocol::kIpv4);
    EXPECT_EQ(Copy(frame->payload), FromHex("45"));
  }
}

TEST(PppFrame, WithoutProtocolField) {
  for (const char* hex : {"", "ff03", "ff03 c0", "c0", "00"}) {
    const Bytes bytes = FromHex(hex);
    const auto frame = ParsePppFrame(bytes);
    ASSERT_FALSE(frame) << hex;
    EXPECT_EQ(frame.error().code, ParseErrc::kTruncated);
  }
}

TEST(PppFrame, SentInFull) {
  EXPECT_EQ(EncodeDataPacket(PppProtocol::kLcp, FromHex("0501 0004")),
            FromHex("1000 000c ff03 c021 0501 0004"));
  EXPECT_EQ(EncodeDataPacket(PppProtocol::kIpv4, Bytes(kMaxPppPayload + 100)).size(),
            kMaxSstpPacket);
}

TEST(PppFrame, NamesAndClasses) {
  EXPECT_EQ(ToString(PppProtocol::kIpv6cp), "IPV6CP");
  EXPECT_EQ(ToString(static_cast<PppProtocol>(0x802b)), "0x802b");
  EXPECT_TRUE(IsControlProtocol(PppProtocol::kIpcp));
  EXPECT_TRUE(IsControlProtocol(PppProtocol::kLcp));
  EXPECT_FALSE(IsControlProtocol(PppProtocol::kIpv4));
  EXPECT_FALSE(IsControlProtocol(static_cast<PppProtocol>(0x7fff)));
}

TEST(ControlPacket, PaddingBehindLengthIsNeverSeen) {
  const Bytes bytes = FromHex("09 07 0006 aabb ccdd");
  const auto packet = ParseControlPacket(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->ppp_code(), PppCode::kEchoRequest);
  EXPECT_EQ(packet->identifier, 7);
  EXPECT_EQ(Copy(packet->data), FromHex("aabb"));
  EXPECT_EQ(Copy(packet->packet), FromHex("09070006aabb"));
}

TEST(ControlPacket, LengthBelowHeaderOrBeyondFrame) {
  const auto code = [](const char* hex) {
    const Bytes bytes = FromHex(hex);
    return ParseControlPacket(bytes).error().code;
  };
  EXPECT_EQ(code("01 01 0003"), ParseErrc::kBadLength);
  EXPECT_EQ(code("01 01 0000 0000"), ParseErrc::kBadLength);
  EXPECT_EQ(code("01 01 0007 aabb"), ParseErrc::kBadLength);
  EXPECT_EQ(code("01 01 ffff aabb"), ParseErrc::kBadLength);
}

TEST(ControlPacket, EveryTruncationAndRoundTrip) {
  const Bytes whole = EncodeControlPacket(PppCode::kConfigureRequest, 0x56, FromHex("0304c023"));
  EXPECT_EQ(whole, FromHex("01 56 0008 0304c023"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseControlPacket(ByteView(whole).first(size))) << size;
  }
  const auto packet = ParseControlPacket(whole);
  ASSERT_TRUE(packet);
  EXPECT_EQ(EncodeControlPacket(packet->code, packet->identifier, packet->data), whole);
}

TEST(Options, InOrderAndVerbatim) {
  const Bytes data = FromHex("01040ffb 0506345f64ca 0702 0802 0d0306");
  const auto options = ParseOptions(data);
  ASSERT_TRUE(options);
  ASSERT_EQ(options->size(), 5U);
  EXPECT_EQ((*options)[0].type, 1);
  EXPECT_EQ(Copy((*options)[0].value), FromHex("0ffb"));
  EXPECT_TRUE((*options)[2].value.empty());
  EXPECT_EQ(Copy((*options)[4].raw), FromHex("0d0306"));
  EXPECT_TRUE(ParseOptions({})->empty());
}

TEST(Options, LengthZeroOneAndBeyond) {
  const auto error = [](const char* hex) {
    const Bytes bytes = FromHex(hex);
    return ParseOptions(bytes).error();
  };
  EXPECT_EQ(error("0100"), (ParseError{ParseErrc::kBadLength, 1}));
  EXPECT_EQ(error("0702 0101"), (ParseError{ParseErrc::kBadLength, 3}));
  EXPECT_EQ(error("01ff 0000"), (ParseError{ParseErrc::kBadLength, 1}));
  EXPECT_EQ(error("0104 05"), (ParseError{ParseErrc::kBadLength, 1}));
  EXPECT_EQ(error("0702 01"), (ParseError{ParseErrc::kTruncated, 3}));
}

TEST(Options, EveryTruncation) {
  const Bytes data = FromHex("01040ffb 0506345f64ca 0702 0802 0d0306");
  const std::vector<std::size_t> ends{0, 4, 10, 12, 14, 17};
  for (std::size_t size = 0; size <= data.size(); ++size) {
    const bool whole = std::find(ends.begin(), ends.end(), size) != ends.end();
    EXPECT_EQ(ParseOptions(ByteView(data).first(size)).has_value(), whole) << size;
  }
}

TEST(Options, AppendCutsAValueThatDoesNotFit) {
  Bytes out;
  AppendOption(out, 9, Bytes(300, 0x11));
  EXPECT_EQ(out.size(), 255U);
  EXPECT_EQ(out[1], 255);
  EXPECT_EQ(ParseOptions(out)->size(), 1U);
}

TEST(MagicData, RoundTripAndShort) {
  const Bytes data = FromHex("1cd9ad05 70696e67");
  const auto magic = ParseMagicData(data);
  ASSERT_TRUE(magic);
  EXPECT_EQ(magic->magic, 0x1cd9ad05U);
  EXPECT_EQ(Copy(magic->rest), FromHex("70696e67"));
  EXPECT_EQ(EncodeMagicData(magic->magic, magic->rest), data);
  EXPECT_FALSE(ParseMagicData(ByteView(data).first(3)));
  EXPECT_TRUE(ParseMagicData(ByteView(data).first(4))->rest.empty());
}

TEST(ProtocolReject, RoundTripCutToTheMru) {
  const Bytes whole = EncodeProtocolReject(88, 0x8057, FromHex("0101000e"), 1500);
  EXPECT_EQ(whole, FromHex("08 58 000a 8057 0101000e"));
  const auto rejected = ParseProtocolReject(ParseControlPacket(whole)->data);
  ASSERT_TRUE(rejected);
  EXPECT_EQ(rejected->protocol, 0x8057);
  EXPECT_EQ(Copy(rejected->information), FromHex("0101000e"));
  EXPECT_EQ(EncodeProtocolReject(1, 0x8057, Bytes(4000), 1452).size(), 1452U);
  EXPECT_EQ(EncodeProtocolReject(1, 0x8057, Bytes(4000), 0).size(), 6U);
  EXPECT_FALSE(ParseProtocolReject(Bytes(1)));
}

TEST(CodeReject, CopiesTheRejectedPacketCutToTheMru) {
  EXPECT_EQ(EncodeCodeReject(9, FromHex("63 01 0006 abcd"), 1500),
            FromHex("07 09 000a 63 01 0006 abcd"));
  EXPECT_EQ(EncodeCodeReject(9, Bytes(4000), 1452).size(), 1452U);
}

}  // namespace
}  // namespace sstpgw::codec
