#include "controlplane/radius/packet.h"

#include <algorithm>

#include "controlplane/radius/attribute_numbers.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::size_t kAttributeHeader = 2;
constexpr std::size_t kVendorIdSize = 4;

auto Malformed(std::string what) {
  return Fail(Error{ErrorCode::kInvalidArgument, "RADIUS packet: " + std::move(what)});
}

std::uint32_t BigEndian(ByteView octets) {
  std::uint32_t value = 0;
  for (const std::uint8_t octet : octets) value = (value << 8) | octet;
  return value;
}

void AppendBigEndian(Bytes& out, std::uint32_t value, std::size_t octets) {
  for (std::size_t i = octets; i > 0; --i) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
  }
}

VendorFormat FormatOf(std::uint32_t vendor, const VendorFormats& formats) {
  const auto found = formats.find(vendor);
  return found == formats.end() ? VendorFormat{} : found->second;
}

// Unpacks what is behind the Vendor-Id. False, with nothing appended, if it is not what the format
// says.
bool UnpackVendor(ByteView content, std::uint32_t vendor, VendorFormat format,
                  std::vector<Attribute>& out) {
  const std::size_t before = out.size();
  const std::size_t header = std::size_t{format.type_octets} + format.length_octets;
  while (content.size() >= header) {
    const std::uint32_t type = BigEndian(content.first(format.type_octets));
    const std::size_t length =
        format.length_octets == 0
            ? content.size()
            : BigEndian(content.subspan(format.type_octets, format.length_octets));
    if (length < header || length > content.size()) break;
    const ByteView value = content.subspan(header, length - header);
    out.push_back({vendor, type, Bytes(value.begin(), value.end())});
    content = content.subspan(length);
    if (content.empty()) return true;
  }
  out.resize(before);
  return false;
}

void Unpack(std::uint8_t type, ByteView value, const VendorFormats& formats,
            std::vector<Attribute>& out) {
  if (type == kVendorSpecific.type && value.size() > kVendorIdSize) {
    const std::uint32_t vendor = BigEndian(value.first(kVendorIdSize));
    const VendorFormat format = FormatOf(vendor, formats);
    // Vendor 0 means "standard" in an AttributeKey, so it cannot be one's own.
    if (vendor != 0 && !format.opaque &&
        UnpackVendor(value.subspan(kVendorIdSize), vendor, format, out)) {
      return;
    }
  }
  out.push_back({0, type, Bytes(value.begin(), value.end())});
}

std::string NameForError(const Attribute& attribute) {
  return (attribute.vendor == 0 ? "attribute "
                                : "vendor " + std::to_string(attribute.vendor) + " attribute ") +
         std::to_string(attribute.type);
}

auto TooLong(const Attribute& attribute, std::size_t most) {
  return Malformed(NameForError(attribute) + " is " + std::to_string(attribute.value.size()) +
                   " octets long, at most " + std::to_string(most) + " fit");
}

void AppendStandard(Bytes& out, std::uint32_t type, ByteView value) {
  out.push_back(static_cast<std::uint8_t>(type));
  out.push_back(static_cast<std::uint8_t>(value.size() + kAttributeHeader));
  out.insert(out.end(), value.begin(), value.end());
}

Result<void> EncodeStandard(Bytes& out, const Attribute& attribute) {
  if (attribute.type == 0 || attribute.type > 255) {
    return Malformed(NameForError(attribute) + " has no place in a packet, types are 1..255");
  }
  ByteView rest = attribute.value;
  if (attribute.key() == kEapMessage) {
    for (; rest.size() > kMaxValueSize; rest = rest.subspan(kMaxValueSize)) {
      AppendStandard(out, attribute.type, rest.first(kMaxValueSize));
    }
  }
  if (rest.size() > kMaxValueSize) return TooLong(attribute, kMaxValueSize);
  AppendStandard(out, attribute.type, rest);
  return {};
}

Result<void> EncodeVendor(Bytes& out, const Attribute& attribute, VendorFormat format) {
  const std::size_t header = std::size_t{format.type_octets} + format.length_octets;
  const std::size_t most = kMaxValueSize - kVendorIdSize - header;
  if (format.opaque) {
    return Malformed(NameForError(attribute) + " is of a vendor whose format is not written");
  }
  if (format.type_octets < 4 && attribute.type >> (8 * format.type_octets) != 0) {
    return Malformed(NameForError(attribute) + " does not fit the vendor's " +
                     std::to_string(format.type_octets) + "-octet type");
  }
  if (attribute.value.size() > most) return TooLong(attribute, most);
  const std::size_t length = header + attribute.value.size();
  out.push_back(static_cast<std::uint8_t>(kVendorSpecific.type));
  out.push_back(static_cast<std::uint8_t>(kAttributeHeader + kVendorIdSize + length));
  AppendBigEndian(out, attribute.vendor, kVendorIdSize);
  AppendBigEndian(out, attribute.type, format.type_octets);
  AppendBigEndian(out, static_cast<std::uint32_t>(length), format.length_octets);
  out.insert(out.end(), attribute.value.begin(), attribute.value.end());
  return {};
}

}  // namespace

