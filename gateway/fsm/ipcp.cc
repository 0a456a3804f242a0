#include "gateway/fsm/ipcp.h"

#include <algorithm>

#include "gateway/codec/ipcp_options.h"

namespace sstpgw::fsm {
namespace {

using codec::IpcpOption;
using codec::PppProtocol;

ControlProtocolSettings SettingsOf(const PppSettings& settings) {
  return {.protocol = PppProtocol::kIpcp,
          .restart_timer = TimerId::kIpcpRestart,
          .restart_timeout = settings.restart_timeout,
          .max_configure = settings.max_configure,
          .max_terminate = settings.max_terminate,
          .max_failure = settings.max_failure};
}

std::optional<Ipv4Address> At(const std::vector<Ipv4Address>& servers, std::size_t index) {
  if (index >= servers.size()) return std::nullopt;
  return servers[index];
}

}  // namespace

void IpcpPolicy::Configure(const SessionPolicy& policy) {
  ours_ = policy.gateway_address;
  peers_ = policy.address;
  dns_ = policy.dns;
  wins_ = policy.wins;
}

Bytes IpcpPolicy::BuildRequest() {
  Bytes options;
  if (send_address_) codec::AppendAddress(options, IpcpOption::kIpAddress, ours_);
  return options;
}

std::optional<Ipv4Address> IpcpPolicy::Assigned(std::uint8_t type) const {
  switch (static_cast<IpcpOption>(type)) {
    case IpcpOption::kIpAddress:
      return peers_;
    case IpcpOption::kPrimaryDns:
      return At(dns_, 0);
    case IpcpOption::kSecondaryDns:
      return At(dns_, 1);
    case IpcpOption::kPrimaryWins:
      return At(wins_, 0);
    case IpcpOption::kSecondaryWins:
      return At(wins_, 1);
    case IpcpOption::kIpAddresses:
    case IpcpOption::kIpCompression:
      break;
  }
  return std::nullopt;
}

Judgement IpcpPolicy::Judge(const OptionList& options) {
  Judgement judgement;
  bool address_asked = false;
  std::vector<std::uint8_t> naked;
  for (const codec::ConfigOption& option : options) {
    const auto asked = codec::AddressOf(option);
    const auto assigned = Assigned(option.type);
    if (!asked || !assigned) {
      judgement.reject.insert(judgement.reject.end(), option.raw.begin(), option.raw.end());
      continue;
    }
    if (option.type == static_cast<std::uint8_t>(IpcpOption::kIpAddress)) address_asked = true;
    if (*asked == *assigned) continue;
    if (std::find(naked.begin(), naked.end(), option.type) != naked.end()) continue;
    naked.push_back(option.type);
    codec::AppendAddress(judgement.nak, static_cast<IpcpOption>(option.type), *assigned);
  }
  if (!address_asked && !address_suggested_) {
    // Once: a peer that still does not want one runs unnumbered, our route to it stays.
    codec::AppendAddress(judgement.nak, IpcpOption::kIpAddress, peers_);
    if (judgement.reject.empty()) address_suggested_ = true;
  }
  return judgement;
}

ReplyEffect IpcpPolicy::OnNak(const OptionList& options) {
  // We keep our address; asking again is all there is to do.
  const bool ours = std::any_of(options.begin(), options.end(), [](const auto& option) {
    return option.type == static_cast<std::uint8_t>(IpcpOption::kIpAddress);
  });
  return {.usable = ours && send_address_, .ending = std::nullopt};
}

ReplyEffect IpcpPolicy::OnReject(const OptionList& options) {
  ReplyEffect effect = OnNak(options);
  if (effect.usable) send_address_ = false;
  return effect;
}

Ipcp::Ipcp(const PppSettings& settings, std::uint8_t identifier)
    : settings_(settings), protocol_(SettingsOf(settings), policy_, identifier) {}

LayerSignals Ipcp::Start(const SessionPolicy& policy, std::uint16_t peer_mru, Outbox& out) {
  policy_.Configure(policy);
  protocol_.set_peer_mru(peer_mru);
  if (settings_.ipv4 == NcpPreference::kAllow) {
    protocol_.OpenPassively();
    return {};
  }
  return Judge(protocol_.OpenActively(out));
}

LayerSignals Ipcp::Receive(const codec::ControlPacket& packet, Outbox& out) {
  out.LogReceived(PppProtocol::kIpcp, packet.packet);
  const bool was_opened = opened();
  LayerSignals signals = protocol_.Receive(packet, out);
  if (was_opened && packet.ppp_code() == codec::PppCode::kTerminateRequest) {
    signals.ending = Ending{TerminateCause::kUserRequest, "IPCP terminated by peer"};
  }
  return Judge(std::move(signals));
}

LayerSignals Ipcp::RestartTimerExpired(Outbox& out) {
  LayerSignals signals = Judge(protocol_.RestartTimerExpired(out));
  if (signals.finished && signals.ending) signals.ending->counter = Counter::kIpcpTimeout;
  return signals;
}

LayerSignals Ipcp::RejectedByPeer(Outbox& out) {
  LayerSignals signals = protocol_.RejectedByPeer(out);
  signals.finished = true;
  signals = Judge(std::move(signals));
  if (signals.ending) signals.ending->counter = Counter::kPppRejectedByPeer;
  return signals;
}

LayerSignals Ipcp::Judge(LayerSignals signals) const {
  if (signals.ending) return signals;
  if (signals.finished) {
    signals.ending = Ending{TerminateCause::kUserError, settings_.ipv4 == NcpPreference::kRequire
                                                            ? "IPCP is required but failed"
                                                            : "no network layer left"};
  } else if (signals.down) {
    signals.ending = Ending{TerminateCause::kUserRequest, "IPCP went down"};
  }
  return signals;
}

}  // namespace sstpgw::fsm
