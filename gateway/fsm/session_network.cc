// CCP, IPCP and IPv6CP (features 3.5 to 3.8): which of them come up, in which order, and what it
// means for the session when one does not.
#include <algorithm>
#include <utility>

#include "gateway/fsm/link_plan_of.h"
#include "gateway/fsm/session_impl.h"
#include "proto/base/text.h"

namespace sstpgw::fsm {
namespace {

using codec::PppProtocol;

// Until a network layer is open.
constexpr std::chrono::seconds kNetworkWaitTimeout{60};
// From then on: another one that is under negotiation may hold the session up for so long, and
// comes later otherwise.
constexpr std::chrono::seconds kOtherLayerTimeout{3};

// Each is told to the kernel and to the control plane; an honest peer opens it once.
constexpr std::uint32_t kMaxIpv4Openings = 16;

bool IsNegotiating(PppState state) {
  return state == PppState::kReqSent || state == PppState::kAckRcvd || state == PppState::kAckSent;
}

}  // namespace

void Session::Impl::StartNetwork() {
  phase_ = Phase::kNetwork;
  out_.Log(LogLevel::kDebug, "auth_layer_started");
  out_.Start(TimerId::kNetworkWait, kNetworkWaitTimeout);
  out_.Log(LogLevel::kDebug, "ccp_layer_start");
  HandleCcp(ccp_.Start(policy_.network, std::exchange(mppe_keys_, {}), lcp_.mtu(), out_));
  if (phase_ == Phase::kFinishing || closed()) return;
  Secret hlak = std::move(hlak_);
  hlak_ = Secret();
  Handle(sstp_.AuthSucceeded(now_, std::move(hlak), out_));
}

void Session::Impl::HandleCcp(LayerSignals signals) {
  if (phase_ == Phase::kFinishing || closed()) return;
  if (signals.ending) {
    if (signals.ending->cause != TerminateCause::kUserRequest) {
      out_.Log(LogLevel::kWarning, signals.ending->reason);
    }
    End(*signals.ending);
    return;
  }
  if (signals.up) out_.Log(LogLevel::kDebug, "ccp_layer_started");
  if (!ccp_.negotiating()) LinkMtuChanged();  // what lasts for a round trip is no change
  if (phase_ == Phase::kFinishing || closed()) return;
  if (phase_ == Phase::kNetwork && !layers_started_ && !ccp_.withholds_network())
    StartNetworkLayers();
}

void Session::Impl::StartNetworkLayers() {
  layers_started_ = true;
  out_.Log(LogLevel::kDebug, "ipcp_layer_start");
  StartIpcp();
  if (phase_ != Phase::kNetwork) return;
  out_.Log(LogLevel::kDebug, "ipv6cp_layer_start");
  StartIpv6cp();
  TakeWithheld(withheld_ipcp_, PppProtocol::kIpcp);
  TakeWithheld(withheld_ipv6cp_, PppProtocol::kIpv6cp);
}

void Session::Impl::TakeWithheld(Bytes& packet, PppProtocol protocol) {
  const Bytes taken = std::exchange(packet, {});
  if (taken.empty() || !MayNegotiateNetwork()) return;
  const codec::PppFrame frame{protocol, taken};
  if (const auto parsed = codec::ParseControlPacket(taken)) ReceiveNetwork(frame, *parsed);
}

// ---- IPv4

bool Session::Impl::Ipv4Possible() const {
  return settings_.ppp.ipv4 != NcpPreference::kDeny && !policy_.address.is_zero() &&
         !policy_.gateway_address.is_zero();
}

void Session::Impl::StartIpcp() {
  const bool asks =
      settings_.ppp.ipv4 == NcpPreference::kPrefer || settings_.ppp.ipv4 == NcpPreference::kRequire;
  if (asks) {
    if (const auto obstacle = Ipv4Obstacle()) {
      if (settings_.ppp.ipv4 == NcpPreference::kRequire) End(*obstacle);
      return;  // the peer's own Configure-Request will be answered with Protocol-Reject
    }
  }
  if (Ipv4Possible()) {
    HandleNetwork(NetworkLayer::kIpv4, ipcp_.Start(policy_, lcp_.mtu(), out_));
  }
}

std::optional<Ending> Session::Impl::Ipv4Obstacle() {
  std::string reason;
  if (settings_.ppp.ipv4 == NcpPreference::kDeny) {
    return Ending{TerminateCause::kNasError, "no network layer left: IPv4 is denied"};
  }
  if (policy_.gateway_address.is_zero()) {
    reason = "gw-ip-address not specified";
  } else if (policy_.address.is_zero()) {
    reason = "ppp: no free IPv4 address";
  } else {
    return std::nullopt;
  }
  if (!std::exchange(ipv4_refused_, true)) {
    out_.Count(Counter::kIpcpNoAddress);
    out_.Log(LogLevel::kWarning, reason);
  }
  return Ending{TerminateCause::kNasError, reason};
}

// ---- IPv6

bool Session::Impl::Ipv6Possible() const { return settings_.ppp.ipv6 != NcpPreference::kDeny; }

void Session::Impl::StartIpv6cp() {
  if (!Ipv6Possible()) return;
  if (settings_.ppp.ipv6 == NcpPreference::kRequire && !HasIpv6(policy_.network)) {
    const std::string reason = "ppp: no IPv6 prefix, and ppp-options ipv6 is require";
    out_.Log(LogLevel::kWarning, reason);
    End({.cause = TerminateCause::kNasError,
         .reason = reason,
         .counter = Counter::kIpv6cpNoPrefix});
    return;
  }
  HandleNetwork(NetworkLayer::kIpv6,
                ipv6cp_.Start(policy_, connection_.calling_station, lcp_.mtu(), entropy_, out_));
}

// ---- Packets

void Session::Impl::ReceiveNetwork(const codec::PppFrame& frame,
                                   const codec::ControlPacket& packet) {
  if (frame.protocol == PppProtocol::kCcp) {
    if (ccp_.Speaks(packet)) {
      HandleCcp(ccp_.Receive(packet, out_));
    } else {
      RejectProtocol(frame);
    }
    return;
  }
  const bool ipv4 = frame.protocol == PppProtocol::kIpcp;
  if (!layers_started_) {
    // Asked too early; the answer is given as soon as it may be.
    if (packet.ppp_code() == codec::PppCode::kConfigureRequest) {
      Bytes& withheld = ipv4 ? withheld_ipcp_ : withheld_ipv6cp_;
      withheld.assign(frame.payload.begin(), frame.payload.end());
    }
    return;
  }
  if (ipv4) {
    ReceiveIpcp(frame, packet);
  } else {
    HandleNetwork(NetworkLayer::kIpv6, ipv6cp_.Receive(packet, out_));
  }
}

void Session::Impl::ReceiveIpcp(const codec::PppFrame& frame, const codec::ControlPacket& packet) {
  if (const auto obstacle = Ipv4Obstacle()) {
    if (settings_.ppp.ipv4 == NcpPreference::kDeny) {
      out_.Log(LogLevel::kTrace, "IPCP: discarding packet");
    }
    RejectProtocol(frame);
    if (!Ipv6Possible()) End(*obstacle);  // no other network layer is left
    return;
  }
  HandleNetwork(NetworkLayer::kIpv4, ipcp_.Receive(packet, out_));
}

void Session::Impl::RejectedByPeer(PppProtocol protocol) {
  switch (protocol) {
    case PppProtocol::kCcp:
      HandleCcp(ccp_.RejectedByPeer(out_));
      return;
    case PppProtocol::kIpcp:
      HandleNetwork(NetworkLayer::kIpv4, ipcp_.RejectedByPeer(out_));
      return;
    case PppProtocol::kIpv6cp:
      HandleNetwork(NetworkLayer::kIpv6, ipv6cp_.RejectedByPeer(out_));
      return;
    default:
      return;  // nothing that we run
  }
}

// ---- What becomes of the session

void Session::Impl::HandleNetwork(NetworkLayer layer, LayerSignals signals) {
  if (phase_ == Phase::kFinishing || closed()) return;
  const bool ipv4 = layer == NetworkLayer::kIpv4;
  const char* const name = ipv4 ? "ipcp" : "ipv6cp";
  const NcpPreference preference = ipv4 ? settings_.ppp.ipv4 : settings_.ppp.ipv6;
  bool& gone = ipv4 ? ipv4_gone_ : ipv6_gone_;
  if (ipv4 && signals.up && ++ipv4_openings_ > kMaxIpv4Openings) {
    const std::string reason = "ipcp: opened again and again";
    out_.Log(LogLevel::kWarning, reason);
    End({.cause = TerminateCause::kUserError,
         .reason = reason,
         .counter = Counter::kPppNoAgreement});
    return;
  }
  const bool lost = signals.finished || signals.down;
  if (lost) gone = true;
  if (signals.up) gone = false;
  const bool ipv4_left = Ipv4Possible() && !ipv4_gone_;
  const bool ipv6_left = Ipv6Possible() && !ipv6_gone_;
  const bool may_follow = phase_ == Phase::kNetwork && !layers_settled_ && (ipv4_left || ipv6_left);
  const bool nothing_left = lost && !LayerOpen() && !may_follow;
  if (nothing_left && !signals.ending) {
    const bool by_peer = signals.down && !signals.finished;
    signals.ending =
        Ending{by_peer ? TerminateCause::kUserRequest : TerminateCause::kUserError,
               by_peer ? std::string(name) + ": closed by peer" : "no network layer left"};
  }
  // What a layer says of its own loss ends the session only if nothing else carries it.
  const bool bearable = lost && preference != NcpPreference::kRequire && !nothing_left;
  if (signals.ending && bearable) {
    out_.Log(LogLevel::kInfo, std::string(name) + ": closed, the session goes on without it");
    if (signals.ending->counter) out_.Count(*signals.ending->counter);
  } else if (signals.ending) {
    if (signals.ending->cause != TerminateCause::kUserRequest) {
      out_.Log(LogLevel::kWarning, signals.ending->reason);
    }
    End(*signals.ending);
    return;
  }
  if (signals.up) out_.Log(LogLevel::kDebug, std::string(name) + "_layer_started");
  if (signals.up || lost) LayersChanged();
}

bool Session::Impl::RequiredLayersOpen() const {
  return (settings_.ppp.ipv4 != NcpPreference::kRequire || ipcp_.opened()) &&
         (settings_.ppp.ipv6 != NcpPreference::kRequire || ipv6cp_.opened());
}

bool Session::Impl::LayersSettled() const {
  if (!layers_started_ || !LayerOpen() || !RequiredLayersOpen()) return false;
  // Nearly every client asks for IPv4, and some for IPv6 first.
  const bool ipv4_follows = !ipcp_.opened() && Ipv4Possible() && !ipv4_gone_;
  return !ipv4_follows && !IsNegotiating(ipv6cp_.state());
}

void Session::Impl::LayersChanged() {
  if (phase_ == Phase::kActive) {
    FollowLayers();
    return;
  }
  if (phase_ != Phase::kNetwork || layers_settled_) return;
  if (LayersSettled()) {
    layers_settled_ = true;
    out_.Stop(TimerId::kNetworkWait);
    ActivateWhenReady();
  } else if (LayerOpen() && RequiredLayersOpen() && !std::exchange(other_awaited_, true)) {
    out_.Start(TimerId::kNetworkWait, kOtherLayerTimeout);
  }
}

void Session::Impl::NetworkWaitExpired() {
  if (LayerOpen() && RequiredLayersOpen()) {
    layers_settled_ = true;
    ActivateWhenReady();
    return;
  }
  const bool ipv4 = Ipv4Possible() && !ipcp_.opened();
  const std::string reason =
      !layers_started_ ? "ccp: not negotiated in time"
                       : (ipv4 ? "ipcp: not negotiated in time" : "ipv6cp: not negotiated in time");
  out_.Log(LogLevel::kWarning, reason);
  const Counter counter = !layers_started_
                              ? Counter::kMppeRefused
                              : (ipv4 ? Counter::kIpcpTimeout : Counter::kIpv6cpFailed);
  End({.cause = TerminateCause::kUserError, .reason = reason, .counter = counter});
}

}  // namespace sstpgw::fsm
