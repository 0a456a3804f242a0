#include "proto/base/text.h"

namespace sstpgw {
namespace {

TEST(Escape, KeepsPrintableTextAndUtf8) {
  EXPECT_EQ(Escape("vyos"), "vyos");
  EXPECT_EQ(Escape("J\xc3\xbcrgen \xe2\x82\xac"), "J\xc3\xbcrgen \xe2\x82\xac");
}

TEST(Escape, MakesControlCharactersAndBackslashVisible) {
  EXPECT_EQ(Escape(std::string_view("a\nb\0c\x1b[31m\x7f", 11)), "a\\x0ab\\x00c\\x1b[31m\\x7f");
  EXPECT_EQ(Escape("DOM\\user"), "DOM\\\\user");
}

TEST(Escape, WhatIsNotSeenIsMadeVisible) {
  EXPECT_EQ(Escape("a\xe2\x80\xae"
                   "b"),
            "a\\xe2\\x80\\xaeb");                        // U+202E right-to-left override
  EXPECT_EQ(Escape("\xe2\x80\xa8"), "\\xe2\\x80\\xa8");  // U+2028 line separator
  EXPECT_EQ(Escape("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");  // U+2066 isolate
  EXPECT_EQ(Escape("\xe2\x80\x8b"), "\\xe2\\x80\\x8b");  // U+200B zero width space
  EXPECT_EQ(Escape("\xef\xbb\xbf"), "\\xef\\xbb\\xbf");  // U+FEFF byte order mark
  EXPECT_EQ(Escape("\xe2\x80\x93"), "\xe2\x80\x93");     // U+2013 is a dash like others
}

TEST(Escape, RefusesBrokenUtf8) {
  EXPECT_EQ(Escape("\xc3"), "\\xc3");                             // cut short
  EXPECT_EQ(Escape("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(Escape("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(Escape("\xc2\x85"), "\\xc2\\x85");                    // C1 control
  EXPECT_EQ(Escape("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");  // beyond Unicode
}

TEST(ToHex, IsLowerCaseWithoutSeparators) {
  const Bytes bytes{0x00, 0x1f, 0xff};
  EXPECT_EQ(ToHex(bytes), "001fff");
  EXPECT_EQ(ToHex({}), "");
}

}  // namespace
}  // namespace sstpgw
