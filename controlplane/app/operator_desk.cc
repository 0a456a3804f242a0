#include "controlplane/app/operator_desk.h"

#include <algorithm>
#include <utility>

#include "controlplane/app/operator_radius.h"
#include "controlplane/edge/task_loop.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

void Add(GatewayStatistics& sum, std::map<std::string, std::uint64_t>& counters,
         const GatewayStatistics& one) {
  sum.uptime_seconds = std::max(sum.uptime_seconds, one.uptime_seconds);
  sum.cpu_percent += one.cpu_percent;
  sum.rss_kib += one.rss_kib;
  sum.virtual_kib += one.virtual_kib;
  sum.heap_allocated_bytes += one.heap_allocated_bytes;
  sum.heap_available_bytes += one.heap_available_bytes;
  sum.threads += one.threads;
  sum.threads_active += one.threads_active;
  sum.connections += one.connections;
  sum.descriptors += one.descriptors;
  sum.timers += one.timers;
  sum.timers_pending += one.timers_pending;
  sum.sstp_starting += one.sstp_starting;
  sum.sstp_active += one.sstp_active;
  for (const NamedCounter& counter : one.counters) counters[counter.name] += counter.value;
}

ReloadError ReloadFailure(const std::string& path, const Result<LoadedFile>& file) {
  constexpr const char* kStays = "reload failed, the running configuration stays: ";
  if (!file) {
    Log(LogLevel::kError, kStays + file.error().message);
    return {file.error(), {}};
  }
  for (const Issue& issue : file->result.errors)
    Log(LogLevel::kError, kStays + Render(path, issue));
  return {
      Error{ErrorCode::kInvalidArgument, path + " is not valid, the running configuration stays"},
      file->result.errors};
}

Issue Remark(std::string reason) {
  Issue issue;
  issue.reason = std::move(reason);
  return issue;
}

}  // namespace

std::vector<SessionView> OperatorDesk::Sessions(const SessionFilter& filter) {
  std::vector<SessionView> views;
  for (const SessionEntry* entry : state_.core().registry().Select(filter)) {
    views.push_back(state_.View(*entry));
  }
  return views;
}

void OperatorDesk::Watch(const std::shared_ptr<SessionWatcher>& watcher) { state_.Watch(watcher); }

StatisticsView OperatorDesk::Statistics() {
  StatisticsView view;
  view.process = meter_.Read();
  std::map<std::string, std::uint64_t> counters;
  for (const auto& [id, gateway] : state_.core().registry().gateways()) {
    if (!gateway.attached) continue;
    ++view.gateways_attached;
    Add(view.gateways, counters, gateway.statistics);
  }
  for (const auto& [name, value] : counters) view.gateways.counters.push_back({name, value});
  view.sessions = state_.core().registry().Totals();
  const AuthorizerCounters& logins = state_.core().authorizer().counters();
  view.counters = {
      {"authorize_asked", logins.asked},
      {"authorize_accepted", logins.accepted},
      {"authorize_rejected", logins.rejected},
      {"authorize_second_session_denied", logins.denied_second_session},
      {"authorize_without_address", logins.no_address},
      {"authorize_waiting", state_.core().authorizer().waiting_count()},
      {"sessions_replaced", logins.replaced},
      {"grants_expired", logins.expired_grants},
      {"stray_messages", state_.rejected_messages()},
      {"leases", state_.core().pools().lease_count()},
  };
  if (const auto clients = Radius().clients) view.radius_servers = clients->servers;
  return view;
}

RadiusView OperatorDesk::Radius() { return RadiusViewOf(state_.radius(), state_.config()); }

std::uint32_t OperatorDesk::Terminate(const SessionFilter& filter, Termination termination) {
  return state_.Terminate(filter, termination);
}

std::vector<PoolUsage> OperatorDesk::Pools() { return state_.core().pools().Usage(); }

std::string OperatorDesk::DefaultPool() { return state_.config().default_pool; }

