// Framed-Route and Framed-IPv6-Route (RFC 2865 5.22, RFC 3162 2.5; features 4.5).
#include "gateway/fsm/route_text.h"

#include <gtest/gtest.h>

#include <string>

namespace sstpgw::fsm {
namespace {

Ipv4Route Route4(const char* destination, int length, const char* gateway = "0.0.0.0",
                 std::uint32_t metric = 0) {
  return {.destination = Ipv4Address::Parse(destination).value(),
          .length = static_cast<std::uint8_t>(length),
          .gateway = Ipv4Address::Parse(gateway).value(),
          .metric = metric};
}
Ipv6Route Route6(const char* destination, const char* gateway = "::", std::uint32_t metric = 0) {
  return {.destination = Ipv6Prefix::Parse(destination).value(),
          .gateway = Ipv6Address::Parse(gateway).value(),
          .metric = metric};
}

TEST(RouteText, FramedRoute) {
  EXPECT_EQ(ParseFramedRoute("10.1.0.0/16"), Route4("10.1.0.0", 16));
  EXPECT_EQ(ParseFramedRoute("10.1.0.0/255.255.0.0"), Route4("10.1.0.0", 16));
  EXPECT_EQ(ParseFramedRoute("10.1.2.3"), Route4("10.1.2.3", 32));
  EXPECT_EQ(ParseFramedRoute("10.1.0.0/16 10.0.0.5"), Route4("10.1.0.0", 16, "10.0.0.5"));
  EXPECT_EQ(ParseFramedRoute("10.1.0.0/16 0.0.0.0 7"), Route4("10.1.0.0", 16, "0.0.0.0", 7));
  EXPECT_EQ(ParseFramedRoute("0.0.0.0/0"), Route4("0.0.0.0", 0));
  EXPECT_EQ(ParseFramedRoute("0.0.0.0/0.0.0.0"), Route4("0.0.0.0", 0));
  EXPECT_EQ(ParseFramedRoute("10.1.2.3/255.255.255.255"), Route4("10.1.2.3", 32));
}

TEST(RouteText, Rfc2865ExampleWithSeveralMetrics) {
  EXPECT_EQ(ParseFramedRoute("192.168.1.0/24 192.168.1.1 1 2 -1 3 400"),
            Route4("192.168.1.0", 24, "192.168.1.1", 1));
}

TEST(RouteText, Rfc3162Example) {
  EXPECT_EQ(ParseFramedIpv6Route("2000:0:0:106::/64 2000::106:a00:20ff:fe99:a998 1"),
            Route6("2000:0:0:106::/64", "2000::106:a00:20ff:fe99:a998", 1));
}

TEST(RouteText, FramedIpv6Route) {
  EXPECT_EQ(ParseFramedIpv6Route("2001:db8::/48"), Route6("2001:db8::/48"));
  EXPECT_EQ(ParseFramedIpv6Route("2001:db8::/48 :: 5"), Route6("2001:db8::/48", "::", 5));
  EXPECT_EQ(ParseFramedIpv6Route("::/0 fe80::2"), Route6("::/0", "fe80::2"));
}

TEST(RouteText, BlanksAroundAndBetweenDoNotMatter) {
  EXPECT_EQ(ParseFramedRoute("  10.1.0.0/16\t 10.0.0.5   3 "),
            Route4("10.1.0.0", 16, "10.0.0.5", 3));
}

TEST(RouteText, HostBitsAreCleared) {
  EXPECT_EQ(ParseFramedRoute("10.1.2.3/16"), Route4("10.1.0.0", 16));
  EXPECT_EQ(ParseFramedIpv6Route("2001:db8::1/48"), Route6("2001:db8::/48"));
}

TEST(RouteText, MalformedOnesAreNone) {
  for (const char* text :
       {"", " ", "10.1.0.0/", "10.1.0.0/33", "10.1.0.0/-1", "10.1.0.0/255.0.255.0", "10.1.0/16",
        "10.1.0.0/16/8", "10.1.0.0/16 10.0.0", "10.1.0.0/16 10.0.0.5 x", "10.1.0.0/16 10.0.0.5 -1",
        "10.1.0.0/16 10.0.0.5 1 x", "2001:db8::/48", "10.1.0.0/16 0.0.0.0 4294967296",
        "10.1.0.0 /16", "0x0a.1.0.0/16"}) {
    EXPECT_FALSE(ParseFramedRoute(text).has_value()) << text;
  }
  for (const char* text : {"", "2001:db8::", "2001:db8::/", "2001:db8::/129", "2001:db8::/4x",
                           "2001:db8::/48 10.0.0.1", "2001:db8::/48 :: x", "10.0.0.0/8",
                           "2001:db8::/48 fe80::2%eth0", "default"}) {
    EXPECT_FALSE(ParseFramedIpv6Route(text).has_value()) << text;
  }
}

TEST(RouteText, WordsWithoutEndAreRefused) {
  std::string text = "10.1.0.0/16 10.0.0.5";
  for (int i = 0; i < 100; ++i) text += " 1";
  EXPECT_FALSE(ParseFramedRoute(text).has_value());
  EXPECT_FALSE(ParseFramedRoute(std::string("10.1.0.0/16\0", 12)).has_value());
}

}  // namespace
}  // namespace sstpgw::fsm
