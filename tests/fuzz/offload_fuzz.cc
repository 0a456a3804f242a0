// Super packets: whatever the TUN gives is refused or cut, whatever a client sends is written to
// the TUN so that cutting gives it back, bit for bit and in order.
//
// Input: 1 octet what it is:
//   even   a vnet header and a packet, as read from a TUN
//   odd    packets of a client; bits 1 and 2: the interface takes no super packets of TCP, of UDP;
//          each packet 1 octet how, 2 octets size, and as many octets:
//            how & 1   lengths and checksums are made right
//            how & 2   the octets are only payload, behind the packet before it in its flow
#include <algorithm>
#include <cstdint>
#include <vector>

#include "gateway/codec/byte_reader.h"
#include "gateway/datapath/segmenter.h"
#include "tests/fuzz/require.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::fuzz {
namespace {

std::size_t HeadersOf(ByteView packet) {
  const bool ipv6 = packet[0] >> 4 == 6;
  const std::size_t transport = ipv6 ? 40 : 20;
  if (packet[ipv6 ? 6 : 9] != 6) return transport + 8;
  return transport + std::max((packet[transport + 12] >> 4) * std::size_t{4}, std::size_t{20});
}

// Of a shape that test::Finish can do something with.
bool HasShape(ByteView packet) {
  return packet.size() >= 60 && (packet[0] == 0x45 || packet[0] >> 4 == 6);
}

// What the sender of `before` sends next, with `payload`; `before` if it cannot be told.
Bytes Successor(const Bytes& before, ByteView payload) {
  if (!HasShape(before) || HeadersOf(before) > before.size()) return before;
  Bytes next(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(HeadersOf(before)));
  const std::size_t grown = before.size() - next.size();
  next.insert(next.end(), payload.begin(), payload.end());
  const bool ipv6 = next[0] >> 4 == 6;
  if (!ipv6 && ++next[5] == 0) ++next[4];
  if (next[ipv6 ? 6 : 9] == 6) {
    std::size_t carry = grown;
    for (std::size_t at = (ipv6 ? 40 : 20) + 8; carry > 0 && at-- > (ipv6 ? 44U : 24U);) {
      carry += next[at];
      next[at] = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
  }
  if (HasShape(next)) test::Finish(next);
  return next;
}

void MergeAll(ByteView input, datapath::Coalescer::Options options) {
  codec::ByteReader reader(input);
  std::vector<Bytes> packets;
  while (reader.remaining() > 0 && packets.size() < 400) {
    const std::uint8_t how = reader.U8();
    const std::size_t size = reader.U16() % 4096U;
    const ByteView octets = reader.Take(std::min(size, reader.remaining()));
    if (!reader.ok()) break;
    Bytes packet(octets.begin(), octets.end());
    if ((how & 2) != 0 && !packets.empty()) packet = Successor(packets.back(), octets);
    if ((how & 1) != 0 && HasShape(packet)) test::Finish(packet);
    packets.push_back(packet);
  }
  const test::Writes writes = test::Merge(packets, options);
  Require(test::IsFaithful(packets, writes));
  if (!options.tcp && !options.udp) Require(writes.writes.size() == packets.size());
}

void CutOne(ByteView input) {
  // A copy of its own, so that reading beyond it is seen.
  const Bytes read(input.begin(), input.end());
  auto segmenter = datapath::Segmenter::Parse(read);
  if (!segmenter) return;
  Require(!segmenter->done());
  const std::size_t count = segmenter->segments_left();
  std::vector<Bytes> segments;
  std::size_t total = 0;
  while (!segmenter->done()) {
    Require(segmenter->segments_left() == count - segments.size());
    const std::size_t size = segmenter->next_size();
    Require(size >= 20 && size <= read.size() - datapath::kVnetHeaderSize);
    Bytes segment(size);
    Require(segmenter->Emit(segment) == size);
    Require(segment[0] == read[datapath::kVnetHeaderSize]);
    total += size;
    segments.push_back(segment);
  }
  Require(segments.size() == count);
  Require(total >= read.size() - datapath::kVnetHeaderSize);
  Require(test::IsFaithful(segments, test::Merge(segments)));
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sstpgw;
  if (size == 0) return 0;
  const ByteView input(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    fuzz::CutOne(input);
  } else {
    fuzz::MergeAll(input, {.tcp = (data[0] & 2) == 0, .udp = (data[0] & 4) == 0});
  }
  return 0;
}
