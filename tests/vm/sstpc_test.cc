// Debian's sstpc with Debian's pppd, as the documentation's client example has them, dials our
// gateway. For the guest (label vm): pppd needs /dev/ppp, and sstpc needs a few ms of delay on the
// way, else it may find the server's TLS flight there before its first read and dies; netem makes
// it.
//
//   client                                          server
//   sstpc + pppd: ppp0 10.0.0.x ...... tunnel ..... sstp0 10.0.0.1, iperf3 -s
//   wan0 192.168.10.100 ────────── veth, 5 ms ───── wan0 192.168.10.1:443
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/lab.h"
#include "tests/support/packet_builder.h"
#include "tests/support/udp_socket.h"
#include "tests/support/wait_until.h"

namespace sstpgw::test {
namespace {

LabConfig Example() {
  LabConfig config;
  config.users = "vyos: { password: vyos }";
  config.extra = "name-server: [192.0.2.53]";
  config.ppp_options = "lcp-echo-interval: 600";  // of the server's own accord nothing is sent
  config.protocol = "hello-interval: 600";
  return config;
}

// The documentation's peer file, with `protocol` in the place of mschap-v2.
std::string PeerFile(const std::string& protocol) {
  std::string text = "usepeerdns\nrequire-" + protocol + "\nnoauth\nlock\n";
  for (const char* other : {"pap", "eap", "chap", "mschap", "mschap-v2"}) {
    if (other != protocol) text += std::string("refuse-") + other + "\n";
  }
  return text + "nobsdcomp\nnodeflate\ndebug\n";
}

class SstpcLab : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (std::getenv("SG_GUEST") == nullptr) return;
    lab_ = new Lab(Example());
    lab_->server().Shell("tc qdisc add dev wan0 root netem delay 5ms");
    std::ofstream("/etc/hosts", std::ios::app) << Lab::kServer << " vpn.example.com\n";
    lab_->server().Shell("mkdir -p /run/lock /etc/ppp/peers");
    started_ = lab_->Start();
    iperf3_ = new Process({"iperf3", "-s", "--forceflush"}, {&lab_->server(), {}, "iperf3"});
    EXPECT_TRUE(iperf3_->WaitForLine("Server listening", kPatience));
  }
  static void TearDownTestSuite() {
    delete iperf3_;
    delete lab_;
    iperf3_ = nullptr;
    lab_ = nullptr;
  }
  void SetUp() override {
    if (lab_ == nullptr)
      GTEST_SKIP() << "runs in the guest only: it changes /etc and needs /dev/ppp";
    ASSERT_TRUE(started_);
  }

  // The documentation's command, with the CA made known.
  static std::vector<std::string> Command(const std::string& password) {
    return {"sstpc",           "--log-level", "4",    "--log-stderr", "--ca-cert",
            lab_->ca_file(),   "--user",      "vyos", "--password",   password,
            "vpn.example.com", "--",          "call", "vyos"};
  }
  static std::string ClientShell(const std::string& command) {
    int exit_code = -1;
    std::string output = lab_->client().Shell(command, &exit_code);
    EXPECT_EQ(exit_code, 0) << command << ":\n" << output;
    return output;
  }
  static std::string Ppp0() { return lab_->client().Shell("ip addr show dev ppp0 2>&1"); }
  // Once it has one; empty if it gets none.
  static std::string AddressOfPpp0() {
    std::smatch match;
    std::string text;
    const bool has = WaitUntil(
        [&] {
          text = Ppp0();
          return std::regex_search(text, match, std::regex("inet ([0-9.]+)"));
        },
        kPatience);
    return has ? match[1].str() : std::string();
  }
  static Json Row() { return lab_->SessionWith("username", "vyos").value_or(Json{}); }
  static bool WaitActive() {
    return WaitUntil([] { return Row().at("state").text() == "active"; }, kPatience);
  }

  static Lab* lab_;
  static Process* iperf3_;
  static bool started_;
};

Lab* SstpcLab::lab_ = nullptr;
Process* SstpcLab::iperf3_ = nullptr;
bool SstpcLab::started_ = false;

class SstpcTest : public SstpcLab, public ::testing::WithParamInterface<const char*> {};
class SstpcBursts : public SstpcLab {};
class SstpcRefused : public SstpcLab {};

