// How long a session may last, be idle and be held (features 6.5: Session-Timeout, Idle-Timeout).
#include <algorithm>

#include "gateway/fsm/session_impl.h"

namespace sstpgw::fsm {
namespace {

// How often the client's packets are looked for: an idle session ends no later than a tenth of its
// limit, or a second, after it is due.
Duration IdleStep(std::chrono::seconds timeout) {
  return std::max<Duration>(Duration(timeout) / 10, std::chrono::seconds(1));
}

}  // namespace

void Session::Impl::StartTimeouts() {
  StartSessionTimer();
  // What came before and was dropped counts as the first look's find, which is near enough.
  idle_since_ = now_;
  if (policy_.idle_timeout.count() > 0) StartIdleTimer(IdleStep(policy_.idle_timeout));
}

void Session::Impl::ChangeTimeouts(const SessionPolicy& old) {
  if (policy_.session_timeout != old.session_timeout) StartSessionTimer();
  if (policy_.idle_timeout == old.idle_timeout) return;
  out_.Stop(TimerId::kIdle);
  if (policy_.idle_timeout.count() == 0) return;
  // Nobody has looked for packets without a limit.
  if (old.idle_timeout.count() == 0) idle_since_ = now_;
  StartIdleTimer(Duration(1));
}

void Session::Impl::StartSessionTimer() {
  out_.Stop(TimerId::kSession);
  if (policy_.session_timeout.count() == 0) return;
  const Duration left = Duration(policy_.session_timeout) - (now_ - *started_at_);
  out_.Start(TimerId::kSession, std::max(left, Duration(1)));
}

void Session::Impl::StartIdleTimer(Duration after) {
  const Duration left = Duration(policy_.idle_timeout) - (now_ - idle_since_);
  out_.Start(TimerId::kIdle, std::max(std::min(after, left), Duration(1)));
}

void Session::Impl::IdleTimerExpired(std::uint64_t data_packets) {
  if (data_packets != idle_packets_) {
    idle_packets_ = data_packets;
    idle_since_ = now_;
  }
  if (now_ - idle_since_ < policy_.idle_timeout) {
    StartIdleTimer(IdleStep(policy_.idle_timeout));
    return;
  }
  out_.Log(LogLevel::kInfo, "idle timeout");
  End({TerminateCause::kIdleTimeout, "idle timeout"});
}

void Session::Impl::HoldTimerExpired() {
  const std::string reason = "held for too long by the control plane";
  out_.Log(LogLevel::kWarning, reason);
  End({.cause = TerminateCause::kNasError, .reason = reason, .counter = Counter::kHoldTimeout});
}

// ---- Session-Timeout with a new login

void Session::Impl::SessionTimerExpired() {
  out_.Log(LogLevel::kInfo, "session timeout");
  if (policy_.reauthenticate && auth_.Repeat(out_)) return;
  End({TerminateCause::kSessionTimeout, "session timeout"});
}

void Session::Impl::AcceptAgain(const AuthorizeAccept& accept) {
  auth_.Succeed(accept.success_message, out_);
  out_.Log(LogLevel::kInfo, LogUser() + ": authentication succeeded");
  if (TakesPolicy(accept.policy.generation)) {
    SessionPolicy policy = accept.policy;
    policy.rate_limit = policy_.rate_limit;  // what the interface has
    TakePolicy(std::move(policy));
  }
  const Duration left = Duration(policy_.session_timeout) - (now_ - *started_at_);
  if (policy_.session_timeout.count() == 0 || left.count() > 0) return;
  // Nobody has given it more time; asking again and again would.
  out_.Stop(TimerId::kSession);
  End({TerminateCause::kSessionTimeout, "session timeout"});
}

}  // namespace sstpgw::fsm
