#include "controlplane/cli/render.h"

#include <algorithm>
#include <map>

#include "controlplane/cli/format.h"
#include "controlplane/cli/json.h"
#include "controlplane/cli/render_radius.h"
#include "controlplane/cli/session_columns.h"
#include "controlplane/cli/table.h"
#include "proto/base/text.h"
#include "proto/contract/convert.h"

namespace sstpgw::cli {
namespace {

struct Sums {
  std::int64_t uptime = 0;
  std::uint64_t cpu = 0;
  std::uint64_t rss = 0;
  std::uint64_t virtual_size = 0;
  // Label and value, in the order of the page.
  std::vector<std::pair<const char*, std::uint64_t>> core;
};

Sums SumUp(const pb::GetStatisticsResponse& statistics) {
  const pb::ProcessStatistics& own = statistics.control_plane();
  const pb::GatewayStatistics& gateways = statistics.gateways();
  Sums sums;
  sums.uptime =
      static_cast<std::int64_t>(std::max(own.uptime_seconds(), gateways.uptime_seconds()));
  sums.cpu = std::uint64_t{own.cpu_percent()} + gateways.cpu_percent();
  sums.rss = own.rss_kib() + gateways.rss_kib();
  sums.virtual_size = own.virtual_kib() + gateways.virtual_kib();
  sums.core = {
      {"mempool_allocated", own.heap_allocated_bytes() + gateways.heap_allocated_bytes()},
      {"mempool_available", own.heap_available_bytes() + gateways.heap_available_bytes()},
      {"thread_count", std::uint64_t{own.threads()} + gateways.threads()},
      {"thread_active", std::uint64_t{own.threads_active()} + gateways.threads_active()},
      {"context_count", gateways.connections()},
      {"context_sleeping", 0},
      {"context_pending", 0},
      {"md_handler_count", std::uint64_t{own.descriptors()} + gateways.descriptors()},
      {"md_handler_pending", 0},
      {"timer_count", gateways.timers()},
      {"timer_pending", gateways.timers_pending()},
  };
  return sums;
}

template <class Map>
void WriteCounters(JsonWriter& json, const char* name, const Map& counters) {
  json.Key(name).BeginObject();
  const std::map<std::string, std::uint64_t> sorted(counters.begin(), counters.end());
  for (const auto& [counter, value] : sorted) json.Member(counter, value);
  json.EndObject();
}

std::string Percent(const pb::Pool& pool) {
  // Pools of IPv6 may be so large that a hundred times their use is no number.
  const std::uint64_t scale = pool.total() > UINT64_MAX / 100 ? 100 : 1;
  const std::uint64_t total = pool.total() / scale;
  return std::to_string(total == 0 ? 0 : pool.used() / scale * 100 / total) + "%";
}

const char* KindOf(const pb::Pool& pool) {
  switch (pool.kind()) {
    case pb::POOL_KIND_IPV6_LINK:
      return "ipv6";
    case pb::POOL_KIND_IPV6_DELEGATED:
      return "ipv6-delegated";
    default:
      return "ipv4";
  }
}

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

const char* NameOf(pb::SessionChangeKind kind) {
  switch (kind) {
    case pb::SESSION_CHANGE_KIND_PRESENT:
      return "present";
    case pb::SESSION_CHANGE_KIND_SYNCED:
      return "synced";
    case pb::SESSION_CHANGE_KIND_ADDED:
      return "added";
    case pb::SESSION_CHANGE_KIND_CHANGED:
      return "changed";
    case pb::SESSION_CHANGE_KIND_REMOVED:
      return "removed";
    default:
      return "unknown";
  }
}

}  // namespace

std::string RenderStatistics(const pb::GetStatisticsResponse& statistics) {
  const Sums sums = SumUp(statistics);
  std::string out = "uptime: " + UptimeWithDays(sums.uptime) + "\n";
  out += "cpu: " + std::to_string(sums.cpu) + "%\n";
  out += "mem(rss/virt): " + std::to_string(sums.rss) + "/" + std::to_string(sums.virtual_size) +
         " kB\n";
  out += "core:\n";
  for (const auto& [label, value] : sums.core) {
    out += "  " + std::string(label) + ": " + std::to_string(value) + "\n";
  }
  out += "sessions:\n";
  out += "  starting: " + std::to_string(statistics.sessions_starting()) + "\n";
  out += "  active: " + std::to_string(statistics.sessions_active()) + "\n";
  out += "  finishing: " + std::to_string(statistics.sessions_finishing()) + "\n";
  out += "sstp:\n";
  out += "  starting: " + std::to_string(statistics.gateways().sstp_starting()) + "\n";
  out += "  active: " + std::to_string(statistics.gateways().sstp_active()) + "\n";
  return out + RenderRadiusStatistics(statistics.radius_servers());
}

std::string RenderStatisticsJson(const pb::GetStatisticsResponse& statistics) {
  const Sums sums = SumUp(statistics);
  JsonWriter json;
  json.BeginObject();
  json.Member("uptime_seconds", sums.uptime);
  json.Member("cpu_load_percentage", sums.cpu);
  json.Member("rss_kib", sums.rss);
  json.Member("virtual_kib", sums.virtual_size);
  json.Key("core").BeginObject();
  for (const auto& [label, value] : sums.core) json.Member(label, value);
  json.EndObject();
  json.Key("sessions").BeginObject();
  json.Member("starting", statistics.sessions_starting());
  json.Member("active", statistics.sessions_active());
  json.Member("finishing", statistics.sessions_finishing());
  json.EndObject();
  json.Key("sstp").BeginObject();
  json.Member("starting", statistics.gateways().sstp_starting());
  json.Member("active", statistics.gateways().sstp_active());
  json.EndObject();
  json.Member("gateways_attached", statistics.gateways_attached());
  WriteRadiusStatistics(json, statistics.radius_servers());
  WriteCounters(json, "control_plane_counters", statistics.counters());
  WriteCounters(json, "gateway_counters", statistics.gateways().counters());
  json.EndObject();
  return json.Take();
}

std::string RenderPools(const pb::ListPoolsResponse& pools) {
  std::vector<Row> rows;
  for (const pb::Pool& pool : pools.pools()) {
    rows.push_back({Escape(pool.name()), std::to_string(pool.total()), std::to_string(pool.used()),
                    std::to_string(pool.available()), Percent(pool), Escape(pool.next_pool()),
                    Joined(pool.ranges()), pool.is_default() ? "yes" : "", KindOf(pool)});
  }
  return RenderTable(
      {"pool", "total", "used", "available", "usage", "next-pool", "range", "default", "kind"},
      rows);
}

std::string RenderPoolsJson(const pb::ListPoolsResponse& pools) {
  JsonWriter json;
  json.BeginArray();
  for (const pb::Pool& pool : pools.pools()) {
    json.BeginObject();
    json.Member("pool", pool.name());
    json.Member("total", std::uint64_t{pool.total()});
    json.Member("used", std::uint64_t{pool.used()});
    json.Member("available", std::uint64_t{pool.available()});
    json.Member("next-pool", pool.next_pool());
    json.Key("ranges").BeginArray();
    for (const std::string& range : pool.ranges()) json.String(range);
    json.EndArray();
    json.Member("default", pool.is_default());
    json.Member("kind", KindOf(pool));
    json.EndObject();
  }
  json.EndArray();
  return json.Take();
}

std::string RenderGateways(const pb::ListGatewaysResponse& gateways) {
  std::vector<Row> rows;
  for (const pb::Gateway& gateway : gateways.gateways()) {
    std::string settings = "current";
    if (!gateway.refused_reason().empty()) {
      settings = "refused: " + Escape(gateway.refused_reason());
    } else if (gateway.applied_generation() != gateway.desired_generation()) {
      settings = "pending";
    }
    std::string state = gateway.attached() ? "attached" : "not attached";
    if (gateway.draining()) state += ", draining";
    rows.push_back({Escape(gateway.gateway_id()), state,
                    Uptime(static_cast<std::int64_t>(gateway.state_seconds())),
                    std::to_string(gateway.sessions()), settings, Escape(gateway.version())});
  }
  return RenderTable({"gateway", "state", "since", "sessions", "settings", "version"}, rows);
}

std::string RenderGatewaysJson(const pb::ListGatewaysResponse& gateways) {
  JsonWriter json;
  json.BeginArray();
  for (const pb::Gateway& gateway : gateways.gateways()) {
    json.BeginObject();
    json.Member("gateway", gateway.gateway_id());
    json.Member("boot", gateway.boot_id());
    json.Member("version", gateway.version());
    json.Key("capabilities").BeginArray();
    for (const std::string& capability : gateway.capabilities()) json.String(capability);
    json.EndArray();
    json.Member("attached", gateway.attached());
    json.Member("draining", gateway.draining());
    json.Member("state-seconds", std::uint64_t{gateway.state_seconds()});
    json.Member("sessions", gateway.sessions());
    json.Member("applied-generation", std::uint64_t{gateway.applied_generation()});
    json.Member("desired-generation", std::uint64_t{gateway.desired_generation()});
    json.Member("refused-reason", gateway.refused_reason());
    json.EndObject();
  }
  json.EndArray();
  return json.Take();
}

std::string RenderVersion(const std::string& own, const pb::GetVersionResponse& version) {
  return "sstpctl " + own + "\nsstp-controlplane " + Escape(version.version()) +
         "\nconfiguration " + Escape(version.config_file()) + "\n";
}

std::string RenderVersionJson(const std::string& own, const pb::GetVersionResponse& version) {
  JsonWriter json;
  json.BeginObject();
  json.Member("sstpctl", own);
  json.Member("sstp-controlplane", version.version());
  json.Member("configuration", version.config_file());
  json.Member("started-unix-seconds", std::int64_t{version.started_unix_seconds()});
  json.EndObject();
  return json.Take();
}

std::string RenderProblem(const std::string& file, const pb::ConfigProblem& problem) {
  std::string out = problem.warning() ? "warning: " : "error: ";
  out += Escape(file);
  if (problem.line() > 0) out += ":" + std::to_string(problem.line());
  if (problem.line() > 0 && problem.column() > 0) out += ":" + std::to_string(problem.column());
  out += ": ";
  if (!problem.path().empty()) out += problem.path() + ": ";
  if (!problem.value().empty()) out += problem.value() + ": ";
  out += problem.reason();
  if (!problem.remedy().empty()) out += ". " + problem.remedy();
  return out + "\n";
}

namespace {

void WriteProblems(JsonWriter& json, const Problems& problems) {
  json.BeginArray();
  for (const pb::ConfigProblem& problem : problems) {
    json.BeginObject();
    json.Member("severity", problem.warning() ? "warning" : "error");
    json.Member("path", problem.path());
    json.Member("line", problem.line());
    json.Member("column", problem.column());
    json.Member("value", problem.value());
    json.Member("reason", problem.reason());
    json.Member("remedy", problem.remedy());
    json.EndObject();
  }
  json.EndArray();
}

// RFC 2866 5.10; empty: unknown.
std::string CauseOf(const pb::SessionChange& change) {
  const auto cause = contract::FromProto(change.cause());
  return cause ? ToString(*cause) : "";
}

}  // namespace

std::string RenderProblemsJson(const Problems& problems) {
  JsonWriter json;
  WriteProblems(json, problems);
  return json.Take();
}

std::string RenderReloadJson(const pb::ReloadResponse& reload) {
  JsonWriter json;
  json.BeginObject();
  if (reload.error_count() == 0) {
    json.Member("generation", std::uint64_t{reload.generation()});
    json.Member("settings-changed", reload.settings_changed());
  }
  json.Member("errors", reload.error_count());
  json.Member("warnings", reload.warning_count());
  json.Key("problems");
  WriteProblems(json, reload.problems());
  json.EndObject();
  return json.Take();
}

std::string RenderDiff(const pb::DiffConfigResponse& diff) {
  if (diff.differences().empty()) return "no differences\n";
  std::string out;
  for (const pb::ConfigDifference& one : diff.differences()) {
    if (one.has_before()) out += "- " + one.path() + ": " + one.before() + "\n";
    if (one.has_after()) out += "+ " + one.path() + ": " + one.after() + "\n";
  }
  return out;
}

std::string RenderDiffJson(const pb::DiffConfigResponse& diff) {
  JsonWriter json;
  json.BeginArray();
  for (const pb::ConfigDifference& one : diff.differences()) {
    json.BeginObject();
    json.Member("path", one.path());
    if (one.has_before()) json.Member("before", one.before());
    if (one.has_after()) json.Member("after", one.after());
    json.EndObject();
  }
  json.EndArray();
  return json.Take();
}

std::string RenderChange(const pb::SessionChange& change) {
  std::string out = NameOf(change.kind());
  if (!change.has_session()) return out + "\n";
  for (const char* name : {"ifname", "username", "ip", "calling-sid", "state", "uptime", "sid"}) {
    out += std::string(" ") + name + "=" + FindColumn(name)->text(change.session(), false);
  }
  if (change.kind() == pb::SESSION_CHANGE_KIND_REMOVED) {
    out += " cause=" + CauseOf(change) + " reason=\"" + Escape(change.reason()) + "\"";
  }
  return out + "\n";
}

std::string RenderChangeJson(const pb::SessionChange& change) {
  JsonWriter json;
  json.BeginObject();
  json.Member("change", NameOf(change.kind()));
  if (change.has_session()) {
    json.Key("session");
    WriteSession(json, change.session());
  }
  if (change.kind() == pb::SESSION_CHANGE_KIND_REMOVED) {
    json.Member("cause", CauseOf(change));
    json.Member("reason", change.reason());
  }
  json.EndObject();
  // One line per change, so that a reader can take it line by line; strings hold no line feeds.
  std::string text = json.Take();
  std::string line;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != '\n') {
      line += text[i];
      continue;
    }
    while (i + 1 < text.size() && text[i + 1] == ' ') ++i;
    if (line.back() == ',') line += ' ';
  }
  return line + "\n";
}

}  // namespace sstpgw::cli
