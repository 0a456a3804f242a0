#include "tests/client/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/many_sessions.h"

namespace sstpgw::client {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

TEST(Metrics, PercentileIsTheNearestRank) {
  std::vector<Duration> samples;
  for (int i = 100; i >= 1; --i) samples.emplace_back(milliseconds(i));
  EXPECT_EQ(Percentile(samples, 50), milliseconds(50));
  EXPECT_EQ(Percentile(samples, 99), milliseconds(99));
  EXPECT_EQ(Percentile(samples, 100), milliseconds(100));
  EXPECT_EQ(Percentile({milliseconds(7)}, 50), milliseconds(7));
  EXPECT_EQ(Percentile({}, 50), Duration{});
}

TEST(Metrics, ReportNamesEveryFailure) {
  RunReport report;
  report.wanted = 3;
  report.setup_elapsed = std::chrono::seconds(2);
  report.setup_times = {milliseconds(10), milliseconds(30)};
  report.failures["authentication: E=691 \"x\""] = 1;
  EXPECT_THAT(ToTable(report), HasSubstr("authentication: E=691"));
  const std::string json = ToJson(report);
  EXPECT_THAT(json, HasSubstr("\"up\": 2"));
  EXPECT_THAT(json, HasSubstr("\"setup_rate_per_second\": 1.0"));
  EXPECT_THAT(json, HasSubstr("\"p50\": 10.0"));
  EXPECT_THAT(json, HasSubstr("\"authentication: E=691 \\\"x\\\"\": 1"));
}

TEST(Metrics, PingsAreReportedWhenThereWereAny) {
  RunReport report;
  EXPECT_THAT(ToJson(report), Not(HasSubstr("ping")));
  report.pings_sent = 2;
  report.ping_times = {milliseconds(3)};
  EXPECT_THAT(ToJson(report), HasSubstr("\"pings_sent\": 2, \"pings_answered\": 1"));
  EXPECT_THAT(ToJson(report), HasSubstr("\"ping_milliseconds\": {\"p50\": 3.0"));
  EXPECT_THAT(ToTable(report), HasSubstr("median, ms"));
}

TEST(Metrics, Ipv6IsReportedWhenItWasAskedFor) {
  RunReport report;
  EXPECT_THAT(ToJson(report), Not(HasSubstr("ipv6")));
  report.ipv6 = true;
  report.ipv6_up = 4;
  report.with_advertisement = 3;
  report.router_advertisements = 9;
  EXPECT_THAT(ToJson(report), HasSubstr("\"ipv6_up\": 4, \"with_advertisement\": 3, "
                                        "\"router_advertisements\": 9"));
  EXPECT_THAT(ToTable(report), HasSubstr("advertised to"));
}

TEST(Metrics, UserTemplateCountsSessions) {
  EXPECT_EQ(ExpandUser("user%d", 17), "user17");
  EXPECT_EQ(ExpandUser("test", 17), "test");
}

}  // namespace
}  // namespace sstpgw::client
