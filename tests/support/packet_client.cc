#include "tests/support/packet_client.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sstpgw::test {
namespace {

constexpr std::size_t kLargestRecord = 16384;

// 1, 2, ... 64, then some large ones, and again.
std::size_t StraddlingSize(std::size_t step) {
  constexpr std::array<std::size_t, 4> kLarge{1459, 4099, 331, kLargestRecord};
  constexpr std::size_t kSmall = 64;
  const std::size_t at = step % (kSmall + kLarge.size());
  return at < kSmall ? at + 1 : kLarge[at - kSmall];
}

// What is no IP packet goes as IPv4.
std::uint16_t ProtocolOf(ByteView packet) {
  return client::ProtocolOfIp(packet) == client::kIpv6 ? client::kIpv6 : client::kIpv4;
}

}  // namespace

Bytes Framed(std::span<const Bytes> packets) {
  Bytes out;
  for (const Bytes& packet : packets) {
    const Bytes frame = client::SstpData(ProtocolOf(packet), packet);
    out.insert(out.end(), frame.begin(), frame.end());
  }
  return out;
}

PacketClient::PacketClient(Namespace& where, const ServerAddress& server,
                           client::ClientOptions options, const client::TlsOptions& tls)
    : dialer_(where, server, std::move(options), tls) {
  connection().on_ip_packet = [this](ByteView packet) {
    received.emplace_back(packet.begin(), packet.end());
  };
  connection().on_record = [this](ByteView record) {
    if (keep_records) records.emplace_back(record.begin(), record.end());
  };
}

bool PacketClient::DialUp() {
  if (!dialer_.DialUntil(client::Phase::kUp)) return false;
  connection().BeginBulk(0);
  return true;
}

void PacketClient::Send(std::span<const Bytes> packets, RecordFill fill) {
  if (fill == RecordFill::kOnePacket) {
    for (const Bytes& packet : packets) SendRecord(Framed({&packet, 1}));
    return;
  }
  const Bytes stream = Framed(packets);
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t wanted = fill == RecordFill::kFull ? kLargestRecord : StraddlingSize(cut_++);
    const std::size_t size = std::min(wanted, stream.size() - at);
    SendRecord(ByteView(stream).subspan(at, size));
    at += size;
  }
}

bool PacketClient::PumpUntil(const std::function<bool()>& fact, int descriptor,
                             std::chrono::milliseconds timeout) {
  const auto end = client::Now() + timeout;
  while (true) {
    connection().Run();
    if (fact()) return true;
    if (connection().finished() || client::Now() >= end) return false;
    std::array<pollfd, 2> waiting{
        {{connection().fd(), connection().wanted_events(), 0}, {descriptor, POLLIN, 0}}};
    poll(waiting.data(), waiting.size(), 100);
  }
}

}  // namespace sstpgw::test
