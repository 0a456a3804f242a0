#include "gateway/codec/ccp_options.h"
#include "gateway/codec/ipcp_options.h"
#include "gateway/codec/lcp_options.h"
#include "tests/support/hex.h"

namespace sstpgw::codec {
namespace {

using test::FromHex;

// The one option in `bytes`, which must outlive it.
ConfigOption Only(const Bytes& bytes) {
  const auto options = ParseOptions(bytes);
  EXPECT_TRUE(options && options->size() == 1);
  return options->front();
}

TEST(LcpOptions, Golden) {
  Bytes out;
  AppendAuth(out, AuthProtocol::kPap);
  AppendMru(out, 1452);
  AppendMagic(out, 0x1cd9ad05);
  EXPECT_EQ(out, FromHex("0304c023 010405ac 05061cd9ad05"));
}

TEST(LcpOptions, AuthProtocolsRoundTrip) {
  const std::vector<std::pair<AuthProtocol, const char*>> wire{
      {AuthProtocol::kPap, "0304c023"},
      {AuthProtocol::kChapMd5, "0305c22305"},
      {AuthProtocol::kMsChapV1, "0305c22380"},
      {AuthProtocol::kMsChapV2, "0305c22381"},
      {AuthProtocol::kEap, "0304c227"}};
  for (const auto& [protocol, hex] : wire) {
    Bytes out;
    AppendAuth(out, protocol);
    EXPECT_EQ(out, FromHex(hex));
    EXPECT_EQ(AuthOf(Only(out)), protocol);
  }
}

TEST(LcpOptions, AuthThatWeDoNotSpeak) {
  for (const char* hex : {"0302", "0303c0", "0305c22700", "0304c223", "0305c02300", "0305c22382",
                          "0306c2238100", "0404c023"}) {
    const Bytes bytes = FromHex(hex);
    EXPECT_EQ(AuthOf(Only(bytes)), std::nullopt) << hex;
  }
}

TEST(LcpOptions, MruAndMagicOnlyWithTheirLength) {
  const auto mru = [](const char* hex) {
    const Bytes bytes = FromHex(hex);
    return MruOf(Only(bytes));
  };
  EXPECT_EQ(mru("01040ffb"), 4091);
  EXPECT_EQ(mru("01040000"), 0);
  EXPECT_EQ(mru("0103ff"), std::nullopt);
  EXPECT_EQ(mru("010500ffff"), std::nullopt);
  EXPECT_EQ(mru("02040ffb"), std::nullopt);
  const auto magic = [](const char* hex) {
    const Bytes bytes = FromHex(hex);
    return MagicOf(Only(bytes));
  };
  EXPECT_EQ(magic("0506345f64ca"), 0x345f64caU);
  EXPECT_EQ(magic("0505345f64"), std::nullopt);
  EXPECT_EQ(magic("0507345f64caff"), std::nullopt);
}

TEST(LcpOptions, LogNames) {
  EXPECT_STREQ(LogName(AuthProtocol::kPap), "PAP");
  EXPECT_STREQ(LogName(AuthProtocol::kChapMd5), "CHAP");
  EXPECT_STREQ(LogName(AuthProtocol::kMsChapV1), "MSCHAP-v1");
  EXPECT_STREQ(LogName(AuthProtocol::kMsChapV2), "MSCHAP-v2");
  EXPECT_STREQ(LogName(AuthProtocol::kEap), "EAP");
}

TEST(IpcpOptions, RoundTripOfEveryAddress) {
  for (const IpcpOption type :
       {IpcpOption::kIpAddress, IpcpOption::kPrimaryDns, IpcpOption::kPrimaryWins,
        IpcpOption::kSecondaryDns, IpcpOption::kSecondaryWins}) {
    Bytes out;
    AppendAddress(out, type, Ipv4Address(0x0a000005));
    Bytes expected{static_cast<std::uint8_t>(type), 6, 10, 0, 0, 5};
    EXPECT_EQ(out, expected);
    EXPECT_EQ(AddressOf(Only(out)), Ipv4Address(0x0a000005));
  }
}

TEST(IpcpOptions, OtherTypesAndLengths) {
  for (const char* hex : {"0106 0a000001", "0206 002d0f01", "0305 0a0000", "0307 0a00000100",
                          "8102", "8506 0a000001"}) {
    const Bytes bytes = FromHex(hex);
    EXPECT_EQ(AddressOf(Only(bytes)), std::nullopt) << hex;
  }
}

TEST(CcpOptions, MaskOfFourOctets) {
  Bytes out;
  AppendMppe(out, kMppeStateless | kMppe128Bit);
  EXPECT_EQ(out, FromHex("1206 01000040"));
  for (const std::uint32_t bits : {0U, 0x01000040U, 0xffffffffU, 0x12345678U}) {
    Bytes again;
    AppendMppe(again, bits);
    EXPECT_EQ(MppeBitsOf(Only(again)), bits);
  }
}

TEST(CcpOptions, WhatIsNoMask) {
  for (const char* hex : {"1202", "120301", "1205010000", "120701000040ff", "1106 01000040"}) {
    const Bytes bytes = FromHex(hex);
    EXPECT_EQ(MppeBitsOf(Only(bytes)), std::nullopt) << hex;
  }
}

TEST(CcpOptions, Text) {
  EXPECT_EQ(MppeText(0x01000040), "<mppe +H -M +S -L -D -C>");
  EXPECT_EQ(MppeText(0), "<mppe -H -M -S -L -D -C>");
  EXPECT_EQ(MppeText(0xffffffff), "<mppe +H +M +S +L +D +C>");
  EXPECT_EQ(MppeText(kMppe56Bit), "<mppe -H +M -S -L -D -C>");
  EXPECT_EQ(MppeText(kMppe40Bit), "<mppe -H -M -S +L -D -C>");
  EXPECT_EQ(MppeText(kMppeObsolete), "<mppe -H -M -S -L +D -C>");
  EXPECT_EQ(MppeText(kMppeCompression), "<mppe -H -M -S -L -D +C>");
}

}  // namespace
}  // namespace sstpgw::codec
