#include "controlplane/rpc/radius_convert.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace sstpgw::cp {
namespace {

namespace pb = ::sstpgw::v1;
using radius::DynamicCount;

std::uint64_t Microseconds(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return count < 0 ? 0 : static_cast<std::uint64_t>(count);
}

std::uint64_t Seconds(std::chrono::seconds seconds) {
  return seconds.count() < 0 ? 0 : static_cast<std::uint64_t>(seconds.count());
}

std::uint32_t Small(std::size_t count) { return static_cast<std::uint32_t>(count); }

pb::RadiusServiceState ToMessage(radius::ServiceState state) {
  switch (state) {
    case radius::ServiceState::kOff:
      return pb::RADIUS_SERVICE_STATE_OFF;
    case radius::ServiceState::kActive:
      return pb::RADIUS_SERVICE_STATE_ACTIVE;
    case radius::ServiceState::kFailed:
      return pb::RADIUS_SERVICE_STATE_FAILED;
    case radius::ServiceState::kOnTrial:
      return pb::RADIUS_SERVICE_STATE_ON_TRIAL;
  }
  return pb::RADIUS_SERVICE_STATE_UNSPECIFIED;
}

void Put(const radius::TrafficView& view, pb::RadiusTraffic& message) {
  message.set_sent(view.total.sent);
  message.set_retries(view.total.retries);
  message.set_lost(view.total.lost);
  message.set_lost_5m(view.lost_5m);
  message.set_lost_1m(view.lost_1m);
  message.set_average_5m_microseconds(Microseconds(view.average_5m));
  message.set_average_1m_microseconds(Microseconds(view.average_1m));
}

void Put(const radius::ServiceView& view, const IpEndpoint& place, pb::RadiusService& message) {
  message.set_address(ToString(place));
  message.set_state(ToMessage(view.state));
  if (view.state == radius::ServiceState::kFailed) {
    message.set_left_alone_seconds(Seconds(view.left_alone_for));
  }
  message.set_fail_count(view.fail_count);
  message.set_in_flight(Small(view.in_flight));
  message.set_queue_length(Small(view.queue_length));
  message.set_sockets(Small(view.sockets));
  Put(view.requests, *message.mutable_requests());
  Put(view.interims, *message.mutable_interims());
  message.set_accepts(view.accepts);
  message.set_rejects(view.rejects);
  message.set_challenges(view.challenges);
  message.set_accounting_responses(view.accounting_responses);
  message.set_status_sent(view.status_sent);
  message.set_status_answered(view.status_answered);
  message.set_late(view.late);
  message.set_duplicates(view.duplicates);
  for (std::size_t i = 0; i < view.bad.size(); ++i) {
    if (view.bad[i] == 0) continue;
    (*message.mutable_bad_replies())[ToString(static_cast<radius::BadReply>(i))] = view.bad[i];
  }
  message.set_moved_on(view.moved_on);
  message.set_queue_expired(view.queue_expired);
  message.set_socket_errors(view.socket_errors);
  message.set_last_error(view.last_error);
  if (view.last_round_trip) {
    message.set_last_round_trip_microseconds(Microseconds(*view.last_round_trip));
  }
  if (view.smoothed_round_trip) {
    message.set_smoothed_round_trip_microseconds(Microseconds(*view.smoothed_round_trip));
  }
}

void Put(const RadiusAccountingView& view, pb::RadiusAccounting& message) {
  message.set_sessions(view.sessions);
  message.set_spool_records(view.records);
  message.set_spool_octets(view.octets);
  message.set_max_records(view.max_records);
  message.set_max_octets(view.max_octets);
  message.set_in_flight(Small(view.in_flight));
  if (view.oldest) message.set_oldest_seconds(Seconds(*view.oldest));
  message.set_stalled(view.stalled);
  message.set_near_full(view.near_full);
  message.set_path(view.path);
  message.set_let_in(view.counters.let_in);
  message.set_turned_away(view.counters.turned_away);
  message.set_starts(view.counters.started);
  message.set_interims(view.counters.interims);
  message.set_stops(view.counters.stopped);
  message.set_ended(view.counters.ended);
  message.set_lost_sessions(view.counters.lost_sessions);
  message.set_acknowledged(view.spool.acknowledged);
  message.set_unanswered(view.spool.unanswered);
  message.set_superseded(view.spool.superseded);
  message.set_shed(view.spool.shed_interims);
  message.set_store_stalls(view.counters.store_stalls);
}

// "dropped_source" is the reason "source".
std::string ReasonOf(DynamicCount count) {
  constexpr std::string_view kPrefix = "dropped_";
  const std::string_view name = radius::ToString(count);
  return std::string(name.substr(name.substr(0, kPrefix.size()) == kPrefix ? kPrefix.size() : 0));
}

void Put(const RadiusDynamicView& view, pb::RadiusDynamicAuthor& message) {
  const radius::DynamicCounters& counters = view.counters;
  message.set_listening(view.listening);
  message.set_in_progress(Small(view.in_progress));
  message.set_disconnect_requests(counters.Get(DynamicCount::kDisconnectRequest));
  message.set_disconnect_acks(counters.Get(DynamicCount::kDisconnectAck));
  message.set_disconnect_naks(counters.Get(DynamicCount::kDisconnectNak));
  message.set_coa_requests(counters.Get(DynamicCount::kCoaRequest));
  message.set_coa_acks(counters.Get(DynamicCount::kCoaAck));
  message.set_coa_naks(counters.Get(DynamicCount::kCoaNak));
  for (const auto& [cause, count] : counters.naks()) {
    pb::RadiusDynamicAuthor::Nak& nak = *message.add_naks();
    nak.set_cause(static_cast<std::uint32_t>(cause));
    nak.set_text(ToString(cause));
    nak.set_count(count);
  }
  for (const DynamicCount reason : radius::kDynamicDrops) {
    if (counters.Get(reason) == 0) continue;
    (*message.mutable_dropped())[ReasonOf(reason)] = counters.Get(reason);
  }
  message.set_duplicates_answered(counters.Get(DynamicCount::kDuplicateAnswered));
  message.set_timeouts(counters.Get(DynamicCount::kTimeout));
  message.set_late(counters.Get(DynamicCount::kLate));
  message.set_unsent(counters.Get(DynamicCount::kNotSigned) + view.unsent);
}

}  // namespace

pb::RadiusServer ToMessage(const radius::ServerView& view) {
  pb::RadiusServer message;
  message.set_number(view.number);
  message.set_disabled(view.disabled);
  message.set_backup(view.backup);
  message.set_weight(view.weight);
  Put(view.service(radius::Service::kAuthentication), view.authentication,
      *message.mutable_authentication());
  Put(view.service(radius::Service::kAccounting), view.accounting, *message.mutable_accounting());
  return message;
}

pb::GetRadiusResponse ToMessage(const RadiusView& view) {
  pb::GetRadiusResponse message;
  message.set_enabled(view.clients.has_value());
  if (view.clients) {
    for (const radius::ServerView& server : view.clients->servers) {
      *message.add_servers() = ToMessage(server);
    }
    message.set_open_requests(view.clients->open_requests);
    message.set_refused_requests(view.clients->refused_requests);
    message.set_stray_datagrams(view.clients->stray_datagrams);
  }
  if (view.accounting) Put(*view.accounting, *message.mutable_accounting());
  if (view.dynamic_author) Put(*view.dynamic_author, *message.mutable_dynamic_author());
  return message;
}

}  // namespace sstpgw::cp
