#include "controlplane/radius/dictionary.h"
#include "controlplane/radius/dictionary_syntax.h"
#include "tests/unit/radius/dictionary_files.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::HasSubstr;

// Each names file, line, what is wrong, and what to do.
TEST(DictionaryErrors, OneEach) {
  const struct {
    const char* text;
    const char* says;
  } kCases[] = {
      {"\nATRIBUTE a 1 string",
       "d:2: the word ATRIBUTE is not known here. Did you mean ATTRIBUTE?"},
      {"xyz", "d:1: the word xyz is not known here. A line begins with ATTRIBUTE"},
      {"ATTRIBUTE a 1", "d:1: 3 words. The form is: ATTRIBUTE name number type"},
      {"ATTRIBUTE a 200 string has_tag more", "d:1: 6 words."},
      {"ATTRIBUTE a 200 sting", "d:1: a is of the unknown type sting. Did you mean string?"},
      {"ATTRIBUTE a 200 quux", "unknown type quux. Types are string"},
      {"ATTRIBUTE a x string", "d:1: a has the number x. It is a decimal number"},
      {"ATTRIBUTE a -1 string", "a has the number -1."},
      {"ATTRIBUTE a 99999999999 string", "a has the number 99999999999."},
      {"ATTRIBUTE a 200 string has-tag",
       "has-tag is neither an option nor a vendor. "
       "Did you mean has_tag?"},
      {"ATTRIBUTE a 200 string encrypt=7", "encrypt=7 is neither an option nor a vendor."},
      {"ATTRIBUTE a 200 string Nobody", "Nobody is neither an option nor a vendor. Options are"},
      {"ATTRIBUTE User-Name 2 string", "d:1: User-Name is already attribute 1. Give it another"},
      {"ATTRIBUTE Cisco-AVPair 1 string", "is already attribute 1 of vendor 9."},
      {"VENDOR v", "d:1: 2 words. The form is: VENDOR name number [format=1,1]"},
      {"VENDOR v x", "d:1: vendor v has the number x. It is 1..16777215."},
      {"VENDOR v 0", "the number of a vendor is 1..16777215."},
      {"VENDOR v 16777216", "vendor v has the number 16777216."},
      {"VENDOR Cisco 10", "d:1: vendor Cisco is already number 9."},
      {"VENDOR v 77 1,1", "1,1 is not the format of a vendor. Octets of type"},
      {"VENDOR v 77 format=3,1", "format=3,1 is not the format of a vendor."},
      {"VENDOR v 77 format=1,3", "format=1,3 is not the format of a vendor."},
      {"VENDOR v 77 format=", "format= is not the format of a vendor."},
      {"BEGIN-VENDOR Csico\nEND-VENDOR Csico",
       "d:1: RADIUS vendor Csico is in no dictionary, did "
       "you mean Cisco? Write VENDOR Csico number before "
       "it."},
      {"BEGIN-VENDOR Cisco", "d:1: the file ends inside BEGIN-VENDOR Cisco. Write END-VENDOR"},
      {"BEGIN-VENDOR Cisco\nBEGIN-VENDOR Microsoft\nEND-VENDOR Microsoft",
       "d:2: BEGIN-VENDOR inside that of Cisco."},
      {"END-VENDOR Cisco", "d:1: END-VENDOR Cisco without its BEGIN-VENDOR. Take it out."},
      {"BEGIN-VENDOR Cisco\nEND-VENDOR Microsoft", "d:2: END-VENDOR Microsoft without its"},
      {"BEGIN-VENDOR Cisco\nATTRIBUTE a 256 string\nEND-VENDOR Cisco",
       "d:2: a has the number 256. The vendor's format has 1 octet(s) for it."},
      {"BEGIN-TLV a", "d:1: the file ends inside BEGIN-TLV a."},
      {"END-TLV a", "d:1: END-TLV a without its BEGIN-TLV."},
      {"VALUE Service-Type x", "d:1: 3 words. The form is: VALUE attribute name number"},
      {"VALUE Service-Type x y", "d:1: VALUE x is y. It is a decimal number"},
      {"\n\nVALUE Servce-Type x 1",
       "d:3: VALUE of the unknown attribute Servce-Type, did you mean "
       "Service-Type? Write its ATTRIBUTE"},
      {"$INCLUDE", "d:1: 1 words. The form is: $INCLUDE file"},
      {"\n$INCLUDE nothing",
       "d:2: nothing cannot be read: no such file. Correct the path, or write "
       "$INCLUDE-"},
      {"$INCLUDE d", "d:1: d includes itself. Take out this $INCLUDE."},
  };
  for (const auto& bad : kCases) {
    EXPECT_THAT(IssuesOf(bad.text), HasSubstr(bad.says)) << bad.text;
  }
}

TEST(DictionaryErrors, AllAreFound) {
  EXPECT_EQ(IssuesOf("ATTRIBUTE a\nVALUE b c d\nVENDOR v x\n"),
            "d:1: 2 words. The form is: ATTRIBUTE name number type [has_tag,encrypt=2]\n"
            "d:2: VALUE c is d. It is a decimal number, or hexadecimal behind 0x.\n"
            "d:3: vendor v has the number x. It is 1..16777215.\n");
}

