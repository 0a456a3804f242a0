// Bad input of a peer in the whole session (features Annex E): each kind has a counter of its own,
// and none of it may fill the log or keep a session alive.
#include <gtest/gtest.h>

#include "gateway/codec/chap.h"
#include "gateway/codec/sstp_control.h"
#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;
using codec::PppProtocol;
using std::chrono::seconds;

Bytes Mru(int value) { return Option(1, Octets({value >> 8, value & 0xff})); }

class BadInput : public testing::Test {
 protected:
  SessionDriver driver_;
};

// ---- What ends a session is counted once, by its first cause

TEST_F(BadInput, InsistingOnABadMru) {
  driver_.RunToCall();
  for (int i = 0; i < 11; ++i) driver_.Lcp(PppCode::kConfigureRequest, i, Mru(90));
  EXPECT_EQ(driver_.Count(Counter::kPppNoAgreement), 1);
}

TEST_F(BadInput, RefusingOurOptionsWithoutEnd) {
  driver_.RunToCall();
  for (int i = 0; i < 11; ++i) {  // another magic number each time
    driver_.Lcp(PppCode::kConfigureNak, driver_.LastLcpIdentifier(),
                Option(5, Octets({0xee, 2, 2, i})));
  }
  EXPECT_EQ(driver_.Count(Counter::kPppNoAgreement), 1);
}

TEST_F(BadInput, RefusingEveryAuthenticationProtocol) {
  driver_.RunToCall();
  driver_.Lcp(PppCode::kConfigureReject, driver_.LastLcpIdentifier(),
              Option(3, Octets({0xc0, 0x23})));
  EXPECT_EQ(driver_.Count(Counter::kAuthNoAgreement), 1);
  EXPECT_EQ(driver_.LevelOf("cann't negotiate authentication type"), LogLevel::kWarning);
}

TEST_F(BadInput, AnUnacceptableRequestInOpened) {
  driver_.RunToAuthentication();
  driver_.Lcp(PppCode::kConfigureRequest, 9, Mru(9000));
  EXPECT_EQ(driver_.Count(Counter::kPppBadRequestInOpened), 1);
}

TEST_F(BadInput, RejectingWhatASessionNeeds) {
  const std::pair<PppCode, Bytes> rejects[] = {
      {PppCode::kProtocolReject, Octets({0xc0, 0x21})},  // LCP
      {PppCode::kProtocolReject, Octets({0xc0, 0x23})},  // PAP
      {PppCode::kProtocolReject, Octets({0x80, 0x21})},  // IPCP
      {PppCode::kCodeReject, Octets({1, 1, 0, 4})}};     // Configure-Request
  for (const auto& [code, data] : rejects) {
    SessionDriver driver;
    driver.RunToBound();
    driver.Lcp(code, 1, data);
    EXPECT_EQ(driver.Count(Counter::kPppRejectedByPeer), 1) << static_cast<int>(code);
    EXPECT_EQ(driver.Snapshot().state, SessionState::kFinishing);
  }
}

TEST_F(BadInput, NoAnswerToLcp) {
  driver_.RunToCall();
  driver_.Advance(seconds(31));
  EXPECT_EQ(driver_.Count(Counter::kLcpNoAnswer), 1);
}

class NoEvidence : public BadInput, public testing::WithParamInterface<AuthProtocol> {};
TEST_P(NoEvidence, IsATimeoutAndNoFailure) {
  SessionDriver driver(SettingsWith(GetParam()));
  driver.RunToAuthentication();
  driver.Advance(seconds(15));
  EXPECT_EQ(driver.Count(Counter::kAuthTimeout), 1);
  EXPECT_EQ(driver.Count(Counter::kAuthFailed), 0);
}
INSTANTIATE_TEST_SUITE_P(All, NoEvidence,
                         testing::Values(AuthProtocol::kPap, AuthProtocol::kChapMd5,
                                         AuthProtocol::kMsChapV1, AuthProtocol::kMsChapV2,
                                         AuthProtocol::kEap));

TEST_F(BadInput, NeverAskingForAnAddress) {
  driver_.settings.ppp.echo_interval = seconds(0);
  driver_.RunToBound();
  driver_.Advance(seconds(60));
  EXPECT_EQ(driver_.Count(Counter::kIpcpTimeout), 1);
}

TEST_F(BadInput, NeverAnsweringIpcp) {
  driver_.settings.ppp.ipv4 = NcpPreference::kPrefer;
  driver_.settings.ppp.echo_interval = seconds(0);
  driver_.RunToBound();
  driver_.Advance(seconds(31));
  EXPECT_EQ(driver_.Count(Counter::kIpcpTimeout), 1);
}

TEST_F(BadInput, NoEchoReply) {
  driver_.settings.sstp.hello_interval = seconds(0);
  driver_.RunToActive();
  driver_.Advance(seconds(120));
  EXPECT_EQ(driver_.Count(Counter::kLcpEchoTimeout), 1);
}

