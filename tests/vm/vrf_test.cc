// Sessions in VRFs (checklist C32-C34, features 3.9), which this host's kernel may lack: by the
// Access-Accept of a real FreeRADIUS, moved by radclient while traffic runs.
//
//   client                    server                                   inside, red, blue
//   wan0 .100 ──────────────── wan0 192.168.10.1:443
//   sstpc0 10.0.0.x ────────── sstp0 in VRF RED, then BLUE
//                              lan0 10.20.0.1 ───────────────────────── lan0 10.20.0.2 FreeRADIUS
//                              red0 10.50.0.1, VRF RED (table 10) ───── eth0 10.50.0.2, 10.50.0.3
//                              blue0 10.50.0.1, VRF BLUE (table 20) ─── eth0 10.50.0.2, 10.50.0.4
#include "tests/netns/radius_suite.h"

namespace sstpgw::test {
namespace {

using client::Phase;
using ::testing::HasSubstr;
using ::testing::Not;

class VrfTest : public RadiusSuite<VrfTest> {
 public:
  static LabConfig Config() {
    LabConfig config = RadiusConfigOf(
        {RadiusServer(kFirst)},
        "dynamic-author: { key: coa-key, server: 10.255.255.1, allow-from: [10.20.0.0/24] }\n");
    config.ppp_options = "ipv6: allow";
    return config;
  }
  static void Equip(FreeRadiusOptions& options) {
    options.users = R"(
rita Cleartext-Password := "test"
  Accel-VRF-Name = "RED",
  Framed-IPv6-Prefix = 2001:db8:f1::/64,
  Delegated-IPv6-Prefix = 2001:db8:f200::/56
raw Cleartext-Password := "test"
  Attr-26.55999.1 = 0x424c5545
lost Cleartext-Password := "test"
  Accel-VRF-Name = "GREEN"
)";
    options.dictionary = kDictionary;
  }

 protected:
  static constexpr const char* kDictionary =
      "VENDOR Accel-PPP 55999\nBEGIN-VENDOR Accel-PPP\n"
      "ATTRIBUTE Accel-VRF-Name 1 string\nEND-VENDOR Accel-PPP\n";

  static void SetUpTestSuite() {
    if (std::getenv("SG_GUEST") == nullptr) return;
    RadiusSuite::SetUpTestSuite();
    if (!started_) return;
    lab().server().Shell("sysctl -qw net.ipv6.conf.all.forwarding=1");
    red_ = std::make_unique<Side>("RED", "red0", 10, "10.50.0.3/24");
    blue_ = std::make_unique<Side>("BLUE", "blue0", 20, "10.50.0.4/24");
  }
  static void TearDownTestSuite() {
    red_.reset();
    blue_.reset();
    if (lab_) RadiusSuite::TearDownTestSuite();
  }
  void SetUp() override {
    if (std::getenv("SG_GUEST") == nullptr) GTEST_SKIP() << "runs in the guest only: needs VRFs";
    RadiusSuite::SetUp();
  }
  void TearDown() override {
    if (!IsSkipped()) RadiusSuite::TearDown();
  }

  // A VRF with a network in it.
  struct Side {
    Side(const std::string& vrf, const std::string& interface, int table, const std::string& own)
        : host(vrf),
          cable({lab().server(), interface, "10.50.0.1/24"}, {host, "eth0", "10.50.0.2/24"}) {
      lab().server().Ip("link add " + vrf + " type vrf table " + std::to_string(table));
      lab().server().Ip("link set " + vrf + " up");
      lab().server().Ip("link set " + interface + " master " + vrf);
      host.Ip("addr add " + own + " dev eth0");
      host.Ip("route add default via 10.50.0.1");
    }
    Namespace host;
    Veth cable;
  };