std::vector<PrefixUsage> OperatorDesk::Ipv6Pools() { return state_.core().prefixes().Usage(); }

std::string OperatorDesk::DefaultIpv6Pool() { return state_.config().default_ipv6_pool; }

std::vector<GatewayView> OperatorDesk::Gateways() {
  std::vector<GatewayView> views;
  const TimePoint now = TaskLoop::Now();
  for (const auto& [id, entry] : state_.core().registry().gateways()) {
    GatewayView view;
    view.entry = entry;
    view.entry.sessions.clear();
    view.draining = state_.core().IsDraining(id);
    view.sessions = static_cast<std::uint32_t>(entry.sessions.size());
    view.desired = state_.generation();
    view.state_seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now - entry.since).count();
    views.push_back(std::move(view));
  }
  return views;
}

Result<std::uint32_t> OperatorDesk::Drain(const std::string& gateway, bool enabled) {
  if (!gateway.empty() && state_.core().registry().FindGateway(gateway) == nullptr) {
    return Fail(Error{ErrorCode::kNotFound, "no gateway '" + gateway + "' has ever attached"});
  }
  return state_.Drain(gateway, enabled);
}

void OperatorDesk::ChangeLogLevel(LogLevel level) { state_.ChangeLogLevel(level); }

ConfigView OperatorDesk::Config() {
  return {state_.masked_yaml(), state_.options().config_file, state_.generation()};
}

void OperatorDesk::Reload(std::function<void(ReloadResult)> done) {
  const std::string& path = state_.options().config_file;
  if (state_.applying()) {
    done(Fail(ReloadError{Error{ErrorCode::kUnavailable,
                                "the gateways are still trying the reload before; try again in a "
                                "few seconds"},
                          {}}));
    return;
  }
  auto file = LoadConfigFile(path);
  if (!file || !file->result.config) {
    done(Fail(ReloadFailure(path, file)));
    return;
  }
  ReloadDone report;
  report.warnings = file->result.warnings;
  const ControlConfig& fresh = *file->result.config;
  if (fresh.operator_socket != state_.config().operator_socket ||
      fresh.link_listen != state_.config().link_listen) {
    report.warnings.push_back(Remark("a new listening address takes effect with the next start"));
  }
  state_.Apply(std::move(*file), [this, done = std::move(done), report = std::move(report)](
                                     const SettingsRollout::Verdict& verdict, bool changed) {
    done(Conclude(report, verdict, changed));
  });
}

OperatorDesk::ReloadResult OperatorDesk::Conclude(ReloadDone report,
                                                  const SettingsRollout::Verdict& verdict,
                                                  bool settings_changed) const {
  if (!verdict.accepted) {
    const bool here = verdict.gateway.empty();  // this process cannot do what is wanted
    const std::string refusal = here ? verdict.reason
                                     : "gateway " + Escape(verdict.gateway) +
                                           " refuses the settings: " + Escape(verdict.reason);
    if (settings_changed || here) {
      Log(LogLevel::kError, "reload failed, the running configuration stays: " + refusal);
      return Fail(ReloadError{
          Error{ErrorCode::kUnavailable, refusal + "; the running configuration stays"}, {}});
    }
    report.warnings.push_back(Remark(refusal));
  }
  for (const std::string& gateway : verdict.silent) {
    report.warnings.push_back(
        Remark("gateway " + Escape(gateway) +
               " has not answered yet; 'sstpctl show gateways' tells when it has"));
  }
  report.settings_changed = settings_changed;
  report.generation = state_.generation();
  Log(LogLevel::kInfo, std::string("configuration reloaded") +
                           (settings_changed ? ", the gateways have new settings" : ""));
  return report;
}

VersionView OperatorDesk::Version() {
  return {state_.options().version, state_.options().config_file,
          state_.options().started_unix_seconds};
}

}  // namespace sstpgw::cp
