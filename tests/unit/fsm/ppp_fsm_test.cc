// One test per cell of RFC 1661 4.1. The table below is the RFC's, as text; the code's table is
// checked against it. "r", "p" and "x" are the RFC's footnotes.
#include "gateway/fsm/ppp_fsm.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace sstpgw::fsm {
namespace {

// One deviation: RCR+ in Opened is "tld,scr,sca/8" in the RFC (features Annex F, last line).
constexpr char kTable[] =
    "Up    2 irc,scr/6 - - - - - - - -\n"
    "Down  - - 0 tls/1 0 1 1 1 1 tld/1\n"
    "Open  tls/1 1 irc,scr/6 3r 5r 5r 6 7 8 9r\n"
    "Close 0 tlf/0 2 2 4 4 irc,str/4 irc,str/4 irc,str/4 tld,irc,str/4\n"
    "TO+   - - - - str/4 str/5 scr/6 scr/6 scr/8 -\n"
    "TO-   - - - - tlf/2 tlf/3 tlf/3p tlf/3p tlf/3p -\n"
    "RCR+  - - sta/2 irc,scr,sca/8 4 5 sca/8 sca,tlu/9 sca/8 sca/9\n"
    "RCR-  - - sta/2 irc,scr,scn/6 4 5 scn/6 scn/7 scn/6 tld,scr,scn/6\n"
    "RCA   - - sta/2 sta/3 4 5 irc/7 scr/6x irc,tlu/9 tld,scr/6x\n"
    "RCN   - - sta/2 sta/3 4 5 irc,scr/6 scr/6x irc,scr/8 tld,scr/6x\n"
    "RTR   - - sta/2 sta/3 sta/4 sta/5 sta/6 sta/6 sta/6 tld,zrc,sta/5\n"
    "RTA   - - 2 3 tlf/2 tlf/3 6 6 8 tld,scr/6\n"
    "RUC   - - scj/2 scj/3 scj/4 scj/5 scj/6 scj/7 scj/8 scj/9\n"
    "RXJ+  - - 2 3 4 5 6 6 8 9\n"
    "RXJ-  - - tlf/2 tlf/3 tlf/2 tlf/3 tlf/3 tlf/3 tlf/3 tld,irc,str/5\n"
    "RXR   - - 2 3 4 5 6 7 8 ser/9\n";

struct Cell {
  PppEvent event{};
  PppState state{};
  std::string name;  // of the event
  std::string text;
};

std::vector<Cell> Cells() {
  std::vector<Cell> cells;
  std::istringstream rows(kTable);
  std::string row;
  for (int event = 0; std::getline(rows, row); ++event) {
    std::istringstream words(row);
    std::string name, text;
    words >> name;
    for (int state = 0; words >> text; ++state) {
      cells.push_back({static_cast<PppEvent>(event), static_cast<PppState>(state), name, text});
    }
  }
  return cells;
}

// "irc,scr/6" as the cell it stands for.
PppCell Expected(const Cell& cell) {
  static const std::map<std::string, PppAction> kActions = {
      {"tlu", PppAction::kLayerUp},           {"tld", PppAction::kLayerDown},
      {"tls", PppAction::kLayerStarted},      {"tlf", PppAction::kLayerFinished},
      {"irc", PppAction::kInitRestartCount},  {"zrc", PppAction::kZeroRestartCount},
      {"scr", PppAction::kSendConfRequest},   {"sca", PppAction::kSendConfAck},
      {"scn", PppAction::kSendConfNakReject}, {"str", PppAction::kSendTermRequest},
      {"sta", PppAction::kSendTermAck},       {"scj", PppAction::kSendCodeReject},
      {"ser", PppAction::kSendEchoReply},
  };
  PppCell expected;
  if (cell.text == "-") return expected;
  expected.possible = true;
  const std::size_t slash = cell.text.find('/');
  const std::string state = slash == std::string::npos ? cell.text : cell.text.substr(slash + 1);
  expected.next = static_cast<PppState>(state.at(0) - '0');
  if (slash == std::string::npos) return expected;
  std::istringstream actions(cell.text.substr(0, slash));
  std::string action;
  for (std::size_t i = 0; std::getline(actions, action, ','); ++i) {
    expected.actions.at(i) = kActions.at(action);
  }
  return expected;
}

class Rfc1661Table : public testing::TestWithParam<Cell> {};

TEST_P(Rfc1661Table, Cell) {
  const Cell& cell = GetParam();
  const PppCell expected = Expected(cell);
  const PppCell& actual = Transition(cell.state, cell.event);
  EXPECT_EQ(actual.possible, expected.possible);
  if (expected.possible) {
    EXPECT_EQ(actual.next, expected.next) << ToString(actual.next);
  }
  EXPECT_EQ(actual.actions, expected.actions) << cell.text;
}

std::string CellName(const testing::TestParamInfo<Cell>& info) {
  std::string name = info.param.name + "_in_" + ToString(info.param.state);
  for (char& c : name) {
    if (c == '+') c = 'p';
    if (c == '-') c = 'm';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Section4_1, Rfc1661Table, testing::ValuesIn(Cells()), CellName);

TEST(Rfc1661, TheTextHoldsAllCells) { EXPECT_EQ(Cells().size(), kPppEventCount * kPppStateCount); }

TEST(Rfc1661, Section4_2RestartTimerRunsFromClosingToAckSent) {
  for (int state = 0; state < 10; ++state) {
    EXPECT_EQ(RestartTimerRuns(static_cast<PppState>(state)), state >= 4 && state <= 8) << state;
  }
}

TEST(PppFsm, AnEventThatCannotHappenChangesNothing) {
  PppFsm fsm;
  fsm.Step(PppEvent::kAck);
  EXPECT_EQ(fsm.state(), PppState::kInitial);
}

TEST(PppFsm, ListenWaitsInStopped) {
  PppFsm fsm;
  fsm.Listen();
  EXPECT_EQ(fsm.state(), PppState::kStopped);
  fsm.Listen();
  EXPECT_EQ(fsm.state(), PppState::kStopped);
  fsm.Step(PppEvent::kGoodRequest);
  EXPECT_EQ(fsm.state(), PppState::kAckSent);
  fsm.Listen();  // only from Initial
  EXPECT_EQ(fsm.state(), PppState::kAckSent);
}

}  // namespace
}  // namespace sstpgw::fsm
