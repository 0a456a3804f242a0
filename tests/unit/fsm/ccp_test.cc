// CCP: who asks for MPPE, what is agreed on and what becomes of the session (features 3.5).
#include "gateway/fsm/ccp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "proto/base/text.h"
#include "tests/unit/fsm/ccp_bench.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;

class CcpTest : public CcpBench {
 protected:
  void ExpectRunning(int bits, bool stateless) const {
    EXPECT_TRUE(ccp_->mppe());
    EXPECT_EQ(start_.key_bits, bits);
    EXPECT_EQ(start_.stateless, stateless);
  }
  // No MPPE, no request of ours; the peer's option 18 is rejected.
  void ExpectDenial() {
    EXPECT_EQ(done_, "");
    EXPECT_FALSE(ccp_->required());
    EXPECT_FALSE(ccp_->negotiating());
    Ask(Mppe("HS"));
    EXPECT_EQ(Sent(), Packet(4, 7, Mppe("HS")));
    EXPECT_FALSE(ccp_->mppe());
  }
};

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
  EXPECT_NE(log_.find("the login has given no keys"), std::string::npos);
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

// ---- Modes

TEST_F(CcpTest, AStatefulPeerHasItWhenItInsists) {
  for (const MppePreference preference :
       {MppePreference::kAllow, MppePreference::kPrefer, MppePreference::kRequire}) {
    out_.StopAllExcept();
    Start(preference);
    Ask(Mppe("S"), 1);
    EXPECT_EQ(sent_.back(), Packet(3, 1, Mppe("HS")));
    NakOurs(Mppe("S"));
    EXPECT_EQ(Sent(), Packet(1, 0x26, Mppe("S")));
    Ask(Mppe("S"), 2);
    EXPECT_EQ(Sent(), Packet(2, 2, Mppe("S")));
    EXPECT_TRUE(AckOurs().up);
    EXPECT_EQ(done_, "+");
    ExpectRunning(128, false);
    EXPECT_NE(log_.find("stateful"), std::string::npos);
  }
}

TEST_F(CcpTest, OneThatTakesStatelessButSendsStatefulIsAskedOnceMore) {
  Start(MppePreference::kRequire);
  Ask(Mppe("S"), 1);
  Ask(Mppe("S"), 2);
  EXPECT_EQ(done_, "2");
  AckOurs();  // +H
  EXPECT_FALSE(signals_.up);
  EXPECT_EQ(Sent(), Packet(1, 0x26, Mppe("S")));
  EXPECT_FALSE(ccp_->mppe());
  Ask(Mppe("S"), 3);
  EXPECT_EQ(done_, "2");
  EXPECT_TRUE(AckOurs().up);
  ExpectRunning(128, false);
}

TEST_F(CcpTest, OneThatNeverAgreesWithItselfGetsNone) {
  for (const bool required : {false, true}) {
    out_.StopAllExcept();
    Start(required ? MppePreference::kRequire : MppePreference::kPrefer);
    AckOurs();
    Ask(Mppe("S"), 1);
    Ask(Mppe("S"), 2);
    EXPECT_EQ(done_, "21");
    NakOurs(Mppe("HS"));
    Ask(Mppe("S"), 3);
    AckOurs();
    EXPECT_FALSE(ccp_->mppe());
    if (required) {
      ExpectEnd(Counter::kMppeRefused);
    } else {
      EXPECT_EQ(done_, "5");
      EXPECT_FALSE(signals_.ending.has_value());
    }
  }
}

TEST_F(CcpTest, ShortKeysOnlyWhereRadiusPermitsThem) {
  Start(MppePreference::kPrefer);
  NakOurs(Mppe("HL"));
  EXPECT_EQ(done_, "");
  EXPECT_FALSE(ccp_->negotiating());
  network_.mppe_types = 2 | 4;
  Start();
  EXPECT_EQ(Sent(), Packet(1, 0x25, Mppe("HS")));
  NakOurs(Mppe("HLM"));
  EXPECT_EQ(Sent(), Packet(1, 0x26, Mppe("HL")));  // 56 is not permitted
  Ask(Mppe("HL"));
  EXPECT_TRUE(AckOurs().up);
  ExpectRunning(40, true);
  EXPECT_EQ(ToHex(start_.send_key.Reveal()), ToHex(Key(0x10, 8)));
  EXPECT_EQ(ToHex(start_.receive_key.Reveal()), ToHex(Key(0x80, 8)));
}

TEST_F(CcpTest, TheLongestKeyThatIsPermittedIsAskedFor) {
  struct Case {
    std::uint32_t types;
    const char* asked;
  };
  for (const Case& c : {Case{2, "HL"}, Case{8, "HM"}, Case{4, "HS"}, Case{2 | 8, "HM"},
                        Case{2 | 4 | 8, "HS"}, Case{1 | 4, "HS"}}) {
    out_.StopAllExcept();
    network_.mppe_types = c.types;
    Start(MppePreference::kRequire);
    EXPECT_EQ(Sent(), Packet(1, 0x25, Mppe(c.asked))) << c.types;
    Ask(Mppe(c.asked));
    AckOurs();
    EXPECT_TRUE(ccp_->mppe());
  }
}

