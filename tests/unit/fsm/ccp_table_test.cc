// CCP: one test per state and event (RFC 1661 4.1 with what features 3.5 makes of it).
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/unit/fsm/ccp_bench.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;

// What was done (CcpBench::Collect) and the number of the next state. Columns: Stopped, Req-Sent,
// Ack-Rcvd, Ack-Sent, Opened, Stopping; x: cannot be.
constexpr char kPrefer[] =
    "good-request      12/8  2/8   2+/9  2/8   12-/8 /5\n"
    "same-request      12/8  2/8   2+/9  2/8   2/9   /5\n"
    "other-request     13/6  3/6   3/7   3/6   13-/6 /5\n"
    "empty-request     13/6  3/6   3/7   3/6   13-/6 /5\n"
    "unknown-option    14/6  4/6   4/7   4/6   14-/6 /5\n"
    "broken-request    /3    /6    /7    /8    /9    /5\n"
    "ack               /3    /7    /7    +/9   /9    /5\n"
    "ack-of-another    /3    /6    /7    /8    /9    /5\n"
    "nak-usable        /3    1/6   /7    1/8   /9    /5\n"
    "nak-foreign       w/3   w/3   /7    w/3   /9    /5\n"
    "reject            w/3   w/3   /7    w/3   /9    /5\n"
    "reject-of-another /3    /6    /7    /8    /9    /5\n"
    "term-request      6/3   6/3   6/3   6/3   6-/5  6/5\n"
    "term-ack          /3    /6    /6    /8    1-/6  /3\n"
    "code-reject       w/3   w/3   w/3   w/3   5-w/3 w/3\n"
    "code-reject-reset /3    /6    /6    /8    /9    /5\n"
    "reset-request     /3    /6    /7    /8    /9    /5\n"
    "reset-ack         /3    /6    /7    /8    /9    /5\n"
    "unknown-code      7/3   7/6   7/7   7/8   7/9   7/5\n"
    "protocol-reject   w/3   w/3   w/3   w/3   5-w/5 w/3\n"
    "timeout           x     1/6   1/6   1/8   x     /3\n"
    "out-of-step       /3    /6    /7    /8    /9    /5\n"
    "down              x     /1    /1    /1    -/1   /1\n";

// Stopped and Stopping are behind an end.
constexpr char kRequire[] =
    "good-request      x     2/8   2+/9  2/8   12/8  x\n"
    "same-request      x     2/8   2+/9  2/8   2/9   x\n"
    "other-request     x     3/6   3/7   3/6   13/6  x\n"
    "empty-request     x     3/6   3/7   3/6   13/6  x\n"
    "unknown-option    x     4/6   4/7   4/6   14/6  x\n"
    "broken-request    x     /6    /7    /8    /9    x\n"
    "ack               x     /7    /7    +/9   /9    x\n"
    "ack-of-another    x     /6    /7    /8    /9    x\n"
    "nak-usable        x     1/6   /7    1/8   /9    x\n"
    "nak-foreign       x     !/6   /7    !/8   /9    x\n"
    "reject            x     !/6   /7    !/8   /9    x\n"
    "reject-of-another x     /6    /7    /8    /9    x\n"
    "term-request      x     6!/6  6!/6  6!/6  6!/5  x\n"
    "term-ack          x     /6    /6    /8    1/6   x\n"
    "code-reject       x     !/3   !/3   !/3   5!/5  x\n"
    "code-reject-reset x     /6    /6    /8    /9    x\n"
    "reset-request     x     /6    /7    /8    /9    x\n"
    "reset-ack         x     /6    /7    /8    /9    x\n"
    "unknown-code      x     7/6   7/7   7/8   7/9   x\n"
    "protocol-reject   x     !/6   !/7   !/8   !/9   x\n"
    "timeout           x     1/6   1/6   1/8   x     x\n"
    "out-of-step       x     /6    /7    /8    /9    x\n"
    "down              x     /1    /1    /1    -/1   x\n";

struct Cell {
  MppePreference preference{};
  std::string event;
  PppState state{};
  std::string expected;
};

std::vector<Cell> Cells() {
  constexpr PppState kColumns[] = {PppState::kStopped, PppState::kReqSent, PppState::kAckRcvd,
                                   PppState::kAckSent, PppState::kOpened,  PppState::kStopping};
  std::vector<Cell> cells;
  for (const auto& [preference, table] : std::map<MppePreference, const char*>{
           {MppePreference::kPrefer, kPrefer}, {MppePreference::kRequire, kRequire}}) {
    std::istringstream rows(table);
    std::string row;
    while (std::getline(rows, row)) {
      std::istringstream words(row);
      std::string event;
      std::string text;
      words >> event;
      for (const PppState state : kColumns) {
        words >> text;
        if (text != "x") cells.push_back({preference, event, state, text});
      }
    }
  }
  return cells;
}