TEST(DictionaryErrors, TheyNameTheIncludedFile) {
  EXPECT_EQ(
      IssuesOf("\n$INCLUDE e\nVENDOR v x\n", {{"e", "\n\nnonsense\n"}}),
      "e:3: the word nonsense is not known here. A line begins with ATTRIBUTE, VALUE, VENDOR, "
      "BEGIN-VENDOR, END-VENDOR, $INCLUDE or #.\n"
      "d:3: vendor v has the number x. It is 1..16777215.\n");
}

TEST(DictionaryErrors, AMissingFileOfTheConfiguration) {
  const auto loaded = Dictionary::Load({"/etc/none"}, From({}));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(Render(loaded.error().at(0)),
            "/etc/none: /etc/none cannot be read: no such file. Correct the path in the "
            "configuration.");
}

TEST(DictionaryErrors, AnUnreadableFileIsNotAMissingOne) {
  const ReadFile read = [](const std::string& path) -> Result<std::string> {
    if (path == "d") return std::string("$INCLUDE- e\n");
    return Fail(Error{ErrorCode::kPermissionDenied, "permission denied"});
  };
  const auto loaded = Dictionary::Load({"d"}, read);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().at(0).what, HasSubstr("permission denied"));
}

TEST(DictionaryErrors, CyclesAndDepthAreBounded) {
  EXPECT_THAT(IssuesOf("$INCLUDE e\n", {{"e", "$INCLUDE f\n"}, {"f", "$INCLUDE d\n"}}),
              HasSubstr("f:1: d includes itself"));
  // A cycle whose paths always differ, and a tree that doubles at every level.
  std::size_t reads = 0;
  const ReadFile endless = [&reads](const std::string& path) -> Result<std::string> {
    ++reads;
    return "$INCLUDE " + path + "x\n$INCLUDE " + path + "y\n";
  };
  const auto loaded = Dictionary::Load({"d"}, endless);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().at(0).what, HasSubstr("more than 16 files inside each other"));
  EXPECT_LE(reads, Dictionary::kMaxFiles);
}

TEST(DictionaryErrors, SizesAreBounded) {
  EXPECT_THAT(IssuesOf(std::string(Dictionary::kMaxFileSize + 1, '\n')),
              HasSubstr("d: dictionaries of more than 1 MiB"));
  EXPECT_THAT(IssuesOf("ATTRIBUTE " + std::string(200, 'a') + " 200 string"),
              HasSubstr("d:1: a word of more than 128 octets"));
  EXPECT_THAT(IssuesOf("#" + std::string(2000, 'a') + "\n"), HasSubstr("d:1: a line of more than"));
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "nonsense\n";
  many += "VALUE x y 1\n";
  const auto loaded = Dictionary::Load({"d"}, From({{"d", many}}));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().size(), Dictionary::kMaxIssues);
  std::string half(600 << 10, '\n');
  Files files;
  std::string includes;
  for (const char* name : {"a", "b", "c", "e", "f", "g", "h"}) {
    files[name] = half;
    includes += std::string("$INCLUDE ") + name + "\n";
  }
  EXPECT_THAT(IssuesOf(includes, files), HasSubstr("or 4 MiB in all"));
}

TEST(DictionaryErrors, ForeignOctetsAreEscaped) {
  EXPECT_THAT(IssuesOf("\x1b[31m"), HasSubstr("d:1: the word \\x1b[31m is not known"));
}

TEST(DictionarySyntax, Words) {
  using Words = std::vector<std::string_view>;
  EXPECT_EQ(WordsOf("  a \t b\r"), (Words{"a", "b"}));
  EXPECT_EQ(WordsOf("a#b c"), (Words{"a"}));
  EXPECT_EQ(WordsOf("# a"), Words{});
  EXPECT_EQ(WordsOf(""), Words{});
  EXPECT_EQ(NumberOf("0x10"), 16U);
  EXPECT_EQ(NumberOf("18446744073709551615"), 18446744073709551615U);
  for (const char* bad : {"", "0x", "1a", "0xg", "+1", "18446744073709551616", "1 "}) {
    EXPECT_FALSE(NumberOf(bad)) << bad;
  }
  EXPECT_EQ(TypeOf("OCTETS[16]"), ValueType::kOctets);
  EXPECT_FALSE(TypeOf("octets["));
  EXPECT_FALSE(TypeOf(""));
  EXPECT_EQ(PathBeside("/a/b", "c"), "/a/c");
  EXPECT_EQ(PathBeside("b", "c"), "c");
  EXPECT_EQ(PathBeside("/a/b", "/c"), "/c");
  EXPECT_TRUE(IsNestedNumber("1.2"));
  EXPECT_FALSE(IsNestedNumber("12"));
  EXPECT_FALSE(IsNestedNumber("1.x"));
}

TEST(DictionarySyntax, EveryTypeHasItsName) {
  for (const std::string& name : TypeNames()) {
    const auto type = TypeOf(name);
    ASSERT_TRUE(type);
    EXPECT_EQ(TypeOf(ToString(*type)), type) << name;
  }
}

}  // namespace
}  // namespace sstpgw::cp::radius
