// What MPPE costs each packet: RC4 over its octets, and when stateless a key of its own (SHA-1
// twice over, RC4's key schedule twice).
#include <vector>

#include "gateway/datapath/mppe_cipher.h"
#include "tests/bench/micro/figures.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::bench {
namespace {

const crypto::Rc4Provider& Provider() {
  static const crypto::Rc4Provider provider = crypto::Rc4Provider::Load().value();
  return provider;
}

crypto::MppeMode Mode(const benchmark::State& state) {
  return {crypto::MppeStrength::k128Bit, state.range(1) != 0};
}

void MppeEncrypt(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  datapath::MppeSealer sealer(
      crypto::MppeSender::Create(Provider(), Mode(state), Bytes(16, 1)).value());
  Bytes frame = test::Noise(size + datapath::kSealOverhead, 1);
  for (auto _ : state) {
    if (!sealer.Seal(codec::PppProtocol::kIpv4, frame)) state.SkipWithError("not encrypted");
    benchmark::ClobberMemory();
  }
  Tell(state, size, 1);
}
BENCHMARK(MppeEncrypt)
    ->ArgNames({"packet", "stateless"})
    ->Args({200, 1})
    ->Args({1400, 1})
    ->Args({200, 0})
    ->Args({1400, 0});

// As many packets as counts: then both ends are where they were, but for the key.
void MppeDecrypt(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const Bytes key(16, 1);
  datapath::MppeSealer sealer(crypto::MppeSender::Create(Provider(), Mode(state), key).value());
  std::vector<Bytes> frames(crypto::kMppeCounts, test::Noise(size + datapath::kSealOverhead, 1));
  for (Bytes& frame : frames) {
    if (!sealer.Seal(codec::PppProtocol::kIpv4, frame)) state.SkipWithError("not encrypted");
  }
  datapath::MppeOpener opener(crypto::MppeReceiver::Create(Provider(), Mode(state), key).value());
  Bytes out(size + datapath::kSealOverhead);
  std::size_t next = 0;
  for (auto _ : state) {
    const auto opened = opener.Open(frames[next], out);
    if (opened.plain.size() != size + 2) state.SkipWithError("not decrypted");
    benchmark::ClobberMemory();
    next = (next + 1) % frames.size();
  }
  Tell(state, size, 1);
}
BENCHMARK(MppeDecrypt)
    ->ArgNames({"packet", "stateless"})
    ->Args({200, 1})
    ->Args({1400, 1})
    ->Args({200, 0})
    ->Args({1400, 0});

}  // namespace
}  // namespace sstpgw::bench
