// One accounting record: what happened to one session (or to the NAS) at one moment, as a plain
// value, and its octets for the spool (RFC 2866, RFC 2869; features 6.4).
//
// A record never changes once it is made. It is sent until a server has acknowledged it, and each
// time its attributes are the same but Acct-Delay-Time, which the sender reckons from
// event_unix_seconds. Addresses that are not known are absent, not zero.
//
// Shape of the octets, numbers in network order, text and lists with their length in front:
//   version(1) status(1) ... in the order of the struct; see record.cc
// Decode takes exactly what Encode makes: any other octet is an error, so a record read back is the
// one that was written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/session/session_key.h"
#include "proto/base/ip.h"
#include "proto/base/messages.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::cp::accounting {

// Acct-Status-Type, RFC 2866 5.1.
enum class RecordStatus : std::uint8_t {
  kStart = 1,
  kStop = 2,
  kInterim = 3,
  kOn = 7,
  kOff = 8,
};
[[nodiscard]] const char* ToString(RecordStatus status);  // "Interim-Update"

// Acct-Authentic, RFC 2866 5.6.
enum class Authentic : std::uint8_t { kRadius = 1, kLocal = 2 };

// Inner addresses of a session, as far as they are known. Lists end at kMaxPrefixes.
struct Addresses {
  Ipv4Address ipv4;                         // zero: none
  std::optional<InterfaceId> interface_id;  // Framed-Interface-Id
  std::optional<Ipv6Address> ipv6;          // Framed-IPv6-Address
  std::vector<Ipv6Prefix> prefixes;         // Framed-IPv6-Prefix
  std::vector<Ipv6Prefix> delegated;        // Delegated-IPv6-Prefix
  friend bool operator==(const Addresses&, const Addresses&) = default;
};

struct AccountingRecord {
  RecordStatus status = RecordStatus::kStart;
  SessionKey key;                // empty with On and Off
  std::string server;            // On and Off: the one server that is meant; else empty
  std::string session_id;        // Acct-Session-Id
  std::string multi_session_id;  // Acct-Multi-Session-Id; empty: none
  std::string user_name;         // of the Access-Accept if it had one, else of PPP
  std::vector<Bytes> classes;    // Class, all of the Access-Accept in their order
  Authentic authentic = Authentic::kRadius;
  std::string calling_station;
  std::string called_station;
  std::optional<std::uint32_t> port;  // NAS-Port
  std::string port_id;                // NAS-Port-Id: the interface's name; empty: none
  Addresses addresses;
  std::int64_t event_unix_seconds = 0;  // Event-Timestamp
  std::uint64_t session_seconds = 0;    // Acct-Session-Time; 0 with Start
  TrafficCounters counters;             // from the client (rx) is Input; 0 with Start
  std::uint32_t terminate_cause = 0;    // Acct-Terminate-Cause, only with Stop
  friend bool operator==(const AccountingRecord&, const AccountingRecord&) = default;
};

// What one RADIUS packet of 4096 octets can hold, with room to spare.
inline constexpr std::size_t kMaxText = 253;          // octets of each text and each Class
inline constexpr std::size_t kMaxClassOctets = 2048;  // of all Class together
inline constexpr std::size_t kMaxClasses = 32;
inline constexpr std::size_t kMaxPrefixes = 16;        // of each kind
inline constexpr std::size_t kMaxRecordOctets = 6144;  // of an encoded record

// What in it does not fit into a record, named with its size; nothing if all does.
[[nodiscard]] Result<void> CheckLimits(const AccountingRecord& record);

// Texts are cut and lists end at the limits above, so what comes out can always be decoded and is
// at most kMaxRecordOctets long.
[[nodiscard]] Bytes Encode(const AccountingRecord& record);
// kUnsupported: a version that this program does not know. kInvalidArgument: not a record.
[[nodiscard]] Result<AccountingRecord> DecodeRecord(ByteView octets);

// Acct-Terminate-Cause of a session's end, RFC 2866 5.10. The causes are given by whoever ends the
// session (features 6.4); an end without one counts as NAS-Error, since the attribute has no 0.
[[nodiscard]] std::uint32_t TerminateCauseValue(TerminateCause cause);

}  // namespace sstpgw::cp::accounting
