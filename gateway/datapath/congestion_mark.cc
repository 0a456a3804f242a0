#include "gateway/datapath/congestion_mark.h"

#include "ebpf/packet.h"
#include "gateway/datapath/packet_fields.h"

namespace sstpgw::datapath {
namespace {

// A checksum after one word of what it covers has changed (RFC 1624, equation 3).
std::uint16_t UpdatedChecksum(std::uint16_t checksum, std::uint16_t before, std::uint16_t after) {
  std::uint32_t sum = static_cast<std::uint16_t>(~checksum);
  sum += static_cast<std::uint16_t>(~before);
  sum += after;
  sum = (sum >> 16) + (sum & 0xffffU);
  sum = (sum >> 16) + (sum & 0xffffU);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

std::uint8_t EcnOf(ByteView packet) {
  if (packet.size() < kIpv4HeaderSize) return kNotEct;
  if (IpVersion(packet) == 6 && packet.size() < kIpv6HeaderSize) return kNotEct;
  return static_cast<std::uint8_t>(sg_ecn(packet.data()));
}

bool MarkCongestion(std::span<std::uint8_t> packet) {
  if (EcnOf(packet) == kNotEct) return false;
  if (IpVersion(packet) == 6) {
    packet[1] |= kCongestionExperienced << 4;
    return true;
  }
  const std::uint16_t before = Load16(packet.data());
  packet[1] |= kCongestionExperienced;
  Store16(&packet[kIpv4Checksum],
          UpdatedChecksum(Load16(&packet[kIpv4Checksum]), before, Load16(packet.data())));
  return true;
}

}  // namespace sstpgw::datapath
