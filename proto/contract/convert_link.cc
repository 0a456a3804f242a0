// The two message kinds of the Attach stream.
#include "proto/contract/convert.h"
#include "proto/contract/wire_check.h"

namespace sstpgw::contract {
namespace {

constexpr std::size_t kMaxCapabilities = 64;

void Put(const Hello& hello, pb::FromGateway& out) {
  pb::Hello& to = *out.mutable_hello();
  to.set_gateway_id(hello.gateway_id);
  to.set_boot_id(hello.boot_id);
  to.set_version(FitText(hello.version, kMaxName));
  for (const std::string& capability : hello.capabilities) to.add_capabilities(capability);
  for (const SessionRecord& record : hello.sessions) *to.add_sessions() = ToProto(record);
  to.set_applied_generation(hello.applied_generation.value());
  to.set_reports_to(hello.reports_to);
}
void Put(const ReportBatch& batch, pb::FromGateway& out) {
  for (const NumberedReport& report : batch.reports) {
    *out.mutable_reports()->add_reports() = ToProto(report);
  }
}
void Put(const CountersBatch& batch, pb::FromGateway& out) {
  pb::CountersBatch& to = *out.mutable_counters();
  for (const CountersReport& report : batch.entries) {
    pb::CountersBatch::Entry& entry = *to.add_entries();
    entry.set_session_id(report.session);
    *entry.mutable_counters() = ToProto(report.counters);
    entry.set_tls_send(ToProto(report.tls_send));
    entry.set_tls_receive(ToProto(report.tls_receive));
    if (report.shaper != ShaperRecord{}) *entry.mutable_shaper() = ToProto(report.shaper);
  }
  *to.mutable_statistics() = ToProto(batch.statistics);
}
void Put(const Applied& applied, pb::FromGateway& out) {
  out.mutable_applied()->set_generation(applied.generation.value());
  out.mutable_applied()->set_session_id(applied.session);
}
void Put(const Refused& refused, pb::FromGateway& out) {
  out.mutable_refused()->set_generation(refused.generation.value());
  out.mutable_refused()->set_session_id(refused.session);
  out.mutable_refused()->set_reason(FitText(refused.reason, kMaxText));
}

Result<FromGatewayMessage> Take(const pb::Hello& in) {
  SG_RETURN_IF_ERROR(CheckIdentifier("hello.gateway_id", in.gateway_id()));
  SG_RETURN_IF_ERROR(CheckIdentifier("hello.boot_id", in.boot_id()));
  SG_RETURN_IF_ERROR(CheckLength("hello.version", in.version().size(), 0, kMaxName));
  SG_RETURN_IF_ERROR(
      CheckRange("hello.capabilities", in.capabilities().size(), 0, kMaxCapabilities));
  SG_RETURN_IF_ERROR(CheckRange("hello.sessions", in.sessions().size(), 0, kMaxSessions));
  Hello out;
  for (const std::string& capability : in.capabilities()) {
    SG_RETURN_IF_ERROR(CheckIdentifier("hello.capabilities", capability));
    out.capabilities.push_back(capability);
  }
  for (const pb::SessionRecord& record : in.sessions()) {
    SG_ASSIGN_OR_RETURN(SessionRecord session, FromProto(record));
    out.sessions.push_back(std::move(session));
  }
  out.gateway_id = in.gateway_id();
  out.boot_id = in.boot_id();
  out.version = in.version();
  out.applied_generation = Generation(in.applied_generation());
  out.reports_to = in.reports_to();
  return out;
}

Result<FromGatewayMessage> Take(const pb::SessionReports& in) {
  SG_RETURN_IF_ERROR(CheckRange("reports.reports", in.reports().size(), 1, kMaxReportBatch));
  ReportBatch out;
  for (const pb::SessionReport& report : in.reports()) {
    SG_ASSIGN_OR_RETURN(NumberedReport one, FromProto(report));
    out.reports.push_back(std::move(one));
  }
  return out;
}

Result<FromGatewayMessage> Take(const pb::CountersBatch& in) {
  SG_RETURN_IF_ERROR(CheckRange("counters.entries", in.entries().size(), 0, kMaxSessions));
  CountersBatch out;
  for (const pb::CountersBatch::Entry& entry : in.entries()) {
    SG_RETURN_IF_ERROR(CheckSessionId("counters.session_id", entry.session_id()));
    CountersReport report{entry.session_id(), FromProto(entry.counters())};
    SG_ASSIGN_OR_RETURN(report.tls_send, FromProto(entry.tls_send()));
    SG_ASSIGN_OR_RETURN(report.tls_receive, FromProto(entry.tls_receive()));
    if (entry.has_shaper()) {
      SG_ASSIGN_OR_RETURN(report.shaper, FromProto(entry.shaper()));
    }
    out.entries.push_back(std::move(report));
  }
  SG_ASSIGN_OR_RETURN(out.statistics, FromProto(in.statistics()));
  return out;
}

Result<FromGatewayMessage> Take(const pb::Applied& in) {
  SG_RETURN_IF_ERROR(CheckSessionId("applied.session_id", in.session_id(), true));
  return Applied{Generation(in.generation()), in.session_id()};
}

Result<FromGatewayMessage> Take(const pb::Refused& in) {
  SG_RETURN_IF_ERROR(CheckSessionId("refused.session_id", in.session_id(), true));
  SG_RETURN_IF_ERROR(CheckLength("refused.reason", in.reason().size(), 0, kMaxText));
  return Refused{Generation(in.generation()), in.session_id(), in.reason()};
}

void Put(const GatewaySettings& settings, pb::ToGateway& out) {
  *out.mutable_settings()->mutable_settings() = ToProto(settings);
}
void Put(const PolicyOrder& order, pb::ToGateway& out) {
  out.mutable_policy()->set_session_id(order.session);
  *out.mutable_policy()->mutable_policy() = ToProto(order.policy);
}
void Put(const DisconnectOrder& order, pb::ToGateway& out) {
  pb::Disconnect& to = *out.mutable_disconnect();
  to.set_session_id(order.session);
  to.set_hard(order.termination == Termination::kHard);
  to.set_cause(ToProto(order.cause));
  to.set_reason(FitText(order.reason, kMaxText));
}
void Put(const ReportAck& ack, pb::ToGateway& out) {
  out.mutable_ack()->set_sequence(ack.sequence);
}
void Put(const DrainOrder& order, pb::ToGateway& out) {
  out.mutable_drain()->set_enabled(order.enabled);
}

Result<ToGatewayMessage> Take(const pb::SetSettings& in) {
  if (!in.has_settings()) return Refuse("settings", "is missing");
  SG_ASSIGN_OR_RETURN(GatewaySettings settings, FromProto(in.settings()));
  return settings;
}

Result<ToGatewayMessage> Take(const pb::SetPolicy& in) {
  SG_RETURN_IF_ERROR(CheckSessionId("policy.session_id", in.session_id()));
  if (!in.has_policy()) return Refuse("policy.policy", "is missing");
  SG_ASSIGN_OR_RETURN(SessionPolicy policy, FromProto(in.policy()));
  return PolicyOrder{in.session_id(), std::move(policy)};
}

Result<ToGatewayMessage> Take(const pb::Disconnect& in) {
  SG_RETURN_IF_ERROR(CheckSessionId("disconnect.session_id", in.session_id()));
  SG_RETURN_IF_ERROR(CheckLength("disconnect.reason", in.reason().size(), 0, kMaxText));
  SG_ASSIGN_OR_RETURN(const TerminateCause cause, FromProto(in.cause()));
  return DisconnectOrder{in.session_id(), in.hard() ? Termination::kHard : Termination::kSoft,
                         cause, in.reason()};
}

}  // namespace

pb::FromGateway ToProto(const FromGatewayMessage& message) {
  pb::FromGateway out;
  std::visit([&](const auto& part) { Put(part, out); }, message);
  return out;
}

Result<FromGatewayMessage> FromProto(const pb::FromGateway& in) {
  switch (in.message_case()) {
    case pb::FromGateway::kHello:
      return Take(in.hello());
    case pb::FromGateway::kReports:
      return Take(in.reports());
    case pb::FromGateway::kCounters:
      return Take(in.counters());
    case pb::FromGateway::kApplied:
      return Take(in.applied());
    case pb::FromGateway::kRefused:
      return Take(in.refused());
    case pb::FromGateway::MESSAGE_NOT_SET:
      break;
  }
  return Refuse("message", "is missing or of an unknown kind");
}

pb::ToGateway ToProto(const ToGatewayMessage& message) {
  pb::ToGateway out;
  std::visit([&](const auto& part) { Put(part, out); }, message);
  return out;
}

Result<ToGatewayMessage> FromProto(const pb::ToGateway& in) {
  switch (in.message_case()) {
    case pb::ToGateway::kSettings:
      return Take(in.settings());
    case pb::ToGateway::kPolicy:
      return Take(in.policy());
    case pb::ToGateway::kDisconnect:
      return Take(in.disconnect());
    case pb::ToGateway::kAck:
      return ReportAck{in.ack().sequence()};
    case pb::ToGateway::kDrain:
      return DrainOrder{in.drain().enabled()};
    case pb::ToGateway::MESSAGE_NOT_SET:
      break;
  }
  return Refuse("message", "is missing or of an unknown kind");
}

}  // namespace sstpgw::contract
