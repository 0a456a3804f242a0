#include "tests/client/negotiator.h"

#include <gtest/gtest.h>

namespace sstpgw::client {
namespace {

class NegotiatorTest : public testing::Test {
 protected:
  NegotiatorTest()
      : negotiator_(
            kIpcp, 3,
            {[](const PppOption& option) -> OptionJudgement {
               if (option.type == 3) return AcceptOption{};
               if (option.type == 4) return NakOption{{9}};
               return RejectOption{};
             },
             [](const PppOption& option) { return std::optional<Bytes>(option.value); },
             [this](std::uint16_t, const PppControl& packet) { sent_.push_back(packet); }}) {}

  std::vector<PppControl> sent_;
  Negotiator negotiator_;
  TimePoint now_{};
};

TEST_F(NegotiatorTest, OpensWhenBothSidesAgree) {
  negotiator_.Start({{3, {0, 0, 0, 0}}, {129, {0, 0, 0, 0}}}, now_, std::chrono::seconds(3));
  ASSERT_EQ(sent_.size(), 1u);
  negotiator_.Receive({kConfRej, sent_[0].id, EncodeOptions({{129, {0, 0, 0, 0}}})}, now_);
  negotiator_.Receive({kConfNak, sent_[1].id, EncodeOptions({{3, {10, 0, 0, 5}}})}, now_);
  ASSERT_EQ(sent_.size(), 3u);
  EXPECT_EQ(sent_[2].data, EncodeOptions({{3, {10, 0, 0, 5}}}));
  negotiator_.Receive({kConfAck, sent_[2].id, sent_[2].data}, now_);
  EXPECT_FALSE(negotiator_.opened());
  negotiator_.Receive({kConfReq, 7, EncodeOptions({{3, {10, 0, 0, 1}}})}, now_);
  EXPECT_EQ(sent_.back().code, kConfAck);
  EXPECT_TRUE(negotiator_.opened());
}

TEST_F(NegotiatorTest, RejectsBeforeItNaks) {
  negotiator_.Listen();
  negotiator_.Receive({kConfReq, 1, EncodeOptions({{3, {}}, {4, {1}}, {5, {}}})}, now_);
  EXPECT_EQ(sent_.back().code, kConfRej);
  EXPECT_EQ(sent_.back().data, EncodeOptions({{5, {}}}));
  negotiator_.Receive({kConfReq, 2, EncodeOptions({{3, {}}, {4, {1}}})}, now_);
  EXPECT_EQ(sent_.back().code, kConfNak);
  EXPECT_EQ(sent_.back().data, EncodeOptions({{4, {9}}}));
}

TEST_F(NegotiatorTest, RetransmitsTheSameRequestUntilItIsUsedUp) {
  negotiator_.Start({}, now_, std::chrono::seconds(3));
  for (int i = 0; i < 5; ++i) {
    now_ += std::chrono::seconds(3);
    negotiator_.Tick(now_);
  }
  EXPECT_EQ(sent_.size(), 3u);
  EXPECT_EQ(sent_.front().id, sent_.back().id);
  EXPECT_TRUE(negotiator_.exhausted());
}

TEST_F(NegotiatorTest, IgnoresAnswersToOlderRequests) {
  negotiator_.Start({{3, {1, 1, 1, 1}}}, now_, std::chrono::seconds(3));
  negotiator_.Receive({kConfAck, static_cast<std::uint8_t>(sent_[0].id + 1), {}}, now_);
  negotiator_.Receive({kConfReq, 1, {}}, now_);
  EXPECT_FALSE(negotiator_.opened());
}

}  // namespace
}  // namespace sstpgw::client
