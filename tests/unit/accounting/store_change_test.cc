#include "controlplane/store/change.h"

namespace sstpgw::cp::store {
namespace {

TEST(Journal, BatchesHaveAscendingTicketsAndAreDurableInTheirOrder) {
  Journal journal;
  EXPECT_TRUE(journal.IsDurable(journal.latest())) << "nothing was said";
  journal.Put(Table::kValue, "a", {1});
  journal.Erase(Table::kSpool, "b");
  EXPECT_EQ(journal.current(), Ticket(1));
  EXPECT_EQ(journal.latest(), Ticket(1));
  const ChangeList first = journal.Take();
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0], Change(Put{Table::kValue, "a", {1}}));
  EXPECT_EQ(first[1], Change(Erase{Table::kSpool, "b"}));
  EXPECT_EQ(journal.latest(), Ticket(1));
  EXPECT_EQ(journal.current(), Ticket(2));
  journal.Put(Table::kValue, "c", {});
  EXPECT_EQ(journal.behind(), 3U);
  static_cast<void>(journal.Take());
  journal.Committed(Ticket(1));
  EXPECT_TRUE(journal.IsDurable(Ticket(1)));
  EXPECT_FALSE(journal.IsDurable(Ticket(2)));
  EXPECT_EQ(journal.behind(), 1U);
}

TEST(Journal, WhatWasNotHandedOutCannotBeDurable) {
  Journal journal;
  journal.Put(Table::kValue, "a", {1});
  journal.Committed(Ticket(9));
  EXPECT_FALSE(journal.IsDurable(Ticket(1)));
  static_cast<void>(journal.Take());
  journal.Committed(Ticket(9));
  EXPECT_TRUE(journal.IsDurable(Ticket(1)));
  EXPECT_FALSE(journal.IsDurable(Ticket(2)));
}

}  // namespace
}  // namespace sstpgw::cp::store
