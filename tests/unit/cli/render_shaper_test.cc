#include "controlplane/cli/render_shaper.h"

namespace sstpgw::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

pb::Session Limited() {
  pb::Session session;
  session.set_gateway_id("gw1");
  session.set_rate_limit("10000/2000");
  session.set_rate_source(pb::RATE_SOURCE_USER);
  pb::SessionRecord& record = *session.mutable_record();
  record.set_session_id("0123456789abcdef");
  record.set_interface_name("sstp0");
  record.set_user("a\nn");
  pb::RateLimit& limit = *record.mutable_policy()->mutable_rate_limit();
  limit.mutable_down()->set_rate_bits_per_second(10'000'000);
  limit.mutable_up()->set_rate_bits_per_second(2'000'000);
  limit.mutable_up()->set_burst_octets(4000);
  pb::ShaperRecord& shaper = *record.mutable_shaper();
  shaper.set_down_limiter(pb::DOWN_LIMITER_EDT);
  shaper.set_up_limiter(pb::UP_LIMITER_PACE);
  shaper.mutable_down()->set_passed_packets(11);
  shaper.mutable_up()->set_passed_packets(12);
  shaper.mutable_down()->set_dropped_packets(13);
  shaper.mutable_up()->set_dropped_packets(14);
  shaper.mutable_down()->set_marked_packets(15);
  shaper.mutable_up()->set_marked_packets(16);
  shaper.mutable_down()->set_signalled_packets(17);
  shaper.mutable_up()->set_signalled_packets(18);
  shaper.mutable_down()->set_passed_octets(19);
  session.mutable_achieved()->set_down_bits_per_second(9'876'543);
  session.mutable_achieved()->set_up_bits_per_second(1'999);
  session.mutable_achieved()->set_over_milliseconds(1001);
  return session;
}

TEST(RenderShaper, OneRowPerLimitedSession) {
  pb::Session unlimited;
  unlimited.mutable_record()->set_interface_name("sstp7");
  EXPECT_EQ(RenderShaper({Limited(), unlimited}),
            " ifname | username | rate-limit | source | limiter  | achieved | passed | dropped | "
            "marked | signalled\n"
            "--------+----------+------------+--------+----------+----------+--------+---------+-"
            "-------+-----------\n"
            " sstp0  | a\\x0an   | 10000/2000 | user   | edt/pace | 9876/1   | 11/12  | 13/14   | "
            "15/16  | 17/18\n");
}

TEST(RenderShaper, ALimiterAtWorkOrALimitOnItsWayIsEnough) {
  pb::Session session;
  session.mutable_record()->set_interface_name("sstp7");
  session.mutable_record()->mutable_shaper()->set_up_limiter(pb::UP_LIMITER_POLICE);
  EXPECT_THAT(RenderShaper({session}), HasSubstr("| -/police |"));
  session.mutable_record()->clear_shaper();
  EXPECT_THAT(RenderShaper({session}), Not(HasSubstr("sstp7")));
  session.set_rate_source(pb::RATE_SOURCE_TEMPORARY);
  session.set_wanted_rate_limit("5/1");
  EXPECT_THAT(RenderShaper({session}), HasSubstr("| temporary, 5/1 not taken yet |"));
  EXPECT_THAT(RenderShaperJson({session}), HasSubstr("\"wanted-rate-limit\": \"5/1\""));
}

TEST(RenderShaper, WhoDecided) {
  pb::Session session;
  EXPECT_EQ(RateSourceText(session), "");
  session.set_rate_source(pb::RATE_SOURCE_NONE);
  EXPECT_EQ(RateSourceText(session), "");
  session.set_rate_source(pb::RATE_SOURCE_DEFAULT);
  EXPECT_EQ(RateSourceText(session), "default");
  session.set_rate_source(pb::RATE_SOURCE_CHANGED);
  session.set_rate_time_range(3);
  EXPECT_EQ(RateSourceText(session), "changed, time range 3");
}

TEST(RenderShaper, JsonHasEverything) {
  const std::string json = RenderShaperJson({Limited()});
  for (const char* part :
       {"\"ifname\": \"sstp0\"", "\"gateway\": \"gw1\"", "\"rate-limit\": \"10000/2000\"",
        "\"source\": \"user\"", "\"time-range\": 0", "\"achieved-over-milliseconds\": 1001",
        "\"rate-bits-per-second\": 10000000", "\"limiter\": \"edt\"",
        "\"achieved-bits-per-second\": 9876543", "\"passed-octets\": 19",
        "\"signalled-packets\": 18", "\"burst-octets\": 4000"}) {
    EXPECT_THAT(json, HasSubstr(part));
  }
  pb::Session unknown = Limited();
  unknown.clear_achieved();
  EXPECT_THAT(RenderShaperJson({unknown}), Not(HasSubstr("achieved")));
  EXPECT_EQ(RenderShaperJson({}), "[]\n");
}

TEST(RenderShaperChange, CountsAndReasons) {
  pb::ChangeShaperResponse change;
  change.set_changed(2);
  change.set_refused_count(1);
  pb::ChangeShaperResponse::Failure& failure = *change.add_refused();
  failure.set_interface_name("sstp3");
  failure.set_gateway_id("gw1");
  failure.set_reason("no \"room\"");
  const std::string json = RenderShaperChangeJson(change);
  EXPECT_THAT(json, HasSubstr("\"changed\": 2"));
  EXPECT_THAT(json, HasSubstr("\"ifname\": \"sstp3\""));
  EXPECT_THAT(json, HasSubstr("\"reason\": \"no \\\"room\\\"\""));
}

}  // namespace
}  // namespace sstpgw::cli
