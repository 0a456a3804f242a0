// IPv6CP: the Interface-Identifier (RFC 5072 4.1; features 3.8), preferences of 3.7, checklist D1
// to D3 and D11 to D17.
#include "gateway/fsm/ipv6cp.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;

constexpr InterfaceId kOurs{0, 0, 0, 0, 0, 0, 0, 1};
constexpr InterfaceId kPeers{0, 0, 0, 0, 0, 0, 0, 2};
constexpr InterfaceId kOther{2, 0x11, 0x22, 0xff, 0xfe, 3, 4, 5};

Bytes IdOption(const InterfaceId& id) { return Option(1, Bytes(id.begin(), id.end())); }
const Bytes kGood = IdOption(kPeers);

class Ipv6cpTest : public testing::Test {
 protected:
  Ipv6cpTest() {
    policy_ = TraceAccept().policy;
    settings_.ipv6 = NcpPreference::kAllow;
  }
  void Start() {
    out_.StopAllExcept();
    ipv6cp_ = std::make_unique<Ipv6cp>(settings_, std::uint8_t{0x24});
    signals_ = ipv6cp_->Start(policy_, "192.0.2.9", 1452, entropy_, out_);
    Collect();
  }
  void StartAs(NcpPreference preference) {
    settings_.ipv6 = preference;
    Start();
  }
  const LayerSignals& Receive(PppCode code, int identifier, const Bytes& data = {}) {
    const Bytes bytes = ControlPacketOf(code, identifier, data);
    signals_ = ipv6cp_->Receive(codec::ParseControlPacket(bytes).value(), out_);
    Collect();
    return signals_;
  }
  const LayerSignals& Expire() {
    EXPECT_TRUE(out_.TakeExpiry(TimerId::kIpv6cpRestart));
    signals_ = ipv6cp_->RestartTimerExpired(out_);
    Collect();
    return signals_;
  }
  const LayerSignals& Take(LayerSignals signals) {
    signals_ = std::move(signals);
    Collect();
    return signals_;
  }
  void Collect() {
    sent_.clear();
    for (Action& action : out_.Take()) {
      if (auto* send = std::get_if<SendBytes>(&action)) {
        EXPECT_EQ(Bytes(send->bytes.begin() + 6, send->bytes.begin() + 8), Octets({0x80, 0x57}));
        sent_.emplace_back(send->bytes.begin() + 8, send->bytes.end());
        if (sent_.back()[0] == 1) last_request_ = sent_.back();
      } else if (auto* count = std::get_if<CountEvent>(&action)) {
        counted_.push_back(count->counter);
      } else if (auto* log = std::get_if<WriteLog>(&action)) {
        log_.push_back(log->text);
      }
    }
    EXPECT_TRUE(ipv6cp_->IsConsistent(out_));
  }
  // The answer to a peer's request, behind our own first request if that was sent now, too.
  Bytes Ask(const Bytes& options) {
    Receive(PppCode::kConfigureRequest, 7, options);
    return sent_.empty() ? Bytes{} : sent_.back();
  }
  // Acknowledges our request sent last.
  const LayerSignals& Ack() {
    const Bytes request = last_request_;
    return Receive(PppCode::kConfigureAck, request.at(1),
                   Bytes(request.begin() + 4, request.end()));
  }
  void Open(const Bytes& options = kGood) {
    Ask(options);
    EXPECT_TRUE(Ack().up);
    EXPECT_TRUE(ipv6cp_->opened());
  }
  static Bytes Packet(int code, const Bytes& data) {
    return ControlPacketOf(static_cast<PppCode>(code), 7, data);
  }
  [[nodiscard]] bool Counted(Counter counter) const {
    return std::find(counted_.begin(), counted_.end(), counter) != counted_.end();
  }
  // Losing a layer that is not required.
  void ExpectGivenUp() const {
    EXPECT_FALSE(signals_.ending.has_value());
    EXPECT_TRUE(signals_.finished);
    EXPECT_FALSE(ipv6cp_->opened());
  }
  void ExpectRequiredEnding() const {
    ASSERT_TRUE(signals_.ending.has_value());
    EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserError);
    EXPECT_EQ(signals_.ending->counter, Counter::kIpv6cpFailed);
    EXPECT_EQ(signals_.ending->reason.rfind("IPv6CP is required but failed", 0), 0U);
  }

  PppSettings settings_ = TraceSettings().ppp;
  SessionPolicy policy_;
  ScriptedEntropy entropy_;
  Outbox out_;
  std::unique_ptr<Ipv6cp> ipv6cp_;
  LayerSignals signals_;
  Bytes last_request_;
  std::vector<Bytes> sent_;
  std::vector<Counter> counted_;
  std::vector<std::string> log_;
};

