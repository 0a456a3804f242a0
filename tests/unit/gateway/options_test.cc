#include "gateway/options.h"

#include <fstream>

#include "tests/support/temp_dir.h"

namespace sstpgw::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CommandLine Parse(const std::vector<std::string>& arguments) {
  return ParseCommandLine(arguments, "edge_1.example (lab)", "1.2.3");
}

TEST(Options, DefaultsSuitOneHost) {
  const CommandLine line = Parse({});
  ASSERT_FALSE(line.exit_code) << line.text;
  EXPECT_EQ(line.options.name, "edge_1.example--lab-");
  EXPECT_THAT(line.options.control_addresses, ElementsAre("unix:/run/sstpgw/link.sock"));
  EXPECT_EQ(line.options.workers, 0U);
  EXPECT_FALSE(line.options.log_level);
}

TEST(Options, AllCanBeGiven) {
  const CommandLine line =
      Parse({"--name", "edge1", "--controlplane", "unix:/a", "--controlplane", "unix:/b",
             "--workers", "3", "--handshake-threads", "2", "--log-level", "5"});
  ASSERT_FALSE(line.exit_code) << line.text;
  EXPECT_EQ(line.options.name, "edge1");
  EXPECT_THAT(line.options.control_addresses, ElementsAre("unix:/a", "unix:/b"));
  EXPECT_EQ(line.options.workers, 3U);
  EXPECT_EQ(line.options.handshake_threads, 2U);
  EXPECT_EQ(line.options.log_level, LogLevel::kDebug);
}

TEST(Options, BootstrapFileHasTheSameKeys) {
  const test::TempDir directory;
  const std::string file = directory.path() + "/gateway.conf";
  std::ofstream(file) << "# one gateway\nname = edge7\ncontrolplane = [\"unix:/x\"]\nworkers = 4\n";
  const CommandLine line = Parse({"--config", file, "--workers", "1"});
  ASSERT_FALSE(line.exit_code) << line.text;
  EXPECT_EQ(line.options.name, "edge7");
  EXPECT_THAT(line.options.control_addresses, ElementsAre("unix:/x"));
  EXPECT_EQ(line.options.workers, 1U);  // the command line is stronger
}

TEST(Options, MistakesAreNamedAndEndWithTwo) {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"--name", "a b"},
                                             {"--log-level", "6"},
                                             {"--workers", "-1"},
                                             {"--workers", "many"},
                                             {"--frobnicate"},
                                             {"stray"},
                                             {"--config", "/nonexistent/gateway.conf"}}) {
    const CommandLine line = Parse(arguments);
    EXPECT_EQ(line.exit_code, 2) << arguments[0];
    EXPECT_FALSE(line.text.empty()) << arguments[0];
  }
}

TEST(Options, HelpAndVersion) {
  const CommandLine help = Parse({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* option : {"--name", "--controlplane", "--config", "--workers",
                             "--handshake-threads", "--version", "--log-level"}) {
    EXPECT_THAT(help.text, HasSubstr(option));
  }
  const CommandLine version = Parse({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.text, HasSubstr("sstp-gateway 1.2.3"));
}

}  // namespace
}  // namespace sstpgw::gateway
