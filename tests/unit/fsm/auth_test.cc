// Authentication of the peer: features 3.3 (timing, other protocols) and 3.4 (exact packets).
#include "gateway/fsm/auth.h"

#include <gtest/gtest.h>

#include "gateway/codec/chap.h"
#include "gateway/codec/pap.h"
#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::ChapCode;
using codec::PppProtocol;
using std::chrono::milliseconds;
using std::chrono::seconds;
using State = Authenticator::State;

class AuthTest : public testing::Test {
 protected:
  void Start(AuthProtocol protocol) {
    settings_.server_name = "gw";
    auth_ = std::make_unique<Authenticator>(settings_, entropy_);
    auth_->Start(protocol, out_);
    Collect();
  }
  const AuthSignals& Receive(PppProtocol protocol, const Bytes& bytes) {
    signals_ = auth_->Receive(protocol, codec::ParseControlPacket(bytes).value(), out_);
    Collect();
    return signals_;
  }
  const AuthSignals& Pap(int identifier, const Bytes& data) {
    return Receive(PppProtocol::kPap,
                   ControlPacketOf(static_cast<codec::PppCode>(1), identifier, data));
  }
  const AuthSignals& Respond(const Bytes& value, const std::string& name = "test",
                             std::uint8_t identifier = 1) {
    return Receive(PppProtocol::kChap,
                   codec::EncodeChapValue(ChapCode::kResponse, identifier, value, name));
  }
  const AuthSignals& Expire(TimerId timer) {
    EXPECT_TRUE(out_.TakeExpiry(timer));
    signals_ = auth_->TimerExpired(timer, out_);
    Collect();
    return signals_;
  }
  void Collect() {
    sent_.clear();
    for (Action& action : out_.Take()) {
      if (auto* send = std::get_if<SendBytes>(&action)) {
        sent_.emplace_back(send->bytes.begin() + 8, send->bytes.end());
      }
      if (auto* line = std::get_if<WriteLog>(&action)) {
        log_ += line->text + "\n";
        if (line->level <= LogLevel::kInfo) ++lines_by_default_;
      }
      if (auto* timer = std::get_if<StartTimer>(&action)) started_[timer->timer] = timer->after;
      if (auto* count = std::get_if<CountEvent>(&action)) ++counters_[count->counter];
    }
    EXPECT_TRUE(auth_->IsConsistent(out_));
  }
  void Succeed(const std::string& message) {
    auth_->Succeed(message, out_);
    Collect();
  }
  // The one packet that was sent; empty: none, or more.
  [[nodiscard]] const Bytes& sent() const { return sent_.size() == 1 ? sent_[0] : none_; }
  [[nodiscard]] std::string text() const {
    return sent_.size() == 1 ? std::string(sent_[0].begin() + 4, sent_[0].end()) : "";
  }
  [[nodiscard]] std::string ChallengeHex(std::size_t size) const {
    std::string hex;
    for (std::size_t i = 0; i < size; ++i) {
      hex += "0123456789ABCDEF"[challenge_[i] >> 4];
      hex += "0123456789ABCDEF"[challenge_[i] & 15];
    }
    return hex;
  }
  void ReadChallenge() {
    const auto value = codec::ParseChapValue(ByteView(sent_.at(0)).subspan(4)).value();
    challenge_.assign(value.value.begin(), value.value.end());
    challenge_name_ = value.name;
  }
  void RefuseAndWait(const AuthorizeReject& reject = {}) {
    auth_->RefuseLater(reject, out_);
    Collect();
    EXPECT_TRUE(sent_.empty());
    EXPECT_GE(started_[TimerId::kReject], seconds(1));
    EXPECT_LE(started_[TimerId::kReject], seconds(2));
    ASSERT_TRUE(Expire(TimerId::kReject).ending.has_value());
    EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserError);
  }

  PppSettings settings_;
  ScriptedEntropy entropy_;
  Outbox out_;
  std::unique_ptr<Authenticator> auth_;
  AuthSignals signals_;
  std::vector<Bytes> sent_;
  const Bytes none_;
  std::string log_;
  int lines_by_default_ = 0;  // at the default log level
  std::map<TimerId, Duration> started_;
  std::map<Counter, int> counters_;
  Bytes challenge_;
  std::string challenge_name_;
};

// ---- PAP

const Bytes kPapRequest = Octets({4, 't', 'e', 's', 't', 3, 'p', 'w', '!'});

