// What holds after every step; for tests and fuzzers.
#include "gateway/fsm/session_impl.h"

namespace sstpgw::fsm {

bool Session::Impl::NetworkTimersConsistent() const {
  const bool waiting = phase_ == Phase::kNetwork && !layers_settled_;
  if (out_.Runs(TimerId::kNetworkWait) != waiting) return false;
  return out_.Runs(TimerId::kRouterAdvertisement) == ipv6_running_;
}

bool Session::Impl::IsConsistent() const {
  if (phase_ == Phase::kClosed)
    return !out_.AnyRuns() && ending_ && sstp_.state() == SstpState::kClosed;
  if (!sstp_.IsConsistent(out_) || !lcp_.IsConsistent(out_) || !auth_.IsConsistent(out_) ||
      !ccp_.IsConsistent(out_) || !ipcp_.IsConsistent(out_) || !ipv6cp_.IsConsistent(out_) ||
      !NetworkTimersConsistent()) {
    return false;
  }
  if (out_.Runs(TimerId::kSession) && phase_ != Phase::kActive) return false;
  const bool idles = phase_ == Phase::kActive && policy_.idle_timeout.count() > 0;
  if (out_.Runs(TimerId::kIdle) != idles) return false;
  if (out_.Runs(TimerId::kHold) != (phase_ == Phase::kHeld)) return false;
  return PhaseConsistent();
}

bool Session::Impl::PhaseConsistent() const {
  switch (phase_) {
    case Phase::kHttp:
      return sstp_.state() == SstpState::kDisconnected && out_.Runs(TimerId::kNegotiation);
    case Phase::kCall:
      return sstp_.state() == SstpState::kConnectRequestPending && out_.Runs(TimerId::kNegotiation);
    case Phase::kEstablish:
      return sstp_.state() == SstpState::kConnectedPending && !lcp_.opened();
    case Phase::kAuthenticate:
      return sstp_.state() == SstpState::kConnectedPending && lcp_.opened() &&
             out_.Runs(TimerId::kNegotiation) && interface_ == Interface::kNone;
    case Phase::kInterface:
      return sstp_.state() == SstpState::kConnectedPending && lcp_.opened() &&
             out_.Runs(TimerId::kNegotiation) && interface_ == Interface::kCreating;
    case Phase::kNetwork:
      return lcp_.opened() && interface_ == Interface::kCreated && !(bound_ && layers_settled_);
    case Phase::kHeld:
      return lcp_.opened() && bound_ && layers_settled_ && interface_ == Interface::kCreated &&
             policy_.hold;
    case Phase::kActivate:
      return lcp_.opened() && bound_ && layers_settled_ && interface_ == Interface::kActivating;
    case Phase::kActive:
      return lcp_.opened() && bound_ && LayerOpen() && interface_ == Interface::kUp &&
             sstp_.state() == SstpState::kConnected;
    case Phase::kFinishing: {
      // Something always brings the end: LCP's or SSTP's timer.
      const bool timed = out_.Runs(TimerId::kLcpRestart) || out_.Runs(TimerId::kTeardown);
      const bool given_back = interface_ == Interface::kNone || interface_ == Interface::kReleased;
      return timed && given_back && ending_.has_value();
    }
    case Phase::kClosed:
      break;
  }
  return true;
}

}  // namespace sstpgw::fsm
