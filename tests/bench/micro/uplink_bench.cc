// What a client sent: parsed out of plaintext, and merged. One iteration is one read of 128 KiB.
#include <memory>
#include <vector>

#include "gateway/codec/ppp_frame.h"
#include "gateway/datapath/coalescer.h"
#include "gateway/datapath/pace_limit.h"
#include "gateway/datapath/uplink.h"
#include "tests/bench/micro/figures.h"
#include "tests/support/hex.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::bench {
namespace {

constexpr std::size_t kRead = 128 * 1024;

// Counts writes as a TUN would get them.
class NoTun final : public datapath::PacketSink {
 public:
  void OnPacket(std::span<const ByteView> parts, std::size_t /*packets*/,
                std::size_t /*bytes*/) override {
    ++writes;
    benchmark::DoNotOptimize(parts.data());
  }
  std::size_t writes = 0;
};

// The packets of a read, framed back to back as they are in the plaintext of TLS.
struct Traffic {
  Bytes stream;
  std::vector<ByteView> packets;
  std::size_t bytes = 0;
};

Traffic FrameAll(const std::vector<Bytes>& packets) {
  Traffic traffic;
  std::vector<std::size_t> offsets;
  for (const Bytes& packet : packets) {
    const auto protocol =
        packet[0] >> 4 == 6 ? codec::PppProtocol::kIpv6 : codec::PppProtocol::kIpv4;
    const Bytes frame = codec::EncodeDataPacket(protocol, packet);
    offsets.push_back(traffic.stream.size() + codec::kDataHeaderSize);
    traffic.stream.insert(traffic.stream.end(), frame.begin(), frame.end());
    traffic.bytes += packet.size();
  }
  for (std::size_t i = 0; i < packets.size(); ++i) {
    traffic.packets.push_back(ByteView(traffic.stream).subspan(offsets[i], packets[i].size()));
  }
  return traffic;
}

// `flows` flows that take turns, packets of `size` octets of IP.
Traffic Flows(std::uint8_t protocol, std::size_t size, std::size_t flows, bool ipv6 = false) {
  std::vector<test::PacketPlan> plans(flows);
  const std::size_t headers = (protocol == 6 ? 52U : 28U) + (ipv6 ? 20U : 0U);
  for (std::size_t i = 0; i < flows; ++i) {
    plans[i].ipv6 = ipv6;
    plans[i].protocol = protocol;
    plans[i].source_port = static_cast<std::uint16_t>(40000 + i);
    if (protocol == 6) plans[i].options = test::FromHex("0101080a0000000100000002");
  }
  std::vector<Bytes> packets;
  for (std::size_t i = 0; (i + 1) * (size + codec::kDataHeaderSize) <= kRead; ++i) {
    test::PacketPlan& plan = plans[i % flows];
    plan.payload = test::Noise(size - headers, static_cast<std::uint32_t>(i));
    packets.push_back(test::Build(plan));
    plan.sequence += static_cast<std::uint32_t>(size - headers);
    ++plan.id;
  }
  return FrameAll(packets);
}

void Coalesce(benchmark::State& state, const Traffic& traffic) {
  const auto coalescer = std::make_unique<datapath::Coalescer>();
  NoTun tun;
  for (auto _ : state) {
    tun.writes = 0;
    coalescer->Begin({.tcp = true, .udp = true}, tun);
    for (const ByteView packet : traffic.packets) coalescer->Add(packet);
    coalescer->Flush();
  }
  Tell(state, traffic.bytes, traffic.packets.size());
  state.counters["packets_per_write"] =
      static_cast<double>(traffic.packets.size()) / static_cast<double>(tun.writes);
}
void CoalesceTcp(benchmark::State& state) {
  Coalesce(state, Flows(6, static_cast<std::size_t>(state.range(0)),
                        static_cast<std::size_t>(state.range(1))));
}
void CoalesceUdp(benchmark::State& state) {
  Coalesce(state, Flows(17, static_cast<std::size_t>(state.range(0)),
                        static_cast<std::size_t>(state.range(1))));
}
BENCHMARK(CoalesceTcp)
    ->ArgNames({"packet", "flows"})
    ->Args({1400, 1})
    ->Args({1400, 4})
    ->Args({1400, 16})
    ->Args({1400, 64})
    ->Args({200, 1});
BENCHMARK(CoalesceUdp)
    ->ArgNames({"packet", "flows"})
    ->Args({1400, 1})
    ->Args({200, 1})
    ->Args({200, 4})
    ->Args({64, 1});

// Nothing to merge: each packet of a flow of its own, acknowledgements without data, pings.
void CoalesceManyFlows(benchmark::State& state) {
  Coalesce(state, Flows(17, static_cast<std::size_t>(state.range(0)), 4000));
}
BENCHMARK(CoalesceManyFlows)->ArgName("packet")->Arg(64)->Arg(200)->Arg(1400);

void CoalesceAcks(benchmark::State& state) { Coalesce(state, Flows(6, 52, 1)); }
BENCHMARK(CoalesceAcks);

void CoalescePings(benchmark::State& state) {
  Coalesce(state, FrameAll(std::vector<Bytes>(
                      1000, test::Build({.protocol = 1, .payload = test::Noise(64, 1)}))));
}
BENCHMARK(CoalescePings);

// The whole way up: parse and merge.
class Up final : public datapath::UplinkHandler {
 public:
  explicit Up(bool merge) : merge_(merge), coalescer_(std::make_unique<datapath::Coalescer>()) {
    coalescer_->Begin({.tcp = true, .udp = true}, tun_);
  }
  bool OnHttpHead(ByteView /*head*/) override { return true; }
  bool OnHttpHeadTooLong() override { return false; }
  bool OnSstpPacket(ByteView /*packet*/) override { return true; }
  bool OnUndelineated() override { return false; }
  bool OnIpv6Control(ByteView /*packet*/) override { return true; }
  bool OnMppeOutOfStep() override { return true; }
  void OnIpPacket(ByteView packet) override {
    if (merge_) coalescer_->Add(packet);
    benchmark::DoNotOptimize(packet.data());
  }
  void OnIpPacketsEnd() override {
    if (merge_) coalescer_->Flush();
  }

