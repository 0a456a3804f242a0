// Logins through RADIUS: who gets in and with what (checklist B2-B4, C1, C6, C8, C17, C19, C27,
// C28), by every protocol.
//
//   client ──── server: both daemons ──── inside: two FreeRADIUS, an impostor
#include "tests/netns/radius_suite.h"
#include "tests/support/radius_impostor.h"

namespace sstpgw::test {
namespace {

using client::EapMethod;
using client::FailureKind;
using client::Phase;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr std::uint8_t kNasIpAddress = 4;
constexpr std::uint8_t kNasIdentifier = 32;
constexpr std::uint8_t kMessageAuthenticator = 80;

constexpr const char* kUsers = R"(
rita Cleartext-Password := "test"
  Reply-Message = "hello rita"
fixed Cleartext-Password := "test"
  Framed-IP-Address = 10.9.9.9
any Cleartext-Password := "test"
  Framed-IP-Address = 255.255.255.254
pooled Cleartext-Password := "test"
  Framed-Pool = "P2"
astray Cleartext-Password := "test"
  Framed-Pool = "NOWHERE"
named Cleartext-Password := "test"
  MS-Primary-DNS-Server = 10.8.8.8,
  MS-Secondary-DNS-Server = 10.8.8.9
closed Auth-Type := Reject
  Reply-Message = "pay your bill"
)";

constexpr const char* kEapModule = R"(
  eap {
    default_eap_type = mschapv2
    timer_expire = 60
    max_sessions = 256
    md5 {
    }
    mschapv2 {
    }
  }
)";

class RadiusLoginTest : public RadiusSuite<RadiusLoginTest> {
 public:
  static LabConfig Config() { return Servers({RadiusServer(kFirst)}); }
  // Two tries.
  static LabConfig Servers(const std::vector<std::string>& servers, const std::string& rest = "") {
    LabConfig config = RadiusConfigOf(servers, "max-try: 2\n" + rest);
    config.users = "test: { password: test }\nrita: { password: another }";
    config.pools = "P1: { range: [10.1.0.2-10.1.0.99] }\nP2: { range: [10.2.0.2-10.2.0.99] }";
    config.default_pool = "P1";
    return config;
  }
  static void Equip(FreeRadiusOptions& options) {
    options.users = kUsers;
    options.modules = kEapModule;
    options.authorize = "    eap\n";
    options.authenticate = "    eap\n";
  }

 protected:
  static client::ClientOptions By(AuthProtocol protocol, const std::string& password = "test") {
    client::ClientOptions options = RadiusUser("rita", password);
    options.auth = {protocol};
    return options;
  }
  static client::ClientOptions ByEap(EapMethod method, const std::string& password = "test") {
    client::ClientOptions options = By(AuthProtocol::kEap, password);
    options.eap = method;
    return options;
  }
  // Refused for want of proof, and FreeRADIUS was asked.
  static void ExpectRefused(const client::ClientOptions& options) {
    Dialer dialer = DialAs(options);
    EXPECT_FALSE(dialer.DialUntil(Phase::kUp));
    EXPECT_EQ(dialer.failure().kind, FailureKind::kAuthentication) << dialer.failure().detail;
    EXPECT_TRUE(dialer.DriveUntilFinished());
  }
};

TEST_F(RadiusLoginTest, ByEveryProtocol) {
  std::size_t refused = 0;
  for (const AuthProtocol protocol : {AuthProtocol::kPap, AuthProtocol::kChapMd5,
                                      AuthProtocol::kMsChapV1, AuthProtocol::kMsChapV2}) {
    SCOPED_TRACE(static_cast<int>(protocol));
    Dialer dialer = DialAs(By(protocol));
    ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
    EXPECT_EQ(dialer.facts().auth, protocol);
    EXPECT_TRUE(WaitActive("rita"));
    HangUp(dialer);
    ExpectRefused(By(protocol, "wrong"));
    ++refused;
    EXPECT_TRUE(WaitUntil([&] { return Count(first(), "Login incorrect") == refused; }, kPatience));
  }
  EXPECT_EQ(Count(first(), "Login OK: \\[rita"), 4U);
}

TEST_F(RadiusLoginTest, TheServersWordsReachTheClient) {
  client::ClientOptions options = RadiusUser("closed");
  options.auth = {AuthProtocol::kMsChapV2};
  Dialer dialer = DialAs(options);
  EXPECT_FALSE(dialer.DialUntil(Phase::kUp));
  EXPECT_EQ(dialer.failure().kind, FailureKind::kAuthentication);
  EXPECT_THAT(dialer.facts().auth_message, HasSubstr("M=pay your bill"));
  EXPECT_TRUE(dialer.DriveUntilFinished());
}

