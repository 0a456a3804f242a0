#include <algorithm>
#include <utility>

#include "gateway/fsm/session_impl.h"
#include "proto/base/text.h"

namespace sstpgw::fsm {
namespace {

constexpr std::chrono::seconds kIpcpWaitTimeout{60};
// The control plane has its own, shorter limit for what it holds sessions for.
constexpr std::chrono::seconds kHoldTimeout{120};
// Each change is told to the kernel and to the control plane; an honest peer makes none.
constexpr std::uint32_t kMaxMtuChanges = 16;

}  // namespace

// ---- Interface and network layer

void Session::Impl::On(const InterfaceCreated& event) {
  if (phase_ == Phase::kFinishing && interface_ == Interface::kReleased) {
    out_.Add(ReleaseInterface{});  // it came too late
    return;
  }
  if (interface_ != Interface::kCreating) return;
  interface_ = Interface::kCreated;
  interface_name_ = event.name;
  out_.set_origin("");
  out_.Add(SetLogPrefix{interface_name_, LogUser()});
  out_.Log(LogLevel::kInfo, "connect: " + interface_name_ + " <--> sstp(" + connection_.peer + ")");
  out_.Log(LogLevel::kDebug, "ppp connected");
  auth_.Succeed(success_message_, out_, std::move(success_eap_));
  out_.Log(LogLevel::kInfo, LogUser() + ": authentication succeeded");
  if (const std::string names = NamesOf(policy_.network); !names.empty()) {
    out_.Log(LogLevel::kWarning, "policy: not applied by this gateway: " + names);
  }
  out_.Add(Report{SessionEventKind::kAuthorized, TerminateCause::kNone, {}});
  StartNetwork();
}

void Session::Impl::On(const InterfaceFailed& event) {
  const bool creating = interface_ == Interface::kCreating;
  if (!creating && interface_ != Interface::kActivating) return;
  out_.Count(Counter::kInterfaceFailed);
  out_.Log(LogLevel::kError, "interface: " + Escape(event.reason));
  interface_ = Interface::kNone;
  Ending ending{TerminateCause::kNasError, "interface: " + Escape(event.reason)};
  if (creating) ending = auth_.RefuseNow(ending.cause, ending.reason, out_);
  End(ending);
}

void Session::Impl::StartNetwork() {
  phase_ = Phase::kNetwork;
  out_.Log(LogLevel::kDebug, "auth_layer_started");
  out_.Log(LogLevel::kDebug, "ccp_layer_start");
  out_.Log(LogLevel::kDebug, "ipcp_layer_start");
  StartIpcp();
  if (phase_ == Phase::kNetwork) out_.Log(LogLevel::kDebug, "ipv6cp_layer_start");
  if (phase_ == Phase::kFinishing || closed()) return;
  Secret hlak = std::move(hlak_);
  hlak_ = Secret();
  Handle(sstp_.AuthSucceeded(now_, std::move(hlak), out_));
}

void Session::Impl::StartIpcp() {
  out_.Start(TimerId::kIpcpWait, kIpcpWaitTimeout);
  const bool asks =
      settings_.ppp.ipv4 == NcpPreference::kPrefer || settings_.ppp.ipv4 == NcpPreference::kRequire;
  if (asks) {
    if (const auto obstacle = Ipv4Obstacle()) {
      if (settings_.ppp.ipv4 == NcpPreference::kRequire) End(*obstacle);
      return;  // the peer's own Configure-Request will be answered with Protocol-Reject
    }
  }
  const bool possible = settings_.ppp.ipv4 != NcpPreference::kDeny && !policy_.address.is_zero() &&
                        !policy_.gateway_address.is_zero();
  if (possible) HandleIpcp(ipcp_.Start(policy_, lcp_.mtu(), out_));
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

void Session::Impl::HandleIpcp(LayerSignals signals) {
  if (phase_ == Phase::kFinishing || closed()) return;
  if (signals.ending) {
    if (signals.ending->cause != TerminateCause::kUserRequest) {
      out_.Log(LogLevel::kWarning, signals.ending->reason);
    }
    End(*signals.ending);
    return;
  }
  if (!signals.up) return;
  out_.Stop(TimerId::kIpcpWait);
  out_.Log(LogLevel::kDebug, "ipcp_layer_started");
  ActivateWhenReady();
}

void Session::Impl::ActivateWhenReady() {
  if (phase_ != Phase::kNetwork || !bound_ || !ipcp_.opened()) return;
  if (policy_.hold) {
    phase_ = Phase::kHeld;
    out_.Start(TimerId::kHold, kHoldTimeout);
    out_.Log(LogLevel::kDebug, "ppp: held");
    out_.Add(Report{SessionEventKind::kHeld, TerminateCause::kNone, {}});
    return;
  }
  phase_ = Phase::kActivate;
  interface_ = Interface::kActivating;
  interface_mtu_ = lcp_.mtu();
  LinkPlan plan;
  plan.ipv4 = Ipv4Link{policy_.gateway_address, policy_.address};
  SourceFilter sources;
  sources.ipv4 = {Ipv4Route{policy_.address, 32, {}, 0}};
  out_.Add(ActivateInterface{.plan = std::move(plan),
                             .sources = std::move(sources),
                             .mtu = interface_mtu_,
                             .rate_limit = policy_.rate_limit});
}

// LCP has agreed on another MRU of the peer while its interface is in use.
void Session::Impl::FollowPeersMru() {
  ipcp_.set_peer_mru(lcp_.mtu());
  if (interface_mtu_ == 0 || interface_mtu_ == lcp_.mtu()) return;
  if (++mtu_changes_ > kMaxMtuChanges) {
    const std::string reason = "lcp: peer changes its MRU again and again";
    out_.Log(LogLevel::kWarning, reason);
    End({.cause = TerminateCause::kUserError,
         .reason = reason,
         .counter = Counter::kPppNoAgreement});
    return;
  }
  interface_mtu_ = lcp_.mtu();
  out_.Add(SetInterfaceMtu{interface_mtu_});
  out_.Add(Report{SessionEventKind::kChange, TerminateCause::kNone, {}});
}

void Session::Impl::On(const InterfaceActivated& event) {
  if (phase_ != Phase::kActivate) return;
  interface_ = Interface::kUp;
  phase_ = Phase::kActive;
  if (event.name != interface_name_) {
    out_.Log(LogLevel::kTrace, "rename interface to '" + event.name + "'");
    interface_name_ = event.name;
    out_.Add(SetLogPrefix{interface_name_, LogUser()});
  }
  out_.Log(LogLevel::kDebug, "sstp: ppp: started");
  out_.Log(LogLevel::kInfo,
           "session up: address " + policy_.address.ToString() + ", client " + connection_.peer);
  out_.Add(Report{SessionEventKind::kUp, TerminateCause::kNone, {}});
  StartTimeouts();
}

// ---- Orders

void Session::Impl::On(const TerminateRequested& event) {
  Ending ending{event.cause, Escape(event.reason), event.termination, false};
  if (phase_ == Phase::kFinishing) ending.manner = Termination::kHard;
  End(ending);
}

bool Session::Impl::TakesPolicy(Generation generation) const {
  return phase_ >= Phase::kInterface && phase_ <= Phase::kActive && generation > policy_.generation;
}

void Session::Impl::On(const PolicyReplaced& event) {
  if (TakesPolicy(event.policy.generation)) TakePolicy(event.policy);
}

void Session::Impl::TakePolicy(SessionPolicy policy) {
  const SessionPolicy old = std::exchange(policy_, std::move(policy));
  // Addresses were agreed on with the peer; they stay for the session's life.
  policy_.address = old.address;
  policy_.gateway_address = old.gateway_address;
  if (phase_ >= Phase::kActivate) policy_.hold = false;
  if (phase_ == Phase::kActive) ChangeTimeouts(old);
  const bool released = phase_ == Phase::kHeld && !policy_.hold;
  if (released) {
    out_.Stop(TimerId::kHold);
    phase_ = Phase::kNetwork;
  }
  out_.Add(Report{SessionEventKind::kChange, TerminateCause::kNone, {}});
  if (released) ActivateWhenReady();
}

}  // namespace sstpgw::fsm
