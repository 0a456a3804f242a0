#include "tests/support/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <regex>

#include "tests/support/namespaces.h"

namespace sstpgw::test {
namespace {

constexpr std::size_t kMaxLines = 400000;
constexpr std::chrono::seconds kLastWords{2};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> Environment(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  return all;
}

// Only async-signal-safe calls: the parent has threads.
[[noreturn]] void Become(int input, int output, int netns, pid_t parent, char* const* argv,
                         char* const* environment) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (netns >= 0 && setns(netns, CLONE_NEWNET) != 0) _exit(125);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  if (input < 0) input = open("/dev/null", O_RDONLY);
  dup2(input, STDIN_FILENO);
  execvpe(argv[0], argv, environment);
  _exit(127);
}

}  // namespace

Process::Process(std::vector<std::string> argv, ProcessOptions options)
    : name_(options.name.empty() ? argv.at(0) : options.name) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
    ADD_FAILURE() << "pipe for " << name_;
    return;
  }
  std::array<int, 2> input{-1, -1};
  // A socket, for writing to one whose reader is gone need not be deadly.
  if (options.input && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input.data()) != 0) {
    ADD_FAILURE() << "standard input of " << name_;
  }
  input_fd_ = input[1];
  int netns = -1;
  if (options.where != nullptr) {
    netns = open(("/run/netns/" + options.where->name()).c_str(), O_RDONLY | O_CLOEXEC);
  }
  std::vector<std::string> environment = Environment(options.environment);
  const std::vector<char*> argv_pointers = Pointers(argv);
  const std::vector<char*> environment_pointers = Pointers(environment);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    Become(input[0], pipe_ends[1], netns, parent, argv_pointers.data(),
           environment_pointers.data());
  }
  close(pipe_ends[1]);
  if (input[0] >= 0) close(input[0]);
  if (netns >= 0) close(netns);
  output_fd_ = pipe_ends[0];
  reader_ = std::thread([this] { ReadOutput(); });
}

Process::~Process() {
  Kill();
  if (reader_.joinable()) reader_.join();
  if (output_fd_ >= 0) close(output_fd_);
  if (input_fd_ >= 0) close(input_fd_);
}

bool Process::WriteLine(const std::string& line) const {
  const std::string text = line + "\n";
  return input_fd_ >= 0 && send(input_fd_, text.data(), text.size(), MSG_NOSIGNAL) ==
                               static_cast<ssize_t>(text.size());
}

void Process::AddLine(std::string line) {
  const std::lock_guard lock(mutex_);
  if (lines_.size() < kMaxLines) lines_.push_back(std::move(line));
  changed_.notify_all();
}

void Process::ReadOutput() {
  std::string partial;
  std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  while (true) {
    const ssize_t size = read(output_fd_, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    partial.append(buffer.data(), static_cast<std::size_t>(size));
    std::size_t begin = 0;
    for (std::size_t end = partial.find('\n'); end != std::string::npos;
         end = partial.find('\n', begin)) {
      AddLine(partial.substr(begin, end - begin));
      begin = end + 1;
    }
    partial.erase(0, begin);
  }
  if (!partial.empty()) AddLine(partial);
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

bool Process::running() { return pid_ > 0 && !Wait(Milliseconds(0)); }

void Process::Signal(int number) const {
  if (pid_ > 0 && !exit_code_) kill(pid_, number);
}

std::optional<int> Process::Wait(Milliseconds timeout) {
  if (exit_code_ || pid_ <= 0) return exit_code_;
  const auto exited = [this] {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  };
  WaitUntil(exited, timeout);
  if (exit_code_) {
    // The pipe ends with the program, unless children of its own still hold it.
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLastWords, [this] { return ended_; });
  }
  return exit_code_;
}

int Process::Stop(Milliseconds timeout) {
  Signal(SIGTERM);
  if (!Wait(timeout)) {
    ADD_FAILURE() << name_ << " did not end on SIGTERM";
    Kill();
  }
  return exit_code_.value_or(-1);
}

void Process::Kill() {
  if (pid_ <= 0 || exit_code_) return;
  kill(pid_, SIGKILL);
  Wait(Milliseconds(10000));
}

std::optional<std::string> Process::WaitForLine(const std::string& pattern, Milliseconds timeout,
                                                std::size_t from) {
  const std::regex regex(pattern);
  const auto end = std::chrono::steady_clock::now() + timeout;
  std::unique_lock lock(mutex_);
  while (true) {
    for (; from < lines_.size(); ++from) {
      if (std::regex_search(lines_[from], regex)) return lines_[from];
    }
    if (ended_) return std::nullopt;
    if (changed_.wait_until(lock, end) == std::cv_status::timeout && from >= lines_.size()) {
      return std::nullopt;
    }
  }
}

std::size_t Process::LineCount() const {
  const std::lock_guard lock(mutex_);
  return lines_.size();
}

std::vector<std::string> Process::Lines(std::size_t from) const {
  const std::lock_guard lock(mutex_);
  from = std::min(from, lines_.size());
  return {lines_.begin() + static_cast<std::ptrdiff_t>(from), lines_.end()};
}

std::vector<std::string> Process::Matching(const std::string& pattern, std::size_t from) const {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::string& line : Lines(from)) {
    if (std::regex_search(line, regex)) found.push_back(std::move(line));
  }
  return found;
}

std::string Process::Output(std::size_t from) const {
  std::string text;
  for (const std::string& line : Lines(from)) text += line + "\n";
  return text;
}

Finished RunProcess(std::vector<std::string> argv, ProcessOptions options,
                    std::chrono::milliseconds timeout) {
  Process process(std::move(argv), std::move(options));
  Finished finished;
  const std::optional<int> code = process.Wait(timeout);
  if (!code) process.Kill();
  finished.exit_code = code.value_or(-1);
  finished.output = process.Output();
  return finished;
}

}  // namespace sstpgw::test