TEST_F(AuthTest, PapAsksForAVerdictAndAcknowledges) {
  Start(AuthProtocol::kPap);
  EXPECT_TRUE(sent_.empty());
  ASSERT_TRUE(Pap(3, kPapRequest).evidence.has_value());
  const auto& evidence = std::get<PapEvidence>(*signals_.evidence);
  EXPECT_EQ(evidence.user, "test");
  EXPECT_EQ(evidence.password.RevealText(), "pw!");
  Succeed("Authentication succeeded");
  EXPECT_EQ(sent(), Join({Octets({2, 3, 0, 29, 24}), [] {
                            const std::string text = "Authentication succeeded";
                            return Bytes(text.begin(), text.end());
                          }()}));
  EXPECT_EQ(log_.find("pw!"), std::string::npos);
}

TEST_F(AuthTest, PapRepeatsWhileJudgingAreIgnoredAfterSuccessAcknowledged) {
  Start(AuthProtocol::kPap);
  Pap(3, kPapRequest);
  EXPECT_FALSE(Pap(4, kPapRequest).evidence.has_value());
  EXPECT_TRUE(sent_.empty());
  Succeed("");
  EXPECT_FALSE(Pap(5, kPapRequest).evidence.has_value());
  EXPECT_EQ(sent().at(0), 2);
  EXPECT_EQ(sent().at(1), 5);
}

TEST_F(AuthTest, PapRefusalIsANakAfterADelay) {
  Start(AuthProtocol::kPap);
  Pap(3, kPapRequest);
  RefuseAndWait();
  EXPECT_EQ(sent().at(0), 3);
  EXPECT_EQ(text().substr(1), "Authentication failed");
}

TEST_F(AuthTest, WhatAServerSaysOfARefusalReachesTheClient) {
  AuthorizeReject reject;
  reject.message = "call the office";
  Start(AuthProtocol::kPap);
  Pap(3, kPapRequest);
  RefuseAndWait(reject);
  EXPECT_EQ(text().substr(1), "call the office");
  reject.message = std::string(300, 'x');
  Start(AuthProtocol::kChapMd5);
  Respond(Bytes(16));
  RefuseAndWait(reject);
  EXPECT_EQ(text(), std::string(255, 'x'));
}

TEST_F(AuthTest, PapWithCountsBeyondThePacketFails) {
  for (const Bytes& bad : {Octets({}), Octets({200, 'a'}), Octets({1, 'a'}), Octets({1, 'a', 9}),
                           Octets({255}), Octets({4, 't', 'e', 's', 't', 255, 1})}) {
    counters_.clear();
    out_.StopAllExcept();
    Start(AuthProtocol::kPap);
    EXPECT_FALSE(Pap(1, bad).evidence.has_value());
    EXPECT_EQ(counters_[Counter::kAuthMalformed], 1);
    EXPECT_EQ(auth_->state(), State::kDelaying);
    Expire(TimerId::kReject);
    EXPECT_EQ(sent().at(0), 3);
  }
}

TEST_F(AuthTest, PapTakesNamesOfAnyOctets) {
  Start(AuthProtocol::kPap);
  Pap(1, Octets({3, 0, 0xff, '\n', 0}));
  EXPECT_EQ(UserOf(*signals_.evidence), std::string("\0\xff\n", 3));
}

TEST_F(AuthTest, PapWithoutARequestEndsAfterFiveSeconds) {
  Start(AuthProtocol::kPap);
  EXPECT_EQ(started_[TimerId::kAuth], seconds(5));
  ASSERT_TRUE(Expire(TimerId::kAuth).ending.has_value());
  EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserError);
}

TEST_F(AuthTest, AnotherProtocolThanAgreedIsIgnored) {
  Start(AuthProtocol::kPap);
  EXPECT_FALSE(Respond(Bytes(16)).evidence.has_value());
  EXPECT_EQ(auth_->state(), State::kWaiting);
}

// ---- CHAP-MD5

TEST_F(AuthTest, ChapChallengeHasSixteenOctetsIdentifierOneAndOurName) {
  Start(AuthProtocol::kChapMd5);
  ReadChallenge();
  EXPECT_EQ(sent().at(0), 1);
  EXPECT_EQ(sent().at(1), 1);
  EXPECT_EQ(challenge_.size(), 16U);
  EXPECT_EQ(challenge_name_, "gw");
}

