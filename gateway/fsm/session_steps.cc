#include <utility>

#include "gateway/codec/http_preamble.h"
#include "gateway/codec/ppp_control.h"
#include "gateway/fsm/session_impl.h"
#include "proto/base/text.h"

namespace sstpgw::fsm {
namespace {

using codec::PppProtocol;

}  // namespace

// ---- Connection and HTTP

void Session::Impl::On(const HttpHeadReceived& event) {
  if (phase_ != Phase::kHttp) return;
  for (const std::string& line : codec::HttpLogLines(event.head)) {
    out_.Log(LogLevel::kTrace, "recv [HTTP <" + line + ">]");
  }
  const HttpDecision decision = DecideHttp(settings_.sstp, event.head, UnixSeconds(now_));
  for (const std::string& note : decision.notes) out_.Log(LogLevel::kDebug, note);
  AnswerHttp(decision);
}

void Session::Impl::On(const HttpHeadTooLong& /*event*/) {
  if (phase_ != Phase::kHttp) return;
  out_.Log(LogLevel::kTrace, "HTTP too long header");
  AnswerHttp(DecideHttpTooLong(settings_.sstp, UnixSeconds(now_)));
}

void Session::Impl::AnswerHttp(const HttpDecision& decision) {
  out_.Count(decision.counter);
  for (const std::string& line : decision.reply) {
    out_.Log(LogLevel::kTrace, "send [HTTP <" + Escape(line) + ">]");
  }
  if (!decision.reply.empty()) out_.Send(codec::EncodeHttpLines(decision.reply));
  if (!decision.accepted) {
    End({TerminateCause::kUserError, "HTTP request refused", Termination::kHard, false});
    return;
  }
  sstp_.HttpDone();
  phase_ = Phase::kCall;
}

void Session::Impl::On(const StreamUndelineated& /*event*/) {
  out_.Count(Counter::kSstpUndelineated);
  if (!ending_) BeginFinish({TerminateCause::kUserError, "sstp: no packet boundary"});
  Close();
}

void Session::Impl::On(const TransportClosed& event) {
  if (event.flooded) {
    out_.Count(Counter::kTlsHousekeepingFlood);
    // Who has not even asked in HTTP may be anybody.
    out_.Log(phase_ == Phase::kHttp ? LogLevel::kTrace : LogLevel::kWarning,
             "sstp: connection from " + connection_.peer + " cut: " + Escape(event.reason));
  } else if (!IsTeardown(sstp_.state())) {
    out_.Log(LogLevel::kTrace, "sstp: disconnect by peer");
  }
  if (!ending_) BeginFinish({TerminateCause::kLostCarrier, Escape(event.reason)});
  Close();
}

// ---- SSTP

void Session::Impl::On(const SstpPacketReceived& event) {
  if (phase_ == Phase::kHttp) return;
  Handle(sstp_.Receive(now_, event.packet, out_));
}

void Session::Impl::Handle(SstpSignals signals) {
  if (signals.ending) {
    if (!ending_) BeginFinish(*signals.ending);
    PppDown();
    ReportDown();
  }
  if (signals.close) {
    Close();
    return;
  }
  if (signals.call_started) StartPpp();
  if (signals.call_connected) {
    bound_ = true;
    ActivateWhenReady();
  }
  if (!signals.ppp_frame.empty()) ReceiveFrame(signals.ppp_frame);
}

void Session::Impl::On(const TimerExpired& event) {
  if (!out_.TakeExpiry(event.timer)) return;
  if (event.timer == TimerId::kNegotiation && phase_ == Phase::kHttp) {
    // Scanners that say nothing behind TLS: not for the default log level (features 2.5).
    out_.LogBare(LogLevel::kTrace,
                 "sstp: no HTTP request from " + connection_.peer + ": negotiation timeout");
  }
  switch (event.timer) {
    case TimerId::kNegotiation:
    case TimerId::kHello:
    case TimerId::kTeardown:
      Handle(sstp_.TimerExpired(now_, event.timer, event.last_receive, out_));
      return;
    case TimerId::kLcpRestart:
      HandleLcp(lcp_.RestartTimerExpired(now_, out_));
      return;
    case TimerId::kLcpEcho:
      HandleLcp(lcp_.EchoTimerExpired(now_, last_frame_, event.data_packets, out_));
      return;
    case TimerId::kAuth:
    case TimerId::kReject:
      HandleAuth(auth_.TimerExpired(event.timer, out_));
      return;
    case TimerId::kCcpRestart:
      HandleCcp(ccp_.RestartTimerExpired(out_));
      return;
    case TimerId::kIpcpRestart:
      HandleNetwork(NetworkLayer::kIpv4, ipcp_.RestartTimerExpired(out_));
      return;
    case TimerId::kIpv6cpRestart:
      HandleNetwork(NetworkLayer::kIpv6, ipv6cp_.RestartTimerExpired(out_));
      return;
    case TimerId::kRouterAdvertisement:
      advertiser_.TimerExpired(out_);
      return;
    case TimerId::kNetworkWait:
      NetworkWaitExpired();
      return;
    case TimerId::kSession:
      SessionTimerExpired();
      return;
    case TimerId::kIdle:
      IdleTimerExpired(event.data_packets);
      return;
    case TimerId::kHold:
      HoldTimerExpired();
      return;
  }
}

// ---- PPP

void Session::Impl::StartPpp() {
  started_at_ = now_;
  phase_ = Phase::kEstablish;
  out_.Add(Report{SessionEventKind::kStarting, TerminateCause::kNone, {}});
  for (const char* layer : {"lcp", "auth", "ccp", "ipcp", "ipv6cp"}) {
    out_.Log(LogLevel::kDebug, std::string(layer) + "_layer_init");
  }
  out_.Log(LogLevel::kDebug, "ppp establishing");
  out_.Log(LogLevel::kDebug, "lcp_layer_start");
  HandleLcp(lcp_.Start(out_));
}

void Session::Impl::ReceiveFrame(ByteView bytes) {
  const auto frame = codec::ParsePppFrame(bytes);
  if (!frame) {
    out_.Count(Counter::kPppMalformed);
    return;
  }
  last_frame_ = now_;
  if (!codec::IsControlProtocol(frame->protocol)) {
    // Before the binding the uplink drops and counts it. What it knows never comes here on an open
    // data path; anything else is not spoken.
    const bool known = frame->protocol == PppProtocol::kIpv4 ||
                       frame->protocol == PppProtocol::kIpv6 ||
                       frame->protocol == PppProtocol::kCompressed;
    if (phase_ == Phase::kActive && !known) RejectProtocol(*frame);
    return;
  }
  const bool leaving = phase_ == Phase::kFinishing;
  if (ppp_down_ || (leaving && frame->protocol != PppProtocol::kLcp)) return;
  if (!IsSpoken(frame->protocol)) {
    ReceiveUnspoken(*frame);
    return;
  }
  const auto packet = codec::ParseControlPacket(frame->payload);
  if (!packet) {
    const bool known = frame->protocol == PppProtocol::kLcp || lcp_.opened();
    if (known)
      out_.Log(LogLevel::kTrace, codec::ToString(frame->protocol) + ": short packet received");
    out_.Count(Counter::kPppMalformed);
    return;
  }
  switch (frame->protocol) {
    case PppProtocol::kLcp:
      HandleLcp(lcp_.Receive(now_, *packet, out_));
      return;
    case PppProtocol::kPap:
    case PppProtocol::kChap:
    case PppProtocol::kEap:
      if (lcp_.opened()) HandleAuth(auth_.Receive(frame->protocol, *packet, out_));
      return;
    default:
      if (MayNegotiateNetwork()) ReceiveNetwork(*frame, *packet);
      return;
  }
}

// Control protocols that a machine of ours runs; all have the packet format of RFC 1661 section 5.
bool Session::Impl::IsSpoken(PppProtocol protocol) const {
  switch (protocol) {
    case PppProtocol::kLcp:
    case PppProtocol::kPap:
    case PppProtocol::kChap:
    case PppProtocol::kEap:
    case PppProtocol::kIpcp:
      return true;
    case PppProtocol::kCcp:
      return !settings_.ppp.disable_ccp;
    case PppProtocol::kIpv6cp:
      return Ipv6Possible();
    default:
      return false;
  }
}

// Before authentication a network protocol is discarded silently: the peer will ask again.
bool Session::Impl::MayNegotiateNetwork() const {
  return lcp_.opened() && phase_ >= Phase::kNetwork && phase_ <= Phase::kActive;
}

// Not every protocol's packets have a code, an identifier and a length (Link Quality Report has
// not).
void Session::Impl::ReceiveUnspoken(const codec::PppFrame& frame) {
  if (!lcp_.opened()) return;
  const bool network_protocol = static_cast<std::uint16_t>(frame.protocol) < 0xc000;
  if (network_protocol && !MayNegotiateNetwork()) return;
  if (frame.protocol == PppProtocol::kIpv6cp) {
    out_.Log(LogLevel::kTrace, "IPV6CP: discarding packet");
  }
  RejectProtocol(frame);
}

void Session::Impl::RejectProtocol(const codec::PppFrame& frame) {
  lcp_.SendProtocolReject(frame.protocol, frame.payload, out_);
}

void Session::Impl::HandleLcp(LayerSignals signals) {
  if (phase_ == Phase::kFinishing) {
    if (signals.finished || signals.down || signals.ending) {
      PppDown();
      FarewellSstp();
    }
    return;
  }
  if (signals.up) {
    out_.Log(LogLevel::kDebug, "lcp_layer_started");
    out_.Log(LogLevel::kDebug, "auth_layer_start");
    phase_ = Phase::kAuthenticate;
    auth_.Start(*lcp_.auth(), out_);
  }
  if (signals.rejected_protocol) {
    RejectedByPeer(static_cast<PppProtocol>(*signals.rejected_protocol));
    return;
  }
  if (!signals.ending && signals.finished) {
    signals.ending = Ending{.cause = TerminateCause::kUserError,
                            .reason = "lcp: no answer from the peer",
                            .counter = Counter::kLcpNoAnswer};
  }
  if (!signals.ending && signals.down) {
    signals.ending = Ending{TerminateCause::kUserRequest, "lcp: link went down"};
  }
  if (!signals.ending) {
    FollowPeersMru();
    return;
  }
  if (signals.ending->cause != TerminateCause::kUserRequest) {
    out_.Log(LogLevel::kWarning, signals.ending->reason);
  }
  if (signals.finished) signals.ending->link_closed = true;
  End(*signals.ending);
}

}  // namespace sstpgw::fsm
