#include "gateway/fsm/eap_relay.h"

#include <gtest/gtest.h>

#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

constexpr std::uint16_t kMtu = 1452;

codec::ControlPacket Packet(const Bytes& bytes) { return codec::ParseControlPacket(bytes).value(); }

// Responses, whole: code, identifier, length, type, data.
const Bytes kIdentity = Octets({2, 9, 0, 9, 1, 't', 'e', 's', 't'});
const Bytes kRequest = Octets({1, 10, 0, 7, 4, 1, 0xaa});
const Bytes kAnswer = Octets({2, 10, 0, 7, 4, 1, 0xbb});

AuthorizeChallenge ChallengeOf(Bytes packet, Bytes state = Octets({5, 5})) {
  return {std::move(packet), std::move(state), {}};
}

TEST(EapRelay, AsksForTheIdentity) { EXPECT_EQ(EapRelay(9).request(), Octets({1, 9, 0, 5, 1})); }

TEST(EapRelay, TheIdentityIsTheFirstEvidence) {
  EapRelay relay(9);
  ASSERT_TRUE(relay.IsResponse(Packet(kIdentity)));
  const auto evidence = relay.Receive(Packet(kIdentity));
  ASSERT_TRUE(evidence.has_value());
  EXPECT_EQ(evidence->user, "test");
  EXPECT_TRUE(ConstantTimeEqual(evidence->message.Reveal(), kIdentity));
  EXPECT_TRUE(evidence->state.empty());
}

TEST(EapRelay, EachRoundCarriesIdentityAndState) {
  EapRelay relay(9);
  (void)relay.Receive(Packet(kIdentity));
  ASSERT_EQ(relay.Challenge(ChallengeOf(kRequest), kMtu), std::nullopt);
  EXPECT_EQ(relay.request(), kRequest);
  EXPECT_FALSE(relay.IsResponse(Packet(kIdentity))) << "of the round before";
  ASSERT_TRUE(relay.IsResponse(Packet(kAnswer)));
  const auto evidence = relay.Receive(Packet(kAnswer));
  ASSERT_TRUE(evidence.has_value());
  EXPECT_EQ(evidence->user, "test");
  EXPECT_TRUE(ConstantTimeEqual(evidence->message.Reveal(), kAnswer));
  EXPECT_EQ(evidence->state, Octets({5, 5}));
}

TEST(EapRelay, NothingButAnIdentityAnswersTheQuestionForIt) {
  const EapRelay relay(9);
  EXPECT_FALSE(relay.IsResponse(Packet(Octets({2, 9, 0, 6, 3, 26})))) << "Nak";
  EXPECT_FALSE(relay.IsResponse(Packet(Octets({2, 9, 0, 4})))) << "no type";
  EXPECT_FALSE(relay.IsResponse(Packet(Octets({2, 8, 0, 6, 1, 'a'})))) << "identifier";
  for (const int code : {0, 1, 3, 4, 5, 6, 255}) {
    EXPECT_FALSE(relay.IsResponse(Packet(Octets({code, 9, 0, 6, 1, 'a'})))) << code;
  }
}

TEST(EapRelay, AnEmptyIdentityIsNone) {
  EapRelay relay(9);
  EXPECT_FALSE(relay.Receive(Packet(Octets({2, 9, 0, 5, 1}))).has_value());
}

TEST(EapRelay, OctetsBehindTheLengthAreNotPartOfAnything) {
  EapRelay relay(9);
  const Bytes padded = Join({kIdentity, Octets({0xee, 0xee})});
  const auto evidence = relay.Receive(Packet(padded));
  EXPECT_TRUE(ConstantTimeEqual(evidence->message.Reveal(), kIdentity));
  EXPECT_EQ(relay.Challenge(ChallengeOf(Join({kRequest, Octets({0xee})})), kMtu), std::nullopt);
  EXPECT_EQ(relay.request(), kRequest);
}

TEST(EapRelay, AChallengeThatIsNoRequestIsRefused) {
  for (const Bytes& bad :
       {Bytes(), Octets({1}), Octets({1, 10, 0}), Octets({1, 10, 0, 4}), Octets({1, 10, 0, 3}),
        Octets({1, 10, 0, 8, 4, 1, 0xaa}), Octets({2, 10, 0, 5, 4}), Octets({3, 10, 0, 4}),
        Octets({4, 10, 0, 4})}) {
    EapRelay relay(9);
    EXPECT_TRUE(relay.Challenge(ChallengeOf(bad), kMtu).has_value());
    EXPECT_EQ(relay.request(), EapRelay(9).request()) << "nothing has changed";
  }
}

TEST(EapRelay, AChallengeMustFitWhatTheClientReceives) {
  EapRelay relay(9);
  const auto request = [](std::size_t size) {
    Bytes packet(size, 0x55);
    packet[0] = 1;
    packet[2] = static_cast<std::uint8_t>(size >> 8);
    packet[3] = static_cast<std::uint8_t>(size);
    return packet;
  };
  EXPECT_EQ(relay.Challenge(ChallengeOf(request(kMtu)), kMtu), std::nullopt);
  const auto reason = relay.Challenge(ChallengeOf(request(kMtu + 1)), kMtu);
  ASSERT_TRUE(reason.has_value());
  EXPECT_EQ(*reason, "an EAP request of 1453 octets, the client receives 1452");
}

TEST(EapRelay, RoundsAreBounded) {
  EapRelay relay(9);
  for (std::uint32_t i = 0; i < kMaxEapRounds; ++i) {
    EXPECT_EQ(relay.Challenge(ChallengeOf(kRequest), kMtu), std::nullopt);
    EXPECT_FALSE(relay.TooManyRounds());
  }
  (void)relay.Challenge(ChallengeOf(kRequest), kMtu);
  EXPECT_TRUE(relay.TooManyRounds());
}

TEST(EapRelay, TheVerdictCountsNotThePacketThatCameWithIt) {
  using codec::EapCode;
  const EapRelay relay(9);
  EXPECT_EQ(relay.Result(EapCode::kSuccess, Octets({3, 77, 0, 4})), Octets({3, 77, 0, 4}));
  EXPECT_EQ(relay.Result(EapCode::kSuccess, Octets({3, 77, 0, 4, 9})), Octets({3, 77, 0, 4}));
  EXPECT_EQ(relay.Result(EapCode::kFailure, Octets({4, 77, 0, 4})), Octets({4, 77, 0, 4}));
  for (const Bytes& other : {Bytes(), Octets({4, 77, 0, 4}), Octets({3, 77, 0, 5, 1}),
                             Octets({3, 77, 0, 9}), kRequest}) {
    EXPECT_EQ(relay.Result(EapCode::kSuccess, other), Octets({3, 9, 0, 4}));
  }
  EXPECT_EQ(relay.Result(EapCode::kFailure, Octets({3, 77, 0, 4})), Octets({4, 9, 0, 4}));
}

}  // namespace
}  // namespace sstpgw::fsm
