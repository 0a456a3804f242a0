// The client's own view of the wire, written apart from gateway/codec on purpose: if both sides
// shared one codec, a wrong byte would agree with itself.
//
// SSTP packet ([MS-SSTP] 2.2.1):  version 0x10 | C bit | R(4) length(12) | data
// Control message (2.2.2):        type(2) | number of attributes(2) | attributes
// Data packet:                    FF 03 | PPP protocol(2) | information (RFC 1661 2)
// PPP control packet (RFC 1661 5): code | identifier | length(2) | data
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/base/types.h"

namespace sstpgw::client {

// [MS-SSTP] 2.2.2 Message Type.
inline constexpr std::uint16_t kCallConnectRequest = 1;
inline constexpr std::uint16_t kCallConnectAck = 2;
inline constexpr std::uint16_t kCallConnectNak = 3;
inline constexpr std::uint16_t kCallConnected = 4;
inline constexpr std::uint16_t kCallAbort = 5;
inline constexpr std::uint16_t kCallDisconnect = 6;
inline constexpr std::uint16_t kCallDisconnectAck = 7;
inline constexpr std::uint16_t kSstpEchoRequest = 8;
inline constexpr std::uint16_t kSstpEchoResponse = 9;

// [MS-SSTP] 2.2.4 Attribute ID.
inline constexpr std::uint8_t kEncapsulatedProtocolId = 1;
inline constexpr std::uint8_t kStatusInfo = 2;
inline constexpr std::uint8_t kCryptoBinding = 3;
inline constexpr std::uint8_t kCryptoBindingRequest = 4;

// PPP protocol numbers.
inline constexpr std::uint16_t kIpv4 = 0x0021;
inline constexpr std::uint16_t kIpv6 = 0x0057;
inline constexpr std::uint16_t kCompressed = 0x00fd;  // MPPE (RFC 3078)
inline constexpr std::uint16_t kIpcp = 0x8021;
inline constexpr std::uint16_t kIpv6cp = 0x8057;
inline constexpr std::uint16_t kCcp = 0x80fd;
inline constexpr std::uint16_t kLcp = 0xc021;
inline constexpr std::uint16_t kPap = 0xc023;
inline constexpr std::uint16_t kChap = 0xc223;
inline constexpr std::uint16_t kEap = 0xc227;

// RFC 1661 5 codes; PAP and CHAP number theirs alike from 1.
inline constexpr std::uint8_t kConfReq = 1;
inline constexpr std::uint8_t kConfAck = 2;
inline constexpr std::uint8_t kConfNak = 3;
inline constexpr std::uint8_t kConfRej = 4;
inline constexpr std::uint8_t kTermReq = 5;
inline constexpr std::uint8_t kTermAck = 6;
inline constexpr std::uint8_t kCodeRej = 7;
inline constexpr std::uint8_t kProtoRej = 8;
inline constexpr std::uint8_t kEchoReq = 9;
inline constexpr std::uint8_t kEchoRep = 10;
inline constexpr std::uint8_t kIdent = 12;

struct SstpAttribute {
  std::uint8_t id = 0;
  Bytes value;  // without the 4-octet attribute header
};

struct PppOption {
  std::uint8_t type = 0;
  Bytes value;  // without type and length
  friend bool operator==(const PppOption&, const PppOption&) = default;
};

// A PPP control packet: LCP, NCP, PAP, CHAP or EAP.
struct PppControl {
  std::uint8_t code = 0;
  std::uint8_t id = 0;
  Bytes data;
};

struct PppFrame {
  std::uint16_t protocol = 0;
  Bytes information;
};

// One whole SSTP packet as it was on the wire.
struct SstpPacket {
  Bytes raw;
  [[nodiscard]] bool is_control() const { return raw.size() >= 8 && (raw[1] & 1) != 0; }
  // 0 for a data packet.
  [[nodiscard]] std::uint16_t message_type() const;
  // Empty if the attributes do not fit their lengths.
  [[nodiscard]] std::vector<SstpAttribute> attributes() const;
  // A data packet's frame; nullopt for a control packet or an unreadable frame.
  [[nodiscard]] std::optional<PppFrame> frame() const;
  // CALL_ABORT, CALL_DISCONNECT, CALL_CONNECT_NAK: Status of the first Status Info attribute.
  [[nodiscard]] std::optional<std::uint32_t> status() const;
  // For a Status Info attribute: which attribute it speaks of.
  [[nodiscard]] std::optional<std::uint8_t> status_attribute() const;
};

[[nodiscard]] Bytes Concat(const std::vector<Bytes>& parts);
[[nodiscard]] Bytes Be16(std::uint16_t value);
[[nodiscard]] Bytes Be32(std::uint32_t value);
// 16 bits in network order, which are there.
[[nodiscard]] std::uint16_t Get16(ByteView bytes, std::size_t at);
void Put16(Bytes& bytes, std::size_t at, std::uint16_t value);
// The folded one's complement sum of 16-bit words, an odd octet padded with zero (RFC 1071). Over
// octets with their checksum in place: 0xffff when that is right.
[[nodiscard]] std::uint16_t FoldedSum(ByteView octets, std::uint32_t start = 0);
[[nodiscard]] Bytes ToBytes(std::string_view text);
// "10 01 00 0e", blanks allowed. For tests and tools; anything else ends at the wrong digit.
[[nodiscard]] Bytes FromHex(std::string_view hex);

[[nodiscard]] Bytes SstpControl(std::uint16_t type, const std::vector<SstpAttribute>& attributes);
[[nodiscard]] Bytes CallConnectRequest();
// Status Info attribute body for `attribute_id` and `status`.
[[nodiscard]] Bytes SstpWithStatus(std::uint16_t type, std::uint8_t attribute_id,
                                   std::uint32_t status);
// One SSTP data packet around a PPP frame, FF 03 in front.
[[nodiscard]] Bytes SstpData(std::uint16_t protocol, ByteView information);
// One SSTP data packet around an LCP, NCP, PAP or CHAP packet.
[[nodiscard]] Bytes SstpPpp(std::uint16_t protocol, const PppControl& packet);

[[nodiscard]] Bytes EncodeOptions(const std::vector<PppOption>& options);
// nullopt if an option's length is below 2 or passes the end.
[[nodiscard]] std::optional<std::vector<PppOption>> ParseOptions(ByteView data);
// nullopt if Length is below 4 or passes the information field.
[[nodiscard]] std::optional<PppControl> ParsePppControl(ByteView information);

// The HTTP request of features 1.2.
[[nodiscard]] std::string HttpRequest(std::string_view host, std::string_view correlation_id);

// The IPv4 or IPv6 packet in the SSTP data packet that `stream` begins with, framed FF 03 00 21 or
// FF 03 00 57. Empty if it begins with anything else, or with less than all of it.
[[nodiscard]] ByteView LeadingIp(ByteView stream);
// What SSTP and PPP put in front of such a packet.
inline constexpr std::size_t kIpFrameHeader = 8;
// That header for a packet of `size` octets, at most kMaxIp.
[[nodiscard]] std::array<std::uint8_t, kIpFrameHeader> IpFrameHeader(std::uint16_t protocol,
                                                                     std::size_t size);
inline constexpr std::size_t kMaxIp = 4087;  // 4095 less SSTP and PPP header
// By an IP packet's version: kIpv4, kIpv6, or 0 for what is neither.
[[nodiscard]] std::uint16_t ProtocolOfIp(ByteView packet);

// Cuts a stream into SSTP packets. Holds at most one partial packet (4095 octets) plus what was
// just appended.
class SstpSplitter {
 public:
  // Nothing is held that Next could still return.
  [[nodiscard]] bool empty() const { return start_ == buffer_.size(); }
  // Octets until the packet that has begun is complete, or until its length is known; at least 1.
  [[nodiscard]] std::size_t Lacking() const;
  void Append(ByteView bytes);
  // The next whole packet; nullopt if more octets are needed or the stream is broken.
  [[nodiscard]] std::optional<SstpPacket> Next();
  // Version byte not 0x10 or a length below 4: no packet boundaries any more.
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  Bytes buffer_;
  std::size_t start_ = 0;
  bool broken_ = false;
};

}  // namespace sstpgw::client
