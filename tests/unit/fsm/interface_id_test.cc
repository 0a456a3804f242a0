// Interface identifiers of features 3.8, checklist D12 to D17.
#include "gateway/fsm/interface_id.h"

#include <gtest/gtest.h>

#include "gateway/codec/ipv6cp_options.h"
#include "tests/support/hex.h"
#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using Kind = InterfaceIdChoice::Kind;

std::string Text(const InterfaceId& id) { return codec::InterfaceIdText(id); }

class InterfaceIdTest : public testing::Test {
 protected:
  std::string ChosenFor(Kind kind, const std::string& caller = "192.0.2.9") {
    return Text(
        Choose({.kind = kind, .fixed = fixed_},
               {.ipv4 = ipv4_, .calling_station = caller, .other = other_, .entropy = entropy_}));
  }

  Ipv4Address ipv4_ = Ipv4Address::Parse("10.0.0.5").value();
  InterfaceId fixed_{0, 0, 0, 0, 0, 0, 0, 2};
  InterfaceId other_{0, 0, 0, 0, 0, 0, 0, 1};
  ScriptedEntropy entropy_;
};

TEST_F(InterfaceIdTest, D15FixedIsAsConfigured) {
  EXPECT_EQ(ChosenFor(Kind::kFixed), "0:0:0:2");
  fixed_ = {0, 0x0a, 0, 0x0b, 0, 0x0c, 0xff, 0xff};
  EXPECT_EQ(ChosenFor(Kind::kFixed), "a:b:c:ffff");
}

TEST_F(InterfaceIdTest, FixedButZeroOrTheOthersBecomesRandom) {
  fixed_ = other_;
  EXPECT_EQ(ChosenFor(Kind::kFixed), "102:304:506:708");
  fixed_ = {};
  EXPECT_EQ(ChosenFor(Kind::kFixed), "90a:b0c:d0e:f10");
}

TEST_F(InterfaceIdTest, D14RandomHasTheUniversalBitClear) {
  entropy_.Script({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  EXPECT_EQ(ChosenFor(Kind::kRandom), "fdff:ffff:ffff:ffff");
  EXPECT_NE(ChosenFor(Kind::kRandom), ChosenFor(Kind::kRandom));
}

TEST_F(InterfaceIdTest, D14RandomIsNeitherZeroNorTheOthers) {
  entropy_.Script({0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(ChosenFor(Kind::kRandom), "0:0:0:2");
  // Zero but for the bit that is cleared.
  entropy_.Script({2, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(ChosenFor(Kind::kRandom), "0:0:0:2");
  entropy_.Script({0, 0, 0, 0, 0, 0, 0, 1});
  EXPECT_EQ(ChosenFor(Kind::kRandom), "0:0:0:2");
}

TEST_F(InterfaceIdTest, D16DecimalDigitsOfTheAddressAreReadAsHex) {
  EXPECT_EQ(ChosenFor(Kind::kIpv4Address), "10:0:0:5");
  ipv4_ = Ipv4Address::Parse("192.168.0.1").value();
  EXPECT_EQ(ChosenFor(Kind::kIpv4Address), "192:168:0:1");
  ipv4_ = Ipv4Address::Parse("255.199.90.109").value();
  EXPECT_EQ(ChosenFor(Kind::kIpv4Address), "255:199:90:109");
}

TEST_F(InterfaceIdTest, WithoutIpv4AddressItIsRandom) {
  ipv4_ = Ipv4Address();
  EXPECT_EQ(ChosenFor(Kind::kIpv4Address), "102:304:506:708");
}

TEST_F(InterfaceIdTest, D17AnIpv4CallerAsItsAddress) {
  EXPECT_EQ(ChosenFor(Kind::kCallingStation, "192.0.2.9"), "192:0:2:9");
  EXPECT_EQ(ChosenFor(Kind::kCallingStation, "::ffff:192.0.2.9"), "192:0:2:9");
}

TEST_F(InterfaceIdTest, D17OfAnIpv6CallerTheLowerHalf) {
  EXPECT_EQ(ChosenFor(Kind::kCallingStation, "2001:db8::a:b:c:d"), "a:b:c:d");
}

TEST_F(InterfaceIdTest, D17OfOtherTextTheStartOfItsSha256) {
  // ba7816bf8f01cfea...: the bit 0x02 of ba is cleared.
  EXPECT_EQ(ChosenFor(Kind::kCallingStation, "abc"), "b878:16bf:8f01:cfea");
}

TEST_F(InterfaceIdTest, D17TheSameCallerGetsTheSameAlsoWhereItsAddressIsUnusable) {
  // The low half is our own identifier; so is none at all.
  for (const char* caller : {"2001:db8::1", "2001:db8::"}) {
    const std::string first = ChosenFor(Kind::kCallingStation, caller);
    EXPECT_EQ(ChosenFor(Kind::kCallingStation, caller), first);
    EXPECT_NE(first, "0:0:0:1");
    EXPECT_NE(first, "0:0:0:0");
  }
}

class InterfaceIdsTest : public testing::Test {
 protected:
  InterfaceIds Both() { return ChooseInterfaceIds(settings_, policy_, "192.0.2.9", entropy_); }

  PppSettings settings_ = TraceSettings().ppp;
  SessionPolicy policy_ = TraceAccept().policy;
  ScriptedEntropy entropy_;
};

TEST_F(InterfaceIdsTest, D13D15Defaults) {
  EXPECT_EQ(Text(Both().ours), "0:0:0:1");
  EXPECT_EQ(Text(Both().peers), "0:0:0:2");
}

TEST_F(InterfaceIdsTest, D12D14BothRandomAreDifferent) {
  settings_.interface_id.kind = settings_.peer_interface_id.kind = Kind::kRandom;
  entropy_.Script({9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9});
  const InterfaceIds ids = Both();
  EXPECT_EQ(Text(ids.ours), "909:909:909:909");
  EXPECT_EQ(Text(ids.peers), "909:909:909:90a");
}

TEST_F(InterfaceIdsTest, FramedInterfaceIdWins) {
  policy_.network.framed_interface_id = InterfaceId{0, 1, 0, 2, 0, 3, 0, 4};
  policy_.network.framed_ipv6_prefixes = {Ipv6Prefix::Parse("2001:db8::77/128").value()};
  EXPECT_EQ(Text(Both().peers), "1:2:3:4");
  EXPECT_EQ(Text(Both().ours), "0:0:0:1");
}

TEST_F(InterfaceIdsTest, FramedInterfaceIdThatIsOursMovesOurs) {
  policy_.network.framed_interface_id = InterfaceId{0, 0, 0, 0, 0, 0, 0, 1};
  EXPECT_EQ(Text(Both().peers), "0:0:0:1");
  EXPECT_NE(Text(Both().ours), "0:0:0:1");
}

TEST_F(InterfaceIdsTest, AFramedInterfaceIdOfZeroIsNone) {
  policy_.network.framed_interface_id = InterfaceId{};
  EXPECT_EQ(Text(Both().peers), "0:0:0:2");
}

TEST_F(InterfaceIdsTest, D6OneAddressGivesItsLowerHalf) {
  policy_.network.framed_ipv6_prefixes = {Ipv6Prefix::Parse("2001:db8::a:77/128").value()};
  EXPECT_EQ(Text(Both().peers), "0:0:a:77");
  policy_.network.framed_ipv6_prefixes = {Ipv6Prefix::Parse("2001:db8::/128").value()};
  EXPECT_EQ(Text(Both().peers), "0:0:0:2");
}

}  // namespace
}  // namespace sstpgw::fsm
