// IPv6CP of one session (RFC 5072; features 3.7, 3.8): our interface identifier in our
// Configure-Request; the peer's by Nak, or as it likes if the operator accepts that.
//
// Losing this layer need not be the end: LayerSignals::ending is set only where IPv6 is required
// (counter kIpv6cpFailed). Otherwise `down` and `finished` say what has become of it, and the
// session decides. A peer that cannot agree is then not listened to any more; one that merely fell
// silent, or took the layer down itself, may ask again later.
//
// Threads: one worker, not thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/fsm/control_protocol.h"
#include "gateway/fsm/interface_id.h"
#include "proto/base/entropy.h"
#include "proto/base/messages.h"

namespace sstpgw::fsm {

class Ipv6cpPolicy final : public OptionPolicy {
 public:
  // Before the layer is opened.
  void Configure(const InterfaceIds& ids, bool accept_peers_choice);
  // While the layer is open the peer's identifier stays what it is.
  void set_in_use(bool in_use) { in_use_ = in_use; }

  [[nodiscard]] Bytes BuildRequest() override;
  [[nodiscard]] Judgement Judge(const OptionList& options) override;
  void PeerRequestAcknowledged() override { acknowledged_ = judged_; }
  [[nodiscard]] ReplyEffect OnNak(const OptionList& options) override;
  [[nodiscard]] ReplyEffect OnReject(const OptionList& options) override;

  [[nodiscard]] const InterfaceId& our_id() const { return ids_.ours; }
  [[nodiscard]] const InterfaceId& peer_id() const { return acknowledged_; }

 private:
  [[nodiscard]] bool IsAcceptable(const InterfaceId& id) const;

  InterfaceIds ids_;
  bool accept_peers_choice_ = false;
  bool in_use_ = false;
  bool send_id_ = true;         // false: the peer rejected the option
  bool id_suggested_ = false;   // by Nak, to a peer that did not ask for one
  InterfaceId judged_{};        // of the request judged last
  InterfaceId acknowledged_{};  // the one assigned, as long as there is none
};

class Ipv6cp {
 public:
  // `settings` must outlive this object. `identifier`: random.
  Ipv6cp(const PppSettings& settings, std::uint8_t identifier);
  Ipv6cp(const Ipv6cp&) = delete;
  Ipv6cp& operator=(const Ipv6cp&) = delete;

  // Authentication is done; identifiers are chosen now. `prefer` and `require` ask at once, `allow`
  // waits for the peer. `peer_mru`: what the peer receives at most.
  LayerSignals Start(const SessionPolicy& policy, std::string_view calling_station,
                     std::uint16_t peer_mru, Entropy& entropy, Outbox& out);
  // Before Start: nothing.
  LayerSignals Receive(const codec::ControlPacket& packet, Outbox& out);
  LayerSignals RestartTimerExpired(Outbox& out);
  LayerSignals RejectedByPeer(Outbox& out);
  // Our own decision: Terminate-Request, and the peer cannot open it again. `ending` is never set.
  LayerSignals Close(Outbox& out, std::string_view reason);
  // LCP agreed on another one than at Start.
  void set_peer_mru(std::uint16_t mru) { protocol_.set_peer_mru(mru); }
  LayerSignals LowerLayerDown(Outbox& out);

  [[nodiscard]] bool opened() const { return protocol_.opened(); }
  [[nodiscard]] PppState state() const { return protocol_.state(); }
  // From Start on. The peer's is settled once the layer has opened.
  [[nodiscard]] const InterfaceId& our_id() const { return policy_.our_id(); }
  [[nodiscard]] const InterfaceId& peer_id() const { return policy_.peer_id(); }
  [[nodiscard]] bool IsConsistent(const Outbox& out) const { return protocol_.IsConsistent(out); }

 private:
  // Follows the layer's ups and downs, and makes an ending of a loss or takes one away.
  [[nodiscard]] LayerSignals Settle(LayerSignals signals, Outbox& out);

  const PppSettings& settings_;
  Ipv6cpPolicy policy_;
  ControlProtocol protocol_;
  std::uint32_t openings_ = 0;
};

}  // namespace sstpgw::fsm
