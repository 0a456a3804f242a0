// IPCP: options of features 3.6, preferences of 3.7.
#include "gateway/fsm/ipcp.h"

#include <gtest/gtest.h>

#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;

constexpr int kAddress = 3, kDns1 = 129, kWins1 = 130, kDns2 = 131, kWins2 = 132;

class IpcpTest : public testing::Test {
 protected:
  IpcpTest() { policy_ = TraceAccept().policy; }
  void Start() {
    ipcp_ = std::make_unique<Ipcp>(settings_, std::uint8_t{0x24});
    signals_ = ipcp_->Start(policy_, 1452, out_);
    Collect();
  }
  const LayerSignals& Receive(PppCode code, int identifier, const Bytes& data = {}) {
    const Bytes bytes = ControlPacketOf(code, identifier, data);
    signals_ = ipcp_->Receive(codec::ParseControlPacket(bytes).value(), out_);
    Collect();
    return signals_;
  }
  void Collect() {
    sent_.clear();
    for (Action& action : out_.Take()) {
      if (auto* send = std::get_if<SendBytes>(&action)) {
        sent_.emplace_back(send->bytes.begin() + 8, send->bytes.end());
      }
    }
    EXPECT_TRUE(ipcp_->IsConsistent(out_));
  }
  // The answer to a peer's request, behind our own first request if that was sent now, too.
  Bytes Ask(const Bytes& options) {
    Receive(PppCode::kConfigureRequest, 7, options);
    return sent_.empty() ? Bytes{} : sent_.back();
  }
  static Bytes Packet(int code, const Bytes& data) {
    return ControlPacketOf(static_cast<PppCode>(code), 7, data);
  }

  PppSettings settings_ = TraceSettings().ppp;
  SessionPolicy policy_;
  Outbox out_;
  std::unique_ptr<Ipcp> ipcp_;
  LayerSignals signals_;
  std::vector<Bytes> sent_;
};

const Bytes kGood = AddressOption(kAddress, "10.0.0.5");

TEST_F(IpcpTest, AllowWaitsForThePeer) {
  Start();
  EXPECT_TRUE(sent_.empty());
  EXPECT_FALSE(out_.Runs(TimerId::kIpcpRestart));
  Ask(kGood);
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(sent_[0], Join({Octets({1, 0x25, 0, 10}), AddressOption(kAddress, "10.0.0.1")}));
  EXPECT_EQ(sent_[1], Packet(2, kGood));
}

TEST_F(IpcpTest, PreferAndRequireAskAtOnce) {
  for (const NcpPreference preference : {NcpPreference::kPrefer, NcpPreference::kRequire}) {
    settings_.ipv4 = preference;
    out_.StopAllExcept();
    Start();
    ASSERT_EQ(sent_.size(), 1U);
    EXPECT_EQ(sent_[0][0], 1);
  }
}

TEST_F(IpcpTest, AnyOtherAddressIsNakedWithTheAssignedOne) {
  Start();
  for (const char* asked : {"0.0.0.0", "10.0.0.6", "255.255.255.255"}) {
    EXPECT_EQ(Ask(AddressOption(kAddress, asked)), Packet(3, kGood)) << asked;
  }
}

TEST_F(IpcpTest, DnsAndWinsAreRejectedWhenNoneIsConfigured) {
  Start();
  const Bytes servers = Join({AddressOption(kDns1, "0.0.0.0"), AddressOption(kWins1, "0.0.0.0"),
                              AddressOption(kDns2, "0.0.0.0"), AddressOption(kWins2, "0.0.0.0")});
  EXPECT_EQ(Ask(Join({AddressOption(kAddress, "0.0.0.0"), servers})), Packet(4, servers));
}

TEST_F(IpcpTest, DnsAndWinsAreNakedWithOurs) {
  policy_.dns = {Ipv4Address(0x01010101), Ipv4Address(0x08080808)};
  policy_.wins = {Ipv4Address(0x0a000009)};
  Start();
  EXPECT_EQ(Ask(Join({kGood, AddressOption(kDns1, "0.0.0.0"), AddressOption(kDns2, "8.8.8.8"),
                      AddressOption(kWins1, "0.0.0.0")})),
            Packet(3, Join({AddressOption(kDns1, "1.1.1.1"), AddressOption(kWins1, "10.0.0.9")})));
  EXPECT_EQ(Ask(Join({kGood, AddressOption(kWins2, "0.0.0.0")})),
            Packet(4, AddressOption(kWins2, "0.0.0.0")));
  const Bytes all = Join({kGood, AddressOption(kDns1, "1.1.1.1"), AddressOption(kDns2, "8.8.8.8"),
                          AddressOption(kWins1, "10.0.0.9")});
  EXPECT_EQ(Ask(all), Packet(2, all));
}

TEST_F(IpcpTest, OtherOptionsAndWrongLengthsAreRejected) {
  Start();
  for (const Bytes& refused :
       {Option(1, Bytes(8)), Option(2, Octets({0, 0x2d, 15, 1})), Option(kAddress, Octets({1, 2})),
        Option(kAddress, {}), Option(kAddress, Bytes(5)), Option(kDns1, Bytes(253))}) {
    EXPECT_EQ(Ask(Join({kGood, refused})), Packet(4, refused));
  }
}

