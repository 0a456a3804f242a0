#include "gateway/codec/sstp_control.h"

#include "tests/support/hex.h"

namespace sstpgw::codec {
namespace {

using test::FromHex;
using ::testing::IsEmpty;

// `attributes` in hex behind a control header of `type` with the right length.
Bytes Message(std::uint16_t type, std::uint16_t count, const std::string& attributes) {
  Bytes out;
  ByteWriter writer(out);
  const Bytes body = FromHex(attributes);
  writer.Raw(SstpHeaderBytes(true, 8 + body.size()));
  writer.U16(type);
  writer.U16(count);
  writer.Raw(body);
  return out;
}

// The refusals of a CALL_CONNECT_REQUEST with these attributes, as "attribute/status/value size".
std::vector<std::string> Refusals(std::uint16_t count, const std::string& attributes) {
  const Bytes packet = Message(1, count, attributes);
  const auto message = ParseControl(packet);
  EXPECT_TRUE(message);
  const auto infos = CheckConnectRequest(*message);
  if (!infos) return {std::string("error: ") + ToString(infos.error().code)};
  std::vector<std::string> out;
  for (const StatusInfo& info : *infos) {
    out.push_back(std::to_string(static_cast<int>(info.attribute)) + "/" +
                  std::to_string(static_cast<std::uint32_t>(info.status)) + "/" +
                  std::to_string(info.value.size()));
  }
  return out;
}

TEST(SstpHeader, Fields) {
  const auto data = ParseSstpHeader(FromHex("10 00 00 04"));
  ASSERT_TRUE(data);
  EXPECT_FALSE(data->control);
  EXPECT_EQ(data->length, 4);
  const auto control = ParseSstpHeader(FromHex("10 01 0f ff"));
  EXPECT_TRUE(control->control);
  EXPECT_EQ(control->length, 4095);
}

TEST(SstpHeader, ReservedAndRBitsAreMasked) {
  const auto header = ParseSstpHeader(FromHex("10 ff f0 0e"));
  ASSERT_TRUE(header);
  EXPECT_TRUE(header->control);
  EXPECT_EQ(header->length, 14);
  EXPECT_FALSE(ParseSstpHeader(FromHex("10 fe f0 0e"))->control);
}

TEST(SstpHeader, Defects) {
  const auto code = [](const char* hex) { return ParseSstpHeader(FromHex(hex)).error().code; };
  EXPECT_EQ(code(""), ParseErrc::kTruncated);
  EXPECT_EQ(code("10 01 00"), ParseErrc::kTruncated);
  EXPECT_EQ(code("11 01 00 08"), ParseErrc::kBadVersion);
  EXPECT_EQ(code("10 00 00 00"), ParseErrc::kBadLength);
  EXPECT_EQ(code("10 00 00 03"), ParseErrc::kBadLength);
  EXPECT_EQ(code("10 01 00 07"), ParseErrc::kBadLength);
}

// Wire examples of [MS-SSTP] 4.7 (features 1.3.4).
TEST(SstpControl, Golden) {
  ConnectAck ack{.hash_mask = 3, .nonce = {}};
  ack.nonce.fill(0xab);
  Bytes expected = FromHex("10 01 00 30 00 02 00 01 00 04 00 28 00 00 00 03");
  expected.insert(expected.end(), 32, 0xab);
  EXPECT_EQ(EncodeConnectAck(ack), expected);
  EXPECT_EQ(EncodeConnectRequest(), FromHex("10 01 00 0E 00 01 00 01 00 01 00 06 00 01"));
  EXPECT_EQ(EncodeDisconnect(),
            FromHex("10 01 00 14 00 06 00 01 00 02 00 0C 00 00 00 00 00 00 00 00"));
  EXPECT_EQ(EncodeAbort(AttributeId::kStatusInfo, SstpStatus::kNegotiationTimeout),
            FromHex("10 01 00 14 00 05 00 01 00 02 00 0C 00 00 00 02 00 00 00 08"));
  EXPECT_EQ(EncodeBare(MessageType::kCallDisconnectAck), FromHex("10 01 00 08 00 07 00 00"));
  EXPECT_EQ(EncodeBare(MessageType::kEchoRequest), FromHex("10 01 00 08 00 08 00 00"));
  EXPECT_EQ(EncodeBare(MessageType::kEchoResponse), FromHex("10 01 00 08 00 09 00 00"));
}

TEST(SstpControl, ParseRefusesWhatIsNotOneWholeControlPacket) {
  const Bytes packet = EncodeConnectRequest();
  for (std::size_t size = 0; size < packet.size(); ++size) {
    const auto message = ParseControl(ByteView(packet).first(size));
    ASSERT_FALSE(message) << size;
    EXPECT_EQ(message.error().code, ParseErrc::kTruncated);
  }
  Bytes longer = packet;
  longer.push_back(0);
  EXPECT_EQ(ParseControl(longer).error().code, ParseErrc::kTrailing);
  EXPECT_EQ(ParseControl(FromHex("10000008 00010000")).error().code, ParseErrc::kWrongType);
}

TEST(SstpControl, Names) {
  EXPECT_EQ(ToString(MessageType::kCallConnectRequest), "SSTP_MSG_CALL_CONNECT_REQUEST");
  EXPECT_EQ(ToString(MessageType::kEchoResponse), "SSTP_MSG_ECHO_RESPONSE");
  EXPECT_EQ(ToString(static_cast<MessageType>(0x0a1f)), "SSTP_MSG_UNKNOWN_0x0a1f");
  EXPECT_FALSE(IsKnown(static_cast<MessageType>(0)));
  EXPECT_TRUE(IsKnown(static_cast<MessageType>(1)));
  EXPECT_TRUE(IsKnown(static_cast<MessageType>(9)));
  EXPECT_FALSE(IsKnown(static_cast<MessageType>(10)));
}

TEST(ConnectRequest, GoodOnes) {
  EXPECT_THAT(Refusals(1, "0001 0006 0001"), IsEmpty());
  EXPECT_THAT(Refusals(1, "ff01 f006 0001"), IsEmpty());  // reserved and R bits
  EXPECT_THAT(Refusals(2, "0001 0006 0001 0002 000c 00000000 00000000"), IsEmpty());
}

TEST(ConnectRequest, DefectsOfFeatures134) {
  using List = std::vector<std::string>;
  // Duplicate, with the value that came second.
  EXPECT_EQ(Refusals(2, "0001 0006 0001 0001 0006 0001"), (List{"1/1/2"}));
  // Unknown attribute: no value.
  EXPECT_EQ(Refusals(2, "0077 0006 0001 0001 0006 0001"), (List{"119/2/0"}));
  EXPECT_EQ(Refusals(2, "0000 0004 0001 0006 0001"), (List{"0/2/0"}));
  // Wrong length.
  EXPECT_EQ(Refusals(1, "0001 0005 00"), (List{"1/3/1"}));
  EXPECT_EQ(Refusals(1, "0001 0004"), (List{"1/3/0"}));
  EXPECT_EQ(Refusals(1, "0001 0008 00010001"), (List{"1/3/4"}));
  // Not PPP.
  EXPECT_EQ(Refusals(1, "0001 0006 0002"), (List{"1/4/2"}));
  // An attribute of another message, its value cut at 64.
  EXPECT_EQ(Refusals(2, "0001 0006 0001 0003 0068" + std::string(200, '0')), (List{"3/9/64"}));
  EXPECT_EQ(Refusals(2, "0001 0006 0001 0004 0005 00"), (List{"4/9/1"}));
  // Missing.
  EXPECT_EQ(Refusals(0, ""), (List{"1/10/0"}));
  // Status Info with an error; with a wrong length.
  EXPECT_EQ(Refusals(2, "0001 0006 0001 0002 000c 00000001 00000004"), (List{"2/11/8"}));
  EXPECT_EQ(Refusals(2, "0001 0006 0001 0002 000b 00000001 000000"), (List{"2/3/7"}));
  // One Status Info per refused attribute, in order.
  EXPECT_EQ(Refusals(3, "0001 0006 0003 0055 0004 0001 0006 0001"),
            (List{"1/4/2", "85/2/0", "1/1/2"}));
}

TEST(ConnectRequest, AttributesThatCannotBeToldApart) {
  using List = std::vector<std::string>;
  EXPECT_EQ(Refusals(1, "0001 0000 0001"), (List{"error: bad length"}));
  EXPECT_EQ(Refusals(1, "0001 0003 0001"), (List{"error: bad length"}));
  EXPECT_EQ(Refusals(1, "0001 0007 0001"), (List{"error: bad length"}));
  EXPECT_EQ(Refusals(65535, "0001 0006 0001"), (List{"error: truncated"}));
  EXPECT_EQ(Refusals(2, "0001 0006 0001 0001"), (List{"error: truncated"}));
  EXPECT_EQ(Refusals(0, "0001 0006 0001"), (List{"error: trailing octets"}));
}

TEST(SstpControl, WholeAttributes) {
  const auto whole = [](std::uint16_t count, const std::string& attributes) {
    const Bytes packet = Message(8, count, attributes);
    return HasWholeAttributes(*ParseControl(packet));
  };
  EXPECT_TRUE(whole(0, ""));
  EXPECT_TRUE(whole(1, "00 01 00 06 00 01"));
  EXPECT_FALSE(whole(1, ""));                   // fewer than promised
  EXPECT_FALSE(whole(0, "00 01 00 06 00 01"));  // more
  EXPECT_FALSE(whole(65535, "00 01 00 06 00 01"));
  EXPECT_FALSE(whole(1, "00 01 00 03 00 01"));  // shorter than its header
  EXPECT_FALSE(whole(1, "00 01 00 07 00 01"));  // beyond the message
}

TEST(ConnectRequest, NakNeverPassesTheLargestPacket) {
  std::string attributes;
  for (int i = 0; i < 50; ++i) attributes += "0001 0048" + std::string(136, 'f');
  const Bytes packet = Message(1, 50, attributes);
  const auto infos = CheckConnectRequest(*ParseControl(packet));
  ASSERT_TRUE(infos);
  EXPECT_EQ(infos->size(), kMaxStatusInfos);
  const Bytes nak = EncodeConnectNak(*infos);
  EXPECT_LE(nak.size(), kMaxSstpPacket);
  EXPECT_EQ(StatusInfosOf(*ParseControl(nak)).size(), kMaxStatusInfos);
}

TEST(ConnectNak, GoldenAndRoundTrip) {
  const std::vector<StatusInfo> infos{
      {AttributeId::kEncapsulatedProtocolId, SstpStatus::kValueNotSupported, FromHex("0002")},
      {static_cast<AttributeId>(0x77), SstpStatus::kUnrecognizedAttribute, {}}};
  const Bytes nak = EncodeConnectNak(infos);
  EXPECT_EQ(nak, FromHex("1001 0022 0003 0002"
                         "0002 000e 00000001 00000004 0002"
                         "0002 000c 00000077 00000002"));
  const auto message = ParseControl(nak);
  const auto again = StatusInfosOf(*message);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].value, FromHex("0002"));
  EXPECT_EQ(again[1].status, SstpStatus::kUnrecognizedAttribute);
}