TEST_F(CcpTest, TheLanManagerKeyIsForShortKeysOfBothDirections) {
  lan_manager_key_ = Key(0x40, 8);
  for (const std::uint32_t types : {2U, 8U}) {
    network_.mppe_types = types;
    out_.StopAllExcept();
    Start(MppePreference::kPrefer);
    Ask(Mppe(types == 2 ? "HL" : "HM"));
    AckOurs();
    ExpectRunning(types == 2 ? 40 : 56, true);
    EXPECT_EQ(ToHex(start_.send_key.Reveal()), ToHex(lan_manager_key_));
    EXPECT_EQ(ToHex(start_.receive_key.Reveal()), ToHex(lan_manager_key_));
  }
  network_.mppe_types.reset();
  out_.StopAllExcept();
  Start();
  Open();
  EXPECT_EQ(ToHex(start_.send_key.Reveal()), ToHex(Key(0x10)));
}

TEST_F(CcpTest, AnOptionThatIsNotOursIsRejectedVerbatim) {
  Start(MppePreference::kPrefer);
  for (const Bytes& refused : {Option(0, Octets({1, 2, 3})), Option(17, Octets({0, 1, 2})),
                               Option(21, {}), Option(26, Octets({0x78, 0})), Option(18, {}),
                               Option(18, Octets({1, 0, 0})), Option(18, Bytes(253))}) {
    Ask(Join({Mppe("HS"), refused}));
    EXPECT_EQ(Sent(), Packet(4, 7, refused));
  }
}

TEST_F(CcpTest, ASecondMaskIsRejected) {
  Start(MppePreference::kPrefer);
  Ask(Join({Mppe("HS"), Mppe("HL")}));
  EXPECT_EQ(Sent(), Packet(4, 7, Mppe("HL")));
}

// ---- G15: RADIUS

TEST_F(CcpTest, PolicyOfRadiusDecides) {
  using enum MppePreference;
  struct Case {
    MppePreference local;
    std::uint32_t policy;
    const char* done;  // at the start
    bool required;
  };
  for (const Case& c :
       {Case{kDeny, 2, "1", true}, Case{kAllow, 2, "1", true}, Case{kPrefer, 2, "1", true},
        Case{kRequire, 2, "1", true}, Case{kAllow, 1, "", false}, Case{kPrefer, 1, "1", false},
        Case{kRequire, 1, "1", false}, Case{kDeny, 1, "", false}, Case{kRequire, 0, "1", true},
        Case{kPrefer, 3, "1", false}}) {
    network_.mppe_policy = c.policy;
    out_.StopAllExcept();
    Start(c.local);
    EXPECT_EQ(done_, c.done);
    EXPECT_EQ(ccp_->required(), c.required);
    Ask(Mppe("HS"));  // taken in all of these
    EXPECT_NE(done_.find('2'), std::string::npos);
  }
}

TEST_F(CcpTest, TypesThatPermitNothingMeanNone) {
  for (const std::uint32_t types : {0U, 1U, 0x10U, 0xfffffff0U}) {
    network_.mppe_types = types;
    Start(MppePreference::kPrefer);
    EXPECT_NE(log_.find("permits no key length"), std::string::npos);
    ExpectDenial();
    Start(MppePreference::kRequire);
    ExpectEnd(Counter::kMppeRefused);
  }
}

// ---- Reset, and beginning anew

TEST_F(CcpTest, ResetRequestsAreForStateful) {
  Start(MppePreference::kPrefer);
  Open();
  Receive(PppCode::kResetRequest, 3);
  EXPECT_EQ(done_, "");
  ccp_->OutOfStep(out_);
  Collect();
  EXPECT_EQ(done_, "");

  out_.StopAllExcept();
  Start();
  NakOurs(Mppe("S"));
  Ask(Mppe("S"));
  AckOurs();
  ExpectRunning(128, false);
  Receive(PppCode::kResetRequest, 3);
  EXPECT_EQ(done_, "f");  // and no Reset-Ack
  ccp_->OutOfStep(out_);
  Collect();
  EXPECT_EQ(Sent(), Packet(14, 0x27, {}));
  EXPECT_TRUE(ccp_->opened());
}

TEST_F(CcpTest, AnHonestPeerMayBeginAnewOneWithoutEndMayNot) {
  Start(MppePreference::kRequire);
  Open();
  int starts = 0;
  for (int i = 8; i < 100 && !signals_.ending; ++i) {
    Ask(Mppe("HS"), i);
    if (signals_.ending) break;
    AckOurs();
    starts += static_cast<int>(std::count(done_.begin(), done_.end(), '+'));
  }
  EXPECT_EQ(starts, 16);
  ExpectEnd(Counter::kMppeRefused);
}

TEST_F(CcpTest, WithoutNeedOfItOneWithoutEndIsLeftInTheClear) {
  Start(MppePreference::kPrefer);
  Open();
  for (int i = 8; i < 100 && spoken_; ++i) {
    Ask(Mppe("HS"), i);
    ASSERT_FALSE(signals_.ending.has_value());
    if (ccp_->negotiating()) AckOurs();
  }
  EXPECT_FALSE(ccp_->mppe());
  EXPECT_FALSE(spoken_);
}

TEST_F(CcpTest, TheLayerBelowTakesMppeWithIt) {
  Start(MppePreference::kRequire);
  Open();
  signals_ = ccp_->LowerLayerDown(out_);
  Collect();
  EXPECT_EQ(done_, "-");
  EXPECT_FALSE(ccp_->mppe());
}

}  // namespace
}  // namespace sstpgw::fsm
