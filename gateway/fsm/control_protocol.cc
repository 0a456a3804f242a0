#include "gateway/fsm/control_protocol.h"

#include <algorithm>

namespace sstpgw::fsm {
namespace {

using codec::PppCode;

Ending UserError(std::string reason, Counter counter) {
  return {.cause = TerminateCause::kUserError, .reason = std::move(reason), .counter = counter};
}

// The options that `nak` names, as the peer sent them.
Bytes NamedBy(const Bytes& nak, const OptionList& options) {
  Bytes out;
  const auto named = codec::ParseOptions(nak);
  if (!named) return out;
  for (const codec::ConfigOption& option : options) {
    const bool hit = std::any_of(named->begin(), named->end(), [&](const codec::ConfigOption& n) {
      return n.type == option.type;
    });
    if (hit) out.insert(out.end(), option.raw.begin(), option.raw.end());
  }
  return out;
}

}  // namespace

LayerSignals ControlProtocol::OpenActively(Outbox& out) {
  LayerSignals signals = Fire(PppEvent::kOpen, out);
  signals.Merge(Fire(PppEvent::kUp, out));
  return signals;
}

LayerSignals ControlProtocol::Receive(const codec::ControlPacket& packet, Outbox& out) {
  if (fsm_.state() <= PppState::kStarting) return {};
  switch (packet.ppp_code()) {
    case PppCode::kConfigureRequest:
      return OnConfigureRequest(packet, out);
    case PppCode::kConfigureAck:
      return OnConfigureAck(packet, out);
    case PppCode::kConfigureNak:
    case PppCode::kConfigureReject:
      return OnConfigureRefusal(packet, out);
    case PppCode::kTerminateRequest:
      reply_ = codec::EncodeControlPacket(PppCode::kTerminateAck, packet.identifier, {});
      return Fire(PppEvent::kTermRequest, out);
    case PppCode::kTerminateAck:
      return Fire(PppEvent::kTermAck, out);
    case PppCode::kCodeReject:
      return OnCodeReject(packet, out);
    case PppCode::kProtocolReject:
    case PppCode::kEchoRequest:
    case PppCode::kEchoReply:
    case PppCode::kDiscardRequest:
    case PppCode::kIdentification:
    case PppCode::kTimeRemaining:
    case PppCode::kResetRequest:
    case PppCode::kResetAck:
      break;
  }
  reply_ = codec::EncodeCodeReject(NextIdentifier(), packet.packet, peer_mru_);
  out.Count(Counter::kPppCodeRejectSent);
  return Fire(PppEvent::kUnknownCode, out);
}

LayerSignals ControlProtocol::RestartTimerExpired(Outbox& out) {
  out.Log(LogLevel::kDebug, "fsm timeout " + std::to_string(restart_count_));
  return Fire(restart_count_ > 0 ? PppEvent::kTimeoutRetry : PppEvent::kTimeoutGiveUp, out);
}

LayerSignals ControlProtocol::OnConfigureRequest(const codec::ControlPacket& packet, Outbox& out) {
  // An Ack or a Reject repeats the options, and our frames have a longer header than the peer's may
  // have (FF 03 may be missing there).
  if (packet.packet.size() > codec::kMaxPppPayload) return Malformed(out);
  const auto options = codec::ParseOptions(packet.data);
  if (!options) return Malformed(out);
  const PppState state = fsm_.state();
  if (state == PppState::kClosed || state == PppState::kClosing || state == PppState::kStopping) {
    reply_ = codec::EncodeControlPacket(PppCode::kTerminateAck, packet.identifier, {});
    return Fire(PppEvent::kGoodRequest, out);
  }
  Judgement judgement = policy_.Judge(*options);
  if (judgement.acceptable()) {
    refused_by_us_ = 0;
    policy_.PeerRequestAcknowledged();
    reply_ = codec::EncodeControlPacket(PppCode::kConfigureAck, packet.identifier, packet.data);
    return Fire(PppEvent::kGoodRequest, out);
  }
  if (state == PppState::kOpened) {
    LayerSignals signals;
    signals.ending =
        UserError("unacceptable Configure-Request in Opened", Counter::kPppBadRequestInOpened);
    return signals;
  }
  // Max-Failure (RFC 1661 4.6): naks turn into rejects; who goes on then, or never listened to a
  // reject, is not going to agree.
  const bool exhausted = refused_by_us_ >= settings_.max_failure;
  const bool convertible = judgement.reject.empty() && !judgement.insist &&
                           refused_by_us_ < 2 * std::uint64_t{settings_.max_failure};
  if (exhausted && !convertible) {
    LayerSignals signals;
    signals.ending = UserError(
        "no agreement on options after " + std::to_string(refused_by_us_) + " refused requests",
        Counter::kPppNoAgreement);
    return signals;
  }
  ++refused_by_us_;
  if (exhausted) judgement.reject = NamedBy(judgement.nak, *options);
  const bool reject = !judgement.reject.empty();
  reply_ = codec::EncodeControlPacket(reject ? PppCode::kConfigureReject : PppCode::kConfigureNak,
                                      packet.identifier, reject ? judgement.reject : judgement.nak);
  return Fire(PppEvent::kBadRequest, out);
}

LayerSignals ControlProtocol::OnConfigureAck(const codec::ControlPacket& packet, Outbox& out) {
  if (!AnswersOurRequest(packet)) return {};
  if (!std::equal(packet.data.begin(), packet.data.end(), request_.begin(), request_.end())) {
    return {};  // RFC 1661 5.2: must be the very same options
  }
  outstanding_ = false;
  refused_by_peer_ = 0;
  policy_.RequestAcknowledged();
  return Fire(PppEvent::kAck, out);
}

LayerSignals ControlProtocol::OnConfigureRefusal(const codec::ControlPacket& packet, Outbox& out) {
  if (!AnswersOurRequest(packet)) return {};
  const auto options = codec::ParseOptions(packet.data);
  if (!options) return Malformed(out);
  const bool nak = packet.ppp_code() == PppCode::kConfigureNak;
  ReplyEffect effect = nak ? policy_.OnNak(*options) : policy_.OnReject(*options);
  LayerSignals signals;
  if (effect.ending) {
    signals.ending = std::move(effect.ending);
    return signals;
  }
  if (!effect.usable) return {};
  if (++refused_by_peer_ > settings_.max_failure) {
    signals.ending = UserError("peer refuses our options", Counter::kPppNoAgreement);
    return signals;
  }
  outstanding_ = false;
  return Fire(PppEvent::kNak, out);
}

LayerSignals ControlProtocol::OnCodeReject(const codec::ControlPacket& packet, Outbox& out) {
  if (packet.data.empty()) return Malformed(out);
  const bool needed = packet.data[0] >= static_cast<std::uint8_t>(PppCode::kConfigureRequest) &&
                      packet.data[0] <= static_cast<std::uint8_t>(PppCode::kCodeReject);
  if (!needed) return Fire(PppEvent::kHarmlessReject, out);
  LayerSignals signals = Fire(PppEvent::kFatalReject, out);
  if (!signals.ending) {
    signals.ending = UserError("peer rejects a code that PPP needs", Counter::kPppRejectedByPeer);
  }
  return signals;
}

LayerSignals ControlProtocol::Malformed(Outbox& out) const {
  out.Log(LogLevel::kTrace, codec::ToString(settings_.protocol) + ": short packet received");
  out.Count(Counter::kPppMalformed);
  return {};
}

LayerSignals ControlProtocol::Fire(PppEvent event, Outbox& out) {
  const PppCell& cell = fsm_.Step(event);
  LayerSignals signals;
  for (const PppAction action : cell.actions) Perform(action, cell, signals, out);
  if (!RestartTimerRuns(fsm_.state())) out.Stop(settings_.restart_timer);
  reply_.clear();
  return signals;
}

void ControlProtocol::Perform(PppAction action, const PppCell& cell, LayerSignals& signals,
                              Outbox& out) {
  switch (action) {
    case PppAction::kNone:
    case PppAction::kLayerStarted:
    case PppAction::kSendEchoReply:  // the owner of LCP answers, it knows the magic number
      return;
    case PppAction::kLayerUp:
      signals.up = true;
      return;
    case PppAction::kLayerDown:
      signals.down = true;
      return;
    case PppAction::kLayerFinished:
      signals.finished = true;
      return;
    case PppAction::kInitRestartCount: {
      const bool terminating = std::find(cell.actions.begin(), cell.actions.end(),
                                         PppAction::kSendTermRequest) != cell.actions.end();
      restart_count_ = terminating ? settings_.max_terminate : settings_.max_configure;
      if (terminating) terminate_identifier_ = NextIdentifier();
      return;
    }
    case PppAction::kZeroRestartCount:
      restart_count_ = 0;
      out.Start(settings_.restart_timer, settings_.restart_timeout);
      return;
    case PppAction::kSendConfRequest:
      SendConfigureRequest(out);
      return;
    case PppAction::kSendTermRequest:
      if (restart_count_ > 0) --restart_count_;
      out.SendPpp(settings_.protocol,
                  codec::EncodeControlPacket(PppCode::kTerminateRequest, terminate_identifier_,
                                             terminate_reason_));
      out.Start(settings_.restart_timer, settings_.restart_timeout);
      return;
    case PppAction::kSendConfAck:
    case PppAction::kSendConfNakReject:
    case PppAction::kSendTermAck:
    case PppAction::kSendCodeReject:
      if (!reply_.empty()) out.SendPpp(settings_.protocol, reply_);
      return;
  }
}

void ControlProtocol::SendConfigureRequest(Outbox& out) {
  Bytes request = policy_.BuildRequest();
  // RFC 1661 5.1: the Identifier changes with the content and after a valid reply.
  if (!outstanding_ || request != request_) {
    request_identifier_ = NextIdentifier();
    request_ = std::move(request);
    outstanding_ = true;
  }
  if (restart_count_ > 0) --restart_count_;
  out.SendPpp(settings_.protocol, codec::EncodeControlPacket(PppCode::kConfigureRequest,
                                                             request_identifier_, request_));
  out.Start(settings_.restart_timer, settings_.restart_timeout);
}

}  // namespace sstpgw::fsm
