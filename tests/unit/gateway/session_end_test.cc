#include "gateway/edge/session_end.h"

namespace sstpgw::edge {
namespace {

SessionReport Down() {
  SessionReport report;
  report.kind = SessionEventKind::kDown;
  report.record.interface_name = "sstp0";
  report.record.user = "ann\x1b";
  report.record.uptime_seconds = 15 * 60 + 46;
  report.record.counters = {16'384, 210, 12, 3};
  report.cause = TerminateCause::kLostCarrier;
  report.reason = "lcp: no echo reply";
  return report;
}

TEST(SessionEnd, SaysDurationOctetsAndCause) {
  EXPECT_EQ(EndLine(Down()),
            "sstp0:ann\\x1b: session down after 00:15:46: 16384 octets from the client, 210 to it; "
            "Lost-Carrier: lcp: no echo reply");
  SessionReport long_one = Down();
  long_one.record.uptime_seconds = 123 * 3600 + 5;
  EXPECT_THAT(*EndLine(long_one), ::testing::HasSubstr(" after 123:00:05: "));
}

TEST(SessionEnd, IsSaidOfNothingElse) {
  SessionReport report = Down();
  report.record.interface_name.clear();
  EXPECT_FALSE(EndLine(report)) << "has never logged in";
  for (const auto kind :
       {SessionEventKind::kStarting, SessionEventKind::kAuthorized, SessionEventKind::kHeld,
        SessionEventKind::kUp, SessionEventKind::kChange}) {
    report = Down();
    report.kind = kind;
    EXPECT_FALSE(EndLine(report));
  }
}

}  // namespace
}  // namespace sstpgw::edge
