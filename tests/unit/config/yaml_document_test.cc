#include "controlplane/config/yaml_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sstpgw::cp {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Kind = YamlNode::Kind;

// "line:column reason" of the refusal, "ok" if there is none.
std::string Verdict(std::string_view text) {
  const auto root = ParseYaml(text);
  if (root) return "ok";
  return std::to_string(root.error().line) + ":" + std::to_string(root.error().column) + " " +
         root.error().reason;
}

std::string Repeat(std::string_view unit, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += unit;
  return text;
}

TEST(ParseYaml, TellsKindsTextsAndPlaces) {
  const auto root = ParseYaml("a: 1\nbc:\n  - 'x'\n  - {d: ~}\ne: |\n  text\n");
  ASSERT_TRUE(root);
  ASSERT_THAT(root->children, SizeIs(3));
  const YamlNode::Child& a = root->children[0];
  EXPECT_EQ(a.key, "a");
  EXPECT_EQ(a.value.scalar, "1");
  EXPECT_FALSE(a.value.quoted);
  EXPECT_EQ(a.value.line, 1U);
  EXPECT_EQ(a.value.column, 4U);
  const YamlNode::Child& bc = root->children[1];
  EXPECT_EQ(bc.key_line, 2U);
  EXPECT_EQ(bc.key_column, 1U);
  EXPECT_EQ(bc.value.kind, Kind::kSequence);
  ASSERT_THAT(bc.value.children, SizeIs(2));
  EXPECT_TRUE(bc.value.children[0].value.quoted);
  const YamlNode& inner = bc.value.children[1].value;
  EXPECT_EQ(inner.kind, Kind::kMapping);
  EXPECT_EQ(inner.line, 4U);
  EXPECT_EQ(inner.children.at(0).value.kind, Kind::kNull);
  EXPECT_EQ(root->children[2].value.scalar, "text\n");
}

TEST(ParseYaml, EmptyTextsHaveNoRoot) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "~\n"}) {
    const auto root = ParseYaml(text);
    ASSERT_TRUE(root) << text;
    EXPECT_EQ(root->kind, Kind::kNull) << text;
  }
}

TEST(ParseYaml, TakesLineEndsAndByteOrderMark) {
  EXPECT_EQ(Verdict("\xef\xbb\xbf"
                    "a: 'x'\r\nb: \"y\"\r\n"),
            "ok");
}

TEST(ParseYaml, RefusesWhatIsNotText) {
  EXPECT_EQ(Verdict(std::string_view("a: 1\nb: \0\n", 10)), "2:4 the text contains NUL");
  EXPECT_EQ(Verdict("a: \"\\0\"\n"), "1:4 a value may not contain NUL");
  for (const char* bad : {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                          "\xc3", "\xf0\x9f\x98", "\x80", "\xe2\x28\xa1"}) {
    EXPECT_EQ(Verdict(std::string("a: ") + bad), "1:4 the text is not UTF-8");
  }
  EXPECT_EQ(Verdict("a: \xf0\x9f\x98\x80\n"), "ok");
}

TEST(ParseYaml, RefusesWhatMakesBombs) {
  EXPECT_EQ(Verdict("a: &x [1]\n"), "1:4 anchors are not supported");
  EXPECT_EQ(Verdict("a: &x [1]\nb: *x\n"), "1:4 anchors are not supported");
  EXPECT_THAT(Verdict("a: *x\n"), HasSubstr("anchor is not defined"));
  EXPECT_EQ(Verdict("a: !!int 3\n"), "1:4 tags are not supported");
  EXPECT_EQ(Verdict("a: 1\n---\nb: 2\n"), "3:1 a second document is not supported");
  EXPECT_EQ(Verdict("[a]: 1\n"), "1:1 a key must be plain text");
  EXPECT_EQ(Verdict("{a: 1}: 1\n"), "1:1 a key must be plain text");
}

TEST(ParseYaml, DepthHasItsLimit) {
  const auto nested = [](std::size_t depth) {
    return "a: " + Repeat("[", depth - 1) + Repeat("]", depth - 1);
  };
  EXPECT_EQ(Verdict(nested(kMaxYamlDepth)), "ok");
  EXPECT_THAT(Verdict(nested(kMaxYamlDepth + 1)), HasSubstr("nested too deeply"));
  EXPECT_THAT(Verdict(Repeat("- ", 100000)), HasSubstr("nested too deeply"));
}

TEST(ParseYaml, NumberOfNodesHasItsLimit) {
  EXPECT_EQ(Verdict(Repeat("- a\n", 10000)), "ok");
  EXPECT_THAT(Verdict(Repeat("- a\n", kMaxYamlNodes)), HasSubstr("too many values"));
}

TEST(ParseYaml, SyntaxErrorsHaveAPlace) {
  EXPECT_THAT(Verdict("a:\n\t- 1\n"), StartsWith("2:2 is not YAML"));
  EXPECT_THAT(Verdict("a: b: c\n"), StartsWith("1:5 is not YAML"));
  EXPECT_THAT(Verdict("a: [1, 2\nb: 3\n"), StartsWith("2:2 is not YAML"));
  EXPECT_THAT(Verdict("sstp:\n  port: 1\n mtu: 3\n"), StartsWith("3:2 is not YAML"));
}

TEST(ParseYaml, AQuoteMustBeClosed) {
  EXPECT_EQ(Verdict("a: 'x\nb: 1\n"), "1:4 the closing quote is missing");
  EXPECT_EQ(Verdict("a: 1\nb: \"x\\\"\n"), "2:4 the closing quote is missing");
  EXPECT_NE(Verdict("\xef\xbb\xbf'a"), "ok");
  EXPECT_NE(Verdict("\xef\xbb\xbf'a\n"), "ok");
  EXPECT_EQ(Verdict("a: 'it''s'\n"), "ok");
  EXPECT_EQ(Verdict("a: \"x\\\\\"\n"), "ok");
  EXPECT_EQ(Verdict("a: |\n  'x\n"), "ok");
}

}  // namespace
}  // namespace sstpgw::cp
