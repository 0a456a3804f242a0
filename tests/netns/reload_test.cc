// Settings that a gateway cannot take just now: at the start, and by "sstpctl reload".
//
//   client ──── server: both daemons, and another program on one of their ports
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/netns/lab_suite.h"

namespace sstpgw::test {
namespace {

using client::Phase;
using ::testing::HasSubstr;
using ::testing::Not;

// Another program that listens on a port of the server.
class OtherProgram {
 public:
  OtherProgram(Namespace& where, std::uint16_t port) {
    where.Run([this, port] {
      fd_ = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in6 address{};
      address.sin6_family = AF_INET6;
      address.sin6_port = htons(port);
      listens_ = bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                 listen(fd_, 1) == 0;
    });
  }
  ~OtherProgram() { End(); }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;
  [[nodiscard]] bool listens() const { return listens_; }
  void End() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
  bool listens_ = false;
};

class ReloadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!CanUseNamespaces()) GTEST_SKIP() << SkipReason();
    lab_.emplace();
  }
  bool CanDial(std::uint16_t port, const std::string& user, const std::string& password) {
    client::ClientOptions options = TestUser();
    options.user = user;
    options.password = password;
    Dialer dialer(lab_->client(), lab_->address(port), options);
    const bool up = dialer.DialUntil(Phase::kUp);
    if (up) dialer.session().Disconnect(client::Now());
    EXPECT_TRUE(dialer.DriveUntilFinished());
    return up;
  }
  Json GatewayRow() {
    const Json gateways = lab_->CtlJson({"show", "gateways"});
    return gateways.list().empty() ? Json{} : gateways.list().front();
  }

  std::optional<Lab> lab_;
};

TEST_F(ReloadTest, APortThatIsBusyAtTheStartIsTakenWhenItIsFree) {
  OtherProgram other(lab_->server(), 443);
  ASSERT_TRUE(other.listens());
  ASSERT_TRUE(lab_->StartControlPlane());
  lab_->LaunchGateway();
  EXPECT_TRUE(lab_->WaitLog("settings of generation 1 are refused.*443.*in use"));
  EXPECT_TRUE(WaitUntil(
      [this] { return GatewayRow().at("refused-reason").text().find("443") != std::string::npos; },
      kPatience));
  other.End();
  EXPECT_TRUE(lab_->WaitLog("]: listening on \\S+:443$")) << lab_->Logs();
  EXPECT_TRUE(CanDial(443, "test", "test"));
}

TEST_F(ReloadTest, AReloadThatTheGatewayRefusesChangesNothing) {
  ASSERT_TRUE(lab_->Start());
  OtherProgram other(lab_->server(), 8443);
  ASSERT_TRUE(other.listens());
  LabConfig config;
  config.users = "newcomer: { password: new }";
  config.extra = "port: 8443";
  lab_->WriteConfig(config);
  const Finished refused = lab_->Ctl({"reload"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.output, HasSubstr("gw1"));
  EXPECT_THAT(refused.output, HasSubstr("8443"));
  EXPECT_THAT(refused.output, HasSubstr("in use"));
  EXPECT_THAT(refused.output, HasSubstr("the running configuration stays"));
  EXPECT_THAT(lab_->Ctl({"config", "show"}).output, Not(HasSubstr("8443")));
  EXPECT_TRUE(CanDial(443, "test", "test"));
  EXPECT_FALSE(CanDial(443, "newcomer", "new"));
  // All of it, once nothing is in the way.
  other.End();
  const Finished done = lab_->Ctl({"reload"});
  EXPECT_EQ(done.exit_code, 0) << done.output;
  EXPECT_TRUE(CanDial(8443, "newcomer", "new"));
  EXPECT_EQ(GatewayRow().at("applied-generation").text(),
            GatewayRow().at("desired-generation").text());
}

}  // namespace
}  // namespace sstpgw::test
