// The Interface-Identifier option (RFC 5072 4.1).
#include "gateway/codec/ipv6cp_options.h"

#include <gtest/gtest.h>

namespace sstpgw::codec {
namespace {

TEST(Ipv6cpOptions, Rfc5072InterfaceIdentifierHasTenOctets) {
  Bytes wire;
  AppendInterfaceId(wire, {2, 0x11, 0, 0, 0, 0xff, 0xfe, 1});
  EXPECT_EQ(wire, (Bytes{1, 10, 2, 0x11, 0, 0, 0, 0xff, 0xfe, 1}));
  const auto options = ParseOptions(wire);
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(InterfaceIdOf(options->at(0)), (InterfaceId{2, 0x11, 0, 0, 0, 0xff, 0xfe, 1}));
}

TEST(Ipv6cpOptions, OtherLengthsAndTypesHoldNone) {
  for (const std::size_t size : {0, 1, 7, 9, 253}) {
    Bytes wire;
    AppendOption(wire, 1, Bytes(size));
    EXPECT_FALSE(InterfaceIdOf(ParseOptions(wire)->at(0)).has_value()) << size;
  }
  Bytes wire;
  AppendOption(wire, 2, Bytes(8));
  EXPECT_FALSE(InterfaceIdOf(ParseOptions(wire)->at(0)).has_value());
}

TEST(Ipv6cpOptions, TextHasFourGroupsOfHex) {
  EXPECT_EQ(InterfaceIdText({2, 0x11, 0, 0, 0, 0xff, 0xfe, 1}), "211:0:ff:fe01");
  EXPECT_EQ(InterfaceIdText({0, 0, 0, 0, 0, 0, 0, 1}), "0:0:0:1");
  EXPECT_EQ(InterfaceIdText({0xff, 0xff, 0xab, 0xcd, 0x10, 0, 0, 0x10}), "ffff:abcd:1000:10");
}

}  // namespace
}  // namespace sstpgw::codec
