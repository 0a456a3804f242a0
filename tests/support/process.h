// A child process with captured output. Lines of standard output and standard error are kept in
// arrival order (bounded) and can be waited for. The child dies with this object or with the test
// program, whichever goes first; only this very process is signalled.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/wait_until.h"

namespace sstpgw::test {

class Namespace;

struct ProcessOptions {
  const Namespace* where = nullptr;      // null: the namespace of the caller
  std::vector<std::string> environment;  // "NAME=value", added to ours
  std::string name;                      // in messages; empty: the program's file name
  bool input = false;                    // standard input is ours, see WriteLine; else it is empty
};

class Process {
 public:
  using Milliseconds = std::chrono::milliseconds;

  // `argv[0]` is looked up in PATH. A program that cannot be executed exits with 127.
  explicit Process(std::vector<std::string> argv, ProcessOptions options = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  void Signal(int number) const;
  // To its standard input. False: it was started without, or reads no more.
  bool WriteLine(const std::string& line) const;
  // The exit code (128 + signal if killed); nullopt if it still runs after `timeout`. With an exit
  // code, all that the program wrote is in the lines.
  std::optional<int> Wait(Milliseconds timeout);
  // SIGTERM, then SIGKILL after `timeout`; the exit code.
  int Stop(Milliseconds timeout = kPatience);
  // SIGKILL and reap.
  void Kill();

  // The first line, at or after index `from`, in which the ECMAScript regex `pattern` is found;
  // nullopt after `timeout` or when the output ended without it.
  std::optional<std::string> WaitForLine(const std::string& pattern, Milliseconds timeout,
                                         std::size_t from = 0);
  // How many lines there are now: a place in the output for `from`.
  [[nodiscard]] std::size_t LineCount() const;
  [[nodiscard]] std::vector<std::string> Lines(std::size_t from = 0) const;
  // Lines in which `pattern` is found.
  [[nodiscard]] std::vector<std::string> Matching(const std::string& pattern,
                                                  std::size_t from = 0) const;
  // All lines in one text, for messages.
  [[nodiscard]] std::string Output(std::size_t from = 0) const;

 private:
  void ReadOutput();
  void AddLine(std::string line);

  std::string name_;
  pid_t pid_ = -1;
  int output_fd_ = -1;
  int input_fd_ = -1;
  std::optional<int> exit_code_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  bool ended_ = false;
  std::thread reader_;
};

// Runs a program to its end; output and exit code.
struct Finished {
  int exit_code = -1;
  std::string output;
};
Finished RunProcess(std::vector<std::string> argv, ProcessOptions options = {},
                    std::chrono::milliseconds timeout = 3 * kPatience);

}  // namespace sstpgw::test
