#include "controlplane/auth/des.h"

#include "tests/support/hex.h"

namespace sstpgw::cp {
namespace {

using test::ArrayFromHex;

struct Known {
  const char* key;
  const char* clear;
  const char* cipher;
};

// Known answers: FIPS 81 B.1, and variable plaintext and key tests of NBS SP 500-20.
TEST(Des, KnownAnswers) {
  for (const Known& known : {
           Known{"0123456789abcdef", "4e6f772069732074", "3fa40e8a984d4815"},
           Known{"0123456789abcdef", "68652074696d6520", "6a271787ab8883f9"},
           Known{"0101010101010101", "8000000000000000", "95f8a5e5dd31d900"},
           Known{"0101010101010101", "0000000000000001", "166b40b44aba4bd6"},
           Known{"8001010101010101", "0000000000000000", "95a8d72813daa94d"},
           Known{"0000000000000000", "0000000000000000", "8ca64de9c1b123a7"},
       }) {
    EXPECT_EQ(DesEncrypt(ArrayFromHex<8>(known.key), ArrayFromHex<8>(known.clear)),
              ArrayFromHex<8>(known.cipher))
        << known.key << " " << known.clear;
  }
}

// 64 encryptions, each keyed with the text before, so that every table entry has a chance to be
// wrong. The last block is from an independent implementation.
TEST(Des, Chain) {
  DesBlock key = ArrayFromHex<8>("0123456789abcdef");
  DesBlock text = ArrayFromHex<8>("4e6f772069732074");
  for (int i = 0; i < 64; ++i) {
    const DesBlock next = DesEncrypt(key, text);
    key = text;
    text = next;
  }
  EXPECT_EQ(text, ArrayFromHex<8>("c56b56f3b44964e8"));
}

TEST(Des, ParityBitsOfTheKeyDoNotMatter) {
  const DesBlock clear = ArrayFromHex<8>("0011223344556677");
  EXPECT_EQ(DesEncrypt(ArrayFromHex<8>("0022446688aaccee"), clear),
            DesEncrypt(ArrayFromHex<8>("0123456789abcdef"), clear));
}

// 7 bits each, upper bits first.
TEST(Des, SevenOctetsSpreadOverEight) {
  EXPECT_EQ(DesKeyFrom7Octets(ArrayFromHex<7>("ffffffffffffff")),
            ArrayFromHex<8>("fefefefefefefefe"));
  EXPECT_EQ(DesKeyFrom7Octets(ArrayFromHex<7>("80000000000001")),
            ArrayFromHex<8>("8000000000000002"));
  EXPECT_EQ(DesKeyFrom7Octets(ArrayFromHex<7>("fc156af7edcd6c")),
            ArrayFromHex<8>("fc0a5a5e7e6e34d8"));
}

}  // namespace
}  // namespace sstpgw::cp
