#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/cli/json.h"
#include "controlplane/cli/render_radius.h"
#include "controlplane/radius/metric_names.h"

namespace sstpgw::cli {
namespace {

namespace metric = ::sstpgw::cp::radius::metric;
using cp::radius::Metric;

void Put(JsonWriter& json, const Metric& what, std::uint64_t value) {
  json.Member(what.name, value);
}

void PutSeconds(JsonWriter& json, const Metric& what, std::uint64_t microseconds) {
  json.Key(what.name).Millionths(microseconds);
}

// By the values of its label, in their order.
using Labelled = std::vector<std::pair<std::string, std::uint64_t>>;
void Put(JsonWriter& json, const Metric& what, const Labelled& values) {
  json.Key(what.name).BeginObject();
  for (const auto& [label, value] : values) json.Member(label, value);
  json.EndObject();
}
void Put(JsonWriter& json, const Metric& what,
         const google::protobuf::Map<std::string, std::uint64_t>& values) {
  Labelled sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  Put(json, what, sorted);
}

const char* NameOf(pb::RadiusServiceState state) {
  switch (state) {
    case pb::RADIUS_SERVICE_STATE_OFF:
      return "off";
    case pb::RADIUS_SERVICE_STATE_ACTIVE:
      return "up";
    case pb::RADIUS_SERVICE_STATE_FAILED:
      return "failed";
    case pb::RADIUS_SERVICE_STATE_ON_TRIAL:
      return "on-trial";
    default:
      return "unknown";
  }
}

void WriteReplies(JsonWriter& json, const pb::RadiusService& service, bool accounting) {
  Labelled replies = {{"accounting_response", service.accounting_responses()}};
  if (!accounting) {
    replies = {{"accept", service.accepts()},
               {"challenge", service.challenges()},
               {"reject", service.rejects()}};
  }
  replies.emplace_back("status", service.status_answered());
  Put(json, metric::kReplies, replies);
}

void WriteService(JsonWriter& json, const pb::RadiusService& service, bool accounting) {
  const pb::RadiusTraffic& requests = service.requests();
  const pb::RadiusTraffic& interims = service.interims();
  const std::uint64_t retries = requests.retries() + interims.retries();
  json.BeginObject();
  json.Member("service", accounting ? "accounting" : "authentication");
  json.Member("address", service.address());
  json.Member("state", NameOf(service.state()));
  json.Member("last-error", service.last_error());
  Put(json, metric::kServerUp, service.state() == pb::RADIUS_SERVICE_STATE_ACTIVE ? 1 : 0);
  Put(json, metric::kServerLeftAlone, service.left_alone_seconds());
  Put(json, metric::kServerFailCount, service.fail_count());
  Put(json, metric::kRequests, requests.sent() + interims.sent() - retries);
  Put(json, metric::kRetransmissions, retries);
  Put(json, metric::kTimeouts, requests.lost() + interims.lost());
  WriteReplies(json, service, accounting);
  Put(json, metric::kBadReplies, service.bad_replies());
  Put(json, metric::kLateReplies, service.late());
  Put(json, metric::kDuplicateReplies, service.duplicates());
  Put(json, metric::kStatusRequests, service.status_sent());
  Put(json, metric::kMovedOn, service.moved_on());
  Put(json, metric::kQueueExpired, service.queue_expired());
  Put(json, metric::kSocketErrors, service.socket_errors());
  Put(json, metric::kInFlight, service.in_flight());
  Put(json, metric::kQueueLength, service.queue_length());
  Put(json, metric::kSockets, service.sockets());
  if (service.has_last_round_trip_microseconds()) {
    PutSeconds(json, metric::kLastRoundTrip, service.last_round_trip_microseconds());
    PutSeconds(json, metric::kSmoothedRoundTrip, service.smoothed_round_trip_microseconds());
  }
  json.EndObject();
}

void WriteServer(JsonWriter& json, const pb::RadiusServer& server) {
  json.BeginObject();
  json.Member("number", std::uint32_t{server.number()});
  json.Member("disabled", server.disabled());
  json.Member("backup", server.backup());
  json.Member("weight", std::uint32_t{server.weight()});
  json.Key("services").BeginArray();
  WriteService(json, server.authentication(), false);
  WriteService(json, server.accounting(), true);
  json.EndArray();
  json.EndObject();
}

void WriteAccounting(JsonWriter& json, const pb::RadiusAccounting& accounting) {
  json.Key("accounting").BeginObject();
  json.Member("store", accounting.path());
  Put(json, metric::kAccountedSessions, accounting.sessions());
  Put(json, metric::kSpoolRecords, accounting.spool_records());
  Put(json, metric::kSpoolOctets, accounting.spool_octets());
  Put(json, metric::kSpoolMaxRecords, accounting.max_records());
  Put(json, metric::kSpoolMaxOctets, accounting.max_octets());
  if (accounting.has_oldest_seconds()) {
    Put(json, metric::kSpoolOldest, accounting.oldest_seconds());
  }
  Put(json, metric::kSpoolInFlight, accounting.in_flight());
  Put(json, metric::kStoreStalled, accounting.stalled() ? 1 : 0);
  Put(json, metric::kStoreStalls, accounting.store_stalls());
  Put(json, metric::kSpoolNearFull, accounting.near_full() ? 1 : 0);
  Put(json, metric::kLogins,
      Labelled{{"let_in", accounting.let_in()}, {"turned_away", accounting.turned_away()}});
  Put(json, metric::kRecords,
      Labelled{{"start", accounting.starts()},
               {"interim", accounting.interims()},
               {"stop", accounting.stops()}});
  Put(json, metric::kRecordOutcomes,
      Labelled{{"acknowledged", accounting.acknowledged()},
               {"unanswered", accounting.unanswered()},
               {"superseded", accounting.superseded()},
               {"shed", accounting.shed()}});
  Put(json, metric::kEndedSessions, accounting.ended());
  Put(json, metric::kLostSessions, accounting.lost_sessions());
  json.EndObject();
}

void WriteDynamicAuthor(JsonWriter& json, const pb::RadiusDynamicAuthor& author) {
  json.Key("dynamic-author").BeginObject();
  json.Member("listening", author.listening());
  Put(json, metric::kDynamicInProgress, author.in_progress());
  Put(json, metric::kDynamicRequests,
      Labelled{{"disconnect", author.disconnect_requests()}, {"coa", author.coa_requests()}});
  Put(json, metric::kDynamicAcks,
      Labelled{{"disconnect", author.disconnect_acks()}, {"coa", author.coa_acks()}});
  Labelled naks;
  for (const auto& nak : author.naks()) naks.emplace_back(std::to_string(nak.cause()), nak.count());
  Put(json, metric::kDynamicNaks, naks);
  Put(json, metric::kDynamicDropped, author.dropped());
  Put(json, metric::kDynamicDuplicates, author.duplicates_answered());
  Put(json, metric::kDynamicTimeouts, author.timeouts());
  Put(json, metric::kDynamicLate, author.late());
  Put(json, metric::kDynamicUnsent, author.unsent());
  json.EndObject();
}

void WriteTraffic(JsonWriter& json, const char* name, const pb::RadiusTraffic& traffic) {
  json.Key(name).BeginObject();
  json.Member("sent", std::uint64_t{traffic.sent()});
  json.Member("lost", std::uint64_t{traffic.lost()});
  json.Member("lost_5m", std::uint64_t{traffic.lost_5m()});
  json.Member("lost_1m", std::uint64_t{traffic.lost_1m()});
  json.Member("avg_query_time_5m_ms", traffic.average_5m_microseconds() / 1000);
  json.Member("avg_query_time_1m_ms", traffic.average_1m_microseconds() / 1000);
  json.EndObject();
}

}  // namespace

void WriteRadiusStatistics(JsonWriter& json, const RadiusServers& servers) {
  json.Key("radius").BeginArray();
  for (const pb::RadiusServer& server : servers) {
    const pb::RadiusService& auth = server.authentication();
    const pb::RadiusService& acct = server.accounting();
    json.BeginObject();
    json.Member("number", std::uint32_t{server.number()});
    json.Member("address", auth.address());
    json.Member("auth_state", NameOf(auth.state()));
    json.Member("acct_state", NameOf(acct.state()));
    json.Member("fail_count", std::uint64_t{auth.fail_count()} + acct.fail_count());
    json.Member("request_count", std::uint64_t{auth.in_flight()} + acct.in_flight());
    json.Member("queue_length", std::uint64_t{auth.queue_length()} + acct.queue_length());
    WriteTraffic(json, "auth", auth.requests());
    WriteTraffic(json, "acct", acct.requests());
    WriteTraffic(json, "interim", acct.interims());
    json.EndObject();
  }
  json.EndArray();
}

std::string RenderRadiusJson(const pb::GetRadiusResponse& radius) {
  JsonWriter json;
  json.BeginObject();
  json.Member("enabled", radius.enabled());
  json.Key("servers").BeginArray();
  for (const pb::RadiusServer& server : radius.servers()) WriteServer(json, server);
  json.EndArray();
  Put(json, metric::kOpenRequests, radius.open_requests());
  Put(json, metric::kRefusedRequests, radius.refused_requests());
  Put(json, metric::kStrayDatagrams, radius.stray_datagrams());
  if (radius.has_accounting()) WriteAccounting(json, radius.accounting());
  if (radius.has_dynamic_author()) WriteDynamicAuthor(json, radius.dynamic_author());
  json.EndObject();
  return json.Take();
}

}  // namespace sstpgw::cli