 private:
  const bool merge_;
  NoTun tun_;
  std::unique_ptr<datapath::Coalescer> coalescer_;
};

void RunUp(benchmark::State& state, bool merge, datapath::UpPacer* pacer = nullptr,
           bool ipv6 = false) {
  const Traffic traffic = Flows(6, static_cast<std::size_t>(state.range(0)), 1, ipv6);
  Up up(merge);
  datapath::Uplink uplink;
  uplink.Consume(test::FromText("GET / HTTP/1.1\r\n\r\n"), up);
  uplink.OpenData({{.ipv4 = true, .ipv6 = true},
                   {{Ipv4Address(0x0a000002), 32}},
                   {*Ipv6Prefix::Parse("fd00::/64")}});
  uplink.SetPacer(pacer);
  for (auto _ : state) uplink.Consume(traffic.stream, up);
  if (uplink.counters().packets != state.iterations() * traffic.packets.size()) {
    state.SkipWithError("not all packets came through");
  }
  Tell(state, traffic.bytes, traffic.packets.size());
}
void ParseUp(benchmark::State& state) { RunUp(state, false); }
void ParseAndMergeUp(benchmark::State& state) { RunUp(state, true); }
void ParseUpIpv6(benchmark::State& state) { RunUp(state, false, nullptr, true); }
void ParseAndMergeUpIpv6(benchmark::State& state) { RunUp(state, true, nullptr, true); }
// A session with a limit, which is charged for each packet.
void ParsePacedUp(benchmark::State& state) {
  datapath::UpPacer pacer(datapath::PaceLimit({.rate = BitsPerSecond{1'000'000'000}}), {});
  RunUp(state, false, &pacer);
}
BENCHMARK(ParseUp)->ArgName("packet")->Arg(64)->Arg(200)->Arg(1400);
BENCHMARK(ParsePacedUp)->ArgName("packet")->Arg(64)->Arg(200)->Arg(1400);
BENCHMARK(ParseAndMergeUp)->ArgName("packet")->Arg(200)->Arg(1400);
BENCHMARK(ParseUpIpv6)->ArgName("packet")->Arg(80)->Arg(200)->Arg(1400);
BENCHMARK(ParseAndMergeUpIpv6)->ArgName("packet")->Arg(200)->Arg(1400);

}  // namespace
}  // namespace sstpgw::bench
