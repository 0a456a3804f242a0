#include "gateway/fsm/lcp.h"

#include <algorithm>
#include <utility>

namespace sstpgw::fsm {
namespace {

using codec::PppCode;
using codec::PppProtocol;

ControlProtocolSettings SettingsOf(const PppSettings& settings) {
  return {.protocol = PppProtocol::kLcp,
          .restart_timer = TimerId::kLcpRestart,
          .restart_timeout = settings.restart_timeout,
          .max_configure = settings.max_configure,
          .max_terminate = settings.max_terminate,
          .max_failure = settings.max_failure};
}

bool IsEcho(PppCode code) { return code == PppCode::kEchoRequest || code == PppCode::kEchoReply; }

}  // namespace

std::uint8_t RandomOctet(Entropy& entropy) {
  std::array<std::uint8_t, 1> octet{};
  entropy.Fill(octet);
  return octet[0];
}

Lcp::Lcp(const PppSettings& settings, Entropy& entropy)
    : settings_(settings),
      policy_(settings, entropy),
      protocol_(SettingsOf(settings), policy_, RandomOctet(entropy)) {
  protocol_.set_peer_mru(policy_.mtu());
}

LayerSignals Lcp::Start(Outbox& out) {
  LayerSignals signals = protocol_.OpenActively(out);
  if (!policy_.auth()) {
    signals.ending = NoAuthAgreement();
  }
  return signals;
}

LayerSignals Lcp::Receive(TimePoint now, const codec::ControlPacket& packet, Outbox& out) {
  const PppCode code = packet.ppp_code();
  out.LogReceived(PppProtocol::kLcp, packet.packet,
                  IsEcho(code) ? LogLevel::kDebug : LogLevel::kTrace);
  switch (code) {
    case PppCode::kProtocolReject:
      return ReceiveProtocolReject(packet, out);
    case PppCode::kEchoRequest:
      ReceiveEchoRequest(now, packet, out);
      return {};
    case PppCode::kEchoReply:
      return ReceiveEchoReply(now, packet, out);
    case PppCode::kDiscardRequest:
    case PppCode::kIdentification:
    case PppCode::kTimeRemaining:
      return {};
    case PppCode::kConfigureRequest:
    case PppCode::kConfigureAck:
    case PppCode::kConfigureNak:
    case PppCode::kConfigureReject:
    case PppCode::kTerminateRequest:
    case PppCode::kTerminateAck:
    case PppCode::kCodeReject:
    case PppCode::kResetRequest:
    case PppCode::kResetAck:
      break;
  }
  const bool running = protocol_.state() >= PppState::kReqSent;
  LayerSignals signals = protocol_.Receive(packet, out);
  if (policy_.TakeLoopSeen()) {
    out.Count(Counter::kLcpLoop);
    out.Log(std::exchange(loop_logged_, true) ? LogLevel::kTrace : LogLevel::kWarning,
            "lcp: peer uses our magic number, the link may be looped back");
  }
  if (code == PppCode::kTerminateRequest && running) {
    signals.ending = Ending{
        .cause = TerminateCause::kUserRequest, .reason = "terminated by peer", .link_closed = true};
  }
  return Opened(now, std::move(signals), out);
}

LayerSignals Lcp::Opened(TimePoint now, LayerSignals signals, Outbox& out) {
  protocol_.set_peer_mru(policy_.mtu());
  if (signals.up) {
    unanswered_echoes_ = 0;
    last_activity_ = now;
    if (settings_.echo_interval.count() > 0) {
      out.Start(TimerId::kLcpEcho, settings_.echo_interval);
    }
  }
  if (!opened()) out.Stop(TimerId::kLcpEcho);
  return signals;
}

LayerSignals Lcp::RestartTimerExpired(TimePoint now, Outbox& out) {
  return Opened(now, protocol_.RestartTimerExpired(out), out);
}

LayerSignals Lcp::Close(Outbox& out, std::string_view reason) {
  out.Stop(TimerId::kLcpEcho);
  LayerSignals signals = protocol_.Close(out, reason);
  // Stopped or closed already: no Terminate-Request is under way.
  if (!RestartTimerRuns(protocol_.state())) signals.finished = true;
  return signals;
}

LayerSignals Lcp::LowerLayerDown(Outbox& out) {
  out.Stop(TimerId::kLcpEcho);
  return protocol_.LowerLayerDown(out);
}

// ---- Protocol-Reject

void Lcp::SendProtocolReject(PppProtocol protocol, ByteView information, Outbox& out) {
  if (!opened()) return;
  out.Count(Counter::kPppProtocolRejectSent);
  out.SendPpp(PppProtocol::kLcp, codec::EncodeProtocolReject(protocol_.NextIdentifier(),
                                                             static_cast<std::uint16_t>(protocol),
                                                             information, policy_.mtu()));
}

LayerSignals Lcp::ReceiveProtocolReject(const codec::ControlPacket& packet, Outbox& out) {
  if (!opened()) return {};  // RFC 1661 5.7: only in Opened
  const auto rejected = codec::ParseProtocolReject(packet.data);
  LayerSignals signals;
  if (!rejected) {
    Malformed("short Protocol-Reject received", out);
    return signals;
  }
  if (rejected->protocol >= 0xc000) {  // LCP, authentication, link quality: the link itself
    signals.ending = Ending{.cause = TerminateCause::kUserError,
                            .reason = "peer rejects a protocol of the link",
                            .counter = Counter::kPppRejectedByPeer};
    return signals;
  }
  signals.rejected_protocol = rejected->protocol;
  return signals;
}

// ---- Echo

void Lcp::PeerIsAlive(TimePoint now) {
  unanswered_echoes_ = 0;
  last_activity_ = now;
}

void Lcp::Malformed(const char* what, Outbox& out) const {
  out.Log(LogLevel::kTrace, std::string("LCP: ") + what);
  out.Count(Counter::kPppMalformed);
}

void Lcp::ReceiveEchoRequest(TimePoint now, const codec::ControlPacket& packet, Outbox& out) {
  if (!opened()) return;
  const auto data = codec::ParseMagicData(packet.data);
  if (!data) return Malformed("short echo packet received", out);
  PeerIsAlive(now);
  // Our magic number, the rest copied, cut to what the peer receives.
  const std::size_t room = policy_.mtu() - std::min<std::size_t>(policy_.mtu(), 8);
  const Bytes reply =
      codec::EncodeMagicData(policy_.magic(), data->rest.first(std::min(data->rest.size(), room)));
  out.SendPpp(PppProtocol::kLcp,
              codec::EncodeControlPacket(PppCode::kEchoReply, packet.identifier, reply),
              LogLevel::kDebug);
}

LayerSignals Lcp::ReceiveEchoReply(TimePoint now, const codec::ControlPacket& packet, Outbox& out) {
  LayerSignals signals;
  if (!opened()) return signals;
  const auto data = codec::ParseMagicData(packet.data);
  if (!data) {
    Malformed("short echo packet received", out);
    return signals;
  }
  if (policy_.magic() != 0 && data->magic == policy_.magic()) {
    out.Count(Counter::kLcpLoop);
    signals.ending = Ending{TerminateCause::kNasError, "lcp: loop detected"};
    return signals;
  }
  PeerIsAlive(now);
  return signals;
}

void Lcp::SendEchoRequest(Outbox& out) {
  out.SendPpp(PppProtocol::kLcp,
              codec::EncodeControlPacket(PppCode::kEchoRequest, protocol_.NextIdentifier(),
                                         codec::EncodeMagicData(policy_.magic(), {})),
              LogLevel::kDebug);
}

LayerSignals Lcp::EchoTimerExpired(TimePoint now, TimePoint last_frame, std::uint64_t data_packets,
                                   Outbox& out) {
  LayerSignals signals;
  if (!opened()) return signals;
  const bool adaptive = settings_.echo_timeout.count() > 0;
  const bool carried_data = data_packets != last_data_packets_;
  last_data_packets_ = data_packets;
  last_activity_ = carried_data ? now : std::max(last_activity_, std::min(last_frame, now));
  const bool dead = adaptive ? now - last_activity_ >= settings_.echo_timeout
                             : unanswered_echoes_ >= std::max(settings_.echo_failure, 1U);
  if (dead) {
    signals.ending = Ending{.cause = TerminateCause::kLostCarrier,
                            .reason = "lcp: no echo reply",
                            .manner = Termination::kHard,
                            .counter = Counter::kLcpEchoTimeout};
    return signals;
  }
  if (!(adaptive && carried_data)) {
    SendEchoRequest(out);
    ++unanswered_echoes_;
  }
  out.Start(TimerId::kLcpEcho, settings_.echo_interval);
  return signals;
}

bool Lcp::IsConsistent(const Outbox& out) const {
  const bool echo_allowed = opened() && settings_.echo_interval.count() > 0;
  return protocol_.IsConsistent(out) && (echo_allowed || !out.Runs(TimerId::kLcpEcho));
}

}  // namespace sstpgw::fsm
