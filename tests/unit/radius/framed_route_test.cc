#include "controlplane/radius/framed_route.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::HasSubstr;

std::string Text4(std::string_view text, HostBits host_bits = HostBits::kClear) {
  const auto route = ReadFramedRoute(text, host_bits);
  if (!route) return "error: " + route.error().message;
  return route->destination.ToString() + "/" + std::to_string(route->length) + " " +
         route->gateway.ToString() + " " + std::to_string(route->metric);
}

std::string Text6(std::string_view text, HostBits host_bits = HostBits::kClear) {
  const auto route = ReadFramedIpv6Route(text, host_bits);
  if (!route) return "error: " + route.error().message;
  return route->destination.ToString() + " " + route->gateway.ToString() + " " +
         std::to_string(route->metric);
}

TEST(FramedRoute, Forms) {
  EXPECT_EQ(Text4("10.1.0.0/16"), "10.1.0.0/16 0.0.0.0 0");
  EXPECT_EQ(Text4("10.1.0.0/16 0.0.0.0 1"), "10.1.0.0/16 0.0.0.0 1");
  EXPECT_EQ(Text4("  10.1.0.0/255.255.0.0\t10.0.0.9  5 7 9"), "10.1.0.0/16 10.0.0.9 5");
  EXPECT_EQ(Text4("10.1.2.3"), "10.1.2.3/32 0.0.0.0 0");
  EXPECT_EQ(Text4("0.0.0.0/0"), "0.0.0.0/0 0.0.0.0 0");
  EXPECT_EQ(Text4("0.0.0.0/0.0.0.0"), "0.0.0.0/0 0.0.0.0 0");
  EXPECT_EQ(Text4("10.1.2.3/255.255.255.255 0.0.0.0 4294967295"), "10.1.2.3/32 0.0.0.0 4294967295");
}

TEST(FramedRoute, HostBits) {
  EXPECT_EQ(Text4("10.1.2.3/16"), "10.1.0.0/16 0.0.0.0 0");
  EXPECT_EQ(Text4("10.1.2.3/16", HostBits::kRefuse), "error: has bits behind its length");
  EXPECT_EQ(Text4("10.1.0.0/16", HostBits::kRefuse), "10.1.0.0/16 0.0.0.0 0");
}

TEST(FramedRoute, WhatIsNone) {
  const struct {
    const char* text;
    const char* says;
  } kCases[] = {
      {"", "is empty"},
      {"   ", "is empty"},
      {"x", "goes to x, not an IPv4 address"},
      {"10.1.0/16", "goes to 10.1.0, not an IPv4 address"},
      {"2001:db8::/32", "not an IPv4 address"},
      {"10.1.0.0/33", "has the length 33"},
      {"10.1.0.0/", "has the length "},
      {"10.1.0.0/-1", "has the length -1"},
      {"10.1.0.0/255.0.255.0", "has the length 255.0.255.0, not 0..32 or a mask"},
      {"10.1.0.0/16 nowhere", "goes by way of nowhere"},
      {"10.1.0.0/16 10.0.0.1 x", "has the metric x, not a number"},
      {"10.1.0.0/16 10.0.0.1 4294967296", "has the metric 4294967296"},
      {"\x1b[1m", "goes to \\x1b[1m"},
  };
  for (const auto& bad : kCases) EXPECT_THAT(Text4(bad.text), HasSubstr(bad.says)) << bad.text;
}

TEST(FramedIpv6Route, Forms) {
  EXPECT_EQ(Text6("2001:db8::/48"), "2001:db8::/48 :: 0");
  EXPECT_EQ(Text6("2001:db8::1/48 :: 3"), "2001:db8::/48 :: 3");
  EXPECT_EQ(Text6("2001:db8:ffff::/33 fe80::1 3 4"), "2001:db8:8000::/33 fe80::1 3");
  EXPECT_EQ(Text6("2001:db8::1/48", HostBits::kRefuse), "error: has bits behind its length");
  for (const char* bad : {"", "2001:db8::", "2001:db8::/129", "2001:db8::/x", "10.0.0.0/8",
                          "2001:db8::/48 10.0.0.1", "2001:db8::/48 :: x"}) {
    EXPECT_THAT(Text6(bad), ::testing::StartsWith("error: ")) << bad;
  }
}

}  // namespace
}  // namespace sstpgw::cp::radius
