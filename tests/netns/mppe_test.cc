// CCP and MPPE as an operator sets them (checklist G1, G11-G14). RADIUS's part (G15) is in
// radius_ipv6_test.cc. One lab; every case loads its own configuration.
//
//   client (test's own thread, packet by packet) ──── server: both daemons
#include "tests/netns/lab_suite.h"

namespace sstpgw::test {
namespace {

using client::ClientOptions;
using client::FailureKind;
using client::kCcp;
using client::kConfRej;
using client::kConfReq;
using client::MppeWish;
using client::Phase;
using client::PppControl;
using client::PppOption;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

const PppOption kStateless128{18, {0x01, 0, 0, 0x40}};

class MppeTest : public LabSuite<MppeTest> {
 public:
  static LabConfig Config() { return {}; }

 protected:
  static void Load(const std::string& ppp) {
    LabConfig config;
    config.ppp_options = ppp;
    ASSERT_TRUE(lab().Reload(config));
  }
  static ClientOptions User(MppeWish wish, AuthProtocol auth = AuthProtocol::kMsChapV2) {
    ClientOptions options = TestUser();
    options.auth = {auth};
    options.mppe = wish;
    return options;
  }
  static std::vector<PppControl> Packets(Dialer& dialer, std::uint8_t code) {
    std::vector<PppControl> found;
    for (PppControl& packet : dialer.ServerPackets(kCcp)) {
      if (packet.code == code) found.push_back(std::move(packet));
    }
    return found;
  }
  static std::vector<PppOption> OptionsOf(const PppControl& packet) {
    return client::ParseOptions(packet.data).value_or(std::vector<PppOption>{});
  }
  static std::string Comp() {
    return lab().SessionWith("username", "test").value_or(Json{}).at("comp").text();
  }
  static std::string Mtu() {
    return lab().server().Shell("ip -o link show dev sstp0 | grep -o 'mtu [0-9]*'");
  }
  // Both directions: `count` echo requests and their replies.
  static void ExpectTraffic(Dialer& dialer, int count = 20) {
    const Bytes packet = EchoRequestFrom(dialer.facts().address);
    const auto before = dialer.facts().ip_packets_received;
    for (int i = 0; i < count; ++i) dialer.session().SendIpPacket(packet);
    EXPECT_TRUE(dialer.Drive([&](client::ClientSession& session) {
      return session.facts().ip_packets_received >= before + static_cast<std::uint64_t>(count);
    })) << dialer.facts().ip_packets_received - before;
  }
  static void ExpectEncrypted(Dialer& dialer) {
    EXPECT_TRUE(dialer.facts().mppe.up);
    EXPECT_TRUE(WaitUntil([] { return Comp() == "mppe"; }, kPatience)) << Comp();
    const auto before = dialer.facts().mppe.received;
    ExpectTraffic(dialer);
    EXPECT_GE(dialer.facts().mppe.received, before + 20);
    EXPECT_EQ(dialer.facts().mppe.plaintext_received, 0U);
    EXPECT_EQ(dialer.facts().mppe.malformed, 0U);
  }
  static void ExpectPlain(Dialer& dialer) {
    EXPECT_FALSE(dialer.facts().mppe.up);
    EXPECT_EQ(Comp(), "");
    ExpectTraffic(dialer, 3);
  }
  // Ends without coming up.
  static void ExpectNoSession(const ClientOptions& options) {
    Dialer dialer = Dial(options);
    EXPECT_FALSE(dialer.DialUntil(Phase::kUp));
    EXPECT_TRUE(dialer.DriveUntilFinished());
    EXPECT_NE(dialer.failure().kind, FailureKind::kNone);
    EXPECT_TRUE(lab().WaitSessions(0));
  }
};

TEST_F(MppeTest, G1DisabledCcpIsRejectedAsAProtocol) {
  for (const char* ppp : {"disable-ccp: true", "disable-ccp: true\nmppe: require"}) {
    SCOPED_TRACE(ppp);
    Load(ppp);
    Dialer dialer = Dial(User(MppeWish::kPrefer));
    ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
    ASSERT_TRUE(WaitActive());
    bool rejected = false;
    for (const PppControl& packet : dialer.ServerPackets(client::kLcp)) {
      rejected |= packet.code == client::kProtoRej && packet.data.size() >= 2 &&
                  client::Get16(packet.data, 0) == kCcp;
    }
    EXPECT_TRUE(rejected);
    EXPECT_THAT(Packets(dialer, kConfReq), IsEmpty());
    ExpectPlain(dialer);
    HangUp(dialer);
  }
}

TEST_F(MppeTest, G11RequiredItEncryptsOrThereIsNoSession) {
  Load("mppe: require");
  for (const MppeWish wish : {MppeWish::kAllow, MppeWish::kPrefer, MppeWish::kRequire}) {
    Dialer dialer = Dial(User(wish));
    ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
    ASSERT_TRUE(WaitActive());
    EXPECT_THAT(OptionsOf(Packets(dialer, kConfReq).at(0)), Contains(kStateless128));
    ExpectEncrypted(dialer);
    EXPECT_EQ(Mtu(), "mtu 1448\n") << "four octets less";
    HangUp(dialer);
  }
  ExpectNoSession(User(MppeWish::kNone));
  ExpectNoSession(User(MppeWish::kDeny));
  ClientOptions silent = User(MppeWish::kAllow);
  silent.deviations.silent_ccp = true;
  ExpectNoSession(silent);
  // A login that makes no keys.
  ExpectNoSession(User(MppeWish::kAllow, AuthProtocol::kPap));
  ExpectNoSession(User(MppeWish::kAllow, AuthProtocol::kChapMd5));
}

TEST_F(MppeTest, G11BothMsChapsMakeKeys) {
  Load("mppe: require");
  for (const AuthProtocol auth : {AuthProtocol::kMsChapV1, AuthProtocol::kMsChapV2}) {
    Dialer dialer = Dial(User(MppeWish::kAllow, auth));
    ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
    ASSERT_TRUE(WaitActive());
    ExpectEncrypted(dialer);
    HangUp(dialer);
  }
}

TEST_F(MppeTest, G12PreferredItIsAskedForAndDoneWithout) {
  for (const char* ppp : {"mppe: prefer", "lcp-echo-interval: 30"}) {
    SCOPED_TRACE(ppp);
    Load(ppp);
    Dialer taking = Dial(User(MppeWish::kAllow));
    ASSERT_TRUE(taking.DialUntil(Phase::kUp)) << taking.failure().detail;
    ASSERT_TRUE(WaitActive());
    EXPECT_THAT(OptionsOf(Packets(taking, kConfReq).at(0)), Contains(kStateless128));
    ExpectEncrypted(taking);
    HangUp(taking);
    for (const MppeWish wish : {MppeWish::kNone, MppeWish::kDeny}) {
      Dialer refusing = Dial(User(wish));
      ASSERT_TRUE(refusing.DialUntil(Phase::kUp)) << refusing.failure().detail;
      ASSERT_TRUE(WaitActive());
      EXPECT_THAT(Packets(refusing, kConfReq), Not(IsEmpty()));
      ExpectPlain(refusing);
      HangUp(refusing);
    }
    // Without keys it is not even asked for.
    Dialer plain = Dial(User(MppeWish::kAllow, AuthProtocol::kPap));
    ASSERT_TRUE(plain.DialUntil(Phase::kUp)) << plain.failure().detail;
    ASSERT_TRUE(WaitActive());
    EXPECT_THAT(Packets(plain, kConfReq), IsEmpty());
    ExpectPlain(plain);
    HangUp(plain);
  }
}

TEST_F(MppeTest, G13DeniedItIsRejected) {
  Load("mppe: deny");
  Dialer dialer = Dial(User(MppeWish::kPrefer));
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(WaitActive());
  const auto rejects = Packets(dialer, kConfRej);
  ASSERT_THAT(rejects, Not(IsEmpty()));
  EXPECT_THAT(OptionsOf(rejects[0]), Contains(kStateless128));
  bool asked = false;
  for (const PppControl& request : Packets(dialer, kConfReq)) {
    for (const PppOption& option : OptionsOf(request)) asked |= option.type == 18;
  }
  EXPECT_FALSE(asked);
  ExpectPlain(dialer);
  HangUp(dialer);
  ExpectNoSession(User(MppeWish::kRequire));
}

TEST_F(MppeTest, G14AllowedItIsNotAskedForButTaken) {
  Load("mppe: allow\nlcp-echo-interval: 1");
  Dialer asking = Dial(User(MppeWish::kRequire));
  ASSERT_TRUE(asking.DialUntil(Phase::kUp)) << asking.failure().detail;
  ASSERT_TRUE(WaitActive());
  ExpectEncrypted(asking);
  HangUp(asking);
  Dialer quiet = Dial(User(MppeWish::kAllow));
  ASSERT_TRUE(quiet.DialUntil(Phase::kUp)) << quiet.failure().detail;
  ASSERT_TRUE(WaitActive());
  EXPECT_TRUE(quiet.Drive(
      [](client::ClientSession& session) { return session.facts().lcp_echo_requests >= 2; }));
  EXPECT_THAT(Packets(quiet, kConfReq), IsEmpty());
  ExpectPlain(quiet);
  HangUp(quiet);
}

TEST_F(MppeTest, LostPacketsCostThemselvesOnly) {
  Load("mppe: require");
  ClientOptions options = User(MppeWish::kAllow);
  options.deviations.lose_every = 5;
  Dialer dialer = Dial(options);
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(WaitActive());
  const Bytes packet = EchoRequestFrom(dialer.facts().address);
  for (int i = 0; i < 50; ++i) dialer.session().SendIpPacket(packet);
  EXPECT_TRUE(dialer.Drive(
      [](client::ClientSession& session) { return session.facts().ip_packets_received >= 40; }));
  EXPECT_EQ(dialer.facts().mppe.plaintext_received, 0U);
  HangUp(dialer);
}

TEST_F(MppeTest, StatefulForAClientThatInsists) {
  Load("mppe: require");
  for (const std::uint32_t lose_every : {0U, 5U}) {
    ClientOptions options = User(MppeWish::kRequire);
    options.mppe_stateful = true;
    options.deviations.lose_every = lose_every;
    Dialer dialer = Dial(options);
    ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
    ASSERT_TRUE(WaitActive());
    EXPECT_FALSE(dialer.facts().mppe.receiving.stateless);
    if (lose_every == 0) {
      ExpectEncrypted(dialer);
    } else {  // what is lost costs what comes until the key was started anew, and no more
      const Bytes packet = EchoRequestFrom(dialer.facts().address);
      EXPECT_TRUE(WaitUntil(
          [&] {
            dialer.session().SendIpPacket(packet);
            dialer.Drive([](client::ClientSession&) { return false; },
                         std::chrono::milliseconds(1));
            return dialer.facts().ip_packets_received >= 20;
          },
          kPatience));
      EXPECT_EQ(dialer.facts().mppe.malformed, 0U);
    }
    HangUp(dialer);
  }
}

TEST_F(MppeTest, WhatComesInTheClearBesidesIsDropped) {
  Load("mppe: require");
  ClientOptions options = User(MppeWish::kAllow);
  options.deviations.plaintext_beside_mppe = true;
  Dialer dialer = Dial(options);
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(WaitActive());
  const double before = lab().Statistic("up_dropped_unencrypted");
  dialer.session().SendIpPacket(EchoRequestFrom(dialer.facts().address));
  EXPECT_TRUE(WaitUntil(
      [&] {
        dialer.Drive([](client::ClientSession&) { return false; }, std::chrono::milliseconds(1));
        return lab().Statistic("up_dropped_unencrypted") > before;
      },
      kPatience));
  EXPECT_EQ(dialer.facts().ip_packets_received, 0U);
  HangUp(dialer);
}

TEST_F(MppeTest, TheClientsTunCarriesBulkBothWays) {
  Load("mppe: require");
  TunDial dial(lab(), lab().client(), "test", "test", {},
               {"--mppe", "require", "--route", std::string(Lab::kInside) + "/32"});
  ASSERT_TRUE(dial.WaitUp()) << dial.process().Output();
  ASSERT_TRUE(WaitActive());
  EXPECT_TRUE(WaitUntil([] { return Comp() == "mppe"; }, kPatience));
  for (const char* direction : {"", " -R"}) {
    Process server({"iperf3", "-s", "-1", "--forceflush"}, {&lab().inside(), {}, "iperf3"});
    ASSERT_TRUE(server.WaitForLine("Server listening", kPatience));
    int code = 0;
    const std::string out =
        lab().client().Shell(std::string("iperf3 -c 10.20.0.2 -n 4M") + direction, &code);
    EXPECT_EQ(code, 0) << out;
  }
  EXPECT_EQ(dial.process().Stop(), 0) << dial.process().Output();
  EXPECT_TRUE(lab().WaitSessions(0));
}

}  // namespace
}  // namespace sstpgw::test
