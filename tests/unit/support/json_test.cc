#include "tests/support/json.h"

#include <gtest/gtest.h>

namespace sstpgw::test {
namespace {

TEST(Json, ReadsNestedValues) {
  const auto json =
      Json::Parse(R"({"a": [1, -2.5e1, "x\"y\n"], "b": {"c": true, "d": null}, "e": {}})");
  ASSERT_TRUE(json);
  ASSERT_EQ(json->at("a").list().size(), 3u);
  EXPECT_EQ(json->at("a").list()[1].number(), -25);
  EXPECT_EQ(json->at("a").list()[2].text(), "x\"y\n");
  EXPECT_EQ(json->at("b").at("c").number(), 1);
  EXPECT_EQ(json->at("b").at("d").kind(), Json::Kind::kNull);
  ASSERT_NE(json->Find("c"), nullptr);
  EXPECT_EQ(json->Find("nothing"), nullptr);
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "[1,]", "{\"a\" 1}", "\"open", "1 2", "{} x", "{a: 1}"}) {
    EXPECT_FALSE(Json::Parse(text)) << text;
  }
  EXPECT_FALSE(Json::Parse(std::string(100000, '[')));
}

}  // namespace
}  // namespace sstpgw::test
