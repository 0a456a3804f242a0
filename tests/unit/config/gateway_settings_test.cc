// What the schema lets through, gateways take: every end of every range goes through the walker,
// its interpretation and proto/contract, whose own ranges these are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "controlplane/config/interpret.h"
#include "proto/contract/convert.h"
#include "tests/unit/config/schema_walk.h"

namespace sstpgw::cp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// `addition` put over `tree`: mappings are joined, anything else is replaced.
void Merge(YamlNode& tree, const YamlNode& addition) {
  if (tree.kind != YamlNode::Kind::kMapping || addition.kind != YamlNode::Kind::kMapping) {
    tree = addition;
    return;
  }
  for (const YamlNode::Child& child : addition.children) {
    const auto same = std::find_if(tree.children.begin(), tree.children.end(),
                                   [&](const YamlNode::Child& c) { return c.key == child.key; });
    if (same == tree.children.end()) {
      tree.children.push_back(child);
    } else {
      Merge(same->value, child.value);
    }
  }
}

struct Verdict {
  std::vector<std::string> config_errors;
  std::string contract_error;  // empty: taken
};

std::string ContractErrorOf(const GatewaySettings& settings) {
  auto message = contract::ToProto(settings);
  message.set_generation(1);
  const auto taken = contract::FromProto(message);
  return taken ? std::string() : taken.error().message;
}

// Of the smallest configuration with `addition` in it.
Verdict Judge(const std::string& addition) {
  YamlNode tree = ParseYaml(Minimal()).value();
  Merge(tree, ParseYaml(addition).value());
  FakeFiles files = TestFiles();
  Report report;
  const v1::Config config = ReadTree(tree, {}, files, report);
  const ControlConfig meaning = Interpret(config.sstp(), {}, files, report);
  return {Brief(report.TakeErrors()), ContractErrorOf(meaning.gateway)};
}

std::string Repeated(const std::string& word, std::size_t octets) {
  std::string text = word;
  while (text.size() + 1 + word.size() <= octets) text += ":" + word;
  return text;
}

// Shortest, longest and oddest texts of each form that a supported node may have.
std::optional<std::vector<std::string>> ExtremesOf(const SchemaSpot& spot) {
  const std::map<std::string, std::vector<std::string>> by_path{
      {"sstp.ssl.ciphers", {Repeated("AES128-SHA", 1024)}},
      {"sstp.ssl.ciphersuites", {Repeated("TLS_AES_128_GCM_SHA256", 1024)}},
      {"sstp.ssl.curves", {"P-256"}},
      {"sstp.default-pool", {"P"}},
      {"sstp.default-ipv6-pool", {}},  // needs a pool: ipv6_config_test.cc
      {"sstp.ssl.certificate", {"/etc/sstp/server.pem"}},
      {"sstp.ssl.ca-certificate", {"/etc/sstp/ca.pem"}},
      {"sstp.ssl.key", {"/etc/sstp/server.key"}},
      {"sstp.ssl.dhparam", {"/dh.pem"}},
      {"sstp.description", {std::string(255, 'x')}},
  };
  const std::map<std::string, std::vector<std::string>> by_pattern{
      {"host-name", {"ab", std::string(253, 'a')}},
      {"ipv4-host", {"1.0.0.0", "223.255.255.255"}},
      {"ip-host", {"1.0.0.0", "223.255.255.255", "2001:db8::ffff:ffff:ffff:ffff"}},
      {"interface-id", {"0:0:0:3", "ffff:ffff:ffff:ffff"}},
      {"interface-template", {"a%d", "abcdefghij%d", "Az09._-%d", "-%d."}},
      {"listen-address", {"0.0.0.0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"}},
      {"hex-20", {std::string(40, 'f')}},
      {"hex-32", {std::string(64, '0')}},
      {"http-url", {"http://a", "https://" + std::string(1016, '~')}},
      {"socket-path", {"/run/o"}},
      {"link-address", {"unix:/run/l"}},
      {"rate-pair", {"0/0", "1000G/1B", "4294967295,1000000000/0"}},
      {"time-range", {"1,00:00-23:59", "4294967295,23:59-00:00"}},
      {"leaf-qdisc",
       {"fifo limit 1", "sfq limit 1000000 perturb 86400 quantum 1048576",
        "fq_codel limit 1 flows 65536 target 60s interval 60s quantum 1 ecn"}},
  };
  if (const auto path = by_path.find(spot.path); path != by_path.end()) return path->second;
  const std::string& name = RulesOf(*spot.field).pattern();
  std::vector<std::string> texts;
  if (const auto pattern = by_pattern.find(name); pattern != by_pattern.end()) {
    texts = pattern->second;
  } else if (!name.empty() || RulesOf(*spot.field).choices_size() == 0) {
    return std::nullopt;
  }
  const v1::FieldRules& rules = RulesOf(*spot.field);
  for (const std::string& choice : rules.choices()) {
    const auto& refused = rules.unsupported_choices();
    if (std::find(refused.begin(), refused.end(), choice) == refused.end()) texts.push_back(choice);
  }
  return texts;
}

