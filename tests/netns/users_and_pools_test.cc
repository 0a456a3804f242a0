// Users, passwords, address pools. One lab; every case loads its own configuration.
//
//   client (test's own thread, packet by packet) ──── server: both daemons
#include <set>

#include "tests/netns/lab_suite.h"

namespace sstpgw::test {
namespace {

using client::ClientOptions;
using client::FailureKind;
using client::Phase;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class UsersAndPoolsTest : public LabSuite<UsersAndPoolsTest> {
 public:
  static LabConfig Config() { return {}; }

 protected:
  static ClientOptions User(const std::string& user, const std::string& password) {
    ClientOptions options;
    options.user = user;
    options.password = password;
    return options;
  }
  // Dials and returns the address, "" if it did not come up.
  static std::string AddressOf(Dialer& dialer) {
    return dialer.DialUntil(Phase::kUp) ? dialer.facts().address.ToString() : "";
  }
  static std::unique_ptr<Dialer> Hold(const std::string& user, const std::string& password) {
    return std::make_unique<Dialer>(lab().client(), lab().address(), User(user, password));
  }
};

TEST_F(UsersAndPoolsTest, B1B2TheExampleOfThePage) {
  LabConfig config;
  config.users = "test: { password: test }";
  ASSERT_TRUE(lab().Reload(config));
  Dialer dialer = Dial();
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  EXPECT_THAT(dialer.facts().address.ToString(), ContainsRegex("^10\\.0\\.0\\.[0-9]+$"));
  // B10: the server's own IPCP request carries the gateway's address, and the kernel has the pair.
  EXPECT_EQ(dialer.facts().gateway.ToString(), "10.0.0.1");
  ASSERT_TRUE(WaitActive());
  EXPECT_THAT(lab().server().Ip("addr show dev sstp0"),
              HasSubstr("inet 10.0.0.1 peer " + dialer.facts().address.ToString() + "/32"));
  // A ping of the gateway's address is answered.
  dialer.Send(client::SstpData(client::kIpv4, EchoRequestFrom(dialer.facts().address)));
  EXPECT_TRUE(dialer.Drive(
      [](client::ClientSession& session) { return session.facts().ip_packets_received > 0; }));
  HangUp(dialer);
}

TEST_F(UsersAndPoolsTest, B5PasswordsOfEveryKind) {
  LabConfig config;
  config.users =
      "test: { password: test }\n"
      "'john doe': { password: 'with \"quotes\" and #hash' }\n"
      "'jürgen': { password: 'grüße €' }\n"
      "'O''Brien\\x': { password: \"it's\" }";
  config.extra = "single-session: none";
  ASSERT_TRUE(lab().Reload(config));
  for (const AuthProtocol auth : {AuthProtocol::kPap, AuthProtocol::kChapMd5,
                                  AuthProtocol::kMsChapV1, AuthProtocol::kMsChapV2}) {
    for (ClientOptions options : {User("john doe", "with \"quotes\" and #hash"),
                                  User("jürgen", "grüße €"), User("O'Brien\\x", "it's")}) {
      options.auth = {auth};
      Dialer dialer = Dial(options);
      EXPECT_TRUE(dialer.DialUntil(Phase::kUp))
          << options.user << " with " << static_cast<int>(auth) << ": " << dialer.failure().detail;
      HangUp(dialer);
    }
  }
}

TEST_F(UsersAndPoolsTest, B5WrongPasswordIsError691) {
  ASSERT_TRUE(lab().Reload({}));
  struct Case {
    AuthProtocol auth;
    const char* message;
  };
  for (const Case& one : {Case{AuthProtocol::kMsChapV2, "^E=691 R=0 C=[0-9A-Fa-f]{32} V=3 M=.+$"},
                          Case{AuthProtocol::kMsChapV1, "^E=691 R=0 C=[0-9A-Fa-f]{16} V=2"},
                          Case{AuthProtocol::kChapMd5, "^Authentication failed"},
                          Case{AuthProtocol::kPap, "^Authentication failed"}}) {
    // Unknown user and wrong password look the same.
    for (const char* user : {"test", "nobody"}) {
      const std::size_t from = lab().gateway().LineCount();
      ClientOptions options = User(user, "wrong");
      options.auth = {one.auth};
      Dialer dialer = Dial(options);
      EXPECT_TRUE(dialer.DriveUntilFinished());
      EXPECT_EQ(dialer.failure().kind, FailureKind::kAuthentication);
      EXPECT_THAT(dialer.failure().detail, ContainsRegex(one.message));
      EXPECT_TRUE(lab().WaitLog(std::string(user) + ": authentication failed", from));
    }
  }
  EXPECT_TRUE(lab().WaitStatistic("auth_failed", 8));
  EXPECT_TRUE(lab().WaitSessions(0));
}

TEST_F(UsersAndPoolsTest, F1DisabledUserIsRefusedOthersAreNot) {
  LabConfig config;
  config.users = "test: { password: test, disable: true }\nother: { password: other }";
  ASSERT_TRUE(lab().Reload(config));
  Dialer disabled = Dial();
  EXPECT_TRUE(disabled.DriveUntilFinished());
  EXPECT_EQ(disabled.failure().kind, FailureKind::kAuthentication);
  Dialer other = Dial(User("other", "other"));
  EXPECT_TRUE(other.DialUntil(Phase::kUp));
  HangUp(other);
  ASSERT_TRUE(lab().Reload({}));
  Dialer enabled = Dial();
  EXPECT_TRUE(enabled.DialUntil(Phase::kUp)) << enabled.failure().detail;
  HangUp(enabled);
}

TEST_F(UsersAndPoolsTest, F2StaticAddressIsKeptForItsUser) {
  LabConfig config;
  config.users =
      "fixed: { password: p, static-ip: 10.0.0.3 }\n"
      "a: { password: p }\nb: { password: p }\nc: { password: p }";
  config.pools = "SSTP-POOL: { range: [10.0.0.2-10.0.0.5] }";
  ASSERT_TRUE(lab().Reload(config));
  for (int i = 0; i < 2; ++i) {
    const auto fixed = Hold("fixed", "p");
    EXPECT_EQ(AddressOf(*fixed), "10.0.0.3");
    HangUp(*fixed);
  }
  std::set<std::string> given;
  std::vector<std::unique_ptr<Dialer>> held;
  for (const char* user : {"a", "b", "c"}) {
    held.push_back(Hold(user, "p"));
    given.insert(AddressOf(*held.back()));
  }
  EXPECT_EQ(given, (std::set<std::string>{"10.0.0.2", "10.0.0.4", "10.0.0.5"}));
  held.clear();
  EXPECT_TRUE(lab().WaitSessions(0));
}

TEST_F(UsersAndPoolsTest, B6ThreeClientsHaveThreeAddressesOfTheRange) {
  LabConfig config;
  config.users = "a: { password: p }\nb: { password: p }\nc: { password: p }";
  ASSERT_TRUE(lab().Reload(config));
  std::set<std::uint32_t> given;
  std::vector<std::unique_ptr<Dialer>> held;
  for (const char* user : {"a", "b", "c"}) {
    held.push_back(Hold(user, "p"));
    ASSERT_NE(AddressOf(*held.back()), "");
    given.insert(held.back()->facts().address.value());
  }
  EXPECT_EQ(given.size(), 3u);
  EXPECT_GE(*given.begin(), 0x0a000002u);
  EXPECT_LE(*given.rbegin(), 0x0a000064u);
  EXPECT_TRUE(lab().WaitSessions(3));
  held.clear();
  EXPECT_TRUE(lab().WaitSessions(0)) << "gone without a word, sessions end";
}

TEST_F(UsersAndPoolsTest, B7PoolOfEightGivesFiveAndThenAClearRefusal) {
  LabConfig config;
  config.users = "";
  for (int i = 0; i < 6; ++i) config.users += "u" + std::to_string(i) + ": { password: p }\n";
  config.pools = "SMALL: { range: [10.1.0.0/29] }";
  config.default_pool = "SMALL";
  config.gateway_address = "10.1.0.1";
  ASSERT_TRUE(lab().Reload(config));
  std::set<std::string> given;
  std::vector<std::unique_ptr<Dialer>> held;
  for (int i = 0; i < 5; ++i) {
    held.push_back(Hold("u" + std::to_string(i), "p"));
    given.insert(AddressOf(*held.back()));
  }
  EXPECT_EQ(given,
            (std::set<std::string>{"10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"}))
      << "never network, gateway or broadcast";
  const auto sixth = Hold("u5", "p");
  EXPECT_FALSE(sixth->DialUntil(Phase::kUp));
  EXPECT_EQ(sixth->failure().kind, FailureKind::kNoAddress);
  EXPECT_TRUE(lab().WaitLog("no free IPv4 address", gateway_line_));
  EXPECT_TRUE(lab().WaitStatistic("ipcp_no_address", 1));
  HangUp(*held.front(), 4);
  const auto again = Hold("u5", "p");
  EXPECT_NE(AddressOf(*again), "") << "a released address is given again";
}

TEST_F(UsersAndPoolsTest, B8HostWithMaskStartsAtTheHost) {
  LabConfig config;
  config.pools = "SSTP-POOL: { range: [10.1.0.5/24] }";
  config.gateway_address = "10.1.0.1";
  ASSERT_TRUE(lab().Reload(config));
  Dialer dialer = Dial();
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  EXPECT_EQ(dialer.facts().address.ToString(), "10.1.0.5");
  HangUp(dialer);
}

TEST_F(UsersAndPoolsTest, B9DefaultPoolDecides) {
  LabConfig config;
  config.pools = "ONE: { range: [10.1.0.2-10.1.0.9] }\nTWO: { range: [10.2.0.2-10.2.0.9] }";
  for (const char* pool : {"ONE", "TWO"}) {
    config.default_pool = pool;
    ASSERT_TRUE(lab().Reload(config));
    Dialer dialer = Dial();
    ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
    EXPECT_THAT(dialer.facts().address.ToString(),
                HasSubstr(pool == std::string("ONE") ? "10.1.0." : "10.2.0."));
    HangUp(dialer);
  }
}

TEST_F(UsersAndPoolsTest, F10NextPoolTakesTheOverflow) {
  LabConfig config;
  config.users = "a: { password: p }\nb: { password: p }\nc: { password: p }";
  config.pools =
      "FIRST: { range: [10.1.0.2-10.1.0.3], next-pool: SECOND }\n"
      "SECOND: { range: [10.2.0.2-10.2.0.9] }";
  config.default_pool = "FIRST";
  ASSERT_TRUE(lab().Reload(config));
  std::vector<std::unique_ptr<Dialer>> held;
  std::vector<std::string> given;
  for (const char* user : {"a", "b", "c"}) {
    held.push_back(Hold(user, "p"));
    given.push_back(AddressOf(*held.back()));
  }
  EXPECT_THAT(given[0], HasSubstr("10.1.0."));
  EXPECT_THAT(given[1], HasSubstr("10.1.0."));
  EXPECT_THAT(given[2], HasSubstr("10.2.0."));
}

TEST_F(UsersAndPoolsTest, ASecondLoginReplacesTheFirst) {
  ASSERT_TRUE(lab().Reload({}));
  Dialer first = Dial();
  ASSERT_TRUE(first.DialUntil(Phase::kUp));
  Dialer second = Dial();
  // The first hears its end while the second waits for it: both have to be driven.
  ASSERT_TRUE(second.Drive([](client::ClientSession&) { return true; }));
  const TimePoint end = client::Now() + kPatience;
  while (client::Now() < end && second.session().phase() != Phase::kUp) {
    second.Drive([](client::ClientSession& session) { return session.phase() == Phase::kUp; },
                 std::chrono::milliseconds(50));
    first.DriveUntilFinished(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(second.session().phase(), Phase::kUp) << second.failure().detail;
  EXPECT_TRUE(first.DriveUntilFinished());
  EXPECT_EQ(first.failure().kind, FailureKind::kDisconnected);
  EXPECT_TRUE(lab().WaitSessions(1));
  HangUp(second);
}

}  // namespace
}  // namespace sstpgw::test
