#include "gateway/fsm/ppp_fsm.h"

namespace sstpgw::fsm {
namespace {

using enum PppAction;
using Row = std::array<PppCell, kPppStateCount>;

// Short names so that the table below reads like the one in RFC 1661 4.1.
constexpr PppAction tlu = kLayerUp, tld = kLayerDown, tls = kLayerStarted, tlf = kLayerFinished,
                    irc = kInitRestartCount, zrc = kZeroRestartCount, scr = kSendConfRequest,
                    sca = kSendConfAck, scn = kSendConfNakReject, str = kSendTermRequest,
                    sta = kSendTermAck, scj = kSendCodeReject, ser = kSendEchoReply;

constexpr PppCell To(int next, PppAction a = kNone, PppAction b = kNone, PppAction c = kNone) {
  return {.possible = true, .next = static_cast<PppState>(next), .actions = {a, b, c}};
}
constexpr PppCell kNo{};

// Cells marked r (restart), p (passive) or x (crossed connections) in the RFC are footnotes for the
// owner and have no action of their own.
// clang-format off
constexpr std::array<Row, kPppEventCount> kTable = {{
    /* Up    */ {{To(2), To(6, irc, scr), kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo}},
    /* Down  */ {{kNo, kNo, To(0), To(1, tls), To(0), To(1), To(1), To(1), To(1), To(1, tld)}},
    /* Open  */ {{To(1, tls), To(1), To(6, irc, scr), To(3), To(5), To(5), To(6), To(7), To(8), To(9)}},
    /* Close */ {{To(0), To(0, tlf), To(2), To(2), To(4), To(4), To(4, irc, str), To(4, irc, str),
                  To(4, irc, str), To(4, tld, irc, str)}},
    /* TO+   */ {{kNo, kNo, kNo, kNo, To(4, str), To(5, str), To(6, scr), To(6, scr), To(8, scr), kNo}},
    /* TO-   */ {{kNo, kNo, kNo, kNo, To(2, tlf), To(3, tlf), To(3, tlf), To(3, tlf), To(3, tlf), kNo}},
    /* RCR+  */ {{kNo, kNo, To(2, sta), To(8, irc, scr, sca), To(4), To(5), To(8, sca), To(9, sca, tlu),
                  To(8, sca), To(9, sca)}},
    /* RCR-  */ {{kNo, kNo, To(2, sta), To(6, irc, scr, scn), To(4), To(5), To(6, scn), To(7, scn),
                  To(6, scn), To(6, tld, scr, scn)}},
    /* RCA   */ {{kNo, kNo, To(2, sta), To(3, sta), To(4), To(5), To(7, irc), To(6, scr),
                  To(9, irc, tlu), To(6, tld, scr)}},
    /* RCN   */ {{kNo, kNo, To(2, sta), To(3, sta), To(4), To(5), To(6, irc, scr), To(6, scr),
                  To(8, irc, scr), To(6, tld, scr)}},
    /* RTR   */ {{kNo, kNo, To(2, sta), To(3, sta), To(4, sta), To(5, sta), To(6, sta), To(6, sta),
                  To(6, sta), To(5, tld, zrc, sta)}},
    /* RTA   */ {{kNo, kNo, To(2), To(3), To(2, tlf), To(3, tlf), To(6), To(6), To(8), To(6, tld, scr)}},
    /* RUC   */ {{kNo, kNo, To(2, scj), To(3, scj), To(4, scj), To(5, scj), To(6, scj), To(7, scj),
                  To(8, scj), To(9, scj)}},
    /* RXJ+  */ {{kNo, kNo, To(2), To(3), To(4), To(5), To(6), To(6), To(8), To(9)}},
    /* RXJ-  */ {{kNo, kNo, To(2, tlf), To(3, tlf), To(2, tlf), To(3, tlf), To(3, tlf), To(3, tlf),
                  To(3, tlf), To(5, tld, irc, str)}},
    /* RXR   */ {{kNo, kNo, To(2), To(3), To(4), To(5), To(6), To(7), To(8), To(9, ser)}},
}};
// clang-format on

}  // namespace

const char* ToString(PppState state) {
  constexpr std::array<const char*, kPppStateCount> kNames = {
      "Initial",  "Starting", "Closed",   "Stopped",  "Closing",
      "Stopping", "Req-Sent", "Ack-Rcvd", "Ack-Sent", "Opened"};
  return kNames[static_cast<std::size_t>(state)];
}

const PppCell& Transition(PppState state, PppEvent event) {
  return kTable[static_cast<std::size_t>(event)][static_cast<std::size_t>(state)];
}

}  // namespace sstpgw::fsm
