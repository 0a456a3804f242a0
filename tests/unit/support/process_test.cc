#include "tests/support/process.h"

#include <gtest/gtest.h>

#include <csignal>

namespace sstpgw::test {
namespace {

constexpr std::chrono::seconds kLong{20};

TEST(Process, CapturesLinesAndExitCode) {
  Process process({"sh", "-c", "echo one; echo two >&2; printf three; exit 7"});
  EXPECT_EQ(process.WaitForLine("^th", kLong), "three");
  EXPECT_EQ(process.Wait(kLong), 7);
  EXPECT_EQ(process.Lines().size(), 3u);
  EXPECT_FALSE(process.WaitForLine("four", kLong));
  EXPECT_FALSE(process.WaitForLine("one", kLong, 3));
}

TEST(Process, EnvironmentIsAdded) {
  const Finished done = RunProcess({"sh", "-c", "echo $COLOUR"}, {nullptr, {"COLOUR=blue"}, ""});
  EXPECT_EQ(done.output, "blue\n");
}

TEST(Process, SignalsReachOnlyTheChild) {
  Process process({"sleep", "1000"});
  EXPECT_TRUE(process.running());
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(kLong), 128 + SIGTERM);
  EXPECT_FALSE(process.running());
}

TEST(Process, AMissingProgramSaysSo) {
  EXPECT_EQ(RunProcess({"/nonexistent/program"}).exit_code, 127);
}

TEST(Process, IsKilledWithItsObject) {
  pid_t pid = 0;
  {
    const Process process({"sleep", "1000"});
    pid = process.pid();
    ASSERT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

}  // namespace
}  // namespace sstpgw::test
