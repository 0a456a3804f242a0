#include "controlplane/radius/secret_values.h"

#include <algorithm>

#include "tests/unit/radius/octets.h"

namespace sstpgw::cp::radius {
namespace {

const SharedWith kShared{TextOctets("testing123"),
                         {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};

// features 6.2
TEST(UserPassword, Golden) {
  EXPECT_EQ(ToHex(*HideUserPassword(TextOctets("test"), kShared)),
            "e28b7abe74fd7a1a104607240014828b");
  EXPECT_EQ(RevealUserPassword(Hex("e28b7abe74fd7a1a104607240014828b"), kShared)->RevealText(),
            "test");
}

// RFC 2865 7.1: "nemo" logs in with "arctangent", shared secret "xyzzy5461".
TEST(UserPassword, ExampleOfTheRfc) {
  const SharedWith shared{TextOctets("xyzzy5461"),
                          {0x0f, 0x40, 0x3f, 0x94, 0x73, 0x97, 0x80, 0x57, 0xbd, 0x83, 0xd5, 0xcb,
                           0x98, 0xf4, 0x22, 0x7a}};
  EXPECT_EQ(ToHex(*HideUserPassword(TextOctets("arctangent"), shared)),
            "0dbe708d93d413ce3196e43f782a0aee");
}

TEST(UserPassword, EveryLength) {
  for (std::size_t size = 0; size <= kMaxPasswordSize; ++size) {
    const Bytes password(size, 'x');
    const auto hidden = HideUserPassword(password, kShared);
    ASSERT_TRUE(hidden);
    EXPECT_EQ(hidden->size(), std::max<std::size_t>(16, (size + 15) / 16 * 16)) << size;
    EXPECT_EQ(ToHex(RevealUserPassword(*hidden, kShared)->Reveal()), ToHex(password));
  }
  EXPECT_FALSE(HideUserPassword(Bytes(129, 'x'), kShared));
}

// An empty password is one block of zeros under the mask.
TEST(UserPassword, EmptyGolden) {
  EXPECT_EQ(ToHex(*HideUserPassword({}, kShared)), "96ee09ca74fd7a1a104607240014828b");
}

TEST(UserPassword, LongGolden) {  // computed with Python
  EXPECT_EQ(ToHex(*HideUserPassword(TextOctets("0123456789abcdefXYZ"), kShared)),
            "a6df3bf940c84c2d287f66466370e7ed5af14edea05f4f990007505920bd8742");
}

TEST(UserPassword, WrongLengths) {
  for (const std::size_t size : {0U, 1U, 15U, 17U, 144U}) {
    EXPECT_FALSE(RevealUserPassword(Bytes(size), kShared)) << size;
  }
}

TEST(UserPassword, AnotherSecretOrAuthenticatorGivesSomethingElse) {
  const auto hidden = HideUserPassword(TextOctets("test"), kShared);
  SharedWith other = kShared;
  other.secret = TextOctets("testing124");
  EXPECT_NE(RevealUserPassword(*hidden, other)->RevealText(), "test");
  other = kShared;
  other.request[0] = 1;
  EXPECT_NE(RevealUserPassword(*hidden, other)->RevealText(), "test");
}

// features 6.2: MS-MPPE-Recv-Key with salt 8001
const char* const kSalted = "80012271f4a458041b9197b1f583d2ebddd14c9e5e4459682df9ecd7064f166f6e84";
const char* const kSaltedPlain = "d5f0e9521e3ea9589645e86051c82226";

TEST(Salted, Golden) {
  EXPECT_EQ(ToHex(*HideSalted(Hex(kSaltedPlain), 0x8001, kShared)), kSalted);
  EXPECT_EQ(ToHex(*HideSalted(Hex(kSaltedPlain), 0x0001, kShared)), kSalted);
  EXPECT_EQ(ToHex(RevealSalted(Hex(kSalted), kShared)->Reveal()), kSaltedPlain);
}

TEST(Salted, EveryLength) {
  for (std::size_t size = 0; size <= kMaxSaltedSize; ++size) {
    const Bytes plain(size, 0xa5);
    const auto hidden = HideSalted(plain, 0x1234, kShared);
    ASSERT_TRUE(hidden);
    EXPECT_LE(hidden->size(), 247U);
    EXPECT_EQ(ToHex(RevealSalted(*hidden, kShared)->Reveal()), ToHex(plain)) << size;
  }
  EXPECT_FALSE(HideSalted(Bytes(kMaxSaltedSize + 1), 1, kShared));
}

TEST(Salted, EveryTruncationIsRefused) {
  const Bytes whole = Hex(kSalted);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = RevealSalted(ByteView(whole).first(size), kShared);
    // 18 octets are a whole block, with a length that is in the next one.
    EXPECT_FALSE(cut) << size;
  }
}

TEST(Salted, ASaltWithoutItsHighBit) {
  Bytes value = Hex(kSalted);
  value[0] = 0x00;
  EXPECT_FALSE(RevealSalted(value, kShared));
}

TEST(Salted, ALengthThatLies) {
  // The first hidden octet is the length: every other value of it, by flipping bits under the mask.
  const Bytes value = Hex(kSalted);
  for (unsigned length = 0; length < 256; ++length) {
    Bytes lying = value;
    lying[2] = static_cast<std::uint8_t>(lying[2] ^ 16U ^ length);
    const auto plain = RevealSalted(lying, kShared);
    // The second block is masked with the first, so only lengths count here.
    EXPECT_EQ(plain.has_value(), length <= 31) << length;
    if (plain) {
      EXPECT_EQ(plain->size(), length);
    }
  }
}

TEST(TunnelPasswords, TagAndPassword) {
  Bytes value{5};
  const auto salted = HideSalted(TextOctets("secret of a tunnel"), 0x9000, kShared);
  value.insert(value.end(), salted->begin(), salted->end());
  const auto tunnel = RevealTunnelPassword(value, kShared);
  ASSERT_TRUE(tunnel);
  EXPECT_EQ(tunnel->tag, 5);
  EXPECT_EQ(tunnel->password.RevealText(), "secret of a tunnel");
  value[0] = 0x20;
  EXPECT_EQ(RevealTunnelPassword(value, kShared)->tag, 0);
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(RevealTunnelPassword(ByteView(value).first(size), kShared)) << size;
  }
}

TEST(MsChapMppeKeysAttribute, TwoKeys) {
  // LM key 01.., NT key 41c0.. of features 3.4.5; hidden as a password of 32 octets would be.
  const Bytes plain = Hex("0102030405060708 41c00c584bd2d91c4017a2a12fa59f3f 0000000000000000");
  const auto hidden = HideUserPassword(plain, kShared);
  const auto keys = RevealMsChapMppeKeys(*hidden, kShared);
  ASSERT_TRUE(keys);
  EXPECT_EQ(ToHex(keys->lm_key.Reveal()), "0102030405060708");
  EXPECT_EQ(ToHex(keys->nt_key.Reveal()), "41c00c584bd2d91c4017a2a12fa59f3f");
  EXPECT_EQ(ToHex(*hidden), "97ec0ace71fb7d1251860b7c4bc65b9745ccb2274d646f3c5bab55b14b541b38");
  for (const std::size_t size : {0U, 16U, 24U, 31U, 33U, 48U}) {
    EXPECT_FALSE(RevealMsChapMppeKeys(Bytes(size), kShared)) << size;
  }
}

}  // namespace
}  // namespace sstpgw::cp::radius
