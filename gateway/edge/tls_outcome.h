// What calls on a TLS stream come back with, whoever does its records.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sstpgw::edge {

enum class HandshakeStatus : std::uint8_t { kDone, kWantRead, kWantWrite, kFailed };

enum class ReadStatus : std::uint8_t {
  kDrained,  // nothing more now; wait until the descriptor is readable
  kFull,     // `out` is full, or as much was taken in as one call may: there may be more, perhaps
             // inside; call again (after giving others their turn), do not wait
  kClosed,   // the peer said close_notify; nothing more will come
  kFailed,   // protocol error, reset, or end of TCP without close_notify
};
struct ReadOutcome {
  std::size_t bytes = 0;  // valid whatever the status
  ReadStatus status = ReadStatus::kDrained;
};

// Why a stream failed, for counters; the words are in failure().
enum class TlsFailure : std::uint8_t {
  kNone,
  kHandshake,  // never got established
  kGone,       // TCP: reset, or its end without close_notify
  kBadRecord,  // a record that does not decrypt or is malformed: changed on its way, or forged
  kAlert,      // the peer sent a fatal alert
  kProtocol,   // a message that does not belong there, anything else of the peer's
  kFlood,      // too many messages that carry no data
  kKeyUpdate,  // the peer changed its key, which this kernel cannot follow
  kKeyLimit,   // our key encrypted as much as it may, and there is no new one
  kInternal,
  kLast = kInternal,
};
inline constexpr std::size_t kTlsFailures = static_cast<std::size_t>(TlsFailure::kLast) + 1;

// Content types of records (RFC 8446 5.1).
enum class RecordType : std::uint8_t { kChangeCipherSpec = 20, kAlert, kHandshake, kData };
// Plaintext of one record (RFC 8446 5.1).
inline constexpr std::size_t kMaxRecord = 16384;

}  // namespace sstpgw::edge
