// sstpctl against a running control plane.
#include <sstream>

#include "controlplane/cli/commands.h"
#include "tests/unit/app/app_bench.h"
#include "tests/unit/app/fake_gateway.h"

namespace sstpgw::cp {
namespace {

using ::testing::HasSubstr;

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
    gateway_->Await(v1::ToGateway::kSettings);
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
  EXPECT_THAT(err_, HasSubstr("failed\n"));
  EXPECT_THAT(err_, HasSubstr("sstp.mtu"));
  EXPECT_EQ(Run({"config", "check", "/nonexistent.yaml"}), 1);
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
