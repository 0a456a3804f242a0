// What became of the datagrams that came for dynamic authorization, counted since the start. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "controlplane/radius/error_cause.h"
#include "proto/base/messages.h"

namespace sstpgw::cp::radius {

enum class DynamicCount : std::uint8_t {
  // Dropped without an answer.
  kSourceNotAllowed,
  kMalformed,
  kWrongCode,
  kWrongAuthenticator,
  kWrongMessageAuthenticator,    // not ours
  kMissingMessageAuthenticator,  // and required
  kTooLarge,                     // so many Proxy-States that no answer has room
  kDuplicateInProgress,
  kOutsideWindow,     // Event-Timestamp too old, too new, unreadable, or missing and required
  kReplayed,          // has taken effect already
  kSessionInRequest,  // another request for the same session is in progress
  // Answered.
  kDuplicateAnswered,
  kDisconnectRequest,
  kDisconnectAck,
  kDisconnectNak,
  kCoaRequest,
  kCoaAck,
  kCoaNak,
  // Of the NAKs.
  kOverflow,  // too many in progress
  kTimeout,   // nobody told in time that it was done
  // Ours.
  kNotSigned,  // no answer could be made
  kLate,       // it was done after it had timed out, or been abandoned
  kAbandoned,  // in progress when dynamic authorization was switched off: no answer
  kLast
};
// Those that count datagrams dropped without an answer.
inline constexpr std::array kDynamicDrops = {
    DynamicCount::kSourceNotAllowed,
    DynamicCount::kMalformed,
    DynamicCount::kWrongCode,
    DynamicCount::kWrongAuthenticator,
    DynamicCount::kWrongMessageAuthenticator,
    DynamicCount::kMissingMessageAuthenticator,
    DynamicCount::kTooLarge,
    DynamicCount::kDuplicateInProgress,
    DynamicCount::kOutsideWindow,
    DynamicCount::kReplayed,
    DynamicCount::kSessionInRequest,
};
[[nodiscard]] const char* ToString(DynamicCount count);  // "dropped_source"
// Why a datagram was dropped, a clause for the log; empty: that is in good order and only counted.
[[nodiscard]] const char* WhyDropped(DynamicCount count);

class DynamicCounters {
 public:
  void Add(DynamicCount count) { ++counts_[static_cast<std::size_t>(count)]; }
  void AddNak(ErrorCause cause) { ++naks_[cause]; }
  [[nodiscard]] std::uint64_t Get(DynamicCount count) const {
    return counts_[static_cast<std::size_t>(count)];
  }
  [[nodiscard]] std::uint64_t GetNak(ErrorCause cause) const {
    const auto found = naks_.find(cause);
    return found == naks_.end() ? 0 : found->second;
  }
  [[nodiscard]] const std::map<ErrorCause, std::uint64_t>& naks() const { return naks_; }
  // All, always in the same order: "dynamic_author_dropped_source"; NAKs by cause, those that
  // there were, at the end: "dynamic_author_nak_503".
  [[nodiscard]] std::vector<NamedCounter> Named() const;

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(DynamicCount::kLast)> counts_{};
  std::map<ErrorCause, std::uint64_t> naks_;
};

}  // namespace sstpgw::cp::radius
