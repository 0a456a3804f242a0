// `authentication.radius`: what each node means, and every mistake in it (features 6, 11.1 V5, V6,
// statements T5 and T6 of 11.2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controlplane/config/interpret.h"
#include "controlplane/config/read_tree.h"
#include "controlplane/radius/dictionary.h"
#include "tests/unit/config/config_fixture.h"

namespace sstpgw::cp {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

const std::string kNode = "sstp.authentication.radius";

struct Outcome {
  ControlConfig config;  // also with errors
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  std::vector<Issue> issues;  // the errors
  const RadiusConfig& radius() const { return *config.radius; }
};

// As LoadConfig, with what is read in parts.
Outcome Read(const std::string& yaml, FakeFiles files = TestFiles()) {
  Report report;
  const auto root = ParseYaml(yaml);
  EXPECT_TRUE(root) << root.error().reason;
  Outcome outcome;
  const v1::Config tree = ReadTree(*root, "/etc/sstp/", files, report);
  outcome.config = Interpret(tree.sstp(), "/etc/sstp/", files, report);
  outcome.issues = report.TakeErrors();
  outcome.errors = Brief(outcome.issues);
  outcome.warnings = Brief(report.TakeWarnings());
  return outcome;
}

std::string WithMode(const std::string& mode, const std::string& radius) {
  return "sstp:\n" + kSsl + kPool + "  authentication:\n    mode: " + mode +
         "\n    local-users: { u: { password: p } }\n    radius: " + radius + "\n";
}
// The value of `radius` in flow style.
Outcome Radius(const std::string& radius, FakeFiles files = TestFiles()) {
  return Read(WithMode("radius", radius), std::move(files));
}
const std::string kServer = "servers: [ { address: 10.0.0.1, key: foo } ]";
Outcome WithServer(const std::string& more, FakeFiles files = TestFiles()) {
  return Radius("{ " + kServer + ", " + more + " }", std::move(files));
}

// ---- The mode -----------------------------------------------------------------------------------

TEST(RadiusMode, IsTaken) {
  const LoadResult loaded = Load(WithMode("radius", "{ " + kServer + " }"));
  ASSERT_TRUE(loaded.config) << Render("f", loaded.errors);
  EXPECT_EQ(loaded.config->auth_mode, AuthMode::kRadius);
}

TEST(RadiusMode, EapIsForServersOnly) {
  const auto with_protocols = [](const std::string& mode) {
    std::string text = WithMode(mode, "{ " + kServer + " }");
    const std::string place = "  authentication:\n";
    text.insert(text.find(place) + place.size(), "    protocols: [ mschap-v2, eap ]\n");
    return Brief(Load(text).errors);
  };
  EXPECT_THAT(with_protocols("radius"), IsEmpty());
  EXPECT_THAT(with_protocols("local"),
              ElementsAre("sstp.authentication.protocols[1]: is eap, which only a RADIUS server "
                          "can judge"));
}

TEST(RadiusMode, TheNodesAreTakenInModeLocal) {
  const LoadResult loaded = Load(WithMode("local", "{ " + kServer + " }"));
  ASSERT_TRUE(loaded.config) << Render("f", loaded.errors);
  EXPECT_EQ(loaded.config->auth_mode, AuthMode::kLocal);
  ASSERT_TRUE(loaded.config->radius);
  EXPECT_THAT(loaded.config->radius->servers, SizeIs(1));
  EXPECT_THAT(Brief(loaded.warnings),
              ElementsAre(kNode + ": has no effect because authentication.mode is local"));
}

TEST(RadiusMode, WithoutTheNodeThereIsNothing) {
  const LoadResult loaded = Load(Minimal());
  ASSERT_TRUE(loaded.config);
  EXPECT_FALSE(loaded.config->radius);
}

// ---- What is written ----------------------------------------------------------------------------

TEST(RadiusConfig, Defaults) {
  const Outcome outcome = Radius("{ " + kServer + " }");
  EXPECT_THAT(outcome.errors, IsEmpty());
  EXPECT_THAT(outcome.warnings, IsEmpty());
  EXPECT_EQ(outcome.config.auth_mode, AuthMode::kRadius);
  const RadiusConfig& radius = outcome.radius();
  ASSERT_THAT(radius.servers, SizeIs(1));
  const RadiusServerConfig& server = radius.servers[0];
  EXPECT_EQ(ToString(server.address), "10.0.0.1");
  EXPECT_EQ(server.key.RevealText(), "foo");
  EXPECT_EQ(server.port, 1812);
  EXPECT_EQ(server.acct_port, 1813);
  EXPECT_FALSE(server.disabled);
  EXPECT_FALSE(server.backup);
  EXPECT_EQ(server.fail_time.count(), 0);
  EXPECT_EQ(server.priority, std::nullopt);
  EXPECT_EQ(server.require_message_authenticator, MessageAuthenticatorDemand::kAlways);
  EXPECT_FALSE(server.status_server);
  EXPECT_EQ(server.req_limit, 0U);
  EXPECT_EQ(server.max_fail, 3U);
  EXPECT_EQ(radius.timeout.count(), 3);
  EXPECT_EQ(radius.max_try, 3U);
  EXPECT_EQ(radius.acct_timeout.count(), 3);
  EXPECT_EQ(radius.interim_interval.count(), 0);
  EXPECT_EQ(radius.interim_jitter.count(), 0);
  EXPECT_EQ(radius.acct_delay_start.count(), 0);
  EXPECT_TRUE(radius.acct_on);
  EXPECT_EQ(radius.source_address, std::nullopt);
  EXPECT_EQ(radius.source_ipv6_address, std::nullopt);
  EXPECT_EQ(radius.nas_identifier, "");
  EXPECT_EQ(radius.nas_ip_address, std::nullopt);
  EXPECT_TRUE(radius.session_id_in_access_request);
  EXPECT_FALSE(radius.strip_realm);
  EXPECT_EQ(radius.default_realm, "");
  EXPECT_EQ(radius.tunnel_type, std::nullopt);
  EXPECT_FALSE(radius.rate_limit);
  EXPECT_FALSE(radius.framed_route_strict);
  EXPECT_FALSE(radius.cisco_pool);
  EXPECT_FALSE(radius.dynamic_author);
  ASSERT_NE(radius.dictionary, nullptr);
  EXPECT_NE(radius.dictionary->Find("Filter-Id"), nullptr);
}

// T5 of features 11.2.
TEST(RadiusConfig, TheSmoketestOfVyos) {
  const Outcome outcome = Radius(
      "{ servers: [ { address: 192.0.2.22, key: secretVyOS, port: 2000, acct-port: 3000 } ],"
      "  acct-interim-jitter: 10, accounting-interim-interval: 10, acct-timeout: 30,"
      "  dynamic-author: { server: 4.4.4.4, key: testCoA }, nas-identifier: nas,"
      "  nas-ip-address: 1.1.1.1, source-address: 1.2.3.4 }");
  EXPECT_THAT(outcome.errors, IsEmpty());
  const RadiusConfig& radius = outcome.radius();
  EXPECT_EQ(radius.servers[0].port, 2000);
  EXPECT_EQ(radius.servers[0].acct_port, 3000);
  EXPECT_EQ(radius.servers[0].key.RevealText(), "secretVyOS");
  EXPECT_EQ(radius.interim_jitter.count(), 10);
  EXPECT_EQ(radius.interim_interval.count(), 10);
  EXPECT_EQ(radius.acct_timeout.count(), 30);
  EXPECT_EQ(radius.nas_identifier, "nas");
  EXPECT_EQ(radius.nas_ip_address->ToString(), "1.1.1.1");
  EXPECT_EQ(radius.source_address->ToString(), "1.2.3.4");
  ASSERT_TRUE(radius.dynamic_author);
  EXPECT_EQ(radius.dynamic_author->listen->ToString(), "4.4.4.4");
  EXPECT_EQ(radius.dynamic_author->port, 1700);
  EXPECT_EQ(radius.dynamic_author->key.RevealText(), "testCoA");
  EXPECT_THAT(outcome.warnings,
              ElementsAre(kNode + ".accounting-interim-interval: is short: servers are meant to be "
                                  "spared with 60 s or more"))
      << "that only the servers may send requests is the default, and no reason to warn";
}

// T6 of features 11.2, and what is beyond it.
TEST(RadiusConfig, EveryNodeOfAServer) {
  FakeFiles files = TestFiles();
  files.files["/etc/sstp/radius.key"] = "from file\n";
  files.environment["RADIUS_KEY"] = "from environment";
  const Outcome outcome = Radius(
      "{ max-try: 5, require-message-authenticator: false, servers: ["
      "  { address: 127.0.0.1, key: { file: radius.key }, disable-accounting: true,"
      "    priority: 10, backup: true, require-message-authenticator: true },"
      "  { address: \"2001:db8::1\", key: { env: RADIUS_KEY }, fail-time: 30,"
      "    status-server: true,"
      "    req-limit: 50, disable: true },"
      "  { address: 127.0.0.1, port: 1645, key: \"a,b\", max-fail: 7,"
      "    require-message-authenticator: auto } ] }",
      files);
  EXPECT_THAT(outcome.errors, IsEmpty());
  const auto& servers = outcome.radius().servers;
  ASSERT_THAT(servers, SizeIs(3));
  EXPECT_EQ(servers[0].key.RevealText(), "from file");
  EXPECT_EQ(servers[0].acct_port, 0);
  EXPECT_EQ(servers[0].priority, 10);
  EXPECT_TRUE(servers[0].backup);
  EXPECT_EQ(servers[0].require_message_authenticator, MessageAuthenticatorDemand::kAlways);
  EXPECT_FALSE(servers[0].status_server);
  EXPECT_EQ(servers[0].max_fail, 5U);
  EXPECT_EQ(ToString(servers[1].address), "2001:db8::1");
  EXPECT_EQ(servers[1].key.RevealText(), "from environment");
  EXPECT_EQ(servers[1].fail_time.count(), 30);
  EXPECT_EQ(servers[1].req_limit, 50U);
  EXPECT_EQ(servers[1].max_fail, 55U);
  EXPECT_TRUE(servers[1].disabled);
  EXPECT_TRUE(servers[1].status_server);
  EXPECT_EQ(servers[1].require_message_authenticator, MessageAuthenticatorDemand::kNever);
  EXPECT_EQ(servers[2].require_message_authenticator, MessageAuthenticatorDemand::kOnceSeen);
  EXPECT_EQ(servers[2].port, 1645);
  EXPECT_EQ(servers[2].key.RevealText(), "a,b");
  EXPECT_EQ(servers[2].max_fail, 7U);
}

TEST(RadiusConfig, EveryOtherNode) {
  const Outcome outcome = WithServer(
      "timeout: 1, max-try: 20, acct-timeout: 0, accounting-interim-interval: 300,"
      "acct-interim-jitter: 60, acct-delay-start: 2, acct-on: false, sid-in-auth: false,"
      "default-realm: isp.example, source-ipv6-address: \"::1\", framed-route-strict: true,"
      "preallocate-vif: false, tunnel-type-attribute: tunnel-client-endpoint");
  EXPECT_THAT(outcome.errors, IsEmpty());
  const RadiusConfig& radius = outcome.radius();
  EXPECT_EQ(radius.timeout.count(), 1);
  EXPECT_EQ(radius.max_try, 20U);
  EXPECT_EQ(radius.acct_timeout.count(), 0);
  EXPECT_EQ(radius.interim_interval.count(), 300);
  EXPECT_EQ(radius.interim_jitter.count(), 60);
  EXPECT_EQ(radius.acct_delay_start.count(), 2);
  EXPECT_FALSE(radius.acct_on);
  EXPECT_FALSE(radius.session_id_in_access_request);
  EXPECT_EQ(radius.default_realm, "isp.example");
  EXPECT_EQ(radius.source_ipv6_address->ToString(), "::1");
  EXPECT_TRUE(radius.framed_route_strict);
  EXPECT_EQ(radius.tunnel_type, (RadiusAttribute{0, 66}));
  EXPECT_TRUE(WithServer("strip-realm: true").radius().strip_realm);
}

TEST(RadiusConfig, TunnelTypeAttribute) {
  EXPECT_EQ(WithServer("tunnel-type-attribute: mikrotik-realm").radius().tunnel_type,
            (RadiusAttribute{14988, 9}));
  EXPECT_THAT(WithServer("tunnel-type-attribute: NAS-Port").errors,
              ElementsAre(kNode + ".tunnel-type-attribute: is not an attribute that holds plain "
                                  "text"));
  EXPECT_THAT(WithServer("tunnel-type-attribute: NAS-Prot").errors,
              ElementsAre(kNode + ".tunnel-type-attribute: RADIUS attribute NAS-Prot is in no "
                                  "dictionary"));
}

// ---- Servers ------------------------------------------------------------------------------------

TEST(RadiusConfig, V5ModeRadiusNeedsAServerWithAKey) {
  const std::string missing = kNode + ".servers: names no server: mode radius needs at least one";
  EXPECT_THAT(Read("sstp:\n" + kSsl + "  authentication: { mode: radius }\n").errors,
              ElementsAre(missing));
  EXPECT_THAT(Radius("{}").errors, ElementsAre(missing));
  EXPECT_THAT(Radius("{ servers: [] }").errors, ElementsAre(missing));
  EXPECT_THAT(Radius("{ servers: [ { address: 10.0.0.1 } ] }").errors,
              ElementsAre(kNode + ".servers[0].key: is missing"));
  EXPECT_THAT(Radius("{ servers: [ { key: foo } ] }").errors,
              ElementsAre(kNode + ".servers[0].address: is missing"));
  EXPECT_THAT(Read(WithMode("local", "{ servers: [] }")).errors, IsEmpty());
}

TEST(RadiusConfig, ServersAreNotMissedWhenNobodyKnowsWhatWasMeant) {
  EXPECT_THAT(Radius("7").errors, ElementsAre(kNode + ": must be a mapping, not a single value"));
  EXPECT_THAT(Radius("{ servers: 7 }").errors,
              ElementsAre(kNode + ".servers: must be a list, not a single value"));
  EXPECT_THAT(Radius("{ server: [] }").errors, ElementsAre(kNode + ".server: is not a known key"));
}

TEST(RadiusConfig, ModeRadiusNeedsNeitherUsersNorPools) {
  EXPECT_THAT(
      Read("sstp:\n" + kSsl + "  authentication: { mode: radius, radius: { " + kServer + " } }\n")
          .errors,
      IsEmpty());
}

TEST(RadiusConfig, TheSameServerTwice) {
  const Outcome outcome = Radius(
      "{ servers: [ { address: 10.0.0.1, key: a }, { address: 10.0.0.1, key: b, port: 1 },"
      "  { address: 10.0.0.1, key: c, acct-port: 2 } ] }");
  EXPECT_THAT(outcome.errors,
              ElementsAre(kNode + ".servers[2].address: is, with its port, the same as in "
                                  "servers[0]"));
  EXPECT_EQ(outcome.issues.back().value, "10.0.0.1");
}

TEST(RadiusConfig, WrongAddresses) {
  for (const char* address : {"0.0.0.0", "224.0.0.1", "radius.example.com", "10.0.0.1:1812"}) {
    EXPECT_THAT(
        Radius(std::string("{ servers: [ { address: \"") + address + "\", key: a } ] }").errors,
        ElementsAre(StartsWith(kNode + ".servers[0].address: must be an IPv4 or IPv6 address")))
        << address;
  }
  EXPECT_THAT(WithServer("source-address: \"::1\"").errors,
              ElementsAre(StartsWith(kNode + ".source-address: must be an IPv4 address")));
  EXPECT_THAT(WithServer("source-ipv6-address: 10.0.0.1").errors,
              ElementsAre(StartsWith(kNode + ".source-ipv6-address: must be an IPv6 address")));
  EXPECT_THAT(WithServer("nas-ip-address: 127.0.0.1").errors,
              ElementsAre(kNode + ".nas-ip-address: is not the address of a host"));
}

TEST(RadiusConfig, KeysAreNeverShown) {
  const Outcome outcome =
      Radius("{ servers: [ { address: 10.0.0.1, key: \"" + std::string(129, 'k') + "\" } ] }");
  ASSERT_THAT(outcome.errors, ElementsAre(HasSubstr("must have at most 128 characters, has 129")));
  EXPECT_EQ(outcome.issues.back().value, "***");
  EXPECT_THAT(Radius("{ servers: [ { address: 10.0.0.1, key: { file: /missing } } ] }").errors,
              ElementsAre(kNode + ".servers[0].key: cannot be read: No such file"));
  EXPECT_THAT(Radius("{ servers: [ { address: 10.0.0.1, key: \"\" } ] }").errors,
              ElementsAre(kNode + ".servers[0].key: may not be empty"));
}

TEST(RadiusConfig, OddServersAreWarnedOf) {
  EXPECT_THAT(Radius("{ servers: [ { address: 10.0.0.1, key: a, disable: true } ] }").warnings,
              ElementsAre(kNode + ".servers: are all disabled, so nobody can log in"));
  EXPECT_THAT(Radius("{ servers: [ { address: 10.0.0.1, key: a, acct-port: 1812 } ] }").warnings,
              ElementsAre(kNode + ".servers[0].acct-port: is the authentication port as well"));
  const std::string forged = "lets others forge what servers reply (CVE-2024-3596)";
  EXPECT_THAT(WithServer("require-message-authenticator: false").warnings,
              ElementsAre(kNode + ".require-message-authenticator: " + forged));
  EXPECT_THAT(Radius("{ servers: [ { address: 10.0.0.1, key: a,"
                     "  require-message-authenticator: false } ] }")
                  .warnings,
              ElementsAre(kNode + ".servers[0].require-message-authenticator: " + forged));
  EXPECT_THAT(WithServer("require-message-authenticator: auto").warnings, IsEmpty());
  EXPECT_THAT(WithServer("require-message-authenticator: maybe").errors,
              ElementsAre(HasSubstr("must be one of true, false, auto")));
  EXPECT_THAT(
      Radius("{ servers: [ { address: 10.0.0.1, key: a, status-server: true } ] }").warnings,
      ElementsAre(HasSubstr("servers[0].status-server: does nothing without fail-time")));
}

TEST(RadiusConfig, ServersThatAreNeverReached) {
  const std::string two =
      "servers: [ { address: 10.0.0.1, key: a }, { address: 10.0.0.2, key: a } ]";
  EXPECT_THAT(Radius("{ " + two + ", max-try: 3, timeout: 10 }").warnings, IsEmpty());
  EXPECT_THAT(
      Radius("{ " + two + ", max-try: 3, timeout: 11 }").warnings,
      ElementsAre(kNode + ".max-try: with timeout and 2 servers makes 66 s, but clients are given "
                          "up after 60 s (protocol.timeout)"));
}

TEST(RadiusConfig, OddTimesAreWarnedOf) {
  EXPECT_THAT(WithServer("accounting-interim-interval: 59").warnings,
              ElementsAre(StartsWith(kNode + ".accounting-interim-interval: is short")));
  EXPECT_THAT(WithServer("accounting-interim-interval: 60, acct-interim-jitter: 60").warnings,
              IsEmpty());
  EXPECT_THAT(WithServer("accounting-interim-interval: 30, acct-interim-jitter: 31").warnings,
              Contains(StartsWith(kNode + ".acct-interim-jitter: is more than")));
  EXPECT_THAT(WithServer("acct-interim-jitter: 60").warnings, IsEmpty());
}

TEST(RadiusConfig, NamesMustFitTheirAttributes) {
  std::string umlauts;
  for (int i = 0; i < 127; ++i) umlauts += "\xc3\xbc";
  EXPECT_THAT(WithServer("nas-identifier: " + umlauts).errors,
              ElementsAre(kNode + ".nas-identifier: has 254 octets, an attribute holds 253"));
  EXPECT_THAT(WithServer("default-realm: \"@isp\"").errors,
              ElementsAre(StartsWith(kNode + ".default-realm: must be 1..128 printable")));
  EXPECT_THAT(WithServer("default-realm: isp, strip-realm: true").warnings,
              ElementsAre(kNode + ".default-realm: has no effect because of strip-realm"));
}

TEST(RadiusConfig, InterfacesBeforeAuthenticationAreNotYet) {
  EXPECT_THAT(WithServer("preallocate-vif: true").errors,
              ElementsAre(kNode + ".preallocate-vif: is not supported yet (interfaces before "
                                  "authentication)"));
}

// ---- Rate limits and dictionaries ---------------------------------------------------------------

TEST(RadiusConfig, RateLimitAttributes) {
  const auto limit = [](const std::string& more) {
    const Outcome outcome = WithServer("rate-limit: { enable: true" + more + " }");
    EXPECT_THAT(outcome.errors, IsEmpty()) << more;
    return outcome.radius().rate_limit.value_or(RadiusRateLimit{});
  };
  EXPECT_EQ(limit("").attribute, (RadiusAttribute{0, 11}));
  EXPECT_EQ(limit("").multiplier_millionths, 1'000'000U);
  EXPECT_EQ(limit(", attribute: \"11\"").attribute, (RadiusAttribute{0, 11}));
  EXPECT_EQ(limit(", attribute: filter-id").attribute, (RadiusAttribute{0, 11}));
  EXPECT_EQ(limit(", vendor: Mikrotik, attribute: Mikrotik-Rate-Limit").attribute,
            (RadiusAttribute{14988, 8}));
  EXPECT_EQ(limit(", vendor: 4711, attribute: 250").attribute, (RadiusAttribute{4711, 250}));
  EXPECT_EQ(limit(", multiplier: 0.001").multiplier_millionths, 1'000U);
  EXPECT_EQ(limit(", multiplier: 1000").multiplier_millionths, 1'000'000'000U);
  EXPECT_EQ(limit(", multiplier: 1.5").multiplier_millionths, 1'500'000U);
  EXPECT_FALSE(WithServer("rate-limit: { enable: false }").radius().rate_limit);
}

TEST(RadiusConfig, VendorCiscoNamesPoolsToo) {
  const Outcome outcome =
      WithServer("rate-limit: { enable: true, vendor: Cisco, attribute: Cisco-AVPair }");
  EXPECT_EQ(outcome.radius().rate_limit->attribute, (RadiusAttribute{9, 1}));
  EXPECT_TRUE(outcome.radius().cisco_pool);
}

struct WrongLimit {
  const char* limit;
  const char* error;
  const char* remedy;
};

TEST(RadiusConfig, RateLimitAttributesThatAreNone) {
  for (const WrongLimit& wrong : {
           WrongLimit{"attribute: Filter-It",
                      "attribute: RADIUS attribute Filter-It is in no dictionary",
                      "Did you mean Filter-Id?"},
           WrongLimit{"attribute: ISP-Speed",
                      "attribute: RADIUS attribute ISP-Speed is in no dictionary",
                      "Name the file that has it in radius.dictionary."},
           WrongLimit{"vendor: Mikrotek, attribute: Mikrotik-Rate-Limit",
                      "vendor: RADIUS vendor Mikrotek is in no dictionary",
                      "Did you mean Mikrotik?"},
           WrongLimit{"vendor: Cisco, attribute: Mikrotik-Rate-Limit",
                      "attribute: RADIUS attribute Mikrotik-Rate-Limit belongs to vendor Mikrotik, "
                      "not to Cisco",
                      ""},
           WrongLimit{"attribute: Mikrotik-Rate-Limit",
                      "attribute: RADIUS attribute Mikrotik-Rate-Limit belongs to vendor Mikrotik, "
                      "not to the standard attributes",
                      ""},
           WrongLimit{"vendor: Cisco",
                      "attribute: RADIUS attribute Filter-Id is a standard attribute, without "
                      "vendor",
                      ""},
           WrongLimit{"attribute: Framed-IP-Address",
                      "attribute: holds a value of type ipaddr, which is no rate",
                      "Name an attribute with text or a number."},
           WrongLimit{"attribute: Tunnel-Password",
                      "attribute: is encrypted in packets, rates are not",
                      "Name another attribute."},
           WrongLimit{"attribute: \"256\"", "attribute: RADIUS attribute 256 must be 1..255", ""},
       }) {
    SCOPED_TRACE(wrong.limit);
    // Also where it is not enabled: it would be found on the day that it is.
    for (const char* enable : {"true", "false"}) {
      const Outcome outcome =
          WithServer(std::string("rate-limit: { enable: ") + enable + ", " + wrong.limit + " }");
      EXPECT_THAT(outcome.errors, ElementsAre(kNode + ".rate-limit." + wrong.error));
      EXPECT_EQ(outcome.issues.back().remedy, wrong.remedy);
      EXPECT_GT(outcome.issues.back().line, 0U);
    }
  }
}

TEST(RadiusConfig, RateLimitsThatAreNotEnabledAreWarnedOf) {
  EXPECT_THAT(WithServer("rate-limit: { attribute: Filter-Id }").warnings,
              ElementsAre(kNode + ".rate-limit: has no effect because rate-limit.enable is false"));
}

TEST(RadiusConfig, TheMultiplierHasARange) {
  for (const char* multiplier : {"0", "0.0009", "1000.1", "-1", "x"}) {
    EXPECT_THAT(WithServer(std::string("rate-limit: { enable: true, multiplier: ") + multiplier +
                           ", attribute: Filter-It }")
                    .errors,
                UnorderedElementsAre(
                    kNode + ".rate-limit.multiplier: must be a number 0.001..1000",
                    StartsWith(kNode + ".rate-limit.attribute: RADIUS attribute Filter-It")))
        << multiplier;
  }
}

TEST(RadiusConfig, TheOperatorsDictionaries) {
  FakeFiles files = TestFiles();
  files.files["/etc/sstp/dictionary"] = "$INCLUDE isp/dictionary.isp\n";
  files.files["/etc/sstp/isp/dictionary.isp"] =
      "VENDOR ISP 4711\nBEGIN-VENDOR ISP\nATTRIBUTE ISP-Speed 1 integer\nEND-VENDOR ISP\n";
  const Outcome outcome = WithServer(
      "dictionary: dictionary, rate-limit: { enable: true, vendor: ISP, attribute: ISP-Speed }",
      files);
  EXPECT_THAT(outcome.errors, IsEmpty());
  EXPECT_EQ(outcome.radius().rate_limit->attribute, (RadiusAttribute{4711, 1}));
  EXPECT_NE(outcome.radius().dictionary->Find("ISP-Speed"), nullptr);
  EXPECT_NE(outcome.radius().dictionary->Find("Filter-Id"), nullptr);
}

TEST(RadiusConfig, EveryMistakeInDictionaries) {
  FakeFiles files = TestFiles();
  files.files["/a"] = "VENDOR ISP 4711\nATTRIBUTE A-B 1 strnig\n$INCLUDE b\n";
  files.files["/b"] = "\nATTRIBUTE\n";
  const Outcome outcome =
      WithServer("dictionary: [/missing, /a], rate-limit: { enable: true, attribute: A-B }", files);
  // Whether A-B is known cannot be told.
  EXPECT_THAT(outcome.errors,
              UnorderedElementsAre(HasSubstr(kNode + ".dictionary[0]: "),
                                   HasSubstr(kNode + ".dictionary[1]: line 2: "),
                                   HasSubstr(kNode + ".dictionary: in /b, line 2: ")));
  for (const Issue& issue : outcome.issues) {
    const bool is_switch = issue.path == "sstp.authentication.mode";
    EXPECT_TRUE(is_switch || !issue.remedy.empty()) << issue.reason;
  }
  EXPECT_EQ(outcome.radius().dictionary, nullptr);
}

// ---- Dynamic authorization ----------------------------------------------------------------------

TEST(RadiusConfig, EveryNodeOfDynamicAuthor) {
  const Outcome outcome = WithServer(
      "dynamic-author: { server: 127.0.0.1, port: 3799, key: { env: COA },"
      "  allow-from: [192.0.2.0/24, \"2001:db8::/64\"], require-message-authenticator: true,"
      "  require-event-timestamp: true, event-timestamp-window: 10,"
      "  require-nas-identification: true }",
      [] {
        FakeFiles files = TestFiles();
        files.environment["COA"] = "coa";
        return files;
      }());
  EXPECT_THAT(outcome.errors, IsEmpty());
  EXPECT_THAT(outcome.warnings, IsEmpty());
  const DynamicAuthorConfig& author = outcome.radius().dynamic_author.value();
  EXPECT_EQ(author.listen->ToString(), "127.0.0.1");
  EXPECT_EQ(author.port, 3799);
  EXPECT_EQ(author.key.RevealText(), "coa");
  EXPECT_THAT(author.allowed_from,
              ElementsAre(*IpPrefix::Parse("192.0.2.0/24"), *IpPrefix::Parse("2001:db8::/64")));
  EXPECT_TRUE(author.require_message_authenticator);
  EXPECT_TRUE(author.require_event_timestamp);
  EXPECT_EQ(author.event_timestamp_window.count(), 10);
  EXPECT_TRUE(author.require_nas_identification);
}

TEST(RadiusConfig, WhereItListensAndToWhom) {
  const auto author = [](const std::string& more) {
    Outcome outcome = Radius(
        "{ servers: [ { address: 10.0.0.1, key: a },"
        "  { address: \"2001:db8::1\", key: a, disable: true } ], " +
        more + " }");
    EXPECT_THAT(outcome.errors, IsEmpty());
    return std::move(*outcome.config.radius->dynamic_author);
  };
  const DynamicAuthorConfig plain = author("dynamic-author: { key: c }");
  EXPECT_EQ(plain.listen, std::nullopt);
  EXPECT_EQ(plain.port, 1700);
  EXPECT_EQ(plain.event_timestamp_window.count(), 300);
  EXPECT_FALSE(plain.require_message_authenticator);
  EXPECT_THAT(plain.allowed_from,
              ElementsAre(*IpPrefix::Parse("10.0.0.1/32"), *IpPrefix::Parse("2001:db8::1/128")));
  EXPECT_EQ(author("nas-ip-address: 10.0.0.9, dynamic-author: { key: c }").listen,
            Ipv4Address(0x0a000009));
  EXPECT_EQ(author("nas-ip-address: 10.0.0.9, dynamic-author: { server: 10.0.0.8, key: c }").listen,
            Ipv4Address(0x0a000008));
}

TEST(RadiusConfig, V6DynamicAuthorNeedsAKey) {
  const std::string missing = kNode + ".dynamic-author.key: is missing";
  EXPECT_THAT(WithServer("dynamic-author: { server: 10.0.0.8 }").errors, ElementsAre(missing));
  EXPECT_THAT(WithServer("dynamic-author: {}").errors, ElementsAre(missing));
  EXPECT_THAT(WithServer("dynamic-author: { key: { env: NO } }").errors,
              ElementsAre(kNode + ".dynamic-author.key: cannot be read: is not set"));
}

TEST(RadiusConfig, WrongNodesOfDynamicAuthor) {
  EXPECT_THAT(
      WithServer("dynamic-author: { key: c, allow-from: [10.0.0.1, 10.0.0.0/8, 10.0.0.0/33],"
                 "  port: 0, server: 0.0.0.0, event-timestamp-window: 86401 }")
          .errors,
      UnorderedElementsAre(StartsWith(kNode + ".dynamic-author.allow-from[0]: must be"),
                           StartsWith(kNode + ".dynamic-author.allow-from[2]: must be"),
                           StartsWith(kNode + ".dynamic-author.port: must be"),
                           StartsWith(kNode + ".dynamic-author.server: must be"),
                           StartsWith(kNode + ".dynamic-author.event-timestamp-window: must be")));
  EXPECT_THAT(WithServer("dynamic-author: { key: c, allow-from: [] }").errors,
              ElementsAre(kNode + ".dynamic-author.allow-from: must have at least 1 entry"));
}

TEST(RadiusConfig, OddNodesOfDynamicAuthorAreWarnedOf) {
  EXPECT_THAT(WithServer("dynamic-author: { key: c, allow-from: 10.0.0.0/8,"
                         "  require-event-timestamp: true, event-timestamp-window: 0 }")
                  .warnings,
              ElementsAre(kNode + ".dynamic-author.event-timestamp-window: is 0, so that an old "
                                  "Event-Timestamp is as good as a new one"));
  EXPECT_THAT(Read(WithMode("local", "{ dynamic-author: { key: c } }")).warnings,
              Contains(kNode + ".dynamic-author.allow-from: is missing, and without servers nobody "
                               "may send requests"));
}

}  // namespace
}  // namespace sstpgw::cp
