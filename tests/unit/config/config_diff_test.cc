#include "controlplane/config/config_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_fixture.h"

namespace sstpgw::cp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "-path: value" and "+path: value" of each difference.
std::vector<std::string> Lines(const std::vector<ConfigDifference>& differences) {
  std::vector<std::string> lines;
  for (const ConfigDifference& one : differences) {
    if (one.before) lines.push_back("-" + one.path + ": " + *one.before);
    if (one.after) lines.push_back("+" + one.path + ": " + *one.after);
  }
  return lines;
}

std::vector<std::string> Diff(const std::string& before, const std::string& after) {
  const ControlConfig nothing;
  return Lines(DiffConfigs({before, nothing}, {after, nothing}));
}

TEST(DiffConfigs, LayoutAndOrderOfKeysMakeNoDifference) {
  EXPECT_THAT(Diff("sstp: { port: 443, mtu: '1400' }\n",
                   "# a comment\nsstp:\n  mtu: 1400\n  port: \"443\"\n"),
              IsEmpty());
}

TEST(DiffConfigs, ListsArePathsWithAnIndex) {
  EXPECT_THAT(Diff("sstp: { listen: [10.0.0.1, 10.0.0.2] }\n", "sstp: { listen: [10.0.0.1] }\n"),
              ElementsAre("-sstp.listen[1]: 10.0.0.2"));
}

TEST(DiffConfigs, WhatIsEmptyIsShown) {
  EXPECT_THAT(Diff("sstp: { a: {}, b: }\n", "sstp: {}\n"),
              ElementsAre("+sstp: ", "-sstp.a: ", "-sstp.b: "));
}

TEST(DiffConfigs, TextsAreEscaped) {
  EXPECT_THAT(Diff("sstp: {}\n", "sstp: { \"a\\n.b\": \"\\e[31m\" }\n"),
              ElementsAre("-sstp: ", "+sstp.\"a\\x0a.b\": \\x1b[31m"));
}

// The texts have "***" where a password is, so only the values tell.
TEST(DiffConfigs, ChangedPasswordsAreToldNotShown) {
  const std::string path = "sstp.authentication.local-users";
  const auto with = [](const std::string& password) {
    ControlConfig config;
    config.local_users["ann"].password = Secret(std::string_view(password));
    config.local_users["b.c"].password = Secret(std::string_view("same"));
    return config;
  };
  const std::string yaml =
      "sstp: { authentication: { local-users: { ann: { password: '***' }, "
      "b.c: { password: '***' } } } }\n";
  const ControlConfig one = with("one");
  const ControlConfig two = with("two");
  EXPECT_THAT(Lines(DiffConfigs({yaml, one}, {yaml, two})),
              ElementsAre("-" + path + ".ann.password: ***", "+" + path + ".ann.password: ***"));
  EXPECT_THAT(Lines(DiffConfigs({yaml, one}, {yaml, with("one")})), IsEmpty());
}

TEST(DiffConfigs, ChangedRadiusKeysAreToldNotShown) {
  const auto with = [](const std::string& second, const std::string& author) {
    ControlConfig config;
    RadiusConfig& radius = config.radius.emplace();
    radius.servers.resize(2);
    radius.servers[0].key = Secret(std::string_view("same"));
    radius.servers[1].key = Secret(std::string_view(second));
    radius.dynamic_author.emplace().key = Secret(std::string_view(author));
    return config;
  };
  const std::string path = "sstp.authentication.radius";
  const ControlConfig one = with("one", "coa");
  EXPECT_THAT(
      Lines(DiffConfigs({"sstp: {}\n", one}, {"sstp: {}\n", with("two", "COA")})),
      ElementsAre("-" + path + ".dynamic-author.key: ***", "+" + path + ".dynamic-author.key: ***",
                  "-" + path + ".servers[1].key: ***", "+" + path + ".servers[1].key: ***"));
  EXPECT_THAT(Lines(DiffConfigs({"sstp: {}\n", one}, {"sstp: {}\n", with("one", "coa")})),
              IsEmpty());
  // A server that is new or gone is told by its other nodes.
  ControlConfig fewer = with("one", "coa");
  fewer.radius->servers.pop_back();
  fewer.radius->dynamic_author.reset();
  EXPECT_THAT(Lines(DiffConfigs({"sstp: {}\n", one}, {"sstp: {}\n", fewer})), IsEmpty());
}

}  // namespace
}  // namespace sstpgw::cp
