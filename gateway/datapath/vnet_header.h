// The header in front of every packet that goes through a TUN with IFF_VNET_HDR: what is still to
// be done to the packet (virtio 1.x, 5.1.6, legacy form of ten octets in the machine's byte order).
// Own constants, since <linux/virtio_net.h> does not compile as C++.
//
//   0       1          2               4          6                8
//   | flags | gso_type | header_length | gso_size | checksum_start | checksum_offset |
#pragma once

#include <cstdint>
#include <span>

namespace sstpgw::datapath {

inline constexpr std::size_t kVnetHeaderSize = 10;

// flags
inline constexpr std::uint8_t kVnetNeedsChecksum = 1;  // checksum_start, checksum_offset count
// gso_type
inline constexpr std::uint8_t kVnetGsoNone = 0;
inline constexpr std::uint8_t kVnetGsoTcpv4 = 1;
inline constexpr std::uint8_t kVnetGsoTcpv6 = 4;
inline constexpr std::uint8_t kVnetGsoUdpL4 = 5;
inline constexpr std::uint8_t kVnetGsoEcn = 0x80;  // a bit on top of TCP: CWR is set

// Lengths and offsets in octets from the beginning of the IP packet; the all-zero header means a
// packet that is finished.
struct VnetHeader {
  std::uint8_t flags = 0;
  std::uint8_t gso_type = 0;
  std::uint16_t header_length = 0;    // all headers up to the payload; a hint, not to be relied on
  std::uint16_t gso_size = 0;         // payload octets per segment
  std::uint16_t checksum_start = 0;   // sum from here to the end
  std::uint16_t checksum_offset = 0;  // the field is so far behind checksum_start

  friend bool operator==(const VnetHeader&, const VnetHeader&) = default;
};

// Any ten octets are a header; what makes sense is for the reader of the packet to judge.
[[nodiscard]] VnetHeader ParseVnetHeader(std::span<const std::uint8_t, kVnetHeaderSize> bytes);
void SerializeVnetHeader(const VnetHeader& header, std::span<std::uint8_t, kVnetHeaderSize> out);

}  // namespace sstpgw::datapath
