#include "proto/base/log.h"

#include <cstdlib>

namespace sstpgw {
namespace {

class LogTest : public testing::Test {
 protected:
  void TearDown() override {
    unsetenv("JOURNAL_STREAM");
    StartLog("test", LogLevel::kInfo);
  }
  // What is written to standard error while `lines` runs.
  template <class Lines>
  static std::string Written(Lines lines) {
    testing::internal::CaptureStderr();
    lines();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, LinesLookLikeSyslogWithoutTheJournal) {
  unsetenv("JOURNAL_STREAM");
  StartLog("sstp-gateway", LogLevel::kInfo);
  EXPECT_THAT(
      Written([] { Log(LogLevel::kInfo, ":: hello"); }),
      testing::ContainsRegex("^[A-Z][a-z]+ [ 0-9]+ [0-9:]+ sstp-gateway\\[[0-9]+\\]: :: hello\n$"));
}

TEST_F(LogTest, TheJournalGetsAPriorityPerLine) {
  setenv("JOURNAL_STREAM", "8:12345", 1);
  StartLog("sstp-gateway", LogLevel::kDebug);
  EXPECT_EQ(Written([] {
              Log(LogLevel::kError, "e");
              Log(LogLevel::kWarning, "w");
              Log(LogLevel::kInfo, "i");
              Log(LogLevel::kTrace, "t");
              Log(LogLevel::kDebug, "d");
            }),
            "<3>e\n<4>w\n<6>i\n<6>t\n<7>d\n");
}

TEST_F(LogTest, OnlyEnabledLevelsAndWholeLines) {
  setenv("JOURNAL_STREAM", "8:12345", 1);
  StartLog("x", LogLevel::kWarning);
  EXPECT_FALSE(LogEnabled(LogLevel::kInfo));
  EXPECT_EQ(Written([] {
              Log(LogLevel::kInfo, "no");
              Log(LogLevel::kOff, "never");
              Log(LogLevel::kError, "one\ntwo");
            }),
            "<3>one\\x0atwo\n");
}

}  // namespace
}  // namespace sstpgw
