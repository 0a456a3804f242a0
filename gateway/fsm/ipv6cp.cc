#include "gateway/fsm/ipv6cp.h"

#include <algorithm>
#include <string>
#include <utility>

#include "gateway/codec/ipv6cp_options.h"

namespace sstpgw::fsm {
namespace {

using codec::PppProtocol;

// Every opening changes the interface and tells the control plane; an honest peer needs a few.
constexpr std::uint32_t kMaxOpenings = 16;

ControlProtocolSettings SettingsOf(const PppSettings& settings) {
  return {.protocol = PppProtocol::kIpv6cp,
          .restart_timer = TimerId::kIpv6cpRestart,
          .restart_timeout = settings.restart_timeout,
          .max_configure = settings.max_configure,
          .max_terminate = settings.max_terminate,
          .max_failure = settings.max_failure};
}

}  // namespace

void Ipv6cpPolicy::Configure(const InterfaceIds& ids, bool accept_peers_choice) {
  ids_ = ids;
  accept_peers_choice_ = accept_peers_choice;
  acknowledged_ = ids.peers;
}

Bytes Ipv6cpPolicy::BuildRequest() {
  Bytes options;
  if (send_id_) codec::AppendInterfaceId(options, ids_.ours);
  return options;
}

bool Ipv6cpPolicy::IsAcceptable(const InterfaceId& id) const {
  if (in_use_) return id == acknowledged_;
  if (id == ids_.peers) return true;
  return accept_peers_choice_ && id != InterfaceId{} && id != ids_.ours;
}

Judgement Ipv6cpPolicy::Judge(const OptionList& options) {
  Judgement judgement;
  bool asked = false;
  judged_ = in_use_ ? acknowledged_ : ids_.peers;
  const InterfaceId suggested = judged_;
  for (const codec::ConfigOption& option : options) {
    const auto id = codec::InterfaceIdOf(option);
    // Twice is not allowed (RFC 1661 6): which one would count?
    if (!id || asked) {
      judgement.reject.insert(judgement.reject.end(), option.raw.begin(), option.raw.end());
      continue;
    }
    asked = true;
    judged_ = *id;
    if (!IsAcceptable(*id)) codec::AppendInterfaceId(judgement.nak, suggested);
  }
  if (!asked && !id_suggested_ && !in_use_) {
    // Once: a peer that still does not want one keeps its own, our addresses for it stay.
    codec::AppendInterfaceId(judgement.nak, suggested);
    if (judgement.reject.empty()) id_suggested_ = true;
  }
  return judgement;
}

ReplyEffect Ipv6cpPolicy::OnNak(const OptionList& options) {
  // We keep our identifier; asking again is all there is to do.
  const bool ours = std::any_of(options.begin(), options.end(), [](const auto& option) {
    return option.type == static_cast<std::uint8_t>(codec::Ipv6cpOption::kInterfaceId);
  });
  return {.usable = ours && send_id_, .ending = std::nullopt};
}

ReplyEffect Ipv6cpPolicy::OnReject(const OptionList& options) {
  ReplyEffect effect = OnNak(options);
  if (effect.usable) send_id_ = false;
  return effect;
}

Ipv6cp::Ipv6cp(const PppSettings& settings, std::uint8_t identifier)
    : settings_(settings), protocol_(SettingsOf(settings), policy_, identifier) {}

LayerSignals Ipv6cp::Start(const SessionPolicy& policy, std::string_view calling_station,
                           std::uint16_t peer_mru, Entropy& entropy, Outbox& out) {
  policy_.Configure(ChooseInterfaceIds(settings_, policy, calling_station, entropy),
                    settings_.accept_peer_interface_id);
  protocol_.set_peer_mru(peer_mru);
  if (settings_.ipv6 == NcpPreference::kAllow) {
    protocol_.OpenPassively();
    return {};
  }
  return Settle(protocol_.OpenActively(out), out);
}

LayerSignals Ipv6cp::Receive(const codec::ControlPacket& packet, Outbox& out) {
  out.LogReceived(PppProtocol::kIpv6cp, packet.packet);
  return Settle(protocol_.Receive(packet, out), out);
}

LayerSignals Ipv6cp::RestartTimerExpired(Outbox& out) {
  return Settle(protocol_.RestartTimerExpired(out), out);
}

LayerSignals Ipv6cp::RejectedByPeer(Outbox& out) {
  LayerSignals signals = protocol_.RejectedByPeer(out);
  signals.finished = true;
  return Settle(std::move(signals), out);
}

LayerSignals Ipv6cp::Close(Outbox& out, std::string_view reason) {
  LayerSignals signals = protocol_.Close(out, reason);
  if (signals.down) policy_.set_in_use(false);
  signals.finished = true;
  return signals;
}

LayerSignals Ipv6cp::LowerLayerDown(Outbox& out) {
  LayerSignals signals = protocol_.LowerLayerDown(out);
  if (signals.down) policy_.set_in_use(false);
  return signals;
}

LayerSignals Ipv6cp::Settle(LayerSignals signals, Outbox& out) {
  if (signals.down) policy_.set_in_use(false);
  if (signals.up) {
    policy_.set_in_use(true);
    if (++openings_ > kMaxOpenings) {
      signals.up = false;
      signals.ending = Ending{.cause = TerminateCause::kUserError,
                              .reason = "opened again and again",
                              .counter = Counter::kPppNoAgreement};
    }
  }
  if (settings_.ipv6 == NcpPreference::kRequire) {
    if (!signals.ending && !signals.finished && !signals.down) return signals;
    const std::string why = signals.ending ? ": " + signals.ending->reason : std::string();
    signals.ending = Ending{.cause = TerminateCause::kUserError,
                            .reason = "IPv6CP is required but failed" + why,
                            .counter = Counter::kIpv6cpFailed};
    return signals;
  }
  if (!signals.ending) return signals;
  // No agreement, and none to be had: the layer is closed, the session may live without it.
  const Ending ending = std::move(*signals.ending);
  signals.ending.reset();
  out.Log(LogLevel::kWarning, "IPv6CP: " + ending.reason);
  if (ending.counter) out.Count(*ending.counter);
  signals.Merge(Close(out, ending.reason));
  return signals;
}

}  // namespace sstpgw::fsm
