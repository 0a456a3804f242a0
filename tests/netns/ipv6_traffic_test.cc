// IPv6 that is carried: a network behind the client with a delegated prefix, bulk with
// super-packets, five hundred sessions (checklist D5, D7, F3 and F4 over IPv6).
//
//   behind                client                       server                      inside
//   eth0 <pd>::2 ──────── eth0 <pd>::1
//                         sstpc0 10.0.0.x, <64>::/64 ─ sstp0 10.0.0.1, <64>::1
//                         wan0 192.168.10.100 ──────── wan0 .1
//                                                      lan0 2001:db8:20::1 ─────── lan0
//                                                      2001:db8:20::2
#include <cstdlib>
#include <map>
#include <set>

#include "tests/netns/ipv6_suite.h"

namespace sstpgw::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr const char* kInside6 = "2001:db8:20::2";
constexpr std::size_t kMany = 500;

class Ipv6TrafficTest : public LabSuite<Ipv6TrafficTest> {
 public:
  static LabConfig Config() {
    LabConfig config = Ipv6Config("ipv6: allow\ninterface-cache: 100");
    config.users =
        "test: { password: test }\n"
        "slow: { password: slow, rate-limit: { download: 4000, upload: 2000 } }";
    for (std::size_t i = 0; i < kMany; ++i) {
      config.users += "\nuser" + std::to_string(i) + ": { password: many }";
    }
    config.pools = "SSTP-POOL: { range: [10.0.0.0/20] }";
    config.gateway_address = "10.0.0.1";
    config.log_level = 3;
    return config;
  }

 protected:
  static void SetUpTestSuite() {
    LabSuite::SetUpTestSuite();
    if (!started_) return;
    lab().server().Shell("sysctl -qw net.ipv6.conf.all.forwarding=1");
    lab().server().Ip("addr add 2001:db8:20::1/64 dev lan0 nodad");
    lab().inside().Ip(std::string("addr add ") + kInside6 + "/64 dev lan0 nodad");
    lab().inside().Ip("-6 route add default via 2001:db8:20::1");
  }
  static std::unique_ptr<TunDial> DialUp(const std::string& user = "test",
                                         std::vector<std::string> common = {}) {
    common.insert(common.end(), {"--ca", lab().ca_file(), "--verify-name", Lab::kServer, "--ipv6"});
    auto dial = std::make_unique<TunDial>(
        lab(), lab().client(), user, user, std::move(common),
        std::vector<std::string>{"--route", "10.20.0.0/24", "--dhcpv6", "na,pd"});
    EXPECT_TRUE(dial->WaitUp()) << dial->process().Output();
    EXPECT_TRUE(WaitActive(user));
    for (const char* fact : {"address6", "prefix6"}) {
      EXPECT_TRUE(dial->process().WaitForLine("^" + std::string(fact) + ": ", kPatience))
          << fact << "\n"
          << dial->process().Output();
    }
    return dial;
  }
  static void Close(TunDial& dial) {
    EXPECT_EQ(dial.process().Stop(), 0) << dial.process().Output();
    EXPECT_TRUE(lab().WaitSessions(0));
  }
  static void ExpectPing(const Namespace& from, const std::string& target) {
    int code = 0;
    const std::string out = from.Shell("ping -n -c 3 -i 0.2 -W 10 " + target + " 2>&1", &code);
    EXPECT_EQ(code, 0) << out;
  }
  // Mbit/s as the receiver counted them; 0 if iperf3 failed.
  static double Iperf(const Namespace& from, const std::string& arguments) {
    Process server({"iperf3", "-6", "-s", "-1", "--forceflush"}, {&lab().inside(), {}, "iperf3"});
    EXPECT_TRUE(server.WaitForLine("Server listening", kPatience));
    int code = 0;
    const std::string out =
        from.Shell(std::string("iperf3 -6 -c ") + kInside6 + " -J " + arguments, &code);
    const auto json = Json::Parse(out);
    EXPECT_EQ(code, 0) << out;
    if (code != 0 || !json) return 0;
    return json->at("end").at("sum_received").at("bits_per_second").number() / 1e6;
  }
  // "2001:db8:4000:100::" of "2001:db8:4000:100::/56".
  static std::string NetworkOf(const std::string& prefix) {
    return prefix.substr(0, prefix.find('/'));
  }
};

