#include "tests/netns/odd_traffic.h"

#include <algorithm>
#include <array>
#include <functional>
#include <initializer_list>
#include <map>
#include <random>

#include "tests/client/wire.h"

namespace sstpgw::test {
namespace {

using client::FromHex;

constexpr std::uint32_t kSegment = 1000;
constexpr std::size_t kUdpHeaders = 28;
constexpr std::size_t kTcpHeaders = 40;

// One direction of a TCP connection that counts its sequence numbers and IPv4 identifications.
class TcpTalk {
 public:
  TcpTalk(const Ends& ends, std::uint16_t port, std::vector<Bytes>& out) : out_(out) {
    ip.source = ends.source;
    ip.destination = ends.destination;
    ip.flags_and_offset = kDontFragment;
    tcp.source_port = port;
    tcp.destination_port = 5001;
    tcp.sequence = 0x10000000u + port;
    tcp.acknowledgement = 0x20000000u;
  }
  // The next segment; `change` makes it odd and is forgotten afterwards.
  struct Fields {
    Ipv4Fields& ip;
    TcpFields& tcp;
  };
  void Say(std::size_t size, const std::function<void(Fields)>& change = nullptr) {
    const Ipv4Fields kept_ip = ip;
    const TcpFields kept_tcp = tcp;
    if (change) change({ip, tcp});
    out_.push_back(MakeTcp(ip, tcp, Filler(++number_, size)));
    ip = kept_ip;
    tcp = kept_tcp;
    ++ip.id;
    tcp.sequence += static_cast<std::uint32_t>(size);
  }
  void Run(std::size_t count, std::size_t size = kSegment) {
    for (std::size_t i = 0; i < count; ++i) Say(size);
  }
  // Spoils an octet of the segment said last.
  void Spoil(std::ptrdiff_t at) { out_.back() = Spoiled(out_.back(), at); }

  Ipv4Fields ip;
  TcpFields tcp;

