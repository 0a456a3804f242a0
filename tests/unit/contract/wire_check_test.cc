#include "proto/contract/wire_check.h"

namespace sstpgw::contract {
namespace {

TEST(FitText, KeepsWellFormedTextWithinItsLimit) {
  EXPECT_EQ(FitText("DOM\\user J\xc3\xbcrgen", 100), "DOM\\user J\xc3\xbcrgen");
  EXPECT_EQ(FitText("", 10), "");
}

TEST(FitText, CutsBetweenCharacters) {
  EXPECT_EQ(FitText("ab\xc3\xbc", 3), "ab");
  EXPECT_EQ(FitText("ab\xe2\x82\xac", 4), "ab");
  EXPECT_EQ(FitText("abcdef", 3), "abc");
}

TEST(FitText, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(FitText("a\xff", 100), "a\\xff");
  EXPECT_EQ(FitText("\xed\xa0\x80", 100), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(FitText("\xc0\x80", 100), "\\xc0\\x80");           // overlong
  EXPECT_EQ(FitText("\xe2\x82", 100), "\\xe2\\x82");           // cut short
}

TEST(CheckSessionId, WantsSixteenLowerCaseHexDigits) {
  EXPECT_TRUE(CheckSessionId("id", "0123456789abcdef"));
  for (const char* bad : {"", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF",
                          "0123456789abcdeg", "0123456789abcde\n"}) {
    EXPECT_FALSE(CheckSessionId("id", bad)) << bad;
  }
  EXPECT_TRUE(CheckSessionId("id", "", true));
}

TEST(CheckIdentifier, WantsOneToSixtyFourPlainCharacters) {
  EXPECT_TRUE(CheckIdentifier("name", "edge-1.example_A"));
  EXPECT_TRUE(CheckIdentifier("name", std::string(64, 'a')));
  EXPECT_FALSE(CheckIdentifier("name", std::string(65, 'a')));
  EXPECT_FALSE(CheckIdentifier("name", ""));
  EXPECT_FALSE(CheckIdentifier("name", "a b"));
  EXPECT_FALSE(CheckIdentifier("name", "a/b"));
}

TEST(CheckRange, NamesFieldValueAndBounds) {
  const auto result = CheckRange("settings.port", 0, 1, 65535);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "settings.port: 0 is not in 1..65535");
}

}  // namespace
}  // namespace sstpgw::contract
