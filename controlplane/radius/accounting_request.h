// One accounting record as an Accounting-Request (RFC 2866, RFC 2869 5.1, features 6.4). Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/nas_identity.h"
#include "controlplane/radius/request_body.h"
#include "proto/base/messages.h"

namespace sstpgw::cp::radius {

// Acct-Status-Type.
enum class AcctStatus : std::uint32_t {
  kStart = 1,
  kStop = 2,
  kInterim = 3,
  kOn = 7,
  kOff = 8,
};
[[nodiscard]] const char* ToString(AcctStatus status);  // "Interim-Update"

// What is empty is not sent. On and Off carry status, session id, event time and delay only.
struct AccountingRecord {
  AcctStatus status = AcctStatus::kStart;
  SessionId session;
  std::string user;  // as the Access-Accept named it, else as the client did
  AccessPort port;   // with the interface's final name
  std::optional<Ipv4Address> framed_address;
  std::optional<InterfaceId> framed_interface_id;
  std::vector<Ipv6Address> framed_ipv6_addresses;
  std::vector<Ipv6Prefix> framed_ipv6_prefixes;
  std::vector<Ipv6Prefix> delegated_ipv6_prefixes;
  std::vector<Bytes> classes;                      // every one, in the order received
  TrafficCounters counters;                        // rx (from the client) is Input; with Gigawords
  std::chrono::seconds session_time{0};            // 0 with Start
  TerminateCause cause = TerminateCause::kNone;    // only sent with Stop
  std::optional<std::int64_t> event_unix_seconds;  // Event-Timestamp: when it happened
  std::optional<std::chrono::seconds> delay;       // Acct-Delay-Time: how long ago that was
};

[[nodiscard]] RequestBody AccountingRequestBody(const AccountingRecord& record,
                                                const NasIdentity& nas);

}  // namespace sstpgw::cp::radius
