#include "gateway/codec/ppp_frame.h"

#include <algorithm>

namespace sstpgw::codec {

std::string ToString(PppProtocol protocol) {
  switch (protocol) {
    case PppProtocol::kIpv4:
      return "IPv4";
    case PppProtocol::kIpv6:
      return "IPv6";
    case PppProtocol::kCompressed:
      return "COMP";
    case PppProtocol::kIpcp:
      return "IPCP";
    case PppProtocol::kEcp:
      return "ECP";
    case PppProtocol::kIpv6cp:
      return "IPV6CP";
    case PppProtocol::kCcp:
      return "CCP";
    case PppProtocol::kLcp:
      return "LCP";
    case PppProtocol::kPap:
      return "PAP";
    case PppProtocol::kLqr:
      return "LQR";
    case PppProtocol::kCbcp:
      return "CBCP";
    case PppProtocol::kChap:
      return "CHAP";
    case PppProtocol::kEap:
      return "EAP";
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::string name = "0x";
  for (int shift = 12; shift >= 0; shift -= 4) {
    name += kDigits[(static_cast<std::uint16_t>(protocol) >> shift) & 15];
  }
  return name;
}

Parsed<PppFrame> ParsePppFrame(ByteView frame) {
  std::size_t at = 0;
  if (frame.size() >= 2 && frame[0] == 0xff && frame[1] == 0x03) at = 2;
  if (frame.size() < at + 1) return FailAt(ParseErrc::kTruncated, frame.size());
  // The last octet of a protocol number is odd, all before it are even (RFC 1661 2).
  if ((frame[at] & 1) != 0) {
    return PppFrame{static_cast<PppProtocol>(frame[at]), frame.subspan(at + 1)};
  }
  if (frame.size() < at + 2) return FailAt(ParseErrc::kTruncated, frame.size());
  const auto number = static_cast<std::uint16_t>((frame[at] << 8) | frame[at + 1]);
  return PppFrame{static_cast<PppProtocol>(number), frame.subspan(at + 2)};
}

Bytes EncodeDataPacket(PppProtocol protocol, ByteView payload) {
  payload = payload.first(std::min(payload.size(), kMaxPppPayload));
  const auto header = DataHeaderBytes(protocol, payload.size());
  Bytes out;
  out.reserve(header.size() + payload.size());
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

}  // namespace sstpgw::codec
