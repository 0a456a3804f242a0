#include "controlplane/rpc/operator_convert.h"

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

pb::Session ToMessage(const SessionView& view) {
  pb::Session message;
  message.set_gateway_id(view.entry.key.gateway);
  *message.mutable_record() = contract::ToProto(view.entry.record);
  message.set_gateway_attached(view.gateway_attached);
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
