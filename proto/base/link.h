// The messages of the Attach stream as plain values: what a gateway says to the control plane and
// what it is told, without protobuf. The meaning of the parts is told in proto/base/messages.h and
// the flow in proto/README.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "proto/base/messages.h"
#include "proto/base/types.h"

namespace sstpgw {

// So many reports go in one message; the rest in the next.
inline constexpr std::size_t kMaxReportBatch = 1024;
// Hello of a gateway with many sessions is the biggest message; both ends set this as their limit.
inline constexpr int kMaxLinkMessageBytes = 64 * 1024 * 1024;

// First message upward on every Attach stream.
struct Hello {
  std::string gateway_id;  // the operator's name for this gateway
  std::string boot_id;     // new with every start of the process
  std::string version;
  std::vector<std::string> capabilities;
  std::vector<SessionRecord> sessions;  // all that this gateway carries now
  Generation applied_generation;        // of GatewaySettings, 0: none yet
  // Number of the newest report that follows because it is not acknowledged; 0: none does. Sessions
  // that are not in `sessions` may be accounted for by one of them.
  std::uint64_t reports_to = 0;
};

// A session event with its place in the order of this gateway boot, counted up from 1. A number may
// be missing when the gateway had to drop a report.
struct NumberedReport {
  std::uint64_t sequence = 0;
  SessionReport report;
  std::chrono::seconds age{0};  // how long ago it was made when it was sent
};

// What has gathered since the last one; in ascending order, at least one.
struct ReportBatch {
  std::vector<NumberedReport> reports;
};

struct CountersBatch {
  // Only sessions whose counters, TLS modes or shaper changed since the last batch.
  std::vector<CountersReport> entries;
  GatewayStatistics statistics;
};

// `session` empty: GatewaySettings; else that session's policy.
struct Applied {
  Generation generation;
  SessionId session;
};
struct Refused {
  Generation generation;
  SessionId session;
  std::string reason;
};

using FromGatewayMessage = std::variant<Hello, ReportBatch, CountersBatch, Applied, Refused>;

// This report and all before it are in the control plane's session table.
struct ReportAck {
  std::uint64_t sequence = 0;
};
// Refuse new connections, keep the sessions; false takes it back.
struct DrainOrder {
  bool enabled = false;
};

using ToGatewayMessage =
    std::variant<GatewaySettings, PolicyOrder, DisconnectOrder, ReportAck, DrainOrder>;

// An Authorize call with the identity of who asks.
struct AuthorizeCall {
  std::string gateway_id;
  std::string boot_id;
  AuthorizeQuestion question;
};

}  // namespace sstpgw
