// RADIUS packets (RFC 2865 3 and 5, RFC 2868, RFC 3162, RFC 5176) as values.
//
//    0                   1                   2                   3
//   |     Code      |  Identifier   |            Length             |   Length: 20..4096, may be
//   |                  Authenticator, 16 octets                     |   shorter than the datagram
//   |  Attributes: Type(1) Length(1, with these two) Value(0..253)  |   (the rest is padding)
//
// Vendor-Specific (26) holds Vendor-Id(4) and sub-attributes; each becomes an Attribute of its own,
// however many a sender put into one. What is well framed but not understood inside (lengths that
// lie, nothing in it, formats we do not know) stays as it came: vendor 0, type 26, Vendor-Id first.
//
// Nothing here judges who sent a packet; see authenticators.h. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

// Any octet may stand in a packet; these have names.
enum class Code : std::uint8_t {
  kAccessRequest = 1,
  kAccessAccept = 2,
  kAccessReject = 3,
  kAccountingRequest = 4,
  kAccountingResponse = 5,
  kAccessChallenge = 11,
  kStatusServer = 12,
  kDisconnectRequest = 40,
  kDisconnectAck = 41,
  kDisconnectNak = 42,
  kCoaRequest = 43,
  kCoaAck = 44,
  kCoaNak = 45,
};
[[nodiscard]] std::string ToString(Code code);  // "Access-Request"; "code 99"

inline constexpr std::size_t kHeaderSize = 20;
inline constexpr std::size_t kMaxPacketSize = 4096;
inline constexpr std::size_t kMaxValueSize = 253;   // of a standard attribute
inline constexpr std::size_t kMaxAttributes = 512;  // more in one packet: refused

using Authenticator = std::array<std::uint8_t, 16>;

// Which attribute: vendor 0 is the standard space.
struct AttributeKey {
  std::uint32_t vendor = 0;
  std::uint32_t type = 0;
  friend constexpr bool operator==(const AttributeKey&, const AttributeKey&) = default;
  friend constexpr bool operator<(const AttributeKey& a, const AttributeKey& b) {
    return a.vendor != b.vendor ? a.vendor < b.vendor : a.type < b.type;
  }
};

struct Attribute {
  std::uint32_t vendor = 0;
  std::uint32_t type = 0;
  Bytes value;
  [[nodiscard]] AttributeKey key() const { return {vendor, type}; }
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

// How a vendor frames its sub-attributes: octets of type and of length. Length counts itself and
// the type; without length octets there is one sub-attribute that fills the rest.
struct VendorFormat {
  std::uint8_t type_octets = 1;    // 1, 2, 4
  std::uint8_t length_octets = 1;  // 0, 1, 2
  // The whole content is kept as it came: formats with more in them than type and length (WiMAX).
  bool opaque = false;
  friend bool operator==(const VendorFormat&, const VendorFormat&) = default;
};
// Vendors that are not in it have the format of RFC 2865, 1 and 1.
using VendorFormats = std::map<std::uint32_t, VendorFormat>;

struct Packet {
  Code code = Code::kAccessRequest;
  std::uint8_t identifier = 0;
  Authenticator authenticator{};
  std::vector<Attribute> attributes;

  void Add(AttributeKey key, Bytes value) {
    attributes.push_back({key.vendor, key.type, std::move(value)});
  }
  // The first one; null: none. Valid until `attributes` changes.
  [[nodiscard]] const Attribute* Find(AttributeKey key) const;
  // All, in the packet's order.
  [[nodiscard]] std::vector<const Attribute*> FindAll(AttributeKey key) const;
  // Their values one behind the other; how EAP-Message (79) is put together (RFC 3579 3.1).
  [[nodiscard]] Bytes Concatenated(AttributeKey key) const;

  friend bool operator==(const Packet&, const Packet&) = default;
};

// The octets up to Length, checked down to the framing of attributes; what comes behind is padding.
// kInvalidArgument: shorter than 20 octets, Length below 20, above 4096 or beyond the datagram,
// an attribute of type 0, with length 0 or 1, or reaching over the end.
[[nodiscard]] Result<ByteView> PacketOctets(ByteView datagram);

// Errors as PacketOctets, and kInvalidArgument for more than kMaxAttributes. The result does not
// refer to `datagram`.
[[nodiscard]] Result<Packet> Decode(ByteView datagram, const VendorFormats& formats = {});

// An EAP-Message of any length is cut into pieces of 253 octets. kInvalidArgument: another value is
// too long for its attribute, a type does not fit its field; kResourceExhausted: more than 4096
// octets or kMaxAttributes.
[[nodiscard]] Result<Bytes> Encode(const Packet& packet, const VendorFormats& formats = {});

}  // namespace sstpgw::cp::radius
