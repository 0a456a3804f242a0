// CCP of one session, for MPPE alone (RFC 1962, 2548 2.4, 3078; features 3.5): whether and how the
// packets inside the tunnel are encrypted.
//
//   require  asks at once; the session ends (User-Error) when MPPE cannot be had. A peer that asks
//            for something else is naked with what we ask for.
//   prefer   asks at once, three times at most; goes on without.
//   allow    waits for the peer to ask; otherwise as prefer.
//   deny     rejects what the peer asks for and asks for nothing. Likewise, unless required: no
//   keys
//            from the login, no RC4 on this system, the peer has rejected ours.
//   disable_ccp: no CCP whatever the rest says.
//
// RADIUS decides where it says something: MS-MPPE-Encryption-Policy 2 is require; 1 is the local
// setting, with deny as allow and require as prefer. MS-MPPE-Encryption-Types names the key lengths
// (2: 40 bits, 4: 128, 8: 56) of which the longest is asked for and each is taken; without it there
// are 128 bits only. If it permits none, there is no MPPE, and no session where MPPE is required.
//
// We ask for stateless. A peer that wants stateful, or another length that is permitted, is naked
// once, and has it if it insists or naks ours; both directions always have the same. Packets are
// never sent in the clear while MPPE is required and CCP is negotiated anew.
//
// Threads: one worker, not thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "gateway/fsm/control_protocol.h"
#include "proto/base/messages.h"

namespace sstpgw::fsm {

class CcpPolicy final : public OptionPolicy {
 public:
  // `strengths`: what may be agreed on, of codec::kMppeStrengths, not 0.
  void Configure(std::uint32_t strengths, bool required);
  // A new negotiation begins, with what was agreed on last as our wish.
  void Restart();

  [[nodiscard]] Bytes BuildRequest() override;
  [[nodiscard]] Judgement Judge(const OptionList& options) override;
  void PeerRequestAcknowledged() override;
  [[nodiscard]] ReplyEffect OnNak(const OptionList& options) override;
  [[nodiscard]] ReplyEffect OnReject(const OptionList& options) override;
  void RequestAcknowledged() override { granted_ = requested_; }

  // The peer does not want any of what we may have.
  [[nodiscard]] bool refused() const { return refused_; }
  // The peer's last request that we acknowledged had no MPPE.
  [[nodiscard]] bool peer_wants_none() const { return theirs_ == 0; }
  // Of an open layer, the same both ways; nullopt: they differ.
  [[nodiscard]] std::optional<std::uint32_t> agreed() const {
    if (granted_ != theirs_ || theirs_ == 0) return std::nullopt;
    return theirs_;
  }

 private:
  // One permitted length and nothing that we do not know.
  [[nodiscard]] bool IsRunnable(std::uint32_t bits) const;

  std::uint32_t strengths_ = 0;
  bool required_ = false;
  std::uint32_t ours_ = 0;       // for our next request
  std::uint32_t requested_ = 0;  // in our last one
  std::uint32_t granted_ = 0;    // acknowledged by the peer
  std::uint32_t judged_ = 0;     // in the peer's last one; 0: no such option
  std::uint32_t theirs_ = 0;     // acknowledged by us
  bool naked_ = false;           // the peer knows our wish
  bool refused_ = false;
};

class Ccp {
 public:
  // `settings` must outlive this object. `rc4`: this system has it. `identifier`: random.
  Ccp(const PppSettings& settings, bool rc4, std::uint8_t identifier);
  Ccp(const Ccp&) = delete;
  Ccp& operator=(const Ccp&) = delete;

  // Authentication is done. `peer_mru`: what the peer receives at most.
  LayerSignals Start(const NetworkPolicy& network, MppeKeys keys, std::uint16_t peer_mru,
                     Outbox& out);
  // After Start: is this packet for Receive? false: Protocol-Reject is the answer.
  [[nodiscard]] bool Speaks(const codec::ControlPacket& packet) const;
  LayerSignals Receive(const codec::ControlPacket& packet, Outbox& out);
  LayerSignals RestartTimerExpired(Outbox& out);
  // By Protocol-Reject.
  LayerSignals RejectedByPeer(Outbox& out);
  LayerSignals LowerLayerDown(Outbox& out);
  // MppeOutOfStep: asks the peer to restart its stream.
  void OutOfStep(Outbox& out);
  // LCP agreed on another one than at Start.
  void set_peer_mru(std::uint16_t mru) { protocol_.set_peer_mru(mru); }

  // No network layer may come up before this one has: what the peer sends for them is not answered.
  [[nodiscard]] bool withholds_network() const { return required_ && !mppe_; }
  // Answers are being waited for; over in at most three restart timeouts for each side's say.
  [[nodiscard]] bool negotiating() const {
    return state() >= PppState::kReqSent && state() <= PppState::kAckSent;
  }
  [[nodiscard]] bool required() const { return required_; }
  [[nodiscard]] bool opened() const { return protocol_.opened(); }
  // StartMppe is in force.
  [[nodiscard]] bool mppe() const { return mppe_; }
  [[nodiscard]] PppState state() const { return protocol_.state(); }
  [[nodiscard]] bool IsConsistent(const Outbox& out) const { return protocol_.IsConsistent(out); }

 private:
  // Of codec::kMppeStrengths, those that the keys suffice for.
  [[nodiscard]] std::uint32_t StrengthsOfKeys() const;
  [[nodiscard]] LayerSignals StartWithout(Counter counter, const char* why, Outbox& out);
  [[nodiscard]] LayerSignals ReceiveTerminateRequest(const codec::ControlPacket& packet,
                                                     Outbox& out);
  void RejectOptions(const codec::ControlPacket& packet, Outbox& out);
  // The peer begins anew in an open layer.
  [[nodiscard]] bool BeginsAnew(const codec::ControlPacket& packet) const;
  [[nodiscard]] LayerSignals Renegotiate(Outbox& out);
  // What the automaton's signals mean for the session, and for MPPE.
  [[nodiscard]] LayerSignals Judge(LayerSignals signals, Outbox& out);
  void Opened(LayerSignals& signals, Outbox& out);
  // MPPE cannot be had: the end where it is required, otherwise no more of it.
  void GiveUp(const char* why, LayerSignals& signals, Outbox& out);
  void StartEncryption(std::uint32_t bits, Outbox& out);
  void StopEncryption(Outbox& out);

  const PppSettings& settings_;
  const bool rc4_;
  CcpPolicy policy_;
  ControlProtocol protocol_;
  MppeKeys keys_;
  bool started_ = false;
  bool required_ = false;
  bool willing_ = false;  // to take MPPE
  bool mppe_ = false;
  bool stateless_ = false;
  bool settled_again_ = false;         // the directions had differed once
  std::uint8_t their_identifier_ = 0;  // of the request acknowledged last
  std::uint32_t rejections_ = 0;
  std::uint32_t renegotiations_ = 0;
  std::uint32_t openings_ = 0;
};

}  // namespace sstpgw::fsm
