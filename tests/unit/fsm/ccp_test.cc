// CCP: who asks for MPPE, what is agreed on and what becomes of the session (features 3.5).
#include "gateway/fsm/ccp.h"

#include <gtest/gtest.h>

#include <string>

#include "proto/base/text.h"
#include "tests/unit/fsm/ccp_bench.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;

class CcpTest : public CcpBench {};

// ---- G11: require

TEST_F(CcpTest, RequireAsksForStateless128Bits) {
  Start(MppePreference::kRequire);
  EXPECT_EQ(Sent(), Packet(1, 0x25, Mppe("HS")));
  EXPECT_TRUE(ccp_->required());
  EXPECT_TRUE(ccp_->withholds_network());
  EXPECT_TRUE(ccp_->negotiating());
  EXPECT_EQ(AckOurs().up, false);
  EXPECT_TRUE(Ask(Mppe("HS")).up);
  EXPECT_EQ(done_, "2+");
  ExpectRunning(128, true);
  EXPECT_EQ(ToHex(start_.send_key.Reveal()), ToHex(Key(0x10)));
  EXPECT_EQ(ToHex(start_.receive_key.Reveal()), ToHex(Key(0x80)));
  EXPECT_FALSE(ccp_->withholds_network());
  EXPECT_FALSE(ccp_->negotiating());
  EXPECT_NE(log_.find("mppe: 128 bits, stateless"), std::string::npos);
}

TEST_F(CcpTest, RequireNaksAnythingElseAndEndsWhenThePeerInsists) {
  Start(MppePreference::kRequire);
  for (const char* wish : {"", "H", "HSC", "HSL", "HL", "HM", "HSLMDC", "HLMC", "HSD"}) {
    Ask(Mppe(wish));
    EXPECT_EQ(Sent(), Packet(3, 7, Mppe("HS"))) << wish;
  }
  Ask({});
  EXPECT_EQ(Sent(), Packet(3, 7, Mppe("HS")));
  Ask(Mppe("HC"));
  ExpectEnd(Counter::kMppeRefused);
  EXPECT_TRUE(ccp_->withholds_network());
}

TEST_F(CcpTest, RequireEndsWithoutKeys) {
  with_keys_ = false;
  Start(MppePreference::kRequire);
  ExpectEnd(Counter::kMppeNoKeys);
  EXPECT_EQ(signals_.ending->reason, "MPPE is required, but the login has given no keys for it");
  send_key_ = Key(1, 8);  // of 40 and 56 bits only
  with_keys_ = true;
  Start(MppePreference::kRequire);
  ExpectEnd(Counter::kMppeNoKeys);
}

TEST_F(CcpTest, RequireEndsWithoutRc4) {
  rc4_ = false;
  Start(MppePreference::kRequire);
  ExpectEnd(Counter::kMppeNoProvider);
}

TEST_F(CcpTest, RequireEndsWhenThePeerRejectsOrDoesNotSpeakCcp) {
  Start(MppePreference::kRequire);
  RejectOurs(Mppe("HS"));
  ExpectEnd(Counter::kMppeRefused);
  out_.StopAllExcept();
  Start();
  signals_ = ccp_->RejectedByPeer(out_);
  ExpectEnd(Counter::kMppeRefused);
}

TEST_F(CcpTest, RequireEndsWhenNobodyAnswersThreeRequests) {
  Start(MppePreference::kRequire);
  Expire();
  EXPECT_EQ(Sent(), Packet(1, 0x25, Mppe("HS")));
  Expire();
  EXPECT_FALSE(signals_.ending.has_value());
  Expire();
  EXPECT_TRUE(sent_.empty());
  ExpectEnd(Counter::kMppeRefused);
}

TEST_F(CcpTest, RequireIsNeverInTheClearWhileThePeerBeginsAnew) {
  Start(MppePreference::kRequire);
  Open();
  Ask(Mppe("HS"), 8);
  EXPECT_EQ(done_, "12");
  EXPECT_TRUE(ccp_->mppe());
  EXPECT_FALSE(ccp_->withholds_network());
  EXPECT_TRUE(AckOurs().up);
  EXPECT_EQ(done_, "+");  // with new keys
}

// ---- G12: prefer

