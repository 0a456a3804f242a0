#include "controlplane/cli/commands.h"

#include <sstream>

namespace sstpgw::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

Outcome RunWith(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "sstpctl");
  std::ostringstream out;
  std::ostringstream err;
  Outcome outcome;
  outcome.code = RunSstpctl(static_cast<int>(arguments.size()), arguments.data(), out, err);
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

TEST(Sstpctl, HelpHasCommandsAndExamples) {
  const Outcome help = RunWith({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* part : {"show", "terminate", "shaper", "config", "reload", "watch", "drain",
                           "log", "--socket", "--json", "Examples:", "Exit codes:"}) {
    EXPECT_THAT(help.out, HasSubstr(part));
  }
  EXPECT_THAT(RunWith({"show", "sessions", "--help"}).out, HasSubstr("calling-sid"));
  EXPECT_THAT(RunWith({"show", "sessions", "--help"}).out, HasSubstr("--wide"));
  EXPECT_THAT(RunWith({"show", "statistics", "--help"}).out, HasSubstr("longest"));
  EXPECT_THAT(RunWith({"show", "shaper", "--help"}).out, HasSubstr("achieved"));
  EXPECT_THAT(RunWith({"show", "radius", "--help"}).out, HasSubstr("Error-Cause"));
  EXPECT_THAT(RunWith({"shaper", "change", "--help"}).out, HasSubstr("DOWN/UP"));
  EXPECT_THAT(RunWith({"shaper", "restore", "--help"}).out, HasSubstr("temporary"));
  EXPECT_THAT(RunWith({"--version"}).out, HasSubstr("sstpctl "));
}

TEST(Sstpctl, WrongCommandLinesAreRefused) {
  EXPECT_GE(RunWith({}).code, 100);
  EXPECT_GE(RunWith({"show"}).code, 100);
  EXPECT_GE(RunWith({"bogus"}).code, 100);
  EXPECT_GE(RunWith({"terminate", "user"}).code, 100);
  EXPECT_GE(RunWith({"drain", "perhaps"}).code, 100);
  EXPECT_GE(RunWith({"log", "level", "9"}).code, 100);
  EXPECT_GE(RunWith({"shaper"}).code, 100);
  EXPECT_GE(RunWith({"shaper", "change", "sstp0"}).code, 100);
  EXPECT_GE(RunWith({"shaper", "change", "sstp0", "1/1", "for-ever"}).code, 100);
  EXPECT_GE(RunWith({"shaper", "restore"}).code, 100);
  EXPECT_GE(RunWith({"show", "sessions", "--wide", "--columns", "ip"}).code, 100);
}

TEST(Sstpctl, NamesTheUnknownWordTheNearestAndAllThatThereAre) {
  struct Case {
    std::vector<const char*> arguments;
    const char* answer;
  };
  for (const Case& wrong :
       {Case{{"show", "sesions"},
             "Unknown command 'sesions' after 'show', did you mean 'sessions'?\n"
             "There are: sessions, shaper, statistics, radius, pools, gateways, version\n"},
        Case{{"shwo"},
             "Unknown command 'shwo', did you mean 'show'?\n"
             "There are: show, terminate, shaper, config, reload, watch, drain, log\n"},
        Case{{"shwo", "sessions"}, "Unknown command 'shwo', did you mean 'show'?\n"},
        Case{{"--bogus"},
             "Unknown option '--bogus'\nThere are: --help, --version, --socket, --json\n"},
        Case{{"terminate", "foo", "bar"},
             "Unknown command 'foo' after 'terminate'\n"
             "There are: interface, user, address, session, calling-id, all\n"},
        Case{{"show", "sessions", "--colums=ip"},
             "Unknown option '--colums=ip' after 'show sessions', did you mean '--columns'?\n"
             "There are: --help, --version, --socket, --json, --columns, --wide, --order, "
             "--match\n"},
        Case{{"show", "pools", "all"}, "'show pools' takes no argument 'all'\n"},
        Case{{"x\x1b[31m"}, "Unknown command 'x\\x1b[31m'\n"},
        Case{{"show"}, "A command is missing after 'show': sessions, shaper, statistics, "},
        Case{{}, "A command is missing: show, terminate, "},
        Case{{"terminate", "user"}, "value is required"}}) {
    const Outcome outcome = RunWith(wrong.arguments);
    EXPECT_GE(outcome.code, 100);
    EXPECT_THAT(outcome.err, StartsWith(wrong.answer));
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(Sstpctl, SaysThatNobodyIsThereAndWhatToDo) {
  const Outcome outcome = RunWith({"--socket", "/nonexistent/operator.sock", "show", "sessions"});
  EXPECT_EQ(outcome.code, kExitUnreachable);
  EXPECT_THAT(outcome.err, HasSubstr("sstp server is not running (/nonexistent/operator.sock: No "
                                     "such file or directory)"));
  EXPECT_THAT(outcome.err, HasSubstr("Start sstp-controlplane"));
}

}  // namespace
}  // namespace sstpgw::cli
