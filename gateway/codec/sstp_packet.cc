#include "gateway/codec/sstp_packet.h"

namespace sstpgw::codec {

Parsed<SstpHeader> ParseSstpHeader(ByteView bytes) {
  if (bytes.size() < kSstpHeaderSize) return FailAt(ParseErrc::kTruncated, bytes.size());
  if (bytes[0] != kSstpVersion) return FailAt(ParseErrc::kBadVersion, 0);
  SstpHeader header;
  header.control = (bytes[1] & 0x01) != 0;
  header.length = static_cast<std::uint16_t>(((bytes[2] & 0x0f) << 8) | bytes[3]);
  if (header.length < (header.control ? kSstpControlHeaderSize : kSstpHeaderSize)) {
    return FailAt(ParseErrc::kBadLength, 2);
  }
  return header;
}

}  // namespace sstpgw::codec
