// What the session's brain decides, carried out.
#include <utility>
#include <variant>

#include "gateway/subscriber.h"
#include "proto/base/log.h"

namespace sstpgw::gateway {

// ---- Actions
// -----------------------------------------------------------------------------------

void Subscriber::Perform(fsm::ActionList actions) {
  for (fsm::Action& action : actions) {
    std::visit(
        fsm::Overloaded{
            [&](const fsm::SendBytes& send) {
              if (transport_lost_ || stream_->Write(send.bytes)) return;
              transport_lost_ = true;
              shared_.loop.Remove(socket_handle_);
              follow_ups_.push_back(fsm::TransportClosed{stream_->failure(), stream_->flooded()});
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
            [&](const fsm::CreateInterface&) { DoCreateInterface(); },
            [&](const fsm::ActivateInterface& activate) { DoActivateInterface(activate); },
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

void Subscriber::DoCreateInterface() {
  auto created = SessionInterface::Create(shared_.kernel, settings_.data_path.super_packets);
  if (!created) {
    follow_ups_.push_back(fsm::InterfaceFailed{created.error().message});
    return;
  }
  interface_.emplace(std::move(*created));
  follow_ups_.push_back(fsm::InterfaceCreated{interface_->name()});
}

void Subscriber::DoActivateInterface(const fsm::ActivateInterface& action) {
  if (!interface_) {
    follow_ups_.push_back(fsm::InterfaceFailed{"there is no interface"});
    return;
  }
  std::string warning;
  const auto activated = interface_->Activate(
      shared_.netlink, {settings_.interface_template, action.local, action.peer, Mtu(action.mtu)},
      &warning);
  if (!warning.empty()) Log(LogLevel::kWarning, log_prefix_ + warning);
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
  tun_handle_ = *handle;
  tun_watched_ = true;
  uplink_.OpenData(action.peer);
  downlink_.OpenData();
  follow_ups_.push_back(fsm::InterfaceActivated{interface_->name()});
}

void Subscriber::DoSetInterfaceMtu(const fsm::SetInterfaceMtu& action) {
  if (!interface_) return;
  const auto set = interface_->SetMtu(shared_.netlink, Mtu(action.mtu));
  if (!set)
    Log(LogLevel::kWarning, log_prefix_ + "interface keeps its MTU: " + set.error().message);
}

void Subscriber::DoReleaseInterface() {
  uplink_.ShutData();
  downlink_.ShutData();
  if (!interface_) return;
  shared_.loop.Remove(tun_handle_);
  tun_watched_ = false;
  shared_.reaper.Give(std::move(*interface_).Retire(shared_.netlink));
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

SessionRecord Subscriber::Record() const {
  SessionRecord record = session_.Snapshot(shared_.loop.Now());
  record.counters = Counters();
  return record;
}

TrafficCounters Subscriber::Counters() const {
  const datapath::UplinkCounters& up = uplink_.counters();
  const datapath::DownlinkCounters& down = downlink_.counters();
  return {up.bytes, down.bytes, up.packets, down.packets};
}

std::optional<TrafficCounters> Subscriber::TakeChangedCounters() {
  const TrafficCounters now = Counters();
  if (now == reported_counters_) return std::nullopt;
  reported_counters_ = now;
  return now;
}

}  // namespace sstpgw::gateway
