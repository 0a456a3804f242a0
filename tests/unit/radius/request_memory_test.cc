#include "controlplane/radius/request_memory.h"

#include "controlplane/radius/log_allowance.h"

namespace sstpgw::cp::radius {
namespace {

using std::chrono::seconds;

const TimePoint kStart{std::chrono::hours(1)};

RequestKey Key(unsigned number) {
  RequestKey key;
  key.address = Ipv4Address(number);
  key.authenticator[0] = static_cast<std::uint8_t>(number);
  key.authenticator[1] = static_cast<std::uint8_t>(number >> 8);
  return key;
}

TEST(AnswerMemory, AnswersAreKeptForTheirTime) {
  AnswerMemory memory({});
  memory.Put(Key(1), {1}, kStart);
  memory.Put(Key(2), {2}, kStart + seconds(10));
  memory.Expire(kStart + seconds(30) - std::chrono::nanoseconds(1));
  ASSERT_NE(memory.Find(Key(1)), nullptr);
  EXPECT_EQ(*memory.Find(Key(1)), Bytes{1});
  memory.Expire(kStart + seconds(30));
  EXPECT_EQ(memory.Find(Key(1)), nullptr);
  EXPECT_NE(memory.Find(Key(2)), nullptr);
  memory.Expire(kStart + seconds(40));
  EXPECT_EQ(memory.size(), 0U);
  EXPECT_EQ(memory.octets(), 0U);
}

TEST(AnswerMemory, TheFirstAnswerStays) {
  AnswerMemory memory({});
  memory.Put(Key(1), {1}, kStart);
  memory.Put(Key(1), {2, 2}, kStart + seconds(20));
  EXPECT_EQ(*memory.Find(Key(1)), Bytes{1});
  EXPECT_EQ(memory.octets(), 1U);
  memory.Expire(kStart + seconds(30));
  EXPECT_EQ(memory.size(), 0U);
}

TEST(AnswerMemory, EveryPartOfTheKeyCounts) {
  AnswerMemory memory({});
  memory.Put(Key(1), {1}, kStart);
  RequestKey other = Key(1);
  other.port = 1;
  EXPECT_EQ(memory.Find(other), nullptr);
  other = Key(1);
  other.identifier = 1;
  EXPECT_EQ(memory.Find(other), nullptr);
  other = Key(1);
  other.authenticator[15] = 1;
  EXPECT_EQ(memory.Find(other), nullptr);
  other = Key(1);
  other.address = Ipv6Address();
  EXPECT_EQ(memory.Find(other), nullptr);
}

TEST(AnswerMemory, TheOldestGoFirst) {
  AnswerMemory few({seconds(30), 3, 1000});
  for (unsigned i = 0; i < 10; ++i) few.Put(Key(i), Bytes(10), kStart);
  EXPECT_EQ(few.size(), 3U);
  EXPECT_EQ(few.Find(Key(6)), nullptr);
  EXPECT_NE(few.Find(Key(7)), nullptr);
  AnswerMemory small({seconds(30), 100, 25});
  for (unsigned i = 0; i < 10; ++i) small.Put(Key(i), Bytes(10), kStart);
  EXPECT_EQ(small.size(), 2U);
  EXPECT_EQ(small.octets(), 20U);
  small.Put(Key(20), Bytes(26), kStart);  // would push out all the others and not fit itself
  EXPECT_EQ(small.size(), 2U);
}

TEST(UsedRequests, ForgottenWhenTheirTimeIsOver) {
  UsedRequests used;
  used.Put(Key(1).authenticator, kStart + seconds(20));
  used.Put(Key(2).authenticator, kStart + seconds(10));
  EXPECT_TRUE(used.Contains(Key(1).authenticator));
  EXPECT_FALSE(used.Contains(Key(3).authenticator));
  used.Expire(kStart + seconds(10));
  EXPECT_TRUE(used.Contains(Key(1).authenticator));
  EXPECT_FALSE(used.Contains(Key(2).authenticator));
  used.Put(Key(1).authenticator, kStart);  // known already
  used.Expire(kStart + seconds(19));
  EXPECT_TRUE(used.Contains(Key(1).authenticator));
  used.Expire(kStart + seconds(20));
  EXPECT_EQ(used.size(), 0U);
}

TEST(UsedRequests, HasAnEnd) {
  UsedRequests used;
  for (unsigned i = 0; i < UsedRequests::kMaxEntries + 10; ++i) {
    used.Put(Key(i).authenticator, kStart + seconds(i));
  }
  EXPECT_EQ(used.size(), UsedRequests::kMaxEntries);
  EXPECT_FALSE(used.Contains(Key(9).authenticator));
  EXPECT_TRUE(used.Contains(Key(10).authenticator));
}

TEST(LogAllowance, SoManyInATimeAndTheRestAsANumber) {
  LogAllowance<int> allowance;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(allowance.Ask(1, kStart), 0U);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(allowance.Ask(1, kStart + seconds(9)), std::nullopt);
  EXPECT_EQ(allowance.Ask(2, kStart + seconds(9)), 0U);
  EXPECT_EQ(allowance.Ask(1, kStart + seconds(10)), 7U);
  EXPECT_EQ(allowance.Ask(1, kStart + seconds(10)), 0U);
}

}  // namespace
}  // namespace sstpgw::cp::radius
