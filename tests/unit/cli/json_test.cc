#include "controlplane/cli/json.h"

namespace sstpgw::cli {
namespace {

TEST(JsonQuote, EscapesWhatMustBe) {
  EXPECT_EQ(JsonQuote("a\"b\\c\n\t\r"), "\"a\\\"b\\\\c\\n\\t\\r\"");
  EXPECT_EQ(JsonQuote(std::string("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\\u007f\"");
  EXPECT_EQ(JsonQuote("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

TEST(JsonQuote, OctetsThatAreNotUtf8AreReplaced) {
  const std::string replaced = "\xef\xbf\xbd";
  EXPECT_EQ(JsonQuote("\xff"), "\"" + replaced + "\"");
  EXPECT_EQ(JsonQuote("a\xc3"), "\"a" + replaced + "\"");
  EXPECT_EQ(JsonQuote("\xc0\xaf"), "\"" + replaced + replaced + "\"");
  EXPECT_EQ(JsonQuote("\xed\xa0\x80"), "\"" + replaced + replaced + replaced + "\"");
}

TEST(IsUtf8, TakesWhatIsWellFormed) {
  for (const char* text : {"", "a", "\xc3\xa9", "\xf0\x9f\x98\x80"})
    EXPECT_TRUE(IsUtf8(text)) << text;
  for (const char* text : {"\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

TEST(JsonWriter, NestsAndIndents) {
  JsonWriter json;
  json.BeginObject();
  json.Member("text", "x").Member("number", std::uint64_t{7}).Member("flag", true);
  json.Key("list").BeginArray().Number(std::int64_t{-1}).String("b").EndArray();
  json.Key("none").BeginArray().EndArray();
  json.EndObject();
  EXPECT_EQ(json.Take(),
            "{\n  \"text\": \"x\",\n  \"number\": 7,\n  \"flag\": true,\n  \"list\": [\n    -1,\n"
            "    \"b\"\n  ],\n  \"none\": []\n}\n");
}

TEST(JsonWriter, MillionthsAreDecimals) {
  JsonWriter json;
  json.BeginArray().Millionths(0).Millionths(1).Millionths(1'500'000).Millionths(12'000'000);
  EXPECT_EQ(json.EndArray().Take(), "[\n  0,\n  0.000001,\n  1.5,\n  12\n]\n");
}

}  // namespace
}  // namespace sstpgw::cli
