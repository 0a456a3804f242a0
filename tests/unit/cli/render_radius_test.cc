#include "controlplane/cli/render_radius.h"

#include <set>
#include <string>

#include "controlplane/cli/render.h"
#include "controlplane/radius/metric_names.h"

namespace sstpgw::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

void Fill(pb::RadiusTraffic& traffic, std::uint64_t sent, std::uint64_t retries,
          std::uint64_t lost) {
  traffic.set_sent(sent);
  traffic.set_retries(retries);
  traffic.set_lost(lost);
  traffic.set_lost_5m(2);
  traffic.set_lost_1m(1);
  traffic.set_average_5m_microseconds(12'345);
  traffic.set_average_1m_microseconds(999);
}

// One that works for authentication and is left alone for accounting, and a disabled one.
pb::GetRadiusResponse Radius() {
  pb::GetRadiusResponse radius;
  radius.set_enabled(true);
  radius.set_open_requests(3);
  radius.set_refused_requests(1);
  pb::RadiusServer& server = *radius.add_servers();
  server.set_number(1);
  pb::RadiusService& auth = *server.mutable_authentication();
  auth.set_address("10.0.0.1:1812");
  auth.set_state(pb::RADIUS_SERVICE_STATE_ACTIVE);
  Fill(*auth.mutable_requests(), 105, 5, 4);
  auth.set_accepts(70);
  auth.set_rejects(20);
  auth.set_challenges(3);
  auth.set_in_flight(2);
  auth.set_queue_length(6);
  auth.set_last_round_trip_microseconds(1'250);
  auth.set_smoothed_round_trip_microseconds(20'049);
  (*auth.mutable_bad_replies())["wrong authenticator"] = 3;
  (*auth.mutable_bad_replies())["malformed"] = 1;
  pb::RadiusService& acct = *server.mutable_accounting();
  acct.set_address("10.0.0.1:1813");
  acct.set_state(pb::RADIUS_SERVICE_STATE_FAILED);
  acct.set_left_alone_seconds(23);
  acct.set_fail_count(6);
  Fill(*acct.mutable_requests(), 10, 2, 3);
  Fill(*acct.mutable_interims(), 31, 1, 5);
  acct.set_accounting_responses(29);
  acct.set_moved_on(4);
  acct.set_queue_expired(1);
  acct.set_socket_errors(2);
  acct.set_last_error("10.0.0.1:1813: Connection refused");
  pb::RadiusServer& off = *radius.add_servers();
  off.set_number(2);
  off.set_disabled(true);
  off.set_backup(true);
  off.mutable_authentication()->set_address("[2001:db8::1]:1812");
  off.mutable_authentication()->set_state(pb::RADIUS_SERVICE_STATE_OFF);
  off.mutable_accounting()->set_address("[2001:db8::1]:0");
  off.mutable_accounting()->set_state(pb::RADIUS_SERVICE_STATE_OFF);
  return radius;
}

TEST(RenderRadius, ARowForEachServiceOfEachServer) {
  const std::string text = RenderRadius(Radius());
  EXPECT_THAT(text, HasSubstr("   server   |       address      |     service    |       state "));
  EXPECT_THAT(text, HasSubstr("| 10.0.0.1:1812      | authentication | up                | 100  "
                              "    | 5       | 4        | 93      | 70      | 20      | 4   | "
                              "1.3/20.0 ms | 2         | 6\n"));
  EXPECT_THAT(text, HasSubstr("| 10.0.0.1:1813      | accounting     | failed, 23 s left | 38   "
                              "    | 3       | 8        | 29      |         |         | 0   |     "
                              "        | 0         | 0\n"));
  EXPECT_THAT(text, HasSubstr(" 2 (backup) | [2001:db8::1]:1812 | authentication | disabled "));
  EXPECT_THAT(text,
              HasSubstr("server 1, authentication: dropped 1 malformed, 3 wrong authenticator\n"));
  EXPECT_THAT(text, HasSubstr("server 1, accounting: went on to the next server with 4 requests, "
                              "1 of them never sent here\n"));
  EXPECT_THAT(text, HasSubstr("server 1, accounting: 2 socket errors, the last one: "
                              "10.0.0.1:1813: Connection refused\n"));
  EXPECT_THAT(text, HasSubstr("requests open: 3, refused: 1, stray datagrams: 0\n"));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("accounting:\n")), Not(HasSubstr("dynamic-author:"))));
}

