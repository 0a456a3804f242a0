#include "controlplane/store/store_thread.h"

#include <atomic>
#include <future>
#include <map>

#include "tests/unit/store/store_rows.h"

namespace sstpgw::cp::store {
namespace {

// A store that works, fails or blocks as told.
class FakeStore : public Store {
 public:
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool fails = false;
    bool blocks = false;
    int calls = 0;
    std::vector<std::vector<std::string>> transactions;  // keys of each that was applied
  };
  explicit FakeStore(Shared& shared) : shared_(shared) {}

  Result<void> Apply(std::span<const ChangeList> batches) override {
    std::unique_lock lock(shared_.mutex);
    ++shared_.calls;
    shared_.changed.notify_all();
    shared_.changed.wait(lock, [this] { return !shared_.blocks; });
    if (shared_.fails) return Fail(Error{ErrorCode::kResourceExhausted, "disk full"});
    std::vector<std::string> keys;
    for (const ChangeList& batch : batches) {
      for (const Change& change : batch) keys.push_back(std::get<Put>(change).key);
    }
    shared_.transactions.push_back(std::move(keys));
    return {};
  }
  Result<void> ForEach(Table /*table*/, const Visit& /*visit*/) override { return {}; }

 private:
  Shared& shared_;
};

class StoreThreadTest : public ::testing::Test {
 protected:
  std::unique_ptr<StoreThread> Make() {
    StoreThread::Listener listener;
    listener.committed = [this](Ticket ticket) {
      const std::lock_guard lock(store.mutex);
      committed.push_back(ticket.value());
      store.changed.notify_all();
    };
    listener.stalled = [this](const Error& error) {
      const std::lock_guard lock(store.mutex);
      stalls.push_back(error.message);
      store.changed.notify_all();
    };
    return std::make_unique<StoreThread>(std::make_unique<FakeStore>(store), listener);
  }
  void Set(bool FakeStore::Shared::*what, bool value) {
    const std::lock_guard lock(store.mutex);
    store.*what = value;
    store.changed.notify_all();
  }
  template <class Predicate>
  void WaitFor(Predicate predicate) {
    std::unique_lock lock(store.mutex);
    ASSERT_TRUE(store.changed.wait_for(lock, std::chrono::seconds(30), predicate));
  }
  static void Commit(StoreThread& thread, std::uint64_t ticket) {
    thread.Commit(Ticket(ticket), PutOne(Table::kValue, std::to_string(ticket), {}));
  }

  FakeStore::Shared store;
  std::vector<std::uint64_t> committed;
  std::vector<std::string> stalls;
};

TEST_F(StoreThreadTest, WhatGathersWhileItIsBusyIsOneTransaction) {
  Set(&FakeStore::Shared::blocks, true);
  const auto thread = Make();
  Commit(*thread, 1);
  WaitFor([this] { return store.calls == 1; });
  for (std::uint64_t ticket = 2; ticket <= 50; ++ticket) Commit(*thread, ticket);
  Set(&FakeStore::Shared::blocks, false);
  EXPECT_TRUE(thread->Stop(Duration(0)));
  ASSERT_EQ(store.transactions.size(), 2U);
  EXPECT_EQ(store.transactions[0], std::vector<std::string>{"1"});
  ASSERT_EQ(store.transactions[1].size(), 49U);
  EXPECT_EQ(store.transactions[1].front(), "2");
  EXPECT_EQ(store.transactions[1].back(), "50");
  EXPECT_EQ(committed, (std::vector<std::uint64_t>{1, 50}));
}

TEST_F(StoreThreadTest, ATransactionIsBounded) {
  Set(&FakeStore::Shared::blocks, true);
  const auto thread = Make();
  Commit(*thread, 1);
  WaitFor([this] { return store.calls == 1; });
  for (std::uint64_t ticket = 2; ticket < 2 + 2 * StoreThread::kGroupChanges; ++ticket) {
    Commit(*thread, ticket);
  }
  Set(&FakeStore::Shared::blocks, false);
  EXPECT_TRUE(thread->Stop(Duration(0)));
  ASSERT_EQ(store.transactions.size(), 3U);
  EXPECT_EQ(store.transactions[1].size(), StoreThread::kGroupChanges);
}

TEST_F(StoreThreadTest, WhatCannotBeWrittenIsKeptAndWrittenLaterInOrder) {
  Set(&FakeStore::Shared::fails, true);
  const auto thread = Make();
  for (std::uint64_t ticket = 1; ticket <= 20; ++ticket) Commit(*thread, ticket);
  WaitFor([this] { return store.calls >= 3; });
  EXPECT_TRUE(committed.empty());
  Set(&FakeStore::Shared::fails, false);
  WaitFor([this] { return !committed.empty() && committed.back() == 20; });
  EXPECT_TRUE(thread->Stop(Duration(0)));
  EXPECT_EQ(stalls, std::vector<std::string>{"disk full"}) << "told once";
  std::vector<std::string> written;
  for (const auto& keys : store.transactions) {
    written.insert(written.end(), keys.begin(), keys.end());
  }
  ASSERT_EQ(written.size(), 20U);
  for (std::size_t i = 0; i < written.size(); ++i) EXPECT_EQ(written[i], std::to_string(i + 1));
}

TEST_F(StoreThreadTest, ASecondStallIsToldAgain) {
  Set(&FakeStore::Shared::fails, true);
  const auto thread = Make();
  Commit(*thread, 1);
  WaitFor([this] { return stalls.size() == 1; });
  Set(&FakeStore::Shared::fails, false);
  WaitFor([this] { return committed.size() == 1; });
  Set(&FakeStore::Shared::fails, true);
  Commit(*thread, 2);
  WaitFor([this] { return stalls.size() == 2; });
}

TEST_F(StoreThreadTest, StopDoesNotWaitForAStoreThatFails) {
  Set(&FakeStore::Shared::fails, true);
  const auto thread = Make();
  Commit(*thread, 1);
  WaitFor([this] { return stalls.size() == 1; });
  EXPECT_FALSE(thread->Stop(std::chrono::milliseconds(10)));
  EXPECT_TRUE(committed.empty());
  Commit(*thread, 2);  // dropped
  EXPECT_FALSE(thread->Stop(Duration(0)));
}

TEST_F(StoreThreadTest, StopWaitsAWhileForAStoreThatRecovers) {
  Set(&FakeStore::Shared::fails, true);
  const auto thread = Make();
  Commit(*thread, 1);
  WaitFor([this] { return store.calls == 1; });
  auto stopped =
      std::async(std::launch::async, [&] { return thread->Stop(std::chrono::seconds(60)); });
  WaitFor([this] { return store.calls >= 2; });
  Set(&FakeStore::Shared::fails, false);
  EXPECT_TRUE(stopped.get());
  EXPECT_EQ(committed, std::vector<std::uint64_t>{1});
}

TEST_F(StoreThreadTest, TheListenerMayCommit) {
  std::promise<void> done;
  StoreThread* self = nullptr;
  StoreThread::Listener listener;
  listener.committed = [&](Ticket ticket) {
    if (ticket == Ticket(5)) {
      done.set_value();
    } else {
      Commit(*self, ticket.value() + 1);
    }
  };
  StoreThread thread(std::make_unique<FakeStore>(store), listener);
  self = &thread;
  Commit(thread, 1);
  done.get_future().wait();
}

}  // namespace
}  // namespace sstpgw::cp::store
