// What a limit costs per packet: charging it, admitting it to a queue as the kernel's program does,
// and the pacers of both directions.
#include "ebpf/queue.h"
#include "gateway/datapath/charge.h"
#include "gateway/datapath/down_pacer.h"
#include "gateway/datapath/pace_limit.h"
#include "gateway/datapath/up_pacer.h"
#include "tests/bench/micro/figures.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::bench {
namespace {

constexpr std::uint64_t kStart = 1'000'000'000'000'000;
constexpr datapath::ChargeRule kRule{};

TimePoint At(std::uint64_t ns) { return TimePoint(Duration(ns)); }
sg_limit Limit(std::uint64_t rate) { return datapath::PaceLimit({.rate = BitsPerSecond{rate}}); }

Bytes Single(std::size_t size) {
  return test::Build({.protocol = 17, .payload = Bytes(size - 28)});
}

// `packets`: of all iterations, which are of different sizes.
void TellPackets(benchmark::State& state, std::size_t packets) {
  using benchmark::Counter;
  state.counters["per_packet"] =
      Counter(static_cast<double>(packets), Counter::kIsRate | Counter::kInvert);
}

void ChargeSingle(benchmark::State& state) {
  const Bytes packet = Single(1400);
  for (auto _ : state) {
    benchmark::DoNotOptimize(packet.data());
    benchmark::DoNotOptimize(datapath::CostOf(packet, kRule));
  }
  Tell(state, 0, 1);
}
BENCHMARK(ChargeSingle);

// As it is read from a TUN; per super packet.
void ChargeSuper(benchmark::State& state) {
  test::PacketPlan plan;
  plan.payload = Bytes(60'000);
  const Bytes read = test::SuperPacket(plan, 1360);
  for (auto _ : state) {
    benchmark::DoNotOptimize(read.data());
    benchmark::DoNotOptimize(datapath::CostOfRead(read, kRule));
  }
  Tell(state, 0, 1);
}
BENCHMARK(ChargeSuper);

// `load`: percent of the rate that comes.
void Admit(benchmark::State& state) {
  const sg_limit limit = Limit(1'000'000'000);
  const std::uint64_t step =
      sg_octets_ns(1380, limit.rate) * 100 / static_cast<std::uint64_t>(state.range(0));
  sg_bucket bucket{};
  sg_codel codel{};
  std::uint64_t now = kStart;
  for (auto _ : state) {
    benchmark::DoNotOptimize(sg_queue_admit(&bucket, &codel, &limit, 1380, 1, now += step));
  }
  Tell(state, 0, 1);
}
BENCHMARK(Admit)->ArgName("load")->Arg(50)->Arg(100)->Arg(200);

void Police(benchmark::State& state) {
  const sg_limit limit = sg_limit_make(SG_KIND_POLICE, 1'000'000'000, 0, 0, 1400);
  sg_bucket bucket{};
  std::uint64_t now = kStart;
  for (auto _ : state) {
    benchmark::DoNotOptimize(sg_bucket_take(&bucket, &limit, 1380, now += 10'000));
  }
  Tell(state, 0, 1);
}
BENCHMARK(Police);

// A TUN that is never empty: each iteration is one wake-up, with all the packets it may read.
void PaceDown(benchmark::State& state) {
  const Bytes read = [&] {
    Bytes bytes(datapath::kVnetHeaderSize);
    const Bytes packet = Single(1400);
    bytes.insert(bytes.end(), packet.begin(), packet.end());
    return bytes;
  }();
  datapath::DownPacer pacer(Limit(static_cast<std::uint64_t>(state.range(0)) * 1'000'000));
  std::uint64_t now = kStart;
  std::size_t packets = 0;
  for (auto _ : state) {
    for (auto allowed = pacer.Allowance(At(now)); allowed > 0; allowed = pacer.Allowance()) {
      pacer.Charge(datapath::CostOfRead(read, kRule).octets);
      ++packets;
    }
    now += static_cast<std::uint64_t>(pacer.Wait(At(now)).count());
  }
  TellPackets(state, packets);
}
BENCHMARK(PaceDown)->ArgName("mbit")->Arg(1)->Arg(100)->Arg(1000);

// The same for a socket.
void PaceUp(benchmark::State& state) {
  const Bytes packet = Single(1400);
  datapath::UpPacer pacer(Limit(static_cast<std::uint64_t>(state.range(0)) * 1'000'000), kRule);
  std::uint64_t now = kStart;
  std::size_t packets = 0;
  for (auto _ : state) {
    pacer.Resume(0, At(now));
    while (const std::size_t room = pacer.ReadRoom(At(now))) {
      for (std::size_t read = 0; read < room; read += packet.size(), ++packets) {
        benchmark::DoNotOptimize(pacer.Judge(packet));
      }
    }
    now += static_cast<std::uint64_t>(pacer.Wait(At(now)).count());
  }
  TellPackets(state, packets);
}
BENCHMARK(PaceUp)->ArgName("mbit")->Arg(1)->Arg(100)->Arg(1000);

}  // namespace
}  // namespace sstpgw::bench