TEST(CallConnected, RoundTripAndOffsets) {
  CallConnected sent;
  sent.hash_protocol = kHashSha256;
  sent.nonce.fill(0x11);
  sent.cert_hash.fill(0x22);
  sent.compound_mac.fill(0x33);
  const Bytes packet = EncodeCallConnected(sent);
  ASSERT_EQ(packet.size(), kCallConnectedSize);
  EXPECT_EQ(Bytes(packet.begin(), packet.begin() + 16),
            FromHex("10 01 00 70 00 04 00 01 00 03 00 68 00 00 00 02"));
  EXPECT_EQ(packet[16], 0x11);
  EXPECT_EQ(packet[48], 0x22);
  EXPECT_EQ(packet[80], 0x33);
  EXPECT_EQ(packet[111], 0x33);
  const auto received = ParseCallConnected(*ParseControl(packet));
  ASSERT_TRUE(received);
  EXPECT_EQ(received->hash_protocol, kHashSha256);
  EXPECT_EQ(received->nonce, sent.nonce);
  EXPECT_EQ(received->cert_hash, sent.cert_hash);
  EXPECT_EQ(received->compound_mac, sent.compound_mac);
  EXPECT_TRUE(std::equal(packet.begin(), packet.end(), received->raw.begin()));
}

