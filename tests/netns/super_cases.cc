// Super-packets and what they must become, worked out here segment by segment.
#include <algorithm>

#include "tests/client/wire.h"
#include "tests/netns/odd_traffic.h"

namespace sstpgw::test {
namespace {

Ipv4Fields Between(const Ends& ends, std::uint16_t id) {
  Ipv4Fields ip;
  ip.source = ends.source;
  ip.destination = ends.destination;
  ip.id = id;
  return ip;
}

// RFC 9293 and the kernel's rules: sequence and identification count up, FIN and PSH stay with the
// last segment, CWR with the first.
SuperCase CutTcp(const Ipv4Fields& ip, const TcpFields& tcp, ByteView payload,
                 std::size_t segment_size) {
  SuperCase made;
  made.super.kind = SuperPacket::Kind::kTcp;
  made.super.packet = MakeTcp(ip, tcp, payload);
  made.super.headers = made.super.packet.size() - payload.size();
  made.super.segment_size = segment_size;
  Ipv4Fields segment_ip = ip;
  TcpFields segment = tcp;
  for (std::size_t at = 0; at < payload.size(); at += segment_size) {
    const std::size_t size = std::min(segment_size, payload.size() - at);
    const bool last = at + size == payload.size();
    segment.flags = tcp.flags;
    if (!last) segment.flags &= static_cast<std::uint16_t>(~(kFin | kPsh));
    if (at > 0) segment.flags &= static_cast<std::uint16_t>(~kCwr);
    made.segments.push_back(MakeTcp(segment_ip, segment, payload.subspan(at, size)));
    segment.sequence += static_cast<std::uint32_t>(size);
    ++segment_ip.id;
  }
  return made;
}

SuperCase CutUdp(const Ipv4Fields& ip, const UdpFields& udp, ByteView payload,
                 std::size_t segment_size) {
  SuperCase made;
  made.super.kind = SuperPacket::Kind::kUdp;
  made.super.packet = MakeUdp(ip, udp, payload);
  made.super.headers = made.super.packet.size() - payload.size();
  made.super.segment_size = segment_size;
  Ipv4Fields segment_ip = ip;
  for (std::size_t at = 0; at < payload.size(); at += segment_size) {
    const std::size_t size = std::min(segment_size, payload.size() - at);
    made.segments.push_back(MakeUdp(segment_ip, udp, payload.subspan(at, size)));
    ++segment_ip.id;
  }
  return made;
}

// A payload of `size` octets with which the checksum of the UDP packet comes out as zero, so that
// 0xffff must stand in its place.
Bytes PayloadOfZeroChecksum(const Ipv4Fields& ip, const UdpFields& udp, std::size_t size) {
  Bytes payload = Filler(size, size);
  payload[0] = payload[1] = 0;
  const Bytes packet = MakeUdp(ip, udp, payload);
  // What is added to a packet's sum is taken off its checksum.
  payload[0] = packet[26];
  payload[1] = packet[27];
  return payload;
}

}  // namespace

std::vector<SuperCase> SuperCases(const Ends& ends) {
  std::vector<SuperCase> cases;
  TcpFields tcp;
  tcp.source_port = 80;
  tcp.destination_port = 40000;
  tcp.acknowledgement = 77;
  std::uint16_t id = 0;
  // Sizes: just two segments, odd ones, one short of and one beyond a whole number, the largest.
  const std::vector<std::pair<std::size_t, std::size_t>> sizes{
      {2, 1},       {100, 7},     {2000, 1000},  {2001, 1000},  {1999, 1000},
      {2824, 1412}, {2825, 1412}, {20000, 1412}, {65000, 1412}, {65495, 1412},
      {60000, 536}, {400, 4},     {3001, 1001}};
  for (const auto& [size, segment] : sizes) {
    for (const int flag : {0, int{kPsh}, kFin | kPsh, int{kCwr}, int{kEce}, kCwr | kPsh}) {
      tcp.flags = static_cast<std::uint16_t>(kAck | flag);
      tcp.sequence = 0xffff0000u + static_cast<std::uint32_t>(size);
      id += 100;
      cases.push_back(CutTcp(Between(ends, id), tcp, Filler(id, size), segment));
    }
  }
  tcp.flags = kAck;
  tcp.options = client::FromHex("0101080a 00112233 44556677");
  Ipv4Fields ip = Between(ends, 0xfffe);
  ip.flags_and_offset = kDontFragment;
  ip.tos = 0x0a;
  cases.push_back(CutTcp(ip, tcp, Filler(1, 30000), 1400));
  tcp.options = Bytes(40, 1);
  cases.push_back(CutTcp(Between(ends, 5), tcp, Filler(2, 30001), 1372));
  UdpFields udp;
  udp.source_port = 4433;
  udp.destination_port = 40001;
  for (const auto& [size, segment] :
       std::vector<std::pair<std::size_t, std::size_t>>{{400, 200},
                                                        {401, 200},
                                                        {12800, 200},
                                                        {1400 * 40, 1400},
                                                        {1400 * 40 + 1, 1400},
                                                        {2848, 1424},
                                                        {2, 1},
                                                        {64, 1},
                                                        {1399, 700}}) {
    id += 100;
    cases.push_back(CutUdp(Between(ends, id), udp, Filler(id, size), segment));
  }
  Bytes zeroes;
  Ipv4Fields zero_ip = Between(ends, id += 100);
  for (int i = 0; i < 3; ++i) {
    const Bytes part = PayloadOfZeroChecksum(zero_ip, udp, 500);
    zeroes.insert(zeroes.end(), part.begin(), part.end());
  }
  cases.push_back(CutUdp(zero_ip, udp, zeroes, 500));
  return cases;
}

}  // namespace sstpgw::test
