#include "tests/unit/datapath/packets.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>

#include "gateway/datapath/packet_fields.h"
#include "gateway/datapath/segmenter.h"

namespace sstpgw::test {
namespace {

using datapath::kVnetHeaderSize;

std::uint16_t Get16(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] * 256 + bytes[at + 1]);
}
std::uint32_t Get32(ByteView bytes, std::size_t at) {
  return Get16(bytes, at) * 65536U + Get16(bytes, at + 2);
}
void Put16(Bytes& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value / 256);
  bytes[at + 1] = static_cast<std::uint8_t>(value % 256);
}
void Put32(Bytes& bytes, std::size_t at, std::uint32_t value) {
  Put16(bytes, at, value >> 16);
  Put16(bytes, at + 2, value & 0xffff);
}

bool IsIpv6(ByteView packet) { return packet[0] >> 4 == 6; }
std::size_t TransportOf(ByteView packet) {
  return IsIpv6(packet) ? 40 : (packet[0] & 15) * std::size_t{4};
}
std::uint8_t ProtocolOf(ByteView packet) { return packet[IsIpv6(packet) ? 6 : 9]; }

// The pseudo header, octet for octet (RFC 9293 3.1, RFC 8200 8.1).
Bytes PseudoHeader(ByteView packet) {
  const std::size_t length = packet.size() - TransportOf(packet);
  Bytes pseudo;
  if (IsIpv6(packet)) {
    pseudo.assign(packet.begin() + 8, packet.begin() + 40);
    pseudo.insert(pseudo.end(), {0, 0, static_cast<std::uint8_t>(length >> 8),
                                 static_cast<std::uint8_t>(length), 0, 0, 0, ProtocolOf(packet)});
  } else {
    pseudo.assign(packet.begin() + 12, packet.begin() + 20);
    pseudo.insert(pseudo.end(), {0, ProtocolOf(packet), static_cast<std::uint8_t>(length >> 8),
                                 static_cast<std::uint8_t>(length)});
  }
  return pseudo;
}

std::size_t ChecksumField(ByteView packet) {
  return TransportOf(packet) + (ProtocolOf(packet) == 6 ? 16 : 6);
}

void FinishIp(Bytes& packet) {
  if (IsIpv6(packet)) {
    Put16(packet, 4, packet.size() - 40);
    return;
  }
  Put16(packet, 2, packet.size());
  Put16(packet, 10, 0);
  Put16(packet, 10, 0xffff - SlowSum(ByteView(packet).first(TransportOf(packet))));
}

Bytes IpHeader(const PacketPlan& plan) {
  if (plan.ipv6) {
    Bytes header(40);
    Put32(header, 0, 0x60000000U | (std::uint32_t{plan.tos} << 20) | plan.flow_label);
    header[6] = plan.protocol;
    header[7] = plan.ttl;
    header[8] = header[24] = 0xfd;
    header[23] = plan.source;
    header[39] = plan.destination;
    return header;
  }
  Bytes header(20);
  header[0] = 0x45;
  header[1] = plan.tos;
  Put16(header, 4, plan.id);
  Put16(header, 6, plan.fragment);
  header[8] = plan.ttl;
  header[9] = plan.protocol;
  header[12] = header[16] = 10;
  header[15] = plan.source;
  header[19] = plan.destination;
  return header;
}

// Between two packets of no flow: the packets of each flow.
using Epoch = std::map<std::string, std::vector<Bytes>>;

std::vector<Epoch> Epochs(const std::vector<Bytes>& packets) {
  std::vector<Epoch> epochs(1);
  for (const Bytes& packet : packets) {
    const std::string flow = FlowOf(packet);
    if (flow.empty()) {
      epochs.push_back({{"", {packet}}});
    } else {
      epochs.back()[flow].push_back(packet);
    }
  }
  return epochs;
}

}  // namespace

std::uint16_t SlowSum(ByteView bytes, std::uint32_t start) {
  std::uint32_t sum = start;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += bytes[i] * 256U + (i + 1 < bytes.size() ? bytes[i + 1] : 0U);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return static_cast<std::uint16_t>(sum);
}