TEST_F(RadiusLoginTest, ByEap) {
  LabConfig config = Config();
  config.protocols = "[eap]";
  ASSERT_TRUE(lab().Reload(config));
  for (const EapMethod method : {EapMethod::kMsChapV2, EapMethod::kMd5}) {
    SCOPED_TRACE(method == EapMethod::kMd5 ? "MD5" : "MSCHAPv2");
    Dialer dialer = DialAs(ByEap(method));
    ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
    EXPECT_EQ(dialer.facts().auth, AuthProtocol::kEap);
    // With keys of the server's, or the crypto binding would have failed.
    EXPECT_TRUE(WaitActive("rita"));
    const Json row = lab().SessionWith("username", "rita").value_or(Json{});
    EXPECT_EQ(row.at("auth").text(), "EAP");
    HangUp(dialer);
    ExpectRefused(ByEap(method, "wrong"));
  }
  EXPECT_TRUE(WaitServerLog(first(), "Login OK: \\[rita\\]"));
  EXPECT_TRUE(WaitServerLog(first(), "Login incorrect.*\\[rita"));
  ASSERT_TRUE(lab().Reload(Config()));
}

// ---- C1

TEST_F(RadiusLoginTest, C1WithAnotherSecretNobodyGetsIn) {
  ASSERT_TRUE(lab().Reload(Servers({RadiusServer(kFirst, "", "guessed")})));
  EXPECT_FALSE(CanLogIn("rita"));
  EXPECT_TRUE(WaitServerLog(first(), "Shared secret is incorrect"));
  EXPECT_EQ(Count(first(), "Login OK"), 0U);
  ASSERT_TRUE(lab().Reload(Config()));
  EXPECT_TRUE(CanLogIn("rita"));
}

TEST_F(RadiusLoginTest, C1ForgedRepliesAreIgnored) {
  constexpr std::uint16_t kPort = 11812;
  FreeRadiusOptions options = ServerOptions(kFirst);
  options.auth_port = kPort;
  options.acct_port = 0;
  // What is passed on comes from where the impostor is.
  options.clients = "client impostor {\n  ipaddr = 10.20.0.0/24\n  secret = testing\n}\n";
  FreeRadius server(std::move(options));
  ASSERT_TRUE(server.Start()) << server.Output();
  const RadiusImpostor impostor(lab().inside(), kElsewhere, kFirst, kPort);
  ASSERT_TRUE(
      lab().Reload(Servers({RadiusServer(kElsewhere, "port: 11812, disable-accounting: true")})));
  // Who may not in stays out, who may gets what the server said.
  ExpectRefused(By(AuthProtocol::kPap, "wrong"));
  EXPECT_GE(impostor.forged(), 5U);
  Dialer dialer = DialAs("fixed");
  EXPECT_EQ(AddressOf(dialer), "10.9.9.9");
  HangUp(dialer);
  EXPECT_GE(impostor.passed(), 2U);
  EXPECT_THAT(lab().Ctl({"show", "radius"}).output,
              ContainsRegex("server 1, authentication: dropped .*wrong authenticator"));
  // Without the server there are forged replies only.
  server.Kill();
  const std::size_t before = impostor.forged();
  EXPECT_FALSE(CanLogIn("fixed"));
  EXPECT_EQ(impostor.forged(), before + 10) << "five for each of two tries";
  ASSERT_TRUE(lab().Reload(Config()));
}

// ---- C6, C8

TEST_F(RadiusLoginTest, C6AnotherPort) {
  FreeRadiusOptions options = ServerOptions(kElsewhere);
  options.auth_port = 11812;
  options.acct_port = 11813;
  FreeRadius server(std::move(options));
  ASSERT_TRUE(server.Start()) << server.Output();
  ASSERT_TRUE(lab().Reload(Servers({RadiusServer(kElsewhere, "port: 11812, acct-port: 11813")})));
  EXPECT_TRUE(CanLogIn("rita"));
  EXPECT_TRUE(server.WaitLog("Login OK: \\[rita\\]"));
  EXPECT_TRUE(server.WaitAccounting(2)) << "Start and Stop";
  ASSERT_TRUE(lab().Reload(Config()));
}

