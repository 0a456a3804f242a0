// What a machine tells the session about itself after one step, apart from actions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/fsm/session_api.h"
#include "proto/base/messages.h"

namespace sstpgw::fsm {

// Why a session has to end. The first one counts (features 6.4).
struct Ending {
  TerminateCause cause = TerminateCause::kNone;
  std::string reason;                             // words for the log and the report; escaped
  Termination manner = Termination::kSoft;        // soft: LCP Terminate-Request first
  bool link_closed = false;                       // by the peer: no Terminate-Request is needed
  std::optional<Counter> counter = std::nullopt;  // grows by one if this ending is the one
  std::string farewell = {};                      // for the peer, in the Terminate-Request
};

// Of LCP or an NCP. More than one can be set by one step.
struct LayerSignals {
  bool up = false;        // tlu
  bool down = false;      // tld
  bool finished = false;  // tlf: nothing more will come from this layer
  std::optional<Ending> ending;
  std::optional<std::uint16_t> rejected_protocol;  // LCP: the peer does not speak this NCP

  // Everything of both; the first ending stays.
  void Merge(LayerSignals other) {
    up |= other.up;
    down |= other.down;
    finished |= other.finished;
    if (!ending) ending = std::move(other.ending);
    if (!rejected_protocol) rejected_protocol = other.rejected_protocol;
  }
};

}  // namespace sstpgw::fsm
