// EAP through a whole session: rounds with the control plane, keys, endings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::EapCode;
using codec::EapType;
using codec::PppCode;
using codec::PppProtocol;
using std::chrono::seconds;

AuthorizeChallenge Challenge(std::uint8_t identifier, const Bytes& state) {
  return {codec::EncodeEap(EapCode::kRequest, identifier, EapType::kPeap, Octets({0x20})), state,
          seconds(0)};
}

class SessionEap : public testing::Test {
 protected:
  SessionEap() : driver_(SettingsWith(AuthProtocol::kEap)) {}
  std::vector<PppPacket> EapSent() {
    std::vector<PppPacket> out;
    for (PppPacket& packet : driver_.TakePpp()) {
      if (packet.protocol == PppProtocol::kEap) out.push_back(std::move(packet));
    }
    return out;
  }
  SessionDriver driver_;
};

TEST_F(SessionEap, LcpOffersIt) {
  driver_.RunToCall();
  const Bytes request = driver_.TakePpp().at(0).data;
  EXPECT_EQ(Bytes(request.begin(), request.begin() + 4), Octets({3, 4, 0xc2, 0x27}));
}

TEST_F(SessionEap, APeerThatWantsItGetsItNext) {
  driver_.settings.ppp.auth_protocols = {AuthProtocol::kMsChapV2, AuthProtocol::kPap,
                                         AuthProtocol::kEap};
  driver_.RunToCall();
  driver_.TakeSent();
  driver_.Lcp(PppCode::kConfigureNak, driver_.LastLcpIdentifier(), Option(3, Octets({0xc2, 0x27})));
  const Bytes request = driver_.TakePpp().at(0).data;
  EXPECT_EQ(Bytes(request.begin(), request.begin() + 4), Octets({3, 4, 0xc2, 0x27}));
}

TEST_F(SessionEap, APeerThatRefusesItGetsTheNextOne) {
  driver_.settings.ppp.auth_protocols = {AuthProtocol::kEap, AuthProtocol::kMsChapV2};
  driver_.RunToCall();
  driver_.TakeSent();
  driver_.Lcp(PppCode::kConfigureReject, driver_.LastLcpIdentifier(),
              Option(3, Octets({0xc2, 0x27})));
  const Bytes request = driver_.TakePpp().at(0).data;
  EXPECT_EQ(Bytes(request.begin(), request.begin() + 5), Octets({3, 5, 0xc2, 0x23, 0x81}));
}

TEST_F(SessionEap, RoundsCarryIdentityStateAndMtu) {
  driver_.RunToJudging();
  ASSERT_TRUE(driver_.question.has_value());
  EXPECT_EQ(driver_.question->mtu, 1452);
  const AttemptId first = driver_.question->attempt;
  driver_.TakeSent();
  driver_.Judge(Challenge(40, Octets({1, 2, 3})));
  auto sent = EapSent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].code, 1);
  EXPECT_EQ(sent[0].identifier, 40);
  driver_.Eap(EapType::kPeap, Octets({0x99}));
  EXPECT_NE(driver_.question->attempt, first) << "a question of its own";
  const auto& evidence = std::get<EapEvidence>(driver_.question->evidence);
  EXPECT_EQ(evidence.user, "test");
  EXPECT_EQ(evidence.state, Octets({1, 2, 3}));
  EXPECT_TRUE(ConstantTimeEqual(evidence.message.Reveal(), Octets({2, 40, 0, 6, 25, 0x99})));
}

TEST_F(SessionEap, AnAnswerToAnEarlierRoundIsIgnored) {
  driver_.RunToJudging();
  const AttemptId first = driver_.question->attempt;
  driver_.Judge(Challenge(40, {}));
  driver_.Eap(EapType::kPeap, {});
  driver_.TakeSent();
  driver_.Feed(Event(AuthorizeAnswered{first, TraceAccept()}));
  EXPECT_TRUE(driver_.TakeSent().empty());
  EXPECT_EQ(driver_.interfaces_created, 0);
}

