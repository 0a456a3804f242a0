// What is kept of one accounted session while it lives, so that a restart knows where its
// accounting stands: a row of Table::kSession, written together with every record that is spooled
// for it. Pure values and their octets.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "controlplane/accounting/record.h"
#include "proto/base/result.h"

namespace sstpgw::cp::accounting {

enum class Stage : std::uint8_t {
  kAuthorized = 0,  // let in; not heard of as open yet, nothing spooled
  kDelaying = 1,    // open; its Start waits for addresses that are still to come
  kStarted = 2,     // its Start is spooled, or was
  kStopped = 3,     // its Stop is spooled, or was, though its gateway has not said that it is over
};

struct KeptSession {
  Stage stage = Stage::kAuthorized;
  std::string boot;  // of its gateway
  // All that is known now. status is not used; event_unix_seconds is when session_seconds and
  // counters were true.
  AccountingRecord now;
  std::int64_t opened_unix_seconds = 0;    // Event-Timestamp of its Start; 0: not open
  std::int64_t reported_unix_seconds = 0;  // of its newest Interim-Update or Start
  std::optional<std::chrono::seconds> interim_interval;  // of the Access-Accept or a CoA
  std::chrono::seconds session_timeout{0};  // end of the session in its own seconds; 0: none
  friend bool operator==(const KeptSession&, const KeptSession&) = default;
};

// No number of seconds that is kept is larger, so sums of them cannot overflow.
inline constexpr std::chrono::seconds kMaxSeconds{std::int64_t{1} << 33};

[[nodiscard]] Bytes Encode(const KeptSession& state);
// kUnsupported, kInvalidArgument as DecodeRecord.
[[nodiscard]] Result<KeptSession> DecodeKept(ByteView octets);

}  // namespace sstpgw::cp::accounting
