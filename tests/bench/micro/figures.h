// What every micro-benchmark tells: CPU time per octet and per packet, printed with its unit
// ("ns", "ps"); in seconds in Google Benchmark's own JSON.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>

namespace sstpgw::bench {

// `bytes`, `packets`: of one iteration.
inline void Tell(benchmark::State& state, std::size_t bytes, std::size_t packets) {
  using benchmark::Counter;
  const auto per_unit = [&](std::size_t amount) {
    return Counter(static_cast<double>(amount) * static_cast<double>(state.iterations()),
                   Counter::kIsRate | Counter::kInvert);
  };
  if (bytes > 0) state.counters["per_byte"] = per_unit(bytes);
  if (packets > 0) state.counters["per_packet"] = per_unit(packets);
}

}  // namespace sstpgw::bench
