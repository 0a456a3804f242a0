#include "controlplane/radius/access_reply.h"

#include "controlplane/auth/ms_chap.h"
#include "controlplane/radius/attribute_numbers.h"
#include "tests/unit/radius/octets.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const SharedWith kShared{TextOctets("testing123"),
                         {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
// Keys and proof of features 3.4.5 and 1.6.4 D.
const char* const kSend = "8b7cdc149b993a1ba118cb153f56dccb";
const char* const kRecv = "d5f0e9521e3ea9589645e86051c82226";
const char* const kProof = "S=407A5589115FD0D6209F510FE9C04566932CDA56";

Packet With(Code code) {
  Packet packet;
  packet.code = code;
  return packet;
}

void AddKeys(Packet& packet, std::string_view recv, std::string_view send) {
  packet.Add(kMsMppeRecvKey, *HideSalted(Hex(recv), 0x8001, kShared));
  packet.Add(kMsMppeSendKey, *HideSalted(Hex(send), 0x8002, kShared));
}

Bytes WithIdentifier(std::uint8_t identifier, std::string_view text) {
  Bytes out{identifier};
  out.insert(out.end(), text.begin(), text.end());
  return out;
}

AskedWith Asked(AuthMethod method) { return {method, 9, {}, 0}; }

Result<AccessAccept> Read(const Packet& packet, const AskedWith& asked) {
  return ReadAccessAccept(packet, asked, kShared, {});
}

std::string ErrorOf(const Packet& packet, const AskedWith& asked) {
  const auto accept = Read(packet, asked);
  return accept ? "none" : accept.error().message;
}

TEST(AccessAccept, PapAndChapHaveZeros) {
  for (const AuthMethod method : {AuthMethod::kPap, AuthMethod::kChapMd5}) {
    Packet packet = With(Code::kAccessAccept);
    packet.Add(kFramedPool, TextValue("P2"));
    packet.Add(kMessageAuthenticator, Bytes(16));
    const auto accept = Read(packet, Asked(method));
    ASSERT_TRUE(accept);
    EXPECT_EQ(ToHex(accept->hlak.Reveal()), std::string(64, '0'));
    EXPECT_EQ(accept->success_message, "Authentication succeeded");
    EXPECT_EQ(accept->session.framed_pool, "P2");
    EXPECT_TRUE(accept->mppe_send_key.empty());
    EXPECT_THAT(accept->session.not_used, IsEmpty());
  }
}

Packet MsChapV2Accept() {
  Packet packet = With(Code::kAccessAccept);
  packet.Add(kMsChap2Success, WithIdentifier(9, kProof));
  AddKeys(packet, kRecv, kSend);
  return packet;
}

TEST(AccessAccept, MsChapV2Golden) {
  const auto accept = Read(MsChapV2Accept(), Asked(AuthMethod::kMsChapV2));
  ASSERT_TRUE(accept) << accept.error().message;
  EXPECT_EQ(ToHex(accept->hlak.Reveal()),
            "d5f0e9521e3ea9589645e86051c822268b7cdc149b993a1ba118cb153f56dccb");
  EXPECT_EQ(accept->success_message, std::string(kProof) + " M=Authentication succeeded");
  EXPECT_EQ(ToHex(accept->mppe_send_key.Reveal()), kSend);
  EXPECT_EQ(ToHex(accept->mppe_recv_key.Reveal()), kRecv);
  EXPECT_THAT(accept->session.not_used, IsEmpty());
}

TEST(AccessAccept, MsChapV2WordsOfTheServer) {
  Packet packet = With(Code::kAccessAccept);
  packet.Add(kMsChap2Success, WithIdentifier(9, std::string(kProof) + " M=Hello\n"));
  AddKeys(packet, kRecv, kSend);
  EXPECT_EQ(Read(packet, Asked(AuthMethod::kMsChapV2))->success_message,
            std::string(kProof) + " M=Hello\\x0a");
}

TEST(AccessAccept, MsChapV2WithoutProofIsRefused) {
  const struct {
    Bytes value;
    const char* says;
  } kCases[] = {
      {{}, "MS-CHAP2-Success of 0 octets"},
      {{9}, "MS-CHAP2-Success of 1 octets"},
      {WithIdentifier(9, std::string(kProof).substr(0, 41)), "MS-CHAP2-Success of 42 octets"},
      {WithIdentifier(8, kProof), "MS-CHAP2-Success for response 8, asked was for 9"},
      {WithIdentifier(9, "T" + std::string(kProof).substr(1)), "without S= and 40"},
      {WithIdentifier(9, "S=" + std::string(40, 'g')), "without S= and 40"},
      {WithIdentifier(9, "S=" + std::string(39, 'a') + std::string(1, '\0')), "without S= and 40"},
  };
  for (const auto& bad : kCases) {
    Packet packet = With(Code::kAccessAccept);
    packet.Add(kMsChap2Success, bad.value);
    AddKeys(packet, kRecv, kSend);
    EXPECT_THAT(ErrorOf(packet, Asked(AuthMethod::kMsChapV2)), HasSubstr(bad.says));
  }
  Packet packet = With(Code::kAccessAccept);
  AddKeys(packet, kRecv, kSend);
  EXPECT_EQ(ErrorOf(packet, Asked(AuthMethod::kMsChapV2)),
            "MS-CHAP2-Success missing in Access-Accept");
}

TEST(AccessAccept, MissingKeysAreRefused) {
  for (const AttributeKey missing : {kMsMppeSendKey, kMsMppeRecvKey}) {
    for (const AuthMethod method : {AuthMethod::kMsChapV2, AuthMethod::kEap}) {
      Packet packet = MsChapV2Accept();
      std::erase_if(packet.attributes, [&](const Attribute& a) { return a.key() == missing; });
      EXPECT_THAT(ErrorOf(packet, Asked(method)),
                  HasSubstr("MS-MPPE keys missing in Access-Accept"));
      EXPECT_THAT(ErrorOf(packet, Asked(method)), HasSubstr("crypto binding will fail"));
    }
  }
}

TEST(AccessAccept, MalformedKeysAreRefused) {
  for (std::size_t size = 0; size < 34; ++size) {
    Packet packet = MsChapV2Accept();
    packet.attributes[1].value.resize(size);
    EXPECT_THAT(ErrorOf(packet, Asked(AuthMethod::kMsChapV2)),
                HasSubstr("MS-MPPE-Recv-Key in Access-Accept is malformed"))
        << size;
  }
  Packet packet = With(Code::kAccessAccept);
  packet.Add(kMsChap2Success, WithIdentifier(9, kProof));
  AddKeys(packet, kRecv, "0102");
  EXPECT_THAT(ErrorOf(packet, Asked(AuthMethod::kMsChapV2)),
              HasSubstr("MS-MPPE keys of 16 and 2 octets"));
}

TEST(AccessAccept, KeysOfAnotherRequestAreNotThese) {
  SharedWith other = kShared;
  other.request[3] = 99;
  const auto accept = ReadAccessAccept(MsChapV2Accept(), Asked(AuthMethod::kMsChapV2), other, {});
  // Either the length inside is wrong or the keys are.
  if (accept) {
    EXPECT_NE(ToHex(accept->mppe_recv_key.Reveal()), kRecv);
  }
}

// RFC 3079 2.5.3: password clientPass, challenge 102DB5DF085D3041.
TEST(AccessAccept, MsChapV1GivesTheKeysOfALocalUser) {
  const NtHash hash = NtPasswordHash("clientPass");
  const NtHash hash_hash = HashNtPasswordHash(hash);
  AskedWith asked = Asked(AuthMethod::kMsChapV1);
  asked.v1_challenge = {0x10, 0x2d, 0xb5, 0xdf, 0x08, 0x5d, 0x30, 0x41};
  Bytes keys(8, 0x77);
  keys.insert(keys.end(), hash_hash.begin(), hash_hash.end());
  keys.resize(32);
  Packet packet = With(Code::kAccessAccept);
  packet.Add(kMsChapMppeKeys, *HideUserPassword(keys, kShared));
  const auto accept = Read(packet, asked);
  ASSERT_TRUE(accept) << accept.error().message;
  EXPECT_EQ(ToHex(accept->hlak.Reveal()), ToHex(HlakOfMsChapV1(hash, asked.v1_challenge).Reveal()));
  EXPECT_EQ(ToHex(accept->mppe_send_key.Reveal()), "a8947850cfc0acc1d1789fb62ddcddb0");
  EXPECT_EQ(ToHex(accept->mppe_send_key.Reveal()), ToHex(accept->mppe_recv_key.Reveal()));
  EXPECT_EQ(ToHex(accept->lan_manager_key.Reveal()), "7777777777777777");

  // A server that keeps NT hashes only has nothing for the first place.
  std::fill(keys.begin(), keys.begin() + 8, 0);
  Packet without = With(Code::kAccessAccept);
  without.Add(kMsChapMppeKeys, *HideUserPassword(keys, kShared));
  const auto none = Read(without, asked);
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_TRUE(none->lan_manager_key.empty());

  packet.attributes[0].value.resize(24);
  EXPECT_THAT(ErrorOf(packet, asked), HasSubstr("MS-CHAP-MPPE-Keys of 24 octets"));
  EXPECT_THAT(ErrorOf(With(Code::kAccessAccept), asked), HasSubstr("MS-CHAP-MPPE-Keys missing"));
}

TEST(AccessAccept, EapTakesTheMskInFull) {
  const std::string recv32 = std::string(32, 'a') + std::string(32, 'b');
  const std::string send32 = std::string(64, 'c');
  const struct {
    std::string recv;
    std::string send;
    std::string hlak;
  } kCases[] = {
      {recv32, send32, recv32},                         // EAP-TLS, PEAP
      {recv32 + "ff", send32, recv32},                  // longer: cut
      {kRecv, kSend, std::string(kRecv) + kSend},       // EAP-MSCHAPv2
      {"0102", "03", "010203" + std::string(58, '0')},  // padded
  };
  for (const auto& golden : kCases) {
    Packet packet = With(Code::kAccessAccept);
    packet.Add(kEapMessage, Hex("03090004"));
    AddKeys(packet, golden.recv, golden.send);
    const auto accept = Read(packet, Asked(AuthMethod::kEap));
    ASSERT_TRUE(accept) << accept.error().message;
    EXPECT_EQ(ToHex(accept->hlak.Reveal()), golden.hlak);
    EXPECT_EQ(ToHex(accept->eap_message), "03090004");
    EXPECT_EQ(ToHex(accept->mppe_recv_key.Reveal()), golden.recv);
  }
  Packet packet = With(Code::kAccessAccept);
  AddKeys(packet, "", kSend);
  EXPECT_THAT(ErrorOf(packet, Asked(AuthMethod::kEap)), HasSubstr("empty MS-MPPE-Recv-Key"));
  packet = MsChapV2Accept();
  packet.Add(kEapMessage, Hex("0309"));
  EXPECT_THAT(ErrorOf(packet, Asked(AuthMethod::kEap)), HasSubstr("an EAP-Message of 2 octets"));
}

TEST(AccessAccept, AskedByTheCredentials) {
  MsChapV1Evidence v1;
  v1.identifier = 3;
  v1.challenge.fill(7);
  EXPECT_EQ(AskedBy(v1).method, AuthMethod::kMsChapV1);
  EXPECT_EQ(AskedBy(v1).v1_challenge, v1.challenge);
  MsChapV2Evidence v2;
  v2.identifier = 4;
  EXPECT_EQ(AskedBy(v2).method, AuthMethod::kMsChapV2);
  EXPECT_EQ(AskedBy(v2).identifier, 4);
  EXPECT_EQ(AskedBy(PapEvidence{}).method, AuthMethod::kPap);
  EXPECT_EQ(AskedBy(ChapMd5Evidence{}).method, AuthMethod::kChapMd5);
  EXPECT_EQ(AskedBy(EapEvidence{}).method, AuthMethod::kEap);
  EXPECT_EQ(AskedBy(EapEvidence{}).eap_type, 0);
  EapEvidence eap;
  eap.message = Secret(std::string("\x02\x09\x00\x06\x04\x10", 6));
  EXPECT_EQ(AskedBy(std::move(eap)).eap_type, 4);
}

TEST(AccessAccept, EapWithoutKeysOnlyOfMethodsThatMakeNone) {
  Packet packet = With(Code::kAccessAccept);
  packet.Add(kEapMessage, Hex("03090004"));
  AskedWith asked = Asked(AuthMethod::kEap);
  for (const int type : {4, 5, 6}) {
    asked.eap_type = static_cast<std::uint8_t>(type);
    const auto accept = Read(packet, asked);
    ASSERT_TRUE(accept) << accept.error().message;
    EXPECT_EQ(ToHex(accept->hlak.Reveal()), std::string(64, '0'));
  }
  for (const int type : {0, 13, 25, 26}) {
    asked.eap_type = static_cast<std::uint8_t>(type);
    EXPECT_THAT(ErrorOf(packet, asked), HasSubstr("MS-MPPE-Recv-Key"));
  }
  // Half of the keys is a mistake of the server's, whatever the method.
  asked.eap_type = 4;
  AddKeys(packet, "", kSend);
  EXPECT_THAT(ErrorOf(packet, asked), HasSubstr("MS-MPPE-Recv-Key"));
}

// ---- Reject

AccessReject RejectWith(const Bytes& error) {
  Packet packet = With(Code::kAccessReject);
  packet.Add(kMsChapError, error);
  return ReadAccessReject(packet);
}

TEST(AccessRejects, ErrorsForTheClient) {
  const AccessReject expired =
      RejectWith(WithIdentifier(9, "E=648 R=1 C=00112233445566778899aabbccddeeff V=3 M=Expired"));
  EXPECT_EQ(expired.mschap_error, 648U);
  EXPECT_EQ(expired.message, "Expired");
  EXPECT_THAT(expired.warnings, IsEmpty());
  for (const std::uint32_t code : {646U, 647U, 648U, 649U, 691U, 709U}) {
    EXPECT_EQ(RejectWith(WithIdentifier(0, "E=" + std::to_string(code) + " R=0")).mschap_error,
              code);
    EXPECT_EQ(RejectWith(WithIdentifier('E', "E=" + std::to_string(code))).mschap_error, code);
    // Without identifier.
    EXPECT_EQ(RejectWith(TextValue("E=" + std::to_string(code) + " R=0")).mschap_error, code);
  }
}

TEST(AccessRejects, UnusableErrorsAre691) {
  for (const char* text :
       {"", "E", "E=", "E=x", "E=-1", "E=99999999999", "E=647x", "E=5 R=0", "R=1 E=647"}) {
    const AccessReject reject = RejectWith(WithIdentifier(9, text));
    EXPECT_EQ(reject.mschap_error, 691U) << text;
    EXPECT_THAT(reject.warnings, SizeIs(1)) << text;
  }
  EXPECT_EQ(RejectWith({}).mschap_error, 691U);
  EXPECT_THAT(RejectWith({}).warnings, SizeIs(1));
}

TEST(AccessRejects, ReplyMessageIsWhatTheUserReads) {
  Packet packet = With(Code::kAccessReject);
  packet.Add(kMsChapError, WithIdentifier(9, "E=691 R=0 V=3 M=No"));
  packet.Add(kReplyMessage, TextValue("Please pay"));
  packet.Add(kReplyMessage, TextValue("\x1b[1myour bill"));
  const AccessReject reject = ReadAccessReject(packet);
  EXPECT_EQ(reject.message, "Please pay \\x1b[1myour bill");
  EXPECT_EQ(reject.mschap_error, 691U);
  EXPECT_EQ(ReadAccessReject(With(Code::kAccessReject)).message, "");

  Packet wordy = With(Code::kAccessReject);
  for (int i = 0; i < 10; ++i) wordy.Add(kReplyMessage, TextValue(std::string(254 - 5, 'x')));
  EXPECT_EQ(ReadAccessReject(wordy).message.size(), 255U);
  Packet umlauts = With(Code::kAccessReject);
  std::string text = "x";
  for (int i = 0; i < 126; ++i) text += "\xc3\xa4";
  umlauts.Add(kReplyMessage, TextValue(text));
  umlauts.Add(kReplyMessage, TextValue(text.substr(1)));
  const std::string cut = ReadAccessReject(umlauts).message;
  EXPECT_EQ(cut.size(), 254U);
  EXPECT_EQ(cut.back(), ' ');
}

TEST(AccessRejects, EapFailure) {
  Packet packet = With(Code::kAccessReject);
  packet.Add(kEapMessage, Hex("04090004"));
  EXPECT_EQ(ToHex(ReadAccessReject(packet).eap_message), "04090004");
  packet.attributes[0].value.resize(1);
  EXPECT_THAT(ReadAccessReject(packet).eap_message, IsEmpty());
  EXPECT_THAT(ReadAccessReject(packet).warnings, SizeIs(1));
}

// ---- Challenge

TEST(AccessChallenges, EapAndState) {
  Packet packet = With(Code::kAccessChallenge);
  packet.Add(kEapMessage, Bytes(253, 1));
  packet.Add(kState, Hex("aabb"));
  packet.Add(kEapMessage, Bytes(10, 2));
  packet.Add(kSessionTimeout, IntegerValue(30));
  packet.Add(kReplyMessage, TextValue("token?"));
  const auto challenge = ReadAccessChallenge(packet);
  ASSERT_TRUE(challenge);
  EXPECT_EQ(challenge->eap_message.size(), 263U);
  EXPECT_EQ(challenge->state, Hex("aabb"));
  EXPECT_EQ(challenge->session_timeout, std::chrono::seconds(30));
  EXPECT_EQ(challenge->message, "token?");
}

TEST(AccessChallenges, WithoutEapNobodyCanAnswer) {
  Packet packet = With(Code::kAccessChallenge);
  packet.Add(kState, Hex("aabb"));
  EXPECT_THAT(ReadAccessChallenge(packet).error().message, HasSubstr("without EAP-Message"));
  packet.Add(kEapMessage, Hex("0102"));
  EXPECT_FALSE(ReadAccessChallenge(packet));
  packet.Add(kEapMessage, Hex("0304"));
  EXPECT_TRUE(ReadAccessChallenge(packet));
  EXPECT_FALSE(ReadAccessChallenge(packet)->session_timeout);
}

}  // namespace
}  // namespace sstpgw::cp::radius
