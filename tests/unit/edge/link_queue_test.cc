#include "gateway/edge/link_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include <algorithm>

#include "tests/unit/edge/fake_kernel.h"

namespace sstpgw::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr InterfaceIndex kIndex{5};

// A kernel that takes every request, or refuses the next ones as told; all are kept as words.
class Recorder {
 public:
  Recorder() : netlink_(std::move(*Netlink::Open(kernel_))) { kernel_.acknowledges = true; }

  Result<void> Set(
      const RootQueue& queue, const LinkQueue::Guard& guard = [] { return Result<void>(); }) {
    return Record([&] { return link_.Set(netlink_, queue, guard); });
  }
  Result<void> Remove() {
    return Record([&] { return link_.Remove(netlink_); });
  }
  // errno of each request from now on, 0: taken.
  void Refuse(std::deque<int> errors) { kernel_.refusals = std::move(errors); }

  [[nodiscard]] std::vector<std::string> Told() { return std::exchange(told_, {}); }
  [[nodiscard]] const RootQueue& current() const { return link_.current(); }

 private:
  template <class Step>
  Result<void> Record(Step step) {
    kernel_.on_send = [this](ByteView message) { told_.push_back(Words(message)); };
    return step();
  }
  // "new qdisc htb", "del root".
  static std::string Words(ByteView message) {
    const std::uint8_t type = message[4];
    if (type == RTM_DELQDISC) return "del root";
    const auto* kind = reinterpret_cast<const char*>(&message[40]);
    return std::string(type == RTM_NEWTCLASS ? "class " : "qdisc ") + kind;
  }

  FakeKernel kernel_;
  Netlink netlink_;
  LinkQueue link_{kIndex};
  std::vector<std::string> told_;
};

TbfQueue Tbf(std::uint64_t rate, LeafQueue leaf = {}) {
  TbfQueue queue;
  queue.rate = BitsPerSecond(rate);
  queue.burst = queue.limit = 10'000;
  queue.leaf = std::move(leaf);
  return queue;
}

HtbQueue Htb(std::uint64_t rate, LeafQueue leaf = {}) {
  HtbQueue queue;
  queue.rate = BitsPerSecond(rate);
  queue.burst = queue.cburst = 10'000;
  queue.leaf = std::move(leaf);
  return queue;
}

TEST(LinkQueue, EachKindIsPutThereFromTheOutside) {
  Recorder link;
  EXPECT_TRUE(link.Set(Tbf(1'000'000, FqCodelQueue{})).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("qdisc tbf", "qdisc fq_codel"));
  EXPECT_TRUE(link.Set(Htb(1'000'000, SfqQueue{})).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("qdisc htb", "class htb", "qdisc sfq"));
  EXPECT_TRUE(link.Set(FqQueue{}).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("qdisc fq"));
  EXPECT_TRUE(link.Set(RootQueue{}).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("del root"));
}

TEST(LinkQueue, ALimitIsChangedByOneRequest) {
  Recorder link;
  ASSERT_TRUE(link.Set(Tbf(1'000'000, FqCodelQueue{})).has_value());
  static_cast<void>(link.Told());
  EXPECT_TRUE(link.Set(Tbf(2'000'000, FqCodelQueue{})).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("qdisc tbf"));
  EXPECT_TRUE(link.Set(Tbf(2'000'000, FqCodelQueue{})).has_value());
  EXPECT_THAT(link.Told(), IsEmpty()) << "the same";
  ASSERT_TRUE(link.Set(Htb(1'000'000)).has_value());
  static_cast<void>(link.Told());
  EXPECT_TRUE(link.Set(Htb(2'000'000)).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("class htb"));
}

TEST(LinkQueue, AFifoInsideTbfIsGivenItsOwnLimitAgain) {
  Recorder link;
  ASSERT_TRUE(link.Set(Tbf(1'000'000, FifoQueue{50})).has_value());
  static_cast<void>(link.Told());
  EXPECT_TRUE(link.Set(Tbf(2'000'000, FifoQueue{50})).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("qdisc tbf", "qdisc pfifo"));
}

TEST(LinkQueue, LeavesAreReplacedAndGoneOnlyWithTheRoot) {
  Recorder link;
  ASSERT_TRUE(link.Set(Htb(1'000'000)).has_value());
  static_cast<void>(link.Told());
  EXPECT_TRUE(link.Set(Htb(1'000'000, SfqQueue{})).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("qdisc sfq", "class htb"));
  EXPECT_TRUE(link.Set(Htb(1'000'000)).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("del root", "qdisc htb", "class htb"));
  HtbQueue other = Htb(1'000'000);
  other.r2q = 20;
  EXPECT_TRUE(link.Set(other).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("del root", "qdisc htb", "class htb"));
}

