// LoadConfig as an operator meets it: the documented example, each rule of features 11.1, several
// mistakes at once, secrets, and the statements of features 11.2 that belong to what is built.
#include "controlplane/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_fixture.h"

namespace sstpgw::cp {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

Ipv4Address Ip(const std::string& text) { return Ipv4Address::Parse(text).value(); }

// features, Annex D, to the letter.
constexpr const char* kExample = R"(sstp:
  description: remote access
  port: 443
  authentication:
    mode: local
    local-users:
      test: { password: test }
  client-ip-pool:
    SSTP-POOL: { range: [10.0.0.2-10.0.0.100] }
  default-pool: SSTP-POOL
  gateway-address: 10.0.0.1
  ssl:
    ca-certificate: /etc/sstp/ca.pem
    certificate: /etc/sstp/server.pem
    key: /etc/sstp/server.key
)";

TEST(LoadConfig, TakesTheDocumentedExample) {
  const LoadResult result = Load(kExample);
  ASSERT_THAT(Brief(result.errors), IsEmpty());
  EXPECT_THAT(Brief(result.warnings), IsEmpty());
  ASSERT_TRUE(result.config);
  const ControlConfig& config = *result.config;
  EXPECT_EQ(config.description, "remote access");
  EXPECT_EQ(config.gateway.port, 443);
  ASSERT_THAT(config.local_users, SizeIs(1));
  EXPECT_EQ(config.local_users.at("test").password.RevealText(), "test");
  EXPECT_FALSE(config.local_users.at("test").static_ip);
  EXPECT_FALSE(config.local_users.at("test").disabled);
  ASSERT_THAT(config.pools, SizeIs(1));
  EXPECT_EQ(config.pools.at("SSTP-POOL").name, "SSTP-POOL");
  EXPECT_THAT(config.pools.at("SSTP-POOL").ranges,
              ElementsAre(AddressRange{Ip("10.0.0.2"), Ip("10.0.0.100")}));
  EXPECT_EQ(config.default_pool, "SSTP-POOL");
  EXPECT_EQ(config.gateway_address, Ip("10.0.0.1"));
  EXPECT_EQ(config.gateway.ppp.gateway_address, Ip("10.0.0.1"));
  EXPECT_EQ(config.gateway.tls.certificate_chain_pem, TestIdentity().certificate_pem);
  EXPECT_THAT(std::string(config.gateway.tls.private_key_pem.RevealText()),
              HasSubstr("BEGIN PRIVATE KEY"));
}

TEST(LoadConfig, FillsInTheDefaults) {
  const LoadResult result = Load(Minimal());
  ASSERT_TRUE(result.config) << Render("f", result.errors);
  const ControlConfig& config = *result.config;
  const GatewaySettings& gateway = config.gateway;
  EXPECT_EQ(gateway.generation, Generation(0));
  EXPECT_THAT(gateway.listen_addresses, IsEmpty());
  EXPECT_EQ(gateway.port, 443);
  EXPECT_EQ(gateway.interface_name, "sstp%d");
  EXPECT_EQ(gateway.log_level, LogLevel::kInfo);
  EXPECT_EQ(gateway.max_sessions, 0U);
  EXPECT_EQ(gateway.data_path, DataPathSettings{});
  EXPECT_THAT(gateway.tls.protocols, ElementsAre("tls1.2", "tls1.3"));
  EXPECT_FALSE(gateway.tls.prefer_server_ciphers);
  EXPECT_EQ(gateway.sstp.negotiation_timeout, std::chrono::seconds(60));
  EXPECT_EQ(gateway.sstp.hello_interval, std::chrono::seconds(60));
  EXPECT_EQ(gateway.sstp.hash_mask, 3);
  EXPECT_EQ(gateway.sstp.http_error, HttpErrorPolicy::kAllow);
  EXPECT_EQ(gateway.sstp.host_name, "");
  EXPECT_FALSE(gateway.sstp.cert_hash_sha1);
  EXPECT_FALSE(gateway.sstp.cert_hash_sha256);
  EXPECT_EQ(gateway.ppp.mtu, 1500);
  EXPECT_FALSE(gateway.ppp.mtu_configured);
  EXPECT_FALSE(gateway.ppp.mru);
  EXPECT_EQ(gateway.ppp.min_mtu, 100);
  EXPECT_EQ(gateway.ppp.ppp_max_mtu, 1452);
  EXPECT_THAT(gateway.ppp.auth_protocols,
              ElementsAre(AuthProtocol::kMsChapV2, AuthProtocol::kMsChapV1, AuthProtocol::kChapMd5,
                          AuthProtocol::kPap));
  EXPECT_EQ(gateway.ppp.ipv4, NcpPreference::kAllow);
  EXPECT_EQ(gateway.ppp.echo_interval, std::chrono::seconds(30));
  EXPECT_EQ(gateway.ppp.echo_failure, 3U);
  EXPECT_EQ(gateway.ppp.echo_timeout, std::chrono::seconds(0));
  EXPECT_EQ(gateway.ppp.restart_timeout, std::chrono::seconds(3));
  EXPECT_EQ(gateway.ppp.max_configure, 10U);
  EXPECT_EQ(gateway.ppp.max_terminate, 2U);
  EXPECT_EQ(gateway.ppp.max_failure, 10U);
  EXPECT_EQ(config.single_session, SingleSession::kReplace);
  EXPECT_EQ(config.operator_socket, "/run/sstpgw/operator.sock");
  EXPECT_EQ(config.link_listen, "unix:/run/sstpgw/link.sock");
}

