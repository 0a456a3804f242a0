// What every control protocol has in common (RFC 1661 4 and 5, features 3.1), with a policy that
// accepts option 1, naks option 2 and rejects the rest.
#include "gateway/fsm/control_protocol.h"

#include <gtest/gtest.h>

#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;
using std::chrono::seconds;

class FakePolicy final : public OptionPolicy {
 public:
  Bytes BuildRequest() override { return request; }
  Judgement Judge(const OptionList& options) override {
    Judgement judgement;
    for (const codec::ConfigOption& option : options) {
      if (option.type == 2) codec::AppendOption(judgement.nak, 2, Octets({0x99}));
      if (option.type > 2) {
        judgement.reject.insert(judgement.reject.end(), option.raw.begin(), option.raw.end());
      }
    }
    judgement.insist = insist && !judgement.nak.empty();
    return judgement;
  }
  void PeerRequestAcknowledged() override { ++acknowledged; }
  ReplyEffect OnNak(const OptionList& options) override {
    ++naks;
    return {.usable = !options.empty(), .ending = std::nullopt};
  }
  ReplyEffect OnReject(const OptionList& options) override { return OnNak(options); }

  Bytes request = Octets({1, 3, 7});
  bool insist = false;
  int acknowledged = 0;
  int naks = 0;
};

class ControlProtocolTest : public testing::Test {
 protected:
  ControlProtocolTest()
      : protocol_({.protocol = codec::PppProtocol::kIpcp,
                   .restart_timer = TimerId::kIpcpRestart,
                   .restart_timeout = seconds(3),
                   .max_configure = 10,
                   .max_terminate = 2,
                   .max_failure = 3},
                  policy_, 0xff) {}

  LayerSignals Receive(PppCode code, int identifier, const Bytes& data = {}) {
    const Bytes bytes = ControlPacketOf(code, identifier, data);
    LayerSignals signals = protocol_.Receive(codec::ParseControlPacket(bytes).value(), out_);
    Collect();
    return signals;
  }
  void Collect() {
    sent_.clear();
    for (Action& action : out_.Take()) {
      if (auto* send = std::get_if<SendBytes>(&action)) {
        sent_.emplace_back(send->bytes.begin() + 8, send->bytes.end());
      }
    }
    EXPECT_TRUE(protocol_.IsConsistent(out_));
  }
  void Open() {
    protocol_.OpenActively(out_);
    Collect();
  }
  void Expire() {
    ASSERT_TRUE(out_.TakeExpiry(TimerId::kIpcpRestart));
    protocol_.RestartTimerExpired(out_);
    Collect();
  }

  FakePolicy policy_;
  ControlProtocol protocol_;
  Outbox out_;
  std::vector<Bytes> sent_;
};

const Bytes kGoodOption = Octets({1, 2});
const Bytes kNakOption = Octets({2, 3, 5});
const Bytes kOddOption = Octets({9, 2});

TEST_F(ControlProtocolTest, TheFirstIdentifierFollowsTheRandomOne) {
  Open();
  EXPECT_EQ(sent_, std::vector<Bytes>{Octets({1, 0, 0, 7, 1, 3, 7})});
}

TEST_F(ControlProtocolTest, Section5_1UnchangedRetransmissionKeepsTheIdentifier) {
  Open();
  Expire();
  EXPECT_EQ(sent_.at(0)[1], 0);
  policy_.request = Octets({1, 3, 8});
  Expire();
  EXPECT_EQ(sent_.at(0)[1], 1);
}

TEST_F(ControlProtocolTest, Section5_1IdentifierChangesAfterAValidReply) {
  Open();
  Receive(PppCode::kConfigureNak, 0, kGoodOption);
  EXPECT_EQ(sent_.at(0)[1], 1);
  Receive(PppCode::kConfigureAck, 1, Octets({1, 3, 7}));
  EXPECT_EQ(protocol_.state(), PppState::kAckRcvd);
  Expire();  // back to Req-Sent, asking again
  EXPECT_EQ(sent_.at(0)[1], 2);
}

