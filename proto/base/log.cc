#include "proto/base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <string>

namespace sstpgw {
namespace {

std::atomic<int> g_level{static_cast<int>(LogLevel::kInfo)};
// Written once by StartLog before threads exist.
std::string& Ident() {
  static std::string ident = "sstp";
  return ident;
}
bool g_journal = false;

int SyslogPriority(LogLevel level) {
  switch (level) {
    case LogLevel::kOff:
    case LogLevel::kError:
      return 3;
    case LogLevel::kWarning:
      return 4;
    case LogLevel::kInfo:
    case LogLevel::kTrace:
      return 6;
    case LogLevel::kDebug:
      return 7;
  }
  return 6;
}

std::string Stamp() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%b %e %H:%M:%S", &local);
  return std::string(text.data(), length) + " " + Ident() + "[" + std::to_string(getpid()) + "]: ";
}

}  // namespace

void StartLog(std::string_view ident, LogLevel level) {
  Ident() = ident;
  g_journal = std::getenv("JOURNAL_STREAM") != nullptr;
  SetLogLevel(level);
}

void SetLogLevel(LogLevel level) {
  g_level.store(static_cast<int>(level), std::memory_order_relaxed);
}

bool LogEnabled(LogLevel level) {
  return level != LogLevel::kOff &&
         static_cast<int>(level) <= g_level.load(std::memory_order_relaxed);
}

void Log(LogLevel level, std::string_view line) {
  if (!LogEnabled(level)) return;
  std::string out = g_journal ? "<" + std::to_string(SyslogPriority(level)) + ">" : Stamp();
  for (const char c : line) {
    if (c == '\n') {
      out += "\\x0a";
    } else {
      out += c;
    }
  }
  out += '\n';
  // One write per line keeps lines of different threads whole. A log that cannot be written is
  // lost.
  for (std::string_view rest = out; !rest.empty();) {
    const ssize_t written = write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace sstpgw
