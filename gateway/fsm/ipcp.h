// IPCP of one session (RFC 1332, 1877; features 3.6, 3.7): our address in our Configure-Request;
// the peer's address, DNS and WINS servers by Nak.
//
// Threads: one worker, not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/fsm/control_protocol.h"
#include "proto/base/ip.h"
#include "proto/base/messages.h"

namespace sstpgw::fsm {

class IpcpPolicy final : public OptionPolicy {
 public:
  // What the peer may have; before the layer is opened.
  void Configure(const SessionPolicy& policy);

  [[nodiscard]] Bytes BuildRequest() override;
  [[nodiscard]] Judgement Judge(const OptionList& options) override;
  void PeerRequestAcknowledged() override {}
  [[nodiscard]] ReplyEffect OnNak(const OptionList& options) override;
  [[nodiscard]] ReplyEffect OnReject(const OptionList& options) override;

 private:
  // What we would give for an option; nullopt: nothing, reject it.
  [[nodiscard]] std::optional<Ipv4Address> Assigned(std::uint8_t type) const;

  Ipv4Address ours_;
  Ipv4Address peers_;
  std::vector<Ipv4Address> dns_;
  std::vector<Ipv4Address> wins_;
  bool send_address_ = true;        // false: the peer rejected the option
  bool address_suggested_ = false;  // by Nak, to a peer that did not ask for one
};

class Ipcp {
 public:
  // `settings` must outlive this object. `identifier`: random.
  Ipcp(const PppSettings& settings, std::uint8_t identifier);
  Ipcp(const Ipcp&) = delete;
  Ipcp& operator=(const Ipcp&) = delete;

  // Authentication is done. `prefer` and `require` ask at once, `allow` waits for the peer.
  // `peer_mru`: what the peer receives at most.
  LayerSignals Start(const SessionPolicy& policy, std::uint16_t peer_mru, Outbox& out);
  LayerSignals Receive(const codec::ControlPacket& packet, Outbox& out);
  LayerSignals RestartTimerExpired(Outbox& out);
  LayerSignals RejectedByPeer(Outbox& out);
  // LCP agreed on another one than at Start.
  void set_peer_mru(std::uint16_t mru) { protocol_.set_peer_mru(mru); }
  LayerSignals LowerLayerDown(Outbox& out) { return protocol_.LowerLayerDown(out); }

  [[nodiscard]] bool opened() const { return protocol_.opened(); }
  [[nodiscard]] PppState state() const { return protocol_.state(); }
  [[nodiscard]] bool IsConsistent(const Outbox& out) const { return protocol_.IsConsistent(out); }

 private:
  // Losing the layer, or giving it up, means the end: it is the only one there is.
  [[nodiscard]] LayerSignals Judge(LayerSignals signals) const;

  const PppSettings& settings_;
  IpcpPolicy policy_;
  ControlProtocol protocol_;
};

}  // namespace sstpgw::fsm
