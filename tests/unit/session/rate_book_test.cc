#include "controlplane/session/rate_book.h"

#include "controlplane/shaper/operator_rate.h"

namespace sstpgw::cp {
namespace {

using namespace std::chrono_literals;

class RateBookTest : public ::testing::Test {
 protected:
  static RateReading Rate(const std::string& text) { return ReadOperatorRate(text).value(); }
  static RateLimit Limit(const std::string& text) {
    const RateReading rate = Rate(text);
    return {*rate.down, *rate.up};
  }
  // "10/5 user", "10/5 user 3": during time range 3.
  std::string Chosen(const std::string& user = "ann", const std::string& session = "s") {
    const RateChoice choice = book_.Choose({"g", session}, user);
    return ToKilobits(choice.limit) + " " + ToString(choice.source) +
           (choice.time_range == 0 ? "" : " " + std::to_string(choice.time_range));
  }

  const SessionKey key_{"g", "s"};
  RateBook book_;
};

TEST_F(RateBookTest, UsersBeforeTheDefault) {
  RateSettings settings;
  settings.fallback.Set(Rate("9/8"));
  settings.users["ann"].Set(Rate("3/2"));
  book_.Configure(settings);
  EXPECT_EQ(Chosen("ann"), "3/2 user");
  EXPECT_EQ(Chosen("bob"), "9/8 default");
}

TEST_F(RateBookTest, AChangeForAllTimesReplacesThoseOfTimeRanges) {
  RateSettings settings;
  settings.time_ranges = {ReadTimeRange("5,08:00-18:00").value()};
  book_.Configure(settings);
  EXPECT_TRUE(book_.SetTime(9h));
  EXPECT_FALSE(book_.SetTime(10h));
  book_.Change(key_, Rate("5,1/1"));
  EXPECT_EQ(Chosen(), "1/1 changed 5");
  book_.Change(key_, Rate("2/2"));
  EXPECT_EQ(Chosen(), "2/2 changed");
  book_.Change(key_, Rate("5,3/3"));
  EXPECT_EQ(Chosen(), "3/3 changed 5");
  EXPECT_TRUE(book_.SetTime(18h));
  EXPECT_EQ(Chosen(), "2/2 changed");
}

TEST_F(RateBookTest, RestoreLeavesTheOwnLimit) {
  book_.Change(key_, Rate("2/2"));
  book_.ChangeTemporarily(key_, Limit("1/1"));
  EXPECT_EQ(Chosen(), "1/1 temporary");
  book_.Restore(key_);
  EXPECT_EQ(Chosen(), "2/2 changed");
}

TEST_F(RateBookTest, AllIsForNewSessionsAndOverridesEarlierOnes) {
  book_.ChangeTemporarily(key_, Limit("1/1"));
  book_.ChangeAllTemporarily(Limit("4/4"));
  EXPECT_EQ(Chosen(), "4/4 temporary");
  EXPECT_EQ(Chosen("ann", "never seen"), "4/4 temporary");
  book_.Restore(key_);
  EXPECT_EQ(Chosen(), " none");
  book_.RestoreAll();
  EXPECT_EQ(Chosen("ann", "never seen"), " none");
  EXPECT_EQ(book_.size(), 0U);
}

TEST_F(RateBookTest, PutBackIsWhatItWas) {
  book_.Change(key_, Rate("2/2"));
  const SessionRates before = book_.Of(key_);
  book_.ChangeTemporarily(key_, Limit("1/1"));
  book_.PutBack(key_, before);
  EXPECT_EQ(Chosen(), "2/2 changed");
  book_.PutBack(key_, {});
  EXPECT_EQ(book_.size(), 0U);
  book_.Change(key_, Rate("2/2"));
  book_.Forget(key_);
  EXPECT_EQ(Chosen(), " none");
}

}  // namespace
}  // namespace sstpgw::cp