TEST_F(IpcpTest, AMissingAddressIsSuggestedOnceThenAccepted) {
  Start();
  EXPECT_EQ(Ask({}), Packet(3, kGood));
  EXPECT_EQ(Ask({}), Packet(2, {}));
}

TEST_F(IpcpTest, ANakIsNotLongerThanItsReason) {
  Start();
  Bytes many;
  for (int i = 0; i < 600; ++i) many = Join({many, AddressOption(kAddress, "1.2.3.4")});
  EXPECT_EQ(Ask(many), Packet(3, kGood));
}

TEST_F(IpcpTest, OpensWhenBothSidesHaveAcked) {
  Start();
  Ask(kGood);
  EXPECT_TRUE(Receive(PppCode::kConfigureAck, 0x25, AddressOption(kAddress, "10.0.0.1")).up);
  EXPECT_TRUE(ipcp_->opened());
}

TEST_F(IpcpTest, NakOfOurAddressIsAskedAgainRejectDropsTheOption) {
  settings_.ipv4 = NcpPreference::kPrefer;
  Start();
  Receive(PppCode::kConfigureNak, 0x25, AddressOption(kAddress, "9.9.9.9"));
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0], Join({Octets({1, 0x26, 0, 10}), AddressOption(kAddress, "10.0.0.1")}));
  Receive(PppCode::kConfigureReject, 0x26, AddressOption(kAddress, "10.0.0.1"));
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0], Octets({1, 0x27, 0, 4}));
}

TEST_F(IpcpTest, Rfc1661MaxFailureTurnsNaksIntoRejectsThenEnds) {
  Start();
  const Bytes asked = AddressOption(kAddress, "1.2.3.4");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Ask(asked), Packet(3, kGood)) << i;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Ask(asked), Packet(4, asked)) << i;
  Ask(asked);
  ASSERT_TRUE(signals_.ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserError);
}

TEST_F(IpcpTest, WhoNeverStopsAskingForRejectedOptionsIsEnded) {
  Start();
  for (int i = 0; i < 10; ++i) Ask(Join({kGood, Option(2, {})}));
  EXPECT_FALSE(signals_.ending.has_value());
  Ask(Join({kGood, Option(2, {})}));
  EXPECT_TRUE(signals_.ending.has_value());
}

TEST_F(IpcpTest, UnacceptableRequestInOpenedEnds) {
  Start();
  Ask(kGood);
  Receive(PppCode::kConfigureAck, 0x25, AddressOption(kAddress, "10.0.0.1"));
  EXPECT_EQ(Ask(kGood), Packet(2, kGood));
  EXPECT_TRUE(ipcp_->opened());
  Ask(AddressOption(kAddress, "10.0.0.77"));
  ASSERT_TRUE(signals_.ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserError);
}

TEST_F(IpcpTest, TerminateRequestInOpenedIsAckedAndEnds) {
  Start();
  Ask(kGood);
  Receive(PppCode::kConfigureAck, 0x25, AddressOption(kAddress, "10.0.0.1"));
  Receive(PppCode::kTerminateRequest, 0x33);
  ASSERT_TRUE(signals_.ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserRequest);
  EXPECT_EQ(sent_.at(0), Octets({6, 0x33, 0, 4}));
}

TEST_F(IpcpTest, ProtocolRejectByThePeerEnds) {
  Start();
  ASSERT_TRUE(ipcp_->RejectedByPeer(out_).ending.has_value());
}

TEST_F(IpcpTest, SilenceEndsAfterMaxConfigure) {
  settings_.ipv4 = NcpPreference::kRequire;
  Start();
  for (int i = 1; i < 10; ++i) {
    ASSERT_TRUE(out_.TakeExpiry(TimerId::kIpcpRestart));
    EXPECT_FALSE(ipcp_->RestartTimerExpired(out_).ending.has_value());
  }
  ASSERT_TRUE(out_.TakeExpiry(TimerId::kIpcpRestart));
  const LayerSignals signals = ipcp_->RestartTimerExpired(out_);
  ASSERT_TRUE(signals.ending.has_value());
  EXPECT_EQ(signals.ending->reason, "IPCP is required but failed");
}

TEST_F(IpcpTest, TheConfiguredTimerAndCountersRule) {
  settings_.ipv4 = NcpPreference::kRequire;
  settings_.restart_timeout = std::chrono::seconds(7);
  settings_.max_configure = 1;
  ipcp_ = std::make_unique<Ipcp>(settings_, std::uint8_t{0x24});
  static_cast<void>(ipcp_->Start(policy_, 1452, out_));
  Duration after{};
  for (const Action& action : out_.Take()) {
    if (const auto* timer = std::get_if<StartTimer>(&action)) after = timer->after;
  }
  EXPECT_EQ(after, std::chrono::seconds(7));
  ASSERT_TRUE(out_.TakeExpiry(TimerId::kIpcpRestart));
  EXPECT_TRUE(ipcp_->RestartTimerExpired(out_).ending.has_value());
}

TEST_F(IpcpTest, CodesAboveSevenAreCodeRejected) {
  Start();
  Receive(static_cast<PppCode>(9), 1, Octets({0, 0, 0, 0}));
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0][0], 7);
  EXPECT_EQ(Bytes(sent_[0].begin() + 4, sent_[0].end()), Octets({9, 1, 0, 8, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace sstpgw::fsm
