#include "gateway/codec/chap.h"
#include "gateway/codec/pap.h"
#include "tests/support/hex.h"

namespace sstpgw::codec {
namespace {

using test::FromHex;
using test::FromText;

Bytes Copy(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

TEST(Pap, GoldenAndRoundTrip) {
  const Bytes packet = EncodePapRequest(3, "test", Secret(std::string_view("pass")));
  EXPECT_EQ(packet, FromHex("01 03 000e 04 74657374 04 70617373"));
  const auto request = ParsePapRequest(ParseControlPacket(packet)->data);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->user, "test");
  EXPECT_EQ(request->password.RevealText(), "pass");
}

TEST(Pap, EveryTruncation) {
  const Bytes data = FromHex("04 74657374 04 70617373");
  for (std::size_t size = 0; size < data.size(); ++size) {
    EXPECT_FALSE(ParsePapRequest(ByteView(data).first(size))) << size;
  }
  EXPECT_TRUE(ParsePapRequest(data));
}

TEST(Pap, CountsBeyondThePacket) {
  EXPECT_FALSE(ParsePapRequest(FromHex("ff 74657374 04 70617373")));
  EXPECT_FALSE(ParsePapRequest(FromHex("04 74657374 05 70617373")));
  const auto empty = ParsePapRequest(FromHex("00 00"));
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->user.empty() && empty->password.empty());
}

TEST(Pap, Replies) {
  const Bytes ack = EncodePapReply(PapCode::kAuthAck, 3, "Authentication succeeded");
  EXPECT_EQ(Copy(ByteView(ack).first(5)), FromHex("02 03 001d 18"));
  EXPECT_EQ(PapMessageOf(ParseControlPacket(ack)->data), "Authentication succeeded");
  EXPECT_EQ(EncodePapReply(PapCode::kAuthNak, 1, ""), FromHex("03 01 0005 00"));
  EXPECT_EQ(EncodePapReply(PapCode::kAuthNak, 1, std::string(300, 'x')).size(), 260U);
  EXPECT_EQ(PapMessageOf({}), "");
  EXPECT_EQ(PapMessageOf(FromHex("05 41")), "");
}

TEST(Chap, GoldenAndRoundTrip) {
  const Bytes challenge = FromHex("00112233445566778899aabbccddeeff");
  const Bytes packet = EncodeChapValue(ChapCode::kChallenge, 1, challenge, "gw");
  EXPECT_EQ(packet, FromHex("01 01 0017 10 00112233445566778899aabbccddeeff 6777"));
  const auto control = ParseControlPacket(packet);
  const auto value = ParseChapValue(control->data);
  ASSERT_TRUE(value);
  EXPECT_EQ(Copy(value->value), challenge);
  EXPECT_EQ(value->name, "gw");
  EXPECT_EQ(EncodeChapMessage(ChapCode::kSuccess, 1, "ok"), FromHex("03 01 0006 6f6b"));
}

TEST(Chap, ValueSizeBeyondThePacket) {
  EXPECT_FALSE(ParseChapValue({}));
  EXPECT_FALSE(ParseChapValue(FromHex("10 0011")));
  EXPECT_FALSE(ParseChapValue(FromHex("ff")));
  const Bytes nothing = FromHex("00");
  ASSERT_TRUE(ParseChapValue(nothing));
  EXPECT_TRUE(ParseChapValue(nothing)->name.empty());
  const Bytes whole = FromHex("04 00112233 6e");
  for (std::size_t size = 0; size < 5; ++size) {
    EXPECT_FALSE(ParseChapValue(ByteView(whole).first(size))) << size;
  }
  EXPECT_TRUE(ParseChapValue(ByteView(whole).first(5)));
}

TEST(MsChap, V1Layout) {
  MsChapV1Response sent;
  sent.lm.fill(0x11);
  sent.nt.fill(0x22);
  sent.flags = 1;
  const Bytes value = EncodeMsChapV1Response(sent);
  ASSERT_EQ(value.size(), kMsChapResponseSize);
  EXPECT_EQ(value[23], 0x11);
  EXPECT_EQ(value[24], 0x22);
  EXPECT_EQ(value[48], 1);
  const auto received = ParseMsChapV1Response(value);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->lm, sent.lm);
  EXPECT_EQ(received->nt, sent.nt);
  EXPECT_EQ(received->flags, 1);
}

TEST(MsChap, V2Layout) {
  MsChapV2Response sent;
  sent.peer_challenge.fill(0x11);
  sent.nt.fill(0x22);
  Bytes value = EncodeMsChapV2Response(sent);
  ASSERT_EQ(value.size(), kMsChapResponseSize);
  EXPECT_EQ(Copy(ByteView(value).subspan(16, 8)), Bytes(8));
  EXPECT_EQ(value[24], 0x22);
  value[16] = 0xff;  // reserved
  const auto received = ParseMsChapV2Response(value);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->peer_challenge, sent.peer_challenge);
  EXPECT_EQ(received->nt, sent.nt);
  EXPECT_EQ(received->flags, 0);
}

TEST(MsChap, OtherSizesAreRefused) {
  for (std::size_t size = 0; size < 64; ++size) {
    EXPECT_EQ(ParseMsChapV1Response(Bytes(size)).has_value(), size == 49) << size;
    EXPECT_EQ(ParseMsChapV2Response(Bytes(size)).has_value(), size == 49) << size;
  }
}

}  // namespace
}  // namespace sstpgw::codec
