// The one place where protobuf messages meet our types. ToProto writes what we hold; FromProto is
// the only validator of what arrives on the wire: lengths, enum values, ranges and required parts.
//
// Errors: FromProto returns kInvalidArgument with the field's path and the reason, never the value
// of a secret. Threads: functions without state. Nothing here throws.
#pragma once

#include "proto/base/link.h"
#include "proto/base/messages.h"
#include "proto/base/result.h"
#include "sstpgw/v1/session.pb.h"

namespace sstpgw::contract {

namespace pb = ::sstpgw::v1;

// Limits of the wire, octets unless told otherwise.
inline constexpr std::size_t kMaxName = 64;       // gateway id, boot id, addresses, cipher names
inline constexpr std::size_t kMaxUser = 1500;     // more does not fit a PPP frame
inline constexpr std::size_t kMaxPassword = 255;  // PAP's length octet
inline constexpr std::size_t kMinEap = 4;         // an EAP packet's header
inline constexpr std::size_t kMaxEap = 4096;      // what a RADIUS packet can carry at all
inline constexpr std::size_t kMaxEapState = 1024;
inline constexpr std::size_t kMaxText = 1024;  // words for logs and peers; ToProto cuts to this
inline constexpr std::size_t kMaxPem = 256 * 1024;
inline constexpr std::size_t kMaxSessions = 200'000;  // in one Hello or CountersBatch
inline constexpr std::size_t kMaxCounters = 1024;     // named counters of one gateway
inline constexpr std::size_t kMaxAttribute = 253;     // a text of RADIUS: route, pool, VRF
inline constexpr std::size_t kMaxRoutes = 256;        // of one family and session
inline constexpr std::size_t kMaxIpv6Values = 32;     // prefixes or addresses of one kind

// ---- Settings
[[nodiscard]] pb::GatewaySettings ToProto(const GatewaySettings& settings);
[[nodiscard]] pb::PppSettings ToProto(const PppSettings& ppp);
[[nodiscard]] Result<PppSettings> FromProto(const pb::PppSettings& message);
[[nodiscard]] Result<GatewaySettings> FromProto(const pb::GatewaySettings& message);

[[nodiscard]] pb::ShaperSettings ToProto(const ShaperSettings& shaper);
[[nodiscard]] Result<ShaperSettings> FromProto(const pb::ShaperSettings& message);

// ---- Authorize
[[nodiscard]] pb::AuthorizeRequest ToProto(const AuthorizeCall& call);
[[nodiscard]] Result<AuthorizeCall> FromProto(const pb::AuthorizeRequest& message);
[[nodiscard]] pb::AuthorizeResponse ToProto(const AuthorizeVerdict& verdict);
[[nodiscard]] Result<AuthorizeVerdict> FromProto(const pb::AuthorizeResponse& message);

// ---- Sessions
[[nodiscard]] pb::SessionPolicy ToProto(const SessionPolicy& policy);
[[nodiscard]] Result<SessionPolicy> FromProto(const pb::SessionPolicy& message);
[[nodiscard]] pb::NetworkPolicy ToProto(const NetworkPolicy& network);
[[nodiscard]] Result<NetworkPolicy> FromProto(const pb::NetworkPolicy& message);
[[nodiscard]] pb::TrafficCounters ToProto(const TrafficCounters& counters);
[[nodiscard]] TrafficCounters FromProto(const pb::TrafficCounters& message);
[[nodiscard]] pb::RateLimit ToProto(const RateLimit& limit);
[[nodiscard]] Result<RateLimit> FromProto(const pb::RateLimit& message);
[[nodiscard]] pb::ShaperRecord ToProto(const ShaperRecord& record);
[[nodiscard]] Result<ShaperRecord> FromProto(const pb::ShaperRecord& message);
[[nodiscard]] pb::NetworkRecord ToProto(const NetworkRecord& record);
[[nodiscard]] NetworkRecord FromProto(const pb::NetworkRecord& message);
[[nodiscard]] pb::SessionRecord ToProto(const SessionRecord& record);
[[nodiscard]] Result<SessionRecord> FromProto(const pb::SessionRecord& message);
[[nodiscard]] pb::SessionReport ToProto(const NumberedReport& report);
[[nodiscard]] Result<NumberedReport> FromProto(const pb::SessionReport& message);
[[nodiscard]] pb::GatewayStatistics ToProto(const GatewayStatistics& statistics);
[[nodiscard]] Result<GatewayStatistics> FromProto(const pb::GatewayStatistics& message);

// ---- The Attach stream
[[nodiscard]] pb::FromGateway ToProto(const FromGatewayMessage& message);
[[nodiscard]] Result<FromGatewayMessage> FromProto(const pb::FromGateway& message);
[[nodiscard]] pb::ToGateway ToProto(const ToGatewayMessage& message);
[[nodiscard]] Result<ToGatewayMessage> FromProto(const pb::ToGateway& message);

// ---- Enums; FromProto refuses UNSPECIFIED and unknown numbers
[[nodiscard]] pb::AuthProtocol ToProto(AuthProtocol value);
[[nodiscard]] Result<AuthProtocol> FromProto(pb::AuthProtocol value);
[[nodiscard]] pb::NcpPreference ToProto(NcpPreference value);
[[nodiscard]] Result<NcpPreference> FromProto(pb::NcpPreference value);
[[nodiscard]] pb::MppePreference ToProto(MppePreference value);
[[nodiscard]] Result<MppePreference> FromProto(pb::MppePreference value);
[[nodiscard]] pb::InterfaceIdChoice::Kind ToProto(InterfaceIdChoice::Kind value);
[[nodiscard]] Result<InterfaceIdChoice::Kind> FromProto(pb::InterfaceIdChoice::Kind value);
[[nodiscard]] pb::HttpErrorPolicy ToProto(HttpErrorPolicy value);
[[nodiscard]] Result<HttpErrorPolicy> FromProto(pb::HttpErrorPolicy value);
[[nodiscard]] pb::TerminateCause ToProto(TerminateCause value);
[[nodiscard]] Result<TerminateCause> FromProto(pb::TerminateCause value);
[[nodiscard]] pb::SessionState ToProto(SessionState value);
[[nodiscard]] Result<SessionState> FromProto(pb::SessionState value);
[[nodiscard]] pb::TlsMode ToProto(TlsMode value);
[[nodiscard]] Result<TlsMode> FromProto(pb::TlsMode value);
[[nodiscard]] pb::DownLimiter ToProto(DownLimiter value);
[[nodiscard]] Result<DownLimiter> FromProto(pb::DownLimiter value);
[[nodiscard]] pb::UpLimiter ToProto(UpLimiter value);
[[nodiscard]] Result<UpLimiter> FromProto(pb::UpLimiter value);
[[nodiscard]] pb::RateCount ToProto(RateCount value);
[[nodiscard]] Result<RateCount> FromProto(pb::RateCount value);
[[nodiscard]] pb::LeafQdisc::Kind ToProto(LeafQdisc::Kind value);
[[nodiscard]] Result<LeafQdisc::Kind> FromProto(pb::LeafQdisc::Kind value);
[[nodiscard]] pb::SessionEventKind ToProto(SessionEventKind value);
[[nodiscard]] Result<SessionEventKind> FromProto(pb::SessionEventKind value);

}  // namespace sstpgw::contract
