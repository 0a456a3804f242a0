// sstpctl's command line: what it understands and what each command does.
#pragma once

#include <iosfwd>
#include <string>

namespace sstpgw::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;       // refused, nothing matched, not valid
inline constexpr int kExitUnreachable = 2;  // no control plane at the socket

// Runs the command in `argv` and returns the exit code. Answers go to `out`, complaints to `err`.
[[nodiscard]] int RunSstpctl(int argc, const char* const* argv, std::ostream& out,
                             std::ostream& err);

}  // namespace sstpgw::cli