void Finish(Bytes& packet) {
  FinishIp(packet);
  const std::uint8_t protocol = ProtocolOf(packet);
  if (protocol != 6 && protocol != 17) return;
  const std::size_t transport = TransportOf(packet);
  if (protocol == 17) Put16(packet, transport + 4, packet.size() - transport);
  Put16(packet, ChecksumField(packet), 0);
  const std::uint16_t sum =
      SlowSum(ByteView(packet).subspan(transport), SlowSum(PseudoHeader(packet)));
  const std::size_t checksum = 0xffffU - sum;
  Put16(packet, ChecksumField(packet), checksum == 0 && protocol == 17 ? 0xffff : checksum);
}

Bytes Build(const PacketPlan& plan) {
  Bytes packet = IpHeader(plan);
  const std::size_t transport = packet.size();
  if (plan.protocol == 6) {
    packet.resize(transport + 20);
    packet[transport + 12] =
        static_cast<std::uint8_t>(((20 + plan.options.size()) / 4) << 4 | plan.reserved);
    packet[transport + 13] = plan.flags;
    Put32(packet, transport + 4, plan.sequence);
    Put32(packet, transport + 8, plan.ack);
    Put16(packet, transport + 14, plan.window);
    Put16(packet, transport + 18, plan.urgent);
    packet.insert(packet.end(), plan.options.begin(), plan.options.end());
  } else if (plan.protocol == 17) {
    packet.resize(transport + 8);
  }
  if (plan.protocol == 6 || plan.protocol == 17) {
    Put16(packet, transport, plan.source_port);
    Put16(packet, transport + 2, plan.destination_port);
  }
  packet.insert(packet.end(), plan.payload.begin(), plan.payload.end());
  Finish(packet);
  return packet;
}

std::vector<PacketPlan> TrainPlans(const PacketPlan& first, std::size_t count,
                                   std::size_t payload) {
  std::vector<PacketPlan> plans(count, first);
  for (std::size_t i = 0; i < count; ++i) {
    plans[i].payload = Noise(payload, static_cast<std::uint32_t>(i));
    plans[i].sequence += static_cast<std::uint32_t>(i * payload);
    plans[i].id = static_cast<std::uint16_t>(plans[i].id + i);
  }
  return plans;
}

std::vector<Bytes> Train(const PacketPlan& first, std::size_t count, std::size_t payload) {
  return Train(first, std::vector<std::size_t>(count, payload));
}

std::vector<Bytes> Train(const PacketPlan& first, const std::vector<std::size_t>& sizes) {
  std::vector<Bytes> packets;
  PacketPlan plan = first;
  for (const std::size_t size : sizes) {
    plan.payload = Noise(size, static_cast<std::uint32_t>(packets.size()));
    packets.push_back(Build(plan));
    plan.sequence += static_cast<std::uint32_t>(size);
    ++plan.id;
  }
  return packets;
}

Bytes Noise(std::size_t size, std::uint32_t seed) {
  std::minstd_rand random(seed + 1);
  Bytes bytes(size);
  for (std::uint8_t& octet : bytes) octet = static_cast<std::uint8_t>(random() >> 8);
  return bytes;
}

std::vector<Bytes> SlowCut(ByteView bytes) {
  const auto vnet = datapath::ParseVnetHeader(bytes.first<kVnetHeaderSize>());
  const Bytes whole(bytes.begin() + kVnetHeaderSize, bytes.end());
  if (vnet.gso_type == 0) {
    Bytes packet = whole;
    if ((vnet.flags & 1) != 0) {
      const std::size_t field = std::size_t{vnet.checksum_start} + vnet.checksum_offset;
      const std::size_t sum = 0xffffU - SlowSum(ByteView(whole).subspan(vnet.checksum_start));
      Put16(packet, field, sum == 0 && vnet.checksum_offset == 6 ? 0xffff : sum);
    }
    return {packet};
  }
  const std::size_t transport = TransportOf(whole);
  const bool tcp = ProtocolOf(whole) == 6;
  const std::size_t headers = transport + (tcp ? (whole[transport + 12] >> 4) * std::size_t{4} : 8);
  std::vector<Bytes> segments;
  for (std::size_t at = headers; at < whole.size(); at += vnet.gso_size) {
    const std::size_t end = std::min<std::size_t>(at + vnet.gso_size, whole.size());
    Bytes segment(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(headers));
    segment.insert(segment.end(), whole.begin() + static_cast<std::ptrdiff_t>(at),
                   whole.begin() + static_cast<std::ptrdiff_t>(end));
    if (!IsIpv6(segment)) Put16(segment, 4, (Get16(whole, 4) + segments.size()) % 65536);
    if (tcp) {
      Put32(segment, transport + 4,
            Get32(whole, transport + 4) + static_cast<std::uint32_t>(at - headers));
      if (end < whole.size()) segment[transport + 13] &= 0xf6;  // neither FIN nor PSH
      if (!segments.empty()) segment[transport + 13] &= 0x7f;   // no CWR
    }
    Finish(segment);
    segments.push_back(segment);
  }
  return segments;
}

