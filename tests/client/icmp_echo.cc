#include "tests/client/icmp_echo.h"

#include <algorithm>
#include <array>

#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

constexpr std::size_t kIpHeader = 20;
constexpr std::size_t kIcmpHeader = 8;
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kRequest = 8;
constexpr std::uint8_t kReply = 0;
constexpr std::uint8_t kTtl = 64;

std::uint16_t InternetChecksum(ByteView bytes) {
  return static_cast<std::uint16_t>(~FoldedSum(bytes));
}

// Zero has two forms in one's complement. Some systems write 0000 over a message of zeros alone, as
// the reply to identifier 0 and sequence 0 is, where RFC 1071 has ffff.
bool ChecksumFits(ByteView bytes) { return FoldedSum(bytes) % 0xffff == 0; }

Ipv4Address AddressAt(ByteView packet, std::size_t at) {
  return Ipv4Address::FromOctets({packet[at], packet[at + 1], packet[at + 2], packet[at + 3]});
}

void PutChecksums(Bytes& packet, std::size_t header) {
  Put16(packet, 10, 0);
  Put16(packet, 10, InternetChecksum(ByteView(packet).first(header)));
  Put16(packet, header + 2, 0);
  Put16(packet, header + 2, InternetChecksum(ByteView(packet).subspan(header)));
}

// The IP packet without what may follow its length, if it is a whole ICMP echo message of `type`
// with right checksums; otherwise empty.
ByteView EchoMessage(ByteView packet, std::uint8_t type) {
  if (packet.size() < kIpHeader + kIcmpHeader || packet[0] >> 4 != 4) return {};
  const std::size_t header = std::size_t{packet[0]} % 16 * 4;
  const std::size_t total = Get16(packet, 2);
  if (header < kIpHeader || total < header + kIcmpHeader || total > packet.size()) return {};
  if (packet[9] != kIcmp || (Get16(packet, 6) & 0x3fff) != 0) return {};  // a fragment
  packet = packet.first(total);
  if (!ChecksumFits(packet.first(header))) return {};
  const ByteView icmp = packet.subspan(header);
  if (icmp[0] != type || icmp[1] != 0 || !ChecksumFits(icmp)) return {};
  return packet;
}

}  // namespace

Bytes EchoRequest(const Echo& echo) {
  const auto from = echo.from.octets();
  const auto to = echo.to.octets();
  Bytes packet = Concat({{0x45, 0},
                         Be16(kIpHeader + kIcmpHeader),
                         Be16(echo.sequence),
                         {0x40, 0, kTtl, kIcmp, 0, 0},
                         Bytes(from.begin(), from.end()),
                         Bytes(to.begin(), to.end()),
                         {kRequest, 0, 0, 0},
                         Be16(echo.identifier),
                         Be16(echo.sequence)});
  PutChecksums(packet, kIpHeader);
  return packet;
}

std::optional<Bytes> EchoReply(ByteView packet, Ipv4Address self) {
  const ByteView request = EchoMessage(packet, kRequest);
  if (request.empty() || AddressAt(request, 16) != self) return std::nullopt;
  Bytes reply(request.begin(), request.end());
  std::swap_ranges(reply.begin() + 12, reply.begin() + 16, reply.begin() + 16);
  const std::size_t header = std::size_t{reply[0]} % 16 * 4;
  reply[8] = kTtl;
  reply[header] = kReply;
  PutChecksums(reply, header);
  return reply;
}

std::optional<Echo> ParseEchoReply(ByteView packet) {
  const ByteView reply = EchoMessage(packet, kReply);
  if (reply.empty()) return std::nullopt;
  const std::size_t header = std::size_t{reply[0]} % 16 * 4;
  return Echo{AddressAt(reply, 16), AddressAt(reply, 12), Get16(reply, header + 4),
              Get16(reply, header + 6)};
}

}  // namespace sstpgw::client
