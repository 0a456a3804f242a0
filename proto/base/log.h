// Where log lines leave the process (own target sg_log: it does I/O). Standard error; under systemd
// (JOURNAL_STREAM set) each line carries a "<n>" priority for the journal, otherwise a syslog-like
// "Nov 22 09:22:25 sstp-gateway[123]: " in front. Whoever builds a line has escaped foreign text
// already (text.h) and left every secret out. Callable from any thread; never called per data
// packet.
#pragma once

#include <string_view>

#include "proto/base/log_level.h"

namespace sstpgw {

// `ident` is the program's name. Call once, before threads start.
void StartLog(std::string_view ident, LogLevel level);
void SetLogLevel(LogLevel level);
[[nodiscard]] bool LogEnabled(LogLevel level);
// Writes one line if `level` is enabled. Embedded line breaks are written as \x0a.
void Log(LogLevel level, std::string_view line);

}  // namespace sstpgw
