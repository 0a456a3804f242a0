#include "controlplane/shaper/rate_choice.h"

namespace sstpgw::cp {
namespace {

RateLimit Limit(std::uint64_t down, std::uint64_t up) {
  return {{BitsPerSecond{down}, {}}, {BitsPerSecond{up}, {}}};
}

RateTable Table(std::initializer_list<std::pair<std::uint32_t, RateLimit>> limits) {
  RateTable table;
  for (const auto& [id, limit] : limits) table.Set({id, limit.down, limit.up});
  return table;
}

class RateChoiceTest : public ::testing::Test {
 protected:
  [[nodiscard]] RateChoice At(std::uint32_t active) const { return ChooseRate(offers_, active); }

  SessionRates session_;
  const RateTable user_ = Table({{0, Limit(3, 3)}});
  const RateTable fallback_ = Table({{0, Limit(4, 4)}, {7, Limit(5, 5)}});
  RateOffers offers_{&session_, std::nullopt, &user_, &fallback_};
};

TEST_F(RateChoiceTest, NobodySaidAnything) {
  offers_ = {};
  EXPECT_EQ(At(0), RateChoice{});
  EXPECT_EQ(At(7), RateChoice{});
}

TEST_F(RateChoiceTest, EachSourceBeforeTheNext) {
  offers_.user = nullptr;
  EXPECT_EQ(At(0), (RateChoice{Limit(4, 4), RateSource::kDefault, 0}));
  offers_.user = &user_;
  EXPECT_EQ(At(0), (RateChoice{Limit(3, 3), RateSource::kUser, 0}));
  session_.own = Table({{0, Limit(2, 2)}});
  EXPECT_EQ(At(0), (RateChoice{Limit(2, 2), RateSource::kChanged, 0}));
  offers_.temporary_of_all = Limit(8, 8);
  EXPECT_EQ(At(0), (RateChoice{Limit(8, 8), RateSource::kTemporary, 0}));
  session_.temporary = Limit(1, 1);
  EXPECT_EQ(At(0), (RateChoice{Limit(1, 1), RateSource::kTemporary, 0}));
}

TEST_F(RateChoiceTest, NoLimitIsAnAnswer) {
  session_.own = Table({{0, Limit(0, 0)}});
  EXPECT_EQ(At(0), (RateChoice{RateLimit{}, RateSource::kChanged, 0}));
  session_.temporary = RateLimit{};
  EXPECT_EQ(At(0), (RateChoice{RateLimit{}, RateSource::kTemporary, 0}));
}

TEST_F(RateChoiceTest, ActiveRangeOrAllTimes) {
  offers_.user = nullptr;
  EXPECT_EQ(At(7), (RateChoice{Limit(5, 5), RateSource::kDefault, 7}));
  EXPECT_EQ(At(8), (RateChoice{Limit(4, 4), RateSource::kDefault, 0}));
  session_.own = Table({{7, Limit(9, 0)}});
  EXPECT_EQ(At(7), (RateChoice{Limit(9, 0), RateSource::kChanged, 7}));
  // Its turn is over: the next source decides.
  EXPECT_EQ(At(0), (RateChoice{Limit(4, 4), RateSource::kDefault, 0}));
}

TEST_F(RateChoiceTest, ATemporaryLimitKnowsNoTime) {
  session_.temporary = Limit(1, 1);
  EXPECT_EQ(At(7), (RateChoice{Limit(1, 1), RateSource::kTemporary, 0}));
}

TEST_F(RateChoiceTest, AnExemptSessionHasItsOwnTemporaryLimitOnly) {
  offers_.temporary_of_all = Limit(8, 8);
  session_.exempt = true;
  EXPECT_EQ(At(0), (RateChoice{Limit(3, 3), RateSource::kUser, 0}));
  session_.temporary = Limit(1, 1);
  EXPECT_EQ(At(0), (RateChoice{Limit(1, 1), RateSource::kTemporary, 0}));
}

TEST(RateSource, EveryOneHasItsName) {
  EXPECT_STREQ(ToString(RateSource::kNone), "none");
  EXPECT_STREQ(ToString(RateSource::kDefault), "default");
  EXPECT_STREQ(ToString(RateSource::kUser), "user");
  EXPECT_STREQ(ToString(RateSource::kChanged), "changed");
  EXPECT_STREQ(ToString(RateSource::kTemporary), "temporary");
}

}  // namespace
}  // namespace sstpgw::cp
