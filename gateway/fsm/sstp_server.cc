#include "gateway/fsm/sstp_server.h"

#include <algorithm>

#include "gateway/codec/packet_text.h"
#include "gateway/crypto/crypto_binding.h"
#include "proto/base/text.h"

namespace sstpgw::fsm {
namespace {

using codec::AttributeId;
using codec::MessageType;
using codec::SstpStatus;

void Trace(codec::Direction direction, MessageType type, Outbox& out) {
  if (!out.Wants(LogLevel::kTrace)) return;
  out.Log(LogLevel::kTrace, codec::LogLine(direction, "SSTP " + codec::ToString(type)));
}

Counter CounterOf(crypto::BindingField field) {
  switch (field) {
    case crypto::BindingField::kHashProtocol:
      return Counter::kBindingBadHashProtocol;
    case crypto::BindingField::kNonce:
      return Counter::kBindingBadNonce;
    case crypto::BindingField::kCertHash:
      return Counter::kBindingBadCertHash;
    case crypto::BindingField::kCompoundMac:
      break;
  }
  return Counter::kBindingBadMac;
}

}  // namespace

const char* ToString(SstpState state) {
  constexpr std::array<const char*, kSstpStateCount> kNames = {"Server_Call_Disconnected",
                                                               "Server_Connect_Request_Pending",
                                                               "Server_Call_Connected_Pending",
                                                               "Server_Call_Connected",
                                                               "Call_Abort_Pending",
                                                               "Call_Abort_Timeout_Pending",
                                                               "Call_Disconnect_Ack_Pending",
                                                               "Call_Disconnect_Timeout_Pending",
                                                               "Closed"};
  return kNames[static_cast<std::size_t>(state)];
}

SstpServer::SstpServer(const SstpSettings& settings, const CertificateHashes& certificate,
                       Entropy& entropy)
    : settings_(settings), certificate_(certificate), entropy_(entropy) {}

void SstpServer::HttpDone() {
  if (state_ == SstpState::kDisconnected) SetState(SstpState::kConnectRequestPending);
}

void SstpServer::SendControl(MessageType type, Bytes packet, Outbox& out) {
  Trace(codec::Direction::kSend, type, out);
  out.Send(std::move(packet));
}

SstpSignals SstpServer::Receive(TimePoint now, ByteView packet, Outbox& out) {
  if (state_ == SstpState::kDisconnected || state_ == SstpState::kClosed) return {};
  last_packet_ = now;
  hello_sent_.reset();
  const auto header = codec::ParseSstpHeader(packet);
  if (!header || header->length != packet.size()) {
    SstpSignals signals;
    signals.ending = Ending{TerminateCause::kUserError, "sstp: no packet boundary"};
    signals.close = true;
    out.Count(Counter::kSstpUndelineated);
    return signals;
  }
  if (!header->control) {
    SstpSignals signals;
    if (call_established()) signals.ppp_frame = packet.subspan(codec::kSstpHeaderSize);
    return signals;
  }
  const auto message = codec::ParseControl(packet);
  if (!message) {
    out.Count(Counter::kSstpMalformed);
    if (IsTeardown(state_)) return {};
    return Abort(AttributeId::kStatusInfo, SstpStatus::kInvalidFrameReceived,
                 TerminateCause::kUserError, "sstp: broken control message", out);
  }
  Trace(codec::Direction::kReceive, message->type, out);
  return ReceiveControl(now, *message, out);
}

SstpSignals SstpServer::ReceiveControl(TimePoint now, const codec::ControlMessage& message,
                                       Outbox& out) {
  const bool checked_later = message.type == MessageType::kCallConnectRequest ||
                             message.type == MessageType::kCallConnected;
  if (!checked_later && !codec::HasWholeAttributes(message)) {
    out.Count(Counter::kSstpMalformed);
    // Who says good-bye is understood all the same.
    const bool echo =
        message.type == MessageType::kEchoRequest || message.type == MessageType::kEchoResponse;
    if (echo && state_ == SstpState::kConnected) {
      return Abort(AttributeId::kStatusInfo, SstpStatus::kInvalidFrameReceived,
                   TerminateCause::kUserError, "sstp: broken control message", out);
    }
  }
  switch (message.type) {
    case MessageType::kCallAbort:
      return OnAbort(message, out);
    case MessageType::kCallDisconnect:
      return OnDisconnect(out);
    case MessageType::kCallDisconnectAck:
      return OnDisconnectAck(out);
    default:
      break;
  }
  if (IsTeardown(state_)) return {};
  switch (message.type) {
    case MessageType::kCallConnectRequest:
      return OnConnectRequest(message, out);
    case MessageType::kCallConnected:
      return OnConnected(now, message, out);
    case MessageType::kEchoRequest:
    case MessageType::kEchoResponse:
      return OnEcho(message.type, out);
    case MessageType::kCallConnectAck:
    case MessageType::kCallConnectNak:
      return Unexpected(message.type, out);
    case MessageType::kCallAbort:
    case MessageType::kCallDisconnect:
    case MessageType::kCallDisconnectAck:
      return {};
  }
  out.Count(Counter::kSstpUnknownMessage);
  return Abort(AttributeId::kStatusInfo, SstpStatus::kInvalidFrameReceived,
               TerminateCause::kUserError, "sstp: unknown message type", out);
}

SstpSignals SstpServer::OnConnectRequest(const codec::ControlMessage& message, Outbox& out) {
  if (state_ != SstpState::kConnectRequestPending) return Unexpected(message.type, out);
  const auto defects = codec::CheckConnectRequest(message);
  if (!defects) {
    out.Count(Counter::kSstpMalformed);
    return Abort(AttributeId::kStatusInfo, SstpStatus::kInvalidFrameReceived,
                 TerminateCause::kUserError, "sstp: broken connect request", out);
  }
  if (!defects->empty()) {
    if (naks_sent_ >= kMaxConnectNaks) {
      out.Count(Counter::kSstpRetryExceeded);
      return Abort(AttributeId::kStatusInfo, SstpStatus::kRetryCountExceeded,
                   TerminateCause::kUserError, "sstp: too many unacceptable connect requests", out);
    }
    ++naks_sent_;
    out.Count(Counter::kSstpNakSent);
    SendControl(MessageType::kCallConnectNak, codec::EncodeConnectNak(*defects), out);
    return {};
  }
  entropy_.Fill(nonce_);
  SendControl(MessageType::kCallConnectAck,
              codec::EncodeConnectAck({.hash_mask = settings_.hash_mask, .nonce = nonce_}), out);
  out.Start(TimerId::kNegotiation, settings_.negotiation_timeout);
  SetState(SstpState::kConnectedPending);
  SstpSignals signals;
  signals.call_started = true;
  return signals;
}

SstpSignals SstpServer::OnConnected(TimePoint now, const codec::ControlMessage& message,
                                    Outbox& out) {
  if (state_ != SstpState::kConnectedPending || early_connected_) {
    return Unexpected(message.type, out);
  }
  const auto connected = codec::ParseCallConnected(message);
  if (!connected) {
    out.Count(Counter::kBindingMalformed);
    out.Log(LogLevel::kWarning, "sstp: malformed crypto binding");
    return Abort(AttributeId::kStatusInfo, SstpStatus::kAttributeNotSupportedInMessage,
                 TerminateCause::kUserError, "sstp: malformed crypto binding", out);
  }
  if (!hlak_) {
    early_connected_ = *connected;  // keys are not there yet
    return {};
  }
  return CheckBinding(now, *connected, out);
}

SstpSignals SstpServer::CheckBinding(TimePoint now, const codec::CallConnected& connected,
                                     Outbox& out) {
  const crypto::BindingExpectation expectation{
      .offered_hashes = settings_.hash_mask,
      .nonce = nonce_,
      .cert_sha1 = settings_.cert_hash_sha1.value_or(certificate_.sha1),
      .cert_sha256 = settings_.cert_hash_sha256.value_or(certificate_.sha256),
      .hlak = hlak_->Reveal()};
  const auto mismatch = crypto::VerifyBinding(expectation, connected.raw);
  if (mismatch) {
    out.Count(CounterOf(mismatch->field));
    const std::string what = std::string("sstp: ") + crypto::ToString(*mismatch);
    out.Log(LogLevel::kWarning, what);
    out.Log(LogLevel::kDebug, what + ": expected " + ToHex(mismatch->expected) + ", received " +
                                  ToHex(mismatch->received));
    return Abort(AttributeId::kCryptoBinding, SstpStatus::kValueNotSupported,
                 TerminateCause::kUserError, what, out);
  }
  Wipe();
  out.Stop(TimerId::kNegotiation);
  if (settings_.hello_interval.count() > 0) {
    out.Start(TimerId::kHello, settings_.hello_interval);
  }
  last_packet_ = now;
  SetState(SstpState::kConnected);
  SstpSignals signals;
  signals.call_connected = true;
  return signals;
}

SstpSignals SstpServer::AuthSucceeded(TimePoint now, Secret hlak, Outbox& out) {
  if (state_ != SstpState::kConnectedPending) return {};
  hlak_ = std::move(hlak);
  if (!early_connected_) return {};
  const codec::CallConnected early = *early_connected_;
  early_connected_.reset();
  return CheckBinding(now, early, out);
}

SstpSignals SstpServer::OnEcho(MessageType type, Outbox& out) {
  if (state_ != SstpState::kConnected) return Unexpected(type, out);
  // The hello timer looks at last_packet_ when it expires.
  if (type == MessageType::kEchoRequest) {
    SendControl(MessageType::kEchoResponse, codec::EncodeBare(MessageType::kEchoResponse), out);
  }
  return {};
}

SstpSignals SstpServer::OnAbort(const codec::ControlMessage& message, Outbox& out) {
  switch (state_) {
    case SstpState::kAbortPending:
      StartTeardown(SstpState::kAbortTimeoutPending, kAbortTimer2, out);
      return {};
    case SstpState::kAbortTimeoutPending:
    case SstpState::kDisconnectTimeoutPending:
    case SstpState::kDisconnected:
    case SstpState::kClosed:
      return {};
    case SstpState::kConnectRequestPending:
    case SstpState::kConnectedPending:
    case SstpState::kConnected:
    case SstpState::kDisconnectAckPending:
      break;
  }
  const auto infos = codec::StatusInfosOf(message);
  const std::string status = infos.empty() ? "" : codec::ToString(infos.front().status);
  out.Count(Counter::kSstpAbortReceived);
  out.Log(LogLevel::kTrace,
          "sstp: call aborted by peer" + (status.empty() ? status : " (" + status + ")"));
  SendControl(MessageType::kCallAbort,
              codec::EncodeAbort(AttributeId::kNoError, SstpStatus::kNoError), out);
  out.Count(Counter::kSstpAbortSent);
  StartTeardown(SstpState::kAbortTimeoutPending, kAbortTimer2, out);
  SstpSignals signals;
  signals.ending = Ending{TerminateCause::kUserError,
                          "aborted by peer" + (status.empty() ? status : " (" + status + ")")};
  return signals;
}

SstpSignals SstpServer::OnDisconnect(Outbox& out) {
  if (IsTeardown(state_) && state_ != SstpState::kDisconnectAckPending) return {};
  const bool ours_first = state_ == SstpState::kDisconnectAckPending;
  out.Count(Counter::kSstpDisconnectReceived);
  if (!ours_first) out.Log(LogLevel::kTrace, "sstp: disconnect by peer");
  SendControl(MessageType::kCallDisconnectAck, codec::EncodeBare(MessageType::kCallDisconnectAck),
              out);
  StartTeardown(SstpState::kDisconnectTimeoutPending, kDisconnectTimer2, out);
  SstpSignals signals;
  signals.ending = Ending{TerminateCause::kUserRequest, "disconnected by peer"};
  return signals;
}

SstpSignals SstpServer::OnDisconnectAck(Outbox& out) {
  if (!IsTeardown(state_)) return Unexpected(MessageType::kCallDisconnectAck, out);
  SstpSignals signals;
  signals.close = state_ == SstpState::kDisconnectAckPending;
  return signals;
}

SstpSignals SstpServer::Unexpected(MessageType type, Outbox& out) {
  out.Count(Counter::kSstpUnexpectedMessage);
  return Abort(AttributeId::kStatusInfo, SstpStatus::kUnacceptedFrameReceived,
               TerminateCause::kUserError,
               "sstp: unexpected " + codec::ToString(type) + " in " + ToString(state_), out);
}

SstpSignals SstpServer::Abort(AttributeId attribute, SstpStatus status, TerminateCause cause,
                              std::string reason, Outbox& out) {
  out.Count(Counter::kSstpAbortSent);
  SendControl(MessageType::kCallAbort, codec::EncodeAbort(attribute, status), out);
  StartTeardown(SstpState::kAbortPending, kAbortTimer1, out);
  SstpSignals signals;
  signals.ending = Ending{cause, std::move(reason)};
  return signals;
}

SstpSignals SstpServer::Disconnect(Outbox& out) {
  SstpSignals signals;
  if (call_established()) {
    SendControl(MessageType::kCallDisconnect, codec::EncodeDisconnect(), out);
    StartTeardown(SstpState::kDisconnectAckPending, kDisconnectTimer1, out);
  } else {
    signals.close = !IsTeardown(state_);
  }
  return signals;
}

SstpSignals SstpServer::TimerExpired(TimePoint now, TimerId timer, TimePoint last_receive,
                                     Outbox& out) {
  SstpSignals signals;
  if (timer == TimerId::kTeardown) {
    signals.close = true;
    return signals;
  }
  if (timer == TimerId::kHello) return HelloExpired(now, last_receive, out);
  if (timer == TimerId::kNegotiation) return NegotiationTimedOut(out);
  return signals;
}

SstpSignals SstpServer::NegotiationTimedOut(Outbox& out) {
  if (state_ == SstpState::kDisconnected) {  // no SSTP yet: nothing to abort, nobody to warn of
    SstpSignals signals;
    out.Count(Counter::kSstpNegotiationTimeout);
    signals.ending = Ending{TerminateCause::kUserError, "negotiation timeout"};
    signals.close = true;
    return signals;
  }
  if (state_ != SstpState::kConnectRequestPending && state_ != SstpState::kConnectedPending) {
    return {};
  }
  std::string reason = "sstp: negotiation timeout";
  out.Count(Counter::kSstpNegotiationTimeout);
  out.Log(LogLevel::kWarning, reason);
  if (hlak_) {
    out.Count(Counter::kBindingNeverSent);
    reason = "client did not send SSTP_MSG_CALL_CONNECTED";
    out.Log(LogLevel::kWarning, reason);
  }
  return Abort(AttributeId::kStatusInfo, SstpStatus::kNegotiationTimeout,
               TerminateCause::kUserError, reason, out);
}

SstpSignals SstpServer::HelloExpired(TimePoint now, TimePoint last_receive, Outbox& out) {
  if (state_ != SstpState::kConnected) return {};
  const TimePoint last = std::max(last_packet_, std::min(last_receive, now));
  if (hello_sent_ && last > *hello_sent_) hello_sent_.reset();
  if (hello_sent_) {  // 3.1.2.3: torn down without CALL_ABORT
    SstpSignals signals;
    out.Count(Counter::kSstpHelloTimeout);
    out.Log(LogLevel::kWarning, "sstp: no echo reply");
    signals.ending = Ending{TerminateCause::kLostCarrier, "sstp: no echo reply"};
    signals.close = true;
    return signals;
  }
  const Duration idle = now - last;
  if (idle < settings_.hello_interval) {
    out.Start(TimerId::kHello, settings_.hello_interval - idle);
    return {};
  }
  hello_sent_ = now;
  SendControl(MessageType::kEchoRequest, codec::EncodeBare(MessageType::kEchoRequest), out);
  out.Start(TimerId::kHello, settings_.hello_interval);
  return {};
}

void SstpServer::StartTeardown(SstpState state, Duration after, Outbox& out) {
  out.Stop(TimerId::kNegotiation);
  out.Stop(TimerId::kHello);
  out.Start(TimerId::kTeardown, after);
  Wipe();
  SetState(state);
}

void SstpServer::Close(Outbox& out) {
  out.Stop(TimerId::kNegotiation);
  out.Stop(TimerId::kHello);
  out.Stop(TimerId::kTeardown);
  Wipe();
  SetState(SstpState::kClosed);
}

void SstpServer::Wipe() {
  SecureWipe(nonce_);
  hlak_.reset();
  early_connected_.reset();
}

bool SstpServer::IsConsistent(const Outbox& out) const {
  const bool negotiating = out.Runs(TimerId::kNegotiation);
  const bool hello = out.Runs(TimerId::kHello);
  if (out.Runs(TimerId::kTeardown) != IsTeardown(state_)) return false;
  if (hello && state_ != SstpState::kConnected) return false;
  if (negotiating && state_ > SstpState::kConnectedPending) return false;
  // Keys and what waits for them exist only while they are needed.
  return (!hlak_ && !early_connected_) || state_ == SstpState::kConnectedPending;
}

}  // namespace sstpgw::fsm
