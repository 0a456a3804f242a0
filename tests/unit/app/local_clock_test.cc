#include "controlplane/edge/local_clock.h"

#include <cstdlib>

namespace sstpgw::cp {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

// Central Europe by its rule, so that no zone file is needed.
class LocalClockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* zone = std::getenv("TZ"); zone != nullptr) former_ = zone;
    ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  }
  void TearDown() override {
    if (former_.empty()) {
      ::unsetenv("TZ");
    } else {
      ::setenv("TZ", former_.c_str(), 1);
    }
    ::tzset();
  }
  static std::chrono::milliseconds At(std::chrono::seconds unix_time,
                                      std::chrono::milliseconds more = 0ms) {
    return LocalTimeOfDay(system_clock::time_point(unix_time) + more);
  }
  std::string former_;
};

TEST_F(LocalClockTest, KnowsItsZone) {
  EXPECT_EQ(At(1'772'323'200s), 1h);                 // 2026-03-01 00:00:00 UTC
  EXPECT_EQ(At(1'782'864'000s, 250ms), 2h + 250ms);  // 2026-07-01
  EXPECT_EQ(At(1'772'319'599s, 999ms), 24h - 1ms);
  EXPECT_EQ(At(1'772'319'600s), 0h);
}

TEST_F(LocalClockTest, TheHourThatSummerTimeSkips) {
  EXPECT_EQ(At(1'774'745'999s), 1h + 59min + 59s);  // 2026-03-29 00:59:59 UTC
  EXPECT_EQ(At(1'774'746'000s), 3h);
}

TEST_F(LocalClockTest, TheHourThatWinterTimeRepeats) {
  EXPECT_EQ(At(1'792'889'999s), 2h + 59min + 59s);  // 2026-10-25 00:59:59 UTC
  EXPECT_EQ(At(1'792'890'000s), 2h);
  EXPECT_EQ(At(1'792'893'600s), 3h);
}

TEST_F(LocalClockTest, AZoneThatChangesIsSeen) {
  EXPECT_EQ(At(1'772'323'200s), 1h);
  ::setenv("TZ", "XXX-5:30", 1);
  EXPECT_EQ(At(1'772'323'200s), 5h + 30min);
}

}  // namespace
}  // namespace sstpgw::cp