TEST(RenderRadius, ModeLocal) {
  EXPECT_EQ(RenderRadius({}), "authentication mode is local, no RADIUS server is asked\n");
}

pb::GetRadiusResponse WithTheRest() {
  pb::GetRadiusResponse radius;
  pb::RadiusAccounting& accounting = *radius.mutable_accounting();
  accounting.set_sessions(7);
  accounting.set_spool_records(3);
  accounting.set_spool_octets(2048);
  accounting.set_max_records(100);
  accounting.set_max_octets(1 << 20);
  accounting.set_oldest_seconds(3723);
  accounting.set_in_flight(1);
  accounting.set_path("/var/lib/sstpgw/accounting.db");
  accounting.set_let_in(8);
  accounting.set_turned_away(2);
  accounting.set_acknowledged(12);
  pb::RadiusDynamicAuthor& author = *radius.mutable_dynamic_author();
  author.set_listening("*:1700");
  author.set_disconnect_requests(3);
  author.set_disconnect_acks(2);
  author.set_disconnect_naks(1);
  author.set_coa_requests(4);
  author.set_coa_acks(4);
  auto& nak = *author.add_naks();
  nak.set_cause(503);
  nak.set_text("session context not found");
  nak.set_count(1);
  (*author.mutable_dropped())["message_authenticator"] = 2;
  (*author.mutable_dropped())["authenticator"] = 9;
  return radius;
}

TEST(RenderRadius, AccountingAndDynamicAuthorization) {
  pb::GetRadiusResponse radius = WithTheRest();
  std::string text = RenderRadius(radius);
  EXPECT_THAT(text, HasSubstr("accounting:\n  sessions: 7\n  spool: 3 records, 2.0 KiB (room for "
                              "100, 1.0 MiB)\n  oldest record: 01:02:03\n  in flight: 1\n"
                              "  store: writing\n  file: /var/lib/sstpgw/accounting.db\n"
                              "  logins let in/turned away: 8/2\n"));
  EXPECT_THAT(text, HasSubstr("dynamic-author:\n  listening: *:1700\n"
                              "  disconnect requests/ACK/NAK: 3/2/1\n  CoA requests/ACK/NAK: "
                              "4/4/0\n  NAK 503 (session context not found): 1\n"));
  EXPECT_THAT(text, HasSubstr("  dropped: 9 authenticator, 2 message authenticator\n"));
  radius.mutable_accounting()->set_stalled(true);
  radius.mutable_accounting()->set_near_full(true);
  radius.mutable_accounting()->clear_oldest_seconds();
  radius.mutable_dynamic_author()->clear_listening();
  text = RenderRadius(radius);
  EXPECT_THAT(text, HasSubstr("store: stalled"));
  EXPECT_THAT(text, HasSubstr(", nearly full\n"));
  EXPECT_THAT(text, Not(HasSubstr("oldest")));
  EXPECT_THAT(text, HasSubstr("  listening: no\n"));
}

TEST(RenderRadius, ForeignTextIsEscaped) {
  pb::GetRadiusResponse radius = Radius();
  radius.mutable_servers(0)->mutable_accounting()->set_last_error("a\x1b[2J");
  EXPECT_THAT(RenderRadius(radius), Not(HasSubstr("\x1b")));
}

