#include "controlplane/edge/process_facts.h"

namespace sstpgw::cp {
namespace {

TEST(ProcessMeter, ReadsThisProcess) {
  ProcessMeter meter;
  const ProcessFacts facts = meter.Read();
  EXPECT_GT(facts.rss_kib, 1000U);
  EXPECT_GE(facts.virtual_kib, facts.rss_kib);
  EXPECT_GE(facts.threads, 1U);
  EXPECT_GE(facts.threads_active, 1U);
  EXPECT_GE(facts.descriptors, 3U);
  EXPECT_LT(facts.uptime_seconds, 60U);
}

}  // namespace
}  // namespace sstpgw::cp
