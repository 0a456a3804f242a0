#include "gateway/edge/process_stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/edge/unique_fd.h"

namespace sstpgw::edge {
namespace {

struct DirectoryCloser {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

std::string ReadSmallFile(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  std::array<char, 1024> buffer;
  const ssize_t length = ::read(fd.get(), buffer.data(), buffer.size());
  return length > 0 ? std::string(buffer.data(), static_cast<std::size_t>(length)) : std::string();
}

// Calls visit(name) for each entry that is a number.
template <class Visit>
void ForEachNumberedEntry(const char* path, Visit visit) {
  const std::unique_ptr<DIR, DirectoryCloser> directory(::opendir(path));
  if (!directory) return;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) != 0) visit(entry->d_name);
  }
}

// The state letter follows the command name in parentheses, which may itself contain any octet.
bool IsRunning(const std::string& stat_line) {
  const std::size_t end_of_name = stat_line.rfind(')');
  return end_of_name != std::string::npos && end_of_name + 2 < stat_line.size() &&
         stat_line[end_of_name + 2] == 'R';
}

std::chrono::nanoseconds CpuTime() {
  timespec time{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// statm: total and resident size in pages.
void FillMemory(GatewayStatistics& statistics) {
  const std::string statm = ReadSmallFile("/proc/self/statm");
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  const char* const end = statm.data() + statm.size();
  const auto first = std::from_chars(statm.data(), end, total_pages);
  if (first.ec != std::errc{} || first.ptr == end) return;
  if (std::from_chars(first.ptr + 1, end, resident_pages).ec != std::errc{}) return;
  const auto page_kib = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
  statistics.virtual_kib = total_pages * page_kib;
  statistics.rss_kib = resident_pages * page_kib;
}

void FillHeap(GatewayStatistics& statistics) {
  const struct mallinfo2 info = ::mallinfo2();
  statistics.heap_allocated_bytes = info.uordblks + info.hblkhd;
  statistics.heap_available_bytes = info.fordblks;
}

}  // namespace

ProcessStats::ProcessStats()
    : started_(std::chrono::steady_clock::now()), last_wall_(started_), last_cpu_(CpuTime()) {}

void ProcessStats::Fill(GatewayStatistics& statistics) {
  const auto wall = std::chrono::steady_clock::now();
  const auto cpu = CpuTime();
  statistics.uptime_seconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(wall - started_).count());
  const auto elapsed = std::chrono::duration_cast<std::chrono::nanoseconds>(wall - last_wall_);
  statistics.cpu_percent =
      elapsed.count() > 0
          ? static_cast<std::uint32_t>(100 * (cpu - last_cpu_).count() / elapsed.count())
          : 0;
  last_wall_ = wall;
  last_cpu_ = cpu;

  FillMemory(statistics);
  FillHeap(statistics);
  statistics.threads = 0;
  statistics.threads_active = 0;
  ForEachNumberedEntry("/proc/self/task", [&](const std::string& thread) {
    ++statistics.threads;
    if (IsRunning(ReadSmallFile("/proc/self/task/" + thread + "/stat"))) {
      ++statistics.threads_active;
    }
  });
  std::uint32_t open = 0;
  ForEachNumberedEntry("/proc/self/fd", [&](const std::string&) { ++open; });
  statistics.descriptors = open > 0 ? open - 1 : 0;  // without the one that listed them
}

}  // namespace sstpgw::edge
