#include "gateway/codec/eap.h"

#include "tests/support/hex.h"

namespace sstpgw::codec {
namespace {

using test::FromHex;

TEST(Eap, RequestsAndResults) {
  EXPECT_EQ(EncodeEap(EapCode::kRequest, 0x2a, EapType::kIdentity, {}), FromHex("012a0005 01"));
  EXPECT_EQ(EncodeEap(EapCode::kResponse, 1, EapType::kNak, FromHex("1a")),
            FromHex("02010006 03 1a"));
  EXPECT_EQ(EncodeEapResult(EapCode::kSuccess, 9), FromHex("03090004"));
  EXPECT_EQ(EncodeEapResult(EapCode::kFailure, 9), FromHex("04090004"));
}

TEST(Eap, ABodyBeginsWithItsType) {
  EXPECT_FALSE(ParseEapBody({}).has_value());
  const Bytes data = FromHex("1a 0203");
  const auto body = ParseEapBody(data);
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(body->type, EapType::kMsChapV2);
  EXPECT_EQ(Bytes(body->data.begin(), body->data.end()), FromHex("0203"));
}

TEST(Eap, TypesHaveNames) {
  EXPECT_STREQ(ShortName(EapType::kIdentity), "Identity");
  EXPECT_STREQ(ShortName(EapType::kMd5Challenge), "MD5");
  EXPECT_STREQ(ShortName(EapType::kTls), "TLS");
  EXPECT_STREQ(ShortName(EapType::kPeap), "PEAP");
  EXPECT_EQ(ShortName(static_cast<EapType>(0)), nullptr);
  EXPECT_EQ(ShortName(static_cast<EapType>(99)), nullptr);
}

}  // namespace
}  // namespace sstpgw::codec
