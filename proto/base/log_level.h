// The operator's six log levels (features: `log.level`), shared by pure code that only names a
// level.
#pragma once

namespace sstpgw {

enum class LogLevel {
  kOff = 0,
  kError = 1,
  kWarning = 2,
  kInfo = 3,   // the default: one line per thing an operator cares about
  kTrace = 4,  // full info: every protocol packet of every session
  kDebug = 5,
};

}  // namespace sstpgw