TEST_F(AuthTest, ChapEvidenceHoldsChallengeAndResponse) {
  Start(AuthProtocol::kChapMd5);
  ReadChallenge();
  ASSERT_TRUE(Respond(Bytes(16, 0x31)).evidence.has_value());
  const auto& evidence = std::get<ChapMd5Evidence>(*signals_.evidence);
  EXPECT_EQ(evidence.identifier, 1);
  EXPECT_TRUE(std::equal(challenge_.begin(), challenge_.end(), evidence.challenge.begin()));
  EXPECT_EQ(evidence.response[15], 0x31);
  Succeed("");
  EXPECT_EQ(sent().at(0), 3);
  EXPECT_EQ(text(), "Authentication succeeded");
}

TEST_F(AuthTest, ChapFailureText) {
  Start(AuthProtocol::kChapMd5);
  Respond(Bytes(16));
  RefuseAndWait();
  EXPECT_EQ(sent().at(0), 4);
  EXPECT_EQ(text(), "Authentication failed");
}

TEST_F(AuthTest, ChapIsSentThreeTimesFiveSecondsApartThenEnds) {
  Start(AuthProtocol::kChapMd5);
  const Bytes first = sent();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(started_[TimerId::kAuth], seconds(5));
    EXPECT_FALSE(Expire(TimerId::kAuth).ending.has_value());
    EXPECT_EQ(sent(), first);
  }
  ASSERT_TRUE(Expire(TimerId::kAuth).ending.has_value());
  EXPECT_TRUE(sent_.empty());
}

TEST_F(AuthTest, ChapResponseToAnotherChallengeIsIgnored) {
  Start(AuthProtocol::kChapMd5);
  EXPECT_FALSE(Respond(Bytes(16), "test", 2).evidence.has_value());
  EXPECT_EQ(auth_->state(), State::kWaiting);
}

TEST_F(AuthTest, ChapRepeatedResponseGetsTheSameSuccess) {
  Start(AuthProtocol::kChapMd5);
  Respond(Bytes(16));
  Respond(Bytes(16));
  EXPECT_TRUE(sent_.empty());
  Succeed("");
  const Bytes success = sent();
  EXPECT_FALSE(Respond(Bytes(16)).evidence.has_value());
  EXPECT_EQ(sent(), success);
}

TEST_F(AuthTest, NamesLongerThanRadiusCanCarryAreMalformed) {
  for (const std::size_t size : {std::size_t{253}, std::size_t{254}, std::size_t{1400}}) {
    out_.StopAllExcept();
    Start(AuthProtocol::kChapMd5);
    Bytes data{16};
    data.resize(17 + size, 'u');
    const AuthSignals& signals =
        Receive(PppProtocol::kChap, ControlPacketOf(static_cast<codec::PppCode>(2), 1, data));
    EXPECT_EQ(signals.evidence.has_value(), size <= 253) << size;
  }
}

class AuthWrongSize : public AuthTest, public testing::WithParamInterface<AuthProtocol> {};
TEST_P(AuthWrongSize, ResponseIsAFailureNeverACrash) {
  for (const std::size_t size : {0, 1, 15, 17, 24, 48, 50, 255}) {
    out_.StopAllExcept();
    Start(GetParam());
    EXPECT_FALSE(Respond(Bytes(size)).evidence.has_value()) << size;
    EXPECT_EQ(auth_->state(), State::kDelaying);
    ASSERT_TRUE(Expire(TimerId::kReject).ending.has_value());
    EXPECT_EQ(sent().at(0), 4);
  }
  // A value size beyond the packet.
  out_.StopAllExcept();
  Start(GetParam());
  Receive(PppProtocol::kChap,
          ControlPacketOf(static_cast<codec::PppCode>(2), 1, Octets({49, 1, 2})));
  EXPECT_EQ(auth_->state(), State::kDelaying);
}
INSTANTIATE_TEST_SUITE_P(Section3_4, AuthWrongSize,
                         testing::Values(AuthProtocol::kChapMd5, AuthProtocol::kMsChapV1,
                                         AuthProtocol::kMsChapV2));

// ---- MS-CHAP

Bytes MsChapValue() {
  Bytes value;
  for (int i = 0; i < 49; ++i) value.push_back(static_cast<std::uint8_t>(i));
  return value;
}