TEST_F(BadInput, TheFirstCauseAloneIsCounted) {
  driver_.RunToAuthentication();
  driver_.Lcp(PppCode::kConfigureRequest, 9, Mru(9000));
  driver_.Lcp(PppCode::kProtocolReject, 1, Octets({0xc0, 0x21}));
  driver_.Advance(seconds(20));
  EXPECT_EQ(driver_.Count(Counter::kPppBadRequestInOpened), 1);
  EXPECT_EQ(driver_.Count(Counter::kPppRejectedByPeer), 0);
  EXPECT_EQ(driver_.Count(Counter::kLcpNoAnswer), 0);
}

TEST_F(BadInput, AFloodInsideTlsIsNamedAndCounted) {
  driver_.RunToActive();
  driver_.Feed(TransportClosed{"peer floods", true});
  EXPECT_EQ(driver_.Count(Counter::kTlsHousekeepingFlood), 1);
  EXPECT_EQ(driver_.LevelOf("connection from 192.168.10.100:49852 cut: peer floods"),
            LogLevel::kWarning);
  EXPECT_FALSE(driver_.Logged("disconnect by peer"));

  SessionDriver scanner;
  scanner.Start();
  scanner.Feed(TransportClosed{"peer floods", true});
  EXPECT_EQ(scanner.LevelOf("peer floods"), LogLevel::kTrace);
}

// ---- Sizes

// Without FF 03 a frame of the largest SSTP packet holds two octets more than one of ours can.
TEST_F(BadInput, ARequestThatNoReplyCanRepeatIsDropped) {
  driver_.RunToCall();
  driver_.TakeSent();
  const auto frame_of = [](std::size_t size) {
    Bytes options;  // unknown ones, all to be rejected
    while (options.size() < size - 4) {
      const std::size_t left = size - 4 - options.size();
      const std::size_t length = left == 256 ? 200 : std::min<std::size_t>(left, 255);
      options = Join({options, Option(200, Bytes(length - 2))});
    }
    const Bytes packet = ControlPacketOf(PppCode::kConfigureRequest, 5, options);
    EXPECT_EQ(packet.size(), size);
    const auto header = codec::SstpHeaderBytes(false, size + 6);
    return Join({Bytes(header.begin(), header.end()), Octets({0xc0, 0x21}), packet});
  };
  ASSERT_EQ(frame_of(4089).size(), codec::kMaxSstpPacket);
  for (const std::size_t size : {4089, 4088}) driver_.Sstp(frame_of(size));
  EXPECT_TRUE(driver_.TakeSent().empty());
  EXPECT_EQ(driver_.Count(Counter::kPppMalformed), 2);
  driver_.Sstp(frame_of(4087));
  const std::vector<PppPacket> packets = driver_.TakePpp();  // those whose Length is right
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].code, 4);
  EXPECT_EQ(packets[0].data.size() + 4, 4087U);
}

// ---- Life

// features 3.2.6: SSTP's echo shows that the client's process lives, not that its PPP does.
TEST_F(BadInput, ADeadPppBehindALivingSstpIsEndedByTheAdaptiveEcho) {
  driver_.settings.ppp.echo_interval = seconds(5);
  driver_.settings.ppp.echo_timeout = seconds(20);
  driver_.RunToActive();
  for (int i = 0; i < 10 && !driver_.closed(); ++i) {
    driver_.Advance(seconds(4));
    driver_.Sstp(codec::EncodeBare(codec::MessageType::kEchoRequest));
  }
  EXPECT_TRUE(driver_.closed());
  EXPECT_TRUE(driver_.Logged("lcp: no echo reply"));
}

TEST_F(BadInput, AnyPppFrameIsLifeForTheAdaptiveEcho) {
  driver_.settings.ppp.echo_interval = seconds(5);
  driver_.settings.ppp.echo_timeout = seconds(20);
  driver_.RunToActive();
  for (int i = 0; i < 20; ++i) {
    driver_.Advance(seconds(4));
    driver_.Lcp(PppCode::kIdentification, i, Octets({1, 2, 3, 4, 'x'}));
  }
  for (int i = 0; i < 20; ++i) {
    driver_.Advance(seconds(4));
    ++driver_.data_packets;
  }
  EXPECT_EQ(driver_.Snapshot().state, SessionState::kActive);
  driver_.Advance(seconds(30));
  EXPECT_TRUE(driver_.closed());
}

// ---- Log

TEST_F(BadInput, FloodsAreNotPutIntoWordsThatNobodyWants) {
  driver_.RunToActive();
  driver_.session().set_log_level(LogLevel::kInfo);
  driver_.TakeLog();
  driver_.Lcp(PppCode::kEchoRequest, 1, Octets({1, 2, 3, 4}));
  driver_.Sstp(codec::EncodeBare(codec::MessageType::kEchoRequest));
  driver_.Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "10.0.0.5"));
  EXPECT_TRUE(driver_.TakeLog().empty());
  EXPECT_FALSE(driver_.TakeSent().empty());
}

}  // namespace
}  // namespace sstpgw::fsm
