#include "controlplane/config/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sstpgw::cp {
namespace {

using ::testing::SizeIs;

TEST(Report, IssuesStandWhereTheNodeOrItsParentStands) {
  Report report;
  report.Note("sstp", {1, 1, ""});
  report.Note("sstp.pool", {4, 3, ""});
  report.Note("sstp.pool.range[0]", {5, 9, "10.0.0.1"});
  report.Error("sstp.pool.next", "is missing");
  report.Error("sstp.pool.range[0]", "is bad", "Do better.");
  report.Error("other", "is missing");
  const std::vector<Issue> issues = report.TakeErrors();
  ASSERT_THAT(issues, SizeIs(3));
  EXPECT_EQ(Render("f.yaml", issues[0]), "f.yaml: other: is missing");
  EXPECT_EQ(Render("f.yaml", issues[1]), "f.yaml:4:3: sstp.pool.next: is missing");
  EXPECT_EQ(Render("f.yaml", issues[2]),
            "f.yaml:5:9: sstp.pool.range[0]: 10.0.0.1: is bad. Do better.");
  EXPECT_FALSE(report.has_errors());
}

TEST(Report, KnowsWhatIsFaulty) {
  Report report;
  report.Error("a.b[1].c", "is bad");
  for (const char* path : {"a", "a.b", "a.b[1]", "a.b[1].c"}) EXPECT_TRUE(report.Faulty(path));
  for (const char* path : {"", "a.b[1].d", "a.b[0]", "a.bb"}) EXPECT_FALSE(report.Faulty(path));
}

TEST(Report, KnowsWhatWasRefusedAsAWhole) {
  Report report;
  report.Error("a.b", "is bad");
  for (const char* path : {"a.b", "a.b[1].c", "a.b.c"}) EXPECT_TRUE(report.Refused(path));
  for (const char* path : {"", "a", "a.bb", "a.c"}) EXPECT_FALSE(report.Refused(path));
}

TEST(Below, QuotesWhatCouldBeMistaken) {
  EXPECT_EQ(Below("", "sstp"), "sstp");
  EXPECT_EQ(Below("a", "b-1_x+@"), "a.b-1_x+@");
  EXPECT_EQ(Below("a", "b.c"), "a.\"b.c\"");
  EXPECT_EQ(Below("a", ""), "a.\"\"");
  EXPECT_EQ(Below("a", "x\n"), "a.\"x\\x0a\"");
  EXPECT_EQ(Below("a", "J\xc3\xbcrgen"), "a.J\xc3\xbcrgen");
  EXPECT_EQ(Below("a", "\xc2\x9b[31m"),
            "a.\"\\xc2\\x9b[31m\"");  // CSI, a terminal's control character
  EXPECT_EQ(Below("a", std::string(1000, 'k')).size(), 2 + 2 + 64 + 3U);
  EXPECT_EQ(Item("a", 3), "a[3]");
}

TEST(Shown, IsShortAndHarmless) {
  EXPECT_EQ(Shown("a\tb"), "a\\x09b");
  EXPECT_EQ(Shown(std::string(64, 'x')), std::string(64, 'x'));
  EXPECT_EQ(Shown(std::string(65, 'x')), std::string(64, 'x') + "...");
  EXPECT_EQ(Shown(std::string(63, 'x') + "\xc3\xbc"), std::string(63, 'x') + "...");
}

}  // namespace
}  // namespace sstpgw::cp
