// "sstpctl reload" as operators and gateways live through it: taken by all, refused by one, silent.
#include <future>

#include "tests/unit/app/app_bench.h"
#include "tests/unit/app/fake_gateway.h"

namespace sstpgw::cp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A reload ends when the gateways have answered, so it runs beside them.
class ReloadTest : public AppBench {
 protected:
  FakeGateway Gateway() { return FakeGateway(link_socket(), "gw1", "boot1"); }
  struct Ended {
    grpc::Status status;
    v1::ReloadResponse response;
  };
  std::future<Ended> Reload() {
    return std::async(std::launch::async, [this] {
      Ended ended;
      ended.status = Call(&v1::Operator::Stub::Reload, {}, &ended.response);
      return ended;
    });
  }
  bool LetIn(FakeGateway& gateway, const std::string& session, const std::string& user,
             const std::string& password) {
    v1::AuthorizeResponse response;
    EXPECT_TRUE(gateway.Authorize(gateway.PapQuestion(session, user, password), &response).ok());
    return response.has_accept();
  }
};

TEST_F(ReloadTest, SendsNewSettingsOnlyWhenTheyChange) {
  FakeGateway gateway = Gateway();
  gateway.Attach();
  const auto before = gateway.ApplySettings();
  gateway.ReportAndWait(v1::SESSION_EVENT_KIND_DOWN, FakeGateway::Record("none", "", 0));
  const Ended same = Reload().get();
  ASSERT_TRUE(same.status.ok()) << same.status.error_message();
  EXPECT_FALSE(same.response.settings_changed());
  WriteConfig("  port: 8443\n");
  auto reload = Reload();
  const auto after = gateway.ApplySettings();
  const Ended changed = reload.get();
  ASSERT_TRUE(changed.status.ok()) << changed.status.error_message();
  EXPECT_TRUE(changed.response.settings_changed());
  EXPECT_EQ(changed.response.warning_count(), 0U);
  EXPECT_EQ(after.port(), 8443U);
  EXPECT_EQ(after.generation(), before.generation() + 1);
}

TEST_F(ReloadTest, WhatOneGatewayRefusesChangesNothingAnywhere) {
  FakeGateway gateway = Gateway();
  gateway.Attach();
  gateway.ApplySettings();
  FakeGateway other(link_socket(), "gw2", "boot-of-gw2");
  other.Attach();
  const auto before = other.ApplySettings();
  WriteConfig("  port: 8443\n  single-session: none\n");
  auto reload = Reload();
  EXPECT_EQ(gateway.ApplySettings().port(), 8443U);
  EXPECT_EQ(other.RefuseSettings("port 8443 is in use").port(), 8443U);
  const Ended ended = reload.get();
  EXPECT_EQ(ended.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(ended.status.error_message(), HasSubstr("gateway gw2"));
  EXPECT_THAT(ended.status.error_message(), HasSubstr("port 8443 is in use"));
  EXPECT_THAT(ended.status.error_message(), HasSubstr("running configuration stays"));
  for (FakeGateway* one : {&gateway, &other}) {
    const auto back = one->ApplySettings();
    EXPECT_EQ(back.port(), before.port());
    EXPECT_EQ(back.generation(), before.generation() + 2);
  }
  v1::GetConfigResponse config;
  ASSERT_TRUE(Call(&v1::Operator::Stub::GetConfig, {}, &config).ok());
  EXPECT_THAT(config.yaml(), Not(HasSubstr("8443")));
}

TEST_F(ReloadTest, UsersOfARefusedConfigurationAreNotLetIn) {
  FakeGateway gateway = Gateway();
  gateway.Attach();
  gateway.ApplySettings();
  WriteConfig("  port: 8443\n", "10.0.0.2-10.0.0.100", "newcomer: { password: new }");
  auto reload = Reload();
  gateway.RefuseSettings("no");
  EXPECT_FALSE(reload.get().status.ok());
  EXPECT_FALSE(LetIn(gateway, "s1", "newcomer", "new"));
  EXPECT_TRUE(LetIn(gateway, "s2", "test", "test"));
  WriteConfig("", "10.0.0.2-10.0.0.100", "newcomer: { password: new }");
  gateway.ApplySettings();  // the way back
  auto again = Reload();
  EXPECT_TRUE(again.get().status.ok());
  EXPECT_TRUE(LetIn(gateway, "s3", "newcomer", "new"));
}

TEST_F(ReloadTest, RefusedSettingsAreOfferedAgain) {
  FakeGateway gateway = Gateway();
  gateway.Attach();
  const auto first = gateway.RefuseSettings("port 443 is in use");
  gateway.ReportAndWait(v1::SESSION_EVENT_KIND_DOWN, FakeGateway::Record("none", "", 0));
  auto reload = Reload();
  EXPECT_EQ(gateway.RefuseSettings("port 443 is in use").generation(), first.generation());
  const Ended ended = reload.get();
  ASSERT_TRUE(ended.status.ok()) << "the file is as it was, and so is the gateway";
  ASSERT_EQ(ended.response.warning_count(), 1U);
  EXPECT_THAT(ended.response.problems(0).reason(), HasSubstr("port 443 is in use"));
  // And by itself, some seconds later.
  EXPECT_EQ(gateway.ApplySettings().generation(), first.generation());
}

TEST_F(ReloadTest, ASecondReloadHasToWait) {
  FakeGateway gateway = Gateway();
  gateway.Attach();
  gateway.ApplySettings();
  WriteConfig("  port: 8443\n");
  auto first = Reload();
  EXPECT_EQ(gateway.Await(v1::ToGateway::kSettings).settings().settings().port(), 8443U);
  const Ended second = Reload().get();
  EXPECT_FALSE(second.status.ok());
  EXPECT_THAT(second.status.error_message(), HasSubstr("still trying the reload before"));
  const Ended ended = first.get();  // the gateway never answered
  ASSERT_TRUE(ended.status.ok());
  ASSERT_EQ(ended.response.warning_count(), 1U);
  EXPECT_THAT(ended.response.problems(0).reason(), HasSubstr("has not answered yet"));
}

}  // namespace
}  // namespace sstpgw::cp
