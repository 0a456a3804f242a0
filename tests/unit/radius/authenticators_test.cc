#include "controlplane/radius/authenticators.h"

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/md5.h"
#include "tests/unit/radius/octets.h"

namespace sstpgw::cp::radius {
namespace {

const ByteView kSecret = TextOctets("testing123");

Authenticator Counting() {
  Authenticator authenticator{};
  for (std::size_t i = 0; i < 16; ++i) authenticator[i] = static_cast<std::uint8_t>(i);
  return authenticator;
}

Packet AccountingRequest() {
  Packet packet;
  packet.code = Code::kAccountingRequest;
  packet.identifier = 7;
  packet.Add(kAcctStatusType, IntegerValue(1));
  packet.Add(kAcctSessionId, TextValue("0123456789abcdef"));
  return packet;
}

Packet Accept() {
  Packet packet;
  packet.code = Code::kAccessAccept;
  packet.identifier = 7;
  packet.Add(kReplyMessage, TextValue("hello"));
  return packet;
}

TEST(Md5, VectorsOfTheRfcs) {
  EXPECT_EQ(ToHex(*Md5({})), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(ToHex(*Md5({TextOctets("a"), {}, TextOctets("bc")})),
            "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(ToHex(*HmacMd5(TextOctets("Jefe"), TextOctets("what do ya want for nothing?"))),
            "750c783e6ab0b503eaa86e310a5db738");
  EXPECT_EQ(ToHex(*HmacMd5({}, {})), "74e6f7298a9c2d168935f58c001bad88");
}

// features 6.2
TEST(Authenticators, AccountingRequestGolden) {
  const auto octets = SignRequest(AccountingRequest(), kSecret, WithMessageAuthenticator::kNo);
  ASSERT_TRUE(octets);
  EXPECT_EQ(ToHex(*octets),
            "0407002c"
            "7135e422792b7c93fe59f47cb2b7c033"
            "2806000000012c12"
            "30313233343536373839616263646566");
  EXPECT_EQ(VerifyRequest(*octets, kSecret, MessageAuthenticatorRule::kIfPresent),
            Verdict::kGenuine);
  EXPECT_EQ(VerifyRequest(*octets, kSecret, MessageAuthenticatorRule::kRequired),
            Verdict::kMissingMessageAuthenticator);
}

TEST(Authenticators, AccountingResponseGolden) {
  const auto request = SignRequest(AccountingRequest(), kSecret, WithMessageAuthenticator::kNo);
  Packet reply;
  reply.code = Code::kAccountingResponse;
  reply.identifier = 7;
  const auto octets =
      SignReply(reply, AuthenticatorOf(*request), kSecret, WithMessageAuthenticator::kNo);
  ASSERT_TRUE(octets);
  EXPECT_EQ(ToHex(*octets),
            "05070014"
            "9813d255aa878bb578903818b8ef94bb");
  EXPECT_EQ(VerifyReply(*octets, AuthenticatorOf(*request), kSecret,
                        MessageAuthenticatorRule::kIfPresent),
            Verdict::kGenuine);
}

// Computed with Python's hmac.
TEST(Authenticators, AccessRequestHasTheMessageAuthenticatorFirst) {
  Packet packet;
  packet.identifier = 7;
  packet.authenticator = Counting();
  packet.Add(kUserName, TextValue("test"));
  packet.Add(kMessageAuthenticator, Bytes(16, 0xff));  // somebody else's: replaced
  const auto octets = SignRequest(packet, kSecret, WithMessageAuthenticator::kNo);
  ASSERT_TRUE(octets);
  EXPECT_EQ(ToHex(*octets),
            "0107002c000102030405060708090a0b0c0d0e0f"
            "5012f790a9185ef046562ce3587e13021f0c"
            "010674657374");
  EXPECT_TRUE(HasMessageAuthenticator(*octets));
}

TEST(Authenticators, CoaRequestGolden) {
  Packet packet;
  packet.code = Code::kCoaRequest;
  packet.identifier = 7;
  packet.Add(kUserName, TextValue("test"));
  const auto octets = SignRequest(packet, kSecret, WithMessageAuthenticator::kYes);
  ASSERT_TRUE(octets);
  EXPECT_EQ(ToHex(*octets),
            "2b07002c7864e60d82a5d555ab07a2b6889792fc"
            "5012fdf51f1ddb85f51b5ba69fd5365faecd"
            "010674657374");
  EXPECT_EQ(VerifyRequest(*octets, kSecret, MessageAuthenticatorRule::kRequired),
            Verdict::kGenuine);
}

TEST(Authenticators, ReplyGolden) {
  const auto octets = SignReply(Accept(), Counting(), kSecret, WithMessageAuthenticator::kYes);
  ASSERT_TRUE(octets);
  EXPECT_EQ(ToHex(*octets),
            "0207002dac22443003c6e2f64a5b3d7969cbfa1a"
            "5012113947cd78031afeb0c6c51fe7207d6c"
            "120768656c6c6f");
  EXPECT_EQ(VerifyReply(*octets, Counting(), kSecret, MessageAuthenticatorRule::kRequired),
            Verdict::kGenuine);
}

TEST(Authenticators, EveryFlippedBitIsFound) {
  const auto signed_reply =
      SignReply(Accept(), Counting(), kSecret, WithMessageAuthenticator::kYes);
  for (std::size_t bit = 0; bit < signed_reply->size() * 8; ++bit) {
    Bytes flipped = *signed_reply;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_NE(VerifyReply(flipped, Counting(), kSecret, MessageAuthenticatorRule::kRequired),
              Verdict::kGenuine)
        << bit;
  }
}

TEST(Authenticators, OtherSecretOrOtherRequest) {
  const auto reply = SignReply(Accept(), Counting(), kSecret, WithMessageAuthenticator::kYes);
  EXPECT_EQ(VerifyReply(*reply, Counting(), TextOctets("testing124"),
                        MessageAuthenticatorRule::kIfPresent),
            Verdict::kWrongAuthenticator);
  Authenticator other = Counting();
  other[15] = 0;
  EXPECT_EQ(VerifyReply(*reply, other, kSecret, MessageAuthenticatorRule::kIfPresent),
            Verdict::kWrongAuthenticator);
  const auto request = SignRequest(AccountingRequest(), kSecret, WithMessageAuthenticator::kYes);
  EXPECT_EQ(VerifyRequest(*request, TextOctets(""), MessageAuthenticatorRule::kIfPresent),
            Verdict::kWrongAuthenticator);
}

// A packet with a right MD5 whose attributes are these.
Bytes Md5Signed(const Bytes& attributes) {
  Packet packet;
  packet.code = Code::kAccessAccept;
  packet.identifier = 7;
  Bytes octets = PacketWith(2, attributes);
  const auto digest = Md5({octets, kSecret});
  std::copy(digest->begin(), digest->end(), octets.begin() + 4);
  return octets;
}

TEST(Authenticators, AMessageAuthenticatorThatIsThereMustBeRight) {
  const auto verify = [](const Bytes& attributes) {
    return VerifyReply(Md5Signed(attributes), Counting(), kSecret,
                       MessageAuthenticatorRule::kIfPresent);
  };
  EXPECT_EQ(verify(Hex("12 03 61")), Verdict::kGenuine);
  EXPECT_EQ(verify(Hex("50 12 00000000000000000000000000000000")),
            Verdict::kWrongMessageAuthenticator);
  EXPECT_EQ(verify(Hex("50 02")), Verdict::kWrongMessageAuthenticator);
  EXPECT_EQ(verify(Hex("50 13 0000000000000000000000000000000000")),
            Verdict::kWrongMessageAuthenticator);
  EXPECT_EQ(verify(Hex("50 02 50 02")), Verdict::kMalformed);
}

TEST(Authenticators, AMessageAuthenticatorMayStandAnywhere) {
  Bytes octets = PacketWith(2, Hex("12 03 61 50 12 00000000000000000000000000000000 12 03 62"));
  const auto hmac = HmacMd5(kSecret, octets);
  std::copy(hmac->begin(), hmac->end(), octets.begin() + 20 + 3 + 2);
  const auto digest = Md5({octets, kSecret});
  std::copy(digest->begin(), digest->end(), octets.begin() + 4);
  EXPECT_EQ(VerifyReply(octets, Counting(), kSecret, MessageAuthenticatorRule::kRequired),
            Verdict::kGenuine);
}

// As FreeRADIUS 3.2.1 answers when told to add one, secret and request as below.
TEST(Authenticators, AccountingResponseOfFreeRadius) {
  Bytes octets = Hex("05 09 0026 00000000000000000000000000000000 50 12");
  const Bytes hmac = Hex("75751d427816f595369970075980f538");
  octets.insert(octets.end(), hmac.begin(), hmac.end());
  const Authenticator request = Counting();
  std::copy(request.begin(), request.end(), octets.begin() + 4);
  const auto digest = Md5({octets, kSecret});
  std::copy(digest->begin(), digest->end(), octets.begin() + 4);
  const auto verify = [&](const Bytes& reply) {
    return VerifyReply(reply, request, kSecret, MessageAuthenticatorRule::kRequired);
  };
  EXPECT_EQ(verify(octets), Verdict::kGenuine);
  // Only in this one.
  Bytes accept = octets;
  accept[0] = 2;
  std::copy(request.begin(), request.end(), accept.begin() + 4);
  const auto digest_of_accept = Md5({accept, kSecret});
  std::copy(digest_of_accept->begin(), digest_of_accept->end(), accept.begin() + 4);
  EXPECT_EQ(verify(accept), Verdict::kWrongMessageAuthenticator);
}

TEST(Authenticators, RequiredAndMissing) {
  const auto reply = SignReply(Accept(), Counting(), kSecret, WithMessageAuthenticator::kNo);
  EXPECT_EQ(VerifyReply(*reply, Counting(), kSecret, MessageAuthenticatorRule::kIfPresent),
            Verdict::kGenuine);
  EXPECT_EQ(VerifyReply(*reply, Counting(), kSecret, MessageAuthenticatorRule::kRequired),
            Verdict::kMissingMessageAuthenticator);
  EXPECT_FALSE(HasMessageAuthenticator(*reply));
}

TEST(Authenticators, PaddingDoesNotCount) {
  auto reply = *SignReply(Accept(), Counting(), kSecret, WithMessageAuthenticator::kYes);
  reply.insert(reply.end(), 10, 0x50);
  EXPECT_EQ(VerifyReply(reply, Counting(), kSecret, MessageAuthenticatorRule::kRequired),
            Verdict::kGenuine);
}

TEST(Authenticators, EveryTruncationIsMalformed) {
  const auto reply = SignReply(Accept(), Counting(), kSecret, WithMessageAuthenticator::kYes);
  for (std::size_t size = 0; size < reply->size(); ++size) {
    EXPECT_EQ(VerifyReply(ByteView(*reply).first(size), Counting(), kSecret,
                          MessageAuthenticatorRule::kIfPresent),
              Verdict::kMalformed);
    EXPECT_FALSE(HasMessageAuthenticator(ByteView(*reply).first(size)));
  }
}

}  // namespace
}  // namespace sstpgw::cp::radius