TEST_F(RadiusLoginTest, C8ADisabledServerIsNotAsked) {
  const pid_t daemon = lab().control_plane().pid();
  ASSERT_TRUE(
      lab().Reload(Servers({RadiusServer(kFirst, "disable: true"), RadiusServer(kSecond)})));
  Capture capture(lab().server(), "lan0", std::string("udp and dst host ") + kFirst);
  EXPECT_TRUE(CanLogIn("rita"));
  EXPECT_EQ(Count(second(), "Login OK"), 1U);
  // What is on the way to both is in the file when the other server has had it.
  EXPECT_TRUE(RadiusOf(capture.Finish(), kAccessRequest).empty());
  ASSERT_TRUE(lab().Reload(Servers({RadiusServer(kFirst), RadiusServer(kSecond)})));
  EXPECT_TRUE(CanLogIn("rita"));
  EXPECT_EQ(Count(first(), "Login OK"), 1U);
  EXPECT_EQ(Count(second(), "Login OK"), 1U);
  EXPECT_EQ(lab().control_plane().pid(), daemon);
  EXPECT_TRUE(lab().control_plane().running());
  ASSERT_TRUE(lab().Reload(Config()));
}

// ---- C17, C19

TEST_F(RadiusLoginTest, C17C19TheNasNamesItself) {
  ASSERT_TRUE(lab().Reload(Servers({RadiusServer(kFirst)}, "nas-ip-address: 10.20.0.1")));
  Capture capture(lab().server(), "lan0", "udp");
  EXPECT_TRUE(CanLogIn("rita"));
  const std::string pcap = capture.Finish();
  for (const std::uint8_t code : {kAccessRequest, kAccountingRequest}) {
    const auto seen = RadiusOf(pcap, code);
    ASSERT_FALSE(seen.empty()) << int{code};
    EXPECT_EQ(seen[0].packet.Text(kNasIdentifier), "gw1");
    EXPECT_EQ(seen[0].packet.Number(kNasIpAddress), 0x0a140001U);
  }
  // The first attribute of every question (features 6.2).
  EXPECT_EQ(RadiusOf(pcap, kAccessRequest)[0].packet.attributes.at(0).first, kMessageAuthenticator);
  ASSERT_TRUE(lab().Reload(Config()));
}

// ---- C27, C28

TEST_F(RadiusLoginTest, C27FramedIpAddressIsTheClientsAddress) {
  Dialer fixed = DialAs("fixed");
  EXPECT_EQ(AddressOf(fixed), "10.9.9.9");
  ASSERT_TRUE(WaitActive("fixed"));
  EXPECT_THAT(lab().server().Ip("addr show dev " + InterfaceOf("fixed")),
              HasSubstr("peer 10.9.9.9/32"));
  HangUp(fixed);
  Dialer any = DialAs("any");
  EXPECT_THAT(AddressOf(any), ContainsRegex("^10\\.1\\.0\\.[0-9]+$"));
  HangUp(any);
}

TEST_F(RadiusLoginTest, C28FramedPoolIsThePool) {
  Dialer pooled = DialAs("pooled");
  EXPECT_THAT(AddressOf(pooled), ContainsRegex("^10\\.2\\.0\\.[0-9]+$"));
  HangUp(pooled);
  Dialer astray = DialAs("astray");
  EXPECT_EQ(AddressOf(astray), "");
  EXPECT_EQ(astray.failure().kind, FailureKind::kNoAddress) << astray.failure().detail;
  EXPECT_TRUE(WaitControlLog("NOWHERE"));
}

TEST_F(RadiusLoginTest, NameServersOfTheAcceptReachTheClient) {
  Dialer dialer = DialAs("named");
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  EXPECT_THAT(dialer.facts().dns, ::testing::ElementsAre(*Ipv4Address::Parse("10.8.8.8"),
                                                         *Ipv4Address::Parse("10.8.8.9")));
  HangUp(dialer);
}

// ---- B2-B4

TEST_F(RadiusLoginTest, B2B3B4TheConfiguredBackendIsAskedAndNoOther) {
  EXPECT_FALSE(CanLogIn("test")) << "a local user whom RADIUS does not know";
  EXPECT_TRUE(WaitServerLog(first(), "Login incorrect.*\\[test"));
  EXPECT_TRUE(CanLogIn("rita"));
  EXPECT_EQ(Count(first(), "Login OK: \\[rita"), 1U);

  ASSERT_TRUE(WaitBooksClosed());

  LabConfig local = Config();
  local.mode = "local";
  ASSERT_TRUE(lab().Reload(local));
  Capture capture(lab().server(), "lan0", "udp");
  EXPECT_TRUE(CanLogIn("test"));
  EXPECT_FALSE(CanLogIn("rita")) << "with RADIUS's password";
  EXPECT_TRUE(CanLogIn(RadiusUser("rita", "another")));
  EXPECT_TRUE(UdpDatagrams(capture.Finish()).empty()) << "a server was told";

  ASSERT_TRUE(lab().Reload(Config()));
  EXPECT_FALSE(CanLogIn("test"));
  EXPECT_TRUE(CanLogIn("rita"));
}

}  // namespace
}  // namespace sstpgw::test