TEST(LoadConfig, TakesEveryGatewaySetting) {
  const std::string sha1(40, 'a');
  std::string sha256;
  for (int i = 0; i < 32; ++i) sha256 += i == 0 ? "0f" : ":0F";
  const LoadResult result = Load(Minimal(R"(
  listen: [192.0.2.7, "2001:db8::7"]
  port: 8443
  host-name: test.vyos.io
  mtu: 1400
  ifname: vpn%d
  max-sessions: 9
  single-session: none
  log: { level: 5 }
  name-server: [192.0.2.1, 192.0.2.2]
  wins-server: [192.0.2.3, 192.0.2.4]
  cli: { socket: /tmp/o.sock }
  link: { listen: "unix:/tmp/l.sock" }
  data-path: { kernel-tls-send: false, fill-records: false }
  protocol:
    timeout: 20
    hello-interval: 0
    cert-hash-proto: [sha256]
    cert-hash-sha1: )" + sha1 + R"(
    cert-hash-sha256: ")" + sha256 + R"("
    http-error: https://example.com/
    accept: [ssl]
    ppp-max-mtu: 1480
  ppp-options:
    mru: 1300
    min-mtu: 200
    ipv4: require
    ipv6: deny
    disable-ccp: true
    mppe: deny
    interface-cache: 256000
    lcp-echo-interval: 40
    lcp-echo-failure: 4
    lcp-echo-timeout: 100
    timeout: 5
    max-configure: 6
    max-terminate: 7
    max-failure: 8
)"));
  ASSERT_TRUE(result.config) << Render("f", result.errors);
  const ControlConfig& config = *result.config;
  const GatewaySettings& gateway = config.gateway;
  EXPECT_THAT(gateway.listen_addresses, ElementsAre("192.0.2.7", "2001:db8::7"));
  EXPECT_EQ(gateway.port, 8443);
  EXPECT_EQ(gateway.sstp.host_name, "test.vyos.io");
  EXPECT_EQ(gateway.interface_name, "vpn%d");
  EXPECT_EQ(gateway.max_sessions, 9U);
  EXPECT_EQ(gateway.log_level, LogLevel::kDebug);
  EXPECT_EQ(gateway.data_path, (DataPathSettings{false, true, true, false, 256'000}));
  EXPECT_EQ(config.single_session, SingleSession::kNone);
  EXPECT_THAT(config.dns, ElementsAre(Ip("192.0.2.1"), Ip("192.0.2.2")));
  EXPECT_THAT(config.wins, ElementsAre(Ip("192.0.2.3"), Ip("192.0.2.4")));
  EXPECT_EQ(config.operator_socket, "/tmp/o.sock");
  EXPECT_EQ(config.link_listen, "unix:/tmp/l.sock");
  EXPECT_EQ(gateway.sstp.negotiation_timeout, std::chrono::seconds(20));
  EXPECT_EQ(gateway.sstp.hello_interval, std::chrono::seconds(0));
  EXPECT_EQ(gateway.sstp.hash_mask, 2);
  EXPECT_EQ(gateway.sstp.cert_hash_sha1.value()[19], 0xaa);
  EXPECT_EQ(gateway.sstp.cert_hash_sha256.value()[31], 0x0f);
  EXPECT_EQ(gateway.sstp.http_error, HttpErrorPolicy::kRedirect);
  EXPECT_EQ(gateway.sstp.http_redirect_url, "https://example.com/");
  EXPECT_EQ(gateway.ppp.ppp_max_mtu, 1480);
  EXPECT_EQ(gateway.ppp.mtu, 1400);
  EXPECT_TRUE(gateway.ppp.mtu_configured);
  EXPECT_EQ(gateway.ppp.mru, 1300);
  EXPECT_EQ(gateway.ppp.min_mtu, 200);
  EXPECT_EQ(gateway.ppp.ipv4, NcpPreference::kRequire);
  EXPECT_EQ(gateway.ppp.echo_interval, std::chrono::seconds(40));
  EXPECT_EQ(gateway.ppp.echo_failure, 4U);
  EXPECT_EQ(gateway.ppp.echo_timeout, std::chrono::seconds(100));
  EXPECT_EQ(gateway.ppp.restart_timeout, std::chrono::seconds(5));
  EXPECT_EQ(gateway.ppp.max_configure, 6U);
  EXPECT_EQ(gateway.ppp.max_terminate, 7U);
  EXPECT_EQ(gateway.ppp.max_failure, 8U);
}

TEST(LoadConfig, KeepsTheGivenOrderOfAuthenticationProtocols) {
  const LoadResult result = Load("sstp:\n" + kSsl + kPool +
                                 "  authentication:\n"
                                 "    protocols: [pap, mschap-v2]\n"
                                 "    local-users: { u: { password: p } }\n");
  ASSERT_TRUE(result.config) << Render("f", result.errors);
  EXPECT_THAT(result.config->gateway.ppp.auth_protocols,
              ElementsAre(AuthProtocol::kPap, AuthProtocol::kMsChapV2));
}

TEST(LoadConfig, EveryLogLevelIsAccepted) {
  for (int level = 0; level <= 5; ++level) {
    const LoadResult result = Load(Minimal("  log: {level: " + std::to_string(level) + "}\n"));
    ASSERT_TRUE(result.config) << level;
    EXPECT_EQ(static_cast<int>(result.config->gateway.log_level), level);
  }
}

TEST(LoadConfig, FiveMistakesAreFiveMessages) {
  const LoadResult result = Load(R"(sstp:
  mtu: 9000
  prot: 443
  authentication:
    protocols: [mschap-v2, eap]
    local-users:
      alice: { pasword: hunter2 }
  client-ip-pool:
    P: { range: [10.0.0.2-10.0.1.100] }
  default-pool: P
  gateway-address: 10.0.0.1
  ssl:
    ca-certificate: /etc/sstp/ca.pem
    certificate: /etc/sstp/server.pem
    key: /etc/sstp/server.key
)");
  EXPECT_FALSE(result.config);
  ASSERT_THAT(result.errors, SizeIs(5)) << Render("f", result.errors);
  const auto is = [&](std::size_t i, const char* path, std::uint32_t line, const char* value) {
    EXPECT_EQ(result.errors[i].path, path);
    EXPECT_EQ(result.errors[i].line, line);
    EXPECT_EQ(result.errors[i].value, value);
  };
  is(0, "sstp.mtu", 2, "9000");
  is(1, "sstp.prot", 3, "");
  is(2, "sstp.authentication.protocols[1]", 5, "eap");
  is(3, "sstp.authentication.local-users.alice.pasword", 7, "");
  is(4, "sstp.client-ip-pool.P.range[0]", 9, "10.0.0.2-10.0.1.100");
  EXPECT_EQ(result.errors[0].reason, "must be a whole number 68..1500");
  EXPECT_EQ(result.errors[1].remedy, "Did you mean port?");
  EXPECT_EQ(result.errors[3].remedy, "Did you mean password?");
  EXPECT_EQ(result.errors[4].reason, "first and last must lie within one /24");
  EXPECT_EQ(Render("sstp.yaml", result.errors[0]),
            "sstp.yaml:2:3: sstp.mtu: 9000: must be a whole number 68..1500");
  EXPECT_THAT(Render("f", result.errors), Not(HasSubstr("hunter2")));
}

TEST(LoadConfig, SaysWhereAKnownKeyBelongs) {
  const LoadResult result = Load(Minimal("  lcp-echo-interval: 3\n"));
  ASSERT_THAT(result.errors, SizeIs(1));
  EXPECT_EQ(result.errors[0].remedy, "There is sstp.ppp-options.lcp-echo-interval.");
}

TEST(LoadConfig, KeysWrittenTwiceAreRefused) {
  const LoadResult result = Load(Minimal("  port: 1\n  port: 2\n"));
  EXPECT_THAT(Brief(result.errors), ElementsAre("sstp.port: is written twice, first at line 13"));
  EXPECT_EQ(result.errors[0].line, 14U);
  EXPECT_THAT(Brief(Load("sstp:\n" + kSsl + kPool +
                         "  authentication: { local-users: { a: {password: x}, a: {password: y} "
                         "} }\n")
                        .errors),
              ElementsAre(StartsWith("sstp.authentication.local-users.a: is written twice")));
}

// ---- Rules of features 11.1 ---------------------------------------------------------------------

struct Rule {
  const char* name;
  std::string yaml;
  std::vector<std::string> errors;  // "path: reason"
};
void PrintTo(const Rule& rule, std::ostream* out) { *out << rule.name; }

class Rules : public ::testing::TestWithParam<Rule> {};

TEST_P(Rules, AreTold) {
  const LoadResult result = Load(GetParam().yaml);
  EXPECT_EQ(result.config.has_value(), GetParam().errors.empty());
  EXPECT_EQ(Brief(result.errors), GetParam().errors) << Render("f", result.errors);
}

const std::string kUsersPath = "sstp.authentication.local-users";

INSTANTIATE_TEST_SUITE_P(
    LoadConfig, Rules,
    ::testing::Values(
        Rule{"Empty", "", {"sstp: is missing"}},
        Rule{"OtherRoot", "vpn: {}\n", {"sstp: is missing", "vpn: is not a known key"}},
        Rule{"RootList", "- a\n", {": must be a mapping, not a list"}},
        Rule{"V2NoUser",
             "sstp:\n" + kSsl + kPool,
             {kUsersPath + ": is missing: mode local needs at least one user"}},
        Rule{"V2EmptyUsers",
             "sstp:\n" + kSsl + kPool + "  authentication: { local-users: {} }\n",
             {kUsersPath + ": is missing: mode local needs at least one user"}},
        Rule{"V3NoPassword",
             "sstp:\n" + kSsl + kPool + "  authentication: { local-users: { u: {} } }\n",
             {kUsersPath + ".u.password: is missing"}},
        Rule{"V3NullUser",
             "sstp:\n" + kSsl + kPool + "  authentication:\n    local-users:\n      u:\n",
             {kUsersPath + ".u.password: is missing"}},
        Rule{"V7NextPoolMissing",
             Minimal("  client-ip-pool2: {}\n"),
             {"sstp.client-ip-pool2: is not a known key"}},
        Rule{"V7UnknownNext",
             "sstp:\n" + kSsl + kUsers +
                 "  gateway-address: 192.0.2.1\n  default-pool: A\n"
                 "  client-ip-pool:\n    A: { range: 10.0.0.2, next-pool: B }\n",
             {"sstp.client-ip-pool.A.next-pool: there is no such pool in client-ip-pool"}},
        Rule{"V7NoRange",
             "sstp:\n" + kSsl + kUsers +
                 "  gateway-address: 192.0.2.1\n  default-pool: A\n"
                 "  client-ip-pool:\n    A: { next-pool: B }\n    B: { range: 10.0.0.2 }\n",
             {"sstp.client-ip-pool.A.range: is missing"}},
        Rule{"V7Loop",
             "sstp:\n" + kSsl + kUsers +
                 "  gateway-address: 192.0.2.1\n  default-pool: X\n"
                 "  client-ip-pool:\n    X: { range: 10.0.0.2, next-pool: A }\n"
                 "    A: { range: 10.0.0.3, next-pool: B }\n    B: { range: 10.0.0.4, next-pool: A "
                 "}\n",
             {"sstp.client-ip-pool.A.next-pool: the chain of pools is a loop: A -> B -> A"}},
        Rule{"V7SelfLoop",
             "sstp:\n" + kSsl + kUsers +
                 "  gateway-address: 192.0.2.1\n  default-pool: A\n"
                 "  client-ip-pool:\n    A: { range: 10.0.0.3, next-pool: A }\n",
             {"sstp.client-ip-pool.A.next-pool: the chain of pools is a loop: A -> A"}},
        Rule{"T7ChainInAnyOrder",
             "sstp:\n" + kSsl + kUsers +
                 "  gateway-address: 192.0.2.1\n  default-pool: A\n"
                 "  client-ip-pool:\n    C: { range: 192.0.2.10-192.0.2.20 }\n"
                 "    A: { range: 10.0.0.3, next-pool: B }\n    B: { range: 10.0.0.4, next-pool: C "
                 "}\n",
             {}},
        Rule{"V8UnknownDefault",
             "sstp:\n" + kSsl + kUsers +
                 "  gateway-address: 192.0.2.1\n  default-pool: Q\n"
                 "  client-ip-pool: { A: { range: 10.0.0.3 } }\n",
             {"sstp.default-pool: there is no such pool in client-ip-pool"}},
        Rule{"V8NamesAreCaseSensitive",
             "sstp:\n" + kSsl + kUsers +
                 "  gateway-address: 192.0.2.1\n  default-pool: a\n"
                 "  client-ip-pool: { A: { range: 10.0.0.3 } }\n",
             {"sstp.default-pool: there is no such pool in client-ip-pool"}},
        Rule{"V10NoPool",
             "sstp:\n" + kSsl + kUsers + "  gateway-address: 192.0.2.1\n",
             {"sstp.client-ip-pool: is missing: clients need addresses"}},
        Rule{"V11ThreeDns",
             Minimal("  name-server: [192.0.2.1, 192.0.2.2, 192.0.2.3]\n"),
             {"sstp.name-server[2]: is IPv4 name server number 3, there may be two"}},
        Rule{"V11ThreeWins",
             Minimal("  wins-server: [192.0.2.1, 192.0.2.2, 192.0.2.3]\n"),
             {"sstp.wins-server: may have at most 2 entries, has 3"}},
        Rule{"V11FourIpv6Dns",
             Minimal("  name-server: [192.0.2.1, \"2001:db8::1\", \"2001:db8::2\", "
                     "\"2001:db8::3\", \"2001:db8::4\"]\n"),
             {"sstp.name-server[4]: is IPv6 name server number 4, there may be three"}},
        Rule{"V12NoSsl", "sstp:\n" + kUsers + kPool, {"sstp.ssl: is missing"}},
        Rule{"V12EmptySsl",
             "sstp:\n" + kUsers + kPool + "  ssl: {}\n",
             {"sstp.ssl.ca-certificate: is missing", "sstp.ssl.certificate: is missing"}},
        Rule{"ModeNoauthIsNotYet",
             "sstp:\n" + kSsl + "  authentication: { mode: noauth }\n",
             {"sstp.authentication.mode: is not supported yet (logins without authentication)"}},
        Rule{"V4UserRateLimitOfOneDirection",
             "sstp:\n" + kSsl + kPool +
                 "  authentication: { local-users: { u: { password: p, rate-limit: {upload: 5000} "
                 "} } }\n",
             {kUsersPath + ".u.rate-limit.download: is missing"}},
        Rule{
            "StaticAddressIsTheGateway",
            "sstp:\n" + kSsl + kPool +
                "  authentication: { local-users: { u: { password: p, static-ip: 192.0.2.1 } } }\n",
            {kUsersPath + ".u.static-ip: is the gateway-address"}},
        Rule{"GatewayIsNoHost",
             Minimal("") + "  ifname: x\n",
             {"sstp.ifname: must contain %d, where the number goes"}},
        Rule{"SingleSessionDeny",
             Minimal("  single-session: deny\n"),
             {"sstp.single-session: is not supported yet (refusing a second login)"}},
        Rule{"CcpAskedFor", Minimal("  ppp-options: { disable-ccp: false }\n"), {}},
        Rule{"MppeAskedFor", Minimal("  ppp-options: { mppe: require }\n"), {}},
        Rule{"MppeDenied", Minimal("  ppp-options: { mppe: deny }\n"), {}},
        Rule{"Snmp", Minimal("  snmp:\n"), {"sstp.snmp: is not supported yet (SNMP)"}},
        Rule{"SnmpOff", Minimal("  snmp: { enable: false }\n"), {}},
        Rule{"LinkOverTcp",
             Minimal("  link: { listen: \"127.0.0.1:7000\" }\n"),
             {"sstp.link.listen: is not supported yet (gateways on other hosts)"}},
        Rule{"ListenUnix",
             Minimal("  listen: [\"unix:/run/x\"]\n"),
             {"sstp.listen[0]: is not supported yet (listening on a Unix socket)"}},
        Rule{"ProxyProtocol",
             Minimal("  protocol: { accept: [ssl, proxy] }\n"),
             {"sstp.protocol.accept[1]: is not supported yet (the PROXY protocol)"}},
        Rule{"ListenTwice",
             Minimal("  listen: [0.0.0.0, 0.0.0.0]\n"),
             {"sstp.listen[1]: is in the list already"}}),
    [](const auto& param_info) { return param_info.param.name; });

// G1, T9: VyOS takes disable-ccp together with mppe; the session runs without.
TEST(LoadConfig, MppeIsOnlyWarnedOfWhenCcpIsDisabled) {
  const LoadResult result = Load(Minimal("  ppp-options: { mppe: require, disable-ccp: true }\n"));
  EXPECT_TRUE(result.config);
  EXPECT_THAT(Brief(result.warnings),
              ElementsAre("sstp.ppp-options.mppe: has no effect because of disable-ccp"));
}

TEST(LoadConfig, WarnsOfWhatLeavesClientsWithoutAddresses) {
  const LoadResult result =
      Load("sstp:\n" + kSsl + kUsers + "  client-ip-pool: { P: { range: 192.0.2.0/24 } }\n");
  EXPECT_TRUE(result.config);
  EXPECT_THAT(
      Brief(result.warnings),
      ElementsAre("sstp.default-pool: is missing, so only users with a static-ip get an address",
                  "sstp.gateway-address: is missing, so no client gets an IPv4 address"));
}

TEST(LoadConfig, WarnsOfOverlappingRanges) {
  const LoadResult result = Load("sstp:\n" + kSsl + kUsers +
                                 "  gateway-address: 192.0.2.1\n  default-pool: A\n"
                                 "  client-ip-pool:\n    A: { range: [10.0.0.0/24, 10.0.1.5] }\n"
                                 "    B: { range: [10.0.2.1, 10.0.0.200-210] }\n");
  EXPECT_TRUE(result.config);
  EXPECT_THAT(Brief(result.warnings), ElementsAre("sstp.client-ip-pool.B.range[1]: overlaps "
                                                  "sstp.client-ip-pool.A.range[0]"));
}

TEST(LoadConfig, WarnsOfOldTls) {
  const LoadResult result =
      Load("sstp:\n" + kUsers + kPool + kSsl + "    protocols: [tls1, tls1.2]\n");
  ASSERT_TRUE(result.config) << Render("f", result.errors);
  EXPECT_THAT(Brief(result.warnings), ElementsAre(StartsWith("sstp.ssl.protocols: offers TLS")));
  EXPECT_THAT(result.config->gateway.tls.protocols, ElementsAre("tls1", "tls1.2"));
}

TEST(LoadConfig, ClampsMinMtuAndMruWithAWarning) {
  struct Case {
    const char* yaml;
    std::uint16_t min_mtu;
    std::vector<std::string> warnings;
  };
  const std::string mru = "sstp.ppp-options.mru: is more than protocol.ppp-max-mtu, 1452 is used";
  const auto min_mtu = [](int used) {
    return "sstp.ppp-options.min-mtu: is more than the MTU can be, " + std::to_string(used) +
           " is used";
  };
  const Case cases[] = {
      {"  ppp-options: { min-mtu: 1453 }\n", 1452, {min_mtu(1452)}},
      {"  ppp-options: { min-mtu: 1452 }\n", 1452, {}},
      {"  ppp-options: { min-mtu: 1400, mru: 9000 }\n", 1400, {mru}},
      {"  ppp-options: { min-mtu: 1400, mru: 1300 }\n", 1300, {min_mtu(1300)}},
      {"  ppp-options: { min-mtu: 1400 }\n  mtu: 1350\n", 1350, {min_mtu(1350)}},
      {"  ppp-options: { min-mtu: 1600 }\n  protocol: { ppp-max-mtu: 4000 }\n",
       1500,
       {min_mtu(1500)}},
  };
  for (const Case& c : cases) {
    const LoadResult result = Load(Minimal(c.yaml));
    ASSERT_TRUE(result.config) << Render("f", result.errors);
    EXPECT_EQ(result.config->gateway.ppp.min_mtu, c.min_mtu) << c.yaml;
    EXPECT_EQ(Brief(result.warnings), c.warnings) << c.yaml;
  }
}

// ---- Users and secrets --------------------------------------------------------------------------

TEST(LoadConfig, TakesStaticAddressesAndDisabledUsers) {
  const LoadResult result = Load("sstp:\n" + kSsl + kPool + R"(  authentication:
    local-users:
      test: { password: test2, static-ip: 100.100.100.101 }
      star: { password: x, static-ip: "*" }
      off: { password: x, disable: true }
)");
  ASSERT_TRUE(result.config) << Render("f", result.errors);
  EXPECT_EQ(result.config->local_users.at("test").static_ip, Ip("100.100.100.101"));
  EXPECT_FALSE(result.config->local_users.at("star").static_ip);
  EXPECT_TRUE(result.config->local_users.at("off").disabled);
}

TEST(LoadConfig, WarnsOfOneAddressForTwoUsers) {
  const LoadResult result = Load("sstp:\n" + kSsl + kPool + R"(  authentication:
    local-users:
      a: { password: x, static-ip: 10.9.9.9 }
      b: { password: x, static-ip: 10.9.9.9 }
)");
  EXPECT_TRUE(result.config);
  EXPECT_THAT(Brief(result.warnings),
              ElementsAre(kUsersPath + ".b.static-ip: belongs to user a as well"));
}

TEST(LoadConfig, UserNamesMayHoldAnything) {
  const LoadResult result = Load("sstp:\n" + kSsl + kPool +
                                 "  authentication:\n    local-users:\n"
                                 "      \"a b.c\\\"#\\n\": { password: \"  p:#\\\"' \" }\n"
                                 "      J\xc3\xbcrgen: { password: 1234 }\n"
                                 "      12: { password: true }\n");
  ASSERT_TRUE(result.config) << Render("f", result.errors);
  EXPECT_EQ(result.config->local_users.at("a b.c\"#\n").password.RevealText(), "  p:#\"' ");
  EXPECT_EQ(result.config->local_users.at("J\xc3\xbcrgen").password.RevealText(), "1234");
  EXPECT_EQ(result.config->local_users.at("12").password.RevealText(), "true");
}

TEST(LoadConfig, OddUserNamesDoNotBreakMessages) {
  const LoadResult result = Load("sstp:\n" + kSsl + kPool +
                                 "  authentication:\n    local-users:\n"
                                 "      \"a.b\\n\\e[31m\": { password: x, static-ip: y }\n");
  ASSERT_THAT(result.errors, SizeIs(1));
  EXPECT_EQ(result.errors[0].path, kUsersPath + ".\"a.b\\x0a\\x1b[31m\".static-ip");
  EXPECT_EQ(result.errors[0].line, 12U);
  EXPECT_THAT(Render("f", result.errors[0]), Not(HasSubstr("\n")));
}

std::string WithPassword(const std::string& password) {
  return "sstp:\n" + kSsl + kPool +
         "  authentication: { local-users: { u: { password: " + password + " } } }\n";
}

TEST(LoadConfig, SecretsComeFromFilesAndTheEnvironment) {
  FakeFiles files = TestFiles();
  files.files["/etc/sstp/u.secret"] = "from file\r\n";
  files.files["conf/rel"] = "two\nlines\n\n";
  files.environment["U_SECRET"] = "from env\n";
  const auto password = [&](const std::string& source, const char* file_name) {
    const LoadResult result = LoadConfig(WithPassword(source), file_name, files);
    return result.config ? std::string(result.config->local_users.at("u").password.RevealText())
                         : Render(file_name, result.errors);
  };
  EXPECT_EQ(password("{file: /etc/sstp/u.secret}", "sstp.yaml"), "from file");
  EXPECT_EQ(password("{file: rel}", "conf/sstp.yaml"), "two\nlines\n");
  EXPECT_EQ(password("{file: u.secret}", "/etc/sstp/sstp.yaml"), "from file");
  EXPECT_EQ(password("{env: U_SECRET}", "sstp.yaml"), "from env\n");
}

TEST(LoadConfig, SecretsAreNeverShown) {
  FakeFiles files = TestFiles();
  files.files["/empty"] = "\n";
  files.files["/nul"] = std::string("hunter2\0x", 9);
  files.files["/long"] = std::string(256, 'h');
  const auto error = [&](const std::string& source) {
    const LoadResult result = LoadConfig(WithPassword(source), "f", files);
    return result.errors.size() == 1 ? result.errors[0].value + ": " + result.errors[0].reason
                                     : Render("f", result.errors);
  };
  const std::string forms = ": must be text, {file: path} or {env: NAME}";
  EXPECT_EQ(error("hunter2" + std::string(256, 'x')),
            "***: must have at most 255 characters, has 263");
  EXPECT_EQ(error("''"), "***: may not be empty");
  EXPECT_EQ(error("[hunter2]"), "***" + forms);
  EXPECT_EQ(error("{hunter2: x}"), "***" + forms);
  EXPECT_EQ(error("{file: /nul, env: hunter2}"), "***" + forms);
  EXPECT_EQ(error("{file: [hunter2]}"), "***" + forms);
  EXPECT_EQ(error("{file: /missing}"), "file /missing: cannot be read: No such file");
  EXPECT_EQ(error("{env: MISSING}"), "env MISSING: cannot be read: is not set");
  EXPECT_EQ(error("{file: /empty}"), "file /empty: may not be empty");
  EXPECT_EQ(error("{file: /nul}"), "file /nul: may not contain NUL");
  EXPECT_EQ(error("{file: /long}"), "file /long: must have at most 255 characters, has 256");
  EXPECT_EQ(error("hunter2, pasword: hunter2"), ": is not a known key");
}

TEST(LoadConfig, TextHasItsLimit) {
  EXPECT_TRUE(Load(Minimal("  description: " + std::string(255, 'd') + "\n")).config);
  std::string umlauts;  // 255 characters, 510 octets
  for (int i = 0; i < 255; ++i) umlauts += "\xc3\xbc";
  EXPECT_TRUE(Load(Minimal("  description: " + umlauts + "\n")).config);
  EXPECT_FALSE(Load(Minimal("  description: " + umlauts + "\xc3\xbc\n")).config);
  const LoadResult result = Load(Minimal("  description: " + std::string(256, 'd') + "\n"));
  EXPECT_THAT(Brief(result.errors),
              ElementsAre("sstp.description: must have at most 255 characters, has 256"));
  EXPECT_EQ(result.errors[0].value, std::string(64, 'd') + "...");
}

// ---- ssl ----------------------------------------------------------------------------------------

std::vector<std::string> TlsErrors(FakeFiles files, const std::string& ssl) {
  return Brief(
      LoadConfig("sstp:\n" + kUsers + kPool + "  ssl: {" + ssl + "}\n", "f", files).errors);
}

TEST(LoadConfig, CertificateAndKeyMustBeThereAndMatch) {
  const std::string all =
      "ca-certificate: /etc/sstp/ca.pem, certificate: /etc/sstp/server.pem, key: ";
  FakeFiles files = TestFiles();
  const testing::Identity other = TestAuthority().Issue({});
  files.files["/other.key"] = other.key_pem;
  files.files["/both.pem"] = TestIdentity().key_pem + TestIdentity().certificate_pem;
  files.files["/empty"] = "";
  files.files["/junk"] = "junk";
  EXPECT_THAT(TlsErrors(files, all + "/etc/sstp/server.key"), IsEmpty());
  EXPECT_THAT(TlsErrors(files, "ca-certificate: /etc/sstp/ca.pem, certificate: /both.pem"),
              IsEmpty());
  EXPECT_THAT(TlsErrors(files, all + "/other.key"),
              ElementsAre("sstp.ssl.key: does not belong to the (first) certificate"));
  EXPECT_THAT(TlsErrors(files, all + "/missing"),
              ElementsAre("sstp.ssl.key: cannot be read: No such file"));
  EXPECT_THAT(TlsErrors(files, all + "/empty"), ElementsAre("sstp.ssl.key: is an empty file"));
  EXPECT_THAT(TlsErrors(files, all + "/junk"),
              ElementsAre("sstp.ssl.key: holds no PEM private key"));
  EXPECT_THAT(TlsErrors(files,
                        "ca-certificate: /etc/sstp/ca.pem, certificate: "
                        "/etc/sstp/server.pem"),
              ElementsAre("sstp.ssl.certificate: holds no PEM private key"));
  EXPECT_THAT(TlsErrors(files,
                        "ca-certificate: /junk, certificate: /junk, key: "
                        "/etc/sstp/server.key"),
              ElementsAre("sstp.ssl.ca-certificate: holds no PEM certificate",
                          "sstp.ssl.certificate: holds no PEM certificate"));
}

TEST(LoadConfig, TlsSettingsMustBeKnownToTheLibrary) {
  const std::string all =
      "ca-certificate: /etc/sstp/ca.pem, certificate: /etc/sstp/server.pem, "
      "key: /etc/sstp/server.key, ";
  FakeFiles files = TestFiles();
  files.files["/junk"] = "junk";
  EXPECT_THAT(TlsErrors(files, all + "ciphers: 'ECDHE+AESGCM:AES128-SHA', ciphersuites: "
                                     "TLS_AES_128_GCM_SHA256, curves: 'X25519:P-256', "
                                     "prefer-server-ciphers: true"),
              IsEmpty());
  EXPECT_THAT(TlsErrors(files, all + "ciphers: NONSENSE"),
              ElementsAre("sstp.ssl.ciphers: names no cipher that the TLS library has"));
  EXPECT_THAT(TlsErrors(files, all + "ciphersuites: NONSENSE"),
              ElementsAre(StartsWith("sstp.ssl.ciphersuites: names a TLS 1.3")));
  EXPECT_THAT(TlsErrors(files, all + "curves: NONSENSE"),
              ElementsAre(StartsWith("sstp.ssl.curves: names a group")));
  EXPECT_THAT(TlsErrors(files, all + "dhparam: /junk"),
              ElementsAre("sstp.ssl.dhparam: holds no PEM Diffie-Hellman parameters"));
  EXPECT_THAT(TlsErrors(files, all + "protocols: [ssl3]"),
              ElementsAre("sstp.ssl.protocols[0]: must be one of tls1, tls1.1, tls1.2, tls1.3"));
}

TEST(LoadConfig, WarnsWhenTheCertificateIsForAnotherName) {
  EXPECT_THAT(Brief(Load(Minimal("  host-name: vpn.example.com\n")).warnings), IsEmpty());
  EXPECT_THAT(Brief(Load(Minimal("  host-name: other.example.com\n")).warnings),
              ElementsAre("sstp.ssl.certificate: is not for host-name other.example.com"));
}

TEST(LoadConfig, RelativePathsAreRelativeToTheFile) {
  FakeFiles files;
  files.files = {{"conf/ca.pem", TestAuthority().certificate_pem()},
                 {"conf/server.pem", TestIdentity().certificate_pem},
                 {"conf/sub/server.key", TestIdentity().key_pem}};
  const LoadResult result = LoadConfig("sstp:\n" + kUsers + kPool +
                                           "  ssl: { ca-certificate: ca.pem, certificate: "
                                           "server.pem, key: sub/server.key }\n",
                                       "conf/sstp.yaml", files);
  EXPECT_TRUE(result.config) << Render("f", result.errors);
}

}  // namespace
}  // namespace sstpgw::cp