TEST(GatewaySettings, TheEndsOfEveryRangeAreTaken) {
  int checked = 0;
  for (const SchemaSpot& spot : AllSpots()) {
    // Users, pools and RADIUS stay in the control plane.
    const bool not_sent = spot.path.find("NAME") != std::string::npos ||
                          spot.path.starts_with("sstp.authentication.radius");
    if (!spot.leaf() || !spot.unsupported_path.empty() || not_sent) continue;
    const bool text = KindOf(*spot.field) == NodeKind::kText;
    const auto values = text ? ExtremesOf(spot) : Samples(*spot.field);
    ASSERT_TRUE(values) << spot.path << ": which texts of this form are extreme?";
    for (const std::string& value : *values) {
      if (spot.path == "sstp.ssl.dhparam") continue;  // below
      // These need servers, which are not in such a document: radius_config_test.cc.
      if (spot.path == "sstp.authentication.mode" && value == "radius") continue;
      if (spot.path == "sstp.authentication.protocols" && value == "eap") continue;
      SCOPED_TRACE(spot.path + ": " + value);
      const Verdict verdict = Judge(spot.Document(spot.Wrapped(value)));
      EXPECT_THAT(verdict.config_errors, IsEmpty());
      EXPECT_EQ(verdict.contract_error, "");
      ++checked;
    }
  }
  EXPECT_GT(checked, 70);
}

TEST(GatewaySettings, WholeListsAreTaken) {
  std::string addresses;
  for (int i = 0; i < 64; ++i) addresses += "192.0.2." + std::to_string(i) + ", ";
  for (const std::string& addition :
       {"{ sstp: { listen: [" + addresses + "] } }",
        std::string("{ sstp: { ssl: { protocols: [tls1, tls1.1, tls1.2, tls1.3] } } }"),
        std::string("{ sstp: { protocol: { cert-hash-proto: [sha1, sha256] } } }"),
        std::string(
            "{ sstp: { authentication: { protocols: [pap, chap, mschap, mschap-v2] } } }")}) {
    const Verdict verdict = Judge(addition);
    EXPECT_THAT(verdict.config_errors, IsEmpty()) << addition;
    EXPECT_EQ(verdict.contract_error, "") << addition;
  }
}

// ---- Files that are too long --------------------------------------------------------------------

constexpr std::size_t kMaxPem = contract::kMaxPem;

// `pem` with a comment before it, in so many octets.
std::string Padded(const std::string& pem, std::size_t octets) {
  return std::string(octets - pem.size() - 1, '#') + "\n" + pem;
}

TEST(GatewaySettings, DhParametersMayBeAsLongAsTheContractSays) {
  FakeFiles files = TestFiles();
  const std::string yaml = "sstp:\n" + kUsers + kPool + kSsl + "    dhparam: /dh.pem\n";
  files.files["/dh.pem"] = Padded(kDhParameters, kMaxPem);
  const LoadResult taken = LoadConfig(yaml, "f", files);
  ASSERT_TRUE(taken.config) << Render("f", taken.errors);
  EXPECT_EQ(ContractErrorOf(taken.config->gateway), "");
  files.files["/dh.pem"] = Padded(kDhParameters, kMaxPem + 1);
  const LoadResult refused = LoadConfig(yaml, "f", files);
  EXPECT_THAT(Brief(refused.errors),
              ElementsAre("sstp.ssl.dhparam: has 262145 octets, may have at most 262144"));
  EXPECT_EQ(Render("f", refused.errors[0]),
            "f:13:5: sstp.ssl.dhparam: /dh.pem: has 262145 octets, may have at most 262144");
}

TEST(GatewaySettings, AChainMayBeAsLongAsTheContractSays) {
  FakeFiles files = TestFiles();
  const std::string& leaf = TestIdentity().certificate_pem;
  std::string chain = leaf;
  while (chain.size() + leaf.size() <= kMaxPem) chain += leaf;
  files.files["/etc/sstp/server.pem"] = chain;
  const LoadResult taken = LoadConfig(Minimal(), "f", files);
  ASSERT_TRUE(taken.config) << Render("f", taken.errors);
  EXPECT_EQ(ContractErrorOf(taken.config->gateway), "");
  files.files["/etc/sstp/server.pem"] = chain + leaf;
  EXPECT_THAT(Brief(LoadConfig(Minimal(), "f", files).errors),
              ElementsAre(HasSubstr("sstp.ssl.certificate: the chain sent to clients has ")));
}

}  // namespace
}  // namespace sstpgw::cp