class CcpTableTest : public CcpBench, public testing::WithParamInterface<Cell> {
 protected:
  void GoTo(PppState state) {
    Start(GetParam().preference);
    const bool ask = state == PppState::kAckSent || state == PppState::kOpened;
    if (state == PppState::kAckRcvd) AckOurs();
    if (ask || state == PppState::kStopping) Ask(Mppe("HS"), 7);
    if (state == PppState::kOpened || state == PppState::kStopping) AckOurs();
    if (state == PppState::kStopping) Receive(PppCode::kTerminateRequest, 9);
    if (state == PppState::kStopped) {
      for (int i = 0; i < 3; ++i) Expire();
    }
    ASSERT_EQ(ccp_->state(), state);
  }
  void Happen(const std::string& event) {
    const Bytes other_option = Option(17, Octets({1, 2}));
    const std::map<std::string, std::function<void()>> events = {
        {"good-request", [this] { Ask(Mppe("HS"), 8); }},
        {"same-request", [this] { Ask(Mppe("HS"), 7); }},
        {"other-request", [this] { Ask(Mppe("HL"), 8); }},
        {"empty-request", [this] { Ask({}, 8); }},
        {"unknown-option",
         [&] {
           Ask(Join({Mppe("HS"), other_option}), 8);
         }},
        {"broken-request",
         [this] {
           Ask(Octets({18, 9, 0}), 8);
         }},
        {"ack", [this] { AckOurs(); }},
        {"ack-of-another", [this] { Receive(PppCode::kConfigureAck, 0x77, Mppe("HS")); }},
        {"nak-usable", [this] { NakOurs(Mppe("S")); }},
        {"nak-foreign", [this] { NakOurs(Mppe("HLM")); }},
        {"reject", [this] { RejectOurs(Mppe("HS")); }},
        {"reject-of-another", [&] { RejectOurs(other_option); }},
        {"term-request", [this] { Receive(PppCode::kTerminateRequest, 9); }},
        {"term-ack", [this] { Receive(PppCode::kTerminateAck, 9); }},
        {"code-reject",
         [this] {
           Receive(PppCode::kCodeReject, 9, Octets({1, 1, 0, 4}));
         }},
        {"code-reject-reset",
         [this] {
           Receive(PppCode::kCodeReject, 9, Octets({14, 1, 0, 4}));
         }},
        {"reset-request", [this] { Receive(PppCode::kResetRequest, 9); }},
        {"reset-ack", [this] { Receive(PppCode::kResetAck, 9); }},
        {"unknown-code", [this] { Receive(static_cast<PppCode>(99), 9); }},
        {"protocol-reject",
         [this] {
           signals_ = ccp_->RejectedByPeer(out_);
           Collect();
         }},
        {"timeout", [this] { Expire(); }},
        {"out-of-step",
         [this] {
           signals_ = {};
           ccp_->OutOfStep(out_);
           Collect();
         }},
        {"down",
         [this] {
           signals_ = ccp_->LowerLayerDown(out_);
           Collect();
         }},
    };
    events.at(event)();
  }
  // Nobody who asks is heard any more.
  [[nodiscard]] bool TakesNothing() const {
    const Bytes empty = ControlPacketOf(PppCode::kConfigureRequest, 1, {});
    return !ccp_->Speaks(codec::ParseControlPacket(empty).value());
  }
};

TEST_P(CcpTableTest, Cell) {
  GoTo(GetParam().state);
  const bool running = ccp_->mppe();
  Happen(GetParam().event);
  if (TakesNothing()) done_ += 'w';
  EXPECT_EQ(done_ + "/" + std::to_string(static_cast<int>(ccp_->state())), GetParam().expected);
  const bool started = done_.find('+') != std::string::npos;
  const bool stopped = done_.find('-') != std::string::npos;
  EXPECT_EQ(ccp_->mppe(), (running || started) && !stopped);
  if (GetParam().preference == MppePreference::kRequire && GetParam().event != "down") {
    EXPECT_EQ(ccp_->withholds_network(), !ccp_->mppe());
  } else if (GetParam().preference == MppePreference::kPrefer) {
    EXPECT_FALSE(ccp_->withholds_network());
  }
}

INSTANTIATE_TEST_SUITE_P(Rfc1661, CcpTableTest, testing::ValuesIn(Cells()),
                         [](const testing::TestParamInfo<Cell>& cell) {
                           std::string name = cell.param.preference == MppePreference::kPrefer
                                                  ? "Prefer_"
                                                  : "Require_";
                           name += cell.param.event + "_" + ToString(cell.param.state);
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace sstpgw::fsm
