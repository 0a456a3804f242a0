// Authentication of the peer (features 3.3, 3.4): PAP (RFC 1334), CHAP-MD5 (RFC 1994), MS-CHAP v1
// and v2 (RFC 2433, 2759), EAP (RFC 3748, eap_relay.h). Collects evidence, lets the control plane
// judge, and tells the peer.
//
//   Waiting -- request or response --> Judging -- Succeed --> Succeeded
//    | ^  no answer: ending           | |  -- Refuse --> Delaying -- 1..2 s --> Failed: ending
//    | +-- Challenge: EAP's next round -+    Repeat: Succeeded --> Waiting
//
// Threads: one worker, not thread-safe. Secrets: evidence is handed out at once and not kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/codec/ppp_control.h"
#include "gateway/fsm/eap_relay.h"
#include "gateway/fsm/layer.h"
#include "gateway/fsm/outbox.h"
#include "proto/base/entropy.h"
#include "proto/base/messages.h"

namespace sstpgw::fsm {

inline constexpr std::chrono::seconds kAuthTimeout{5};
inline constexpr std::uint32_t kMaxChallenges = 3;
// EAP's judge may say how long the client may take; the SSTP negotiation timer ends it anyway.
inline constexpr std::chrono::seconds kMaxEapTimeout{60};

struct AuthSignals {
  std::optional<AuthEvidence> evidence;  // to be judged; once per session, with EAP once per round
  std::optional<Ending> ending;
};

class Authenticator {
 public:
  enum class State : std::uint8_t { kIdle, kWaiting, kJudging, kDelaying, kSucceeded, kFailed };

  // Both must outlive this object.
  Authenticator(const PppSettings& settings, Entropy& entropy)
      : settings_(settings), entropy_(entropy) {}

  // LCP is open with `protocol`: sends the challenge, or waits for the PAP request.
  void Start(AuthProtocol protocol, Outbox& out);
  // A PAP, CHAP or EAP packet. One of the protocol that was not agreed on is ignored.
  AuthSignals Receive(codec::PppProtocol protocol, const codec::ControlPacket& packet, Outbox& out);
  AuthSignals TimerExpired(TimerId timer, Outbox& out);  // kAuth, kReject

  // The verdicts, only in Judging. `message`: "S=... M=..." for MS-CHAPv2. `eap`: the packet that
  // came with it, may be empty.
  void Succeed(const std::string& message, Outbox& out, Bytes eap = {});
  // EAP goes on. `mtu`: what the peer receives at most. Ends when it cannot.
  AuthSignals Challenge(const AuthorizeChallenge& challenge, std::uint16_t mtu, Outbox& out);
  // The failure packet follows after 1 to 2 seconds.
  void RefuseLater(const AuthorizeReject& reject, Outbox& out);
  // The failure packet now: nobody could judge, or the session could not be set up. It looks like a
  // wrong password, as features Annex A wants it; MS-CHAPv2 and the farewell say what it is.
  Ending RefuseNow(TerminateCause cause, const std::string& reason, Outbox& out);
  // After success: the peer has to prove itself anew (RFC 1994 2). False: its protocol does not
  // allow for that, or it is not the time.
  [[nodiscard]] bool Repeat(Outbox& out);
  // PPP ends: timers stop, nothing more is sent.
  void Stop(Outbox& out);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] AuthProtocol protocol() const { return protocol_; }
  [[nodiscard]] bool IsConsistent(const Outbox& out) const;

 private:
  AuthSignals ReceivePap(const codec::ControlPacket& packet, Outbox& out);
  AuthSignals ReceiveChap(const codec::ControlPacket& packet, Outbox& out);
  AuthSignals ReceiveEap(const codec::ControlPacket& packet, Outbox& out);
  [[nodiscard]] std::optional<AuthEvidence> ChapEvidence(const codec::ControlPacket& packet) const;
  AuthSignals Judge(std::optional<AuthEvidence> evidence, Outbox& out);
  void NewChallenge();
  void SendChallenge(Outbox& out);
  void SendResult(bool success, Outbox& out);
  [[nodiscard]] std::string FailureText() const;
  [[nodiscard]] ByteView challenge() const { return ByteView(challenge_).first(challenge_size_); }

  const PppSettings& settings_;
  Entropy& entropy_;
  State state_ = State::kIdle;
  AuthProtocol protocol_ = AuthProtocol::kPap;
  std::uint8_t identifier_ = 0;  // of the challenge, or of the peer's PAP request
  std::array<std::uint8_t, 16> challenge_{};
  std::size_t challenge_size_ = 0;
  std::uint32_t challenges_sent_ = 0;  // of the one that waits for its answer
  std::uint32_t max_challenges_ = kMaxChallenges;
  Duration challenge_interval_ = kAuthTimeout;
  std::optional<EapRelay> eap_;
  bool change_password_seen_ = false;
  std::string success_message_;
  Bytes success_eap_;
  AuthorizeReject reject_;
};

}  // namespace sstpgw::fsm
