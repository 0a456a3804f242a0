#include "controlplane/accounting/session_ids.h"

#include <set>

namespace sstpgw::cp::accounting {
namespace {

constexpr std::int64_t kNow = 0x67406811;

// The value of the row in the newest batch; the batch is taken.
std::optional<Bytes> TakeRow(store::Journal& journal) {
  std::optional<Bytes> row;
  if (journal.empty()) return row;
  for (const store::Change& change : journal.Take()) {
    row = std::get<store::Put>(change).value;
  }
  return row;
}

TEST(SessionIds, SixteenHexDigitsThatGrowFromTheClock) {
  store::Journal journal;
  SessionIds ids(std::nullopt, kNow, journal);
  static_cast<void>(TakeRow(journal));
  journal.Committed(store::Ticket(1));
  EXPECT_EQ(*ids.Next(), "0006740681100000");
  EXPECT_EQ(*ids.Next(), "0006740681100001");
}

TEST(SessionIds, NoneBeforeTheBlockIsDurable) {
  store::Journal journal;
  SessionIds ids(std::nullopt, kNow, journal);
  const auto early = ids.Next();
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::kUnavailable);
  static_cast<void>(TakeRow(journal));
  EXPECT_FALSE(ids.Next()) << "handed out is not yet durable";
  journal.Committed(store::Ticket(1));
  EXPECT_TRUE(ids.Next());
}

TEST(SessionIds, EndsWhenTheStoreDoesNotFollow) {
  store::Journal journal;
  SessionIds ids(std::nullopt, kNow, journal);
  static_cast<void>(TakeRow(journal));
  journal.Committed(store::Ticket(1));
  for (std::uint64_t i = 0; i < SessionIds::kBlock; ++i) ASSERT_TRUE(ids.Next()) << i;
  EXPECT_FALSE(ids.Next());
  ASSERT_TRUE(TakeRow(journal).has_value()) << "the next block was asked for in time";
  journal.Committed(store::Ticket(2));
  EXPECT_TRUE(ids.Next());
}

// However often it is killed, and whatever of the last batch was written.
TEST(SessionIds, NeverRepeatsAcrossRestarts) {
  std::set<std::string> given;
  std::optional<Bytes> row;
  for (int run = 0; run < 50; ++run) {
    store::Journal journal;
    SessionIds ids(row, kNow, journal);
    std::uint64_t ticket = 0;
    const int wanted = run * 37 % 1500;
    for (int i = 0; i < wanted; ++i) {
      if (auto written = TakeRow(journal)) {
        row = written;
        // At the end of some runs it was written, but nobody was told.
        if (i > 0 && run % 3 == 0 && i > wanted - 300) break;
        journal.Committed(store::Ticket(++ticket));
      }
      const auto id = ids.Next();
      ASSERT_TRUE(id);
      EXPECT_EQ(id->size(), 16U);
      EXPECT_TRUE(given.insert(*id).second) << *id;
    }
  }
  EXPECT_GT(given.size(), 20000U);
}

TEST(SessionIds, AnUnreadableRowIsNoReasonToRepeat) {
  store::Journal journal;
  SessionIds ids(Bytes{1, 2, 3}, kNow, journal);
  static_cast<void>(TakeRow(journal));
  journal.Committed(store::Ticket(1));
  EXPECT_EQ(*ids.Next(), "0006740681100000");
}

}  // namespace
}  // namespace sstpgw::cp::accounting
