// Vectors: [MS-SSTP] 4.7, RFC 2433, RFC 2759 9.2, RFC 3079 3.5.3.
#include "tests/client/client_crypto.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "proto/base/text.h"
#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

const char* const kServerChallenge = "5B5D7C7D7B3F2F3E3C2C602132262628";
const char* const kPeerChallenge = "21402324255E262A28295F2B3A337C7E";

Hlak HlakFromHex(const char* hex) {
  const Bytes bytes = FromHex(hex);
  Hlak out{};
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

Bytes MessageA() {
  return FromHex(
      "10010070000400010003006800000002"
      "412B489AEBD7ECC7D08966F26BE7CD72B231A0E9210D7C91B308862B0344C435"
      "7993EF314C493DACE9F02D60E7E61C84B6690AAFE9D7AEEA92CBBE8AD599422D"
      "0000000000000000000000000000000000000000000000000000000000000000");
}

std::string MacOf(const Bytes& message, std::size_t size) {
  return ToHex(ByteView(message).subspan(80, size));
}

TEST(ClientCrypto, LegacyProviderIsThere) { ASSERT_TRUE(LegacyAvailable()); }

TEST(ClientCrypto, CompoundMacSha256OfMsSstp47) {
  Bytes message = MessageA();
  SignCallConnected(BindingHash::kSha256,
                    HlakFromHex("2A1BB40D55AB0F5EF32F06F2B3CC73C48FD3FAC41D7A1315A19228D9024CA164"),
                    message);
  EXPECT_EQ(MacOf(message, 32), "52a68efd8cffbf52770b8f0fe8ec73716583af6d611eb6d179b3b20840985449");
}

TEST(ClientCrypto, CompoundMacSha1OfMsSstp47) {
  Bytes message = FromHex(
      "10010070000400010003006800000001"
      "0F1A2D58D4A3E3000FAD3CE4906E07B707AA9E441CCEAC5CBD7B2CC1C9D86CDF"
      "5826B629BDA59B8E6FD8DCD2622FD34C534805A5000000000000000000000000"
      "0000000000000000000000000000000000000000000000000000000000000000");
  SignCallConnected(BindingHash::kSha1,
                    HlakFromHex("4B3128F43925D9006EEFB1C4E86515A1D88E56BAB3CA2BDF0373B7F5A8A13B19"),
                    message);
  EXPECT_EQ(MacOf(message, 20), "69915dd583d8062fef16f61db2f03290ec27cb6c");
}

TEST(ClientCrypto, MsChapV2OfRfc2759) {
  EXPECT_EQ(ToHex(NtHash("clientPass")), "44ebba8d5312b8d611474411f56989ae");
  const NtResponse response =
      MsChapV2Response("User", "clientPass", FromHex(kServerChallenge), FromHex(kPeerChallenge));
  EXPECT_EQ(ToHex(response), "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
  EXPECT_EQ(MsChapV2Response("DOMAIN\\User", "clientPass", FromHex(kServerChallenge),
                             FromHex(kPeerChallenge)),
            response);
  EXPECT_EQ(MsChapV2Authenticator("User", "clientPass", response, FromHex(kServerChallenge),
                                  FromHex(kPeerChallenge)),
            "S=407A5589115FD0D6209F510FE9C04566932CDA56");
  EXPECT_EQ(ToHex(HlakMsChapV2("clientPass", response)),
            "d5f0e9521e3ea9589645e86051c822268b7cdc149b993a1ba118cb153f56dccb");
}

TEST(ClientCrypto, MsChapV1OfRfc2433) {
  EXPECT_EQ(ToHex(MsChapV1Response("MyPw", FromHex("102DB5DF085D3041"))),
            "4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61");
}

TEST(ClientCrypto, ChapMd5) {
  EXPECT_EQ(ToHex(ChapMd5Response(1, "test", FromHex("000102030405060708090a0b0c0d0e0f"))),
            "636a39117089481b7b2b6da2b33d9a1a");
}

TEST(ClientCrypto, PasswordsAreUtf16) {
  // "ä" is one UTF-16 unit, e4 00: MD4 of these two octets.
  EXPECT_EQ(NtHash("\xc3\xa4"), NtHash("\xe4"));
  EXPECT_NE(NtHash("\xc3\xa4"), NtHash("a"));
}

TEST(ClientCrypto, CallConnectedHasTheLayoutOfMsSstp) {
  const Bytes nonce(32, 0x5a);
  const Bytes certificate = ToBytes("not really DER");
  const Bytes message = CallConnected(BindingHash::kSha1, nonce, certificate, Hlak{});
  ASSERT_EQ(message.size(), 112u);
  EXPECT_EQ(ToHex(ByteView(message).first(16)), "10010070000400010003006800000001");
  EXPECT_EQ(Bytes(message.begin() + 16, message.begin() + 48), nonce);
  EXPECT_EQ(Bytes(message.begin() + 48, message.begin() + 68),
            CertificateHash(BindingHash::kSha1, certificate));
  EXPECT_EQ(Bytes(message.begin() + 68, message.begin() + 80), Bytes(12, 0));
  EXPECT_EQ(Bytes(message.begin() + 100, message.end()), Bytes(12, 0));
}

}  // namespace
}  // namespace sstpgw::client
