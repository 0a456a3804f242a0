#include "gateway/fsm/session.h"

#include <utility>

#include "gateway/fsm/session_impl.h"
#include "proto/base/text.h"

namespace sstpgw::fsm {

// ---- Public face

Session::Session(const SessionSettings& settings, ConnectionInfo connection, SessionId id,
                 Entropy& entropy, std::int64_t wall_clock_seconds, TimePoint now)
    : impl_(std::make_unique<Impl>(settings, std::move(connection), std::move(id), entropy,
                                   wall_clock_seconds, now)) {}
Session::~Session() = default;
ActionList Session::Start() { return impl_->Start(); }
ActionList Session::Step(TimePoint now, const Event& event) { return impl_->Step(now, event); }
void Session::set_log_level(LogLevel level) { impl_->set_log_level(level); }
bool Session::closed() const { return impl_->closed(); }
bool Session::call_established() const { return impl_->call_established(); }
bool Session::bound() const { return impl_->bound(); }
bool Session::TakesPolicy(Generation generation) const { return impl_->TakesPolicy(generation); }
const SessionPolicy& Session::policy() const { return impl_->policy(); }
bool Session::finishing() const { return impl_->finishing(); }
std::optional<LinkPlan> Session::LinkUnder(const SessionPolicy& policy) const {
  return impl_->LinkUnder(policy);
}
SessionRecord Session::Snapshot(TimePoint now) const { return impl_->Snapshot(now); }
bool Session::IsConsistent() const { return impl_->IsConsistent(); }

// ---- Life

Session::Impl::Impl(const SessionSettings& settings, ConnectionInfo connection, SessionId id,
                    Entropy& entropy, std::int64_t wall_clock_seconds, TimePoint now)
    : settings_(settings),
      connection_(std::move(connection)),
      id_(std::move(id)),
      entropy_(entropy),
      accepted_unix_seconds_(wall_clock_seconds),
      accepted_at_(now),
      sstp_(settings.sstp, connection_.certificate, entropy),
      lcp_(settings.ppp, entropy),
      auth_(settings.ppp, entropy),
      ccp_(settings.ppp, settings.rc4, RandomOctet(entropy)),
      ipcp_(settings.ppp, RandomOctet(entropy)),
      ipv6cp_(settings.ppp, RandomOctet(entropy)),
      advertiser_(settings.ppp.router_advertisement, entropy),
      dhcpv6_(settings.ppp.dhcpv6),
      now_(now) {
  out_.set_origin("sstp(" + connection_.peer + ")");
}

ActionList Session::Impl::Start() {
  // "new connection" and "starting" were said when TCP was accepted, before TLS.
  out_.LogBare(LogLevel::kTrace, "sstp: started");
  out_.Start(TimerId::kNegotiation, settings_.sstp.negotiation_timeout);
  return out_.Take();
}

ActionList Session::Impl::Step(TimePoint now, const Event& event) {
  if (closed()) return {};
  now_ = now;
  std::visit([this](const auto& e) { On(e); }, event);
  return out_.Take();
}

std::int64_t Session::Impl::UnixSeconds(TimePoint now) const {
  return accepted_unix_seconds_ +
         std::chrono::duration_cast<std::chrono::seconds>(now - accepted_at_).count();
}

std::string Session::Impl::LogUser() const {
  return Escape(user_.empty() ? candidate_user_ : user_);
}

SessionRecord Session::Impl::Snapshot(TimePoint now) const {
  SessionRecord record;
  record.session = id_;
  switch (phase_) {
    case Phase::kActive:
      record.state = SessionState::kActive;
      break;
    case Phase::kFinishing:
    case Phase::kClosed:
      record.state = SessionState::kFinishing;
      break;
    default:
      record.state = SessionState::kStarting;
      break;
  }
  record.interface_name = final_name_;
  record.user = user_;
  record.calling_station = connection_.calling_station;
  record.called_station = connection_.called_station;
  record.peer = connection_.peer;
  record.policy = policy_;
  record.auth_protocol = lcp_.auth().value_or(AuthProtocol::kPap);
  record.held = phase_ == Phase::kHeld;
  record.network.ipv4 = ipcp_.opened();
  record.network.ipv6 = ipv6cp_.opened();
  record.network.mppe = ccp_.mppe();
  if (ipv6cp_.opened()) record.network.peer_interface_id = ipv6cp_.peer_id();
  record.network.delegated = dhcpv6_.delegated();
  record.mtu = interface_mtu_ != 0 ? interface_mtu_ : LinkMtu();
  if (started_at_) {
    record.started_unix_seconds = UnixSeconds(*started_at_);
    record.uptime_seconds =
        std::chrono::duration_cast<std::chrono::seconds>(finished_at_.value_or(now) - *started_at_)
            .count();
  }
  record.tls_version = connection_.tls_version;
  record.tls_cipher = connection_.tls_cipher;
  return record;
}

// ---- The end

void Session::Impl::End(const Ending& ending) {
  if (closed()) return;
  if (phase_ == Phase::kFinishing) {
    if (ending.manner == Termination::kHard || ending.link_closed) {
      PppDown();
      FarewellSstp();
    }
    if (ending.manner == Termination::kHard) Close();
    return;
  }
  BeginFinish(ending);
  if (!sstp_.call_established()) {  // before the call, or SSTP has taken its leave already
    PppDown();
    FarewellSstp();
    return;
  }
  if (ending.manner == Termination::kHard || ending.link_closed) {
    PppDown();
    FarewellSstp();
    if (ending.manner == Termination::kHard) Close();
    return;
  }
  if (lcp_.Close(out_, ending.farewell).finished) {
    PppDown();
    FarewellSstp();
  } else if (!final_name_.empty()) {
    out_.Add(Report{SessionEventKind::kChange, TerminateCause::kNone, {}});  // state: finish
  }
}

void Session::Impl::BeginFinish(const Ending& ending) {
  ending_ = ending;
  finished_at_ = now_;
  phase_ = Phase::kFinishing;
  if (ending.counter) out_.Count(*ending.counter);
  out_.Log(LogLevel::kDebug, "terminate: " + ending.reason);
  auth_.Stop(out_);
  if (ipv6_running_) advertiser_.Stop(out_);
  ipv6_running_ = false;
  ccp_.LowerLayerDown(out_);
  ipcp_.LowerLayerDown(out_);
  ipv6cp_.LowerLayerDown(out_);
  sstp_.DropKeys();
  out_.Stop(TimerId::kNegotiation);
  out_.Stop(TimerId::kHello);
  out_.Stop(TimerId::kNetworkWait);
  out_.Stop(TimerId::kSession);
  out_.Stop(TimerId::kIdle);
  out_.Stop(TimerId::kHold);
  out_.Stop(TimerId::kLcpEcho);
  hlak_.Wipe();
  mppe_keys_ = {};
  GiveBackInterface();
}

void Session::Impl::GiveBackInterface() {
  if (interface_ == Interface::kNone || interface_ == Interface::kReleased) return;
  interface_ = Interface::kReleased;
  out_.Add(ReleaseInterface{});
}

void Session::Impl::PppDown() {
  if (ppp_down_) return;
  ppp_down_ = true;
  lcp_.LowerLayerDown(out_);
  out_.Stop(TimerId::kLcpRestart);
}

void Session::Impl::ReportDown() {
  if (down_reported_ || !started_at_) return;
  down_reported_ = true;
  const Ending& ending = *ending_;
  out_.Add(Report{SessionEventKind::kDown, ending.cause, ending.reason});
  out_.Count(Counter::kSessionsEnded);
}

void Session::Impl::FarewellSstp() {
  if (closed()) return;
  ReportDown();
  if (sstp_.call_established()) out_.Log(LogLevel::kDebug, "disconnecting");
  if (sstp_.Disconnect(out_).close) Close();
}

void Session::Impl::Close() {
  if (closed()) return;
  if (!ending_) ending_ = Ending{TerminateCause::kNasError, "closed", Termination::kHard, false};
  GiveBackInterface();
  PppDown();
  ReportDown();
  sstp_.Close(out_);
  auth_.Stop(out_);
  out_.StopAllExcept();
  phase_ = Phase::kClosed;
  out_.Log(LogLevel::kTrace, "sstp: disconnected");
  out_.Add(CloseTransport{});
}

}  // namespace sstpgw::fsm
