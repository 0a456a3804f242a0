#include "controlplane/radius/session_attributes.h"

#include "controlplane/radius/attribute_numbers.h"
#include "tests/unit/radius/octets.h"

namespace sstpgw::cp::radius {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What is read from these octets of attributes in an Access-Accept.
SessionAttributes Of(std::string_view hex, const SessionAttributeSettings& settings = {}) {
  const auto packet = Decode(PacketWith(2, Hex(hex)));
  if (!packet) {
    ADD_FAILURE() << packet.error().message;
    return {};
  }
  return ReadSessionAttributes(packet->attributes, settings);
}

std::string FirstWarning(const SessionAttributes& session) {
  return session.warnings.empty() ? "none" : session.warnings[0].what;
}

TEST(SessionAttributes, GoldenOfEachAttribute) {
  EXPECT_EQ(Of("0105 626f62").user_name, "bob");
  EXPECT_EQ(Of("0906 ffffff00").netmask->ToString(), "255.255.255.0");
  EXPECT_EQ(Of("5804 5032").framed_pool, "P2");
  EXPECT_EQ(Of("0c06 00000578").framed_mtu, 1400U);
  EXPECT_THAT(Of("160d 31302e312e302e302f3136").routes,
              ElementsAre(FramedRoute{Ipv4Address(0x0a010000), 16, {}, 0}));
  EXPECT_EQ(Of("1a0c 00000137 1c06 09090909").dns[0]->ToString(), "9.9.9.9");
  EXPECT_EQ(Of("1a0c 00000137 1d06 09090908").dns[1]->ToString(), "9.9.9.8");
  EXPECT_EQ(Of("1a0c 00000137 1e06 09090907").wins[0]->ToString(), "9.9.9.7");
  EXPECT_EQ(Of("1a0c 00000137 1f06 09090906").wins[1]->ToString(), "9.9.9.6");
  EXPECT_EQ(Of("610c 0040 20010db800010002").framed_ipv6_prefixes.at(0).ToString(),
            "2001:db8:1:2::/64");
  EXPECT_EQ(Of("7b09 0038 20010db801").delegated_ipv6_prefixes.at(0).ToString(),
            "2001:db8:100::/56");
  EXPECT_EQ(Of("a812 20010db8000000000000000000000009").framed_ipv6_addresses.at(0).ToString(),
            "2001:db8::9");
  EXPECT_EQ(ToHex(*Of("600a 0000000000000002").framed_interface_id), "0000000000000002");
  EXPECT_EQ(Of("ac03 41").stateful_ipv6_pool, "A");
  EXPECT_EQ(Of("ab03 42").delegated_ipv6_pool, "B");
  EXPECT_EQ(Of("6403 43").framed_ipv6_pool, "C");
  EXPECT_EQ(Of("630f 323030313a6462383a3a2f3438").ipv6_routes.at(0).destination.ToString(),
            "2001:db8::/48");
  EXPECT_EQ(Of("a912 20010db8000000000000000000000053").ipv6_dns.at(0).ToString(), "2001:db8::53");
  EXPECT_EQ(Of("1b06 00000e10").session_timeout, seconds(3600));
  EXPECT_EQ(Of("1c06 0000012c").idle_timeout, seconds(300));
  EXPECT_EQ(Of("5506 0000003c").interim_interval, seconds(60));
  EXPECT_FALSE(Of("1d06 00000000").reauthenticate);
  EXPECT_TRUE(Of("1d06 00000001").reauthenticate);
  EXPECT_THAT(Of("1903 aa 1904 bbcc").classes, ElementsAre(Hex("aa"), Hex("bbcc")));
  EXPECT_EQ(Of("1804 aabb").state, Hex("aabb"));
  EXPECT_EQ(Of("5707 6375737441").interface_name, "custA");
  EXPECT_EQ(Of("0506 00000007").nas_port, 7U);
  EXPECT_EQ(Of("1a0b 0000dabf 0105 524544").vrf, "RED");
  EXPECT_EQ(Of("1a0c 00000137 0706 00000002").mppe_policy, 2U);
  EXPECT_EQ(Of("1a0c 00000137 0806 00000004").mppe_types, 4U);
  EXPECT_THAT(Of("0b05 312f32 0b03 78").filter_ids, ElementsAre("1/2", "x"));
  EXPECT_EQ(Of("1204 6869 1202 1207 7468657265").reply_message, "hi there");
}

TEST(SessionAttributes, NothingIsNothing) {
  const SessionAttributes none = Of("");
  EXPECT_EQ(none.address_choice, AddressChoice::kNone);
  EXPECT_FALSE(none.session_timeout);
  EXPECT_FALSE(none.vrf);
  EXPECT_THAT(none.warnings, IsEmpty());
  EXPECT_THAT(none.not_used, IsEmpty());
}

TEST(SessionAttributes, FramedIpAddress) {
  EXPECT_EQ(Of("0806 0a090909").address_choice, AddressChoice::kFixed);
  EXPECT_EQ(Of("0806 0a090909").address.ToString(), "10.9.9.9");
  EXPECT_EQ(Of("0806 fffffffe").address_choice, AddressChoice::kNas);
  EXPECT_EQ(Of("0806 ffffffff").address_choice, AddressChoice::kClient);
  EXPECT_EQ(Of("0806 00000000").address_choice, AddressChoice::kNone);
  // The last one counts.
  EXPECT_EQ(Of("0806 0a090909 0806 fffffffe").address_choice, AddressChoice::kNas);
  EXPECT_TRUE(Of("0806 0a090909 0806 fffffffe").address.is_zero());
}

TEST(SessionAttributes, ZeroIsAValue) {
  EXPECT_EQ(Of("1b06 00000000").session_timeout, seconds(0));
  EXPECT_EQ(Of("1a09 0000dabf 0103 30").vrf, "0");
}

TEST(SessionAttributes, UnusableValuesAreWarningsAndTheRestGoesOn) {
  const struct {
    const char* hex;
    const char* says;
  } kCases[] = {
      {"0805 0a0909", "Framed-IP-Address has a value of 3 octets that is none"},
      {"0905 0a0909", "Framed-IP-Netmask has a value of 3"},
      {"5802", "Framed-Pool is empty"},
      {"5803 00", "Framed-Pool is empty"},
      {"0c02", "Framed-MTU has a value of 0"},
      {"1604 7878", "Framed-Route goes to xx, not an IPv4 address"},
      {"1602", "Framed-Route is empty"},
      {"6304 7878", "Framed-IPv6-Route goes to xx"},
      {"6104 0081", "Framed-IPv6-Prefix has a value of 2"},
      {"7b03 00", "Delegated-IPv6-Prefix has a value of 1"},
      {"a806 0a000001", "Framed-IPv6-Address has a value of 4"},
      {"6009 00000000000001", "Framed-Interface-Id has a value of 7"},
      {"600a 0000000000000000", "Framed-Interface-Id has a value of 8 octets that is none"},
      {"ac02", "Stateful-IPv6-Address-Pool is empty"},
      {"ab02", "Delegated-IPv6-Prefix-Pool is empty"},
      {"6402", "Framed-IPv6-Pool is empty"},
      {"a906 0a000001", "DNS-Server-IPv6-Address has a value of 4"},
      {"1b05 000e10", "Session-Timeout has a value of 3"},
      {"1c07 0000000e10", "Idle-Timeout has a value of 5"},
      {"5502", "Acct-Interim-Interval has a value of 0"},
      {"1d03 01", "Termination-Action has a value of 1"},
      {"0102", "User-Name is empty"},
      {"0503 01", "NAS-Port has a value of 1"},
      {"5712 61616161616161616161616161616161", "NAS-Port-Id aaaaaaaaaaaaaaaa cannot be the name"},
      {"5705 612f62", "NAS-Port-Id a/b cannot be the name"},
      {"5702", "NAS-Port-Id  cannot be the name"},
      {"1a08 0000dabf 0102", "Accel-VRF-Name  cannot be the name of a VRF"},
      {"1a0b 0000dabf 0105 612062", "Accel-VRF-Name a b cannot be the name"},
      {"1a0b 0000dabf 0105 1b5b31", "Accel-VRF-Name \\x1b[1 cannot"},
      {"1a0b 00000137 1c05 090909", "MS-Primary-DNS-Server has a value of 3"},
      {"1a0b 00000137 1d05 090909", "MS-Secondary-DNS-Server has a value of 3"},
      {"1a0b 00000137 1e05 090909", "MS-Primary-NBNS-Server has a value of 3"},
      {"1a0b 00000137 1f05 090909", "MS-Secondary-NBNS-Server has a value of 3"},
      {"1a09 00000137 0703 01", "MS-MPPE-Encryption-Policy has a value of 1"},
      {"1a09 00000137 0803 01", "MS-MPPE-Encryption-Types has a value of 1"},
  };
  for (const auto& bad : kCases) {
    const SessionAttributes session = Of(std::string(bad.hex) + "0c06 00000578");
    ASSERT_THAT(session.warnings, SizeIs(1)) << bad.hex;
    EXPECT_THAT(FirstWarning(session), HasSubstr(bad.says));
    EXPECT_EQ(session.framed_mtu, 1400U);
    EXPECT_THAT(session.not_used, IsEmpty());
  }
  const SessionAttributes session = Of("1b05 000e10");
  EXPECT_EQ(session.warnings.at(0).key, kSessionTimeout);
  EXPECT_FALSE(session.session_timeout);
}

TEST(SessionAttributes, WarningsAreBounded) {
  std::string many;
  for (int i = 0; i < 200; ++i) many += "1604 7878";
  EXPECT_THAT(Of(many).warnings, SizeIs(32));
}

TEST(SessionAttributes, ManyIpv6Values) {
  const std::string dns = "a912 20010db8000000000000000000000053";
  EXPECT_THAT(Of(dns + dns + dns + dns).ipv6_dns, SizeIs(3));
  EXPECT_THAT(Of("6102 6104 0000 6106 0010 2001").framed_ipv6_prefixes, SizeIs(2));
}

TEST(SessionAttributes, HostBitsOfRoutes) {
  SessionAttributeSettings strict;
  strict.route_host_bits = HostBits::kRefuse;
  const char* const kRoute = "160d 31302e312e322e332f3136";  // 10.1.2.3/16
  EXPECT_EQ(Of(kRoute).routes.at(0).destination.ToString(), "10.1.0.0");
  EXPECT_THAT(FirstWarning(Of(kRoute, strict)),
              HasSubstr("Framed-Route has bits behind its length"));
}

TEST(SessionAttributes, CiscoNamesAPoolOnlyWhereItMay) {
  const char* const kPair = "1a17 00000009 0111 69703a616464722d706f6f6c3d5032";  // ip:addr-pool=P2
  SessionAttributeSettings cisco;
  cisco.cisco_pool = true;
  EXPECT_EQ(Of(kPair, cisco).framed_pool, "P2");
  EXPECT_EQ(Of(kPair).framed_pool, "");
  EXPECT_THAT(Of(kPair).not_used, ElementsAre(kCiscoAvPair));
  EXPECT_THAT(FirstWarning(Of("1a15 00000009 010f 69703a616464722d706f6f6c3d", cisco)),
              HasSubstr("names no pool"));
}

TEST(SessionAttributes, RateLimitsAreCollectedAsTheyAre) {
  SessionAttributeSettings settings;
  settings.rate_limits = {{kFilterId, ValueType::kString},
                          {{14122, 8}, ValueType::kInteger},
                          {{14122, 9}, ValueType::kByte},
                          {{14122, 10}, ValueType::kInteger64},
                          {{14122, 11}, ValueType::kOctets}};
  using Value = std::variant<std::uint64_t, std::string>;
  EXPECT_THAT(Of("0b05 312f32 1a0c 0000372a 0806 00002710 0b03 33", settings).rate_limits,
              ElementsAre(RateLimitValue{kFilterId, Value("1/2")},
                          RateLimitValue{{14122, 8}, Value(std::uint64_t{10000})},
                          RateLimitValue{kFilterId, Value("3")}));
  EXPECT_THAT(Of("1a09 0000372a 0903 07", settings).rate_limits,
              ElementsAre(RateLimitValue{{14122, 9}, Value(std::uint64_t{7})}));
  EXPECT_THAT(Of("1a10 0000372a 0a0a 0000000100000000", settings).rate_limits,
              ElementsAre(RateLimitValue{{14122, 10}, Value(std::uint64_t{1} << 32)}));
  // No dictionary has it: text if it looks like it, else a number.
  EXPECT_THAT(Of("1a0a 0000372a 0b04 3132", settings).rate_limits,
              ElementsAre(RateLimitValue{{14122, 11}, Value("12")}));
  EXPECT_THAT(Of("1a0c 0000372a 0b06 00000007", settings).rate_limits,
              ElementsAre(RateLimitValue{{14122, 11}, Value(std::uint64_t{7})}));
  EXPECT_THAT(FirstWarning(Of("1a0b 0000372a 0805 000001", settings)),
              HasSubstr("the rate limit's attribute has a value of 3"));
  // Not enabled: Filter-Id limits nothing.
  EXPECT_THAT(Of("0b05 312f32").rate_limits, IsEmpty());
  EXPECT_THAT(Of("0b05 312f32").not_used, IsEmpty());
}

TEST(SessionAttributes, WhatHasNoMeaningHereIsNamedOnce) {
  EXPECT_THAT(Of("0e06 0a000001 0e06 0a000002 fe03 01 1a06 00000137").not_used,
              ElementsAre(AttributeKey{0, 14}, AttributeKey{0, 254}, kVendorSpecific));
}

TEST(InterfaceNames, WhatMayBeOne) {
  for (const char* good : {"a", "custA", "sstp%d", "123456789012345", "vpn-1.2_x"}) {
    EXPECT_TRUE(IsInterfaceName(good)) << good;
  }
  for (const char* bad : {"", ".", "..", "1234567890123456", "a/b", "a b", "a:b", "a\n", "\x7f"}) {
    EXPECT_FALSE(IsInterfaceName(bad)) << bad;
  }
}

}  // namespace
}  // namespace sstpgw::cp::radius
