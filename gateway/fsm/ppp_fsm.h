// The option negotiation automaton of RFC 1661 section 4 as data: one cell per state and event. Who
// owns a protocol (control_protocol.h) feeds events in and carries the cell's actions out, in
// order.
//
// Deviation from the RFC, needed by real clients (features Annex F): an acceptable
// Configure-Request in Opened is acknowledged again and the layer stays open.
//
// Threads: values, no state outside PppFsm. Errors: none; an event that cannot happen in a state is
// a cell without actions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sstpgw::fsm {

// Numbered as in RFC 1661 4.1.
enum class PppState : std::uint8_t {
  kInitial,
  kStarting,
  kClosed,
  kStopped,
  kClosing,
  kStopping,
  kReqSent,
  kAckRcvd,
  kAckSent,
  kOpened,
};
inline constexpr std::size_t kPppStateCount = 10;
[[nodiscard]] const char* ToString(PppState state);  // "Req-Sent"

enum class PppEvent : std::uint8_t {
  kUp,
  kDown,
  kOpen,
  kClose,
  kTimeoutRetry,    // TO+: the restart counter is above zero
  kTimeoutGiveUp,   // TO-
  kGoodRequest,     // RCR+
  kBadRequest,      // RCR-
  kAck,             // RCA
  kNak,             // RCN: Configure-Nak or Configure-Reject
  kTermRequest,     // RTR
  kTermAck,         // RTA
  kUnknownCode,     // RUC
  kHarmlessReject,  // RXJ+
  kFatalReject,     // RXJ-
  kEcho,            // RXR: Echo-Request, Echo-Reply, Discard-Request
};
inline constexpr std::size_t kPppEventCount = 16;

enum class PppAction : std::uint8_t {
  kNone,
  kLayerUp,            // tlu
  kLayerDown,          // tld
  kLayerStarted,       // tls
  kLayerFinished,      // tlf
  kInitRestartCount,   // irc
  kZeroRestartCount,   // zrc
  kSendConfRequest,    // scr
  kSendConfAck,        // sca
  kSendConfNakReject,  // scn
  kSendTermRequest,    // str
  kSendTermAck,        // sta
  kSendCodeReject,     // scj
  kSendEchoReply,      // ser
};

struct PppCell {
  // `-` of the table: next is the same state and there is nothing to do.
  bool possible = false;
  PppState next = PppState::kInitial;
  std::array<PppAction, 3> actions{};  // in order, kNone behind the last
};

[[nodiscard]] const PppCell& Transition(PppState state, PppEvent event);

// In these states the restart timer runs (RFC 1661 4.2).
[[nodiscard]] constexpr bool RestartTimerRuns(PppState state) {
  return state >= PppState::kClosing && state <= PppState::kAckSent;
}

class PppFsm {
 public:
  // Moves on and returns the cell that was taken; valid for ever (static data).
  const PppCell& Step(PppEvent event) {
    const PppCell& cell = Transition(state_, event);
    if (cell.possible) state_ = cell.next;
    return cell;
  }
  // The passive open of RFC 1661 4.1 note [1]: lower layer is up, wait for the peer's request in
  // Stopped. Only from Initial.
  void Listen() {
    if (state_ == PppState::kInitial) state_ = PppState::kStopped;
  }
  [[nodiscard]] PppState state() const { return state_; }

 private:
  PppState state_ = PppState::kInitial;
};

}  // namespace sstpgw::fsm
