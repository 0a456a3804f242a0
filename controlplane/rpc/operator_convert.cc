#include "controlplane/rpc/operator_convert.h"

#include <algorithm>

#include "controlplane/rpc/radius_convert.h"
#include "controlplane/shaper/operator_rate.h"
#include "proto/base/text.h"
#include "proto/contract/convert.h"
#include "proto/contract/grpc_status.h"

namespace sstpgw::cp {
namespace {

Result<Ipv4Address> ParseAddress(const std::string& text) {
  const auto address = Ipv4Address::Parse(text);
  if (!address || address->is_zero()) {
    return Fail(Error{ErrorCode::kInvalidArgument, "'" + text + "' is not an IPv4 address"});
  }
  return *address;
}

pb::SessionChangeKind ToMessage(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kAdded:
      return pb::SESSION_CHANGE_KIND_ADDED;
    case ChangeKind::kChanged:
      return pb::SESSION_CHANGE_KIND_CHANGED;
    case ChangeKind::kRemoved:
      return pb::SESSION_CHANGE_KIND_REMOVED;
  }
  return pb::SESSION_CHANGE_KIND_UNSPECIFIED;
}

constexpr std::size_t kMaxFailures = 1000;  // listed

pb::RateSource ToMessage(RateSource source) {
  switch (source) {
    case RateSource::kNone:
      return pb::RATE_SOURCE_NONE;
    case RateSource::kDefault:
      return pb::RATE_SOURCE_DEFAULT;
    case RateSource::kUser:
      return pb::RATE_SOURCE_USER;
    case RateSource::kRadius:
      return pb::RATE_SOURCE_RADIUS;
    case RateSource::kChanged:
      return pb::RATE_SOURCE_CHANGED;
    case RateSource::kTemporary:
      return pb::RATE_SOURCE_TEMPORARY;
  }
  return pb::RATE_SOURCE_UNSPECIFIED;
}

using Failures = google::protobuf::RepeatedPtrField<pb::ChangeShaperResponse::Failure>;

void Put(const std::vector<PolicyOutcome::Failure>& failures, Failures& out) {
  for (const PolicyOutcome::Failure& failure : failures) {
    if (static_cast<std::size_t>(out.size()) == kMaxFailures) return;
    pb::ChangeShaperResponse::Failure& message = *out.Add();
    message.set_interface_name(failure.interface_name);
    message.set_gateway_id(failure.session.gateway);
    message.set_reason(failure.reason);
  }
}

Result<RateReading, BadRateOrder> ReadRate(const std::string& text) {
  const auto rate = ReadOperatorRate(text);
  if (rate) return *rate;
  return Fail(BadRateOrder{
      Error{ErrorCode::kInvalidArgument, "'" + Escape(text) + "' is no DOWN/UP: " + rate.error()},
      pb::REASON_BAD_RATE});
}

// The client's address in a prefix of its link (features 4.1): the bits that the prefix leaves are
// the identifier's, but never more than the lower half.
Ipv6Address ClientAddress(const Ipv6Prefix& prefix, const InterfaceId& id) {
  auto octets = prefix.address.octets();
  for (unsigned bit = std::max<unsigned>(prefix.length, 64); bit < 128; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
    octets[bit / 8] = static_cast<std::uint8_t>(octets[bit / 8] | (id[bit / 8 - 8] & mask));
  }
  return Ipv6Address(octets);
}

// "2001:db8::2/64"; empty: none.
std::string InnerIp6(const SessionRecord& record) {
  if (!record.network.ipv6) return {};
  const NetworkPolicy& policy = record.policy.network;
  if (!policy.framed_ipv6_prefixes.empty()) {
    const Ipv6Prefix& prefix = policy.framed_ipv6_prefixes.front();
    return ClientAddress(prefix, record.network.peer_interface_id).ToString() + "/" +
           std::to_string(prefix.length);
  }
  if (policy.framed_ipv6_addresses.empty()) return {};
  return policy.framed_ipv6_addresses.front().ToString() + "/128";
}

// The one that the client has taken.
std::string DelegatedPrefix(const SessionRecord& record) {
  const auto& delegated = record.policy.network.delegated_ipv6_prefixes;
  return record.network.delegated && !delegated.empty() ? delegated.front().ToString()
                                                        : std::string();
}

// Something outside has to change first, whatever kind of error it is for us.
grpc::Status NotReady(const Error& error, pb::Reason reason) {
  pb::ErrorDetail detail;
  detail.set_reason(reason);
  return {grpc::StatusCode::FAILED_PRECONDITION, error.message, detail.SerializeAsString()};
}

}  // namespace

Result<SessionFilter> ToFilter(const pb::SessionFilter& message) {
  SessionFilter filter;
  filter.interface_name = message.interface_name();
  filter.user = message.user();
  filter.session = message.session_id();
  filter.calling_station = message.calling_station();
  filter.gateway = message.gateway_id();
  if (!message.address().empty()) {
    SG_ASSIGN_OR_RETURN(filter.address, ParseAddress(message.address()));
  }
  if (message.state() != pb::SESSION_STATE_UNSPECIFIED) {
    SG_ASSIGN_OR_RETURN(filter.state, contract::FromProto(message.state()));
  }
  return filter;
}

