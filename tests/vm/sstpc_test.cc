// Debian's sstpc dials as the documentation's client example has it; users are local ones.
#include "tests/support/packet_builder.h"
#include "tests/support/udp_socket.h"
#include "tests/vm/sstpc_suite.h"

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

class SstpcLab : public SstpcSuite {
 protected:
  static void SetUpTestSuite() {
    if (!InGuest()) return;
    MakeLab(Example());
    started_ = lab_->Start();
    iperf3_ = new Process({"iperf3", "-s", "--forceflush"}, {&lab_->server(), {}, "iperf3"});
    EXPECT_TRUE(iperf3_->WaitForLine("Server listening", kPatience));
  }
  static void TearDownTestSuite() {
    delete iperf3_;
    iperf3_ = nullptr;
    SstpcSuite::TearDownTestSuite();
  }

  static Process* iperf3_;
};

Process* SstpcLab::iperf3_ = nullptr;

class SstpcTest : public SstpcLab, public ::testing::WithParamInterface<const char*> {};
class SstpcBursts : public SstpcLab {};
class SstpcRefused : public SstpcLab {};

TEST_P(SstpcTest, ConnectsAsOnThePageAndPassesTraffic) {
  WritePeerFile(GetParam());
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
  WritePeerFile("mschap-v2");
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

// sstpc 1.0.18 with a password on its command line logs in with CHAP-MD5 but never sends
// CALL_CONNECTED: it reads what pppd sends and knows only PAP and MS-CHAP when it sees them. So
// nothing may pass, and the log says why the session ends.
TEST_F(SstpcRefused, ChapLogsInButThisClientNeverBinds) {
  const std::size_t from = lab_->gateway().LineCount();
  WritePeerFile("chap");
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
  WritePeerFile("mschap");
  Process sstpc(Command("vyos"), {&lab_->client(), {}, "sstpc"});
  EXPECT_TRUE(lab_->WaitLog("vyos: authentication succeeded", from, kPatience))
      << sstpc.Output() << lab_->Logs();
  EXPECT_TRUE(lab_->WaitLog("sstp: invalid Compound MAC", from, kPatience)) << lab_->Logs();
  EXPECT_TRUE(lab_->WaitSessions(0, kPatience));
  EXPECT_TRUE(sstpc.Wait(kPatience)) << sstpc.Output();
}

TEST_F(SstpcRefused, WrongPasswordIsRefusedAndLeavesNothing) {
  const std::size_t from = lab_->gateway().LineCount();
  WritePeerFile("mschap-v2");
  Process sstpc(Command("wrong"), {&lab_->client(), {}, "sstpc"});
  EXPECT_TRUE(lab_->WaitLog("vyos: authentication failed", from, kPatience))
      << sstpc.Output() << lab_->Logs();
  EXPECT_TRUE(lab_->WaitSessions(0, kPatience));
  EXPECT_TRUE(sstpc.Matching("Connection Established").empty()) << sstpc.Output();
  sstpc.Stop(kPatience);
}

TEST_F(SstpcRefused, WithoutTheCaTheClientDoesNotConnect) {
  WritePeerFile("mschap-v2");
  std::vector<std::string> command = Command("vyos");
  command.erase(command.begin() + 4, command.begin() + 6);
  Process sstpc(command, {&lab_->client(), {}, "sstpc"});
  EXPECT_TRUE(sstpc.Wait(kPatience)) << sstpc.Output();
  EXPECT_TRUE(sstpc.Matching("Connection Established").empty()) << sstpc.Output();
}

}  // namespace
}  // namespace sstpgw::test
