// CCP: modes and lengths of keys, what RADIUS says, Reset and beginning anew (features 3.5).
#include <gtest/gtest.h>

#include <algorithm>

#include "proto/base/text.h"
#include "tests/unit/fsm/ccp_bench.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;

class CcpModesTest : public CcpBench {};

// ---- Modes

TEST_F(CcpModesTest, AStatefulPeerHasItWhenItInsists) {
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

TEST_F(CcpModesTest, OneThatTakesStatelessButSendsStatefulIsAskedOnceMore) {
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

TEST_F(CcpModesTest, OneThatNeverAgreesWithItselfGetsNone) {
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

TEST_F(CcpModesTest, ShortKeysOnlyWhereRadiusPermitsThem) {
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

TEST_F(CcpModesTest, TheLongestKeyThatIsPermittedIsAskedFor) {
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

TEST_F(CcpModesTest, TheLanManagerKeyIsForShortKeysOfBothDirections) {
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

TEST_F(CcpModesTest, AnOptionThatIsNotOursIsRejectedVerbatim) {
  Start(MppePreference::kPrefer);
  for (const Bytes& refused : {Option(0, Octets({1, 2, 3})), Option(17, Octets({0, 1, 2})),
                               Option(21, {}), Option(26, Octets({0x78, 0})), Option(18, {}),
                               Option(18, Octets({1, 0, 0})), Option(18, Bytes(253))}) {
    Ask(Join({Mppe("HS"), refused}));
    EXPECT_EQ(Sent(), Packet(4, 7, refused));
  }
}

TEST_F(CcpModesTest, ASecondMaskIsRejected) {
  Start(MppePreference::kPrefer);
  Ask(Join({Mppe("HS"), Mppe("HL")}));
  EXPECT_EQ(Sent(), Packet(4, 7, Mppe("HL")));
}

// ---- G15: RADIUS

TEST_F(CcpModesTest, PolicyOfRadiusDecides) {
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

TEST_F(CcpModesTest, TypesThatPermitNothingMeanNone) {
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

TEST_F(CcpModesTest, ResetRequestsAreForStateful) {
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

TEST_F(CcpModesTest, AnHonestPeerMayBeginAnewOneWithoutEndMayNot) {
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

TEST_F(CcpModesTest, WithoutNeedOfItOneWithoutEndIsLeftInTheClear) {
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

TEST_F(CcpModesTest, TheLayerBelowTakesMppeWithIt) {
  Start(MppePreference::kRequire);
  Open();
  signals_ = ccp_->LowerLayerDown(out_);
  Collect();
  EXPECT_EQ(done_, "-");
  EXPECT_FALSE(ccp_->mppe());
}

}  // namespace
}  // namespace sstpgw::fsm
