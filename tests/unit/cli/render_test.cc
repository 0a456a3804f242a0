#include "controlplane/cli/render.h"

namespace sstpgw::cli {
namespace {

using ::testing::HasSubstr;

pb::GetStatisticsResponse Statistics() {
  pb::GetStatisticsResponse statistics;
  pb::ProcessStatistics& own = *statistics.mutable_control_plane();
  own.set_uptime_seconds(10);
  own.set_cpu_percent(1);
  own.set_rss_kib(600);
  own.set_virtual_kib(1000);
  own.set_heap_allocated_bytes(1);
  own.set_threads(3);
  own.set_descriptors(9);
  pb::GatewayStatistics& gateways = *statistics.mutable_gateways();
  gateways.set_uptime_seconds(4914);
  gateways.set_rss_kib(6088);
  gateways.set_virtual_kib(99464);
  gateways.set_heap_allocated_bytes(149419);
  gateways.set_threads(2);
  gateways.set_connections(6);
  gateways.set_timers(2);
  gateways.set_sstp_starting(4);
  gateways.set_sstp_active(1);
  statistics.set_sessions_active(1);
  (*gateways.mutable_counters())["http_ok"] = 5;
  return statistics;
}

TEST(RenderStatistics, ThePagesLabelsInThePagesOrder) {
  EXPECT_EQ(RenderStatistics(Statistics()), R"(uptime: 0.01:21:54
cpu: 1%
mem(rss/virt): 6688/100464 kB
core:
  mempool_allocated: 149420
  mempool_available: 0
  thread_count: 5
  thread_active: 0
  context_count: 6
  context_sleeping: 0
  context_pending: 0
  md_handler_count: 9
  md_handler_pending: 0
  timer_count: 2
  timer_pending: 0
sessions:
  starting: 0
  active: 1
  finishing: 0
sstp:
  starting: 4
  active: 1
)");
}

TEST(RenderStatisticsJson, HasTheSameFiguresAndEveryCounter) {
  const std::string text = RenderStatisticsJson(Statistics());
  EXPECT_THAT(text, HasSubstr("\"cpu_load_percentage\": 1"));
  EXPECT_THAT(text, HasSubstr("\"sessions\": {\n    \"starting\": 0,\n    \"active\": 1"));
  EXPECT_THAT(text, HasSubstr("\"gateway_counters\": {\n    \"http_ok\": 5"));
}

TEST(RenderPools, TableAndJson) {
  pb::ListPoolsResponse pools;
  pb::Pool& pool = *pools.add_pools();
  pool.set_name("P");
  pool.set_total(99);
  pool.set_used(33);
  pool.set_available(66);
  pool.add_ranges("10.0.0.2-10.0.0.100");
  pool.set_is_default(true);
  EXPECT_THAT(RenderPools(pools), HasSubstr("33%"));
  EXPECT_THAT(RenderPools(pools), HasSubstr("10.0.0.2-10.0.0.100"));
  EXPECT_THAT(RenderPoolsJson(pools), HasSubstr("\"available\": 66"));
  EXPECT_THAT(RenderPoolsJson(pools), HasSubstr("\"kind\": \"ipv4\""));
  pool.set_total(0);
  EXPECT_THAT(RenderPools(pools), HasSubstr("0%"));
  pool.set_kind(pb::POOL_KIND_IPV6_DELEGATED);
  pool.set_total(UINT64_MAX);
  pool.set_used(UINT64_MAX / 4);
  EXPECT_THAT(RenderPools(pools), HasSubstr("| 25%"));
  EXPECT_THAT(RenderPools(pools), HasSubstr("| ipv6-delegated"));
}

TEST(RenderGateways, SaysWhatBecameOfTheSettings) {
  pb::ListGatewaysResponse gateways;
  pb::Gateway& gateway = *gateways.add_gateways();
  gateway.set_gateway_id("gw1");
  gateway.set_attached(true);
  gateway.set_applied_generation(2);
  gateway.set_desired_generation(2);
  EXPECT_THAT(RenderGateways(gateways), HasSubstr("current"));
  gateway.set_desired_generation(3);
  EXPECT_THAT(RenderGateways(gateways), HasSubstr("pending"));
  gateway.set_refused_reason("port in use");
  gateway.set_draining(true);
  EXPECT_THAT(RenderGateways(gateways), HasSubstr("refused: port in use"));
  EXPECT_THAT(RenderGateways(gateways), HasSubstr("attached, draining"));
  EXPECT_THAT(RenderGatewaysJson(gateways), HasSubstr("\"desired-generation\": 3"));
}

TEST(RenderProblem, NamesPlaceValueReasonAndRemedy) {
  pb::ConfigProblem problem;
  problem.set_path("sstp.mtu");
  problem.set_line(3);
  problem.set_column(8);
  problem.set_value("9000");
  problem.set_reason("must be 68..1500");
  problem.set_remedy("Use 1452");
  EXPECT_EQ(RenderProblem("a.yaml", problem),
            "error: a.yaml:3:8: sstp.mtu: 9000: must be 68..1500. Use 1452\n");
  problem.set_path("sstp.\"a\\x0ab\"");  // escaped by the control plane
  EXPECT_THAT(RenderProblem("a.yaml", problem), HasSubstr(": sstp.\"a\\x0ab\": 9000: "));
  problem.Clear();
  problem.set_reason("odd");
  problem.set_warning(true);
  EXPECT_EQ(RenderProblem("a.yaml", problem), "warning: a.yaml: odd\n");
}

TEST(RenderDiff, OneLineForEachSide) {
  pb::DiffConfigResponse diff;
  EXPECT_EQ(RenderDiff(diff), "no differences\n");
  EXPECT_EQ(RenderDiffJson(diff), "[]\n");
  pb::ConfigDifference& mtu = *diff.add_differences();
  mtu.set_path("sstp.mtu");
  mtu.set_before("1400");
  pb::ConfigDifference& port = *diff.add_differences();
  port.set_path("sstp.port");
  port.set_before("443");
  port.set_after("8443");
  EXPECT_EQ(RenderDiff(diff), "- sstp.mtu: 1400\n- sstp.port: 443\n+ sstp.port: 8443\n");
}

TEST(RenderChange, OneLineEach) {
  pb::SessionChange change;
  change.set_kind(pb::SESSION_CHANGE_KIND_SYNCED);
  EXPECT_EQ(RenderChange(change), "synced\n");
  EXPECT_EQ(RenderChangeJson(change), "{\"change\": \"synced\"}\n");
  change.set_kind(pb::SESSION_CHANGE_KIND_REMOVED);
  change.mutable_session()->mutable_record()->set_user("ann");
  change.set_reason("bye \"x\"\n");
  change.set_cause(pb::TERMINATE_CAUSE_LOST_CARRIER);
  EXPECT_THAT(RenderChange(change), HasSubstr("removed ifname= username=ann"));
  EXPECT_THAT(RenderChange(change), HasSubstr(" cause=Lost-Carrier reason=\"bye"));
  const std::string json = RenderChangeJson(change);
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 1);
  EXPECT_THAT(json, HasSubstr("\"cause\": \"Lost-Carrier\", \"reason\": \"bye \\\"x\\\"\\n\""));
}

}  // namespace
}  // namespace sstpgw::cli
