// Traffic of real clients: sstp-test-client with interfaces of its own, ping and iperf3 through the
// tunnel to a host behind the gateway, tables and orders of sstpctl meanwhile.
//
//   client                    server                          inside
//   sstpc0 10.0.0.x ─(TLS)─── sstp0 10.0.0.1
//   wan0 192.168.10.100 ───── wan0 .1      lan0 10.20.0.1 ─── lan0 10.20.0.2
//                                                             iperf3 -s
#include <regex>

#include "tests/netns/lab_suite.h"

namespace sstpgw::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class TrafficTest : public LabSuite<TrafficTest> {
 public:
  static LabConfig Config() {
    LabConfig config;
    config.users = "test: { password: test }\n";
    for (int i = 0; i < 200; ++i) {
      config.users += "user" + std::to_string(i) + ": { password: many }\n";
    }
    config.pools = "SSTP-POOL: { range: [10.0.0.0/22] }";
    config.extra = "name-server: [1.1.1.1, 9.9.9.9]\nwins-server: [192.0.2.7]";
    config.log_level = 3;  // what operators run
    return config;
  }

 protected:
  static std::unique_ptr<TunDial> DialUp(std::vector<std::string> common = {},
                                         std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--route", "10.20.0.0/24"});
    auto dial = std::make_unique<TunDial>(lab(), lab().client(), "test", "test", std::move(common),
                                          std::move(arguments));
    EXPECT_TRUE(dial->WaitUp()) << dial->process().Output();
    EXPECT_TRUE(WaitActive());
    return dial;
  }
  static void Close(TunDial& dial) {
    EXPECT_EQ(dial.process().Stop(), 0) << dial.process().Output();
    EXPECT_TRUE(lab().WaitSessions(0));
  }
  // What arrived, as the receiver counted it.
  struct Received {
    double mbit_per_second = 0;  // 0 if iperf3 failed
    double lost_percent = 100;   // of UDP's datagrams
  };
  // Against a server of its own: one that has just served refuses the next for a moment.
  static Received Iperf(const std::string& arguments) {
    Process server({"iperf3", "-s", "-1", "--forceflush"}, {&lab().inside(), {}, "iperf3"});
    EXPECT_TRUE(server.WaitForLine("Server listening", kPatience));
    int code = 0;
    const std::string out = lab().client().Shell("iperf3 -c 10.20.0.2 -t 2 -J " + arguments, &code);
    const auto json = Json::Parse(out);
    EXPECT_EQ(code, 0) << out;
    if (code != 0 || !json) return {};
    // "sum" would be the sender's rate, which stays the same however many datagrams are lost.
    const Json& sum = json->at("end").at("sum_received");
    const Json& lost = sum.at("lost_percent");
    return {sum.at("bits_per_second").number() / 1e6,
            lost.kind() == Json::Kind::kNumber ? lost.number() : 100};
  }
  // Both directions. How fast, and that nothing waits until a queue is full, is said of daemons as
  // they are installed; of others that it goes on.
  static void ExpectTcpAndUdpPass() {
    const bool instrumented = DaemonsAreInstrumented();
    for (const char* direction : {"", " -R"}) {
      EXPECT_GT(Iperf(direction).mbit_per_second, instrumented ? 1 : 10) << "TCP" << direction;
      const Received udp = Iperf(std::string("-u -b 5M") + direction);
      EXPECT_GT(udp.mbit_per_second, instrumented ? 1 : 4.5) << "UDP" << direction;
      EXPECT_LT(udp.lost_percent, instrumented ? 75 : 5) << "UDP" << direction;
    }
  }
};

