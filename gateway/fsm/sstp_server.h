// The server's half of the SSTP call ([MS-SSTP] 3.1, 3.3; features 1.4 to 1.6): call setup, crypto
// binding, hello, abort and disconnect in both directions. Knows nothing of PPP but when
// authentication is done and that PPP packets are to be passed on.
//
//   Disconnected -HTTP 200-> ConnectRequestPending -ACK sent-> ConnectedPending -bound-> Connected
//   any of these -> one of the four teardown states -> Closed
//
// The momentary states of [MS-SSTP] (...InProgress1/2) are the actions between two of ours.
// Threads: one worker, not thread-safe. Secrets: nonce and HLAK are wiped after the binding was
// checked and when a teardown begins.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/codec/sstp_control.h"
#include "gateway/fsm/layer.h"
#include "gateway/fsm/outbox.h"
#include "proto/base/entropy.h"
#include "proto/base/messages.h"
#include "proto/base/secret.h"

namespace sstpgw::fsm {

enum class SstpState : std::uint8_t {
  kDisconnected,
  kConnectRequestPending,
  kConnectedPending,
  kConnected,
  kAbortPending,              // abort sent, waiting for theirs
  kAbortTimeoutPending,       // both sent, giving them time to read
  kDisconnectAckPending,      // disconnect sent
  kDisconnectTimeoutPending,  // theirs acknowledged
  kClosed,
};
inline constexpr std::size_t kSstpStateCount = 9;
[[nodiscard]] const char* ToString(SstpState state);  // "Server_Connect_Request_Pending"
[[nodiscard]] constexpr bool IsTeardown(SstpState state) {
  return state >= SstpState::kAbortPending && state <= SstpState::kDisconnectTimeoutPending;
}

inline constexpr std::uint32_t kMaxConnectNaks = 3;
inline constexpr std::chrono::seconds kAbortTimer1{3};
inline constexpr std::chrono::seconds kAbortTimer2{1};
inline constexpr std::chrono::seconds kDisconnectTimer1{5};
inline constexpr std::chrono::seconds kDisconnectTimer2{1};

struct SstpSignals {
  bool call_started = false;    // CALL_CONNECT_ACK is out: start PPP
  bool call_connected = false;  // bound: open the data path
  // The call ends; the teardown is under way (or, with `close`, there is nothing to wait for).
  std::optional<Ending> ending;
  bool close = false;  // close the connection now
  ByteView ppp_frame;  // hand it to PPP; lives as long as the packet
};

class SstpServer {
 public:
  // All references must outlive this object.
  SstpServer(const SstpSettings& settings, const CertificateHashes& certificate, Entropy& entropy);
  ~SstpServer() { Wipe(); }
  SstpServer(const SstpServer&) = delete;
  SstpServer& operator=(const SstpServer&) = delete;

  // HTTP was answered with 200.
  void HttpDone();
  // One whole SSTP packet. `close` with an ending when it has no valid header.
  SstpSignals Receive(TimePoint now, ByteView packet, Outbox& out);
  // PPP authentication succeeded (and the peer has been told): a CALL_CONNECTED that came early is
  // checked now. `hlak`: 32 octets.
  SstpSignals AuthSucceeded(TimePoint now, Secret hlak, Outbox& out);
  // PPP authentication failed or PPP is ending: what came early is dropped, nothing will be bound.
  void DropKeys() {
    early_connected_.reset();
    hlak_.reset();
  }
  // kNegotiation, kHello, kTeardown. `last_receive`: see the event.
  SstpSignals TimerExpired(TimePoint now, TimerId timer, TimePoint last_receive, Outbox& out);
  // PPP or an operator ends the call: CALL_DISCONNECT and disconnect timer 1. Without a call to end
  // (before CALL_CONNECT_ACK): `close`.
  SstpSignals Disconnect(Outbox& out);
  // The connection is gone or about to be: no more packets.
  void Close(Outbox& out);

  [[nodiscard]] SstpState state() const { return state_; }
  [[nodiscard]] bool call_established() const {
    return state_ == SstpState::kConnectedPending || state_ == SstpState::kConnected;
  }
  [[nodiscard]] bool IsConsistent(const Outbox& out) const;

 private:
  void SetState(SstpState state) { state_ = state; }
  void SendControl(codec::MessageType type, Bytes packet, Outbox& out);
  SstpSignals ReceiveControl(TimePoint now, const codec::ControlMessage& message, Outbox& out);
  SstpSignals OnConnectRequest(const codec::ControlMessage& message, Outbox& out);
  SstpSignals OnConnected(TimePoint now, const codec::ControlMessage& message, Outbox& out);
  SstpSignals CheckBinding(TimePoint now, const codec::CallConnected& connected, Outbox& out);
  SstpSignals OnAbort(const codec::ControlMessage& message, Outbox& out);
  SstpSignals OnDisconnect(Outbox& out);
  SstpSignals OnDisconnectAck(Outbox& out);
  SstpSignals OnEcho(codec::MessageType type, Outbox& out);
  SstpSignals Unexpected(codec::MessageType type, Outbox& out);
  SstpSignals Abort(codec::AttributeId attribute, codec::SstpStatus status, TerminateCause cause,
                    std::string reason, Outbox& out);
  SstpSignals NegotiationTimedOut(Outbox& out);
  SstpSignals HelloExpired(TimePoint now, TimePoint last_receive, Outbox& out);
  void StartTeardown(SstpState state, Duration after, Outbox& out);
  void Wipe();

  const SstpSettings& settings_;
  const CertificateHashes& certificate_;
  Entropy& entropy_;
  SstpState state_ = SstpState::kDisconnected;
  std::array<std::uint8_t, codec::kNonceSize> nonce_{};
  std::optional<Secret> hlak_;  // set between authentication and binding
  std::optional<codec::CallConnected> early_connected_;
  std::uint32_t naks_sent_ = 0;
  TimePoint last_packet_{};
  std::optional<TimePoint> hello_sent_;  // ECHO_REQUEST without any sign of life since
};

}  // namespace sstpgw::fsm
