// sstpctl against a running control plane.
#include <future>
#include <sstream>

#include "controlplane/cli/commands.h"
#include "tests/unit/app/app_bench.h"
#include "tests/unit/app/fake_gateway.h"

namespace sstpgw::cp {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class SstpctlTest : public AppBench {
 protected:
  void SetUp() override {
    AppBench::SetUp();
    gateway_ = std::make_unique<FakeGateway>(link_socket(), "gw1", "boot1");
    v1::SessionRecord record = FakeGateway::Record("s1", "test", 0x0a000002);
    record.set_calling_station("192.168.10.100");
    record.set_uptime_seconds(86400);
    record.mutable_counters()->set_rx_bytes(16691);
    record.mutable_counters()->set_tx_bytes(210);
    gateway_->Attach({record});
    gateway_->ApplySettings();
    gateway_->ReportAndWait(v1::SESSION_EVENT_KIND_DOWN, FakeGateway::Record("none", "", 0));
  }
  void TearDown() override {
    gateway_.reset();
    AppBench::TearDown();
  }

  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"sstpctl", "--socket", operator_socket()});
    std::vector<const char*> words;
    for (const std::string& argument : arguments) words.push_back(argument.c_str());
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::RunSstpctl(static_cast<int>(words.size()), words.data(), out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::unique_ptr<FakeGateway> gateway_;
  std::string out_;
  std::string err_;
};

