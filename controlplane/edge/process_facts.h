// What the kernel and the allocator say about this process (features 10.3).
#pragma once

#include <cstdint>

namespace sstpgw::cp {

struct ProcessFacts {
  std::uint64_t uptime_seconds = 0;
  std::uint32_t cpu_percent = 0;  // of one core, since the reading before (or the start)
  std::uint64_t rss_kib = 0;
  std::uint64_t virtual_kib = 0;
  std::uint64_t heap_allocated_bytes = 0;
  std::uint64_t heap_available_bytes = 0;
  std::uint32_t threads = 0;
  std::uint32_t threads_active = 0;  // running or runnable now, this one included
  std::uint32_t descriptors = 0;
};

// Not thread-safe; one per process.
class ProcessMeter {
 public:
  ProcessMeter();
  // What cannot be read stays 0.
  [[nodiscard]] ProcessFacts Read();

 private:
  std::int64_t started_ns_ = 0;
  std::int64_t last_wall_ns_ = 0;
  std::int64_t last_cpu_ns_ = 0;
  std::uint32_t last_percent_ = 0;
};

}  // namespace sstpgw::cp
