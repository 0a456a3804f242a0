// sstp-controlplane as a program: what only its main() does.
#include <signal.h>

#include "tests/support/lab.h"
#include "tests/support/process.h"
#include "tests/unit/app/app_bench.h"

namespace sstpgw::cp {
namespace {

using test::Process;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::seconds kPatience{60};

class DaemonTest : public AppBench {
 protected:
  void SetUp() override {
    AppBench::SetUp();
    StopControlPlane();
    daemon_ = std::make_unique<Process>(std::vector<std::string>{
        test::Program("sstp-controlplane"), "--config", config_path(), "--link",
        "unix:" + folder_.File("l.sock"), "--operator", folder_.File("o.sock")});
    ASSERT_TRUE(daemon_->WaitForLine("serves gateways", kPatience)) << daemon_->Output();
  }
  void TearDown() override { EXPECT_EQ(daemon_->Stop(), 0) << daemon_->Output(); }

  // What the daemon says after SIGHUP, up to the line that fits `pattern`.
  std::string ReloadUntil(const std::string& pattern) {
    const std::size_t before = daemon_->LineCount();
    daemon_->Signal(SIGHUP);
    EXPECT_TRUE(daemon_->WaitForLine(pattern, kPatience, before)) << daemon_->Output();
    return daemon_->Output(before);
  }

  std::unique_ptr<Process> daemon_;
};

TEST_F(DaemonTest, AReloadBySignalLogsEveryWarning) {
  WriteConfig(
      "  ppp-options: { min-mtu: 1453 }\n  cli: { socket: /tmp/elsewhere.sock }\n"
      "  link: { listen: \"unix:/tmp/elsewhere\" }\n");
  const std::string said = ReloadUntil("a new listening address takes effect");
  EXPECT_THAT(said, HasSubstr("configuration reloaded"));
  EXPECT_THAT(said, ContainsRegex("configuration: " + config_path() +
                                  ":[0-9]+:18: sstp.ppp-options.min-mtu: 1453: is more than the "
                                  "MTU can be, 1452 is used"));
}

TEST_F(DaemonTest, AReloadBySignalLogsEveryError) {
  WriteConfig("  port: 0\n  mtu: 1\n");
  const std::string said = ReloadUntil("sstp.mtu: 1: must be");
  EXPECT_THAT(said, HasSubstr("sstp.port: 0: must be"));
  EXPECT_THAT(said, Not(HasSubstr("configuration reloaded")));
}

TEST_F(DaemonTest, CheckCountsWhatIsWrong) {
  const auto check = [this](const std::string& settings) {
    WriteConfig(settings);
    return test::RunProcess(
               {test::Program("sstp-controlplane"), "--config", config_path(), "--check"})
        .output;
  };
  const std::string odd = "  ppp-options: { min-mtu: 1453 }\n";
  EXPECT_THAT(check(""), HasSubstr(": valid, 0 warnings\n"));
  EXPECT_THAT(check(odd), HasSubstr(": valid, 1 warning\n"));
  EXPECT_THAT(check("  port: 0\n"), HasSubstr(": 1 error, 0 warnings\n"));
  EXPECT_THAT(check("  port: 0\n  mtu: 1\n"), HasSubstr(": 2 errors, 0 warnings\n"));
}

}  // namespace
}  // namespace sstpgw::cp
