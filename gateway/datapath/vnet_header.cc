#include "gateway/datapath/vnet_header.h"

#include <cstring>

namespace sstpgw::datapath {

VnetHeader ParseVnetHeader(std::span<const std::uint8_t, kVnetHeaderSize> bytes) {
  VnetHeader header;
  header.flags = bytes[0];
  header.gso_type = bytes[1];
  std::memcpy(&header.header_length, &bytes[2], 2);
  std::memcpy(&header.gso_size, &bytes[4], 2);
  std::memcpy(&header.checksum_start, &bytes[6], 2);
  std::memcpy(&header.checksum_offset, &bytes[8], 2);
  return header;
}

void SerializeVnetHeader(const VnetHeader& header, std::span<std::uint8_t, kVnetHeaderSize> out) {
  out[0] = header.flags;
  out[1] = header.gso_type;
  std::memcpy(&out[2], &header.header_length, 2);
  std::memcpy(&out[4], &header.gso_size, 2);
  std::memcpy(&out[6], &header.checksum_start, 2);
  std::memcpy(&out[8], &header.checksum_offset, 2);
}

}  // namespace sstpgw::datapath
