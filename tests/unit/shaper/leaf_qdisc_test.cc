#include "controlplane/shaper/leaf_qdisc.h"

namespace sstpgw::cp {
namespace {

using namespace std::chrono_literals;
using Kind = LeafQdisc::Kind;

LeafQdisc Read(std::string_view text) {
  const auto leaf = ReadLeafQdisc(text);
  EXPECT_TRUE(leaf) << text << ": " << leaf.error();
  return leaf.value_or(LeafQdisc{});
}

TEST(LeafQdisc, KindAloneLeavesTheRestToTheKernel) {
  EXPECT_EQ(Read("sfq"), LeafQdisc{.kind = Kind::kSfq});
  EXPECT_EQ(Read("fq_codel"), LeafQdisc{.kind = Kind::kFqCodel});
  EXPECT_EQ(Read(" \tfifo  "), LeafQdisc{.kind = Kind::kFifo});
}

TEST(LeafQdisc, EveryParameter) {
  EXPECT_EQ(Read("sfq limit 127 perturb 10 quantum 1514"),
            (LeafQdisc{.kind = Kind::kSfq, .limit = 127, .quantum = 1514, .perturb = 10}));
  EXPECT_EQ(Read("fq_codel  limit 10240 flows 1024 target 5ms interval 100ms quantum 300 noecn"),
            (LeafQdisc{.kind = Kind::kFqCodel,
                       .limit = 10240,
                       .flows = 1024,
                       .quantum = 300,
                       .target = 5ms,
                       .interval = 100ms,
                       .ecn = false}));
  EXPECT_EQ(Read("fifo limit 50"), (LeafQdisc{.kind = Kind::kFifo, .limit = 50}));
}

TEST(LeafQdisc, OrderDoesNotMatter) {
  EXPECT_EQ(Read("fq_codel ecn quantum 9 flows 8"), Read("fq_codel flows 8 quantum 9 ecn"));
}

TEST(LeafQdisc, TimesHaveAUnit) {
  EXPECT_EQ(Read("fq_codel target 500us").target, 500us);
  EXPECT_EQ(Read("fq_codel target 5ms").target, 5ms);
  EXPECT_EQ(Read("fq_codel interval 60s").interval, 60s);
  EXPECT_EQ(Read("fq_codel interval 60000000us").interval, 60s);
}

TEST(LeafQdisc, EndsOfEveryRange) {
  EXPECT_EQ(Read("sfq perturb 0").perturb, 0U);
  EXPECT_EQ(Read("sfq perturb 86400").perturb, 86'400U);
  EXPECT_EQ(Read("sfq limit 1").limit, 1U);
  EXPECT_EQ(Read("fq_codel limit 1000000").limit, 1'000'000U);
  EXPECT_EQ(Read("fq_codel flows 65536").flows, 65'536U);
  EXPECT_EQ(Read("sfq quantum 1048576").quantum, 1'048'576U);
}

struct Bad {
  const char* text;
  const char* reason;
};

TEST(LeafQdisc, WhatIsWrongIsTold) {
  const Bad kBad[] = {
      {"", "must begin with sfq, fq_codel or fifo"},
      {"  ", "must begin with sfq, fq_codel or fifo"},
      {"limit 5", "must begin with sfq, fq_codel or fifo"},
      {"sfqq", "must begin with sfq, fq_codel or fifo"},
      {"sfq flows 5", "has no parameter 'flows'"},
      {"sfq ecn", "has no parameter 'ecn'"},
      {"sfq target 5ms", "has no parameter 'target'"},
      {"fq_codel perturb 5", "has no parameter 'perturb'"},
      {"fifo quantum 5", "has no parameter 'quantum'"},
      {"fq_codel x\x01", "has no parameter 'x\\x01'"},
      {"sfq limit 5 limit 5", "has 'limit' twice"},
      {"fq_codel ecn noecn", "has 'noecn' twice"},
      {"sfq limit", "limit: must be 1..1000000"},
      {"sfq limit 0", "limit: must be 1..1000000"},
      {"sfq limit 1000001", "limit: must be 1..1000000"},
      {"sfq limit 99999999999", "limit: must be 1..1000000"},
      {"sfq limit 5p", "limit: must be 1..1000000"},
      {"sfq limit -5", "limit: must be 1..1000000"},
      {"sfq perturb 86401", "perturb: must be 0..86400"},
      {"sfq quantum 1048577", "quantum: must be 1..1048576"},
      {"fq_codel flows 65537", "flows: must be 1..65536"},
      {"fq_codel target", "target: must be a time like 5ms or 500us, up to 60s"},
      {"fq_codel target 5", "target: must be a time like 5ms or 500us, up to 60s"},
      {"fq_codel target 0ms", "target: must be a time like 5ms or 500us, up to 60s"},
      {"fq_codel target ms", "target: must be a time like 5ms or 500us, up to 60s"},
      {"fq_codel target 5 ms", "target: must be a time like 5ms or 500us, up to 60s"},
      {"fq_codel interval 61s", "interval: must be a time like 5ms or 500us, up to 60s"},
      {"fq_codel interval 5m", "interval: must be a time like 5ms or 500us, up to 60s"},
      {"fq_codel interval 4294967296us", "interval: must be a time like 5ms or 500us, up to 60s"},
  };
  for (const Bad& bad : kBad) {
    const auto leaf = ReadLeafQdisc(bad.text);
    ASSERT_FALSE(leaf) << bad.text;
    EXPECT_EQ(leaf.error(), bad.reason) << bad.text;
  }
}

}  // namespace
}  // namespace sstpgw::cp