TEST(LinkQueue, AFifoOfOctetsFollowsTheRate) {
  Recorder link;
  ASSERT_TRUE(link.Set(Htb(1'000'000, ByteFifoQueue{5000})).has_value());
  static_cast<void>(link.Told());
  EXPECT_TRUE(link.Set(Htb(2'000'000, ByteFifoQueue{10'000})).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("qdisc bfifo", "class htb"));
}

TEST(LinkQueue, WhatTheKernelDoesNotHaveLeavesTheOldQueueAlone) {
  Recorder link;
  ASSERT_TRUE(link.Set(Tbf(1'000'000)).has_value());
  static_cast<void>(link.Told());
  link.Refuse({ENOENT});
  EXPECT_EQ(link.Set(FqQueue{}).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(link.Told(), ElementsAre("qdisc fq"));
  EXPECT_EQ(link.current(), RootQueue(Tbf(1'000'000)));
  link.Refuse({EINVAL});
  EXPECT_FALSE(link.Set(Tbf(2'000'000)).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("qdisc tbf"));
  EXPECT_EQ(link.current(), RootQueue(Tbf(1'000'000)));
}

TEST(LinkQueue, WhatFailsHalfwayIsUndone) {
  Recorder link;
  ASSERT_TRUE(link.Set(Tbf(1'000'000)).has_value());
  static_cast<void>(link.Told());
  link.Refuse({0, 0, ENOENT});
  EXPECT_FALSE(link.Set(Htb(1'000'000, FqCodelQueue{})).has_value());
  EXPECT_THAT(link.Told(),
              ElementsAre("qdisc htb", "class htb", "qdisc fq_codel", "del root", "qdisc tbf"));
  EXPECT_EQ(link.current(), RootQueue(Tbf(1'000'000)));
  link.Refuse({0, ENOENT, 0, EPERM});
  EXPECT_FALSE(link.Set(Htb(1'000'000)).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("qdisc htb", "class htb", "del root", "qdisc tbf"));
  EXPECT_EQ(link.current(), RootQueue()) << "not even the old one";
}

TEST(LinkQueue, ARootOfTheSameKindThatCannotBeMadeIsTheOldOneAgain) {
  Recorder link;
  ASSERT_TRUE(link.Set(Htb(1'000'000)).has_value());
  static_cast<void>(link.Told());
  HtbQueue other = Htb(1'000'000);
  other.r2q = 20;
  link.Refuse({0, EPERM});
  EXPECT_FALSE(link.Set(other).has_value());
  EXPECT_THAT(link.Told(),
              ElementsAre("del root", "qdisc htb", "del root", "qdisc htb", "class htb"));
  EXPECT_EQ(link.current(), RootQueue(Htb(1'000'000)));
}

TEST(LinkQueue, WithoutItsGuardNoRootIsMade) {
  Recorder link;
  ASSERT_TRUE(link.Set(Tbf(1'000'000)).has_value());
  static_cast<void>(link.Told());
  const auto broken = [] { return Result<void>(Fail(Error{ErrorCode::kInternal, "broken"})); };
  EXPECT_EQ(link.Set(Htb(1'000'000), broken).error().message, "broken");
  EXPECT_THAT(link.Told(), IsEmpty());
  EXPECT_EQ(link.current(), RootQueue(Tbf(1'000'000)));
  EXPECT_TRUE(link.Set(Tbf(2'000'000), broken).has_value()) << "a change needs none";
}

TEST(LinkQueue, WhatSomebodyHasRemovedIsMadeAgain) {
  Recorder link;
  ASSERT_TRUE(link.Set(Htb(1'000'000)).has_value());
  static_cast<void>(link.Told());
  link.Refuse({ENOENT, ENOENT});
  EXPECT_TRUE(link.Set(Htb(2'000'000)).has_value());
  EXPECT_THAT(link.Told(), ElementsAre("class htb", "del root", "qdisc htb", "class htb"));
}

TEST(LinkQueue, NothingToRemoveIsNoError) {
  Recorder link;
  for (const int code : {ENOENT, ENODEV}) {
    link.Refuse({code});
    EXPECT_TRUE(link.Remove().has_value()) << code;
  }
  link.Refuse({EPERM});
  EXPECT_EQ(link.Remove().error().code, ErrorCode::kPermissionDenied);
}

}  // namespace
}  // namespace sstpgw::edge