TEST_F(TrafficTest, FactsPingAndBothDirectionsOfTcpAndUdp) {
  const auto dial = DialUp();
  EXPECT_THAT(dial->Facts("dns"), ::testing::ElementsAre("1.1.1.1", "9.9.9.9"));
  EXPECT_THAT(dial->Facts("wins"), ::testing::ElementsAre("192.0.2.7"));
  EXPECT_EQ(dial->Fact("peer"), "10.0.0.1");
  EXPECT_EQ(dial->Fact("mtu"), "1452");
  EXPECT_THAT(
      lab().client().Ip("addr show dev " + dial->Fact("interface")),
      ContainsRegex("mtu 1452.*\n.*\n.*inet " + dial->Fact("address") + " peer 10.0.0.1/32"));
  for (const char* target : {"10.0.0.1", "10.20.0.2"}) {
    int code = 0;
    const std::string out =
        lab().client().Shell(std::string("ping -n -c 5 -i 0.2 -W 10 ") + target, &code);
    EXPECT_EQ(code, 0) << out;
    EXPECT_THAT(out, HasSubstr(" 0% packet loss"));
  }
  // The largest packet that fits, and one octet more.
  int code = 0;
  lab().client().Shell("ping -n -c 2 -i 0.2 -W 10 -M do -s 1424 10.20.0.2", &code);
  EXPECT_EQ(code, 0);
  lab().client().Shell("ping -n -c 1 -W 1 -M do -s 1425 10.20.0.2", &code);
  EXPECT_NE(code, 0);
  // From behind to the client.
  const std::string out =
      lab().inside().Shell("ping -n -c 3 -i 0.2 -W 10 " + dial->Fact("address"), &code);
  EXPECT_EQ(code, 0) << out;

  ExpectTcpAndUdpPass();
  Close(*dial);
}

// What ordinary clients do: one packet per read, write and TLS record.
TEST_F(TrafficTest, AClientThatTakesOnePacketAtATime) {
  const auto dial = DialUp({}, {"--packet-at-a-time"});
  int code = 0;
  const std::string out = lab().client().Shell("ping -n -c 5 -i 0.2 -W 10 10.20.0.2", &code);
  EXPECT_EQ(code, 0) << out;
  ExpectTcpAndUdpPass();
  Close(*dial);
}

TEST_F(TrafficTest, J7CountersGrowByWhatWasSent) {
  const auto dial = DialUp();
  const auto row = [] { return lab().SessionWith("username", "test").value_or(Json{}); };
  const auto number = [&row](const char* column) { return row().at(column).number(); };
  ASSERT_TRUE(WaitUntil([&] { return number("rx-bytes-raw") >= 0; }, kPatience));
  const double before = number("rx-bytes-raw");
  // 100 echo requests of 1028 octets: 100 KiB up, and the replies down.
  int code = 0;
  lab().client().Shell("ping -n -q -c 100 -i 0.01 -W 10 -s 1000 10.0.0.1", &code);
  EXPECT_EQ(code, 0);
  EXPECT_TRUE(WaitUntil([&] { return number("rx-bytes-raw") >= before + 102800; }, kPatience))
      << number("rx-bytes-raw");
  EXPECT_LE(number("rx-bytes-raw"), before + 102800 + 20000);
  EXPECT_TRUE(WaitUntil([&] { return number("tx-bytes-raw") >= 102800; }, kPatience));
  EXPECT_THAT(lab().Ctl({"show", "sessions"}).output, ContainsRegex("1[0-2][0-9]\\.[0-9] KiB"));
  EXPECT_GE(number("rx-pkts"), 100);
  // 10 MiB more, as people read it.
  lab().client().Shell("ping -n -q -f -c 7490 -s 1372 10.0.0.1", &code);
  EXPECT_EQ(code, 0);
  const auto shown = [] { return lab().Ctl({"show", "sessions"}).output; };
  const std::regex mebibytes(" 1[01]\\.[0-9] MiB *\\| 1[01]\\.[0-9] MiB");
  EXPECT_TRUE(WaitUntil([&] { return std::regex_search(shown(), mebibytes); }, kPatience))
      << shown();
  Close(*dial);
}

