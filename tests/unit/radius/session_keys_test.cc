#include "controlplane/radius/session_keys.h"

#include "controlplane/radius/attribute_numbers.h"
#include "tests/unit/radius/octets.h"

namespace sstpgw::cp::radius {
namespace {

SessionKeys Read(std::vector<std::pair<AttributeKey, Bytes>> attributes) {
  Packet packet;
  for (auto& [key, value] : attributes) packet.Add(key, std::move(value));
  const auto keys = ReadSessionKeys(packet);
  EXPECT_TRUE(keys) << keys.error().why;
  return keys.value_or(SessionKeys{});
}

std::string WhyNot(std::vector<std::pair<AttributeKey, Bytes>> attributes) {
  Packet packet;
  for (auto& [key, value] : attributes) packet.Add(key, std::move(value));
  const auto keys = ReadSessionKeys(packet);
  if (keys) return "taken";
  EXPECT_EQ(keys.error().cause, ErrorCause::kInvalidRequest);
  return keys.error().why;
}

TEST(SessionKeys, EveryKeyIsRead) {
  const SessionKeys keys = Read({{kAcctSessionId, TextValue("0a")},
                                 {kUserName, TextValue("a\nb")},
                                 {kNasPort, IntegerValue(7)},
                                 {kNasPortId, TextValue("sstp0")},
                                 {kFramedIpAddress, Ipv4Value(Ipv4Address(0x0a000002))},
                                 {kCallingStationId, TextValue("198.51.100.1")},
                                 {kCalledStationId, TextValue("203.0.113.1")},
                                 {kFramedIpv6Prefix, Hex("00 40 20010db8")},
                                 {kFramedIpv6Prefix, Hex("00 40 20010db9")},
                                 {kFramedInterfaceId, Hex("0000000000000001")},
                                 {kReplyMessage, TextValue("x")}});
  EXPECT_EQ(keys.ToString(),
            "Acct-Session-Id \"0a\", User-Name \"a\\x0ab\", NAS-Port-Id \"sstp0\", NAS-Port 7, "
            "Framed-IP-Address 10.0.0.2, Calling-Station-Id \"198.51.100.1\", "
            "Framed-IPv6-Prefix 2001:db8::/64, Framed-IPv6-Prefix 2001:db9::/64, "
            "Framed-Interface-Id 0000000000000001, Called-Station-Id \"203.0.113.1\"");
}

TEST(SessionKeys, VendorsMayNumberTheirsTheSame) {
  EXPECT_TRUE(Read({{AttributeKey{9, 1}, TextValue("ann")}}).empty());
}

TEST(SessionKeys, TwiceTheSameIsOnce) {
  EXPECT_EQ(Read({{kUserName, TextValue("ann")}, {kUserName, TextValue("ann")}}).user, "ann");
  EXPECT_EQ(WhyNot({{kUserName, TextValue("ann")}, {kUserName, TextValue("anna")}}),
            "User-Name is there twice");
  EXPECT_EQ(WhyNot({{kNasPort, IntegerValue(1)}, {kNasPort, IntegerValue(2)}}),
            "NAS-Port is there twice");
}

TEST(SessionKeys, AddressesThatAreNobodysDoNotCount) {
  for (const std::uint32_t special : {0xfffffffeU, 0xffffffffU}) {
    EXPECT_TRUE(Read({{kFramedIpAddress, IntegerValue(special)}}).empty());
  }
  EXPECT_FALSE(Read({{kFramedIpAddress, IntegerValue(0xfffffffd)}}).empty());
  EXPECT_FALSE(Read({{kFramedIpAddress, IntegerValue(0)}}).empty());
}

TEST(SessionKeys, ShapesThatAreWrong) {
  for (const AttributeKey key :
       {kAcctSessionId, kUserName, kNasPortId, kCallingStationId, kCalledStationId, kNasPort,
        kFramedIpAddress, kFramedIpv6Prefix, kFramedInterfaceId}) {
    EXPECT_TRUE(IsSessionKey(key));
    EXPECT_THAT(WhyNot({{key, {}}}), ::testing::EndsWith("does not have its shape")) << key.type;
  }
  for (const AttributeKey key : {kNasPort, kFramedIpAddress}) {
    EXPECT_THAT(WhyNot({{key, Bytes(3)}}), ::testing::EndsWith("does not have its shape"));
    EXPECT_THAT(WhyNot({{key, Bytes(5)}}), ::testing::EndsWith("does not have its shape"));
  }
  EXPECT_THAT(WhyNot({{kFramedIpv6Prefix, Hex("00 81")}}), ::testing::HasSubstr("shape"));
  EXPECT_THAT(WhyNot({{kFramedInterfaceId, Bytes(7)}}), ::testing::HasSubstr("shape"));
  EXPECT_FALSE(IsSessionKey(kFilterId));
  EXPECT_FALSE(IsSessionKey(AttributeKey{9, 1}));
}

TEST(SessionKeys, ANulAtTheEndOfATextDoesNotCount) {
  EXPECT_EQ(Read({{kUserName, Hex("61 6e 6e 00")}}).user, "ann");
}

}  // namespace
}  // namespace sstpgw::cp::radius
