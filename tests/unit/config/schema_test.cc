// Every node of config.proto: described completely, its defaults and samples acceptable, its range
// kept at both ends, and refused with its path while its feature is not built.
#include "controlplane/config/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/unit/config/schema_walk.h"

namespace sstpgw::cp {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kNotYet = "is not supported yet";

TEST(Schema, NamesEveryPatternAndSiblingItRefersTo) {
  for (const SchemaSpot& spot : AllSpots()) {
    const v1::FieldRules& rules = RulesOf(*spot.field);
    for (const std::string& name :
         {rules.pattern(), rules.key_pattern(), rules.unsupported_pattern()}) {
      if (name.empty()) continue;
      EXPECT_NE(FindPattern(name), nullptr) << spot.path << ": " << name;
    }
    EXPECT_FALSE(rules.help().empty()) << spot.path;
    for (const std::string& choice : rules.unsupported_choices()) {
      EXPECT_THAT(rules.choices(), Contains(choice)) << spot.path;
    }
    if (rules.unsupported_choices_size() > 0 || !rules.unsupported_pattern().empty()) {
      EXPECT_FALSE(rules.unsupported_feature().empty()) << spot.path;
    }
  }
}

TEST(Schema, DefaultsObeyTheirOwnRules) {
  v1::Config config;
  ApplyDefaults(config);
  for (const SchemaSpot& spot : AllSpots()) {
    const std::string& text = RulesOf(*spot.field).default_text();
    if (text.empty() || !spot.leaf()) continue;
    const std::string value = IsList(*spot.field) ? "[" + text + "]" : "\"" + text + "\"";
    EXPECT_THAT(ReasonsAt(spot.Document(value), spot.path), Each(StartsWith(kNotYet)))
        << spot.path << ": " << text;
    if (IsList(*spot.field)) {
      EXPECT_THAT(ReasonsAt(spot.Document(value), Item(spot.path, 0)), IsEmpty()) << spot.path;
    }
  }
  EXPECT_EQ(config.sstp().port(), 443U);
  EXPECT_EQ(config.sstp().protocol().ppp_max_mtu(), 1452U);
  EXPECT_THAT(config.sstp().authentication().protocols(),
              ElementsAre("mschap-v2", "mschap", "chap", "pap"));
}

// A node that is supported takes what its rules allow; one that is not is refused by path, and only
// as not supported.
TEST(Schema, EverySampleIsAcceptedOrNotSupportedYet) {
  int refused = 0;
  for (const SchemaSpot& spot : AllSpots()) {
    if (!spot.leaf()) continue;
    const v1::FieldRules& rules = RulesOf(*spot.field);
    for (const std::string& text : Samples(*spot.field)) {
      const std::string document = spot.Document(spot.Wrapped(text));
      SCOPED_TRACE(document);
      if (!spot.unsupported_path.empty() && !SaysOff(*spot.field, text)) {
        EXPECT_THAT(ReasonsAt(document, spot.unsupported_path), ElementsAre(StartsWith(kNotYet)));
        ++refused;
        continue;
      }
      const bool not_yet =
          std::find(rules.unsupported_choices().begin(), rules.unsupported_choices().end(), text) !=
          rules.unsupported_choices().end();
      const std::vector<std::string> reasons = ReasonsAt(document, spot.ValuePath());
      if (not_yet) {
        EXPECT_THAT(reasons, ElementsAre(StartsWith(kNotYet)));
        ++refused;
      } else {
        EXPECT_THAT(reasons, IsEmpty());
      }
      if (!spot.unsupported_path.empty()) {
        EXPECT_THAT(ReasonsAt(document, spot.unsupported_path), IsEmpty());
      }
    }
  }
  EXPECT_GT(refused, 30);
}

TEST(Schema, UnsupportedGroupsAreRefusedEvenWhenEmpty) {
  for (const SchemaSpot& spot : AllSpots()) {
    if (spot.leaf() || spot.unsupported_path != spot.path) continue;
    const std::string value = IsList(*spot.field) ? "[]" : "{}";
    EXPECT_THAT(ReasonsAt(spot.Document(value), spot.path), ElementsAre(StartsWith(kNotYet)))
        << spot.path;
  }
}

TEST(Schema, NumbersEndWhereTheirRangeEnds) {
  int checked = 0;
  for (const SchemaSpot& spot : AllSpots()) {
    if (KindOf(*spot.field) != NodeKind::kInteger) continue;
    const std::vector<std::string> ends = Samples(*spot.field);
    std::vector<std::string> outside{std::to_string(std::stoull(ends[1]) + 1)};
    outside.push_back(ends[0] == "0" ? "-1" : std::to_string(std::stoull(ends[0]) - 1));
    for (const std::string& text : outside) {
      EXPECT_THAT(ReasonsAt(spot.Document(text), spot.path),
                  ElementsAre("must be a whole number " + ends[0] + ".." + ends[1]))
          << spot.path << ": " << text;
    }
    for (const std::string text :
         {"x", "1.5", "0x10", "010", "+1", "1e3", "true", "99999999999999999999999", "1 2"}) {
      EXPECT_THAT(ReasonsAt(spot.Document("\"" + text + "\""), spot.path),
                  ElementsAre(StartsWith("must be a whole number")))
          << spot.path << ": " << text;
    }
    ++checked;
  }
  EXPECT_GT(checked, 30);
}

TEST(Schema, EveryNodeRefusesTheWrongKindOfValue) {
  for (const SchemaSpot& spot : AllSpots()) {
    SCOPED_TRACE(spot.path);
    const bool secret = RulesOf(*spot.field).secret();
    if (!spot.leaf()) {
      EXPECT_THAT(ReasonsAt(spot.Document("7"), spot.path),
                  Contains(AnyOf(StartsWith("must be a mapping"), StartsWith("must be a list"))));
    } else if (IsList(*spot.field)) {
      EXPECT_THAT(ReasonsAt(spot.Document("{a: b}"), spot.path),
                  Contains(StartsWith("must be a list")));
      EXPECT_THAT(ReasonsAt(spot.Document("[[a]]"), Item(spot.path, 0)),
                  ElementsAre(StartsWith("must be a single value")));
      EXPECT_THAT(ReasonsAt(spot.Document("[~]"), Item(spot.path, 0)), ElementsAre("has no value"));
    } else {
      const char* expected = secret ? "must be text" : "must be a single value";
      EXPECT_THAT(ReasonsAt(spot.Document("[a]"), spot.path), ElementsAre(StartsWith(expected)));
      EXPECT_THAT(ReasonsAt(spot.Document("{a: b}"), spot.path), ElementsAre(StartsWith(expected)));
      EXPECT_THAT(ReasonsAt(spot.Document("~"), spot.path), ElementsAre("has no value"));
    }
  }
}

TEST(Schema, EveryGroupRefusesUnknownKeys) {
  for (const SchemaSpot& spot : AllSpots()) {
    if (spot.leaf() || spot.field->is_map() || IsList(*spot.field)) continue;
    EXPECT_THAT(ReasonsAt(spot.Document("{qqqq: 1}"), spot.path + ".qqqq"),
                ElementsAre("is not a known key"))
        << spot.path;
  }
}

TEST(Schema, EveryTextHasAnEnd) {
  const std::string long_text(3000, 'a');
  for (const SchemaSpot& spot : AllSpots()) {
    if (KindOf(*spot.field) != NodeKind::kText) continue;
    EXPECT_THAT(ReasonsAt(spot.Document(spot.Wrapped(long_text)), spot.ValuePath()),
                ElementsAre(HasSubstr("characters, has 3000")))
        << spot.path;
  }
}

TEST(DescribeSchema, TellsWhatHelpAndDocumentationNeed) {
  const std::vector<SchemaNode> nodes = DescribeSchema();
  std::set<std::string> paths;
  for (const SchemaNode& node : nodes) {
    EXPECT_TRUE(paths.insert(node.path).second) << node.path;
    EXPECT_FALSE(node.help.empty()) << node.path;
    EXPECT_EQ(node.supported, node.unsupported_reason.empty()) << node.path;
    const bool group = node.kind == NodeKind::kGroup || node.kind == NodeKind::kTable;
    EXPECT_EQ(node.allowed.empty(), group) << node.path;
  }
  const auto find = [&](const std::string& path) {
    const auto it = std::find_if(nodes.begin(), nodes.end(),
                                 [&](const SchemaNode& node) { return node.path == path; });
    return it == nodes.end() ? SchemaNode{} : *it;
  };
  EXPECT_EQ(find("sstp.port").allowed, "1..65535");
  EXPECT_EQ(find("sstp.port").default_text, "443");
  EXPECT_EQ(find("sstp.port").kind, NodeKind::kInteger);
  EXPECT_TRUE(find("sstp.client-ip-pool.<name>.range[]").list);
  EXPECT_TRUE(find("sstp.client-ip-pool.<name>.range[]").required);
  EXPECT_TRUE(find("sstp.authentication.local-users.<name>.password").secret);
  EXPECT_EQ(find("sstp.authentication.protocols[]").allowed,
            "pap | chap | mschap | mschap-v2 | eap");
  EXPECT_EQ(find("sstp.authentication.mode").unsupported_choices,
            std::vector<std::string>{"noauth"});
  EXPECT_TRUE(find("sstp.authentication.radius.servers[].key").supported);
  EXPECT_TRUE(find("sstp.client-ipv6-pool.<name>.prefix[].mask").supported);
  EXPECT_FALSE(find("sstp.limits.burst").supported);
  EXPECT_EQ(find("sstp.limits.burst").unsupported_reason, "connection limits");
  EXPECT_EQ(find("sstp.protocol.http-error").allowed, "allow | deny | http(s) URL");
  EXPECT_EQ(find("sstp.authentication.radius.rate-limit.multiplier").allowed, "0.001..1000");
  EXPECT_EQ(find("sstp.description").allowed, "text of up to 255 octets");
}

// ---- features 11.3, written down once more ------------------------------------------------------

// A node as features.md has it: not made from the schema, so that a slip there is found here.
struct Node {
  const char* path;
  NodeKind kind;
  const char* allowed;            // range, vocabulary or form
  const char* default_text = "";  // empty: none
  bool required = false;
};

constexpr NodeKind kFlag = NodeKind::kBoolean;
constexpr NodeKind kCount = NodeKind::kInteger;
constexpr NodeKind kText = NodeKind::kText;
constexpr const char* kFlagValues = "true | false";
constexpr const char* kFromOne = "1..4294967295";
constexpr const char* kFromZero = "0..4294967295";
constexpr bool kRequired = true;

constexpr Node kNodes[] = {
    {"description", kText, "text of up to 255 octets"},
    {"port", kCount, "1..65535", "443"},
    {"host-name", kText, "host name"},
    {"mtu", kCount, "68..1500", "1500"},
    {"gateway-address", kText, "IPv4 address"},
    {"default-pool", kText, "pool name"},
    {"default-ipv6-pool", kText, "pool name"},
    {"client-ip-pool.<name>.range[]", kText,
     "a.b.c.d/n, a.b.c.d-e.f.g.h, a.b.c.d-e or IPv4 address", "", kRequired},
    {"client-ip-pool.<name>.next-pool", kText, "pool name"},
    {"client-ip-pool.<name>.shuffle", kFlag, kFlagValues, "false"},
    {"client-ipv6-pool.<name>.prefix[].address", kText, "IPv6 prefix", "", kRequired},
    {"client-ipv6-pool.<name>.prefix[].mask", kCount, "48..128", "64"},
    {"client-ipv6-pool.<name>.delegate[].address", kText, "IPv6 prefix", "", kRequired},
    {"client-ipv6-pool.<name>.delegate[].delegation-prefix", kCount, "32..64", "", kRequired},
    {"name-server[]", kText, "IPv4 or IPv6 address"},
    {"wins-server[]", kText, "IPv4 address"},
    {"max-concurrent-sessions", kCount, "0..65535", "0"},
    {"limits.connection-limit", kText, "N/min or N/sec"},
    {"limits.burst", kCount, kFromOne, "3"},
    {"limits.timeout", kCount, kFromOne, "60"},
    {"ssl.certificate", kText, "path of a file", "", kRequired},
    {"ssl.key", kText, "path of a file"},
    {"ssl.ca-certificate", kText, "path of a file", "", kRequired},
    {"authentication.mode", kText, "local | radius | noauth", "local"},
    {"authentication.protocols[]", kText, "pap | chap | mschap | mschap-v2 | eap",
     "mschap-v2, mschap, chap, pap"},
    {"authentication.local-users.<name>.password", kText, "text of up to 255 octets", "",
     kRequired},
    {"authentication.local-users.<name>.static-ip", kText, "* | IPv4 address", "*"},
    {"authentication.local-users.<name>.disable", kFlag, kFlagValues, "false"},
    {"authentication.local-users.<name>.rate-limit.download", kCount, "1..1000000000", "",
     kRequired},
    {"authentication.local-users.<name>.rate-limit.upload", kCount, "1..1000000000", "", kRequired},
    {"authentication.radius.source-address", kText, "IPv4 address"},
    {"authentication.radius.servers[].address", kText, "IPv4 or IPv6 address", "", kRequired},
    {"authentication.radius.servers[].key", kText, "text of up to 128 octets", "", kRequired},
    {"authentication.radius.servers[].port", kCount, "1..65535", "1812"},
    {"authentication.radius.servers[].acct-port", kCount, "1..65535", "1813"},
    {"authentication.radius.servers[].disable", kFlag, kFlagValues, "false"},
    {"authentication.radius.servers[].disable-accounting", kFlag, kFlagValues, "false"},
    {"authentication.radius.servers[].fail-time", kCount, "0..600", "0"},
    {"authentication.radius.servers[].priority", kCount, "1..255"},
    {"authentication.radius.servers[].backup", kFlag, kFlagValues, "false"},
    {"authentication.radius.timeout", kCount, "1..60", "3"},
    {"authentication.radius.acct-timeout", kCount, "0..60", "3"},
    {"authentication.radius.max-try", kCount, "1..20", "3"},
    {"authentication.radius.accounting-interim-interval", kCount, "1..3600"},
    {"authentication.radius.acct-interim-jitter", kCount, "1..60"},
    {"authentication.radius.nas-identifier", kText, "text of up to 253 octets"},
    {"authentication.radius.nas-ip-address", kText, "IPv4 address"},
    {"authentication.radius.preallocate-vif", kFlag, kFlagValues, "false"},
    {"authentication.radius.dynamic-author.server", kText, "IPv4 address"},
    {"authentication.radius.dynamic-author.port", kCount, "1..65535", "1700"},
    {"authentication.radius.dynamic-author.key", kText, "text of up to 128 octets", "", kRequired},
    {"authentication.radius.rate-limit.enable", kFlag, kFlagValues, "false"},
    {"authentication.radius.rate-limit.attribute", kText, "text", "Filter-Id"},
    {"authentication.radius.rate-limit.vendor", kText, "text"},
    {"authentication.radius.rate-limit.multiplier", NodeKind::kNumber, "0.001..1000", "1"},
    {"ppp-options.mru", kCount, "68..65535"},
    {"ppp-options.min-mtu", kCount, "68..65535", "100"},
    {"ppp-options.disable-ccp", kFlag, kFlagValues, "false"},
    {"ppp-options.mppe", kText, "require | prefer | deny | allow", "prefer"},
    {"ppp-options.lcp-echo-interval", kCount, "0..86400", "30"},
    {"ppp-options.lcp-echo-failure", kCount, "1..1000", "3"},
    {"ppp-options.lcp-echo-timeout", kCount, "0..86400", "0"},
    {"ppp-options.interface-cache", kCount, "0..256000", "0"},
    {"ppp-options.ipv4", kText, "deny | allow | prefer | require", "allow"},
    {"ppp-options.ipv6", kText, "deny | allow | prefer | require", "deny"},
    {"ppp-options.ipv6-interface-id", kText, "random | four hex groups x:x:x:x", "0:0:0:1"},
    {"ppp-options.ipv6-peer-interface-id", kText,
     "random | ipv4-addr | calling-sid | four hex groups x:x:x:x", "0:0:0:2"},
    {"ppp-options.ipv6-accept-peer-interface-id", kFlag, kFlagValues, "false"},
    {"extended-scripts.on-pre-up", kText, "text"},
    {"extended-scripts.on-up", kText, "text"},
    {"extended-scripts.on-down", kText, "text"},
    {"extended-scripts.on-change", kText, "text"},
    {"shaper.fwmark", kCount, "1..2147483647"},
    {"snmp.enable", kFlag, kFlagValues, "false"},
    {"snmp.master-agent", kFlag, kFlagValues, "false"},
    {"log.level", kCount, "0..5", "3"},

    // Own additions: 1.7, 2.2, 3.1, 7, 8, 9.3.
    {"listen[]", kText, "IPv4 or IPv6 address"},
    {"ifname", kText, "interface name with %d", "sstp%d"},
    {"verbose", kFlag, kFlagValues, "true"},
    {"single-session", kText, "none | replace | deny", "replace"},
    {"max-sessions", kCount, kFromZero, "0"},
    {"protocol.timeout", kCount, "1..86400", "60"},
    {"protocol.hello-interval", kCount, "0..86400", "60"},
    {"protocol.cert-hash-proto[]", kText, "sha1 | sha256", "sha1, sha256"},
    {"protocol.cert-hash-sha1", kText, "40 hex digits, ':' allowed"},
    {"protocol.cert-hash-sha256", kText, "64 hex digits, ':' allowed"},
    {"protocol.http-error", kText, "allow | deny | http(s) URL", "allow"},
    {"protocol.accept[]", kText, "ssl | proxy", "ssl"},
    {"protocol.ppp-max-mtu", kCount, "68..4087", "1452"},
    {"protocol.sndbuf", kCount, kFromOne},
    {"protocol.rcvbuf", kCount, kFromOne},
    {"protocol.session-timeout", kCount, kFromZero, "0"},
    {"ppp-options.timeout", kCount, "1..600", "3"},
    {"ppp-options.max-configure", kCount, "1..1000", "10"},
    {"ppp-options.max-terminate", kCount, "1..1000", "2"},
    {"ppp-options.max-failure", kCount, "1..1000", "10"},
    {"ssl.protocols[]", kText, "tls1 | tls1.1 | tls1.2 | tls1.3", "tls1.2, tls1.3"},
    {"ssl.ciphers", kText, "text"},
    {"ssl.ciphersuites", kText, "text"},
    {"ssl.curves", kText, "text"},
    {"ssl.dhparam", kText, "path of a file"},
    {"ssl.prefer-server-ciphers", kFlag, kFlagValues, "false"},
    {"scripts.timeout", kCount, kFromOne, "30"},
    {"shaper.down-limiter", kText, "auto | tbf | htb | clsact | edt | pace", "auto"},
    {"shaper.up-limiter", kText, "auto | police | pace", "auto"},
    {"shaper.down-burst-factor", NodeKind::kNumber, "0..1000", "0.1"},
    {"shaper.up-burst-factor", NodeKind::kNumber, "0..1000", "1"},
    {"shaper.burst-factor", NodeKind::kNumber, "0..100"},
    {"shaper.latency", kCount, "1..10000", "50"},
    {"shaper.mpu", kCount, "0..65535", "0"},
    {"shaper.mtu", kCount, kFromZero, "0"},
    {"shaper.r2q", kCount, kFromOne, "10"},
    {"shaper.quantum", kCount, kFromZero, "0"},
    {"shaper.moderate-quantum", kFlag, kFlagValues, "false"},
    {"shaper.cburst", kCount, kFromZero, "1534"},
    {"shaper.leaf-qdisc", kText, "sfq, fq_codel or fifo with parameters"},
    {"shaper.verbose", kFlag, kFlagValues, "true"},
    {"shaper.rate-limit[]", kText, "DOWN/UP or ID,DOWN/UP"},
    {"shaper.time-range[]", kText, "ID,HH:MM-HH:MM"},
    {"shaper.required", kFlag, kFlagValues, "false"},
    {"shaper.count", kText, "payload | packet", "payload"},
    {"metrics.listen", kText, "address:port", "", kRequired},
    {"metrics.format", kText, "prometheus | json", "prometheus"},
    {"metrics.read-timeout", kCount, kFromZero, "5"},
    {"metrics.max-clients", kCount, kFromZero, "64"},
    {"cli.socket", kText, "absolute path", "/run/sstpgw/operator.sock"},
    {"link.listen", kText, "unix:/path", "unix:/run/sstpgw/link.sock"},
    {"data-path.kernel-tls-send", kFlag, kFlagValues, "true"},
    {"data-path.kernel-tls-receive", kFlag, kFlagValues, "true"},
    {"data-path.super-packets", kFlag, kFlagValues, "true"},
    {"data-path.fill-records", kFlag, kFlagValues, "true"},
    {"ipv6-nd.cur-hop-limit", kCount, "0..255", "64"},
    {"ipv6-dhcp.preferred-lifetime", kCount, kFromZero, "604800"},
    {"authentication.radius.require-message-authenticator", kText, "true | false | auto", "true"},
    {"authentication.radius.acct-on", kFlag, kFlagValues, "true"},
    {"authentication.radius.sid-in-auth", kFlag, kFlagValues, "true"},
    {"authentication.radius.dictionary[]", kText, "path of a file"},
    {"authentication.radius.strip-realm", kFlag, kFlagValues, "false"},
    {"authentication.radius.default-realm", kText, "realm"},
    {"authentication.radius.acct-delay-start", kCount, "0..60", "0"},
    {"authentication.radius.source-ipv6-address", kText, "IPv6 address"},
    {"authentication.radius.tunnel-type-attribute", kText, "text"},
    {"authentication.radius.framed-route-strict", kFlag, kFlagValues, "false"},
    {"authentication.radius.servers[].require-message-authenticator", kText, "true | false | auto"},
    {"authentication.radius.servers[].status-server", kFlag, kFlagValues, "false"},
    {"authentication.radius.servers[].req-limit", kCount, "0..65535", "0"},
    {"authentication.radius.servers[].max-fail", kCount, "1..65535"},
    {"authentication.radius.dynamic-author.allow-from[]", kText, "IPv4 or IPv6 prefix"},
    {"authentication.radius.dynamic-author.require-message-authenticator", kFlag, kFlagValues,
     "false"},
    {"authentication.radius.dynamic-author.require-event-timestamp", kFlag, kFlagValues, "false"},
    {"authentication.radius.dynamic-author.event-timestamp-window", kCount, "0..86400", "300"},
    {"authentication.radius.dynamic-author.require-nas-identification", kFlag, kFlagValues,
     "false"},
};

TEST(DescribeSchema, EveryNodeIsWhatTheFeaturesSay) {
  std::map<std::string, SchemaNode> nodes;
  for (SchemaNode& node : DescribeSchema()) nodes.emplace(node.path, std::move(node));
  for (const Node& wanted : kNodes) {
    SCOPED_TRACE(wanted.path);
    const auto found = nodes.find(std::string("sstp.") + wanted.path);
    ASSERT_NE(found, nodes.end());
    const SchemaNode& node = found->second;
    EXPECT_EQ(node.kind, wanted.kind) << ToString(node.kind);
    EXPECT_EQ(node.allowed, wanted.allowed);
    EXPECT_EQ(node.default_text, wanted.default_text);
    EXPECT_EQ(node.required, wanted.required);
    const std::string_view path = wanted.path;
    EXPECT_EQ(node.secret, path.ends_with("password") || path.ends_with("[].key") ||
                               path.ends_with("author.key"));
  }
}

}  // namespace
}  // namespace sstpgw::cp
