// What the TUN gave, cut into SSTP frames: super packets of 64 KiB and single packets. A batch
// holds what one turn of a worker sends.
#include "gateway/datapath/downlink.h"
#include "tests/bench/micro/figures.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::bench {
namespace {

constexpr std::size_t kBatch = 96 * 1024;

Bytes Super(std::uint8_t protocol, std::uint16_t segment, bool ipv6 = false) {
  test::PacketPlan plan{.ipv6 = ipv6, .protocol = protocol};
  const std::size_t headers = (ipv6 ? 40U : 20U) + (protocol == 6 ? 32U : 8U);
  if (protocol == 6) plan.options = Bytes(12, 1);
  const std::size_t most = protocol == 6 ? 65535 - headers : std::size_t{segment} * 64;
  plan.payload = test::Noise(std::min(most, 65535 - headers), 1);
  return test::SuperPacket(plan, segment);
}

void Segment(benchmark::State& state, const Bytes& read) {
  Bytes out(4096);
  const std::size_t segments = datapath::Segmenter::Parse(read)->segments_left();
  Bytes frames(segments * out.size());
  for (auto _ : state) {
    auto segmenter = datapath::Segmenter::Parse(read);
    std::size_t used = 0;
    while (!segmenter->done()) used += segmenter->Emit(std::span(frames).subspan(used));
    benchmark::DoNotOptimize(used);
    benchmark::ClobberMemory();
  }
  Tell(state, read.size() - datapath::kVnetHeaderSize, segments);
}
void SegmentTcp(benchmark::State& state) {
  Segment(state, Super(6, static_cast<std::uint16_t>(state.range(0)), state.range(1) == 6));
}
void SegmentUdp(benchmark::State& state) {
  Segment(state, Super(17, static_cast<std::uint16_t>(state.range(0)), state.range(1) == 6));
}
BENCHMARK(SegmentTcp)
    ->ArgNames({"segment", "ip"})
    ->Args({1348, 4})
    ->Args({536, 4})
    ->Args({1328, 6});
BENCHMARK(SegmentUdp)
    ->ArgNames({"segment", "ip"})
    ->Args({1372, 4})
    ->Args({200, 4})
    ->Args({1352, 6});

// Segments written into frames, and the frames divided into records.
void Frame(benchmark::State& state, const Bytes& read) {
  datapath::FrameBatch batch(kBatch);
  datapath::Downlink downlink;
  downlink.OpenData();
  const std::size_t segments = datapath::Segmenter::Parse(read)->segments_left();
  for (auto _ : state) {
    auto segmenter = datapath::Segmenter::Parse(read);
    if (!downlink.Append(batch, *segmenter)) state.SkipWithError("the batch is full");
    std::size_t first = 0;
    while (!batch.NextRecord(first, datapath::kMaxRecord).empty()) benchmark::DoNotOptimize(first);
    batch.Clear();
    benchmark::ClobberMemory();
  }
  Tell(state, read.size() - datapath::kVnetHeaderSize, segments);
}
void FrameTcp(benchmark::State& state) {
  Frame(state, Super(6, static_cast<std::uint16_t>(state.range(0))));
}
void FrameUdp(benchmark::State& state) {
  Frame(state, Super(17, static_cast<std::uint16_t>(state.range(0))));
}
BENCHMARK(FrameTcp)->ArgName("segment")->Arg(1348);
BENCHMARK(FrameUdp)->ArgName("segment")->Arg(1372)->Arg(200);

// Packets that the kernel finished, one read each.
void FrameSingle(benchmark::State& state) {
  test::PacketPlan plan{.protocol = 17};
  plan.payload = test::Noise(static_cast<std::size_t>(state.range(0)) - 28, 1);
  Bytes read(datapath::kVnetHeaderSize);
  const Bytes packet = test::Build(plan);
  read.insert(read.end(), packet.begin(), packet.end());
  datapath::FrameBatch batch(kBatch);
  datapath::Downlink downlink;
  downlink.OpenData();
  constexpr std::size_t kPackets = 32;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kPackets; ++i) {
      auto segmenter = datapath::Segmenter::Parse(read);
      if (!downlink.Append(batch, *segmenter)) state.SkipWithError("the batch is full");
    }
    benchmark::ClobberMemory();
    batch.Clear();
  }
  Tell(state, kPackets * packet.size(), kPackets);
}
BENCHMARK(FrameSingle)->ArgName("packet")->Arg(64)->Arg(200)->Arg(1400);

}  // namespace
}  // namespace sstpgw::bench
