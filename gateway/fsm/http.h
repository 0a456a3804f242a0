// The decision about one HTTP request head in front of SSTP ([MS-SSTP] 3.3.5.1.1; features 1.2).
// No state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/codec/http_preamble.h"
#include "gateway/fsm/session_api.h"
#include "proto/base/messages.h"

namespace sstpgw::fsm {

struct HttpDecision {
  bool accepted = false;           // 200: SSTP follows; otherwise the connection is closed
  std::vector<std::string> reply;  // header lines; empty: close without an answer
  Counter counter = Counter::kHttpOk;
  std::vector<std::string> notes;  // for the log at debug level, escaped
};

// `head`: up to and including the blank line. `unix_seconds` for the Date header.
[[nodiscard]] HttpDecision DecideHttp(const SstpSettings& settings, ByteView head,
                                      std::int64_t unix_seconds);
// No blank line within the limit.
[[nodiscard]] HttpDecision DecideHttpTooLong(const SstpSettings& settings,
                                             std::int64_t unix_seconds);

}  // namespace sstpgw::fsm