TEST_F(SstpctlTest, ShowSessionsPrintsThePagesTable) {
  EXPECT_EQ(Run({"show", "sessions"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr(" ifname | username |    ip    | ip6 | ip6-dp |   calling-sid  |"));
  EXPECT_THAT(out_, HasSubstr(" sstp0  | test     | 10.0.0.2 |     |        | 192.168.10.100 |"
                              "            | active | 1.00:00:0"));
  EXPECT_THAT(out_, HasSubstr("| 16.3 KiB | 210 B\n"));
  EXPECT_EQ(Run({"show", "sessions", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"rx-bytes-raw\": 16691"));
  EXPECT_EQ(Run({"show", "sessions", "--columns", "username,ip", "--match", "ip=^10", "--match",
                 "username=x"}),
            0);
  EXPECT_EQ(out_, " username | ip\n----------+----\n");
  EXPECT_EQ(Run({"show", "sessions", "--columns", "bogus"}), 1);
  EXPECT_EQ(err_, "unknown column bogus\n");
}

TEST_F(SstpctlTest, TheOtherTables) {
  EXPECT_EQ(Run({"show", "statistics"}), 0);
  EXPECT_THAT(out_, HasSubstr("sessions:\n  starting: 0\n  active: 1\n  finishing: 0\nsstp:\n"));
  EXPECT_EQ(Run({"show", "radius"}), 0);
  EXPECT_EQ(out_, "authentication mode is local, no RADIUS server is asked\n");
  EXPECT_EQ(Run({"show", "radius", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"enabled\": false"));
  EXPECT_EQ(Run({"show", "pools"}), 0);
  EXPECT_THAT(out_, HasSubstr("SSTP-POOL"));
  EXPECT_EQ(Run({"--json", "show", "gateways"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"gateway\": \"gw1\""));
  EXPECT_EQ(Run({"show", "version"}), 0);
  EXPECT_THAT(out_, HasSubstr("sstp-controlplane 0.0.2"));
}

TEST_F(SstpctlTest, TerminatePrintsHowManyOrNotFound) {
  EXPECT_EQ(Run({"terminate", "user", "test", "--hard"}), 0);
  EXPECT_EQ(out_, "1 session terminated\n");
  EXPECT_TRUE(gateway_->Await(v1::ToGateway::kDisconnect).disconnect().hard());
  EXPECT_EQ(Run({"terminate", "interface", "sstp9"}), 1);
  EXPECT_EQ(err_, "not found\n");
  EXPECT_EQ(Run({"terminate", "address", "nonsense"}), 1);
  EXPECT_THAT(err_, HasSubstr("'nonsense' is not an IPv4 address"));
  EXPECT_EQ(Run({"terminate", "all", "--json"}), 0);
  EXPECT_EQ(out_, "{\n  \"terminated\": 1\n}\n");
}

TEST_F(SstpctlTest, ShaperChangeAndRestore) {
  const auto answer = [&](const std::string& refusal = "") {
    return std::async(std::launch::async, [this, refusal] {
      return refusal.empty() ? gateway_->ApplyPolicy() : gateway_->RefusePolicy(refusal);
    });
  };
  auto order = answer();
  EXPECT_EQ(Run({"shaper", "change", "sstp0", "10M/512"}), 0) << err_;
  EXPECT_EQ(out_, "1 session changed\n");
  EXPECT_EQ(order.get().policy().rate_limit().down().rate_bits_per_second(), 10'000'000U);
  EXPECT_EQ(Run({"show", "sessions", "--columns", "ifname,rate-limit,rate-source"}), 0);
  EXPECT_THAT(out_, HasSubstr(" sstp0  | 10000/512  | changed\n"));
  order = answer();
  EXPECT_EQ(Run({"shaper", "change", "all", "1M/1M", "temp", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"changed\": 1,\n  \"refused\": 0,\n  \"unanswered\": 0"));
  order.get();
  EXPECT_EQ(Run({"show", "shaper"}), 0);
  EXPECT_THAT(out_, HasSubstr(" sstp0  | test     | 1000/1000  | temporary |"));
  EXPECT_EQ(Run({"show", "shaper", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"source\": \"temporary\""));
  order = answer("no qdisc for that");
  EXPECT_EQ(Run({"shaper", "restore", "sstp0"}), 1);
  EXPECT_EQ(err_, "sstp0: refused: no qdisc for that\n");
  EXPECT_EQ(out_, "0 sessions restored\n");
  order.get();
  order = answer();
  EXPECT_EQ(Run({"shaper", "restore", "all"}), 0);
  EXPECT_EQ(out_, "1 session restored\n");
  EXPECT_EQ(order.get().policy().rate_limit().up().rate_bits_per_second(), 512'000U);
}

TEST_F(SstpctlTest, ShaperOrdersThatCannotBe) {
  EXPECT_EQ(Run({"shaper", "change", "sstp9", "10M/2M"}), 1);
  EXPECT_EQ(err_, "not found\n");
  EXPECT_EQ(Run({"shaper", "restore", "sstp9"}), 1);
  EXPECT_EQ(err_, "not found\n");
  EXPECT_EQ(Run({"shaper", "change", "sstp0", "10M/fast"}), 1);
  EXPECT_EQ(err_, "'10M/fast' is no DOWN/UP: no number at position 5\n");
  EXPECT_EQ(Run({"shaper", "change", "sstp0", "3,10M/1M", "temp"}), 1);
  EXPECT_EQ(err_, "'3,10M/1M' is for a time range, which a temporary limit has not\n");
  EXPECT_EQ(Run({"shaper", "change", "\xff", "1/1"}), 1);
  EXPECT_EQ(err_, "interface '\\xff' is not UTF-8, so nothing has that name\n");
  EXPECT_EQ(Run({"shaper", "change", "sstp0", "\xff"}), 1);
  gateway_->Hang();
  // Its stream is over before the next answer that needs it.
  while (Run({"show", "gateways", "--json"}) == 0 &&
         out_.find("\"attached\": true") != std::string::npos) {
  }
  EXPECT_EQ(Run({"shaper", "change", "sstp0", "10M/2M"}), 1);
  EXPECT_EQ(err_,
            "sstp0: not confirmed, takes effect when its gateway can: gateway 'gw1' is not "
            "attached\n");
}

TEST_F(SstpctlTest, ConfigAndReload) {
  EXPECT_EQ(Run({"config", "check", config_path()}), 0) << out_ << err_;
  EXPECT_THAT(out_, HasSubstr("sstp.yaml: valid\n"));
  EXPECT_EQ(Run({"config", "show"}), 0);
  EXPECT_THAT(out_, HasSubstr("default-pool: SSTP-POOL"));
  EXPECT_EQ(Run({"reload"}), 0);
  WriteConfig("  port: 0\n  mtu: 7\n");
  EXPECT_EQ(Run({"config", "check", config_path()}), 1);
  EXPECT_THAT(out_, HasSubstr("sstp.port"));
  EXPECT_THAT(out_, HasSubstr("sstp.mtu"));
  EXPECT_THAT(out_, HasSubstr("2 errors\n"));
  EXPECT_EQ(Run({"reload"}), 1);
  const std::string place = "error: " + config_path() + ":[0-9]+:3: ";
  EXPECT_THAT(
      err_, MatchesRegex("failed\n" + place + "sstp.port: 0: must be a whole number 1..65535\n" +
                         place + "sstp.mtu: 7: must be a whole number 68..1500\n" + config_path() +
                         ": 2 errors, the running configuration stays\n"));
  EXPECT_EQ(Run({"reload", "--json"}), 1);
  EXPECT_THAT(out_, HasSubstr("{\n  \"errors\": 2,\n  \"warnings\": 0,\n  \"problems\": ["));
  WriteConfig("  cli: { socket: /elsewhere.sock }\n");
  const std::string odd = "a new listening address takes effect with the next start";
  EXPECT_EQ(Run({"reload"}), 0);
  EXPECT_EQ(err_, "warning: " + config_path() + ": " + odd + "\n");
  WriteConfig("");
  EXPECT_EQ(Run({"reload", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"settings-changed\": false,\n  \"errors\": 0,\n  \"warnings\": 1"));
  EXPECT_THAT(out_, HasSubstr(odd));
}

TEST_F(SstpctlTest, ThousandsOfErrorsAreListedUpToAThousand) {
  std::string many;
  for (int i = 0; i < 1200; ++i) many += "  bogus" + std::to_string(i) + ": 1\n";
  WriteConfig(many);
  for (const bool reload : {true, false}) {
    EXPECT_EQ(reload ? Run({"reload"}) : Run({"config", "check", config_path()}), 1);
    const std::string& said = reload ? err_ : out_;
    EXPECT_THAT(said, HasSubstr("sstp.bogus0: is not a known key"));
    EXPECT_THAT(said, HasSubstr("sstp.bogus999: is not a known key\nand 200 more\n"));
    EXPECT_THAT(said, HasSubstr(config_path() + ": 1200 errors"));
  }
}

TEST_F(SstpctlTest, ConfigDiffShowsWhatAReloadWouldChange) {
  EXPECT_EQ(Run({"config", "diff"}), 0);
  EXPECT_EQ(out_, "no differences\n");
  WriteConfig("  mtu: 1400\n", "10.0.0.2-10.0.0.90", "new: { password: hunter2 }");
  EXPECT_EQ(Run({"config", "diff"}), 0) << err_;
  EXPECT_EQ(out_,
            "+ sstp.authentication.local-users.new.password: ***\n"
            "- sstp.client-ip-pool.SSTP-POOL.range[0]: 10.0.0.2-10.0.0.100\n"
            "+ sstp.client-ip-pool.SSTP-POOL.range[0]: 10.0.0.2-10.0.0.90\n"
            "+ sstp.mtu: 1400\n");
  EXPECT_EQ(Run({"config", "diff", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"path\": \"sstp.mtu\",\n    \"after\": \"1400\"\n"));
  // A text given here; the running configuration has not changed.
  const std::string file = folder_.Write("other.yaml", "sstp:\n  mtu: 7\n");
  EXPECT_EQ(Run({"config", "diff", file}), 1);
  EXPECT_THAT(err_, HasSubstr("error: " + file + ":2:3: sstp.mtu: 7: must be"));
  EXPECT_THAT(err_, HasSubstr(", nothing was compared\n"));
  EXPECT_EQ(Run({"config", "diff", config_path()}), 0);
  EXPECT_THAT(out_, HasSubstr("+ sstp.mtu: 1400\n"));
  ASSERT_EQ(::remove(config_path().c_str()), 0);
  EXPECT_EQ(Run({"config", "diff"}), 1);
  EXPECT_THAT(err_, HasSubstr("No such file"));
}

// Word for word what sstp-controlplane --check says.
TEST_F(SstpctlTest, ConfigCheckOfOddFiles) {
  const auto check = [&](const std::string& text) {
    const std::string path = folder_.Write("odd.yaml", text);
    EXPECT_EQ(Run({"config", "check", path}), 1);
    EXPECT_EQ(err_, "");
    return out_.substr(out_.find(": ") + 2 + path.size());
  };
  EXPECT_EQ(check("").substr(0, 18), ": sstp: is missing");
  EXPECT_EQ(check("sstp:\n  description: x\xff\n").substr(0, 29), ":2:17: the text is not UTF-8\n");
  EXPECT_THAT(check("sstp:\n  \"a\\nb\": 1\n"),
              HasSubstr("odd.yaml:2:3: sstp.\"a\\x0ab\": is not a known key\n"));
}

TEST_F(SstpctlTest, ConfigCheckOfWhatCannotBeRead) {
  EXPECT_EQ(Run({"config", "check", "/nonexistent.yaml"}), 1);
  EXPECT_EQ(err_, "cannot read /nonexistent.yaml: No such file or directory\n");
  EXPECT_EQ(Run({"config", "check", folder_.path()}), 1);
  EXPECT_EQ(err_, "cannot read " + folder_.path() + ": Is a directory\n");
  EXPECT_EQ(Run({"config", "check", "/dev/zero"}), 1);
  EXPECT_EQ(err_, "cannot read /dev/zero: more than 4194304 octets\n");
}

TEST_F(SstpctlTest, NamesThatAreNotUtf8AreRefused) {
  ::testing::internal::CaptureStderr();
  for (const std::string what : {"interface", "address", "session", "calling-id"}) {
    EXPECT_EQ(Run({"terminate", what, "\xff"}), 1);
    EXPECT_EQ(err_, what + " '\\xff' is not UTF-8, so nothing has that name\n");
  }
  EXPECT_EQ(Run({"terminate", "user", "\xff"}), 1);
  EXPECT_EQ(err_, "not found\n");
  EXPECT_EQ(Run({"drain", "on", "--gateway", "\xff"}), 1);
  EXPECT_EQ(err_, "gateway '\\xff' is not UTF-8, so nothing has that name\n");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), Not(HasSubstr("libprotobuf")));
}

TEST_F(SstpctlTest, DrainAndLogLevel) {
  EXPECT_EQ(Run({"drain", "on"}), 0);
  EXPECT_EQ(out_, "1 gateway draining\n");
  EXPECT_EQ(Run({"drain", "off", "--gateway", "gw1"}), 0);
  EXPECT_EQ(out_, "1 gateway open again\n");
  EXPECT_EQ(Run({"drain", "on", "--gateway", "never"}), 1);
  EXPECT_EQ(Run({"log", "level", "4"}), 0);
  EXPECT_EQ(out_, "log level 4\n");
}

TEST_F(SstpctlTest, ADeadSocketIsExplained) {
  StopControlPlane();
  EXPECT_EQ(Run({"show", "sessions"}), cli::kExitUnreachable);
  EXPECT_THAT(err_, HasSubstr("sstp server is not running (" + operator_socket()));
}

}  // namespace
}  // namespace sstpgw::cp
