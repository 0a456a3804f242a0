#include "controlplane/auth/ms_chap.h"

#include "proto/base/text.h"
#include "tests/support/hex.h"

namespace sstpgw::cp {
namespace {

using test::ArrayFromHex;

// RFC 2759 9.2 and RFC 3079 3.5.3.
const std::array<std::uint8_t, 16> kServerChallenge =
    ArrayFromHex<16>("5B5D7C7D7B3F2F3E3C2C602132262628");
const std::array<std::uint8_t, 16> kPeerChallenge =
    ArrayFromHex<16>("21402324255E262A28295F2B3A337C7E");
const NtResponse kNtResponse = ArrayFromHex<24>("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");

TEST(NtPasswordHash, Rfc2759AndRfc2433) {
  EXPECT_EQ(ToHex(NtPasswordHash("clientPass")), "44ebba8d5312b8d611474411f56989ae");
  EXPECT_EQ(ToHex(HashNtPasswordHash(NtPasswordHash("clientPass"))),
            "41c00c584bd2d91c4017a2a12fa59f3f");
  EXPECT_EQ(ToHex(NtPasswordHash("MyPw")), "fc156af7edcd6c0edde3337d427f4eac");
  EXPECT_EQ(ToHex(NtPasswordHash("")), "31d6cfe0d16ae931b73c59d7e0c089c0");
}

// One character of 2, of 3 and of 4 octets UTF-8; the last is a surrogate pair in UTF-16.
TEST(NtPasswordHash, Utf8BecomesUtf16) {
  EXPECT_EQ(ToHex(NtPasswordHash("J\xc3\xbcrgen\xe2\x82\xac\xf0\x9f\x98\x80")),
            "0094f85b43cce0324ff5775e9baf88c8");
}

TEST(NtPasswordHash, OctetsThatAreNotUtf8CountAsLatin1) {
  EXPECT_EQ(ToHex(NtPasswordHash("\xff")), "da8b893873fb6b73f8e7a8894c471620");
  EXPECT_EQ(NtPasswordHash("\xff"), NtPasswordHash("\xc3\xbf"));
  EXPECT_EQ(NtPasswordHash("\xc3"), NtPasswordHash("\xc3\x83"));              // cut short
  EXPECT_EQ(NtPasswordHash("\xc3("), NtPasswordHash("\xc3\x83("));            // no trail
  EXPECT_EQ(NtPasswordHash("\xc0\xaf"), NtPasswordHash("\xc3\x80\xc2\xaf"));  // overlong
  EXPECT_EQ(NtPasswordHash("\xed\xa0\x80"), NtPasswordHash("\xc3\xad\xc2\xa0\xc2\x80"));
  EXPECT_EQ(NtPasswordHash("\xf4\x90\x80\x80"),  // beyond U+10FFFF
            NtPasswordHash("\xc3\xb4\xc2\x90\xc2\x80\xc2\x80"));
}

TEST(MsChapV1, Rfc2433Vector) {
  const auto challenge = ArrayFromHex<8>("102DB5DF085D3041");
  EXPECT_EQ(ToHex(MsChapV1NtResponse(challenge, NtPasswordHash("MyPw"))),
            "4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61");
}

// RFC 3079 2.5.3.
TEST(MsChapV1, StartKeyOfRfc3079) {
  const auto challenge = ArrayFromHex<8>("102DB5DF085D3041");
  const NtHash hash = NtPasswordHash("clientPass");
  EXPECT_EQ(ToHex(MsChapV1StartKey(hash, challenge)), "a8947850cfc0acc1d1789fb62ddcddb0");
  EXPECT_EQ(ToHex(HlakOfMsChapV1(hash, challenge).Reveal()),
            "a8947850cfc0acc1d1789fb62ddcddb0a8947850cfc0acc1d1789fb62ddcddb0");
}

TEST(MsChapV2, Rfc2759ChallengeHashAndNtResponse) {
  EXPECT_EQ(ToHex(ChallengeHash(kPeerChallenge, kServerChallenge, "User")), "d02e4386bce91226");
  EXPECT_EQ(
      MsChapV2NtResponse(kServerChallenge, kPeerChallenge, "User", NtPasswordHash("clientPass")),
      kNtResponse);
}

TEST(MsChapV2, DomainIsNotPartOfTheChallengeHash) {
  const auto plain = ChallengeHash(kPeerChallenge, kServerChallenge, "User");
  EXPECT_EQ(ChallengeHash(kPeerChallenge, kServerChallenge, "DOMAIN\\User"), plain);
  EXPECT_EQ(ChallengeHash(kPeerChallenge, kServerChallenge, "A\\B\\User"), plain);
  EXPECT_NE(ChallengeHash(kPeerChallenge, kServerChallenge, "user"), plain);
  EXPECT_NE(ChallengeHash(kPeerChallenge, kServerChallenge, "User@domain"), plain);
  EXPECT_EQ(ChallengeHash(kPeerChallenge, kServerChallenge, "User\\"),
            ChallengeHash(kPeerChallenge, kServerChallenge, ""));
}

TEST(MsChapV2, Rfc2759AuthenticatorResponse) {
  const NtHash hash = NtPasswordHash("clientPass");
  EXPECT_EQ(AuthenticatorResponse(hash, kNtResponse, kPeerChallenge, kServerChallenge, "User"),
            "S=407A5589115FD0D6209F510FE9C04566932CDA56");
  EXPECT_EQ(AuthenticatorResponse(hash, kNtResponse, kPeerChallenge, kServerChallenge, "DOM\\User"),
            "S=407A5589115FD0D6209F510FE9C04566932CDA56");
}

TEST(MsChapV2, Rfc3079Keys) {
  const MppeKey master = MasterKey(NtPasswordHash("clientPass"), kNtResponse);
  EXPECT_EQ(ToHex(master), "fdece3717a8c838cb388e527ae3cdd31");
  EXPECT_EQ(ToHex(ServerSendKey(master)), "8b7cdc149b993a1ba118cb153f56dccb");
  EXPECT_EQ(ToHex(ServerReceiveKey(master)), "d5f0e9521e3ea9589645e86051c82226");
}

// The hash is known all over the world for these.
TEST(MsChapV1, StartKeyOfTheLanManagerHash) {
  EXPECT_EQ(ToHex(LanManagerStartKey("").value()), "aad3b435b51404ee");
  EXPECT_EQ(ToHex(LanManagerStartKey("password").value()), "e52cac67419a9a22");
  EXPECT_EQ(LanManagerStartKey("PassWord"), LanManagerStartKey("password"));
  EXPECT_EQ(LanManagerStartKey("passwor"), LanManagerStartKey("password"));
  EXPECT_TRUE(LanManagerStartKey("12345678901234"));
  EXPECT_FALSE(LanManagerStartKey("123456789012345")) << "longer than the hash can hold";
  EXPECT_FALSE(LanManagerStartKey("pass\xc3\xa4")) << "of another character set";
}

// Features 1.6.4 D: receive key first.
TEST(Hlak, MsChapV2) {
  EXPECT_EQ(ToHex(HlakOfMsChapV2(NtPasswordHash("clientPass"), kNtResponse).Reveal()),
            "d5f0e9521e3ea9589645e86051c822268b7cdc149b993a1ba118cb153f56dccb");
}

TEST(Hlak, ZeroForPapAndChap) { EXPECT_EQ(ToHex(ZeroHlak().Reveal()), std::string(64, '0')); }

}  // namespace
}  // namespace sstpgw::cp