TEST_F(ControlProtocolTest, AReplyThatNamesNothingOfOursIsDropped) {
  Open();
  Receive(PppCode::kConfigureReject, 0);
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(policy_.naks, 1);
}

TEST_F(ControlProtocolTest, AckHoldsTheIdenticalOptions) {
  Open();
  Receive(PppCode::kConfigureRequest, 0x31, kGoodOption);
  EXPECT_EQ(sent_, std::vector<Bytes>{Octets({2, 0x31, 0, 6, 1, 2})});
  EXPECT_EQ(policy_.acknowledged, 1);
}

TEST_F(ControlProtocolTest, RejectBeforeNakAndOnlyWhatIsMeant) {
  Open();
  Receive(PppCode::kConfigureRequest, 5, Join({kGoodOption, kNakOption, kOddOption}));
  EXPECT_EQ(sent_, std::vector<Bytes>{Octets({4, 5, 0, 6, 9, 2})});
  Receive(PppCode::kConfigureRequest, 6, Join({kGoodOption, kNakOption}));
  EXPECT_EQ(sent_, std::vector<Bytes>{Octets({3, 6, 0, 7, 2, 3, 0x99})});
  EXPECT_EQ(policy_.acknowledged, 0);
}

TEST_F(ControlProtocolTest, Section4_6MaxFailureTurnsNaksIntoRejects) {
  Open();
  for (int i = 0; i < 3; ++i) {
    Receive(PppCode::kConfigureRequest, i, kNakOption);
    EXPECT_EQ(sent_.at(0)[0], 3);
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(Receive(PppCode::kConfigureRequest, i, kNakOption).ending.has_value());
    EXPECT_EQ(sent_, std::vector<Bytes>{Join({Octets({4, i, 0, 7}), kNakOption})});
  }
  EXPECT_TRUE(Receive(PppCode::kConfigureRequest, 9, kNakOption).ending.has_value());
}

TEST_F(ControlProtocolTest, AnAckBeginsTheFailureCountAnew) {
  Open();
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(Receive(PppCode::kConfigureRequest, i, kOddOption).ending.has_value());
    }
    Receive(PppCode::kConfigureRequest, 9, kGoodOption);
  }
  EXPECT_EQ(policy_.acknowledged, 5);
}

TEST_F(ControlProtocolTest, AnInsistingNakNeverTurnsIntoAReject) {
  policy_.insist = true;
  Open();
  for (int i = 0; i < 3; ++i) Receive(PppCode::kConfigureRequest, i, kNakOption);
  EXPECT_TRUE(Receive(PppCode::kConfigureRequest, 3, kNakOption).ending.has_value());
}

TEST_F(ControlProtocolTest, PacketsBeforeTheLayerIsUpAreIgnored) {
  Receive(PppCode::kConfigureRequest, 1, kGoodOption);
  Receive(PppCode::kTerminateRequest, 1);
  EXPECT_TRUE(sent_.empty());
}

TEST_F(ControlProtocolTest, TerminateRequestIsAckedInEveryState) {
  protocol_.OpenPassively();
  Receive(PppCode::kTerminateRequest, 0x21, Octets({'x'}));
  EXPECT_EQ(sent_, std::vector<Bytes>{Octets({6, 0x21, 0, 4})});
}

TEST_F(ControlProtocolTest, RequestWhileClosingIsNotAnswered) {
  Open();
  protocol_.Close(out_);
  Collect();
  EXPECT_EQ(protocol_.state(), PppState::kClosing);
  Receive(PppCode::kConfigureRequest, 1, kGoodOption);
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(policy_.acknowledged, 0);
}

TEST_F(ControlProtocolTest, EmptyCodeRejectIsMalformed) {
  Open();
  EXPECT_FALSE(Receive(PppCode::kCodeReject, 1).ending.has_value());
  EXPECT_EQ(protocol_.state(), PppState::kReqSent);
}

}  // namespace
}  // namespace sstpgw::fsm