TEST_F(TrafficTest, BothVersionsOfTlsCarryTraffic) {
  for (const char* version : {"1.2", "1.3"}) {
    const auto dial = DialUp({"--ca", lab().ca_file(), "--tls", version});
    EXPECT_THAT(dial->Fact("tls"), HasSubstr(std::string("TLSv") + version));
    EXPECT_EQ(lab().SessionWith("username", "test").value_or(Json{}).at("tls").text(),
              std::string("TLSv") + version);
    int code = 0;
    lab().client().Shell("ping -n -c 2 -i 0.2 -W 10 10.20.0.2", &code);
    EXPECT_EQ(code, 0) << version;
    Close(*dial);
  }
}

TEST_F(TrafficTest, TerminateBySelectors) {
  for (const char* selector : {"interface", "user", "address", "session", "all"}) {
    const auto dial = DialUp();
    const auto row = lab().SessionWith("username", "test");
    ASSERT_TRUE(row);
    std::vector<std::string> arguments{"terminate", selector};
    if (selector == std::string("interface")) arguments.push_back(row->at("ifname").text());
    if (selector == std::string("user")) arguments.emplace_back("test");
    if (selector == std::string("address")) arguments.push_back(row->at("ip").text());
    if (selector == std::string("session")) arguments.push_back(row->at("sid").text());
    if (selector == std::string("all")) arguments.emplace_back("--hard");
    const Finished done = lab().Ctl(arguments);
    EXPECT_EQ(done.exit_code, 0) << selector << ": " << done.output;
    EXPECT_THAT(done.output, HasSubstr("1")) << selector;
    EXPECT_TRUE(dial->process().Wait(kPatience)) << selector << ": the client does not notice";
    EXPECT_TRUE(lab().WaitSessions(0)) << selector;
    EXPECT_TRUE(WaitUntil([] { return lab().server().Shell("ip -o link show type tun").empty(); },
                          kPatience))
        << selector << ": the interface stays";
  }
  const Finished nobody = lab().Ctl({"terminate", "user", "nobody"});
  EXPECT_NE(nobody.exit_code, 0);
  EXPECT_THAT(nobody.output, HasSubstr("not found"));
}

TEST_F(TrafficTest, TwoHundredSessionsAtOnce) {
  Process many({Program("sstp-test-client"), "--server", Lab::kServer, "--ca", lab().ca_file(),
                "--user", "user%d", "--password", "many", "many", "--sessions", "200",
                "--concurrency", "20", "--hold-until-signal"},
               {&lab().client(), {}, "sstp-test-client"});
  ASSERT_TRUE(many.WaitForLine("^holding: 200 up, 0 failed", std::chrono::seconds(120)))
      << many.Output();
  EXPECT_TRUE(WaitUntil(
      [] {
        const Json now = lab().CtlJson({"show", "statistics"});
        return now.at("sessions").at("active").number() == 200;
      },
      kPatience));
  const auto rows = lab().Sessions();
  EXPECT_EQ(rows.size(), 200u);
  std::map<std::string, int> addresses;
  std::map<std::string, int> interfaces;
  for (const Json& row : rows) {
    ++addresses[row.at("ip").text()];
    ++interfaces[row.at("ifname").text()];
  }
  EXPECT_EQ(addresses.size(), 200u) << "every address is given once";
  EXPECT_EQ(interfaces.size(), 200u);
  EXPECT_EQ(interfaces.count("sstp199"), 1u) << "lowest free numbers";
  EXPECT_EQ(many.Stop(std::chrono::seconds(60)), 0) << many.Output();
  EXPECT_TRUE(many.Matching("closed cleanly +200").size() == 1) << many.Output();
  EXPECT_TRUE(lab().WaitSessions(0, std::chrono::seconds(60)));
  EXPECT_TRUE(WaitUntil([] { return lab().server().Shell("ip -o link show type tun").empty(); },
                        std::chrono::seconds(60)));
}

}  // namespace
}  // namespace sstpgw::test
