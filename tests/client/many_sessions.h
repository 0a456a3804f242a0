// Many-sessions mode: opens N sessions from one process with one epoll loop, holds them, answers
// their echoes, closes them in order and reports.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tests/client/target.h"

namespace sstpgw::client {

struct ManyOptions {
  std::uint32_t sessions = 100;
  std::uint32_t concurrency = 20;     // set-ups in progress at one time
  std::chrono::milliseconds hold{0};  // after the last set-up; a signal ends it early
  bool hold_until_signal = false;
  bool json = false;
};

// "user%d" with %d replaced by the session's number, counted from 0; other text is kept.
[[nodiscard]] std::string ExpandUser(const std::string& user_template, std::uint32_t number);

// Prints "holding: <up> up, <failed> failed" when all are decided, and the report at the end.
// Returns the process's exit code: 0 if every session came up and none was lost.
int RunManySessions(const Target& target, const ManyOptions& options);

}  // namespace sstpgw::client