// ---- Preferences

TEST_F(Ipv6cpTest, D3AllowWaitsForThePeer) {
  Start();
  EXPECT_TRUE(sent_.empty());
  EXPECT_FALSE(out_.Runs(TimerId::kIpv6cpRestart));
  Ask(kGood);
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(sent_[0], Join({Octets({1, 0x25, 0, 14}), IdOption(kOurs)}));
  EXPECT_EQ(sent_[1], Packet(2, kGood));
}

TEST_F(Ipv6cpTest, D1D2PreferAndRequireAskAtOnce) {
  for (const NcpPreference preference : {NcpPreference::kPrefer, NcpPreference::kRequire}) {
    StartAs(preference);
    ASSERT_EQ(sent_.size(), 1U);
    EXPECT_EQ(sent_[0], Join({Octets({1, 0x25, 0, 14}), IdOption(kOurs)}));
  }
}

TEST_F(Ipv6cpTest, BeforeStartNothingIsAnswered) {
  ipv6cp_ = std::make_unique<Ipv6cp>(settings_, std::uint8_t{0x24});
  EXPECT_TRUE(Ask(kGood).empty());
}

// ---- The peer's identifier

TEST_F(Ipv6cpTest, D15AnyOtherIdentifierIsNakedWithTheAssignedOne) {
  Start();
  for (const InterfaceId& asked : {InterfaceId{}, kOurs, kOther}) {
    EXPECT_EQ(Ask(IdOption(asked)), Packet(3, kGood));
  }
  EXPECT_EQ(Ask(kGood), Packet(2, kGood));
}

TEST_F(Ipv6cpTest, D11AcceptedAreAllButZeroAndOurs) {
  settings_.accept_peer_interface_id = true;
  Start();
  EXPECT_EQ(Ask(IdOption({})), Packet(3, kGood));
  EXPECT_EQ(Ask(IdOption(kOurs)), Packet(3, kGood));
  EXPECT_EQ(Ask(IdOption(kOther)), Packet(2, IdOption(kOther)));
  EXPECT_EQ(ipv6cp_->peer_id(), kOther);
}

TEST_F(Ipv6cpTest, D11TheLastOneAcknowledgedCounts) {
  settings_.accept_peer_interface_id = true;
  Start();
  Ask(IdOption(kOther));
  Open(kGood);
  EXPECT_EQ(ipv6cp_->peer_id(), kPeers);
}

TEST_F(Ipv6cpTest, D11InUseItStaysWhatItIs) {
  settings_.accept_peer_interface_id = true;
  Start();
  Open(IdOption(kOther));
  EXPECT_EQ(Ask(IdOption(kOther)), Packet(2, IdOption(kOther)));
  EXPECT_TRUE(ipv6cp_->opened());
  Ask(kGood);
  ExpectGivenUp();
  EXPECT_TRUE(signals_.down);
  EXPECT_EQ(ipv6cp_->peer_id(), kOther);
}

TEST_F(Ipv6cpTest, FramedInterfaceIdIsAssigned) {
  policy_.network.framed_interface_id = kOther;
  Start();
  EXPECT_EQ(Ask(kGood), Packet(3, IdOption(kOther)));
  EXPECT_EQ(ipv6cp_->peer_id(), kOther);
}

