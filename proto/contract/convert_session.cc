// Counters, records and reports of sessions; statistics of a gateway.
#include <algorithm>
#include <limits>

#include "proto/contract/convert.h"
#include "proto/contract/wire_check.h"

namespace sstpgw::contract {
namespace {

constexpr std::size_t kMaxInterfaceName = 15;
constexpr std::uint64_t kMaxSignedSeconds = std::numeric_limits<std::int64_t>::max();

// A negative number of seconds is refused as out of range.
Result<bool> CheckSeconds(std::string_view field, std::int64_t value) {
  return CheckRange(field, static_cast<std::uint64_t>(value), 0, kMaxSignedSeconds);
}

}  // namespace

pb::TrafficCounters ToProto(const TrafficCounters& counters) {
  pb::TrafficCounters out;
  out.set_rx_bytes(counters.rx_bytes);
  out.set_tx_bytes(counters.tx_bytes);
  out.set_rx_packets(counters.rx_packets);
  out.set_tx_packets(counters.tx_packets);
  return out;
}

TrafficCounters FromProto(const pb::TrafficCounters& in) {
  return {in.rx_bytes(), in.tx_bytes(), in.rx_packets(), in.tx_packets()};
}

pb::NetworkRecord ToProto(const NetworkRecord& network) {
  pb::NetworkRecord out;
  out.set_ipv4(network.ipv4);
  out.set_ipv6(network.ipv6);
  out.set_mppe(network.mppe);
  out.set_peer_interface_id(ToNumber(network.peer_interface_id));
  out.set_delegated(network.delegated);
  return out;
}

NetworkRecord FromProto(const pb::NetworkRecord& in) {
  return {in.ipv4(), in.ipv6(), in.mppe(), ToInterfaceId(in.peer_interface_id()), in.delegated()};
}

pb::SessionRecord ToProto(const SessionRecord& record) {
  pb::SessionRecord out;
  out.set_session_id(record.session);
  out.set_state(ToProto(record.state));
  out.set_interface_name(FitText(record.interface_name, kMaxInterfaceName));
  out.set_user(record.user.substr(0, kMaxUser));
  out.set_calling_station(FitText(record.calling_station, kMaxName));
  out.set_called_station(FitText(record.called_station, kMaxName));
  out.set_peer(FitText(record.peer, kMaxName));
  *out.mutable_policy() = ToProto(record.policy);
  out.set_auth_protocol(ToProto(record.auth_protocol));
  out.set_mtu_octets(record.mtu);
  out.set_started_unix_seconds(record.started_unix_seconds);
  out.set_uptime_seconds(record.uptime_seconds);
  *out.mutable_counters() = ToProto(record.counters);
  out.set_tls_version(FitText(record.tls_version, kMaxName));
  out.set_tls_cipher(FitText(record.tls_cipher, kMaxName));
  out.set_tls_send(ToProto(record.tls_send));
  out.set_tls_receive(ToProto(record.tls_receive));
  out.set_held(record.held);
  if (record.network != NetworkRecord{}) *out.mutable_network() = ToProto(record.network);
  if (record.shaper != ShaperRecord{}) *out.mutable_shaper() = ToProto(record.shaper);
  return out;
}

Result<SessionRecord> FromProto(const pb::SessionRecord& in) {
  SG_RETURN_IF_ERROR(CheckSessionId("record.session_id", in.session_id()));
  SG_RETURN_IF_ERROR(
      CheckLength("record.interface_name", in.interface_name().size(), 0, kMaxInterfaceName));
  SG_RETURN_IF_ERROR(CheckLength("record.user", in.user().size(), 0, kMaxUser));
  SG_RETURN_IF_ERROR(
      CheckLength("record.calling_station", in.calling_station().size(), 0, kMaxName));
  SG_RETURN_IF_ERROR(CheckLength("record.called_station", in.called_station().size(), 0, kMaxName));
  SG_RETURN_IF_ERROR(CheckLength("record.peer", in.peer().size(), 0, kMaxName));
  SG_RETURN_IF_ERROR(CheckRange("record.mtu_octets", in.mtu_octets(), 0, 65535));
  SG_RETURN_IF_ERROR(CheckSeconds("record.started_unix_seconds", in.started_unix_seconds()));
  SG_RETURN_IF_ERROR(CheckSeconds("record.uptime_seconds", in.uptime_seconds()));
  SG_RETURN_IF_ERROR(CheckLength("record.tls_version", in.tls_version().size(), 0, kMaxName));
  SG_RETURN_IF_ERROR(CheckLength("record.tls_cipher", in.tls_cipher().size(), 0, kMaxName));
  SessionRecord out;
  SG_ASSIGN_OR_RETURN(out.state, FromProto(in.state()));
  SG_ASSIGN_OR_RETURN(out.policy, FromProto(in.policy()));
  SG_ASSIGN_OR_RETURN(out.auth_protocol, FromProto(in.auth_protocol()));
  SG_ASSIGN_OR_RETURN(out.tls_send, FromProto(in.tls_send()));
  SG_ASSIGN_OR_RETURN(out.tls_receive, FromProto(in.tls_receive()));
  if (in.has_shaper()) {
    SG_ASSIGN_OR_RETURN(out.shaper, FromProto(in.shaper()));
  }
  out.session = in.session_id();
  out.interface_name = in.interface_name();
  out.user = in.user();
  out.calling_station = in.calling_station();
  out.called_station = in.called_station();
  out.peer = in.peer();
  out.mtu = static_cast<std::uint16_t>(in.mtu_octets());
  out.started_unix_seconds = in.started_unix_seconds();
  out.uptime_seconds = in.uptime_seconds();
  out.counters = FromProto(in.counters());
  out.tls_version = in.tls_version();
  out.tls_cipher = in.tls_cipher();
  out.held = in.held();
  out.network = FromProto(in.network());
  return out;
}

pb::SessionReport ToProto(const NumberedReport& report) {
  pb::SessionReport out;
  out.set_sequence(report.sequence);
  out.set_kind(ToProto(report.report.kind));
  *out.mutable_record() = ToProto(report.report.record);
  out.set_cause(ToProto(report.report.cause));
  out.set_reason(FitText(report.report.reason, kMaxText));
  out.set_age_seconds(WireSeconds(report.age));
  return out;
}

Result<NumberedReport> FromProto(const pb::SessionReport& in) {
  SG_RETURN_IF_ERROR(CheckRange("report.sequence", in.sequence(), 1, UINT64_MAX));
  SG_RETURN_IF_ERROR(CheckLength("report.reason", in.reason().size(), 0, kMaxText));
  if (!in.has_record()) return Refuse("report.record", "is missing");
  NumberedReport out;
  SG_ASSIGN_OR_RETURN(out.report.kind, FromProto(in.kind()));
  SG_ASSIGN_OR_RETURN(out.report.record, FromProto(in.record()));
  SG_ASSIGN_OR_RETURN(out.report.cause, FromProto(in.cause()));
  out.sequence = in.sequence();
  out.report.reason = in.reason();
  out.age = std::chrono::seconds(in.age_seconds());
  return out;
}

pb::GatewayStatistics ToProto(const GatewayStatistics& statistics) {
  pb::GatewayStatistics out;
  out.set_uptime_seconds(statistics.uptime_seconds);
  out.set_cpu_percent(statistics.cpu_percent);
  out.set_rss_kib(statistics.rss_kib);
  out.set_virtual_kib(statistics.virtual_kib);
  out.set_heap_allocated_bytes(statistics.heap_allocated_bytes);
  out.set_heap_available_bytes(statistics.heap_available_bytes);
  out.set_threads(statistics.threads);
  out.set_threads_active(statistics.threads_active);
  out.set_connections(statistics.connections);
  out.set_descriptors(statistics.descriptors);
  out.set_timers(statistics.timers);
  out.set_timers_pending(statistics.timers_pending);
  out.set_sstp_starting(statistics.sstp_starting);
  out.set_sstp_active(statistics.sstp_active);
  for (const NamedCounter& counter : statistics.counters) {
    (*out.mutable_counters())[counter.name] = counter.value;
  }
  return out;
}

Result<GatewayStatistics> FromProto(const pb::GatewayStatistics& in) {
  SG_RETURN_IF_ERROR(CheckRange("statistics.counters", in.counters().size(), 0, kMaxCounters));
  GatewayStatistics out;
  out.uptime_seconds = in.uptime_seconds();
  out.cpu_percent = in.cpu_percent();
  out.rss_kib = in.rss_kib();
  out.virtual_kib = in.virtual_kib();
  out.heap_allocated_bytes = in.heap_allocated_bytes();
  out.heap_available_bytes = in.heap_available_bytes();
  out.threads = in.threads();
  out.threads_active = in.threads_active();
  out.connections = in.connections();
  out.descriptors = in.descriptors();
  out.timers = in.timers();
  out.timers_pending = in.timers_pending();
  out.sstp_starting = in.sstp_starting();
  out.sstp_active = in.sstp_active();
  for (const auto& entry : in.counters()) {
    SG_RETURN_IF_ERROR(CheckIdentifier("statistics.counters", entry.first));
    out.counters.push_back({entry.first, entry.second});
  }
  // A protobuf map has no order; ours has.
  std::sort(out.counters.begin(), out.counters.end(),
            [](const NamedCounter& a, const NamedCounter& b) { return a.name < b.name; });
  return out;
}

}  // namespace sstpgw::contract
