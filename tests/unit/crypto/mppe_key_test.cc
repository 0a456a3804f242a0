// Keys of MPPE: the vectors of RFC 3079 3.5, and what follows from them by a program of its own
// (Python: hashlib and RC4 written out).
#include "gateway/crypto/mppe_key.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <string>
#include <utility>
#include <vector>

#include "proto/base/text.h"
#include "tests/support/hex.h"

namespace sstpgw::crypto {
namespace {

using test::FromHex;

// SendStartKey128 of RFC 3079 3.5.3; its first half is SendStartKey40 and SendStartKey56.
const Bytes kStartKey = FromHex("8b7cdc149b993a1ba118cb153f56dccb");

struct Vector {
  MppeStrength strength;
  std::string session_key;
  std::string test_message;            // "test message" with it
  std::vector<std::string> next_keys;  // after one, two and three changes
};

const std::vector<Vector> kVectors = {
    {MppeStrength::k40Bit,
     "d1269ec49fa62e3e",
     "929137917e5803d668d75898",
     {"d1269ece4d98d181", "d1269edeefbd8aff", "d1269eb1a7fcb215"}},
    {MppeStrength::k56Bit,
     "d15c00c49fa62e3e",
     "3f106833fa448da842bc57b8",
     {"d16182a2ab481407", "d178cc274f63faf1", "d1894870daab684a"}},
    {MppeStrength::k128Bit,
     "405cb2247a7956e6e211007ae27b22d4",
     "81848317df68846272fb5abe",
     {"726f10500e2b54135b1b74d7682f0471", "2805bc7869bec825573a7803e95a3acd",
      "58128c36cabd54968139fd94b5883d4a"}},
};

class MppeKeyTest : public testing::Test {
 protected:
  MppeKeyStream Stream(MppeStrength strength) const {
    return MppeKeyStream::Create(provider_, strength, kStartKey).value();
  }
  static std::string Key(const MppeKeyStream& stream) { return ToHex(stream.session_key()); }
  static std::string Applied(MppeKeyStream& stream, const Bytes& octets) {
    Bytes out(octets.size());
    EXPECT_TRUE(stream.Apply(octets, out));
    return ToHex(out);
  }

  Rc4Provider provider_ = Rc4Provider::Load().value();
};

TEST_F(MppeKeyTest, FirstSessionKeysOfRfc3079) {
  for (const Vector& vector : kVectors) {
    MppeKeyStream stream = Stream(vector.strength);
    EXPECT_EQ(Key(stream), vector.session_key);
    EXPECT_EQ(Applied(stream, test::FromText("test message")), vector.test_message);
  }
}

TEST_F(MppeKeyTest, EachChangeGoesOnFromTheKeyBefore) {
  for (const Vector& vector : kVectors) {
    MppeKeyStream stream = Stream(vector.strength);
    for (const std::string& key : vector.next_keys) {
      ASSERT_TRUE(stream.ChangeKey());
      EXPECT_EQ(Key(stream), key);
    }
  }
}

TEST_F(MppeKeyTest, TheStreamGoesOnUntilItIsRestarted) {
  for (const Vector& vector : kVectors) {
    MppeKeyStream stream = Stream(vector.strength);
    const Bytes message = test::FromText("test message");
    const std::string first = Applied(stream, Bytes(message.begin(), message.begin() + 5));
    const std::string second = Applied(stream, Bytes(message.begin() + 5, message.end()));
    EXPECT_EQ(first + second, vector.test_message);
    EXPECT_NE(Applied(stream, message), vector.test_message);
    ASSERT_TRUE(stream.Restart());
    EXPECT_EQ(Applied(stream, message), vector.test_message);
  }
}

TEST_F(MppeKeyTest, AStartKeyMayBeLongerButNotShorter) {
  for (const MppeStrength strength :
       {MppeStrength::k40Bit, MppeStrength::k56Bit, MppeStrength::k128Bit}) {
    Bytes longer = kStartKey;
    longer.resize(KeySize(strength));
    const auto exact = MppeKeyStream::Create(provider_, strength, longer);
    longer.resize(32, 0x77);
    const auto cut = MppeKeyStream::Create(provider_, strength, longer);
    ASSERT_TRUE(exact && cut);
    EXPECT_EQ(Key(*exact), Key(*cut));
    for (std::size_t size = 0; size < KeySize(strength); ++size) {
      const auto refused =
          MppeKeyStream::Create(provider_, strength, ByteView(kStartKey).first(size));
      ASSERT_FALSE(refused) << size;
      EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    }
  }
}

TEST_F(MppeKeyTest, AMovedStreamGoesOnAndNothingIsLeftBehind) {
  MppeKeyStream from = Stream(MppeStrength::k128Bit);
  const Bytes message = test::FromText("test message");
  const std::string first = Applied(from, Bytes(message.begin(), message.begin() + 3));
  MppeKeyStream to = std::move(from);
  EXPECT_EQ(first + Applied(to, Bytes(message.begin() + 3, message.end())),
            kVectors[2].test_message);
  // NOLINTNEXTLINE(bugprone-use-after-move): that is what is looked at
  EXPECT_EQ(Key(from), std::string(32, '0'));
  MppeKeyStream assigned = Stream(MppeStrength::k40Bit);
  assigned = std::move(to);
  EXPECT_EQ(Key(assigned), kVectors[2].session_key);
  ASSERT_TRUE(assigned.ChangeKey());
  EXPECT_EQ(Key(assigned), kVectors[2].next_keys[0]);
}

TEST_F(MppeKeyTest, StreamsOutliveTheProviderTheyWereMadeWith) {
  auto provider = std::make_unique<Rc4Provider>(Rc4Provider::Load().value());
  MppeKeyStream stream = MppeKeyStream::Create(*provider, MppeStrength::k128Bit, kStartKey).value();
  provider.reset();
  ASSERT_TRUE(stream.ChangeKey());
  EXPECT_EQ(Key(stream), kVectors[2].next_keys[0]);
}

TEST_F(MppeKeyTest, TheRestOfTheProcessDoesNotGetTheLegacyProvider) {
  EVP_CIPHER* const rc4 = EVP_CIPHER_fetch(nullptr, "RC4", nullptr);
  EXPECT_EQ(rc4, nullptr);
  EVP_CIPHER_free(rc4);
  EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EXPECT_NE(sha256, nullptr);
  EVP_MD_free(sha256);
}

}  // namespace
}  // namespace sstpgw::crypto