TEST_F(Ipv6cpTest, D12D16IdentifiersAreChosenAsConfigured) {
  settings_.interface_id.kind = InterfaceIdChoice::Kind::kRandom;
  settings_.peer_interface_id.kind = InterfaceIdChoice::Kind::kIpv4Address;
  Start();
  EXPECT_EQ(Ask(kGood), Packet(3, IdOption({0, 0x10, 0, 0, 0, 0, 0, 5})));
  EXPECT_EQ(sent_[0], Join({Octets({1, 0x25, 0, 14}), IdOption({1, 2, 3, 4, 5, 6, 7, 8})}));
}

TEST_F(Ipv6cpTest, OtherOptionsAndWrongLengthsAreRejected) {
  Start();
  for (const Bytes& refused : {Option(2, Octets({0, 0x61})), Option(1, Bytes(7)), Option(1, {}),
                               Option(1, Bytes(9)), Option(200, Bytes(250))}) {
    EXPECT_EQ(Ask(Join({kGood, refused})), Packet(4, refused));
  }
}

TEST_F(Ipv6cpTest, ASecondIdentifierIsRejected) {
  settings_.accept_peer_interface_id = true;
  Start();
  EXPECT_EQ(Ask(Join({kGood, IdOption(kOther)})), Packet(4, IdOption(kOther)));
}

TEST_F(Ipv6cpTest, AMissingIdentifierIsSuggestedOnceThenAccepted) {
  Start();
  EXPECT_EQ(Ask({}), Packet(3, kGood));
  EXPECT_EQ(Ask({}), Packet(2, {}));
  EXPECT_EQ(ipv6cp_->peer_id(), kPeers);
}

TEST_F(Ipv6cpTest, OpensWhenBothSidesHaveAcked) {
  Start();
  Open();
  EXPECT_EQ(ipv6cp_->our_id(), kOurs);
  EXPECT_EQ(ipv6cp_->peer_id(), kPeers);
  // Again, as many clients do.
  EXPECT_EQ(Ask(kGood), Packet(2, kGood));
  EXPECT_TRUE(ipv6cp_->opened());
}

// ---- Ours

TEST_F(Ipv6cpTest, NakOfOurIdentifierIsAskedAgainRejectDropsTheOption) {
  StartAs(NcpPreference::kPrefer);
  Receive(PppCode::kConfigureNak, 0x25, IdOption(kOther));
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0], Join({Octets({1, 0x26, 0, 14}), IdOption(kOurs)}));
  Receive(PppCode::kConfigureReject, 0x26, IdOption(kOurs));
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0], Octets({1, 0x27, 0, 4}));
}

TEST_F(Ipv6cpTest, RefusalsOfWhatWeDidNotAskForAreDropped) {
  StartAs(NcpPreference::kPrefer);
  Receive(PppCode::kConfigureNak, 0x25, Option(2, Octets({0, 0x61})));
  EXPECT_TRUE(sent_.empty());
  Receive(PppCode::kConfigureNak, 0x99, IdOption(kOther));
  EXPECT_TRUE(sent_.empty());
}

// ---- Losing the layer

TEST_F(Ipv6cpTest, D2ProtocolRejectIsTheEndOfTheLayerAlone) {
  StartAs(NcpPreference::kPrefer);
  Take(ipv6cp_->RejectedByPeer(out_));
  ExpectGivenUp();
  EXPECT_FALSE(signals_.down);
}

TEST_F(Ipv6cpTest, D1ProtocolRejectEndsWhereRequired) {
  StartAs(NcpPreference::kRequire);
  Take(ipv6cp_->RejectedByPeer(out_));
  ExpectRequiredEnding();
}

TEST_F(Ipv6cpTest, D2SilenceIsTheEndOfTheLayerAloneAndItMayComeLater) {
  StartAs(NcpPreference::kPrefer);
  for (int i = 1; i < 10; ++i) EXPECT_FALSE(Expire().finished) << i;
  Expire();
  ExpectGivenUp();
  EXPECT_TRUE(counted_.empty());
  EXPECT_EQ(Ask(kGood), Packet(2, kGood));
}

