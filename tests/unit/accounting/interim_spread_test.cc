// Thousands of sessions: their Interim-Updates are spread evenly, and no turn does them all.
#include <cmath>
#include <utility>

#include "tests/unit/accounting/accounting_bench.h"

namespace sstpgw::cp::accounting {
namespace {

using std::chrono::seconds;

class SpreadTest : public ::testing::Test, protected AccountingBench {
 protected:
  SpreadTest() {
    checks = false;
    settings.interim_interval = seconds(300);
    settings.acct_timeout = seconds(0);
  }
  // All of them at one time: after a power failure, say.
  void BringAll(std::size_t count) {
    sessions = count;
    Attach("g", "b");
    for (std::size_t i = 0; i < sessions; ++i) {
      Login("g", std::to_string(i));
      Up("g", std::to_string(i));
      AnswerAll();
    }
  }
  // Interim-Updates of each 10 s of `duration`.
  std::vector<std::size_t> Count(Duration duration) {
    std::vector<std::size_t> counts;
    for (Duration passed{}; passed < duration; passed += seconds(10)) {
      const std::uint64_t before = accounting().counters().interims;
      const TimePoint end = moment.now + seconds(10);
      for (;;) {
        const auto next = accounting().NextDeadline();
        if (!next || *next > end) break;
        Pass(std::max(*next - moment.now, Duration(0)));
        Do(&Accounting::Tick);
        AnswerAll();
      }
      Pass(end - moment.now);
      counts.push_back(accounting().counters().interims - before);
    }
    return counts;
  }
  // Each 10 s have their share, within what chance does to it (five standard deviations).
  void ExpectEven(const std::vector<std::size_t>& counts) {
    const double mean = 10.0 * static_cast<double>(sessions) /
                        static_cast<double>(settings.interim_interval.count());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(counts[i]), mean, 5 * std::sqrt(mean)) << "second " << i * 10;
    }
  }

  std::size_t sessions = 0;
};

TEST_F(SpreadTest, EvenlyFromTheFirstOnAndAfterARestart) {
  BringAll(10'000);
  static_cast<void>(Count(seconds(10)));  // none is sooner
  ExpectEven(Count(seconds(610)));
  Restart();
  std::vector<SessionRecord> carried;
  for (std::size_t i = 0; i < sessions; ++i) {
    carried.push_back(Record(std::to_string(i), SessionState::kActive));
  }
  Attach("g", "b", std::move(carried));
  ExpectEven(Count(seconds(300)));
}

// Neither the first ones nor those that follow them come in waves.
TEST_F(SpreadTest, EvenlyWithJitter) {
  for (const auto& [interval, jitter] : {std::pair{300, 60}, {60, 10}, {60, 60}}) {
    SCOPED_TRACE(interval);
    settings.interim_interval = seconds(interval);
    settings.interim_jitter = seconds(jitter);
    rows.clear();
    Restart();
    BringAll(3'000);
    static_cast<void>(Count(seconds(10)));
    ExpectEven(Count(seconds(3 * interval)));
  }
}

TEST_F(SpreadTest, OneTurnDoesABoundedPartOfWhatIsDue) {
  BringAll(10'000);
  Pass(seconds(3600));  // a turn that came an hour late
  std::uint64_t before = accounting().counters().interims;
  int turns = 0;
  while (accounting().NextDeadline() && *accounting().NextDeadline() <= moment.now) {
    Do(&Accounting::Tick);
    const std::uint64_t made = accounting().counters().interims - before;
    EXPECT_LE(made, Accounting::kDuePerTick);
    before = accounting().counters().interims;
    ASSERT_LT(++turns, 200);
  }
  EXPECT_EQ(before, sessions);
  EXPECT_LE(sent.size(), settings.spool.in_flight) << "and no more than these are with servers";
}

}  // namespace
}  // namespace sstpgw::cp::accounting
