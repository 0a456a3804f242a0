#include "gateway/gateway_app.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <map>
#include <thread>
#include <utility>
#include <variant>

#include "proto/base/log.h"
#include "proto/base/text.h"

namespace sstpgw::gateway {
namespace {

constexpr Duration kFiguresInterval = std::chrono::seconds(1);
constexpr std::uint64_t kFiguresCookie = 1;
constexpr std::uint64_t kStopCookie = 2;

std::string RandomId(Entropy& entropy) {
  std::array<std::uint8_t, 16> octets{};
  entropy.Fill(octets);
  return ToHex(octets);
}

std::size_t Cores() { return std::max(1U, std::thread::hardware_concurrency()); }

GatewayOptions Completed(GatewayOptions options) {
  if (options.workers == 0) options.workers = Cores();
  if (options.handshake_threads == 0) {
    options.handshake_threads = std::max<std::size_t>(1, Cores() / 2);
  }
  return options;
}

}  // namespace

// ---- Start and end
// -----------------------------------------------------------------------------

Result<std::unique_ptr<GatewayApp>> GatewayApp::Create(const GatewayOptions& options,
                                                       edge::EventLoop& loop) {
  std::unique_ptr<GatewayApp> app(new GatewayApp(Completed(options), loop));
  SG_RETURN_IF_ERROR(app->Build());
  return app;
}

GatewayApp::GatewayApp(const GatewayOptions& options, edge::EventLoop& loop)
    : options_(options),
      loop_(loop),
      load_(std::make_unique<LoadBoard>(options.workers)),
      worker_figures_(options.workers),
      handshake_figures_(options.handshake_threads) {}

Result<bool> GatewayApp::Build() {
  // Before what its parts have to say.
  Log(LogLevel::kInfo, "sstp-gateway " + options_.version + " '" + options_.name +
                           "': " + std::to_string(options_.workers) + " workers, " +
                           std::to_string(options_.handshake_threads) + " handshake threads");
  SG_ASSIGN_OR_RETURN(inbox_, AppInbox::Create(loop_, [this](AppMessage message) {
                        std::visit([this](auto&& part) { Handle(std::move(part)); },
                                   std::move(message));
                      }));
  // Removes a predecessor's interfaces, whose limits can go then.
  SG_ASSIGN_OR_RETURN(interfaces_, InterfaceCache::Create(edge::LinuxKernel()));
  SG_ASSIGN_OR_RETURN(auto netlink, edge::Netlink::Open(edge::LinuxKernel()));
  edge::SessionPrograms::Options programs;
  programs.max_interfaces = options_.max_shaped;
  programs.pin_folder = options_.pin_folder;
  shaper_ = std::make_unique<ShaperBase>(ShaperBase::Load(edge::LinuxKernel(), netlink, programs));
  if (auto rc4 = crypto::Rc4Provider::Load()) {
    rc4_.emplace(std::move(*rc4));
  } else {
    rc4_missing_ = rc4.error().message;
  }
  edge::ControlOptions control;
  control.gateway_id = options_.name;
  control.boot_id = RandomId(entropy_);
  control.version = options_.version;
  control.capabilities = {"pap", "chap-md5", "mschap-v1", "mschap-v2", "ipv4"};
  for (std::string& capability : shaper_->Capabilities()) {
    control.capabilities.push_back(std::move(capability));
  }
  control.addresses = options_.control_addresses;
  SG_ASSIGN_OR_RETURN(control_, edge::ControlClient::Create(std::move(control), *this));

  SessionIdSource::Options ids;
  ids.boot_unix_seconds = static_cast<std::uint32_t>(std::time(nullptr));
  ids.workers = static_cast<std::uint32_t>(options_.workers);
  std::array<std::uint8_t, 4> start{};
  entropy_.Fill(start);
  ids.random_start = Ipv4Address::FromOctets(start).value();
  for (std::size_t i = 0; i < options_.workers; ++i) {
    ids.worker = static_cast<std::uint32_t>(i);
    SG_ASSIGN_OR_RETURN(auto worker, Worker::Create({i, ids, rc4_ ? &*rc4_ : nullptr}, *control_,
                                                    *interfaces_, *shaper_, *load_, *inbox_));
    workers_.push_back(std::move(worker));
  }
  const std::size_t share =
      std::max<std::size_t>(1, options_.max_handshakes / options_.handshake_threads);
  for (std::size_t i = 0; i < options_.handshake_threads; ++i) {
    SG_ASSIGN_OR_RETURN(auto handshaker, Handshaker::Create({i, share}, workers_, *load_, *inbox_));
    handshakers_.push_back(std::move(handshaker));
  }
  return true;
}

GatewayApp::~GatewayApp() {
  loop_.CancelTimer(figures_timer_);
  loop_.CancelTimer(stop_timer_);
  // Nobody may post into a mailbox that is gone: the client first, then those who give connections
  // away, then those who take them.
  if (control_) control_->Shutdown();
  for (const auto& handshaker : handshakers_) handshaker->Post(StopThread{});
  for (const auto& handshaker : handshakers_) handshaker->Join();
  for (const auto& worker : workers_) worker->Post(StopThread{});
  for (const auto& worker : workers_) worker->Join();
}

void GatewayApp::Start() {
  for (const auto& worker : workers_) worker->Start();
  for (const auto& handshaker : handshakers_) handshaker->Start();
  control_->Start();
  figures_timer_ = loop_.StartTimer(kFiguresInterval, *this, kFiguresCookie);
}

void GatewayApp::RequestStop() { inbox_->Post(StopRequested{}); }

void GatewayApp::Handle(StopRequested /*stop*/) {
  if (ending_ != Ending::kNo) return;
  Log(LogLevel::kInfo, "stopping: sessions are being ended");
  for (const auto& handshaker : handshakers_) handshaker->Post(DrainChanged{true});
  for (const auto& handshaker : handshakers_) handshaker->Post(CloseListeners{});
  ending_ = Ending::kSoft;
  EndSessions(Termination::kSoft);
}

void GatewayApp::EndSessions(Termination termination) {
  workers_with_sessions_ = workers_.size();
  for (const auto& worker : workers_) {
    worker->Post(TerminateAll{termination, TerminateCause::kNasReboot, "gateway is stopping"});
  }
  loop_.CancelTimer(stop_timer_);
  stop_timer_ = loop_.StartTimer(options_.stop_patience, *this, kStopCookie);
}

void GatewayApp::Handle(AllSessionsEnded /*ended*/) {
  if (ending_ == Ending::kOver || workers_with_sessions_ == 0) return;
  if (--workers_with_sessions_ == 0) Stop();
}

void GatewayApp::Stop() {
  ending_ = Ending::kOver;
  loop_.CancelTimer(stop_timer_);
  control_->AwaitReports(options_.report_patience);
  Log(LogLevel::kInfo, "stopped");
  loop_.Stop();
}

void GatewayApp::OnTimer(std::uint64_t cookie) {
  if (cookie == kFiguresCookie) {
    CheckNeighbours();
    if (figures_missing_ > 0) SendFigures();
    AskForFigures();
    figures_timer_ = loop_.StartTimer(kFiguresInterval, *this, kFiguresCookie);
  } else if (ending_ == Ending::kSoft) {
    Log(LogLevel::kWarning, "sessions that did not end in time are cut");
    ending_ = Ending::kHard;
    EndSessions(Termination::kHard);
  } else if (ending_ == Ending::kHard) {
    Stop();
  }
}

// ---- The control plane, on its threads
// ---------------------------------------------------------

void GatewayApp::OnLinkOpened(std::uint64_t link) { inbox_->Post(LinkOpened{link}); }
void GatewayApp::OnAttached(const std::string& address) {
  Log(LogLevel::kInfo, "attached to control plane " + address);
}
void GatewayApp::OnLinkLost(const std::string& reason) {
  Log(LogLevel::kWarning,
      "control plane lost (" + reason + "): sessions go on, new clients are refused meanwhile");
}
void GatewayApp::OnUnreachable(const std::string& reason) {
  Log(LogLevel::kWarning, "control plane not reachable: " + reason);
}
void GatewayApp::OnOrder(ToGatewayMessage order) { inbox_->Post(std::move(order)); }
void GatewayApp::OnInvalidOrder(const std::string& reason) {
  Log(LogLevel::kError, "control plane sent an invalid order, ignored: " + Escape(reason));
}
void GatewayApp::OnAuthorized(edge::AuthorizeTicket ticket, Result<AuthorizeVerdict> answer) {
  workers_[ticket.worker]->Post(
      AuthorizeDone{std::move(ticket.session), ticket.attempt, std::move(answer)});
}

// ---- Hello
// -------------------------------------------------------------------------------------

void GatewayApp::Handle(LinkOpened opened) {
  snapshot_ = Snapshot{opened.link, workers_.size(), {}};
  for (const auto& worker : workers_) worker->Post(SnapshotRequest{opened.link});
}

void GatewayApp::Handle(SessionsSnapshot snapshot) {
  if (!snapshot_ || snapshot_->link != snapshot.link) return;  // of a link that is gone
  std::move(snapshot.sessions.begin(), snapshot.sessions.end(),
            std::back_inserter(snapshot_->sessions));
  if (--snapshot_->missing > 0) return;
  control_->SendHello(snapshot_->link, std::move(snapshot_->sessions), applied_);
  snapshot_.reset();
}

// ---- Orders
// ------------------------------------------------------------------------------------

void GatewayApp::Handle(ToGatewayMessage order) {
  std::visit([this](auto&& part) { Obey(std::move(part)); }, std::move(order));
}

Worker* GatewayApp::WorkerFor(const SessionId& session) {
  const auto index =
      SessionIdSource::WorkerOf(session, static_cast<std::uint32_t>(workers_.size()));
  return index ? workers_[*index].get() : nullptr;
}

void GatewayApp::Obey(PolicyOrder order) {
  if (Worker* const worker = WorkerFor(order.session)) worker->Post(std::move(order));
}

void GatewayApp::Obey(DisconnectOrder order) {
  if (Worker* const worker = WorkerFor(order.session)) worker->Post(std::move(order));
}

void GatewayApp::Obey(ReportAck /*ack*/) {}  // stays inside the control client

void GatewayApp::Obey(DrainOrder order) {
  if (ending_ != Ending::kNo) return;
  Log(LogLevel::kInfo, order.enabled ? "draining: new connections are refused"
                                     : "drain taken back: new connections are welcome");
  for (const auto& handshaker : handshakers_) handshaker->Post(DrainChanged{order.enabled});
}

void GatewayApp::Obey(GatewaySettings settings) {
  if (ending_ != Ending::kNo) return;
  const Generation generation = settings.generation;
  const std::string number = std::to_string(generation.value());
  switch (JudgeSettings(applied_, generation)) {
    case SettingsVerdict::kOlder:
      control_->SendRefused(
          {generation, "", "generation " + std::to_string(applied_.value()) + " is applied"});
      return;
    case SettingsVerdict::kCurrent:
      control_->SendApplied({generation, ""});
      return;
    case SettingsVerdict::kApply:
      break;
  }
  if (const auto done = Apply(settings); !done) {
    // They come again while nothing better is wanted; the same refusal is no news.
    const std::string refusal = "settings of generation " + number +
                                " are refused, the old ones stay: " + done.error().message;
    Log(std::exchange(last_refusal_, refusal) == refusal ? LogLevel::kDebug : LogLevel::kError,
        refusal);
    control_->SendRefused({generation, "", done.error().message});
    return;
  }
  applied_ = generation;
  last_refusal_.clear();
  if (!options_.log_level) SetLogLevel(settings.log_level);
  Log(LogLevel::kInfo, "settings of generation " + number + " applied");
  control_->SendApplied({generation, ""});
}

Result<std::vector<std::vector<edge::Listener>>> GatewayApp::OpenListeners(
    const GatewaySettings& settings) {
  const ListenPlace place = ListenPlaceOf(settings);
  if (!place_ || place_->port != place.port) {
    // Our own threads share the port, nobody else may.
    SG_ASSIGN_OR_RETURN(const auto alone,
                        edge::Listener::OpenAll(edge::LinuxKernel(), place.addresses, place.port,
                                                edge::PortUse::kAlone));
    static_cast<void>(alone);
  }
  std::vector<std::vector<edge::Listener>> all;
  for (std::size_t i = 0; i < handshakers_.size(); ++i) {
    SG_ASSIGN_OR_RETURN(auto listeners,
                        edge::Listener::OpenAll(edge::LinuxKernel(), place.addresses, place.port));
    all.push_back(std::move(listeners));
  }
  return all;
}

Result<bool> GatewayApp::Apply(const GatewaySettings& settings) {
  std::vector<std::unique_ptr<edge::TlsContext>> contexts;
  for (std::size_t i = 0; i < handshakers_.size(); ++i) {
    SG_ASSIGN_OR_RETURN(auto context,
                        edge::TlsContext::Create(settings.tls, settings.sstp.host_name));
    contexts.push_back(std::move(context));
  }
  const ListenPlace place = ListenPlaceOf(settings);
  std::vector<std::vector<edge::Listener>> listeners;
  const bool move = place_ != place;
  if (move) {
    SG_ASSIGN_OR_RETURN(listeners, OpenListeners(settings));
    for (const edge::Listener& listener : listeners.front()) {
      Log(LogLevel::kInfo, "listening on " + listener.local().ToString());
    }
    place_ = place;
  }
  // Nothing fails from here on.
  for (const std::string& warning : contexts.front()->warnings()) Log(LogLevel::kWarning, warning);
  if (!rc4_ && settings.ppp.mppe == MppePreference::kRequire && !settings.ppp.disable_ccp) {
    Log(LogLevel::kError, "mppe require: there will be no sessions: " + rc4_missing_);
  }
  for (const auto& worker : workers_) {
    worker->Post(WorkerSettings{settings.generation,
                                {settings.sstp, settings.ppp, rc4_.has_value()},
                                settings.interface_name,
                                settings.data_path,
                                settings.shaper});
  }
  interfaces_->Configure(settings.data_path.interface_cache, settings.data_path.super_packets);
  max_sessions_ = settings.max_sessions;
  CheckNeighbours();
  for (std::size_t i = 0; i < handshakers_.size(); ++i) {
    HandshakeSettings part;
    part.generation = settings.generation;
    part.tls = std::move(contexts[i]);
    if (move) part.listeners = std::move(listeners[i]);
    part.negotiation_timeout = settings.sstp.negotiation_timeout;
    part.max_sessions = settings.max_sessions;
    part.kernel_tls = {settings.data_path.kernel_tls_send, settings.data_path.kernel_tls_receive};
    part.log_sni = !settings.sstp.host_name.empty();
    handshakers_[i]->Post(std::move(part));
  }
  return true;
}

void GatewayApp::CheckNeighbours() {
  const auto warning = neighbours_.Check({.allowed = max_sessions_, .now = load_->Total()});
  if (warning) Log(LogLevel::kWarning, *warning);
}

// ---- Figures
// -----------------------------------------------------------------------------------

void GatewayApp::AskForFigures() {
  figures_missing_ = workers_.size() + handshakers_.size();
  for (const auto& worker : workers_) worker->Post(FiguresRequest{});
  for (const auto& handshaker : handshakers_) handshaker->Post(FiguresRequest{});
}

void GatewayApp::Handle(WorkerFigures figures) {
  std::move(figures.changed.begin(), figures.changed.end(), std::back_inserter(changed_));
  figures.changed.clear();
  const std::size_t worker = figures.worker;
  worker_figures_[worker] = std::move(figures);
  NoteFigures();
}

void GatewayApp::Handle(HandshakeFigures figures) {
  const std::size_t thread = figures.thread;
  handshake_figures_[thread] = std::move(figures);
  NoteFigures();
}

void GatewayApp::NoteFigures() {
  if (figures_missing_ > 0 && --figures_missing_ == 0) SendFigures();
}

void GatewayApp::SendFigures() {
  CountersBatch batch;
  GatewayStatistics& statistics = batch.statistics;
  process_.Fill(statistics);
  std::map<std::string, std::uint64_t> counters;
  const auto add = [&counters](const std::vector<NamedCounter>& more) {
    for (const NamedCounter& counter : more) counters[counter.name] += counter.value;
  };
  statistics.timers_pending = static_cast<std::uint32_t>(loop_.timers_pending());
  for (const auto& figures : worker_figures_) {
    if (!figures) continue;
    add(figures->counters);
    statistics.connections += figures->connections;
    statistics.sstp_starting += figures->sstp_starting;
    statistics.sstp_active += figures->sstp_active;
    statistics.timers_pending += figures->timers_pending;
  }
  for (const auto& figures : handshake_figures_) {
    if (!figures) continue;
    add(figures->counters);
    statistics.connections += figures->unfinished;
    statistics.sstp_starting += figures->unfinished;
    statistics.timers_pending += figures->timers_pending;
  }
  counters["reports_dropped"] = control_->reports_dropped();
  const InterfaceFigures interfaces = interfaces_->figures();
  counters["interfaces_created"] = interfaces.created;
  counters["interfaces_reused"] = interfaces.reused;
  counters["interfaces_destroyed"] = interfaces.destroyed;
  counters["interfaces_kept"] = interfaces.kept;
  statistics.timers = statistics.timers_pending;
  for (const auto& entry : counters) statistics.counters.push_back({entry.first, entry.second});
  batch.entries = std::move(changed_);
  changed_.clear();
  control_->SendCounters(std::move(batch));
}

}  // namespace sstpgw::gateway