TEST_F(Ipv6cpTest, D1SilenceEndsWhereRequired) {
  StartAs(NcpPreference::kRequire);
  for (int i = 1; i < 10; ++i) EXPECT_FALSE(Expire().ending.has_value()) << i;
  Expire();
  ExpectRequiredEnding();
}

TEST_F(Ipv6cpTest, Rfc1661MaxFailureTurnsNaksIntoRejectsThenTheLayerIsClosed) {
  Start();
  const Bytes asked = IdOption(kOther);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Ask(asked), Packet(3, kGood)) << i;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Ask(asked), Packet(4, asked)) << i;
  Ask(asked);
  ExpectGivenUp();
  EXPECT_TRUE(Counted(Counter::kPppNoAgreement));
  EXPECT_EQ(ipv6cp_->state(), PppState::kClosing);
  // It is not listened to any more.
  EXPECT_TRUE(Ask(kGood).empty());
  Receive(PppCode::kTerminateAck, sent_.empty() ? 0x26 : sent_[0][1]);
  EXPECT_EQ(ipv6cp_->state(), PppState::kClosed);
  EXPECT_EQ(Ask(kGood), Packet(6, {}));
}

TEST_F(Ipv6cpTest, MaxFailureEndsWhereRequired) {
  StartAs(NcpPreference::kRequire);
  for (int i = 0; i < 21; ++i) Ask(IdOption(kOther));
  ExpectRequiredEnding();
}

TEST_F(Ipv6cpTest, APeerThatRefusesOurIdentifierForEverIsGivenUp) {
  StartAs(NcpPreference::kPrefer);
  for (int i = 0; i < 11; ++i) Receive(PppCode::kConfigureNak, 0x25 + i, IdOption(kOther));
  ExpectGivenUp();
}

TEST_F(Ipv6cpTest, UnacceptableRequestInOpenedClosesTheLayer) {
  Start();
  Open();
  Ask(IdOption(kOther));
  ExpectGivenUp();
  EXPECT_TRUE(signals_.down);
  EXPECT_TRUE(Counted(Counter::kPppBadRequestInOpened));
  ASSERT_FALSE(sent_.empty());
  EXPECT_EQ(sent_.back()[0], 5);
}

TEST_F(Ipv6cpTest, UnacceptableRequestInOpenedEndsWhereRequired) {
  StartAs(NcpPreference::kRequire);
  Open();
  Ask(IdOption(kOther));
  ExpectRequiredEnding();
}

TEST_F(Ipv6cpTest, TerminateRequestIsAckedAndThePeerMayComeAgain) {
  Start();
  Open();
  Receive(PppCode::kTerminateRequest, 0x33);
  EXPECT_TRUE(signals_.down);
  EXPECT_FALSE(signals_.ending.has_value());
  EXPECT_EQ(sent_.at(0), Octets({6, 0x33, 0, 4}));
  EXPECT_TRUE(Expire().finished);
  Open();
}

TEST_F(Ipv6cpTest, D1TerminateRequestEndsWhereRequired) {
  StartAs(NcpPreference::kRequire);
  Open();
  Receive(PppCode::kTerminateRequest, 0x33);
  ExpectRequiredEnding();
  EXPECT_EQ(sent_.at(0), Octets({6, 0x33, 0, 4}));
}

TEST_F(Ipv6cpTest, ACodeRejectOfWhatPppNeedsClosesTheLayer) {
  Start();
  Open();
  Receive(PppCode::kCodeReject, 9, Octets({1, 0x25, 0, 4}));
  ExpectGivenUp();
  EXPECT_TRUE(signals_.down);
  EXPECT_TRUE(Counted(Counter::kPppRejectedByPeer));
}

