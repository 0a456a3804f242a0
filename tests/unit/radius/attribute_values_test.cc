#include "controlplane/radius/attribute_values.h"

#include "tests/unit/radius/octets.h"

namespace sstpgw::cp::radius {
namespace {

TEST(AttributeValues, Numbers) {
  EXPECT_EQ(ReadInteger(Hex("01020304")), 0x01020304U);
  EXPECT_EQ(ReadInteger64(Hex("0102030405060708")), 0x0102030405060708U);
  EXPECT_EQ(ToHex(IntegerValue(0xfffffffeU)), "fffffffe");
  for (const std::size_t size : {0U, 1U, 3U, 5U, 8U}) {
    EXPECT_FALSE(ReadInteger(Bytes(size))) << size;
    EXPECT_FALSE(ReadIpv4(Bytes(size))) << size;
  }
  EXPECT_FALSE(ReadInteger64(Bytes(4)));
}

TEST(AttributeValues, Addresses) {
  EXPECT_EQ(ReadIpv4(Hex("0a000001"))->ToString(), "10.0.0.1");
  EXPECT_EQ(ToHex(Ipv4Value(Ipv4Address(0xc0a80102))), "c0a80102");
  const auto v6 = ReadIpv6(Hex("20010db8000000000000000000000001"));
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->ToString(), "2001:db8::1");
  EXPECT_EQ(ToHex(Ipv6Value(*v6)), "20010db8000000000000000000000001");
  EXPECT_FALSE(ReadIpv6(Bytes(15)));
  EXPECT_FALSE(ReadIpv6(Bytes(17)));
  EXPECT_EQ(ToHex(*ReadInterfaceId(Hex("0011223344556677"))), "0011223344556677");
  EXPECT_FALSE(ReadInterfaceId(Bytes(7)));
  EXPECT_FALSE(ReadInterfaceId(Bytes(9)));
}

TEST(AttributeValues, Ipv6PrefixGolden) {
  const struct {
    const char* octets;
    const char* text;
    const char* written;  // what we make of it
  } kCases[] = {
      {"0040 20010db800010002", "2001:db8:1:2::/64", "004020010db800010002"},
      {"0040 20010db8000100020000000000000000", "2001:db8:1:2::/64", "004020010db800010002"},
      {"0038 20010db8000100", "2001:db8:1::/56", "003820010db8000100"},
      {"003c 20010db8000100f0", "2001:db8:1:f0::/60", "003c20010db8000100f0"},
      {"0080 20010db8000000000000000000000001", "2001:db8::1/128",
       "008020010db8000000000000000000000001"},
      {"0000", "::/0", "0000"},
      {"0040 20010db8", "2001:db8::/64", "004020010db800000000"},   // zeros left out
      {"0021 20010db8ff", "2001:db8:8000::/33", "002120010db880"},  // bits behind the length
      {"ff20 20010db8", "2001:db8::/32", "002020010db8"},           // reserved is not looked at
  };
  for (const auto& golden : kCases) {
    const auto prefix = ReadIpv6Prefix(Hex(golden.octets));
    ASSERT_TRUE(prefix) << golden.octets;
    EXPECT_EQ(prefix->ToString(), golden.text);
    EXPECT_EQ(ToHex(Ipv6PrefixValue(*prefix)), golden.written);
    EXPECT_EQ(ReadIpv6Prefix(Ipv6PrefixValue(*prefix)), prefix);
  }
}

TEST(AttributeValues, BadIpv6Prefixes) {
  EXPECT_FALSE(ReadIpv6Prefix({}));
  EXPECT_FALSE(ReadIpv6Prefix(Hex("00")));
  EXPECT_FALSE(ReadIpv6Prefix(Hex("0081 20010db8000000000000000000000001")));
  EXPECT_FALSE(ReadIpv6Prefix(Hex("0080 20010db800000000000000000000000100")));
}

TEST(AttributeValues, TextLosesOneNulAtItsEnd) {
  EXPECT_EQ(ReadText(Hex("616263")), "abc");
  EXPECT_EQ(ReadText(Hex("61626300")), "abc");
  EXPECT_EQ(ReadText(Hex("6100620000")), std::string_view("a\0b\0", 4));
  EXPECT_EQ(ReadText({}), "");
  EXPECT_EQ(ToHex(TextValue("abc")), "616263");
}

TEST(AttributeValues, Tags) {
  EXPECT_EQ(ReadTaggedText(Hex("05 6162")).tag, 5);
  EXPECT_EQ(ReadTaggedText(Hex("05 6162")).text, "ab");
  EXPECT_EQ(ReadTaggedText(Hex("6162")).tag, 0);
  EXPECT_EQ(ReadTaggedText(Hex("6162")).text, "ab");
  EXPECT_EQ(ReadTaggedText(Hex("20 6162")).text, " ab");
  EXPECT_EQ(ReadTaggedText({}).text, "");
  EXPECT_EQ(ReadTaggedInteger(Hex("01000003"))->tag, 1);
  EXPECT_EQ(ReadTaggedInteger(Hex("01000003"))->value, 3U);
  EXPECT_FALSE(ReadTaggedInteger(Hex("20000003")));
  EXPECT_FALSE(ReadTaggedInteger(Hex("000003")));
}

}  // namespace
}  // namespace sstpgw::cp::radius
