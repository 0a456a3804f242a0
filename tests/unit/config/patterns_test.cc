#include "controlplane/config/patterns.h"

#include <gtest/gtest.h>

namespace sstpgw::cp {
namespace {

bool Has(std::string_view pattern, std::string_view text) {
  return FindPattern(pattern)->check(text).empty();
}

TEST(Patterns, ExamplesHaveTheirForm) {
  for (const Pattern& pattern : AllPatterns()) {
    EXPECT_EQ(pattern.check(pattern.example), "") << pattern.name;
    EXPECT_NE(pattern.check(""), "") << pattern.name;
    EXPECT_FALSE(pattern.what.empty()) << pattern.name;
  }
  EXPECT_EQ(FindPattern("no such"), nullptr);
}

struct Form {
  const char* pattern;
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

const Form kForms[] = {
    {"ipv4-host",
     {"10.0.0.1", "223.0.0.1"},
     {"0.0.0.0", "127.0.0.1", "224.0.0.1", "10.0.0", "::1"}},
    {"ip-host", {"10.0.0.1", "2001:db8::1"}, {"::", "ff02::1", "0.0.0.0", "x", "10.0.0.1/8"}},
    {"ipv4-unicast",
     {"10.0.0.1", "127.0.0.1", "223.255.255.255"},
     {"0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "10.0.0.1:1"}},
    {"ipv6-unicast", {"2001:db8::1", "::1", "fe80::1"}, {"::", "ff02::1", "10.0.0.1", "[::1]"}},
    {"ip-unicast",
     {"127.0.0.1", "::1", "2001:db8::1"},
     {"0.0.0.0", "::", "ff02::1", "224.0.0.1", "radius.example.com"}},
    {"ipv6-prefix",
     {"2001:db8::/32", "::/0"},
     {"2001:db8::", "2001:db8::/129", "10.0.0.0/8", "/8"}},
    {"ip-prefix", {"10.0.0.0/8", "::/0"}, {"10.0.0.0/33", "10.0.0.0", "10.0.0.0/", "a/8"}},
    {"pool-name", {"a", "-x", "_P.1+2-3"}, {".a", "+a", "a b", "a/b", "p\xc3\xb6", "a\n"}},
    {"user-name", {"a b", std::string(253, 'x')}, {std::string(254, 'x')}},
    {"host-name", {"ab", "vpn.example.com", "a-1"}, {"a", "-a", "a.", "a_b", "a b", "ab\n"}},
    {"interface-template",
     {"sstp%d", "abcdefghij%d", "v%d.x", "A_-%d"},
     {"sstp", "%d", "a%d%d", "a b%d", "a/%d", "a:%d", "a%s%d", "abcdefghijk%d", "%dx", "a+%d",
      "a%d@"}},
    {"interface-name", {"ifb0", "abcdefghijklmno"}, {"abcdefghijklmnop", "a b", "a/b", "a%d"}},
    {"unix-address",
     {"unix:/run/x", "unix:@x"},
     {"unix:", "unix:x", "unix:@", "/run/x", "unix:/x/"}},
    {"listen-address",
     {"0.0.0.0", "::", "10.0.0.1", "fe80::1"},
     {"10.0.0.1:443", "[::1]", "localhost", "*"}},
    {"address-port",
     {"127.0.0.1:1", "[::1]:65535"},
     {"127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:80", "[::1]", "[]:80", "host:80"}},
    {"link-address", {"unix:/run/l", "10.0.0.1:7000"}, {"unix:@x", "unix:l", "/run/l"}},
    {"socket-path",
     {"/run/x", "/" + std::string(106, 'x')},
     {"run/x", "/", "/run/", "/" + std::string(107, 'x'), "/a\n"}},
    {"file-path", {"a", "/a/b c"}, {"/a/", "a\nb"}},
    {"hex-20",
     {std::string(40, 'F')},
     {std::string(39, 'f'), std::string(42, 'f'), std::string(40, 'g')}},
    {"http-url",
     {"http://a", "https://a/b?c"},
     {"ftp://a", "https://", "http:///x", "http://a b", "http://a\r\nX: y", "a"}},
    {"printable", {"a b", "~"}, {"a\tb", "\x7f", "\xc3\xbc"}},
    {"realm",
     {"example.com", "a", std::string(128, 'x')},
     {"@example.com", "a@b", "a b", std::string(129, 'x'), "\xc3\xbc"}},
    {"connection-rate", {"1/min", "60/sec"}, {"0/min", "1/hour", "/min", "1", "-1/sec", "1/min "}},
    {"rate-pair",
     {"0/0", "10000000/1", "2.5G/512K", "3,10M/2M", "10:5"},
     {"1", "1/", "1000000001/1", "a/b", "1/1 5", "0,1", "x,1/1"}},
    {"leaf-qdisc",
     {"sfq", "sfq limit 127 perturb 10", "fq_codel target 5ms noecn", "fifo limit 9"},
     {"pfifo", "sfq limit", "fq_codel target 5"}},
    {"interface-id",
     {"0:0:0:1", "ffff:a:B:1234"},
     {"0:0:1", "0:0:0:1:2", "::1", "g:0:0:1", "0:0:0:12345", "0:0:0:"}},
    {"time-range",
     {"1,00:00-23:59", "7,22:00-06:00"},
     {"0,00:00-01:00", "1,08:00-08:00", "1,24:00-01:00", "1,00:60-01:00", "1,0:00-01:00",
      "00:00-01:00", "1,00:00"}},
};

TEST(Patterns, TakeTheirFormAndNothingElse) {
  for (const Form& form : kForms) {
    for (const std::string& text : form.good)
      EXPECT_TRUE(Has(form.pattern, text)) << form.pattern << ' ' << text;
    for (const std::string& text : form.bad)
      EXPECT_FALSE(Has(form.pattern, text)) << form.pattern << ' ' << text;
  }
}

TEST(HexToOctets, TakesColonsBetweenOctets) {
  EXPECT_EQ(HexToOctets("00ffA0"), std::string("\0\xff\xa0", 3));
  EXPECT_EQ(HexToOctets("00:ff:a0"), std::string("\0\xff\xa0", 3));
  for (const char* text : {"", "0", "0g", "00:", ":00", "00::ff", "0:0f"}) {
    EXPECT_EQ(HexToOctets(text), "") << text;
  }
}

}  // namespace
}  // namespace sstpgw::cp
