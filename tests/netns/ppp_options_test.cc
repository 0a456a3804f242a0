// What an operator sets in ppp-options, mtu, name-server and authentication.protocols, seen from a
// client. One lab; every case loads its own configuration with "sstpctl reload".
//
//   client (test's own thread, packet by packet) ──── server: both daemons
#include "tests/netns/lab_suite.h"

namespace sstpgw::test {
namespace {

using client::ClientOptions;
using client::FailureKind;
using client::kConfNak;
using client::kConfReq;
using client::kIpcp;
using client::kLcp;
using client::Phase;
using client::PppControl;
using client::PppOption;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class PppOptionsTest : public LabSuite<PppOptionsTest> {
 public:
  static LabConfig Config() { return {}; }

 protected:
  static void Load(const std::string& ppp_options, const std::string& extra = "",
                   const std::string& protocols = "") {
    LabConfig config;
    config.ppp_options = ppp_options;
    config.extra = extra;
    config.protocols = protocols;
    ASSERT_TRUE(lab().Reload(config));
  }

  static std::vector<PppControl> Requests(Dialer& dialer, std::uint16_t protocol) {
    std::vector<PppControl> found;
    for (PppControl& packet : dialer.ServerPackets(protocol)) {
      if (packet.code == kConfReq) found.push_back(std::move(packet));
    }
    return found;
  }
  static std::vector<PppOption> FirstLcpOptions(Dialer& dialer) {
    const auto requests = Requests(dialer, kLcp);
    if (requests.empty()) return {};
    return client::ParseOptions(requests.front().data).value_or(std::vector<PppOption>{});
  }
  // The MTU that the kernel shows for the interface of test's session.
  static std::string InterfaceMtu() {
    const Json row = lab().SessionWith("username", "test").value_or(Json{});
    const std::string interface = row.at("ifname").text();
    return lab().server().Shell("cat /sys/class/net/" + interface +
                                "/mtu 2>/dev/null || ip -o link show " + interface +
                                " | sed 's/.* mtu \\([0-9]*\\) .*/\\1/'");
  }
  static std::size_t EchoRequests(Dialer& dialer) { return dialer.facts().lcp_echo_requests; }

  // Dials with a protocol, checks that it was the one offered first, and that it works.
  static void DialWith(AuthProtocol auth, const Bytes& option_value, const std::string& name) {
    ClientOptions options = TestUser();
    options.auth = {auth};
    Dialer dialer = Dial(options);
    ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << name << ": " << dialer.failure().detail;
    const auto offered = FirstLcpOptions(dialer);
    ASSERT_THAT(offered, Not(IsEmpty()));
    EXPECT_EQ(offered[0], (PppOption{3, option_value})) << name;
    EXPECT_TRUE(WaitUntil(
        [&] {
          return lab().SessionWith("username", "test").value_or(Json{}).at("auth").text() == name;
        },
        kPatience));
    HangUp(dialer);
  }
};

TEST_F(PppOptionsTest, F5OnlyPapOffered) {
  Load("", "", "[pap]");
  DialWith(AuthProtocol::kPap, {0xc0, 0x23}, "PAP");
  ClientOptions options = TestUser();
  options.auth = {AuthProtocol::kMsChapV2};
  Dialer refusing = Dial(options);
  EXPECT_TRUE(refusing.DriveUntilFinished());
  EXPECT_THAT(refusing.facts().auth_offers, Not(Contains(client::kChap)));
  EXPECT_EQ(refusing.failure().kind, FailureKind::kDisconnected);
}

TEST_F(PppOptionsTest, F6ChapMd5) {
  Load("", "", "[chap]");
  DialWith(AuthProtocol::kChapMd5, {0xc2, 0x23, 0x05}, "CHAP");
}

TEST_F(PppOptionsTest, F7MsChapV1) {
  Load("", "", "[mschap]");
  DialWith(AuthProtocol::kMsChapV1, {0xc2, 0x23, 0x80}, "MSCHAP-v1");
}

TEST_F(PppOptionsTest, F8MsChapV2WithRealKeys) {
  Load("", "", "[mschap-v2]");
  // The client checks S= and binds with the keys of this exchange.
  DialWith(AuthProtocol::kMsChapV2, {0xc2, 0x23, 0x81}, "MSCHAP-v2");
}

TEST_F(PppOptionsTest, F9TheClientChoosesByItsNak) {
  Load("", "", "[pap, chap, mschap-v2]");
  ClientOptions options = TestUser();
  options.auth = {AuthProtocol::kMsChapV2};
  Dialer dialer = Dial(options);
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  EXPECT_THAT(dialer.facts().auth_offers, ElementsAre(client::kPap, client::kChap))
      << "straight from the first offer to the one the client named";
  EXPECT_EQ(dialer.facts().auth, AuthProtocol::kMsChapV2);
  HangUp(dialer);
}

TEST_F(PppOptionsTest, G3Ipv4RequiredAndRefusedEndsTheSession) {
  Load("ipv4: require");
  ClientOptions options = TestUser();
  options.deviations.reject_ipcp = true;
  Dialer refusing = Dial(options);
  EXPECT_TRUE(refusing.DriveUntilFinished());
  EXPECT_EQ(refusing.failure().kind, FailureKind::kDisconnected);
  Dialer polite = Dial();
  EXPECT_TRUE(polite.DialUntil(Phase::kUp));
  HangUp(polite);
}

TEST_F(PppOptionsTest, G4PreferAsksFirst) {
  Load("ipv4: prefer");
  ClientOptions options = TestUser();
  options.deviations.never_ask_ipcp = true;
  Dialer dialer = Dial(options);
  EXPECT_TRUE(dialer.DriveUntilPacket([](const client::SstpPacket& packet) {
    const auto frame = packet.frame();
    return frame && frame->protocol == kIpcp && frame->information.at(0) == kConfReq;
  }));
}

TEST_F(PppOptionsTest, G5AllowWaitsForTheClient) {
  Load("ipv4: allow\nlcp-echo-interval: 1");
  ClientOptions options = TestUser();
  options.deviations.never_ask_ipcp = true;
  Dialer silent = Dial(options);
  // Two echoes are two seconds in which the server could have asked.
  EXPECT_TRUE(silent.Drive(
      [](client::ClientSession& session) { return session.facts().lcp_echo_requests >= 2; }));
  EXPECT_THAT(Requests(silent, kIpcp), IsEmpty());
  EXPECT_EQ(silent.session().phase(), Phase::kNetwork);
  HangUp(silent);
  Dialer asking = Dial();
  EXPECT_TRUE(asking.DialUntil(Phase::kUp));
  HangUp(asking);
}

TEST_F(PppOptionsTest, G7G8EchoesUnansweredEndTheSessionAfterExactlyThree) {
  Load("lcp-echo-interval: 1\nlcp-echo-failure: 3");
  ClientOptions options = TestUser();
  options.deviations.ignore_lcp_echo = true;
  Dialer dialer = Dial(options);
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_EQ(EchoRequests(dialer), 3u);
  EXPECT_TRUE(lab().WaitLog("test: lcp: no echo reply", gateway_line_));
  EXPECT_TRUE(lab().WaitSessions(0));
  EXPECT_TRUE(lab().WaitStatistic("lcp_echo_timeout", 1));
  // G8: one second between them, as far as a busy machine can tell.
  std::vector<TimePoint> times;
  for (const client::TraceEntry& entry : dialer.session().trace()) {
    const auto frame = entry.packet.frame();
    if (entry.from_server && frame && frame->protocol == kLcp &&
        frame->information.at(0) == client::kEchoReq) {
      times.push_back(entry.at);
    }
  }
  ASSERT_EQ(times.size(), 3u);
  for (std::size_t i = 1; i < times.size(); ++i) {
    const auto gap = times[i] - times[i - 1];
    EXPECT_GE(gap, std::chrono::milliseconds(500));
    EXPECT_LE(gap, std::chrono::milliseconds(2500));
  }
}

TEST_F(PppOptionsTest, G9AdaptiveEchoCutsSilenceOnly) {
  Load("lcp-echo-interval: 1\nlcp-echo-timeout: 3\nlcp-echo-failure: 1");
  ClientOptions options = TestUser();
  options.deviations.ignore_lcp_echo = true;
  Dialer dialer = Dial(options);
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  ASSERT_TRUE(lab().WaitSessions(1));
  // Traffic for longer than the timeout: no echo, no end.
  const Bytes packet = EchoRequestFrom(dialer.facts().address);
  const std::size_t echoes_before = EchoRequests(dialer);
  const TimePoint talk_until = client::Now() + std::chrono::seconds(4);
  while (client::Now() < talk_until) {
    dialer.session().SendIpPacket(packet);
    const TimePoint next = client::Now() + std::chrono::milliseconds(200);
    dialer.Drive([next](client::ClientSession&) { return client::Now() >= next; },
                 std::chrono::milliseconds(200));
  }
  EXPECT_LE(EchoRequests(dialer), echoes_before + 1);
  ASSERT_EQ(dialer.session().phase(), Phase::kUp);
  const TimePoint silent_since = client::Now();
  EXPECT_TRUE(dialer.DriveUntilFinished());
  const auto silence = client::Now() - silent_since;
  EXPECT_GE(silence, std::chrono::milliseconds(2500));
  EXPECT_LE(silence, std::chrono::milliseconds(8000));
}

TEST_F(PppOptionsTest, G10MruBelowMinMtu) {
  Load("min-mtu: 100");
  ClientOptions options = TestUser();
  options.mru = 90;
  Dialer yielding = Dial(options);
  ASSERT_TRUE(yielding.DialUntil(Phase::kUp));
  EXPECT_EQ(yielding.facts().mru, 1452) << "as the Nak suggests";
  HangUp(yielding);
  options.deviations.keep_asking_same_mru = true;
  Dialer insisting = Dial(options);
  EXPECT_TRUE(insisting.DriveUntilFinished());
  EXPECT_NE(insisting.failure().kind, FailureKind::kNone);
  EXPECT_NE(insisting.failure().kind, FailureKind::kTimeout);
  options = TestUser();
  options.mru = 1200;
  Dialer small = Dial(options);
  ASSERT_TRUE(small.DialUntil(Phase::kUp));
  EXPECT_EQ(small.facts().mru, 1200);
  ASSERT_TRUE(WaitActive());
  EXPECT_EQ(InterfaceMtu(), "1200\n");
  HangUp(small);
}

TEST_F(PppOptionsTest, G16MruOfOurRequest) {
  struct Case {
    const char* configured;
    std::uint16_t requested;
  };
  for (const Case& one :
       {Case{"mru: 1300", 1300}, Case{"lcp-echo-interval: 30", 1452}, Case{"mru: 9000", 1452}}) {
    Load(one.configured);
    Dialer dialer = Dial();
    ASSERT_TRUE(dialer.DialUntil(Phase::kAuthentication)) << one.configured;
    EXPECT_THAT(FirstLcpOptions(dialer), Contains(PppOption{1, client::Be16(one.requested)}))
        << one.configured;
  }
  EXPECT_TRUE(lab().WaitSessions(0));
}

TEST_F(PppOptionsTest, G17MtuOfTheInterface) {
  struct Case {
    const char* configured;
    std::uint16_t effective;
  };
  for (const Case& one : {Case{"", 1452}, Case{"mtu: 1400", 1400}}) {
    Load("", one.configured);
    ClientOptions options = TestUser();
    options.mru = 4091;
    Dialer dialer = Dial(options);
    ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
    EXPECT_EQ(dialer.facts().mru, one.effective);
    ASSERT_TRUE(WaitActive());
    EXPECT_EQ(InterfaceMtu(), std::to_string(one.effective) + "\n");
    HangUp(dialer);
  }
}

TEST_F(PppOptionsTest, H5NameServersReachTheClient) {
  Load("", "name-server: [1.1.1.1, 9.9.9.9]");
  Dialer dialer = Dial();
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  EXPECT_THAT(dialer.facts().dns,
              ElementsAre(*Ipv4Address::Parse("1.1.1.1"), *Ipv4Address::Parse("9.9.9.9")));
  EXPECT_THAT(dialer.facts().wins, IsEmpty());
  HangUp(dialer);
}

TEST_F(PppOptionsTest, H7WinsServersReachTheClientOrAreRejected) {
  Load("", "wins-server: [192.0.2.7, 192.0.2.8]");
  Dialer dialer = Dial();
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  EXPECT_THAT(dialer.facts().wins,
              ElementsAre(*Ipv4Address::Parse("192.0.2.7"), *Ipv4Address::Parse("192.0.2.8")));
  EXPECT_THAT(dialer.facts().dns, IsEmpty());
  HangUp(dialer);
  Load("");
  Dialer without = Dial();
  ASSERT_TRUE(without.DialUntil(Phase::kUp));
  std::vector<PppControl> rejects;
  for (PppControl& packet : without.ServerPackets(kIpcp)) {
    if (packet.code == client::kConfRej) rejects.push_back(std::move(packet));
  }
  ASSERT_EQ(rejects.size(), 1u) << "K16: one Reject with the four, before any Nak";
  const auto options = client::ParseOptions(rejects[0].data);
  ASSERT_TRUE(options);
  std::vector<int> types;
  for (const PppOption& option : *options) types.push_back(option.type);
  EXPECT_THAT(types, ElementsAre(129, 130, 131, 132));
  HangUp(without);
}

TEST_F(PppOptionsTest, G1CcpIsRefusedAndTheWindowsOpeningComesUp) {
  Load("");
  ClientOptions options = TestUser();
  options.deviations.windows_opening = true;
  Dialer dialer = Dial(options);
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  EXPECT_EQ(dialer.facts().mru, 1452);
  HangUp(dialer);
}

TEST_F(PppOptionsTest, OpenSstpClientNaksOurMru) {
  Load("");
  ClientOptions options = TestUser();
  options.deviations.nak_server_mru = 1500;
  Dialer dialer = Dial(options);
  EXPECT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  HangUp(dialer);
}

TEST_F(PppOptionsTest, SstpEchoKeepsAnIdleSessionAndItsAbsenceEndsIt) {
  LabConfig config;
  config.protocol = "hello-interval: 1";
  ASSERT_TRUE(lab().Reload(config));
  Dialer polite = Dial();
  ASSERT_TRUE(polite.DialUntil(Phase::kUp));
  EXPECT_TRUE(polite.Drive(
      [](client::ClientSession& session) { return session.facts().sstp_echo_requests >= 3; }));
  HangUp(polite);
  ClientOptions options = TestUser();
  options.deviations.ignore_sstp_echo = true;
  Dialer silent = Dial(options);
  ASSERT_TRUE(silent.DialUntil(Phase::kUp));
  EXPECT_TRUE(silent.DriveUntilFinished());
  EXPECT_EQ(silent.facts().sstp_echo_requests, 1u);
  EXPECT_EQ(silent.failure().kind, FailureKind::kConnectionLost) << "no CALL_ABORT is sent";
  EXPECT_TRUE(lab().WaitLog("sstp: no echo reply", gateway_line_));
}

}  // namespace
}  // namespace sstpgw::test
