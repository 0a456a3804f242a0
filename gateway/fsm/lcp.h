// LCP of one session (RFC 1661, 1570; features 3.2): negotiation by lcp_policy.h, then echo
// keepalive, Protocol-Reject in both directions, Identification, Discard-Request, termination.
//
// Threads: one worker, not thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "gateway/fsm/control_protocol.h"
#include "gateway/fsm/lcp_policy.h"
#include "proto/base/entropy.h"

namespace sstpgw::fsm {

class Lcp {
 public:
  // `settings` and `entropy` must outlive this object.
  Lcp(const PppSettings& settings, Entropy& entropy);
  Lcp(const Lcp&) = delete;
  Lcp& operator=(const Lcp&) = delete;

  // The SSTP call is accepted: sends the first Configure-Request.
  LayerSignals Start(Outbox& out);
  LayerSignals Receive(TimePoint now, const codec::ControlPacket& packet, Outbox& out);
  LayerSignals RestartTimerExpired(TimePoint now, Outbox& out);
  // features 3.2.6. The peer lives as long as its PPP does: `last_frame` is when its last PPP frame
  // came that is no IP packet, `data_packets` see TimerExpired. SSTP's own echo and TLS do not
  // count.
  LayerSignals EchoTimerExpired(TimePoint now, TimePoint last_frame, std::uint64_t data_packets,
                                Outbox& out);
  // Terminate-Request, with `reason` for the peer; signals finished when there is nothing to wait
  // for.
  LayerSignals Close(Outbox& out, std::string_view reason = {});
  LayerSignals LowerLayerDown(Outbox& out);
  // Only when opened, else nothing is sent (features 3.2.4).
  void SendProtocolReject(codec::PppProtocol protocol, ByteView information, Outbox& out);

  [[nodiscard]] bool opened() const { return protocol_.opened(); }
  [[nodiscard]] PppState state() const { return protocol_.state(); }
  [[nodiscard]] std::optional<AuthProtocol> auth() const { return policy_.auth(); }
  [[nodiscard]] std::uint16_t mtu() const { return policy_.mtu(); }
  [[nodiscard]] bool IsConsistent(const Outbox& out) const;

 private:
  LayerSignals Opened(TimePoint now, LayerSignals signals, Outbox& out);
  LayerSignals ReceiveProtocolReject(const codec::ControlPacket& packet, Outbox& out);
  void ReceiveEchoRequest(TimePoint now, const codec::ControlPacket& packet, Outbox& out);
  LayerSignals ReceiveEchoReply(TimePoint now, const codec::ControlPacket& packet, Outbox& out);
  void SendEchoRequest(Outbox& out);
  void PeerIsAlive(TimePoint now);
  void Malformed(const char* what, Outbox& out) const;

  const PppSettings& settings_;
  LcpPolicy policy_;
  ControlProtocol protocol_;
  bool loop_logged_ = false;
  std::uint32_t unanswered_echoes_ = 0;
  TimePoint last_activity_{};            // adaptive echo
  std::uint64_t last_data_packets_ = 0;  // at the echo timer's last tick
};

// A random identifier to count up from.
[[nodiscard]] std::uint8_t RandomOctet(Entropy& entropy);

}  // namespace sstpgw::fsm