TEST(RenderRadiusJson, FiguresHaveTheNamesOfMetrics) {
  pb::GetRadiusResponse radius = Radius();
  std::string text = RenderRadiusJson(radius);
  EXPECT_THAT(text, HasSubstr("\"address\": \"10.0.0.1:1812\",\n          \"state\": \"up\""));
  EXPECT_THAT(text, HasSubstr("\"sstp_radius_requests_total\": 100"));
  EXPECT_THAT(text, HasSubstr("\"sstp_radius_retransmissions_total\": 5"));
  EXPECT_THAT(text, HasSubstr("\"sstp_radius_round_trip_seconds\": 0.020049"));
  EXPECT_THAT(text, HasSubstr("\"sstp_radius_bad_replies_total\": {\n            \"malformed\": 1,"
                              "\n            \"wrong authenticator\": 3\n"));
  EXPECT_THAT(text, HasSubstr("\"state\": \"failed\""));
  EXPECT_THAT(text, HasSubstr("\"sstp_radius_server_left_alone_seconds\": 23"));
  EXPECT_THAT(text, Not(HasSubstr("dynamic")));
  text = RenderRadiusJson(WithTheRest());
  EXPECT_THAT(text, HasSubstr("\"enabled\": false,\n  \"servers\": [],"));
  EXPECT_THAT(text, HasSubstr("\"sstp_radius_accounting_spool_oldest_seconds\": 3723"));
  EXPECT_THAT(text, HasSubstr("\"sstp_radius_dynamic_naks_total\": {\n      \"503\": 1\n"));
}

TEST(RenderRadiusJson, EveryMetricIsThereAndEachHasAName) {
  pb::GetRadiusResponse radius = Radius();
  radius.MergeFrom(WithTheRest());
  const std::string text = RenderRadiusJson(radius);
  std::set<std::string> names;
  for (const cp::radius::Metric& metric : cp::radius::metric::kAll) {
    const std::string name = metric.name;
    EXPECT_THAT(text, HasSubstr("\"" + name + "\":"));
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_THAT(name, MatchesRegex("sstp_radius_[a-z_]+"));
    const bool counter = metric.kind == cp::radius::Metric::Kind::kCounter;
    EXPECT_EQ(counter, name.size() > 6 && name.substr(name.size() - 6) == "_total") << name;
    EXPECT_NE(std::string(metric.help), "") << name;
  }
  // And nothing that is not one of them.
  std::size_t found = 0;
  for (auto at = text.find("\"sstp_"); at != std::string::npos; at = text.find("\"sstp_", at + 1)) {
    const std::string name = text.substr(at + 1, text.find('"', at + 1) - at - 1);
    EXPECT_EQ(names.count(name), 1U) << name;
    ++found;
  }
  EXPECT_GT(found, names.size());
}

TEST(RenderStatistics, TheServersAsThePageHasThem) {
  pb::GetStatisticsResponse statistics;
  *statistics.mutable_radius_servers() = Radius().servers();
  const std::string text = RenderStatistics(statistics);
  EXPECT_THAT(text, HasSubstr(R"(sstp:
  starting: 0
  active: 0
radius(1, 10.0.0.1):
  state: failed
  fail count: 6
  request count: 2
  queue length: 6
  auth sent: 105
  auth lost(total/5m/1m): 4/2/1
  auth avg query time(5m/1m): 12/0 ms
  acct sent: 10
  acct lost(total/5m/1m): 3/2/1
  acct avg query time(5m/1m): 12/0 ms
  interim sent: 31
  interim lost(total/5m/1m): 5/2/1
  interim avg query time(5m/1m): 12/0 ms
radius(2, 2001:db8::1):
  state: active
  fail count: 0
  request count: 0
  queue length: 0
)"));
  EXPECT_THAT(RenderStatisticsJson(statistics),
              HasSubstr("\"auth_state\": \"up\",\n      \"acct_state\": \"failed\""));
  EXPECT_THAT(RenderStatistics({}), Not(HasSubstr("radius")));
}

}  // namespace
}  // namespace sstpgw::cli