TEST_P(SstpcTest, ConnectsAsOnThePageAndPassesTraffic) {
  std::ofstream("/etc/ppp/peers/vyos") << PeerFile(GetParam());
  Process sstpc(Command("vyos"), {&lab_->client(), {}, "sstpc"});
  ASSERT_TRUE(sstpc.WaitForLine("Connection Established", kPatience))
      << sstpc.Output() << lab_->Logs();
  for (const char* line :
       {"SEND SSTP CRTL PKT\\(14\\)", "TYPE\\(1\\): CONNECT REQUEST, ATTR\\(1\\)",
        "ENCAP PROTO\\(1\\): 6", "RECV SSTP CRTL PKT\\(48\\)", "CRYPTO BIND REQ\\(4\\): 40",
        "SEND SSTP CRTL PKT\\(112\\)", "CRYPTO BIND\\(3\\): 104"}) {
    EXPECT_EQ(sstpc.Matching(line).size(), 1U) << line << "\n" << sstpc.Output();
  }

  const std::string address = AddressOfPpp0();
  ASSERT_NE(address, "") << sstpc.Output() << lab_->Logs();
  EXPECT_NE(Ppp0().find("mtu 1452 "), std::string::npos) << Ppp0();
  ASSERT_TRUE(WaitActive()) << lab_->Logs();
  EXPECT_EQ(Row().at("calling-sid").text(), Lab::kClient);
  EXPECT_EQ(Row().at("ip").text(), address);
  EXPECT_NE(Ppp0().find("inet " + address + " peer 10.0.0.1/32"), std::string::npos) << Ppp0();
  EXPECT_NE(lab_->server().Ip("addr show dev sstp0").find("inet 10.0.0.1 peer " + address + "/32"),
            std::string::npos);
  EXPECT_NE(lab_->server().Ip("addr show dev sstp0").find("mtu 1452 "), std::string::npos);
  EXPECT_TRUE(WaitUntil(
      [] { return ReadFile("/etc/ppp/resolv.conf").find("192.0.2.53") != std::string::npos; },
      kPatience));

  ClientShell("ping -q -c 3 -W 20 10.0.0.1");
  ClientShell("iperf3 -c 10.0.0.1 -n 512K -i 0");
  ClientShell("iperf3 -c 10.0.0.1 -n 512K -i 0 -R");

  EXPECT_EQ(Row().at("state").text(), "active");
  sstpc.Stop(kPatience);
  EXPECT_TRUE(lab_->WaitSessions(0, kPatience)) << lab_->Logs();
  EXPECT_TRUE(
      WaitUntil([&] { return Ppp0().find("does not exist") != std::string::npos; }, kPatience));
  EXPECT_TRUE(WaitUntil([] { return lab_->server().Shell("ip -o link show type tun").empty(); },
                        kPatience));
}

INSTANTIATE_TEST_SUITE_P(PageAndPap, SstpcTest, ::testing::Values("mschap-v2", "pap"),
                         [](const auto& protocol) {
                           std::string name = protocol.param;
                           std::erase(name, '-');
                           return name;
                         });

// sstpc takes one packet of a TLS record when its socket becomes readable and keeps the others
// until more octets come. Nothing comes after these bursts.
TEST_F(SstpcBursts, NoPacketOfABurstLingers) {
  std::ofstream("/etc/ppp/peers/vyos") << PeerFile("mschap-v2");
  Process sstpc(Command("vyos"), {&lab_->client(), {}, "sstpc"});
  const std::string address = AddressOfPpp0();
  ASSERT_NE(address, "") << sstpc.Output() << lab_->Logs();
  ASSERT_TRUE(WaitActive()) << lab_->Logs();
  UdpSocket here(lab_->client(), address, 7000);
  UdpSocket there(lab_->server(), "10.0.0.1", 7000);
  const std::size_t from = lab_->gateway().LineCount();
  constexpr std::size_t kSize = 1200;
  std::uint64_t seed = 0;
  for (const std::size_t burst : {1, 2, 3, 11, 12, 13, 40}) {
    SCOPED_TRACE(burst);
    const Bytes octets = Filler(++seed, burst * kSize);
    ASSERT_TRUE(there.Send(address, 7000, octets, kSize));
    for (std::size_t i = 0; i < burst; ++i) {
      const Bytes wanted(octets.begin() + static_cast<std::ptrdiff_t>(i * kSize),
                         octets.begin() + static_cast<std::ptrdiff_t>((i + 1) * kSize));
      ASSERT_EQ(here.Receive(), wanted) << "packet " << i;
    }
  }
  EXPECT_EQ(lab_->gateway().Output(from), "") << "something else may have set them free";
  sstpc.Stop(kPatience);
  EXPECT_TRUE(lab_->WaitSessions(0, kPatience)) << lab_->Logs();
}

