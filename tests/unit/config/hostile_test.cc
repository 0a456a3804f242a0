// Texts that no operator writes: bombs, garbage, and thousands of damaged copies of a real file.
// Every one ends with a configuration or with errors that have a reason, soon, and without showing
// a secret.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/config/config_fixture.h"

namespace sstpgw::cp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::string Repeat(std::string_view unit, std::size_t octets) {
  std::string text;
  while (text.size() < octets) text += unit;
  return text;
}

void ExpectOrderly(const std::string& text) {
  const LoadResult result = Load(text);
  EXPECT_EQ(result.config.has_value(), result.errors.empty());
  for (const Issue& issue : result.errors) {
    EXPECT_FALSE(issue.reason.empty());
    const std::string line = Render("f", issue);
    EXPECT_THAT(line, Not(HasSubstr("\n")));
    EXPECT_THAT(line, Not(HasSubstr("hunter2")));
  }
}

TEST(Hostile, AliasBombIsRefused) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    const std::string before = std::string("*") + static_cast<char>(c - 1) + ", ";
    bomb += std::string(1, c) + ": &" + c + " [" + Repeat(before, 9 * before.size()) + "]\n";
  }
  EXPECT_THAT(Brief(Load(bomb).errors), ElementsAre(": anchors are not supported"));
}

TEST(Hostile, TooLongATextIsRefused) {
  EXPECT_THAT(Brief(Load(Minimal() + "#" + std::string(kMaxConfigOctets, 'x')).errors),
              ElementsAre(HasSubstr("octets, more than 4194304")));
  EXPECT_TRUE(Load(Minimal() + "#" + std::string(std::size_t{1} << 20, 'x')).config);
}

TEST(Hostile, MuchOfAnythingEnds) {
  for (const char* unit :
       {"[",  "{",   "- ",  "? ", "a: ",   "a: 1\n", "[a,",     "{a: b,", "'",
        "\"", "&a ", "*a ", "!",  "%",     "|\n",    "> ",      "--- ",   "...\n",
        "\t", "{}",  "a",   "\n", "# x\n", "  a:\n", "\"\\x41", "- a\n"}) {
    SCOPED_TRACE(unit);
    const std::string text = Repeat(unit, std::size_t{1} << 15);
    ExpectOrderly(text);
    ExpectOrderly("sstp:\n  name-server: " + text);
  }
}

TEST(Hostile, AMebibyteEnds) {
  for (const char* unit : {"[", "a", "\t", "# x\n", "a: 1\n"}) {
    SCOPED_TRACE(unit);
    ExpectOrderly(Repeat(unit, std::size_t{1} << 20));
  }
}

TEST(Hostile, ManyUnknownKeysAreAllReportedInTime) {
  std::string text = "sstp:\n";
  for (int i = 0; i < 5000; ++i) text += "  k" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(Load(text).errors, SizeIs(5000 + 3));  // ssl, users and pools are missing, too
}

TEST(Hostile, ManyUsersAndRangesLoadInTime) {
  std::string text = "sstp:\n" + kSsl + "  gateway-address: 10.0.0.1\n  default-pool: P\n" +
                     "  client-ip-pool:\n    P:\n      range:\n";
  for (int i = 0; i < 10000; ++i) {
    text += "        - 10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".0/24\n";
  }
  text += "  authentication:\n    local-users:\n";
  for (int i = 0; i < 10000; ++i) text += "      u" + std::to_string(i) + ": {password: p}\n";
  const LoadResult result = Load(text);
  ASSERT_TRUE(result.config) << Render("f", result.errors).substr(0, 1000);
  EXPECT_THAT(result.config->local_users, SizeIs(10000));
  EXPECT_THAT(result.config->pools.at("P").ranges, SizeIs(10000));
}

const std::string kVictim = R"(sstp:
  description: "remote access"
  port: 443
  listen: [192.0.2.1, '2001:db8::1']
  authentication:
    mode: local
    protocols: [mschap-v2, pap]
    local-users:
      test: { password: hunter2, static-ip: 10.0.0.9 }
      "a b": { password: { file: /etc/sstp/server.key } }
  client-ip-pool:
    A: { range: [10.0.0.2-10.0.0.100, 10.0.1.0/24], next-pool: B }
    B: { range: 10.0.2.7 }
  default-pool: A
  gateway-address: 10.0.0.1
  ppp-options: { mru: 1400, lcp-echo-interval: 5, mppe: deny }
  protocol: { cert-hash-proto: [sha256], http-error: deny }
  ssl:
    ca-certificate: /etc/sstp/ca.pem
    certificate: /etc/sstp/server.pem
    key: /etc/sstp/server.key
)";

TEST(Hostile, TheVictimIsSound) {
  EXPECT_TRUE(Load(kVictim).config) << Render("f", Load(kVictim).errors);
}

TEST(Hostile, TruncatedTextsEnd) {
  for (std::size_t size = 0; size < kVictim.size(); size += 3) {
    SCOPED_TRACE(size);
    const LoadResult result = Load(kVictim.substr(0, size));
    EXPECT_EQ(result.config.has_value(), result.errors.empty());
  }
}

// The seed is fixed: a failure repeats.
TEST(Hostile, DamagedTextsEnd) {
  const std::string_view shards[] = {"[",  "]",          "{",    "}",    ":",
                                     ": ", "\n",         "\n  ", "- ",   "'",
                                     "\"", "#",          "&a ",  "*a",   "!!x ",
                                     "|",  ">",          "?",    "%",    ",",
                                     "\t", "~",          "\xff", "\xc3", std::string_view("\0", 1),
                                     "-1", "4294967296", "<<",   "---",  "...",
                                     "\\", "  sstp:\n"};
  std::mt19937 random(20240228);
  const auto pick = [&](std::size_t size) { return static_cast<std::size_t>(random() % size); };
  for (int round = 0; round < 1000; ++round) {
    std::string text = kVictim;
    for (std::size_t change = pick(4) + 1; change > 0 && !text.empty(); --change) {
      const std::size_t at = pick(text.size());
      const std::size_t length = std::min(pick(20), text.size() - at);
      switch (pick(4)) {
        case 0:
          text.erase(at, length);
          break;
        case 1:
          text.insert(at, shards[pick(std::size(shards))]);
          break;
        case 2:
          text.insert(pick(text.size()), text.substr(at, length));
          break;
        default:
          text[at] = static_cast<char>(pick(256));
          break;
      }
    }
    SCOPED_TRACE(text);
    const LoadResult result = Load(text);
    ASSERT_EQ(result.config.has_value(), result.errors.empty());
    for (const Issue& issue : result.errors) ASSERT_FALSE(issue.reason.empty());
  }
}

}  // namespace
}  // namespace sstpgw::cp