TEST_F(Ipv6cpTest, OpeningAgainAndAgainIsClosed) {
  Start();
  for (int i = 0; i < 16; ++i) {
    Open();
    Receive(PppCode::kTerminateRequest, 0x33);
    Expire();
  }
  Ask(kGood);
  Ack();
  ExpectGivenUp();
  EXPECT_FALSE(signals_.up);
  EXPECT_TRUE(Counted(Counter::kPppNoAgreement));
}

TEST_F(Ipv6cpTest, OurOwnCloseIsNoEnding) {
  StartAs(NcpPreference::kRequire);
  Open();
  Take(ipv6cp_->Close(out_, "no prefix"));
  ExpectGivenUp();
  EXPECT_TRUE(signals_.down);
  EXPECT_EQ(Bytes(sent_.at(0).begin() + 4, sent_.at(0).end()),
            Octets({'n', 'o', ' ', 'p', 'r', 'e', 'f', 'i', 'x'}));
}

TEST_F(Ipv6cpTest, TheConfiguredTimerAndCountersRule) {
  settings_.restart_timeout = std::chrono::seconds(7);
  settings_.max_configure = 1;
  settings_.ipv6 = NcpPreference::kPrefer;
  ipv6cp_ = std::make_unique<Ipv6cp>(settings_, std::uint8_t{0x24});
  static_cast<void>(ipv6cp_->Start(policy_, "192.0.2.9", 1452, entropy_, out_));
  Duration after{};
  for (const Action& action : out_.Take()) {
    if (const auto* timer = std::get_if<StartTimer>(&action)) after = timer->after;
  }
  EXPECT_EQ(after, std::chrono::seconds(7));
  EXPECT_TRUE(Expire().finished);
}

TEST_F(Ipv6cpTest, TheTraceNamesTheIdentifier) {
  Start();
  out_.set_log_level(LogLevel::kTrace);
  Ask(IdOption(kOther));
  EXPECT_NE(
      std::find(log_.begin(), log_.end(), "recv [IPV6CP ConfReq id=7 <addr 211:22ff:fe03:405>]"),
      log_.end());
  EXPECT_NE(std::find(log_.begin(), log_.end(), "send [IPV6CP ConfNak id=7 <addr 0:0:0:2>]"),
            log_.end());
}

// ---- Every cell of the table, by packets

class Ipv6cpCellTest : public Ipv6cpTest, public testing::WithParamInterface<PppState> {
 protected:
  // False: cannot be reached.
  void Reach(PppState state) {
    settings_.ipv6 = NcpPreference::kPrefer;
    last_request_ = Join({Octets({1, 0x25, 0, 14}), IdOption(kOurs)});
    counted_.clear();
    switch (state) {
      case PppState::kInitial:
        ipv6cp_ = std::make_unique<Ipv6cp>(settings_, std::uint8_t{0x24});
        out_.StopAllExcept();
        break;
      case PppState::kStarting:
        Start();
        Take(ipv6cp_->LowerLayerDown(out_));
        break;
      case PppState::kClosed:
        Reach(PppState::kClosing);
        Receive(PppCode::kTerminateAck, 0x26);
        break;
      case PppState::kStopped:
        settings_.ipv6 = NcpPreference::kAllow;
        Start();
        break;
      case PppState::kClosing:
        Start();
        Take(ipv6cp_->Close(out_, {}));
        break;
      case PppState::kStopping:
        Reach(PppState::kOpened);
        Receive(PppCode::kTerminateRequest, 3);
        break;
      case PppState::kReqSent:
        Start();
        break;
      case PppState::kAckRcvd:
        Start();
        Ack();
        break;
      case PppState::kAckSent:
        Start();
        Ask(kGood);
        break;
      case PppState::kOpened:
        Start();
        Ask(kGood);
        Ack();
        break;
    }
    ASSERT_EQ(ipv6cp_->state(), state);
  }
  void Fire(PppEvent event) {
    switch (event) {
      case PppEvent::kUp:
      case PppEvent::kOpen:
      case PppEvent::kEcho:
        break;  // no packet and no call of a network layer does it
      case PppEvent::kDown:
        Take(ipv6cp_->LowerLayerDown(out_));
        break;
      case PppEvent::kClose:
        Take(ipv6cp_->Close(out_, {}));
        break;
      case PppEvent::kTimeoutRetry:
      case PppEvent::kTimeoutGiveUp:
        Expire();
        break;
      case PppEvent::kGoodRequest:
        Ask(kGood);
        break;
      case PppEvent::kBadRequest:
        Ask(IdOption(kOther));
        break;
      case PppEvent::kAck:
        Ack();
        break;
      case PppEvent::kNak:
        Receive(PppCode::kConfigureNak, last_request_[1], IdOption(kOther));
        break;
      case PppEvent::kTermRequest:
        Receive(PppCode::kTerminateRequest, 3);
        break;
      case PppEvent::kTermAck:
        Receive(PppCode::kTerminateAck, 3);
        break;
      case PppEvent::kUnknownCode:
        Receive(static_cast<PppCode>(99), 3);
        break;
      case PppEvent::kHarmlessReject:
        Receive(PppCode::kCodeReject, 3, Octets({99}));
        break;
      case PppEvent::kFatalReject:
        Take(ipv6cp_->RejectedByPeer(out_));
        break;
    }
  }
};

