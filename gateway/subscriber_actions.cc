// What the session's brain decides, carried out.
#include <algorithm>
#include <atomic>
#include <utility>
#include <variant>

#include "gateway/subscriber.h"
#include "proto/base/log.h"

namespace sstpgw::gateway {
namespace {

// A session asks at least so often who does its TLS records.
constexpr Duration kModesInterval = std::chrono::seconds(30);
// Set for the whole process once the kernel cannot tell: each question would have it look for the
// module that it lacks.
std::atomic_flag modes_are_not_told = ATOMIC_FLAG_INIT;

// Sessions that began together do not all ask in the same turn.
Duration ModesInterval(const SessionId& id) {
  constexpr std::size_t kSpread = 15'000;
  return kModesInterval - std::chrono::milliseconds(std::hash<SessionId>{}(id) % kSpread);
}

void TakeNote(const Error& error) {
  if (error.code != ErrorCode::kUnsupported || modes_are_not_told.test_and_set()) return;
  Log(LogLevel::kWarning, "whether a network card does TLS records is not known: " + error.message);
}

}  // namespace

// ---- Actions
// -----------------------------------------------------------------------------------

void Subscriber::Perform(fsm::ActionList actions) {
  for (fsm::Action& action : actions) {
    std::visit(
        fsm::Overloaded{
            [&](const fsm::SendBytes& send) {
              if (!transport_lost_ && !stream_->Write(send.bytes)) FailWrite();
            },
            [&](const fsm::StartTimer& timer) { DoStartTimer(timer); },
            [&](const fsm::StopTimer& timer) {
              const auto cookie = static_cast<std::size_t>(timer.timer);
              shared_.loop.CancelTimer(timers_[cookie]);
              timers_[cookie] = {};
            },
            [&](fsm::AskAuthorize& ask) {
              const AttemptId attempt = ask.question.attempt;
              shared_.control.Authorize({shared_.index, id_, attempt}, std::move(ask.question));
            },
            [&](const fsm::CreateInterface& create) { DoCreateInterface(create); },
            [&](const fsm::ActivateInterface& activate) { DoActivateInterface(activate); },
            [&](const fsm::ChangeLink& change) { DoChangeLink(change); },
            [&](const fsm::SendIpv6Packet& send) { DoSendIpv6Packet(send); },
            [&](const fsm::StartMppe& start) { DoStartMppe(start); },
            [&](const fsm::StopMppe&) { DoStopMppe(); },
            [&](const fsm::FlushMppe&) { DoFlushMppe(); },
            [&](const fsm::SetInterfaceMtu& set) { DoSetInterfaceMtu(set); },
            [&](const fsm::ReleaseInterface&) { DoReleaseInterface(); },
            [&](const fsm::Report& report) { DoReport(report); },
            [&](const fsm::WriteLog& log) { DoLog(log); },
            [&](const fsm::SetLogPrefix& prefix) {
              log_prefix_ = prefix.interface_name + ":" + prefix.user + ": ";
            },
            [&](const fsm::CloseTransport&) { DoClose(); },
            [&](const fsm::CountEvent& count) {
              ++shared_.counters[static_cast<std::size_t>(count.counter)];
            },
        },
        action);
  }
}

void Subscriber::FailWrite() {
  transport_lost_ = true;
  TellTlsFailure();
  shared_.loop.Remove(socket_handle_);
  follow_ups_.push_back(fsm::TransportClosed{stream_->failure(), stream_->flooded()});
}

void Subscriber::DoCreateInterface(const fsm::CreateInterface& action) {
  auto taken = shared_.interfaces.Take(shared_.netlink, settings_.interface_template,
                                       settings_.data_path.super_packets, action.name);
  if (!taken) {
    follow_ups_.push_back(fsm::InterfaceFailed{taken.error().message});
    return;
  }
  interface_.emplace(std::move(*taken));
  follow_ups_.push_back(fsm::InterfaceCreated{interface_->provisional_name(), interface_->name(),
                                              interface_->warning()});
}

void Subscriber::DoActivateInterface(const fsm::ActivateInterface& action) {
  if (!interface_) {
    follow_ups_.push_back(fsm::InterfaceFailed{"there is no interface"});
    return;
  }
  if (!LimitAtActivation(action)) return;
  const auto activated = interface_->Activate(shared_.netlink, {action.plan, Mtu(action.mtu)});
  if (!activated) {
    DoReleaseInterface();
    follow_ups_.push_back(fsm::InterfaceFailed{activated.error().message});
    return;
  }
  auto handle = shared_.loop.Add(interface_->device().fd(), edge::Interest::kRead, tun_side_);
  if (!handle) {
    DoReleaseInterface();
    follow_ups_.push_back(fsm::InterfaceFailed{handle.error().message});
    return;
  }
  for (const std::string& refused : interface_->refused_routes()) {
    Log(LogLevel::kWarning, log_prefix_ + refused);
  }
  tun_handle_ = *handle;
  tun_watched_ = true;
  OpenData(link_->sources);
  HandOverReceiving();
  follow_ups_.push_back(fsm::InterfaceActivated{interface_->name()});
}

void Subscriber::DoChangeLink(const fsm::ChangeLink& action) {
  if (!interface_) return;
  const std::vector<std::string> known = interface_->refused_routes();
  const auto changed =
      interface_->Change(shared_.netlink, action.plan, LinkState::OnRefusedRoute::kLeaveOut);
  if (changed) {
    for (const std::string& refused : interface_->refused_routes()) {
      if (std::find(known.begin(), known.end(), refused) == known.end()) {
        Log(LogLevel::kWarning, log_prefix_ + refused);
      }
    }
    ChangeSources(SourcesOf(action.plan, action.sources));
  } else {
    follow_ups_.push_back(fsm::LinkChangeFailed{changed.error().message});
  }
}

void Subscriber::DoSetInterfaceMtu(const fsm::SetInterfaceMtu& action) {
  if (!interface_) return;
  const auto set = interface_->SetMtu(shared_.netlink, Mtu(action.mtu));
  if (!set)
    Log(LogLevel::kWarning, log_prefix_ + "interface keeps its MTU: " + set.error().message);
  if (link_) link_->mtu = Mtu(action.mtu);
  if (!shaper_ || !link_) return;
  const auto limited = LimitTo(shaper_->limit(), *link_);
  if (!limited) Log(LogLevel::kError, log_prefix_ + "shaper: " + limited.error().message);
}

void Subscriber::DoReleaseInterface() {
  uplink_.ShutData();
  downlink_.ShutData();
  if (!interface_) return;
  shared_.loop.Remove(tun_handle_);
  tun_watched_ = false;
  link_.reset();
  if (shaper_) {
    const auto bare = shaper_->Release(shared_.netlink);
    if (!bare) Log(LogLevel::kWarning, log_prefix_ + "shaper: " + bare.error().message);
    uplink_.SetPacer(nullptr);
    shaped_ = shaper_->Record();
    shaper_.reset();
  }
  shared_.interfaces.Give(shared_.netlink, std::move(*interface_));
  interface_.reset();
}

void Subscriber::DoReport(const fsm::Report& action) {
  (action.kind == SessionEventKind::kDown ? end_reported_ : began_reported_) = true;
  shared_.control.Report({action.kind, Record(), action.cause, action.reason});
}

void Subscriber::DoLog(const fsm::WriteLog& action) {
  if (!LogEnabled(action.level)) return;
  Log(action.level, action.bare ? action.text : log_prefix_ + action.text);
}

SessionRecord Subscriber::Record() {
  SessionRecord record = session_.Snapshot(shared_.loop.Now());
  record.counters = Counters();
  const edge::TlsModes modes = TlsModesNow();
  record.tls_send = modes.send;
  record.tls_receive = modes.receive;
  // What is kept: a limit that failed is none.
  if (link_) record.policy.rate_limit = KeptLimit();
  record.shaper = shaper_ ? shaper_->Record() : shaped_;
  return record;
}

TrafficCounters Subscriber::Counters() const {
  const datapath::UplinkCounters& up = uplink_.counters();
  const datapath::DownlinkCounters& down = downlink_.counters();
  return {up.bytes, down.bytes, up.packets, down.packets};
}

// A network card may give a connection back to the kernel at any time, so the kernel is asked now
// and again.
edge::TlsModes Subscriber::TlsModesNow() {
  if (!stream_ || !(stream_->kernel_sends() || stream_->kernel_receives())) return {};
  const TimePoint now = shared_.loop.Now();
  if (tls_modes_asked_ != TimePoint{} && now < tls_modes_asked_ + ModesInterval(id_)) {
    return tls_modes_;
  }
  tls_modes_asked_ = now;
  edge::TlsModes told = tls_modes_;  // a connection that is gone keeps the last answer
  if (!modes_are_not_told.test()) {
    const auto answer = edge::QueryTlsModes(shared_.kernel, stream_->fd());
    if (answer) told = *answer;
    if (!answer) TakeNote(answer.error());
  }
  tls_modes_ = edge::BelievedTlsModes(told, {stream_->kernel_sends(), stream_->kernel_receives()});
  return tls_modes_;
}

std::optional<CountersReport> Subscriber::TakeChanges() {
  const edge::TlsModes modes = TlsModesNow();
  CountersReport now{id_, Counters(), modes.send, modes.receive,
                     shaper_ ? shaper_->Record() : shaped_};
  if (now.counters == reported_.counters && now.tls_send == reported_.tls_send &&
      now.tls_receive == reported_.tls_receive && now.shaper == reported_.shaper) {
    return std::nullopt;
  }
  reported_ = now;
  return now;
}

}  // namespace sstpgw::gateway