TEST(CallConnected, RawKeepsReservedBitsAsReceived) {
  Bytes packet = EncodeCallConnected({});
  packet[8] = 0x5a;
  packet[10] |= 0xf0;
  packet[12] = 0xa5;
  const auto received = ParseCallConnected(*ParseControl(packet));
  ASSERT_TRUE(received);
  EXPECT_TRUE(std::equal(packet.begin(), packet.end(), received->raw.begin()));
}

TEST(CallConnected, EveryOtherShapeIsRefused) {
  const std::string body(200, '0');
  const auto refused = [](const Bytes& packet) {
    return !ParseCallConnected(*ParseControl(packet)).has_value();
  };
  EXPECT_FALSE(refused(Message(4, 1, "0003 0068" + body)));
  EXPECT_TRUE(refused(Message(4, 0, "0003 0068" + body)));
  EXPECT_TRUE(refused(Message(4, 2, "0003 0068" + body)));
  EXPECT_TRUE(refused(Message(4, 1, "0003 0067" + body)));
  EXPECT_TRUE(refused(Message(4, 1, "0003 0069" + body + "00")));
  EXPECT_TRUE(refused(Message(4, 1, "0003 0068" + body + "00")));
  EXPECT_TRUE(refused(Message(4, 1, "0004 0068" + body)));
  EXPECT_TRUE(refused(Message(4, 1, "0002 000c 00000000 00000001")));
  EXPECT_TRUE(refused(Message(4, 0, "")));
  EXPECT_TRUE(refused(Message(5, 1, "0003 0068" + body)));
  for (std::size_t size = 0; size < 104; ++size) {
    EXPECT_TRUE(refused(Message(4, 1, ("00030068" + body).substr(0, size * 2)))) << size;
  }
}