Result<SessionFilter> ToFilter(const pb::TerminateRequest& message) {
  SessionFilter filter;
  const std::string* text = nullptr;
  switch (message.selector_case()) {
    case pb::TerminateRequest::kAll:
      if (message.all()) return filter;
      break;
    case pb::TerminateRequest::kInterfaceName:
      text = &(filter.interface_name = message.interface_name());
      break;
    case pb::TerminateRequest::kUser:
      text = &(filter.user = message.user());
      break;
    case pb::TerminateRequest::kSessionId:
      text = &(filter.session = message.session_id());
      break;
    case pb::TerminateRequest::kCallingStation:
      text = &(filter.calling_station = message.calling_station());
      break;
    case pb::TerminateRequest::kAddress: {
      SG_ASSIGN_OR_RETURN(filter.address, ParseAddress(message.address()));
      return filter;
    }
    case pb::TerminateRequest::SELECTOR_NOT_SET:
      break;
  }
  // An empty selector would match everything.
  if (text == nullptr || text->empty()) {
    return Fail(Error{ErrorCode::kInvalidArgument, "say which sessions to terminate"});
  }
  return filter;
}

Result<RateOrder, BadRateOrder> ToRateOrder(const pb::ChangeShaperRequest& message) {
  const auto incomplete = [](const char* text) {
    return Fail(BadRateOrder{Error{ErrorCode::kInvalidArgument, text}, pb::REASON_BAD_SELECTOR});
  };
  RateOrder order;
  order.who = "operator";
  order.all = message.all();
  order.which.interface_name = message.interface_name();
  // An empty selector would match everything.
  if (!order.all && message.interface_name().empty()) {
    return incomplete("say which sessions to change: an interface, or all");
  }
  switch (message.order_case()) {
    case pb::ChangeShaperRequest::kRate: {
      SG_ASSIGN_OR_RETURN(order.rate, ReadRate(message.rate()));
      return order;
    }
    case pb::ChangeShaperRequest::kTemporaryRate: {
      order.kind = RateOrder::Kind::kTemporary;
      SG_ASSIGN_OR_RETURN(order.rate, ReadRate(message.temporary_rate()));
      if (order.rate.time_range == 0) return order;
      return Fail(BadRateOrder{Error{ErrorCode::kInvalidArgument,
                                     "'" + Escape(message.temporary_rate()) +
                                         "' is for a time range, which a temporary limit has not"},
                               pb::REASON_BAD_RATE});
    }
    case pb::ChangeShaperRequest::kRestore:
      order.kind = RateOrder::Kind::kRestore;
      if (message.restore()) return order;
      break;
    case pb::ChangeShaperRequest::ORDER_NOT_SET:
      break;
  }
  return incomplete("say what to change: a rate, or to restore");
}

pb::ChangeShaperResponse ToMessage(const PolicyOutcome& outcome) {
  pb::ChangeShaperResponse message;
  message.set_changed(outcome.changed);
  Put(outcome.refused, *message.mutable_refused());
  Put(outcome.unanswered, *message.mutable_unanswered());
  message.set_refused_count(static_cast<std::uint32_t>(outcome.refused.size()));
  message.set_unanswered_count(static_cast<std::uint32_t>(outcome.unanswered.size()));
  return message;
}

pb::Session ToMessage(const SessionView& view) {
  pb::Session message;
  message.set_gateway_id(view.entry.key.gateway);
  *message.mutable_record() = contract::ToProto(view.entry.record);
  message.set_gateway_attached(view.gateway_attached);
  message.set_inner_ip6(InnerIp6(view.entry.record));
  message.set_delegated_prefix(DelegatedPrefix(view.entry.record));
  const RateLimit& kept = view.entry.record.policy.rate_limit;
  message.set_rate_limit(ToKilobits(kept));
  message.set_rate_source(ToMessage(view.wanted_rate.source));
  message.set_rate_time_range(view.wanted_rate.time_range);
  if (view.wanted_rate.limit != kept) {
    const RateLimit& wanted = view.wanted_rate.limit;
    message.set_wanted_rate_limit(wanted.any() ? ToKilobits(wanted) : "0/0");
  }
  if (view.achieved) {
    pb::AchievedRates& achieved = *message.mutable_achieved();
    achieved.set_down_bits_per_second(view.achieved->down.value());
    achieved.set_up_bits_per_second(view.achieved->up.value());
    achieved.set_over_milliseconds(static_cast<std::uint64_t>(view.achieved->over.count()));
  }
  return message;
}

pb::SessionChange ToMessage(const SessionUpdate& update, const SessionView& view) {
  pb::SessionChange message;
  message.set_kind(ToMessage(update.kind));
  *message.mutable_session() = ToMessage(view);
  if (update.kind == ChangeKind::kRemoved) {
    message.set_cause(contract::ToProto(update.cause));
    message.set_reason(update.reason);
  }
  return message;
}