TEST_F(SessionEap, SuccessThenTheNetworkWithTheKeysOfTheVerdict) {
  driver_.RunToJudging();
  driver_.Judge(Challenge(40, {}));
  driver_.Eap(EapType::kPeap, {});
  driver_.TakeSent();
  AuthorizeAccept accept = TraceAccept();
  accept.hlak = Secret(ByteView(Bytes(32, 0x6b)));
  accept.eap_message = Octets({3, 40, 0, 4});
  driver_.Judge(std::move(accept));
  const auto sent = EapSent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].code, 3);
  EXPECT_EQ(sent[0].identifier, 40);
  driver_.Sstp(driver_.CallConnected(2, Bytes(32, 0x6b)));
  driver_.Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "10.0.0.5"));
  driver_.AckTheirIpcpRequest();
  EXPECT_EQ(driver_.Snapshot().state, SessionState::kActive);
  EXPECT_EQ(driver_.Snapshot().auth_protocol, AuthProtocol::kEap);
}

TEST_F(SessionEap, RefusalIsAFailureThenGoodbye) {
  driver_.RunToJudging();
  AuthorizeReject reject = TraceReject();
  reject.eap_message = Octets({4, 1, 0, 4});
  driver_.Judge(std::move(reject));
  driver_.TakeSent();
  driver_.Advance(seconds(2));
  const auto packets = driver_.TakePpp();
  ASSERT_GE(packets.size(), 2U);
  EXPECT_EQ(packets[0].protocol, PppProtocol::kEap);
  EXPECT_EQ(packets[0].code, 4);
  EXPECT_EQ(packets[1].protocol, PppProtocol::kLcp);
  EXPECT_EQ(driver_.Count(Counter::kAuthFailed), 1);
}

TEST_F(SessionEap, AChallengeThatCannotBeRelayedEndsTheSession) {
  driver_.RunToJudging();
  driver_.Judge(AuthorizeChallenge{Octets({2, 1, 0, 5, 4}), {}, seconds(0)});
  EXPECT_EQ(driver_.Count(Counter::kAuthBadChallenge), 1);
  EXPECT_EQ(driver_.Snapshot().state, SessionState::kFinishing);
  EXPECT_EQ(driver_.LevelOf("the challenge holds no EAP request"), LogLevel::kWarning);
}

TEST_F(SessionEap, AChallengeWithoutEapEndsTheSession) {
  SessionDriver driver(SettingsWith(AuthProtocol::kMsChapV2));
  driver.RunToJudging();
  driver.Judge(Challenge(1, {}));
  EXPECT_EQ(driver.Count(Counter::kAuthBadChallenge), 1);
  EXPECT_EQ(driver.Snapshot().state, SessionState::kFinishing);
}

TEST_F(SessionEap, ThePeersMruBoundsWhatIsRelayed) {
  driver_.RunToCall();
  driver_.Lcp(PppCode::kConfigureRequest, 2, Option(1, Octets({0, 200})));
  driver_.AckTheirLcpRequest();
  driver_.Eap(EapType::kIdentity, Octets({'a'}));
  EXPECT_EQ(driver_.question->mtu, 200);
  Bytes packet(201, 0);
  packet[0] = 1;
  packet[3] = 201;
  driver_.Judge(AuthorizeChallenge{packet, {}, seconds(0)});
  EXPECT_EQ(driver_.Count(Counter::kAuthBadChallenge), 1);
}

TEST_F(SessionEap, SlowRoundsEndWithTheNegotiationTimer) {
  driver_.settings.ppp.echo_interval = seconds(0);
  driver_.RunToJudging();
  for (int round = 0; round < 100 && !driver_.closed(); ++round) {
    if (driver_.Snapshot().state == SessionState::kFinishing) break;
    driver_.Judge(Challenge(static_cast<std::uint8_t>(round), {}));
    driver_.Advance(seconds(4));
    driver_.Eap(EapType::kPeap, {});
  }
  EXPECT_EQ(driver_.Count(Counter::kSstpNegotiationTimeout), 1);
}

}  // namespace
}  // namespace sstpgw::fsm
