#include "tests/support/capture.h"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstring>

#include "tests/support/namespaces.h"

namespace sstpgw::test {
namespace {

constexpr std::size_t kFileHeader = 24;
constexpr std::size_t kPacketHeader = 16;
constexpr std::size_t kEthernet = 14;
constexpr std::size_t kIpv4Minimum = 20;
constexpr std::size_t kTcpMinimum = 20;
constexpr std::size_t kUdpHeader = 8;

std::uint32_t Big(ByteView bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = (value << 8) | bytes[at + i];
  return value;
}

std::string Dotted(ByteView bytes, std::size_t at) {
  return std::to_string(bytes[at]) + "." + std::to_string(bytes[at + 1]) + "." +
         std::to_string(bytes[at + 2]) + "." + std::to_string(bytes[at + 3]);
}

struct Stream {
  std::uint32_t first = 0;  // sequence number of the first octet
  bool started = false;
  std::map<std::uint32_t, Bytes> segments;  // offset -> payload
};

void TakeFrame(ByteView frame, std::map<std::string, Stream>& streams) {
  if (frame.size() < kEthernet + kIpv4Minimum + kTcpMinimum || Big(frame, 12, 2) != 0x0800) return;
  const ByteView ip = frame.subspan(kEthernet);
  const std::size_t header = (ip[0] & 0x0fu) * 4u;
  const std::size_t total = Big(ip, 2, 2);
  if (ip[9] != 6 || total > ip.size() || header + kTcpMinimum > total) return;
  const ByteView tcp = ip.subspan(header, total - header);
  const std::size_t offset = (tcp[12] >> 4) * 4u;
  if (offset > tcp.size()) return;
  const std::string key = Dotted(ip, 12) + ":" + std::to_string(Big(tcp, 0, 2)) + ">" +
                          Dotted(ip, 16) + ":" + std::to_string(Big(tcp, 2, 2));
  Stream& stream = streams[key];
  const std::uint32_t sequence = Big(tcp, 4, 4);
  const bool syn = (tcp[13] & 0x02) != 0;
  if (syn || !stream.started) {
    stream.first = sequence + (syn ? 1 : 0);
    stream.started = true;
  }
  const ByteView payload = tcp.subspan(offset);
  if (payload.empty() || syn) return;
  Bytes& kept = stream.segments[sequence - stream.first];
  if (payload.size() > kept.size()) kept.assign(payload.begin(), payload.end());
}

struct CapturedFrame {
  std::chrono::microseconds time{0};
  ByteView octets;
};

// As they stand in `pcap`, which must outlive the result.
std::vector<CapturedFrame> Frames(const std::string& pcap) {
  std::vector<CapturedFrame> frames;
  const ByteView file(reinterpret_cast<const std::uint8_t*>(pcap.data()), pcap.size());
  std::size_t at = kFileHeader;
  while (at + kPacketHeader <= file.size()) {
    // Seconds, microseconds, length; written in this machine's byte order.
    std::array<std::uint32_t, 3> numbers{};
    std::memcpy(numbers.data(), file.data() + at, sizeof numbers);
    at += kPacketHeader;
    if (numbers[2] > file.size() - at) break;
    frames.push_back({std::chrono::seconds(numbers[0]) + std::chrono::microseconds(numbers[1]),
                      file.subspan(at, numbers[2])});
    at += numbers[2];
  }
  return frames;
}

}  // namespace

Capture::Capture(const Namespace& where, const std::string& interface, const std::string& filter)
    : file_(directory_.File("capture.pcap")),
      tcpdump_({"tcpdump", "-Z", "root", "-i", interface, "-s", "0", "-B", "16384",
                "--immediate-mode", "-U", "-w", file_, filter},
               {&where, {}, "tcpdump"}) {
  EXPECT_TRUE(tcpdump_.WaitForLine("listening on", std::chrono::seconds(20))) << tcpdump_.Output();
}

std::string Capture::Finish() {
  tcpdump_.Signal(SIGINT);
  EXPECT_TRUE(tcpdump_.Wait(std::chrono::seconds(20))) << "tcpdump does not end";
  return ReadFile(file_);
}

std::map<std::string, Bytes> TcpStreams(const std::string& pcap) {
  std::map<std::string, Stream> streams;
  for (const CapturedFrame& frame : Frames(pcap)) TakeFrame(frame.octets, streams);
  std::map<std::string, Bytes> out;
  for (const auto& [key, stream] : streams) {
    Bytes& whole = out[key];
    for (const auto& [offset, payload] : stream.segments) {
      if (offset > whole.size()) break;  // a hole: tcpdump missed a segment
      const std::size_t known = whole.size() - offset;
      if (known >= payload.size()) continue;
      whole.insert(whole.end(), payload.begin() + static_cast<std::ptrdiff_t>(known),
                   payload.end());
    }
  }
  return out;
}

std::vector<CapturedDatagram> UdpDatagrams(const std::string& pcap) {
  std::vector<CapturedDatagram> datagrams;
  for (const CapturedFrame& frame : Frames(pcap)) {
    if (frame.octets.size() < kEthernet + kIpv4Minimum || Big(frame.octets, 12, 2) != 0x0800) {
      continue;
    }
    const ByteView ip = frame.octets.subspan(kEthernet);
    const std::size_t header = (ip[0] & 0x0fu) * 4u;
    const std::size_t total = Big(ip, 2, 2);
    const bool fragment = (Big(ip, 6, 2) & 0x3fff) != 0;
    if (ip[9] != 17 || fragment || total > ip.size() || header + kUdpHeader > total) continue;
    const ByteView udp = ip.subspan(header, total - header);
    const ByteView payload = udp.subspan(kUdpHeader);
    datagrams.push_back({frame.time, Dotted(ip, 12) + ":" + std::to_string(Big(udp, 0, 2)),
                         Dotted(ip, 16) + ":" + std::to_string(Big(udp, 2, 2)),
                         Bytes(payload.begin(), payload.end())});
  }
  return datagrams;
}

bool IsOnlyTls(const Bytes& stream) {
  std::size_t at = 0;
  while (at + 5 <= stream.size()) {
    const bool known_type = stream[at] >= 20 && stream[at] <= 23;
    const bool known_version = stream[at + 1] == 3 && stream[at + 2] <= 4;
    const std::size_t length = Big(stream, at + 3, 2);
    if (!known_type || !known_version || length > 16384 + 256) return false;
    at += 5 + length;
  }
  return !stream.empty();
}

}  // namespace sstpgw::test