TEST_F(Ipv6TrafficTest, D7AHostBehindTheClientUsesTheDelegatedPrefix) {
  const auto dial = DialUp();
  const std::string network = NetworkOf(dial->Fact("prefix6"));
  ASSERT_THAT(dial->Fact("prefix6"), HasSubstr("/56"));
  EXPECT_THAT(dial->Fact("address6"), ContainsRegex("^2001:db8:1:"));
  Namespace behind("behind");
  Veth cable({lab().client(), "eth0", "10.99.0.1/24"}, {behind, "eth0", "10.99.0.2/24"});
  lab().client().Shell("sysctl -qw net.ipv6.conf.all.forwarding=1");
  lab().client().Ip("addr add " + network + "1/64 dev eth0 nodad");
  behind.Ip("addr add " + network + "2/64 dev eth0 nodad");
  behind.Ip("-6 route add default via " + network + "1");

  ExpectPing(behind, kInside6);
  ExpectPing(lab().inside(), network + "2");
  ExpectPing(lab().client(), kInside6);
  EXPECT_GT(Iperf(behind, "-n 4M"), 1);
  EXPECT_GT(Iperf(behind, "-n 4M -R"), 1);
  // The largest packet that fits, and one octet more.
  int code = 0;
  behind.Shell(std::string("ping -n -c 2 -i 0.2 -W 10 -M do -s 1404 ") + kInside6, &code);
  EXPECT_EQ(code, 0);
  // IPv4 as well.
  ExpectPing(lab().client(), Lab::kInside);
  const Json row = lab().SessionWith("username", "test").value_or(Json{});
  EXPECT_EQ(row.at("ip6-dp").text(), dial->Fact("prefix6"));
  Close(*dial);
  EXPECT_EQ(lab().server().Shell("ip -6 route show " + dial->Fact("prefix6")), "");
}

TEST_F(Ipv6TrafficTest, BulkIsSuperPacketsBothWays) {
  const auto dial = DialUp();
  const bool instrumented = DaemonsAreInstrumented();
  EXPECT_GT(Iperf(lab().client(), "-n 16M"), instrumented ? 1 : 10);
  EXPECT_GT(Iperf(lab().client(), "-n 16M -R"), instrumented ? 1 : 10);
  // Octets per packet of the interface, acknowledgements among them: more than any single packet.
  for (const char* side : {"RX", "TX"}) {
    const std::string average = lab().server().Shell(std::string("ip -s link show sstp0 | awk '/") +
                                                     side + ":/{getline; print int($1 / $2)}'");
    EXPECT_GT(std::atoi(average.c_str()), 1500) << side << " " << average;
  }
  // UDP as well, unchanged in number.
  EXPECT_GT(Iperf(lab().client(), "-u -b 2M -t 2"), 1);
  Close(*dial);
}

TEST_F(Ipv6TrafficTest, F3F4AUsersLimitHoldsForIpv6) {
  const auto dial = DialUp("slow");
  for (const auto& [direction, limit] : {std::pair{"", 2.0}, std::pair{" -R", 4.0}}) {
    const double rate = Iperf(lab().client(), std::string("-t 5") + direction);
    EXPECT_LT(rate, limit * 1.25) << direction;
    EXPECT_GT(rate, limit * (DaemonsAreInstrumented() ? 0.3 : 0.75)) << direction;
  }
  Close(*dial);
}

TEST_F(Ipv6TrafficTest, FiveHundredSessionsEachWithItsPrefix) {
  for (int round = 0; round < 2; ++round) {
    Process many({Program("sstp-test-client"), "--server", Lab::kServer, "--ca", lab().ca_file(),
                  "--user", "user%d", "--password", "many", "--ipv6", "many", "--sessions",
                  std::to_string(kMany), "--concurrency", "20", "--hold-until-signal"},
                 {&lab().client(), {}, "sstp-test-client"});
    ASSERT_TRUE(many.WaitForLine("^holding: 500 up, 0 failed", 9 * kPatience)) << many.Output();
    EXPECT_TRUE(WaitUntil(
        [] {
          return lab().CtlJson({"show", "statistics"}).at("sessions").at("active").number() ==
                 kMany;
        },
        3 * kPatience));
    std::set<std::string> prefixes;
    for (const Json& row : lab().Sessions()) prefixes.insert(row.at("ip6").text());
    EXPECT_EQ(prefixes.size(), kMany);
    EXPECT_EQ(prefixes.count(""), 0U);
    EXPECT_EQ(lab().server().Shell("ip -6 route show | grep -c '^2001:db8:1:.* dev sstp'"),
              std::to_string(kMany) + "\n");
    EXPECT_EQ(many.Stop(3 * kPatience), 0) << many.Output();
    EXPECT_TRUE(lab().WaitSessions(0, 3 * kPatience));
    EXPECT_TRUE(WaitUntil(
        [] {
          return lab().server().Shell("ip -o link show type tun | grep -vc 'group 21333'") == "0\n";
        },
        3 * kPatience));
    EXPECT_EQ(lab().server().Shell("ip -6 route show | grep -c 2001:db8:1:"), "0\n");
    // Set-up rate of rounds without and with kept interfaces.
    for (const std::string& line : many.Matching("per second|rate")) {
      std::printf("round %d: %s\n", round, line.c_str());
    }
  }
  EXPECT_GE(lab().Statistic("interfaces_reused"), 100);
}

}  // namespace
}  // namespace sstpgw::test
