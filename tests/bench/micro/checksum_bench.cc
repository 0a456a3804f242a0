// The Internet checksum, alone and while copying.
#include "gateway/datapath/checksum.h"
#include "tests/bench/micro/figures.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::bench {
namespace {

void Sum(benchmark::State& state) {
  const Bytes bytes = test::Noise(static_cast<std::size_t>(state.range(0)), 1);
  for (auto _ : state) benchmark::DoNotOptimize(datapath::SumOf(bytes).Fold());
  Tell(state, bytes.size(), 0);
}
BENCHMARK(Sum)->Arg(20)->Arg(64)->Arg(200)->Arg(576)->Arg(1400)->Arg(4087)->Arg(65535);

void CopyAndSum(benchmark::State& state) {
  const Bytes bytes = test::Noise(static_cast<std::size_t>(state.range(0)), 1);
  Bytes to(bytes.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(datapath::CopyAndSum(bytes, to.data()).Fold());
    benchmark::ClobberMemory();
  }
  Tell(state, bytes.size(), 0);
}
BENCHMARK(CopyAndSum)->Arg(20)->Arg(64)->Arg(200)->Arg(576)->Arg(1400)->Arg(4087)->Arg(65535);

}  // namespace
}  // namespace sstpgw::bench
