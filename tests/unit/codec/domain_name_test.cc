// Domain names on the wire (RFC 1035 3.1).
#include "gateway/codec/domain_name.h"

#include <gtest/gtest.h>

#include "tests/support/hex.h"

namespace sstpgw::codec {
namespace {

TEST(DomainName, Rfc1035LabelsWithTheirLengthsAndTheRoot) {
  const Bytes expected = test::FromHex("03 76706e 07 6578616d706c65 00");
  for (const char* name : {"vpn.example", "vpn.example."}) {
    Bytes out{0x55};
    ASSERT_TRUE(AppendDomainName(out, name)) << name;
    EXPECT_EQ(Bytes(out.begin() + 1, out.end()), expected);
  }
}

TEST(DomainName, WhatIsNoNameAppendsNothing) {
  Bytes out;
  for (const std::string& name : {std::string(), std::string("."), std::string(".a"),
                                  std::string("a..b"), std::string("a.."), std::string(64, 'x')}) {
    EXPECT_FALSE(AppendDomainName(out, name)) << name;
    EXPECT_TRUE(out.empty());
  }
}

TEST(DomainName, LongestLabelAndName) {
  Bytes out;
  const std::string label(63, 'x');
  EXPECT_TRUE(AppendDomainName(out, label));
  // 3 * 64 + 62 + 1 = 255 octets.
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'y');
  out.clear();
  EXPECT_TRUE(AppendDomainName(out, longest));
  EXPECT_EQ(out.size(), 255U);
  EXPECT_FALSE(AppendDomainName(out, longest + "y"));
}

}  // namespace
}  // namespace sstpgw::codec