TEST_P(Ipv6cpCellTest, IsAsInTheTable) {
  const PppState from = GetParam();
  for (const PppEvent event :
       {PppEvent::kDown, PppEvent::kClose, PppEvent::kTimeoutRetry, PppEvent::kTimeoutGiveUp,
        PppEvent::kGoodRequest, PppEvent::kBadRequest, PppEvent::kAck, PppEvent::kNak,
        PppEvent::kTermRequest, PppEvent::kTermAck, PppEvent::kUnknownCode,
        PppEvent::kHarmlessReject, PppEvent::kFatalReject}) {
    const bool timeout = event == PppEvent::kTimeoutRetry || event == PppEvent::kTimeoutGiveUp;
    if (timeout && !RestartTimerRuns(from)) continue;
    // Each try is then the last one.
    const bool give_up = event == PppEvent::kTimeoutGiveUp;
    settings_.max_configure = give_up ? 0 : 10;
    settings_.max_terminate = give_up ? 0 : 2;
    Reach(from);
    if (HasFatalFailure()) return;
    const PppCell& cell = Transition(from, event);
    PppState to = cell.possible ? cell.next : from;
    bool up = false, down = false;
    for (const PppAction action : cell.actions) {
      up |= action == PppAction::kLayerUp;
      down |= action == PppAction::kLayerDown;
    }
    // The session's rules on top of it.
    if (from == PppState::kStopping && event == PppEvent::kTimeoutRetry)
      continue;  // zrc: none left
    if (from == PppState::kOpened && event == PppEvent::kBadRequest) to = PppState::kClosing;
    const bool answers_nothing =  // no request of ours waits for one
        (event == PppEvent::kAck || event == PppEvent::kNak) &&
        (from == PppState::kInitial || from == PppState::kStarting || from == PppState::kStopped ||
         from == PppState::kAckRcvd || from == PppState::kOpened || from == PppState::kStopping);
    if (answers_nothing) {
      to = from;
      down = false;
    }
    Fire(event);
    const std::string what =
        std::string(ToString(from)) + ", event " + std::to_string(static_cast<int>(event));
    EXPECT_EQ(ipv6cp_->state(), to) << what;
    EXPECT_EQ(signals_.up, up) << what;
    EXPECT_EQ(signals_.down, down) << what;
    EXPECT_FALSE(signals_.ending.has_value()) << what;
  }
}

INSTANTIATE_TEST_SUITE_P(AllStates, Ipv6cpCellTest,
                         testing::Values(PppState::kInitial, PppState::kStarting, PppState::kClosed,
                                         PppState::kStopped, PppState::kClosing,
                                         PppState::kStopping, PppState::kReqSent,
                                         PppState::kAckRcvd, PppState::kAckSent, PppState::kOpened),
                         [](const auto& one) {
                           std::string name = ToString(one.param);
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace sstpgw::fsm
