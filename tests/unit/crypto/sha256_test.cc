// SHA-256: the example of FIPS 180-4, appendix B.1 of its first edition.
#include "gateway/crypto/sha256.h"

#include <gtest/gtest.h>

#include "tests/support/hex.h"

namespace sstpgw::crypto {
namespace {

TEST(Sha256, Fips180Example) {
  EXPECT_EQ(
      Sha256(test::FromText("abc")),
      test::ArrayFromHex<32>("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

TEST(Sha256, OfNothing) {
  EXPECT_EQ(Sha256({}), test::ArrayFromHex<32>(
                            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

}  // namespace
}  // namespace sstpgw::crypto
