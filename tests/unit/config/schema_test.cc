// Every node of config.proto: described completely, its defaults and samples acceptable, its range
// kept at both ends, and refused with its path while its feature is not built.
#include "controlplane/config/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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
    if (!rules.moot_if().empty()) {
      std::string sibling = rules.moot_if();
      std::replace(sibling.begin(), sibling.end(), '-', '_');
      EXPECT_NE(spot.field->containing_type()->FindFieldByName(sibling), nullptr) << spot.path;
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
  EXPECT_GT(refused, 50);
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
  EXPECT_EQ(find("sstp.authentication.protocols[]").allowed, "pap | chap | mschap | mschap-v2");
  EXPECT_THAT(find("sstp.authentication.mode").unsupported_choices,
              ElementsAre("radius", "noauth"));
  EXPECT_FALSE(find("sstp.authentication.radius.servers[].key").supported);
  EXPECT_EQ(find("sstp.authentication.radius.servers[].key").unsupported_reason, "RADIUS");
  EXPECT_EQ(find("sstp.protocol.http-error").allowed, "allow | deny | http(s) URL");
  EXPECT_EQ(find("sstp.authentication.radius.rate-limit.multiplier").allowed, "0.001..1000");
  EXPECT_EQ(find("sstp.description").allowed, "text of up to 255 octets");
}

// The nodes of features 11.3 and the own additions, as an operator may write them.
TEST(DescribeSchema, HasTheWholeTree) {
  std::set<std::string> paths;
  for (const SchemaNode& node : DescribeSchema()) paths.insert(node.path);
  for (const char* path : {"description",
                           "port",
                           "host-name",
                           "mtu",
                           "gateway-address",
                           "default-pool",
                           "default-ipv6-pool",
                           "client-ip-pool.<name>.range[]",
                           "client-ip-pool.<name>.next-pool",
                           "client-ipv6-pool.<name>.prefix[].address",
                           "client-ipv6-pool.<name>.prefix[].mask",
                           "client-ipv6-pool.<name>.delegate[].address",
                           "client-ipv6-pool.<name>.delegate[].delegation-prefix",
                           "name-server[]",
                           "wins-server[]",
                           "max-concurrent-sessions",
                           "limits.connection-limit",
                           "limits.burst",
                           "limits.timeout",
                           "ssl.certificate",
                           "ssl.key",
                           "ssl.ca-certificate",
                           "authentication.mode",
                           "authentication.protocols[]",
                           "authentication.local-users.<name>.password",
                           "authentication.local-users.<name>.static-ip",
                           "authentication.local-users.<name>.disable",
                           "authentication.local-users.<name>.rate-limit.download",
                           "authentication.local-users.<name>.rate-limit.upload",
                           "authentication.radius.source-address",
                           "authentication.radius.servers[].address",
                           "authentication.radius.servers[].key",
                           "authentication.radius.servers[].port",
                           "authentication.radius.servers[].acct-port",
                           "authentication.radius.servers[].disable",
                           "authentication.radius.servers[].disable-accounting",
                           "authentication.radius.servers[].fail-time",
                           "authentication.radius.servers[].priority",
                           "authentication.radius.servers[].backup",
                           "authentication.radius.timeout",
                           "authentication.radius.acct-timeout",
                           "authentication.radius.max-try",
                           "authentication.radius.accounting-interim-interval",
                           "authentication.radius.acct-interim-jitter",
                           "authentication.radius.nas-identifier",
                           "authentication.radius.nas-ip-address",
                           "authentication.radius.preallocate-vif",
                           "authentication.radius.dynamic-author.server",
                           "authentication.radius.dynamic-author.port",
                           "authentication.radius.dynamic-author.key",
                           "authentication.radius.rate-limit.enable",
                           "authentication.radius.rate-limit.attribute",
                           "authentication.radius.rate-limit.vendor",
                           "authentication.radius.rate-limit.multiplier",
                           "ppp-options.mru",
                           "ppp-options.min-mtu",
                           "ppp-options.disable-ccp",
                           "ppp-options.mppe",
                           "ppp-options.lcp-echo-interval",
                           "ppp-options.lcp-echo-failure",
                           "ppp-options.lcp-echo-timeout",
                           "ppp-options.interface-cache",
                           "ppp-options.ipv4",
                           "ppp-options.ipv6",
                           "ppp-options.ipv6-interface-id",
                           "ppp-options.ipv6-peer-interface-id",
                           "ppp-options.ipv6-accept-peer-interface-id",
                           "extended-scripts.on-pre-up",
                           "extended-scripts.on-up",
                           "extended-scripts.on-down",
                           "extended-scripts.on-change",
                           "shaper.fwmark",
                           "snmp.enable",
                           "snmp.master-agent",
                           "log.level",
                           "listen[]",
                           "ifname",
                           "protocol.timeout",
                           "protocol.hello-interval",
                           "protocol.cert-hash-proto[]",
                           "protocol.cert-hash-sha1",
                           "protocol.cert-hash-sha256",
                           "protocol.http-error",
                           "protocol.accept[]",
                           "protocol.ppp-max-mtu",
                           "protocol.sndbuf",
                           "protocol.rcvbuf",
                           "protocol.session-timeout",
                           "verbose",
                           "ssl.protocols[]",
                           "ssl.ciphers",
                           "ssl.ciphersuites",
                           "ssl.curves",
                           "ssl.dhparam",
                           "ssl.prefer-server-ciphers",
                           "single-session",
                           "max-sessions",
                           "metrics.listen",
                           "cli.socket",
                           "scripts.timeout",
                           "ipv6-nd.cur-hop-limit",
                           "ipv6-dhcp.preferred-lifetime",
                           "shaper.up-limiter",
                           "shaper.down-limiter",
                           "authentication.radius.require-message-authenticator",
                           "authentication.radius.acct-on",
                           "authentication.radius.sid-in-auth",
                           "authentication.radius.dictionary[]",
                           "link.listen"}) {
    EXPECT_THAT(paths, Contains(std::string("sstp.") + path));
  }
}

}  // namespace
}  // namespace sstpgw::cp
