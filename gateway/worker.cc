#include "gateway/worker.h"

#include <iterator>
#include <utility>
#include <variant>

#include "gateway/datapath/packet_fields.h"
#include "gateway/datapath/vnet_header.h"
#include "gateway/edge/tls_outcome.h"
#include "gateway/edge/tun_device.h"
#include "proto/base/log.h"

namespace sstpgw::gateway {
namespace {

// What one turn gathers and the super-packet on top of it, as frames of packets that may be small.
constexpr std::size_t kFrameBatch = 160 * 1024;
constexpr std::size_t kRecords = 1024;

// What the edge and the data path, which do not see each other, must agree on.
static_assert(datapath::kMaxRecord == edge::kMaxRecord);
static_assert(datapath::kVnetHeaderSize == edge::TunDevice::kVnetHeader);
static_assert(datapath::Coalescer::kMaxParts <= edge::TunDevice::kMaxParts);
static_assert(edge::TunDevice::kPacketRoom >= datapath::kVnetHeaderSize + datapath::kMaxIpPacket);

// For a control plane that believes in a session which is not there.
SessionReport EndOfAbsent(SessionId session) {
  SessionReport report;
  report.kind = SessionEventKind::kDown;
  report.record.session = std::move(session);
  report.record.state = SessionState::kFinishing;
  report.cause = TerminateCause::kLostCarrier;
  report.reason = "the session is over already";
  return report;
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::Create(const Options& options, edge::ControlClient& control,
                                               InterfaceCache& interfaces, const ShaperBase& shaper,
                                               LoadBoard& load, AppInbox& app) {
  SG_ASSIGN_OR_RETURN(auto loop, edge::EventLoop::Create());
  SG_ASSIGN_OR_RETURN(auto netlink, edge::Netlink::Open(edge::LinuxKernel()));
  std::unique_ptr<Worker> worker(new Worker(options, std::move(loop), std::move(netlink), control,
                                            interfaces, shaper, load, app));
  Worker& self = *worker;
  SG_ASSIGN_OR_RETURN(
      worker->mailbox_,
      edge::Mailbox<WorkerMessage>::Create(*worker->loop_, [&self](WorkerMessage message) {
        std::visit([&self](auto&& part) { self.Handle(std::move(part)); }, std::move(message));
      }));
  worker->loop_->SetAfterDispatch([&self] { self.RemoveGone(); });
  return worker;
}

Worker::Worker(const Options& options, std::unique_ptr<edge::EventLoop> loop, edge::Netlink netlink,
               edge::ControlClient& control, InterfaceCache& interfaces, const ShaperBase& shaper,
               LoadBoard& load, AppInbox& app)
    : index_(options.index),
      ids_(options.ids),
      loop_(std::move(loop)),
      netlink_(std::move(netlink)),
      control_(control),
      load_(load),
      app_(app),
      shared_{index_,
              *loop_,
              edge::LinuxKernel(),
              netlink_,
              interfaces,
              shaper,
              control_,
              entropy_,
              std::vector<std::uint8_t>(datapath::ReadRoom::kMost),
              std::vector<std::uint8_t>(edge::TunDevice::kPacketRoom),
              datapath::FrameBatch(kFrameBatch),
              {},
              {},
              {},
              {},
              {},
              {},
              {},
              {}} {
  shared_.record_sizes.reserve(kRecords);
  shared_.rc4 = options.rc4;
}

void Worker::Start() {
  thread_ = std::thread([this] { loop_->Run(); });
}

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

// ---- Messages
// ----------------------------------------------------------------------------------

void Worker::Handle(NewConnection connection) {
  KeptSettings* const kept = SettingsFor(connection.generation);
  if (kept == nullptr) {  // cannot be: settings reach workers before listeners use them
    load_.Remove(index_);
    return;
  }
  const SessionId id = ids_.Next();
  auto subscriber =
      std::make_unique<Subscriber>(shared_, kept->settings, std::move(connection), id);
  Subscriber& started = *subscriber;
  const bool added = sessions_.emplace(id, Entry{std::move(subscriber), kept}).second;
  if (!added) {  // all ids of this boot are in use
    load_.Remove(index_);
    return;
  }
  ++kept->users;
  started.Start();
}

void Worker::Handle(WorkerSettings settings) {
  settings_.push_back({std::move(settings), 0});
  DropUnusedSettings();
}

void Worker::Handle(AuthorizeDone done) {
  Subscriber* const subscriber = Find(done.session);
  if (subscriber == nullptr || !subscriber->carried()) {
    // The client left meanwhile, and the report of that may have come before the question: what
    // the control plane has granted since would stay.
    const bool granted = done.answer && std::holds_alternative<AuthorizeAccept>(*done.answer);
    if (granted) control_.Report(EndOfAbsent(std::move(done.session)));
    return;
  }
  if (done.answer) {
    subscriber->Deliver(fsm::AuthorizeAnswered{done.attempt, std::move(*done.answer)});
  } else {
    subscriber->Deliver(fsm::AuthorizeFailed{done.attempt, done.answer.error().message});
  }
}

void Worker::Handle(DisconnectOrder order) {
  Subscriber* const subscriber = Find(order.session);
  if (subscriber == nullptr) {
    control_.Report(EndOfAbsent(std::move(order.session)));
    return;
  }
  subscriber->Deliver(
      fsm::TerminateRequested{order.termination, order.cause, std::move(order.reason)});
}

void Worker::Handle(PolicyOrder order) {
  Subscriber* const subscriber = Find(order.session);
  const Generation generation = order.policy.generation;
  if (subscriber == nullptr || subscriber->ending()) {
    control_.SendRefused({generation, order.session, "no such session"});
    return;
  }
  const auto taken = subscriber->ReplacePolicy(std::move(order.policy));
  if (taken) {
    control_.SendApplied({generation, order.session});
  } else {
    control_.SendRefused({generation, order.session, taken.error().message});
  }
}

void Worker::Handle(TerminateAll order) {
  tell_when_empty_ = true;
  for (auto& entry : sessions_) {
    entry.second.subscriber->Deliver(
        fsm::TerminateRequested{order.termination, order.cause, order.reason});
  }
}

void Worker::Handle(SnapshotRequest request) {
  SessionsSnapshot snapshot{request.link, index_, {}};
  for (const auto& entry : sessions_) {
    Subscriber& subscriber = *entry.second.subscriber;
    if (subscriber.carried()) snapshot.sessions.push_back(subscriber.Record());
  }
  app_.Post(std::move(snapshot));
}

void Worker::Handle(FiguresRequest /*request*/) {
  WorkerFigures figures;
  figures.worker = index_;
  datapath::UplinkCounters up = ended_up_;
  datapath::DownlinkCounters down = ended_down_;
  for (auto& entry : sessions_) {
    Subscriber& subscriber = *entry.second.subscriber;
    if (auto changes = subscriber.TakeChanges()) figures.changed.push_back(std::move(*changes));
    if (subscriber.call_established()) {
      ++figures.sstp_active;
    } else if (!subscriber.ending()) {
      ++figures.sstp_starting;
    }
    up += subscriber.uplink_counters();
    down += subscriber.downlink_counters();
  }
  figures.connections = static_cast<std::uint32_t>(sessions_.size());
  figures.timers_pending = static_cast<std::uint32_t>(loop_->timers_pending());
  for (std::size_t i = 0; i < fsm::kCounterCount; ++i) {
    figures.counters.push_back({fsm::ToString(static_cast<fsm::Counter>(i)), shared_.counters[i]});
  }
  using edge::TlsFailure;
  for (const auto& [kind, name] : {std::pair{TlsFailure::kGone, "tls_connections_cut"},
                                   {TlsFailure::kBadRecord, "tls_bad_records"},
                                   {TlsFailure::kAlert, "tls_alerts_received"},
                                   {TlsFailure::kProtocol, "tls_protocol_errors"},
                                   {TlsFailure::kKeyUpdate, "tls_key_updates_refused"},
                                   {TlsFailure::kKeyLimit, "tls_key_limits"},
                                   {TlsFailure::kInternal, "tls_internal_errors"}}) {
    figures.counters.push_back({name, shared_.tls_failures[static_cast<std::size_t>(kind)]});
  }
  using edge::KernelTlsFallback;
  figures.counters.push_back({"limits_failed", shared_.limits_failed});
  figures.counters.push_back({"ktls_sessions_receive", shared_.kernel_receives});
  for (const auto& [fallback, name] :
       {std::pair{KernelTlsFallback::kUnusable, "ktls_fallback_unusable"},
        {KernelTlsFallback::kRefused, "ktls_fallback_refused"}}) {
    figures.counters.push_back(
        {name, shared_.kernel_receive_fallbacks[static_cast<std::size_t>(fallback)]});
  }
  figures.counters.push_back({"data_before_binding", up.dropped_before_binding});
  figures.counters.push_back({"data_before_activation", up.dropped_before_activation});
  figures.counters.push_back({"up_dropped_closed", up.dropped_closed});
  figures.counters.push_back({"up_dropped_spoofed", up.dropped_spoofed});
  figures.counters.push_back({"up_dropped_malformed", up.dropped_malformed});
  figures.counters.push_back({"up_dropped_interface", up.dropped_interface});
  figures.counters.push_back({"up_dropped_limit", up.dropped_limit});
  figures.counters.push_back({"up_dropped_not_negotiated", up.dropped_not_negotiated});
  figures.counters.push_back({"up_dropped_link_local", up.dropped_link_local});
  figures.counters.push_back({"up_dropped_unencrypted", up.dropped_unencrypted});
  figures.counters.push_back({"up_dropped_mppe", up.dropped_mppe});
  figures.counters.push_back({"up_ipv6_control", up.ipv6_control});
  figures.counters.push_back({"down_dropped_closed", down.dropped_closed});
  figures.counters.push_back({"down_dropped_malformed", down.dropped_malformed});
  figures.counters.push_back({"down_dropped_interface", down.dropped_interface});
  figures.counters.push_back({"down_dropped_not_negotiated", down.dropped_not_negotiated});
  figures.counters.push_back({"down_dropped_link_local", down.dropped_link_local});
  figures.counters.push_back({"down_dropped_mppe", down.dropped_mppe});
  app_.Post(std::move(figures));
}

void Worker::Handle(StopThread /*stop*/) {
  for (auto& entry : sessions_) {
    static_cast<void>(entry);
    load_.Remove(index_);
  }
  sessions_.clear();
  loop_->Stop();
}

// ---- Sessions and settings
// ---------------------------------------------------------------------

Worker::KeptSettings* Worker::SettingsFor(Generation generation) {
  for (KeptSettings& kept : settings_) {
    if (kept.settings.generation == generation) return &kept;
  }
  // Its generation ended while the handshake ran.
  return settings_.empty() ? nullptr : &settings_.back();
}

void Worker::DropUnusedSettings() {
  for (auto kept = settings_.begin(); kept != settings_.end();) {
    const bool newest = std::next(kept) == settings_.end();
    kept = kept->users == 0 && !newest ? settings_.erase(kept) : std::next(kept);
  }
}

Subscriber* Worker::Find(const SessionId& id) {
  const auto entry = sessions_.find(id);
  return entry == sessions_.end() ? nullptr : entry->second.subscriber.get();
}

void Worker::RemoveGone() {
  for (const SessionId& id : shared_.gone) {
    const auto entry = sessions_.find(id);
    if (entry == sessions_.end()) continue;
    RememberEnded(*entry->second.subscriber);
    --entry->second.settings->users;
    sessions_.erase(entry);
    load_.Remove(index_);
  }
  if (!shared_.gone.empty()) {
    shared_.gone.clear();
    DropUnusedSettings();
  }
  if (tell_when_empty_ && sessions_.empty()) {
    tell_when_empty_ = false;
    app_.Post(AllSessionsEnded{index_});
  }
}

void Worker::RememberEnded(const Subscriber& subscriber) {
  ended_up_ += subscriber.uplink_counters();
  ended_down_ += subscriber.downlink_counters();
}

}  // namespace sstpgw::gateway
