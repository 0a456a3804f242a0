// Many-sessions mode: opens N sessions from one process with one epoll loop, holds them, answers
// their echoes and the pings that come down them, closes them in order and reports. Or, for
// measuring set-ups alone: each session (or bare TLS connection) ends as soon as it is up.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tests/client/target.h"

namespace sstpgw::client {

enum class ManyPurpose {
  kHold,     // all are up at one time
  kChurn,    // each is closed when it is up; `concurrency` then counts those that are open
  kTlsOnly,  // likewise with TLS alone: the handshake, then the server closes
};

struct ManyOptions {
  ManyPurpose purpose = ManyPurpose::kHold;
  std::uint32_t sessions = 100;
  std::uint32_t concurrency = 20;     // set-ups in progress at one time
  std::uint32_t pings = 0;            // to the gateway's address, through as many of the sessions
  std::chrono::milliseconds hold{0};  // after the last set-up; a signal ends it early
  bool hold_until_signal = false;
  bool json = false;
};

// "user%d" with %d replaced by the session's number, counted from 0; other text is kept.
[[nodiscard]] std::string ExpandUser(const std::string& user_template, std::uint32_t number);

// kHold prints "holding: <up> up, <failed> failed, ..." when all are decided (and pinged); the
// report comes at the end, as JSON in one line.
// Returns the process's exit code: 0 if every session came up and none was lost.
int RunManySessions(const Target& target, const ManyOptions& options);

}  // namespace sstpgw::client
