// The process looked at from outside: memory, CPU, threads and descriptors for `show statistics`
// (features 10.3).
#pragma once

#include <chrono>

#include "proto/base/messages.h"

namespace sstpgw::edge {

class ProcessStats {
 public:
  // Uptime counts from here.
  ProcessStats();
  // Fills uptime_seconds, cpu_percent (since the previous Fill, the first one since construction;
  // 100 is one core), rss_kib, virtual_kib, heap_*, threads, threads_active (running or runnable
  // now) and descriptors; leaves the rest alone. What /proc does not tell stays 0. Threads: one.
  void Fill(GatewayStatistics& statistics);

 private:
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point last_wall_;
  std::chrono::nanoseconds last_cpu_{};
};

}  // namespace sstpgw::edge
