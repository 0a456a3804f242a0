#include "gateway/crypto/crypto_binding.h"

#include "proto/base/text.h"
#include "tests/support/hex.h"

namespace sstpgw::crypto {
namespace {

using test::ArrayFromHex;
using test::FromHex;

using Message = std::array<std::uint8_t, kCallConnectedSize>;

// [MS-SSTP] 4.7, SHA256 and SHA1 (features 1.6.4 A and B).
const Bytes kHlakA = FromHex("2A1BB40D55AB0F5EF32F06F2B3CC73C48FD3FAC41D7A1315A19228D9024CA164");
const Message kMessageA = ArrayFromHex<112>(R"(
  10 01 00 70 00 04 00 01 00 03 00 68 00 00 00 02
  41 2B 48 9A EB D7 EC C7 D0 89 66 F2 6B E7 CD 72 B2 31 A0 E9 21 0D 7C 91 B3 08 86 2B 03 44 C4 35
  79 93 EF 31 4C 49 3D AC E9 F0 2D 60 E7 E6 1C 84 B6 69 0A AF E9 D7 AE EA 92 CB BE 8A D5 99 42 2D
  52 A6 8E FD 8C FF BF 52 77 0B 8F 0F E8 EC 73 71 65 83 AF 6D 61 1E B6 D1 79 B3 B2 08 40 98 54 49)");
const Bytes kHlakB = FromHex("4B3128F43925D9006EEFB1C4E86515A1D88E56BAB3CA2BDF0373B7F5A8A13B19");
const Message kMessageB = ArrayFromHex<112>(R"(
  10 01 00 70 00 04 00 01 00 03 00 68 00 00 00 01
  0F 1A 2D 58 D4 A3 E3 00 0F AD 3C E4 90 6E 07 B7 07 AA 9E 44 1C CE AC 5C BD 7B 2C C1 C9 D8 6C DF
  58 26 B6 29 BD A5 9B 8E 6F D8 DC D2 62 2F D3 4C 53 48 05 A5 00 00 00 00 00 00 00 00 00 00 00 00
  69 91 5D D5 83 D8 06 2F EF 16 F6 1D B2 F0 32 90 EC 27 CB 6C 00 00 00 00 00 00 00 00 00 00 00 00)");

constexpr std::size_t kNonceAt = 16;
constexpr std::size_t kCertHashAt = 48;
constexpr std::size_t kMacAt = 80;

template <std::size_t N>
std::array<std::uint8_t, N> Field(const Message& message, std::size_t at) {
  std::array<std::uint8_t, N> out{};
  std::copy_n(message.begin() + static_cast<std::ptrdiff_t>(at), N, out.begin());
  return out;
}

struct Case {
  const char* name;
  HashProtocol hash;
  Bytes hlak;
  const char* cmk;
  const char* mac_a;  // over message A, only with SHA256
  const char* mac_b;  // over message B, only with SHA1
};

// Features 1.6.4 C (zero HLAK), D and E (MS-CHAPv2 user of RFC 2759).
const char* const kHlakD = "d5f0e9521e3ea9589645e86051c822268b7cdc149b993a1ba118cb153f56dccb";
const std::vector<Case> kCases{
    {"A", HashProtocol::kSha256, kHlakA,
     "ecf59ac9fe155cf0a9e7d66adc1b363c1ad7ba91a9217f0cec2a534298828df6",
     "52a68efd8cffbf52770b8f0fe8ec73716583af6d611eb6d179b3b20840985449", nullptr},
    {"B", HashProtocol::kSha1, kHlakB, "a98b862a38cc7e224b42cd128586acb22f0bd1e9", nullptr,
     "69915dd583d8062fef16f61db2f03290ec27cb6c"},
    {"C SHA256", HashProtocol::kSha256, Bytes(32),
     "d342eb00477d6a37e1a184fb0168cb3ea3b6645fa0f227904d20eef5cb8f9327",
     "37350a9168e4697495f2f535721af42be80a185d6dc4c4dc929f8f87e304a616", nullptr},
    {"C SHA1", HashProtocol::kSha1, Bytes(32), "ae571ede1e11efb7bb85b8b4f07e15f0e086761a", nullptr,
     "9a111c756b84d95002c9372556c181e0e5360da7"},
    {"D, E SHA256", HashProtocol::kSha256, FromHex(kHlakD),
     "150707e682b16f4ca9430560c562894afd10050db4182d35c3e9e06284445271",
     "fc0f8e272dd23c80526c2a271158a12195eb2df59780b17e6ef641ba0fe699d0", nullptr},
    {"D, E SHA1", HashProtocol::kSha1, FromHex(kHlakD), "3afbff0ba79dd9743bd09949fa99f9d0c92d3698",
     nullptr, "ff9d1b065cbac8e7a71ad85cad75eee5b14890c9"},
};

TEST(CryptoBinding, ReferenceVectors) {
  for (const Case& c : kCases) {
    EXPECT_EQ(ToHex(DeriveCmk(c.hash, c.hlak)), c.cmk) << c.name;
    const Message& message = c.mac_a != nullptr ? kMessageA : kMessageB;
    EXPECT_EQ(ToHex(CompoundMac(c.hash, c.hlak, message)), c.mac_a != nullptr ? c.mac_a : c.mac_b)
        << c.name;
  }
}

TEST(CryptoBinding, ShortHlakCountsAsPaddedWithZeros) {
  EXPECT_EQ(DeriveCmk(HashProtocol::kSha256, {}), DeriveCmk(HashProtocol::kSha256, Bytes(32)));
  Bytes sixteen(kHlakA.begin(), kHlakA.begin() + 16);
  Bytes padded = sixteen;
  padded.resize(32);
  EXPECT_EQ(DeriveCmk(HashProtocol::kSha1, sixteen), DeriveCmk(HashProtocol::kSha1, padded));
}

TEST(CryptoBinding, MacFieldDoesNotMatterForTheMac) {
  Message other = kMessageA;
  other[kMacAt] ^= 0xff;
  other[111] ^= 1;
  EXPECT_EQ(CompoundMac(HashProtocol::kSha256, kHlakA, other),
            CompoundMac(HashProtocol::kSha256, kHlakA, kMessageA));
}

TEST(CryptoBinding, EveryOtherOctetMattersForTheMac) {
  for (std::size_t at = 0; at < kMacAt; ++at) {
    Message other = kMessageA;
    other[at] ^= 0x10;
    EXPECT_NE(CompoundMac(HashProtocol::kSha256, kHlakA, other),
              CompoundMac(HashProtocol::kSha256, kHlakA, kMessageA))
        << at;
  }
}

// Octets 68..79 pad a SHA1 certificate hash and are ignored; 67 is its last octet.
TEST(CryptoBinding, PaddingOfSha1IsIgnored) {
  Message other = kMessageB;
  std::fill(other.begin() + 68, other.begin() + 80, std::uint8_t{0xaa});
  EXPECT_EQ(CompoundMac(HashProtocol::kSha1, kHlakB, other),
            CompoundMac(HashProtocol::kSha1, kHlakB, kMessageB));
  other[67] ^= 1;
  EXPECT_NE(CompoundMac(HashProtocol::kSha1, kHlakB, other),
            CompoundMac(HashProtocol::kSha1, kHlakB, kMessageB));
}

class VerifyBindingTest : public ::testing::Test {
 protected:
  static BindingExpectation ExpectA() {
    return {.offered_hashes = 3,
            .nonce = Field<32>(kMessageA, kNonceAt),
            .cert_sha1 = std::array<std::uint8_t, 20>{},
            .cert_sha256 = Field<32>(kMessageA, kCertHashAt),
            .hlak = kHlakA};
  }
  static BindingExpectation ExpectB() {
    return {.offered_hashes = 3,
            .nonce = Field<32>(kMessageB, kNonceAt),
            .cert_sha1 = Field<20>(kMessageB, kCertHashAt),
            .cert_sha256 = std::array<std::uint8_t, 32>{},
            .hlak = kHlakB};
  }
};

TEST_F(VerifyBindingTest, AcceptsBothExamples) {
  EXPECT_FALSE(VerifyBinding(ExpectA(), kMessageA));
  EXPECT_FALSE(VerifyBinding(ExpectB(), kMessageB));
}

TEST_F(VerifyBindingTest, AcceptsSha1WithRubbishInThePadding) {
  Message message = kMessageB;
  std::fill(message.begin() + 68, message.begin() + 80, std::uint8_t{0x55});
  std::fill(message.begin() + 100, message.end(), std::uint8_t{0x55});
  EXPECT_FALSE(VerifyBinding(ExpectB(), message));
}

TEST_F(VerifyBindingTest, HashProtocolMustBeOneThatWasOffered) {
  for (const std::uint8_t sent : Bytes{0, 3, 4, 0x82, 255}) {
    Message message = kMessageA;
    message[15] = sent;
    const auto mismatch = VerifyBinding(ExpectA(), message);
    ASSERT_TRUE(mismatch) << int{sent};
    EXPECT_EQ(mismatch->field, BindingField::kHashProtocol);
    EXPECT_STREQ(ToString(*mismatch), "invalid Hash Protocol");
  }
  BindingExpectation only_sha1 = ExpectA();
  only_sha1.offered_hashes = 1;
  EXPECT_EQ(VerifyBinding(only_sha1, kMessageA)->field, BindingField::kHashProtocol);
  BindingExpectation only_sha256 = ExpectB();
  only_sha256.offered_hashes = 2;
  EXPECT_EQ(VerifyBinding(only_sha256, kMessageB)->field, BindingField::kHashProtocol);
}

TEST_F(VerifyBindingTest, NonceOfAnotherSessionIsRefused) {
  BindingExpectation expectation = ExpectA();
  expectation.nonce[31] ^= 1;
  const auto mismatch = VerifyBinding(expectation, kMessageA);
  ASSERT_TRUE(mismatch);
  EXPECT_EQ(mismatch->field, BindingField::kNonce);
  EXPECT_STREQ(ToString(*mismatch), "invalid Nonce");
  EXPECT_EQ(mismatch->received, Bytes(kMessageA.begin() + 16, kMessageA.begin() + 48));
}

TEST_F(VerifyBindingTest, CertificateOfAnotherConnectionIsRefused) {
  BindingExpectation expectation = ExpectA();
  expectation.cert_sha256->front() ^= 0x80;
  auto mismatch = VerifyBinding(expectation, kMessageA);
  ASSERT_TRUE(mismatch);
  EXPECT_EQ(mismatch->field, BindingField::kCertHash);
  EXPECT_STREQ(ToString(*mismatch), "invalid SHA256 Cert Hash");

  expectation = ExpectB();
  expectation.cert_sha1->back() ^= 1;
  mismatch = VerifyBinding(expectation, kMessageB);
  ASSERT_TRUE(mismatch);
  EXPECT_EQ(mismatch->field, BindingField::kCertHash);
  EXPECT_STREQ(ToString(*mismatch), "invalid SHA1 Cert Hash");
}

TEST_F(VerifyBindingTest, UnknownCertificateIsNotCompared) {
  BindingExpectation expectation = ExpectA();
  expectation.cert_sha1.reset();
  expectation.cert_sha256.reset();
  EXPECT_FALSE(VerifyBinding(expectation, kMessageA));
}

TEST_F(VerifyBindingTest, EachFlippedBitOfTheMacIsRefused) {
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Message message = kMessageA;
    message[kMacAt + bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto mismatch = VerifyBinding(ExpectA(), message);
    ASSERT_TRUE(mismatch) << bit;
    EXPECT_EQ(mismatch->field, BindingField::kCompoundMac);
    EXPECT_STREQ(ToString(*mismatch), "invalid Compound MAC");
  }
}

TEST_F(VerifyBindingTest, MacOfAnotherKeyIsRefused) {
  BindingExpectation expectation = ExpectA();
  const Bytes zeros(32);
  expectation.hlak = zeros;
  const auto mismatch = VerifyBinding(expectation, kMessageA);
  ASSERT_TRUE(mismatch);
  EXPECT_EQ(mismatch->field, BindingField::kCompoundMac);
}

}  // namespace
}  // namespace sstpgw::crypto