// sstpc 1.0.18 with pppd 2.4.9 logs in with CHAP-MD5 but never sends CALL_CONNECTED: its plugin
// waits for a notice that pppd gives only when the server authenticates itself. So nothing may
// pass, and the log says why the session ends.
TEST_F(SstpcRefused, ChapLogsInButThisClientNeverBinds) {
  const std::size_t from = lab_->gateway().LineCount();
  std::ofstream("/etc/ppp/peers/vyos") << PeerFile("chap");
  Process sstpc(Command("vyos"), {&lab_->client(), {}, "sstpc"});
  ASSERT_TRUE(lab_->WaitLog("vyos: authentication succeeded", from, kPatience))
      << sstpc.Output() << lab_->Logs();
  ASSERT_TRUE(lab_->WaitLog("ipcp_layer_started", from, kPatience)) << lab_->Logs();
  EXPECT_EQ(lab_->server().Shell("ip -4 -o addr show to 10.0.0.1"), "");
  EXPECT_TRUE(lab_->WaitLog("client did not send SSTP_MSG_CALL_CONNECTED", from, kPatience))
      << lab_->Logs();
  EXPECT_TRUE(lab_->WaitSessions(0, kPatience));
  EXPECT_TRUE(sstpc.Wait(kPatience)) << sstpc.Output();
}

// With MS-CHAP v1 the same client computes its binding as if it had been v2, which no server can
// accept.
TEST_F(SstpcRefused, MsChapV1BindingOfThisClientIsWrong) {
  const std::size_t from = lab_->gateway().LineCount();
  std::ofstream("/etc/ppp/peers/vyos") << PeerFile("mschap");
  Process sstpc(Command("vyos"), {&lab_->client(), {}, "sstpc"});
  EXPECT_TRUE(lab_->WaitLog("vyos: authentication succeeded", from, kPatience))
      << sstpc.Output() << lab_->Logs();
  EXPECT_TRUE(lab_->WaitLog("sstp: invalid Compound MAC", from, kPatience)) << lab_->Logs();
  EXPECT_TRUE(lab_->WaitSessions(0, kPatience));
  EXPECT_TRUE(sstpc.Wait(kPatience)) << sstpc.Output();
}

TEST_F(SstpcRefused, WrongPasswordIsRefusedAndLeavesNothing) {
  const std::size_t from = lab_->gateway().LineCount();
  std::ofstream("/etc/ppp/peers/vyos") << PeerFile("mschap-v2");
  Process sstpc(Command("wrong"), {&lab_->client(), {}, "sstpc"});
  EXPECT_TRUE(lab_->WaitLog("vyos: authentication failed", from, kPatience))
      << sstpc.Output() << lab_->Logs();
  EXPECT_TRUE(lab_->WaitSessions(0, kPatience));
  EXPECT_TRUE(sstpc.Matching("Connection Established").empty()) << sstpc.Output();
  sstpc.Stop(kPatience);
}

TEST_F(SstpcRefused, WithoutTheCaTheClientDoesNotConnect) {
  std::ofstream("/etc/ppp/peers/vyos") << PeerFile("mschap-v2");
  std::vector<std::string> command = Command("vyos");
  command.erase(command.begin() + 4, command.begin() + 6);
  Process sstpc(command, {&lab_->client(), {}, "sstpc"});
  EXPECT_TRUE(sstpc.Wait(kPatience)) << sstpc.Output();
  EXPECT_TRUE(sstpc.Matching("Connection Established").empty()) << sstpc.Output();
}

}  // namespace
}  // namespace sstpgw::test
