// One PPP control protocol: the automaton of ppp_fsm.h with its counters, identifiers, restart
// timer and packets of codes 1 to 7 (RFC 1661 4 and 5). What the options mean is the business of an
// OptionPolicy (lcp_policy.h, ipcp.h).
//
// Threads: one worker, not thread-safe. Errors: what a peer does wrong is dropped with a log line
// and a counter, or becomes LayerSignals::ending.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/codec/ppp_control.h"
#include "gateway/codec/ppp_frame.h"
#include "gateway/fsm/layer.h"
#include "gateway/fsm/outbox.h"
#include "gateway/fsm/ppp_fsm.h"

namespace sstpgw::fsm {

using OptionList = std::vector<codec::ConfigOption>;

// A Configure-Request judged. Both empty: acceptable. Reject goes before Nak (features 3.1).
struct Judgement {
  Bytes reject;  // the refused options, verbatim
  Bytes nak;     // options with values that we would accept
  // The nak is a last word: when the peer insists, the session ends; it never turns into a reject.
  bool insist = false;
  [[nodiscard]] bool acceptable() const { return reject.empty() && nak.empty(); }
};

// What the peer's Nak or Reject of our request did.
struct ReplyEffect {
  bool usable = true;  // false: nothing of ours was named, the packet is dropped
  std::optional<Ending> ending;
};

class OptionPolicy {
 public:
  virtual ~OptionPolicy() = default;
  // The options of our Configure-Request.
  [[nodiscard]] virtual Bytes BuildRequest() = 0;
  [[nodiscard]] virtual Judgement Judge(const OptionList& options) = 0;
  // The request judged last, which was acceptable, is being acknowledged: its values are valid now.
  virtual void PeerRequestAcknowledged() = 0;
  [[nodiscard]] virtual ReplyEffect OnNak(const OptionList& options) = 0;
  [[nodiscard]] virtual ReplyEffect OnReject(const OptionList& options) = 0;
  // Our request was acknowledged.
  virtual void RequestAcknowledged() {}
};

struct ControlProtocolSettings {
  codec::PppProtocol protocol{};
  TimerId restart_timer{};
  Duration restart_timeout{};
  std::uint32_t max_configure = 0;
  std::uint32_t max_terminate = 0;
  std::uint32_t max_failure = 0;
};

class ControlProtocol {
 public:
  // `policy` must outlive this object. `identifier`: random, the first packet has the one after it.
  ControlProtocol(const ControlProtocolSettings& settings, OptionPolicy& policy,
                  std::uint8_t identifier)
      : settings_(settings), policy_(policy), identifier_(identifier) {}

  // Lower layer is there: sends the first Configure-Request.
  LayerSignals OpenActively(Outbox& out);
  // Lower layer is there: waits for the peer's Configure-Request.
  void OpenPassively() { fsm_.Listen(); }
  // Sends Terminate-Request where the automaton says so, with `reason` as its data.
  LayerSignals Close(Outbox& out, std::string_view reason = {}) {
    terminate_reason_.assign(reason.begin(), reason.end());
    return Fire(PppEvent::kClose, out);
  }
  // The lower layer is gone; nothing is sent.
  LayerSignals LowerLayerDown(Outbox& out) { return Fire(PppEvent::kDown, out); }
  // Codes 1 to 7; any other is answered with Code-Reject. `packet` is already in the trace.
  LayerSignals Receive(const codec::ControlPacket& packet, Outbox& out);
  LayerSignals RestartTimerExpired(Outbox& out);
  // The peer rejected this protocol or a code that it must know (RXJ-).
  LayerSignals RejectedByPeer(Outbox& out) { return Fire(PppEvent::kFatalReject, out); }

  // For packets that the owner sends on its own: echo, Protocol-Reject.
  [[nodiscard]] std::uint8_t NextIdentifier() { return ++identifier_; }
  // What the peer receives at most; cuts Code-Reject.
  void set_peer_mru(std::uint16_t mru) { peer_mru_ = mru; }
  [[nodiscard]] PppState state() const { return fsm_.state(); }
  [[nodiscard]] bool opened() const { return fsm_.state() == PppState::kOpened; }
  // The restart timer runs exactly when the automaton says so.
  [[nodiscard]] bool IsConsistent(const Outbox& out) const {
    return out.Runs(settings_.restart_timer) == RestartTimerRuns(fsm_.state());
  }

 private:
  LayerSignals Fire(PppEvent event, Outbox& out);
  void Perform(PppAction action, const PppCell& cell, LayerSignals& signals, Outbox& out);
  LayerSignals OnConfigureRequest(const codec::ControlPacket& packet, Outbox& out);
  LayerSignals OnConfigureAck(const codec::ControlPacket& packet, Outbox& out);
  LayerSignals OnConfigureRefusal(const codec::ControlPacket& packet, Outbox& out);
  LayerSignals OnCodeReject(const codec::ControlPacket& packet, Outbox& out);
  LayerSignals Malformed(Outbox& out) const;
  void SendConfigureRequest(Outbox& out);
  // Is this reply for the request that waits for one?
  [[nodiscard]] bool AnswersOurRequest(const codec::ControlPacket& packet) const {
    return outstanding_ && packet.identifier == request_identifier_;
  }

  ControlProtocolSettings settings_;
  OptionPolicy& policy_;
  PppFsm fsm_;
  std::uint8_t identifier_;
  std::uint8_t request_identifier_ = 0;
  std::uint8_t terminate_identifier_ = 0;
  Bytes terminate_reason_;
  bool outstanding_ = false;  // our Configure-Request has no reply yet
  Bytes request_;             // its options
  Bytes reply_;               // packet for sca, scn, sta, scj of the running step
  std::uint32_t restart_count_ = 0;
  std::uint32_t refused_by_us_ = 0;    // Nak and Reject sent since the last Ack
  std::uint32_t refused_by_peer_ = 0;  // Nak and Reject received since the last Ack
  std::uint16_t peer_mru_ = 1500;
};

}  // namespace sstpgw::fsm