std::string ToString(Code code) {
  switch (code) {
    case Code::kAccessRequest:
      return "Access-Request";
    case Code::kAccessAccept:
      return "Access-Accept";
    case Code::kAccessReject:
      return "Access-Reject";
    case Code::kAccountingRequest:
      return "Accounting-Request";
    case Code::kAccountingResponse:
      return "Accounting-Response";
    case Code::kAccessChallenge:
      return "Access-Challenge";
    case Code::kStatusServer:
      return "Status-Server";
    case Code::kDisconnectRequest:
      return "Disconnect-Request";
    case Code::kDisconnectAck:
      return "Disconnect-ACK";
    case Code::kDisconnectNak:
      return "Disconnect-NAK";
    case Code::kCoaRequest:
      return "CoA-Request";
    case Code::kCoaAck:
      return "CoA-ACK";
    case Code::kCoaNak:
      return "CoA-NAK";
  }
  return "code " + std::to_string(static_cast<unsigned>(code));
}

const Attribute* Packet::Find(AttributeKey key) const {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [key](const Attribute& a) { return a.key() == key; });
  return found == attributes.end() ? nullptr : &*found;
}

std::vector<const Attribute*> Packet::FindAll(AttributeKey key) const {
  std::vector<const Attribute*> found;
  for (const Attribute& attribute : attributes) {
    if (attribute.key() == key) found.push_back(&attribute);
  }
  return found;
}

Bytes Packet::Concatenated(AttributeKey key) const {
  Bytes all;
  for (const Attribute& attribute : attributes) {
    if (attribute.key() == key) {
      all.insert(all.end(), attribute.value.begin(), attribute.value.end());
    }
  }
  return all;
}

Result<ByteView> PacketOctets(ByteView datagram) {
  if (datagram.size() < kHeaderSize) {
    return Malformed(std::to_string(datagram.size()) + " octets, a header has 20");
  }
  const std::size_t length = BigEndian(datagram.subspan(2, 2));
  if (length < kHeaderSize || length > kMaxPacketSize || length > datagram.size()) {
    return Malformed("Length " + std::to_string(length) + " in a datagram of " +
                     std::to_string(datagram.size()) + " octets");
  }
  const ByteView octets = datagram.first(length);
  for (std::size_t at = kHeaderSize; at < length;) {
    const std::size_t left = length - at;
    const std::size_t size = left < kAttributeHeader ? 0 : octets[at + 1];
    if (size < kAttributeHeader || size > left) {
      return Malformed("attribute at octet " + std::to_string(at) + " has length " +
                       std::to_string(size) + " with " + std::to_string(left) + " octets left");
    }
    if (octets[at] == 0) return Malformed("attribute at octet " + std::to_string(at) + " is 0");
    at += size;
  }
  return octets;
}

Result<Packet> Decode(ByteView datagram, const VendorFormats& formats) {
  SG_ASSIGN_OR_RETURN(const ByteView octets, PacketOctets(datagram));
  Packet packet;
  packet.code = static_cast<Code>(octets[0]);
  packet.identifier = octets[1];
  std::copy_n(octets.begin() + 4, packet.authenticator.size(), packet.authenticator.begin());
  for (ByteView rest = octets.subspan(kHeaderSize); !rest.empty(); rest = rest.subspan(rest[1])) {
    const ByteView value = rest.first(rest[1]).subspan(kAttributeHeader);
    Unpack(rest[0], value, formats, packet.attributes);
    if (packet.attributes.size() > kMaxAttributes) {
      return Malformed("more than " + std::to_string(kMaxAttributes) + " attributes");
    }
  }
  return packet;
}

Result<Bytes> Encode(const Packet& packet, const VendorFormats& formats) {
  Bytes out;
  out.reserve(512);
  out.push_back(static_cast<std::uint8_t>(packet.code));
  out.push_back(packet.identifier);
  AppendBigEndian(out, 0, 2);  // Length, below
  out.insert(out.end(), packet.authenticator.begin(), packet.authenticator.end());
  if (packet.attributes.size() > kMaxAttributes) {
    return Fail(
        Error{ErrorCode::kResourceExhausted,
              "RADIUS packet: more than " + std::to_string(kMaxAttributes) + " attributes"});
  }
  for (const Attribute& attribute : packet.attributes) {
    if (attribute.vendor == 0) {
      SG_RETURN_IF_ERROR(EncodeStandard(out, attribute));
    } else {
      SG_RETURN_IF_ERROR(EncodeVendor(out, attribute, FormatOf(attribute.vendor, formats)));
    }
    if (out.size() > kMaxPacketSize) {
      return Fail(Error{ErrorCode::kResourceExhausted,
                        "RADIUS packet: does not fit in " + std::to_string(kMaxPacketSize) +
                            " octets at " + NameForError(attribute)});
    }
  }
  out[2] = static_cast<std::uint8_t>(out.size() >> 8);
  out[3] = static_cast<std::uint8_t>(out.size());
  return out;
}

}  // namespace sstpgw::cp::radius
