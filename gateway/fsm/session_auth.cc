// Authentication: evidence to the control plane, its verdict back.
#include <utility>

#include "gateway/fsm/session_impl.h"
#include "proto/base/text.h"

namespace sstpgw::fsm {

void Session::Impl::HandleAuth(AuthSignals signals) {
  const bool again = phase_ == Phase::kActive;
  if (again && signals.evidence && UserOf(*signals.evidence) != user_) {
    AuthorizeReject reject;
    reject.log_reason = "another user than before";
    Reject(reject);
    return;
  }
  if (again && signals.ending) signals.ending->cause = TerminateCause::kSessionTimeout;
  if (signals.evidence) {
    candidate_user_ = UserOf(*signals.evidence);
    std::array<std::uint8_t, 8> octets{};
    entropy_.Fill(octets);
    std::uint64_t number = 0;
    for (const std::uint8_t octet : octets) number = (number << 8) | octet;
    attempt_ = AttemptId(number);
    out_.Add(AskAuthorize{{.attempt = attempt_,
                           .session = id_,
                           .calling_station = connection_.calling_station,
                           .called_station = connection_.called_station,
                           .peer = connection_.peer,
                           .mtu = lcp_.mtu(),
                           .evidence = std::move(*signals.evidence)}});
  }
  if (signals.ending) End(*signals.ending);
}

bool Session::Impl::IsAnswer(AttemptId attempt) const {
  return (phase_ == Phase::kAuthenticate || phase_ == Phase::kActive) && attempt == attempt_ &&
         auth_.state() == Authenticator::State::kJudging;
}

void Session::Impl::On(const AuthorizeAnswered& event) {
  if (!IsAnswer(event.attempt)) return;
  std::visit(Overloaded{[this](const AuthorizeAccept& accept) { Accept(accept); },
                        [this](const AuthorizeReject& reject) { Reject(reject); },
                        [this](const AuthorizeChallenge& challenge) {
                          HandleAuth(auth_.Challenge(challenge, lcp_.mtu(), out_));
                        }},
             event.verdict);
}

void Session::Impl::On(const AuthorizeFailed& event) {
  if (!IsAnswer(event.attempt)) return;
  out_.Count(Counter::kAuthorizeUnavailable);
  out_.Log(LogLevel::kWarning, LogUser() + ": authentication failed: " + Escape(event.reason));
  End(auth_.RefuseNow(TerminateCause::kNasError, "authentication unavailable", out_));
}

void Session::Impl::Reject(const AuthorizeReject& reject) {
  out_.Count(Counter::kAuthFailed);
  const std::string reason = reject.log_reason.empty() ? "" : ": " + Escape(reject.log_reason);
  out_.Log(LogLevel::kInfo, LogUser() + ": authentication failed" + reason);
  sstp_.DropKeys();
  auth_.RefuseLater(reject, out_);
}

void Session::Impl::Accept(const AuthorizeAccept& accept) {
  out_.Count(Counter::kAuthSucceeded);
  if (phase_ == Phase::kActive) {
    AcceptAgain(accept);
    return;
  }
  user_ = candidate_user_;
  policy_ = accept.policy;
  hlak_ = accept.hlak.Copy();
  mppe_keys_ = {accept.mppe.send.Copy(), accept.mppe.receive.Copy(),
                accept.mppe.lan_manager.Copy()};
  success_message_ = accept.success_message;
  success_eap_ = accept.eap_message;
  phase_ = Phase::kInterface;
  interface_ = Interface::kCreating;
  out_.Add(CreateInterface{policy_.network.interface_name});
}

}  // namespace sstpgw::fsm