 private:
  std::vector<Bytes>& out_;
  std::uint64_t number_ = 0;
};

Bytes Timestamps(std::uint32_t value) {
  return client::Concat({FromHex("0101080a"), client::Be32(value), FromHex("00000007")});
}

using Change = std::function<void(TcpTalk::Fields)>;

Change Flags(std::uint16_t flags) {
  return [flags](TcpTalk::Fields at) { at.tcp.flags = flags; };
}

// Each makes a segment that does not continue the one before.
std::vector<Change> Breaks() {
  std::vector<Change> breaks;
  for (const std::uint16_t flag : std::initializer_list<std::uint16_t>{
           kFin, kSyn, kRst, kPsh, kUrg, kEce, kCwr, kAccurateEcn, 0x200, 0x400}) {
    breaks.push_back(Flags(kAck | flag));
  }
  breaks.push_back(Flags(0));
  breaks.push_back(Flags(0xfff));
  breaks.push_back(Flags(kAck | kEce | kCwr));
  breaks.push_back([](TcpTalk::Fields at) { ++at.tcp.acknowledgement; });
  breaks.push_back([](TcpTalk::Fields at) { --at.tcp.window; });
  breaks.push_back([](TcpTalk::Fields at) { at.tcp.urgent = 9; });
  breaks.push_back([](TcpTalk::Fields at) { at.tcp.options = Timestamps(1); });
  breaks.push_back([](TcpTalk::Fields at) { at.tcp.options = FromHex("01010101"); });
  breaks.push_back(
      [](TcpTalk::Fields at) { at.tcp.options = FromHex("0101050a00000001 00000009"); });
  // Broken: a length of zero, and one beyond the header.
  breaks.push_back([](TcpTalk::Fields at) { at.tcp.options = FromHex("08000000"); });
  breaks.push_back([](TcpTalk::Fields at) { at.tcp.options = FromHex("fe280102"); });
  breaks.push_back([](TcpTalk::Fields at) { at.tcp.options = Bytes(40, 1); });
  breaks.push_back([](TcpTalk::Fields at) { at.ip.tos = 3; });
  breaks.push_back([](TcpTalk::Fields at) { at.ip.tos = 0xb8; });
  breaks.push_back([](TcpTalk::Fields at) { at.ip.ttl = 63; });
  breaks.push_back([](TcpTalk::Fields at) { at.ip.flags_and_offset = 0; });
  breaks.push_back([](TcpTalk::Fields at) { at.ip.flags_and_offset = 0x8000 | kDontFragment; });
  breaks.push_back([](TcpTalk::Fields at) { at.ip.id = 7; });
  breaks.push_back([](TcpTalk::Fields at) { at.ip.options = FromHex("01010100"); });
  breaks.push_back([](TcpTalk::Fields at) { at.tcp.sequence -= kSegment; });
  breaks.push_back([](TcpTalk::Fields at) { at.tcp.sequence -= 1; });
  breaks.push_back([](TcpTalk::Fields at) { at.tcp.sequence += 1; });
  breaks.push_back([](TcpTalk::Fields at) { at.tcp.sequence += 0x80000000u; });
  breaks.push_back([](TcpTalk::Fields at) { ++at.tcp.source_port; });
  breaks.push_back([](TcpTalk::Fields at) { ++at.tcp.destination_port; });
  return breaks;
}

Ipv4Fields Between(const Ends& ends) {
  Ipv4Fields ip;
  ip.source = ends.source;
  ip.destination = ends.destination;
  return ip;
}

Bytes Udp(const Ends& ends, std::uint16_t port, std::uint16_t id, std::size_t size,
          bool checksum = true) {
  Ipv4Fields ip = Between(ends);
  ip.id = id;
  UdpFields udp;
  udp.source_port = port;
  udp.destination_port = 5002;
  udp.checksum = checksum;
  return MakeUdp(ip, udp, Filler(id, size));
}

}  // namespace

std::vector<Bytes> EverySize(const Ends& ends) {
  std::vector<Bytes> out;
  TcpTalk talk(ends, 1024, out);
  for (std::size_t size = kUdpHeaders; size <= kTunnelMtu; ++size) {
    const auto number = static_cast<std::uint16_t>(size);
    out.push_back(Udp(ends, 1025, number, size - kUdpHeaders));
    Ipv4Fields ip = Between(ends);
    ip.id = number;
    out.push_back(MakeEchoRequest(ip, 1, number, Filler(number, size - kUdpHeaders)));
    if (size >= kTcpHeaders) talk.Say(size - kTcpHeaders);
  }
  return out;
}

std::vector<Bytes> TcpRuns(const Ends& ends) {
  std::vector<Bytes> out;
  std::uint16_t port = 2000;
  for (const Change& change : Breaks()) {
    TcpTalk talk(ends, port += 10, out);
    talk.Run(3);
    talk.Say(kSegment, change);
    talk.Run(2);
    talk.Say(kSegment / 2, change);
    talk.Run(2);
  }
  // All of a run has it, not one segment: what may be merged must keep it.
  for (const Change& change : Breaks()) {
    TcpTalk talk(ends, port += 10, out);
    for (int i = 0; i < 4; ++i) talk.Say(kSegment, change);
  }
  TcpTalk sizes(ends, port += 10, out);
  for (const std::size_t size : {1000, 1000, 999, 1000, 1000, 1001, 1001, 1, 1, 1, 0, 0, 1, 1412}) {
    sizes.Say(size);
  }
  // More than fits one super-packet: in octets, and in segments.
  TcpTalk large(ends, port += 10, out);
  large.Run(100, kTunnelMtu - kTcpHeaders);
  TcpTalk small(ends, port += 10, out);
  small.Run(200, 8);
  TcpTalk wrap(ends, port += 10, out);
  wrap.ip.id = 0xfffd;
  wrap.tcp.sequence = 0xffffffffu - 2500;
  wrap.Run(6);
  TcpTalk same_id(ends, port += 10, out);
  for (int i = 0; i < 6; ++i) same_id.Say(kSegment, [](TcpTalk::Fields at) { at.ip.id = 0; });
  TcpTalk stamps(ends, port += 10, out);
  for (const std::uint32_t value : {1u, 1u, 1u, 2u, 2u, 3u, 3u}) {
    stamps.tcp.options = Timestamps(value);
    stamps.Say(kSegment);
  }
  return out;
}

std::vector<Bytes> OddTcp(const Ends& ends) {
  std::vector<Bytes> out;
  // Wrong checksums, in every place of a run, of the header and of the payload.
  std::uint16_t port = 7000;
  for (std::size_t place = 0; place < 4; ++place) {
    for (const std::ptrdiff_t octet : {36, 37, -1}) {
      TcpTalk talk(ends, port += 10, out);
      for (std::size_t i = 0; i < 4; ++i) {
        talk.Say(kSegment);
        if (i == place) talk.Spoil(octet);
      }
    }
  }
  // A data offset below the least one, and beyond the packet.
  TcpTalk offsets(ends, 8000, out);
  for (const std::uint8_t offset : std::initializer_list<std::uint8_t>{0, 4, 5, 6, 15}) {
    offsets.Run(2, 20);
    offsets.Say(20, [offset](TcpTalk::Fields at) { at.tcp.offset = offset; });
  }
  // Out of order, twice the same, overlapping.
  TcpTalk order(ends, 8010, out);
  for (const int step : {3, 1, 2, 2, 0, 1, 4, 3}) {
    order.Say(kSegment, [step](TcpTalk::Fields at) {
      at.tcp.sequence = 0x30000000u + static_cast<std::uint32_t>(step) * kSegment;
    });
  }
  // Less than a TCP header.
  Ipv4Fields ip = Between(ends);
  ip.protocol = 6;
  for (std::size_t size = 8; size < 20; ++size) {
    ip.id = static_cast<std::uint16_t>(size);
    out.push_back(MakeIpv4(ip, Filler(size, size)));
  }
  // Two directions' worth of acknowledgements, as a receiver sends them.
  TcpTalk acks(ends, 8020, out);
  for (std::uint32_t i = 0; i < 20; ++i) {
    acks.tcp.acknowledgement += 2800;
    acks.Say(0);
    if (i % 5 == 4) acks.Say(0);
  }
  return out;
}

std::vector<Bytes> UdpRuns(const Ends& ends) {
  std::vector<Bytes> out;
  std::uint16_t id = 0;
  std::uint16_t port = 3000;
  for (const std::size_t size : {0, 1, 2, 200, 1400, 1424}) {
    for (const bool checksum : {true, false}) {
      // More than 64 of one size, then a short one, one of the size again, a long one.
      ++port;
      for (int i = 0; i < 70; ++i) out.push_back(Udp(ends, port, ++id, size, checksum));
      if (size > 0) out.push_back(Udp(ends, port, ++id, size - 1, checksum));
      out.push_back(Udp(ends, port, ++id, size, checksum));
      if (size < 1424) out.push_back(Udp(ends, port, ++id, size + 1, checksum));
      // Checksums in turns.
      for (int i = 0; i < 6; ++i) out.push_back(Udp(ends, port, ++id, size, i % 2 == 0));
    }
  }
  // Wrong checksums and lengths in a run.
  for (const std::uint16_t length :
       std::initializer_list<std::uint16_t>{0, 7, 8, 108, 109, 0xffff}) {
    for (int i = 0; i < 5; ++i) {
      Ipv4Fields ip = Between(ends);
      ip.id = ++id;
      UdpFields udp;
      udp.source_port = 4000;
      udp.destination_port = 5002;
      if (i == 2) udp.length = length;
      out.push_back(MakeUdp(ip, udp, Filler(id, 100)));
      if (i == 3) out.back() = Spoiled(out.back(), length % 2 == 0 ? 26 : -1);
    }
  }
  return out;
}

std::vector<Bytes> NoFlows(const Ends& ends) {
  std::vector<Bytes> odd;
  Ipv4Fields ip = Between(ends);
  for (const std::uint8_t protocol :
       std::initializer_list<std::uint8_t>{1, 2, 4, 41, 47, 50, 132, 136, 255}) {
    ip.protocol = protocol;
    ++ip.id;
    odd.push_back(MakeIpv4(ip, Filler(protocol, 60)));
  }
  // A datagram in pieces, in and out of order; pieces of TCP that begin within its header.
  for (const std::uint8_t protocol : std::initializer_list<std::uint8_t>{17, 6}) {
    const Bytes whole = protocol == 17 ? Udp(ends, 77, 5, 2800) : Filler(9, 3000);
    ip.protocol = protocol;
    ++ip.id;
    for (const std::size_t piece : {0, 1, 3, 2, 2}) {
      const std::size_t at = piece * 704;
      const std::size_t size = std::min<std::size_t>(704, whole.size() - at - 20);
      ip.flags_and_offset = static_cast<std::uint16_t>((piece < 3 ? kMoreFragments : 0) | (at / 8));
      odd.push_back(MakeIpv4(ip, ByteView(whole).subspan(20 + at, size)));
    }
    ip.flags_and_offset = kMoreFragments;
    odd.push_back(MakeIpv4(ip, ByteView(whole).subspan(20, 8)));
    ip.flags_and_offset = 1;
    odd.push_back(MakeIpv4(ip, ByteView(whole).subspan(28, 100)));
    ip.flags_and_offset = 0;
  }
  // Among a flow, so that something waits to be merged when each of them comes.
  std::vector<Bytes> out;
  TcpTalk talk(ends, 6000, out);
  std::uint16_t id = 0;
  for (const Bytes& packet : odd) {
    talk.Run(2);
    out.push_back(Udp(ends, 6001, ++id, 300));
    out.push_back(Udp(ends, 6001, ++id, 300));
    out.push_back(packet);
  }
  // Options of IPv4: no operation, stream id, security, an unknown one.
  for (const char* options : {"01010101", "88040001", "820b00000000000000000001", "5e04beef"}) {
    talk.ip.options = FromHex(options);
    talk.Run(3, 100);
  }
  return out;
}

std::vector<Bytes> Mixture(const Ends& ends, std::uint64_t seed, std::size_t count,
                           std::size_t flows) {
  std::mt19937_64 random(seed);
  const auto below = [&random](std::size_t limit) {
    return static_cast<std::size_t>(random() % limit);
  };
  std::vector<Bytes> out;
  std::vector<TcpTalk> talks;
  std::vector<std::size_t> udp_sizes;
  for (std::size_t i = 0; i < flows; ++i) {
    talks.emplace_back(ends, static_cast<std::uint16_t>(9000 + i), out);
    udp_sizes.push_back(std::array<std::size_t, 4>{200, 1400, 64, 512}[i % 4]);
  }
  const std::vector<Change> breaks = Breaks();
  std::uint16_t id = 0;
  while (out.size() < count) {
    const std::size_t kind = below(20);
    TcpTalk& talk = talks[below(talks.size())];
    const std::size_t flow = below(udp_sizes.size());
    if (kind < 9) {
      for (std::size_t run = 1 + below(8); run > 0; --run)
        talk.Say(below(8) == 0 ? below(1413) : 1400);
      if (below(6) == 0) talk.Spoil(-1);
    } else if (kind < 11) {
      talk.Say(below(1300), breaks[below(breaks.size())]);
    } else if (kind < 17) {
      if (below(10) == 0) udp_sizes[flow] = below(1425);
      for (std::size_t run = 1 + below(8); run > 0; --run) {
        out.push_back(Udp(ends, static_cast<std::uint16_t>(9100 + flow), ++id, udp_sizes[flow],
                          flow % 4 != 3));
      }
    } else {
      Ipv4Fields ip = Between(ends);
      ip.id = ++id;
      if (kind == 17) ip.flags_and_offset = static_cast<std::uint16_t>(kMoreFragments | below(100));
      out.push_back(MakeEchoRequest(ip, 1, id, Filler(id, below(1425))));
    }
  }
  return out;
}

std::vector<Bytes> AllForwarded(std::vector<Bytes> packets) {
  for (Bytes& packet : packets) packet = Forwarded(std::move(packet));
  return packets;
}

}  // namespace sstpgw::test
