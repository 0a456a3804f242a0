#include "controlplane/edge/process_facts.h"

#include <dirent.h>
#include <malloc.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <string>

namespace sstpgw::cp {
namespace {

std::int64_t Nanoseconds(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return 0;
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// Number behind `key` in /proc/self/status, 0 if it is not there.
std::uint64_t StatusValue(const std::string& key) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::uint64_t value = 0;
    if (word == key && status >> value) return value;
  }
  return 0;
}

template <class Visit>
void ForEachEntry(const char* folder, Visit visit) {
  DIR* directory = ::opendir(folder);
  if (directory == nullptr) return;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') visit(std::string(entry->d_name));
  }
  ::closedir(directory);
}

// State letter behind the name in parentheses, which may hold anything.
char StateOfThread(const std::string& thread) {
  std::ifstream file("/proc/self/task/" + thread + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t end = line.rfind(')');
  return end != std::string::npos && end + 2 < line.size() ? line[end + 2] : '?';
}

}  // namespace

ProcessMeter::ProcessMeter()
    : started_ns_(Nanoseconds(CLOCK_MONOTONIC)), last_wall_ns_(started_ns_) {}

ProcessFacts ProcessMeter::Read() {
  ProcessFacts facts;
  const std::int64_t wall = Nanoseconds(CLOCK_MONOTONIC);
  const std::int64_t cpu = Nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
  // Readings in quick succession share one figure.
  if (wall - last_wall_ns_ >= 500'000'000) {
    last_percent_ = static_cast<std::uint32_t>(
        std::max<std::int64_t>(0, (cpu - last_cpu_ns_) * 100 / (wall - last_wall_ns_)));
    last_wall_ns_ = wall;
    last_cpu_ns_ = cpu;
  }
  facts.cpu_percent = last_percent_;
  facts.uptime_seconds = static_cast<std::uint64_t>((wall - started_ns_) / 1'000'000'000);
  facts.rss_kib = StatusValue("VmRSS:");
  facts.virtual_kib = StatusValue("VmSize:");
  const struct mallinfo2 heap = ::mallinfo2();
  facts.heap_allocated_bytes = heap.uordblks + heap.hblkhd;
  facts.heap_available_bytes = heap.fordblks;
  ForEachEntry("/proc/self/task", [&](const std::string& thread) {
    ++facts.threads;
    if (StateOfThread(thread) == 'R') ++facts.threads_active;
  });
  ForEachEntry("/proc/self/fd", [&](const std::string&) { ++facts.descriptors; });
  return facts;
}

}  // namespace sstpgw::cp