TEST_F(AuthTest, MsChapV1ChallengeEvidenceAndFailureText) {
  Start(AuthProtocol::kMsChapV1);
  ReadChallenge();
  EXPECT_EQ(challenge_.size(), 8U);
  ASSERT_TRUE(Respond(MsChapValue()).evidence.has_value());
  const auto& evidence = std::get<MsChapV1Evidence>(*signals_.evidence);
  EXPECT_EQ(evidence.lm_response[0], 0);
  EXPECT_EQ(evidence.nt_response[0], 24);
  EXPECT_EQ(evidence.flags, 48);
  RefuseAndWait();
  EXPECT_EQ(text(), "E=691 R=0 C=" + ChallengeHex(8) + " V=2");
}

TEST_F(AuthTest, MsChapV2EvidenceAndSuccess) {
  Start(AuthProtocol::kMsChapV2);
  ReadChallenge();
  EXPECT_EQ(challenge_.size(), 16U);
  ASSERT_TRUE(Respond(MsChapValue(), "DOMAIN\\User").evidence.has_value());
  const auto& evidence = std::get<MsChapV2Evidence>(*signals_.evidence);
  EXPECT_EQ(evidence.user, "DOMAIN\\User");
  EXPECT_EQ(evidence.peer_challenge[15], 15);
  EXPECT_EQ(evidence.nt_response[0], 24);
  EXPECT_EQ(evidence.flags, 48);
  const std::string message =
      "S=407A5589115FD0D6209F510FE9C04566932CDA56 M=Authentication succeeded";
  Succeed(message);
  EXPECT_EQ(sent().at(0), 3);
  EXPECT_EQ(text(), message);
  EXPECT_EQ(log_.find("407A5589"), std::string::npos);
}

TEST_F(AuthTest, MsChapV2FailureText) {
  Start(AuthProtocol::kMsChapV2);
  ReadChallenge();
  Respond(MsChapValue());
  RefuseAndWait();
  EXPECT_EQ(text(), "E=691 R=0 C=" + ChallengeHex(16) + " V=3 M=Authentication failure");
}

TEST_F(AuthTest, MsChapV2FailureCarriesTheVerdictsErrorAndMessage) {
  Start(AuthProtocol::kMsChapV2);
  ReadChallenge();
  Respond(MsChapValue());
  AuthorizeReject reject;
  reject.mschap_error = 647;
  reject.message = "account disabled";
  RefuseAndWait(reject);
  EXPECT_EQ(text(), "E=647 R=0 C=" + ChallengeHex(16) + " V=3 M=account disabled");
}

TEST_F(AuthTest, ChangePasswordIsLoggedAndIgnored) {
  Start(AuthProtocol::kMsChapV2);
  Receive(PppProtocol::kChap, ControlPacketOf(static_cast<codec::PppCode>(7), 1, Bytes(582)));
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(auth_->state(), State::kWaiting);
  EXPECT_NE(log_.find("not supported"), std::string::npos);
  EXPECT_EQ(lines_by_default_, 1);
  EXPECT_EQ(counters_[Counter::kAuthChangePassword], 1);
}

TEST_F(AuthTest, AFloodOfChangePasswordFillsNoLog) {
  Start(AuthProtocol::kMsChapV2);
  for (int i = 0; i < 100; ++i) {
    Receive(PppProtocol::kChap, ControlPacketOf(static_cast<codec::PppCode>(7), i, Bytes(4)));
  }
  EXPECT_EQ(lines_by_default_, 1);
  EXPECT_EQ(counters_[Counter::kAuthChangePassword], 100);
}

TEST_F(AuthTest, RefuseNowAnswersAtOnce) {
  Start(AuthProtocol::kMsChapV2);
  Respond(MsChapValue());
  const Ending ending = auth_->RefuseNow(TerminateCause::kNasError, "no control plane", out_);
  Collect();
  EXPECT_EQ(ending.cause, TerminateCause::kNasError);
  EXPECT_EQ(ending.reason, "no control plane");
  EXPECT_EQ(ending.farewell, "The server cannot log anybody in now, try again later");
  EXPECT_EQ(sent().at(0), 4);
  const std::string text(sent().begin() + 4, sent().end());
  EXPECT_EQ(text.substr(text.find(" V=")), " V=3 M=" + ending.farewell);
}

TEST_F(AuthTest, ResponsesAreNotInTheLog) {
  Start(AuthProtocol::kMsChapV2);
  Respond(MsChapValue());
  EXPECT_EQ(log_.find("18191a1b"), std::string::npos) << log_;
}

}  // namespace
}  // namespace sstpgw::fsm