Bytes SuperPacket(const PacketPlan& plan, std::uint16_t segment_size) {
  Bytes packet = Build(plan);
  const std::size_t field = ChecksumField(packet);
  Put16(packet, field, SlowSum(PseudoHeader(packet)));
  const bool tcp = plan.protocol == 6;
  const std::size_t transport = TransportOf(packet);
  datapath::VnetHeader vnet;
  vnet.flags = 1;
  vnet.gso_type = static_cast<std::uint8_t>(tcp ? (plan.ipv6 ? 4 : 1) : 5);
  vnet.header_length = static_cast<std::uint16_t>(packet.size() - plan.payload.size());
  vnet.gso_size = segment_size;
  vnet.checksum_start = static_cast<std::uint16_t>(transport);
  vnet.checksum_offset = tcp ? 16 : 6;
  Bytes bytes(kVnetHeaderSize);
  datapath::SerializeVnetHeader(vnet, std::span(bytes).first<kVnetHeaderSize>());
  bytes.insert(bytes.end(), packet.begin(), packet.end());
  return bytes;
}

std::vector<Bytes> Cut(ByteView bytes) {
  auto segmenter = datapath::Segmenter::Parse(bytes);
  std::vector<Bytes> segments;
  while (segmenter && !segmenter->done()) {
    Bytes out(segmenter->next_size());
    if (segmenter->Emit(out) != out.size()) throw std::logic_error("not the size that was told");
    segments.push_back(out);
  }
  return segments;
}

void Writes::OnPacket(std::span<const ByteView> parts, std::size_t count, std::size_t octets) {
  Bytes write;
  for (const ByteView part : parts) write.insert(write.end(), part.begin(), part.end());
  writes.push_back(write);
  packet_counts.push_back(count);
  packets += count;
  bytes += octets;
}

Writes Merge(const std::vector<Bytes>& packets, datapath::Coalescer::Options options) {
  Writes writes;
  const auto coalescer = std::make_unique<datapath::Coalescer>();
  coalescer->Begin(options, writes);
  for (const Bytes& packet : packets) coalescer->Add(packet);
  coalescer->Flush();
  return writes;
}

std::vector<Bytes> CutAll(const std::vector<Bytes>& writes) {
  std::vector<Bytes> packets;
  for (const Bytes& write : writes) {
    const auto vnet = datapath::ParseVnetHeader(std::span(write).first<kVnetHeaderSize>());
    if (vnet == datapath::VnetHeader{}) {  // finished, whatever it is
      packets.emplace_back(write.begin() + kVnetHeaderSize, write.end());
      continue;
    }
    const std::vector<Bytes> segments = Cut(write);
    if (segments.empty()) packets.emplace_back(1, std::uint8_t{0xee});  // refused: equals nothing
    packets.insert(packets.end(), segments.begin(), segments.end());
  }
  return packets;
}

std::string FlowOf(ByteView packet) {
  if (packet.size() < 28) return "";
  const bool ipv6 = IsIpv6(packet);
  if (ipv6 ? packet.size() < 48 : packet[0] != 0x45) return "";
  if (!ipv6 && (Get16(packet, 6) & 0x3fff) != 0) return "";
  const std::uint8_t protocol = ProtocolOf(packet);
  if (protocol != 6 && protocol != 17) return "";
  const ByteView key = ipv6 ? packet.subspan(8, 36) : packet.subspan(12, 12);
  return std::string(key.begin(), key.end()) + static_cast<char>(protocol);
}

bool IsFaithful(const std::vector<Bytes>& packets, const Writes& writes) {
  std::size_t bytes = 0;
  for (const Bytes& packet : packets) bytes += packet.size();
  return writes.packets == packets.size() && writes.bytes == bytes &&
         Epochs(CutAll(writes.writes)) == Epochs(packets);
}

}  // namespace sstpgw::test