pb::GetStatisticsResponse ToMessage(const StatisticsView& view) {
  pb::GetStatisticsResponse message;
  pb::ProcessStatistics& process = *message.mutable_control_plane();
  process.set_uptime_seconds(view.process.uptime_seconds);
  process.set_cpu_percent(view.process.cpu_percent);
  process.set_rss_kib(view.process.rss_kib);
  process.set_virtual_kib(view.process.virtual_kib);
  process.set_heap_allocated_bytes(view.process.heap_allocated_bytes);
  process.set_heap_available_bytes(view.process.heap_available_bytes);
  process.set_threads(view.process.threads);
  process.set_threads_active(view.process.threads_active);
  process.set_descriptors(view.process.descriptors);
  *message.mutable_gateways() = contract::ToProto(view.gateways);
  message.set_sessions_starting(view.sessions.starting);
  message.set_sessions_active(view.sessions.active);
  message.set_sessions_finishing(view.sessions.finishing);
  for (const auto& [name, value] : view.counters) (*message.mutable_counters())[name] = value;
  message.set_gateways_attached(view.gateways_attached);
  for (const radius::ServerView& server : view.radius_servers) {
    *message.add_radius_servers() = ToMessage(server);
  }
  return message;
}

pb::Pool ToMessage(const PoolUsage& pool, bool is_default) {
  pb::Pool message;
  message.set_name(pool.name);
  message.set_total(pool.total);
  message.set_used(pool.used);
  message.set_available(pool.total > pool.used ? pool.total - pool.used : 0);
  message.set_next_pool(pool.next_pool);
  for (const AddressRange& range : pool.ranges) {
    message.add_ranges(range.first.ToString() + "-" + range.last.ToString());
  }
  message.set_is_default(is_default);
  message.set_kind(pb::POOL_KIND_IPV4);
  return message;
}

pb::Pool ToMessage(const PrefixUsage& pool, bool is_default) {
  pb::Pool message;
  message.set_name(pool.name);
  message.set_total(pool.total);
  message.set_used(pool.used);
  message.set_available(pool.total - std::min(pool.total, pool.used));
  for (const PrefixRange& range : pool.ranges) {
    message.add_ranges(range.network.ToString() + " in /" + std::to_string(range.length));
  }
  message.set_is_default(is_default);
  message.set_kind(pool.kind == PrefixKind::kLink ? pb::POOL_KIND_IPV6_LINK
                                                  : pb::POOL_KIND_IPV6_DELEGATED);
  return message;
}

pb::Gateway ToMessage(const GatewayView& view) {
  pb::Gateway message;
  message.set_gateway_id(view.entry.id);
  message.set_boot_id(view.entry.boot);
  message.set_version(view.entry.version);
  for (const std::string& capability : view.entry.capabilities) {
    message.add_capabilities(capability);
  }
  message.set_attached(view.entry.attached);
  message.set_draining(view.draining);
  message.set_sessions(view.sessions);
  message.set_applied_generation(view.entry.applied.value());
  message.set_desired_generation(view.desired.value());
  message.set_refused_reason(view.entry.refused_reason);
  message.set_state_seconds(static_cast<std::uint64_t>(view.state_seconds));
  return message;
}

pb::ConfigProblem ToMessage(const Issue& issue, bool warning) {
  pb::ConfigProblem message;
  message.set_path(issue.path);
  message.set_line(issue.line);
  message.set_column(issue.column);
  message.set_value(issue.value);
  message.set_reason(issue.reason);
  message.set_remedy(issue.remedy);
  message.set_warning(warning);
  return message;
}

grpc::Status Failure(const Error& error, pb::Reason reason) {
  pb::ErrorDetail detail;
  detail.set_reason(reason);
  return {contract::ToStatus(error).error_code(), error.message, detail.SerializeAsString()};
}

grpc::Status AnswerDiff(const Result<OperatorBackend::Comparison>& result,
                        pb::DiffConfigResponse& response) {
  if (!result) return NotReady(result.error(), pb::REASON_CONFIG_UNREADABLE);
  response.set_file_name(result->file_name);
  AddProblems(result->validation.errors, result->validation.warnings, response);
  for (const ConfigDifference& difference : result->differences) {
    pb::ConfigDifference& message = *response.add_differences();
    message.set_path(difference.path);
    if (difference.before) message.set_before(*difference.before);
    if (difference.after) message.set_after(*difference.after);
  }
  return grpc::Status::OK;
}

grpc::Status AnswerReload(const OperatorApi::ReloadResult& result, pb::ReloadResponse& response) {
  if (!result && result.error().issues.empty()) {
    const Error& error = result.error().error;
    return NotReady(error, error.code == ErrorCode::kUnavailable ? pb::REASON_SETTINGS_NOT_TAKEN
                                                                 : pb::REASON_CONFIG_UNREADABLE);
  }
  if (!result) {
    AddProblems(result.error().issues, {}, response);
    return grpc::Status::OK;
  }
  response.set_generation(result->generation.value());
  response.set_settings_changed(result->settings_changed);
  AddProblems({}, result->warnings, response);
  return grpc::Status::OK;
}

}  // namespace sstpgw::cp