TEST_F(CcpTest, PreferAsksAndGoesOnWithout) {
  Start(MppePreference::kPrefer);
  EXPECT_EQ(Sent(), Packet(1, 0x25, Mppe("HS")));
  EXPECT_FALSE(ccp_->withholds_network());
  EXPECT_TRUE(ccp_->negotiating());
  RejectOurs(Mppe("HS"));
  EXPECT_EQ(done_, "");
  EXPECT_FALSE(ccp_->negotiating());
  EXPECT_FALSE(ccp_->mppe());
}

TEST_F(CcpTest, PreferAsksThreeTimesAndStillTakesALateRequest) {
  Start(MppePreference::kPrefer);
  for (int i = 0; i < 2; ++i) EXPECT_EQ((Expire(), done_), "1");
  EXPECT_EQ((Expire(), done_), "");
  EXPECT_FALSE(signals_.ending.has_value());
  EXPECT_FALSE(ccp_->negotiating());
  Ask(Mppe("HS"));
  EXPECT_EQ(done_, "12");
  EXPECT_TRUE(AckOurs().up);
  ExpectRunning(128, true);
}

TEST_F(CcpTest, FewerRequestsWhereTheOperatorSaysSo) {
  settings_.max_configure = 1;
  Start(MppePreference::kPrefer);
  EXPECT_EQ((Expire(), done_), "");
}

TEST_F(CcpTest, PreferDoesNotAskWithoutKeysOrRc4) {
  with_keys_ = false;
  Start(MppePreference::kPrefer);
  EXPECT_EQ(log_.find("mppe"), std::string::npos);  // PAP and CHAP never give any
  ExpectDenial();
  with_keys_ = true;
  rc4_ = false;
  Start();
  ExpectDenial();
}

TEST_F(CcpTest, PreferEndsNoSessionHoweverThePeerInsists) {
  Start(MppePreference::kPrefer);
  for (int i = 0; i < 100; ++i) {
    Ask(Mppe("HC"), i);
    ASSERT_FALSE(signals_.ending.has_value()) << i;
  }
  EXPECT_FALSE(spoken_);  // Protocol-Reject by now
  EXPECT_FALSE(ccp_->negotiating());
}

TEST_F(CcpTest, PreferWithAPeerThatNaksWithoutEnd) {
  Start(MppePreference::kPrefer);
  for (int i = 0; i < 100 && ccp_->negotiating(); ++i) {
    NakOurs(Mppe(i % 2 == 0 ? "S" : "HS"));
    ASSERT_FALSE(signals_.ending.has_value()) << i;
  }
  EXPECT_FALSE(ccp_->negotiating());
}

// Windows asks for compression first.
TEST_F(CcpTest, PreferWithAClientThatOnlyCompresses) {
  Start(MppePreference::kPrefer);
  Ask(Mppe("HC"), 5);
  EXPECT_EQ(Sent(), Packet(3, 5, Mppe("HS")));
  Ask(Mppe("HC"), 6);
  EXPECT_EQ(Sent(), Packet(4, 6, Mppe("HC")));
  Ask({}, 7);
  EXPECT_EQ(Sent(), Packet(2, 7, {}));
  AckOurs();
  EXPECT_EQ(done_, "5");  // one direction is not enough
  EXPECT_FALSE(ccp_->mppe());
  EXPECT_FALSE(signals_.ending.has_value());
  EXPECT_FALSE(signals_.up);
  Receive(PppCode::kTerminateAck, sent_.at(0).at(1));
  EXPECT_EQ(ccp_->state(), PppState::kStopped);
}

TEST_F(CcpTest, WindowsOffersEverythingAndTakesWhatWeNak) {
  Start(MppePreference::kPrefer);
  Ask(Mppe("HMSLC"), 5);
  EXPECT_EQ(Sent(), Packet(3, 5, Mppe("HS")));
  Ask(Mppe("HS"), 6);
  EXPECT_EQ(Sent(), Packet(2, 6, Mppe("HS")));
  EXPECT_TRUE(AckOurs().up);
  ExpectRunning(128, true);
}

TEST_F(CcpTest, PreferGoesOnWhenThePeerClosesAndMayHaveItAgain) {
  Start(MppePreference::kPrefer);
  Open();
  Receive(PppCode::kTerminateRequest, 0x33);
  EXPECT_EQ(done_, "6-");
  EXPECT_FALSE(signals_.ending.has_value());
  EXPECT_EQ((Expire(), done_), "");
  EXPECT_EQ(ccp_->state(), PppState::kStopped);
  Ask(Mppe("HS"), 9);
  EXPECT_EQ(done_, "12");
  AckOurs();
  EXPECT_TRUE(ccp_->mppe());
}

