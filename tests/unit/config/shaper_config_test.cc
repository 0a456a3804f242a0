// `shaper` and users' rate limits: from the text to what gateways and sessions get.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_fixture.h"

namespace sstpgw::cp {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

DirectionLimit Limit(std::uint64_t rate) { return {BitsPerSecond{rate}, {}}; }

LoadResult LoadShaper(const std::string& nodes) {
  return Load(Minimal("  shaper: { " + nodes + " }\n"));
}
ControlConfig Taken(const std::string& nodes) {
  LoadResult result = LoadShaper(nodes);
  EXPECT_TRUE(result.config) << Render("f", result.errors);
  return result.config ? std::move(*result.config) : ControlConfig{};
}
std::vector<std::string> Errors(const std::string& nodes) {
  return Brief(LoadShaper(nodes).errors);
}
std::vector<std::string> Warnings(const std::string& nodes) {
  return Brief(LoadShaper(nodes).warnings);
}

std::string WithUser(const std::string& rate_limit) {
  return "sstp:\n" + kSsl + kPool +
         "  authentication: { local-users: { u: { password: p, rate-limit: " + rate_limit +
         " } } }\n";
}

TEST(ShaperConfig, NothingWrittenIsTheBestThatEachGatewayHasAndNoLimit) {
  LoadResult result = Load(Minimal());
  ASSERT_TRUE(result.config);
  EXPECT_EQ(result.config->gateway.shaper, ShaperSettings{});
  EXPECT_TRUE(result.config->default_rates.empty());
  EXPECT_TRUE(result.config->local_users.at("vyos").rates.empty());
  EXPECT_THAT(result.config->time_ranges, IsEmpty());
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST(ShaperConfig, EverySettingReachesTheGateways) {
  const ControlConfig config = Taken(
      "fwmark: 7, up-limiter: pace, down-limiter: htb, down-burst-factor: 0.25, "
      "up-burst-factor: 2, latency: 80, mpu: 64, r2q: 20, quantum: 3000, moderate-quantum: true, "
      "cburst: 1600, leaf-qdisc: fq_codel limit 500 noecn, verbose: false, required: true, "
      "count: packet");
  ShaperSettings wanted;
  wanted.down = DownLimiter::kHtb;
  wanted.up = UpLimiter::kPace;
  wanted.fwmark = 7;
  wanted.required = true;
  wanted.verbose = false;
  wanted.count = RateCount::kPacket;
  wanted.mpu = 64;
  wanted.down_burst = 250ms;
  wanted.up_burst = 2000ms;
  wanted.latency = 80ms;
  wanted.leaf.kind = LeafQdisc::Kind::kFqCodel;
  wanted.leaf.limit = 500;
  wanted.leaf.ecn = false;
  wanted.r2q = 20;
  wanted.quantum = 3000;
  wanted.moderate_quantum = true;
  wanted.cburst = 1600;
  EXPECT_EQ(config.gateway.shaper, wanted);
}

TEST(ShaperConfig, EveryLimiterHasItsName) {
  for (const auto limiter : {DownLimiter::kAuto, DownLimiter::kTbf, DownLimiter::kHtb,
                             DownLimiter::kClsact, DownLimiter::kEdt, DownLimiter::kPace}) {
    EXPECT_EQ(Taken(std::string("down-limiter: ") + ToString(limiter)).gateway.shaper.down,
              limiter);
  }
  for (const auto limiter : {UpLimiter::kAuto, UpLimiter::kPolice, UpLimiter::kPace}) {
    EXPECT_EQ(Taken(std::string("up-limiter: ") + ToString(limiter)).gateway.shaper.up, limiter);
  }
}

TEST(ShaperConfig, HtbFromTheClientIsNotOfferedAndPaceIsSuggested) {
  const LoadResult result = LoadShaper("up-limiter: htb, ifb: ifb0");
  EXPECT_THAT(Brief(result.errors),
              UnorderedElementsAre("sstp.shaper.up-limiter: must be one of auto, police, pace",
                                   "sstp.shaper.ifb: is not a known key"));
  EXPECT_THAT(Render("f", result.errors), HasSubstr("write pace"));
}

TEST(ShaperConfig, BurstFactorIsForBothAndEachFactorStandsAboveIt) {
  const ShaperSettings both = Taken("burst-factor: 0.2").gateway.shaper;
  EXPECT_EQ(both.down_burst, 200ms);
  EXPECT_EQ(both.up_burst, 2000ms);
  const ShaperSettings down = Taken("burst-factor: 0.2, down-burst-factor: 0.3").gateway.shaper;
  EXPECT_EQ(down.down_burst, 300ms);
  EXPECT_EQ(down.up_burst, 2000ms);
  const ShaperSettings up = Taken("burst-factor: 100, up-burst-factor: 0").gateway.shaper;
  EXPECT_EQ(up.down_burst, 100'000ms);
  EXPECT_EQ(up.up_burst, 0ms);
  EXPECT_EQ(Taken("burst-factor: 100").gateway.shaper.up_burst, 1'000'000ms);
}

TEST(ShaperConfig, LeafQdiscIsSpelledAsInTc) {
  EXPECT_THAT(Errors("leaf-qdisc: codel"),
              ElementsAre("sstp.shaper.leaf-qdisc: must begin with sfq, fq_codel or fifo"));
  EXPECT_THAT(Errors("leaf-qdisc: sfq flows 7"),
              ElementsAre("sstp.shaper.leaf-qdisc: has no parameter 'flows'"));
}

TEST(ShaperConfig, WarnsOfWhatHasNoEffect) {
  EXPECT_THAT(Warnings("leaf-qdisc: sfq, down-limiter: clsact"),
              ElementsAre("sstp.shaper.leaf-qdisc: has no effect with down-limiter clsact"));
  EXPECT_THAT(Warnings("leaf-qdisc: sfq, down-limiter: tbf"), IsEmpty());
  EXPECT_THAT(Warnings("leaf-qdisc: sfq"), IsEmpty());
  EXPECT_THAT(Warnings("mtu: 1600"), ElementsAre("sstp.shaper.mtu: has no effect"));
}

TEST(ShaperConfig, DefaultLimitOfAllTimesAndOfTimeRanges) {
  const ControlConfig one = Taken("rate-limit: 25G/512");
  EXPECT_EQ(one.default_rates.During(0), (RateLimit{Limit(25'000'000'000), Limit(512'000)}));
  const ControlConfig two = Taken(
      "rate-limit: [10M/2M, \"3,20M/4M\"], time-range: [\"3,22:00-06:00\", \"7,08:00-09:30\"]");
  EXPECT_EQ(two.default_rates.During(0), (RateLimit{Limit(10'000'000), Limit(2'000'000)}));
  EXPECT_EQ(two.default_rates.During(3), (RateLimit{Limit(20'000'000), Limit(4'000'000)}));
  EXPECT_THAT(two.time_ranges, ElementsAre(TimeRange{3, 22h, 6h}, TimeRange{7, 8h, 9h + 30min}));
}

TEST(ShaperConfig, BadLimitsAndTimesAreToldWithTheirPlace) {
  EXPECT_THAT(Errors("rate-limit: 10M"),
              ElementsAre("sstp.shaper.rate-limit[0]: must be DOWN/UP like 10M/2M: one rate only, "
                          "there must be two"));
  EXPECT_THAT(Errors("rate-limit: [10M/2M, 10M/fast]"),
              ElementsAre("sstp.shaper.rate-limit[1]: must be DOWN/UP like 10M/2M: no number at "
                          "position 5"));
  EXPECT_THAT(Errors("rate-limit: [10M/2M, 5M/1M]"),
              ElementsAre("sstp.shaper.rate-limit[1]: is the second limit for all times"));
  EXPECT_THAT(Errors("time-range: \"1,08:00-18:00\", rate-limit: [\"1,1/1\", \"1,2/2\"]"),
              ElementsAre("sstp.shaper.rate-limit[1]: is the second limit for time range 1"));
  EXPECT_THAT(Errors("time-range: \"1,08:00-08:00\""),
              ElementsAre("sstp.shaper.time-range[0]: ends in the minute in which it begins"));
  EXPECT_THAT(Warnings("rate-limit: \"2,1M/1M\""),
              ElementsAre("sstp.shaper.rate-limit[0]: is for time range 2, which is not in "
                          "time-range"));
}

TEST(ShaperConfig, AUsersLimitHasBothDirections) {
  LoadResult result = Load(WithUser("{ download: 1000000000, upload: 1 }"));
  ASSERT_TRUE(result.config) << Render("f", result.errors);
  EXPECT_EQ(result.config->local_users.at("u").rates.During(0),
            (RateLimit{Limit(1'000'000'000'000), Limit(1000)}));
  const std::string path = "sstp.authentication.local-users.u.rate-limit";
  EXPECT_THAT(Brief(Load(WithUser("{ upload: 5000 }")).errors),
              ElementsAre(path + ".download: is missing"));
  EXPECT_THAT(Brief(Load(WithUser("{ download: 5000 }")).errors),
              ElementsAre(path + ".upload: is missing"));
  EXPECT_THAT(Brief(Load(WithUser("{}")).errors),
              ElementsAre(path + ".download: is missing", path + ".upload: is missing"));
}

}  // namespace
}  // namespace sstpgw::cp
