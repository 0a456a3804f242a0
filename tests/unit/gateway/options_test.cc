#include "gateway/options.h"

#include <fstream>

#include "gateway/bootstrap_file.h"
#include "tests/support/temp_dir.h"

namespace sstpgw::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

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

TEST(Options, BootstrapFileIsReadInEveryFormItHas) {
  const test::TempDir directory;
  const std::string file = directory.Write("gateway.conf",
                                           "\n; old style\n  name='edge#7' # comment\r\n"
                                           "controlplane = unix:/a, \"unix:/b\"\n"
                                           "log-level = 2\n"
                                           "controlplane = [ unix:/c ]");
  const auto entries =
      ParseBootstrap(test::ReadFile(file), file, {"name", "controlplane", "log-level"});
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_THAT(entries->at(0).values, ElementsAre("edge#7"));
  EXPECT_THAT(entries->at(1).values, ElementsAre("unix:/a", "unix:/b", "unix:/c"));
  EXPECT_EQ(entries->at(2).key, "log-level");
}

// A key that is passed over would be a gateway that runs as nobody has told it to.
TEST(Options, BootstrapFileIsRefusedForWhatItCannotMean) {
  const test::TempDir directory;
  const std::string file = directory.Write("gateway.conf",
                                           "name = edge7\n"
                                           "contolplane = unix:/x\n"
                                           "workers 4\n"
                                           "handshake_threads = 2\n"
                                           "name =\n"
                                           "controlplane = [unix:/x,\n"
                                           "unix:/y]\n"
                                           "[gateway]\n"
                                           "colour = blue\n"
                                           "config = /other\n"
                                           "help = true\n");
  const CommandLine line = Parse({"--config", file});
  EXPECT_EQ(line.exit_code, 2);
  const std::string at = file + ":";
  for (const std::string& wrong :
       {at + "2: unknown key 'contolplane', did you mean 'controlplane'? (there are name, "
             "controlplane, workers, handshake-threads, shaped-sessions, bpf-pins, log-level)\n",
        at + "3: 'workers 4' is no `key = value`\n",
        at + "4: unknown key 'handshake_threads', did you mean 'handshake-threads'?",
        at + "5: name has no value", at + "6: controlplane has no value, or a list without its end",
        at + "7: 'unix:/y]' is no `key = value`", at + "8: '[gateway]' is no `key = value`",
        at + "9: unknown key 'colour' (there are", at + "10: unknown key 'config'",
        at + "11: unknown key 'help'"}) {
    EXPECT_THAT(line.text, HasSubstr(wrong));
  }
  EXPECT_THAT(line.text, Not(HasSubstr(at + "1:")));
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
