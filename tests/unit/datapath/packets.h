// Packets for tests of the data path, and slow, obvious versions of what it does fast: written
// apart from it, octet by octet, so that a mistake would have to be made twice.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/datapath/coalescer.h"
#include "gateway/datapath/vnet_header.h"
#include "proto/base/types.h"

namespace sstpgw::test {

// What a packet is made from; Build() fills in lengths and checksums.
struct PacketPlan {
  bool ipv6 = false;
  std::uint8_t protocol = 6;  // 6 TCP, 17 UDP, anything else: payload behind the IP header
  std::uint8_t source = 2;    // last octet of the address
  std::uint8_t destination = 9;
  std::uint16_t source_port = 40000;
  std::uint16_t destination_port = 443;
  std::uint8_t tos = 0;
  std::uint8_t ttl = 64;
  std::uint16_t id = 1;                // IPv4
  std::uint16_t fragment = 0x4000;     // IPv4 flags and offset
  std::uint32_t flow_label = 0x12345;  // IPv6
  std::uint32_t sequence = 1000;
  std::uint32_t ack = 5000;
  std::uint8_t flags = 0x10;
  std::uint8_t reserved = 0;  // low half of the data offset octet
  std::uint16_t window = 512;
  std::uint16_t urgent = 0;
  Bytes options{};  // TCP, a multiple of four octets
  Bytes payload{};
};
[[nodiscard]] Bytes Build(const PacketPlan& plan);

// `count` packets as one sender sends them one after the other: sequence numbers and ids go on,
// each has another payload of the size given. With `sizes` instead: one packet for each.
[[nodiscard]] std::vector<PacketPlan> TrainPlans(const PacketPlan& first, std::size_t count,
                                                 std::size_t payload);
[[nodiscard]] std::vector<Bytes> Train(const PacketPlan& first, std::size_t count,
                                       std::size_t payload);
[[nodiscard]] std::vector<Bytes> Train(const PacketPlan& first,
                                       const std::vector<std::size_t>& sizes);

// `size` octets that depend on `seed`.
[[nodiscard]] Bytes Noise(std::size_t size, std::uint32_t seed);

// RFC 1071, two octets at a time; the folded sum.
[[nodiscard]] std::uint16_t SlowSum(ByteView bytes, std::uint32_t start = 0);
// Writes lengths and checksums of IPv4 and IPv6, TCP and UDP anew.
void Finish(Bytes& packet);

// The packets that a vnet header and a packet stand for, as a careful reader of the virtio
// specification would cut them; only for what a kernel makes.
[[nodiscard]] std::vector<Bytes> SlowCut(ByteView vnet_and_packet);

// The super packet of finished segments, as a kernel hands it to a device.
[[nodiscard]] Bytes SuperPacket(const PacketPlan& plan, std::uint16_t segment_size);

// All segments of a vnet header and a packet, by the Segmenter; empty if it refuses them.
[[nodiscard]] std::vector<Bytes> Cut(ByteView vnet_and_packet);

// Keeps what a coalescer gives, each write in one piece.
class Writes : public datapath::PacketSink {
 public:
  void OnPacket(std::span<const ByteView> parts, std::size_t packets, std::size_t bytes) override;

  std::vector<Bytes> writes;
  std::vector<std::size_t> packet_counts;
  std::size_t packets = 0;
  std::size_t bytes = 0;
};

// What a coalescer writes for `packets`, up to and with its flush.
[[nodiscard]] Writes Merge(const std::vector<Bytes>& packets,
                           datapath::Coalescer::Options options = {true, true});
// Merge, then Cut.
[[nodiscard]] std::vector<Bytes> CutAll(const std::vector<Bytes>& writes);

// Addresses, ports and protocol of a TCP or UDP packet that has them, as text; "" for others.
[[nodiscard]] std::string FlowOf(ByteView packet);

// What left is what came, bit for bit, after cutting: each flow in its order, and packets of no
// flow in their place among all others; and it was counted right.
[[nodiscard]] bool IsFaithful(const std::vector<Bytes>& packets, const Writes& writes);

}  // namespace sstpgw::test
