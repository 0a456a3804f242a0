#include "controlplane/radius/packet_text.h"

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "tests/unit/radius/dictionary_files.h"
#include "tests/unit/radius/octets.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(PacketText, LineOfARequest) {
  Packet packet;
  packet.identifier = 1;
  packet.Add(kMessageAuthenticator, Bytes(16, 0x11));
  packet.Add(kUserName, TextValue("test"));
  packet.Add(kUserPassword, Bytes(16, 0x22));
  packet.Add(kServiceType, IntegerValue(2));
  packet.Add(kNasPortType, IntegerValue(5));
  packet.Add(kNasIpAddress, Ipv4Value(Ipv4Address(0x0a000001)));
  EXPECT_EQ(LogLine(Direction::kSend, "RADIUS(1)", packet, Dictionary::BuiltIn()),
            "send [RADIUS(1) Access-Request id=1 <Message-Authenticator ***> <User-Name \"test\"> "
            "<User-Password ***> <Service-Type Framed-User> <NAS-Port-Type Virtual> "
            "<NAS-IP-Address 10.0.0.1>]");
}

TEST(PacketText, OneOfEachType) {
  auto loaded = Dictionary::Load({"d"}, From({{"d",
                                               "VENDOR V 77\nBEGIN-VENDOR V\n"
                                               "ATTRIBUTE B 1 byte\nATTRIBUTE S 2 short\n"
                                               "ATTRIBUTE L 3 integer64\nATTRIBUTE N 4 signed\n"
                                               "ATTRIBUTE E 5 ether\nATTRIBUTE P 6 ipv4prefix\n"
                                               "ATTRIBUTE C 7 combo-ip\nATTRIBUTE F 8 abinary\n"
                                               "END-VENDOR V\n"}}));
  ASSERT_TRUE(loaded);
  const struct {
    AttributeKey key;
    const char* value;
    const char* text;
  } kCases[] = {
      {kFramedIpAddress, "0a000009", "Framed-IP-Address 10.0.0.9"},
      {kFramedIpAddress, "0a0000", "Framed-IP-Address 0x0a0000"},
      {kSessionTimeout, "0000003c", "Session-Timeout 60"},
      {kSessionTimeout, "", "Session-Timeout 0x"},
      {kAcctTerminateCause, "00000002", "Acct-Terminate-Cause Lost-Carrier"},
      {kClass, "00ff", "Class 0x00ff"},
      {kFilterId, "22 41 0a 5c c3a9 ff", "Filter-Id \"\\\"A\\x0a\\\\\xc3\xa9\\xff\""},
      {kEventTimestamp, "6556a1c0", "Event-Timestamp 2023-11-16T23:12:00Z"},
      {kFramedInterfaceId, "0011223344556677", "Framed-Interface-Id 0011:2233:4455:6677"},
      {kFramedIpv6Prefix, "0040 20010db8", "Framed-IPv6-Prefix 2001:db8::/64"},
      {kFramedIpv6Prefix, "00ff", "Framed-IPv6-Prefix 0x00ff"},
      {kDnsServerIpv6Address, "20010db8000000000000000000000053",
       "DNS-Server-IPv6-Address 2001:db8::53"},
      {kMikrotikRateLimit, "324d2f384d", "Mikrotik-Rate-Limit \"2M/8M\""},
      {{0, 64}, "01000003", "Tunnel-Type:1 L2TP"},
      {{0, 64}, "00000003", "Tunnel-Type L2TP"},
      {{0, 66}, "02 61", "Tunnel-Client-Endpoint:2 \"a\""},
      {{0, 66}, "61 62", "Tunnel-Client-Endpoint \"ab\""},
      {{0, 250}, "0102", "attribute 250 0x0102"},
      {{9, 200}, "0102", "Cisco attribute 200 0x0102"},
      {{4242, 1}, "01", "vendor 4242 attribute 1 0x01"},
      {{77, 1}, "07", "B 7"},
      {{77, 2}, "0102", "S 258"},
      {{77, 3}, "0000000100000000", "L 4294967296"},
      {{77, 4}, "ffffffff", "N -1"},
      {{77, 5}, "001122334455", "E 00:11:22:33:44:55"},
      {{77, 6}, "00180a000000", "P 10.0.0.0/24"},
      {{77, 7}, "0a000001", "C 10.0.0.1"},
      {{77, 8}, "0102", "F 0x0102"},
      {kVendorSpecific, "00000137 0102", "Vendor-Specific of Microsoft, 6 octets"},
      {kVendorSpecific, "00001092 01", "Vendor-Specific of 4242, 5 octets"},
      {kVendorSpecific, "00", "Vendor-Specific of nobody, 1 octets"},
  };
  for (const auto& golden : kCases) {
    EXPECT_EQ(AttributeText({golden.key.vendor, golden.key.type, Hex(golden.value)}, *loaded),
              golden.text);
  }
}

TEST(PacketText, SecretsAreNeverShown) {
  // An operator's file that calls a key a string does not open it.
  auto loaded = Dictionary::Load(
      {"d"}, From({{"d",
                    "BEGIN-VENDOR Microsoft\nATTRIBUTE MS-MPPE-Send-Key 16 string\n"
                    "END-VENDOR Microsoft\nATTRIBUTE User-Password 2 string\n"
                    "ATTRIBUTE Our-Key 240 string encrypt=2\n"}}));
  ASSERT_TRUE(loaded);
  const AttributeKey kSecrets[] = {
      kUserPassword,   kChapPassword,    kTunnelPassword, kEapMessage,
      kMsChapResponse, kMsChap2Response, kMsChap2Success, kMsChapMppeKeys,
      kMsMppeSendKey,  kMsMppeRecvKey,   {0, 240},
  };
  for (const AttributeKey key : kSecrets) {
    const std::string text = AttributeText({key.vendor, key.type, TextValue("hidden")}, *loaded);
    EXPECT_THAT(text, EndsWith(" ***"));
    EXPECT_THAT(text, Not(HasSubstr("hidden")));
  }
  // Also when no dictionary knows the name.
  EXPECT_EQ(AttributeText({0, 2, TextValue("hidden")}, Dictionary()), "attribute 2 ***");
  // And inside a VSA that could not be unpacked.
  const auto packet = Decode(PacketWith(2, Hex("1a 10 00000137 10 ff 68696464656e 00 00")));
  ASSERT_TRUE(packet);
  EXPECT_THAT(LogLine(Direction::kReceive, "RADIUS(1)", *packet, *loaded),
              Not(HasSubstr("686964")));
}

TEST(PacketText, LengthIsBounded) {
  Packet packet;
  packet.code = static_cast<Code>(200);
  for (std::size_t i = 0; i < kMaxAttributes; ++i) packet.Add(kReplyMessage, Bytes(253, 0x01));
  const std::string line = LogLine(Direction::kReceive, "RADIUS(2)", packet, Dictionary::BuiltIn());
  EXPECT_LE(line.size(), kMaxLogLine);
  EXPECT_THAT(line, ::testing::StartsWith("recv [RADIUS(2) code 200 id=0 <Reply-Message \"\\x01"));
  EXPECT_THAT(line, EndsWith(" 509 more]"));
  EXPECT_EQ(AttributeText({0, 250, Bytes(100)}, Dictionary()),
            "attribute 250 0x" + std::string(128, '0') + "... (100 octets)");
}

}  // namespace
}  // namespace sstpgw::cp::radius