TEST(ConnectAckMessage, RoundTripAndDefects) {
  ConnectAck sent{.hash_mask = 2, .nonce = {}};
  sent.nonce[31] = 9;
  const Bytes packet = EncodeConnectAck(sent);
  const auto ack = ParseConnectAck(*ParseControl(packet));
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->hash_mask, 2);
  EXPECT_EQ(ack->nonce, sent.nonce);
  const Bytes other = EncodeConnectRequest();
  EXPECT_FALSE(ParseConnectAck(*ParseControl(other)));
  const Bytes shorter = Message(2, 1, "0004 0008 00000003");
  EXPECT_FALSE(ParseConnectAck(*ParseControl(shorter)));
}

TEST(StatusInfos, AbortWithAndWithoutAndWithRubbish) {
  const Bytes abort = EncodeAbort(AttributeId::kCryptoBinding, SstpStatus::kValueNotSupported);
  const auto infos = StatusInfosOf(*ParseControl(abort));
  ASSERT_EQ(infos.size(), 1U);
  EXPECT_EQ(infos[0].attribute, AttributeId::kCryptoBinding);
  EXPECT_STREQ(ToString(infos[0].status), "VALUE_NOT_SUPPORTED");
  EXPECT_STREQ(ToString(static_cast<SstpStatus>(77)), "unknown");
  const Bytes bare = Message(5, 0, "");
  EXPECT_THAT(StatusInfosOf(*ParseControl(bare)), IsEmpty());
  const Bytes rubbish = Message(5, 3, "0002 0005 00 0001 0000");
  EXPECT_THAT(StatusInfosOf(*ParseControl(rubbish)), IsEmpty());
  EXPECT_FALSE(ParseStatusInfo(Bytes(7)));
  EXPECT_TRUE(ParseStatusInfo(Bytes(8)));
  EXPECT_TRUE(ParseStatusInfo(Bytes(72)));
  EXPECT_FALSE(ParseStatusInfo(Bytes(73)));
}

}  // namespace
}  // namespace sstpgw::codec