  static std::unique_ptr<TunDial> DialUp(const std::string& user) {
    auto dial = std::make_unique<TunDial>(
        lab(), lab().client(), user, "test",
        std::vector<std::string>{"--ca", lab().ca_file(), "--verify-name", Lab::kServer, "--ipv6"},
        std::vector<std::string>{"--route", "10.50.0.0/24", "--dhcpv6", "pd"});
    EXPECT_TRUE(dial->WaitUp()) << dial->process().Output() << lab().Logs();
    EXPECT_TRUE(WaitActive(user));
    return dial;
  }
  static void Close(TunDial& dial) {
    EXPECT_EQ(dial.process().Stop(), 0) << dial.process().Output();
    EXPECT_TRUE(lab().WaitSessions(0));
  }
  static std::string In(const std::string& vrf) {
    return lab().server().Shell("ip -o link show vrf " + vrf +
                                " | grep tun; "
                                "ip -o link show vrf " +
                                vrf + " | grep -o 'sstp[0-9]*'");
  }
  static bool Reaches(const std::string& address) {
    int code = -1;
    lab().client().Shell("ping -n -c 2 -i 0.2 -W 10 " + address, &code);
    return code == 0;
  }
  static bool FailsToReach(const std::string& address) {
    int code = -1;
    lab().client().Shell("ping -n -c 1 -W 2 " + address, &code);
    return code != 0;
  }
  static std::string Routes(int table) {
    const std::string text = " show table " + std::to_string(table) + " 2>&1; ";
    return lab().server().Shell("ip -4 route" + text + "ip -6 route" + text);
  }
  static std::string Coa(const std::string& user, const std::string& vrf) {
    const std::string file =
        lab().directory().Write("request", "Acct-Session-Id = \"" + SessionId(user) +
                                               "\", Accel-VRF-Name = \"" + vrf + "\"\n");
    const std::string dictionary = lab().directory().Write(
        "dictionary", std::string("$INCLUDE /usr/share/freeradius/dictionary\n") + kDictionary);
    return lab().inside().Shell("radclient -x -r 1 -t 60 -d " +
                                dictionary.substr(0, dictionary.rfind('/')) + " -f " + file + " " +
                                kNas + ":1700 coa coa-key 2>&1");
  }
  static void ExpectIn(int table, int other) {
    for (const char* route : {"10.0.0.", "2001:db8:f1::/64", "2001:db8:f200::/56"}) {
      EXPECT_TRUE(
          WaitUntil([&] { return Routes(table).find(route) != std::string::npos; }, kPatience))
          << route << " is not in " << Routes(table);
      EXPECT_THAT(Routes(other), Not(HasSubstr(route)));
    }
  }

  static inline std::unique_ptr<Side> red_;
  static inline std::unique_ptr<Side> blue_;
};

TEST_F(VrfTest, C32C33TheAcceptsVrfAndAMoveUnderTraffic) {
  const auto dial = DialUp("rita");
  ASSERT_TRUE(dial->process().WaitForLine("^prefix6: ", kPatience)) << dial->process().Output();
  EXPECT_THAT(In("RED"), HasSubstr("sstp0"));
  ExpectIn(10, 20);
  EXPECT_TRUE(Reaches("10.50.0.3"));
  EXPECT_TRUE(FailsToReach("10.50.0.4"));

  Process ping({"ping", "-n", "-i", "0.2", "10.50.0.2"}, {&lab().client(), {}, "ping"});
  ASSERT_TRUE(ping.WaitForLine("icmp_seq=3 ", kPatience)) << ping.Output();
  EXPECT_THAT(Coa("rita", "BLUE"), HasSubstr("Received CoA-ACK"));
  EXPECT_THAT(In("BLUE"), HasSubstr("sstp0"));
  EXPECT_THAT(In("RED"), Not(HasSubstr("sstp0")));
  ExpectIn(20, 10);
  EXPECT_TRUE(Reaches("10.50.0.4"));
  EXPECT_TRUE(FailsToReach("10.50.0.3"));
  EXPECT_EQ(lab().SessionWith("username", "rita").value_or(Json{}).at("vrf").text(), "BLUE");
  const std::size_t from = ping.LineCount();
  EXPECT_TRUE(ping.WaitForLine("bytes from 10.50.0.2", kPatience, from)) << "traffic goes on";

  // What is unknown changes nothing.
  EXPECT_THAT(Coa("rita", "GREEN"), HasSubstr("Received CoA-NAK"));
  EXPECT_THAT(In("BLUE"), HasSubstr("sstp0"));
  EXPECT_TRUE(Reaches("10.50.0.4"));

  EXPECT_THAT(Coa("rita", "0"), HasSubstr("Received CoA-ACK"));
  EXPECT_THAT(In("BLUE"), Not(HasSubstr("sstp0")));
  ExpectIn(254, 20);
  ping.Stop();
  Close(*dial);
}

TEST_F(VrfTest, C34TheAttributeByItsNumbersAndTheInterfaceIsFreeOfItAfterwards) {
  LabConfig config = Config();
  config.ppp_options += "\ninterface-cache: 1";
  ASSERT_TRUE(lab().Reload(config));
  {
    const auto dial = DialUp("raw");
    EXPECT_THAT(In("BLUE"), HasSubstr("sstp0"));
    EXPECT_TRUE(Reaches("10.50.0.4"));
    Close(*dial);
  }
  EXPECT_TRUE(WaitUntil([] { return !lab().server().Shell("ip -o link show group 21333").empty(); },
                        kPatience));
  EXPECT_THAT(lab().server().Shell("ip -o link show group 21333"), Not(HasSubstr("master")));
  ASSERT_TRUE(lab().Reload(Config()));
}

TEST_F(VrfTest, C32WithoutTheVrfTheSessionIsRefused) {
  Dialer dialer = DialAs("lost");
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_TRUE(lab().WaitSessions(0));
  EXPECT_TRUE(lab().WaitLog("GREEN", gateway_line_)) << lab().Logs();
}

}  // namespace
}  // namespace sstpgw::test
