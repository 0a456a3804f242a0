#include "gateway/edge/mailbox.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <thread>

namespace sstpgw::edge {
namespace {

using std::chrono::seconds;

struct Letter {
  std::size_t sender = 0;
  int number = 0;
};

TEST(Mailbox, DeliversAllFromFourThreadsInTheOrderOfEach) {
  constexpr int kLetters = 20'000;
  constexpr std::size_t kSenders = 4;
  auto loop = EventLoop::Create();
  ASSERT_TRUE(loop.has_value());
  std::array<int, kSenders> next{};
  std::size_t received = 0;
  bool in_order = true;
  const auto receiver_thread = std::this_thread::get_id();
  auto mailbox = Mailbox<std::unique_ptr<Letter>>::Create(**loop, [&](auto letter) {
    EXPECT_EQ(std::this_thread::get_id(), receiver_thread);
    in_order = in_order && letter->number == next[letter->sender]++;
    if (++received == kSenders * kLetters) (*loop)->Stop();
  });
  ASSERT_TRUE(mailbox.has_value());
  std::vector<std::thread> senders;
  for (std::size_t sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&, sender] {
      for (int i = 0; i < kLetters; ++i) {
        (*mailbox)->Post(std::make_unique<Letter>(Letter{sender, i}));
      }
    });
  }
  (*loop)->Run();
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(received, kSenders * kLetters);
}

TEST(Mailbox, PostFromTheReceiverIsDeliveredInALaterBatch) {
  auto loop = EventLoop::Create();
  ASSERT_TRUE(loop.has_value());
  Mailbox<int>* self = nullptr;
  std::vector<int> got;
  auto mailbox = Mailbox<int>::Create(**loop, [&](int number) {
    got.push_back(number);
    if (number < 3) self->Post(number + 1);
  });
  ASSERT_TRUE(mailbox.has_value());
  self = mailbox->get();
  self->Post(1);
  while (got.size() < 3) ASSERT_TRUE((*loop)->RunOnce(seconds(10)));
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3}));
}

TEST(Mailbox, DestroyedWithUndeliveredMessagesFreesThemAndLeavesTheLoop) {
  auto loop = EventLoop::Create();
  ASSERT_TRUE(loop.has_value());
  auto token = std::make_shared<int>(1);
  {
    auto mailbox = Mailbox<std::shared_ptr<int>>::Create(**loop, [](auto) { FAIL(); });
    ASSERT_TRUE(mailbox.has_value());
    (*mailbox)->Post(token);
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ((*loop)->descriptors(), 0U);
  (*loop)->RunOnce(Duration::zero());
}

}  // namespace
}  // namespace sstpgw::edge
