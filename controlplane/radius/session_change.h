// What a CoA-Request wants changed of a session (features 6.6), as values. It is understood as a
// whole, or there is a reason to refuse it as a whole; nothing is applied here. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/radius/dictionary.h"
#include "controlplane/radius/packet.h"
#include "controlplane/radius/refusal.h"

namespace sstpgw::cp::radius {

// The value of an attribute that carries rate limits, as it came.
struct RawRateLimit {
  AttributeKey key;
  Bytes value;
  friend bool operator==(const RawRateLimit&, const RawRateLimit&) = default;
};

// What is absent or empty stays as it is.
struct SessionChange {
  std::vector<RawRateLimit> rate_limits;  // in the packet's order; together they are the new limit
  std::optional<std::chrono::seconds> session_timeout;   // counted from now; 0: none
  std::optional<std::chrono::seconds> idle_timeout;      // 0: none
  std::optional<std::chrono::seconds> interim_interval;  // 0: no Interim-Updates
  std::vector<Bytes> classes;                            // all of them; replace the former ones
  std::optional<std::string> vrf;                        // empty: out of the VRF

  [[nodiscard]] bool empty() const { return *this == SessionChange{}; }
  friend bool operator==(const SessionChange&, const SessionChange&) = default;
};

// What whoever reads rate limits says of one.
enum class RateVerdict : std::uint8_t {
  kTaken,
  kOther,  // it speaks of something else, as a Cisco-AVPair may
  kWrong,
};
using RateJudge = std::function<RateVerdict(const RawRateLimit&)>;

struct SessionChangeSettings {
  std::vector<AttributeKey> rate_limits;  // empty: rate limits are not enabled
  RateJudge judge;                        // pure; none: all that is not empty is taken
  // Understood here but applied by nobody: refused like unknown ones.
  std::vector<AttributeKey> not_applied;
};

// kUnsupportedAttribute: asks for something that cannot be changed. kInvalidRequest: an attribute
// that does not have its shape, or one that may be there once is there twice.
// kInvalidAttributeValue: a value that cannot be. kMissingAttribute: nothing is to change. The
// dictionary gives attributes their names for the log.
[[nodiscard]] OrRefusal<SessionChange> ReadSessionChange(const Packet& request,
                                                         const SessionChangeSettings& settings,
                                                         const Dictionary& dictionary);

}  // namespace sstpgw::cp::radius
