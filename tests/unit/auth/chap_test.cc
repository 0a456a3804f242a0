#include "controlplane/auth/chap.h"

#include "proto/base/text.h"
#include "tests/support/hex.h"

namespace sstpgw::cp {
namespace {

const Bytes kChallenge = test::FromHex("000102030405060708090a0b0c0d0e0f");

TEST(ChapMd5, ReferenceVector) {
  EXPECT_EQ(ToHex(ChapMd5Response(1, test::FromText("test"), kChallenge)),
            "636a39117089481b7b2b6da2b33d9a1a");
}

TEST(ChapMd5, EveryInputMatters) {
  const Bytes right = ChapMd5Response(1, test::FromText("test"), kChallenge);
  EXPECT_NE(ChapMd5Response(2, test::FromText("test"), kChallenge), right);
  EXPECT_NE(ChapMd5Response(1, test::FromText("tesu"), kChallenge), right);
  Bytes other = kChallenge;
  other.back() ^= 1;
  EXPECT_NE(ChapMd5Response(1, test::FromText("test"), other), right);
}

TEST(ChapMd5, EmptyPasswordAndChallenge) {
  EXPECT_EQ(ToHex(ChapMd5Response(0, {}, {})), "93b885adfe0da089cdf634904fd59f71");  // MD5 of 00
}

}  // namespace
}  // namespace sstpgw::cp