// Each opening begins with the same keys.
TEST_F(CcpTest, OpenedAgainAndAgainIsTheEndOfIt) {
  for (const MppePreference preference : {MppePreference::kRequire, MppePreference::kPrefer}) {
    Start(preference);
    Open();
    int opened = 1;
    for (int i = 0; i < 64 && ccp_->mppe() && !signals_.ending; ++i) {
      Receive(PppCode::kTerminateAck, 0x33);  // unasked: down, and asked for anew
      Ask(Mppe("HS"), 100 + i);
      AckOurs();
      opened += ccp_->opened() ? 1 : 0;
    }
    EXPECT_LE(opened, 18);
    EXPECT_EQ(signals_.ending.has_value(), preference == MppePreference::kRequire);
    if (preference == MppePreference::kPrefer) {
      EXPECT_FALSE(ccp_->mppe());
    }
  }
}

// ---- G13: deny, G1: disable-ccp

TEST_F(CcpTest, DenyRejectsAndAsksForNothing) {
  Start(MppePreference::kDeny);
  ExpectDenial();
  Ask(Join({Option(17, Octets({1})), Mppe("HMSLC")}), 9);
  EXPECT_EQ(Sent(), Packet(4, 9, Join({Option(17, Octets({1})), Mppe("HMSLC")})));
  Ask({}, 10);  // there is nothing left to talk about
  EXPECT_FALSE(spoken_);
  Receive(PppCode::kTerminateRequest, 11);
  EXPECT_EQ(Sent(), Packet(6, 11, {}));
}

TEST_F(CcpTest, DenyDoesNotRejectForEver) {
  Start(MppePreference::kDeny);
  for (int i = 0; i < 10; ++i) {
    Ask(Mppe("HS"), i);
    EXPECT_EQ(done_, "4") << i;
  }
  Ask(Mppe("HS"), 11);
  EXPECT_FALSE(spoken_);
}

TEST_F(CcpTest, BrokenOptionsAreNotRepeated) {
  Start(MppePreference::kDeny);
  Ask(Octets({18, 9, 0}));
  EXPECT_EQ(done_, "");
}

TEST_F(CcpTest, DisableCcpWinsOverEverything) {
  settings_.disable_ccp = true;
  network_.mppe_policy = 2;
  for (const MppePreference preference : {MppePreference::kDeny, MppePreference::kAllow,
                                          MppePreference::kPrefer, MppePreference::kRequire}) {
    Start(preference);
    EXPECT_EQ(done_, "");
    EXPECT_NE(log_.find("required by RADIUS, but CCP is disabled"), std::string::npos);
    EXPECT_FALSE(ccp_->withholds_network());
    for (const PppCode code :
         {PppCode::kConfigureRequest, PppCode::kTerminateRequest, PppCode::kResetRequest}) {
      Receive(code, 1, Mppe("HS"));
      EXPECT_FALSE(spoken_);
    }
  }
}

TEST_F(CcpTest, BeforeItsStartNothingIsSpoken) {
  Make();
  Receive(PppCode::kConfigureRequest, 1, Mppe("HS"));
  EXPECT_FALSE(spoken_);
}

// ---- G14: allow

TEST_F(CcpTest, AllowWaitsAndTakesWhatThePeerAsksFor) {
  Start(MppePreference::kAllow);
  EXPECT_EQ(done_, "");
  EXPECT_FALSE(ccp_->negotiating());
  Ask(Mppe("HS"));
  EXPECT_EQ(sent_.at(0), Packet(1, 0x25, Mppe("HS")));
  EXPECT_EQ(sent_.at(1), Packet(2, 7, Mppe("HS")));
  EXPECT_TRUE(AckOurs().up);
  ExpectRunning(128, true);
}

TEST_F(CcpTest, AllowNaksOtherMasksOnce) {
  Start(MppePreference::kAllow);
  Ask(Mppe("S"));
  EXPECT_EQ(sent_.at(1), Packet(3, 7, Mppe("HS")));
}

}  // namespace
}  // namespace sstpgw::fsm
