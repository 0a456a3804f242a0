#include "tests/client/wire.h"

#include <algorithm>

namespace sstpgw::client {
namespace {

constexpr std::size_t kHeader = 4;
constexpr std::size_t kControlHeader = 8;
constexpr std::uint8_t kVersion = 0x10;

Bytes WithHeader(bool control, ByteView data) {
  const auto length = static_cast<std::uint16_t>(kHeader + data.size());
  Bytes out{kVersion, static_cast<std::uint8_t>(control ? 1 : 0)};
  const Bytes be = Be16(length);
  out.insert(out.end(), be.begin(), be.end());
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::uint16_t SstpPacket::message_type() const { return is_control() ? Get16(raw, 4) : 0; }

std::vector<SstpAttribute> SstpPacket::attributes() const {
  std::vector<SstpAttribute> found;
  if (!is_control()) return found;
  std::size_t at = kControlHeader;
  while (at < raw.size()) {
    if (raw.size() - at < 4) return {};
    const std::size_t length = Get16(raw, at + 2) & 0x0fff;
    if (length < 4 || length > raw.size() - at) return {};
    const auto begin = raw.begin() + static_cast<std::ptrdiff_t>(at);
    found.push_back({raw[at + 1], Bytes(begin + 4, begin + static_cast<std::ptrdiff_t>(length))});
    at += length;
  }
  return found;
}

std::optional<PppFrame> SstpPacket::frame() const {
  if (is_control() || raw.size() < kHeader) return std::nullopt;
  std::size_t at = kHeader;
  if (raw.size() >= at + 2 && raw[at] == 0xff && raw[at + 1] == 0x03) at += 2;
  if (raw.size() < at + 1) return std::nullopt;
  PppFrame frame;
  if ((raw[at] & 1) != 0) {
    frame.protocol = raw[at];
    at += 1;
  } else {
    if (raw.size() < at + 2) return std::nullopt;
    frame.protocol = Get16(raw, at);
    at += 2;
  }
  frame.information.assign(raw.begin() + static_cast<std::ptrdiff_t>(at), raw.end());
  return frame;
}

std::optional<std::uint32_t> SstpPacket::status() const {
  for (const SstpAttribute& attribute : attributes()) {
    if (attribute.id != kStatusInfo || attribute.value.size() < 8) continue;
    return (std::uint32_t{Get16(attribute.value, 4)} << 16) | Get16(attribute.value, 6);
  }
  return std::nullopt;
}

std::optional<std::uint8_t> SstpPacket::status_attribute() const {
  for (const SstpAttribute& attribute : attributes()) {
    if (attribute.id == kStatusInfo && attribute.value.size() >= 8) return attribute.value[3];
  }
  return std::nullopt;
}

Bytes Concat(const std::vector<Bytes>& parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Bytes Be16(std::uint16_t value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

Bytes Be32(std::uint32_t value) {
  return Concat({Be16(static_cast<std::uint16_t>(value >> 16)),
                 Be16(static_cast<std::uint16_t>(value & 0xffff))});
}

std::uint16_t Get16(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>((bytes[at] << 8) | bytes[at + 1]);
}

void Put16(Bytes& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

std::uint16_t FoldedSum(ByteView octets, std::uint32_t start) {
  std::uint32_t sum = start;
  for (std::size_t i = 0; i < octets.size(); i += 2) {
    const std::uint32_t low = i + 1 < octets.size() ? octets[i + 1] : 0;
    sum += (std::uint32_t{octets[i]} << 8) | low;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

Bytes ToBytes(std::string_view text) { return {text.begin(), text.end()}; }

Bytes FromHex(std::string_view hex) {
  Bytes out;
  int high = -1;
  for (const char c : hex) {
    if (c == ' ' || c == '\n') continue;
    const int digit = HexDigit(c);
    if (digit < 0) break;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::uint8_t>(high * 16 + digit));
      high = -1;
    }
  }
  return out;
}

Bytes SstpControl(std::uint16_t type, const std::vector<SstpAttribute>& attributes) {
  Bytes data = Concat({Be16(type), Be16(static_cast<std::uint16_t>(attributes.size()))});
  for (const SstpAttribute& attribute : attributes) {
    const Bytes length = Be16(static_cast<std::uint16_t>(4 + attribute.value.size()));
    const Bytes whole = Concat({Bytes{0, attribute.id}, length, attribute.value});
    data.insert(data.end(), whole.begin(), whole.end());
  }
  return WithHeader(true, data);
}

Bytes CallConnectRequest() {
  return SstpControl(client::kCallConnectRequest, {{kEncapsulatedProtocolId, {0, 1}}});
}

Bytes SstpWithStatus(std::uint16_t type, std::uint8_t attribute_id, std::uint32_t status) {
  const Bytes value = Concat({Bytes{0, 0, 0, attribute_id}, Be32(status)});
  return SstpControl(type, {{kStatusInfo, value}});
}

Bytes SstpData(std::uint16_t protocol, ByteView information) {
  return WithHeader(false, Concat({Bytes{0xff, 0x03}, Be16(protocol),
                                   Bytes(information.begin(), information.end())}));
}

Bytes SstpPpp(std::uint16_t protocol, const PppControl& packet) {
  const Bytes length = Be16(static_cast<std::uint16_t>(4 + packet.data.size()));
  return SstpData(protocol, Concat({Bytes{packet.code, packet.id}, length, packet.data}));
}

Bytes EncodeOptions(const std::vector<PppOption>& options) {
  Bytes out;
  for (const PppOption& option : options) {
    out.push_back(option.type);
    out.push_back(static_cast<std::uint8_t>(2 + option.value.size()));
    out.insert(out.end(), option.value.begin(), option.value.end());
  }
  return out;
}

std::optional<std::vector<PppOption>> ParseOptions(ByteView data) {
  std::vector<PppOption> options;
  while (!data.empty()) {
    if (data.size() < 2 || data[1] < 2 || data[1] > data.size()) return std::nullopt;
    const ByteView value = data.subspan(2, data[1] - std::size_t{2});
    options.push_back({data[0], Bytes(value.begin(), value.end())});
    data = data.subspan(data[1]);
  }
  return options;
}

std::optional<PppControl> ParsePppControl(ByteView information) {
  if (information.size() < 4) return std::nullopt;
  const std::size_t length = Get16(information, 2);
  if (length < 4 || length > information.size()) return std::nullopt;
  const ByteView data = information.subspan(4, length - 4);
  return PppControl{information[0], information[1], Bytes(data.begin(), data.end())};
}

std::string HttpRequest(std::string_view host, std::string_view correlation_id) {
  std::string text = "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n";
  text += "SSTPCORRELATIONID: " + std::string(correlation_id) + "\r\n";
  text += "Content-Length: 18446744073709551615\r\n";
  text += "Host: " + std::string(host) + "\r\n\r\n";
  return text;
}

ByteView LeadingIp(ByteView stream) {
  constexpr std::uint16_t kAddressControl = 0xff03;
  if (stream.size() < kIpFrameHeader || stream[0] != kVersion || (stream[1] & 1) != 0 ||
      Get16(stream, 4) != kAddressControl ||
      (Get16(stream, 6) != kIpv4 && Get16(stream, 6) != kIpv6)) {
    return {};
  }
  const std::size_t length = Get16(stream, 2) & 0x0fff;
  if (length < kIpFrameHeader || length > stream.size()) return {};
  return stream.subspan(kIpFrameHeader, length - kIpFrameHeader);
}

std::array<std::uint8_t, kIpFrameHeader> IpFrameHeader(std::uint16_t protocol, std::size_t size) {
  const std::size_t length = kIpFrameHeader + size;
  return {kVersion,
          0,
          static_cast<std::uint8_t>(length >> 8),
          static_cast<std::uint8_t>(length & 0xff),
          0xff,
          0x03,
          static_cast<std::uint8_t>(protocol >> 8),
          static_cast<std::uint8_t>(protocol & 0xff)};
}

std::uint16_t ProtocolOfIp(ByteView packet) {
  if (packet.empty()) return 0;
  const int version = packet[0] >> 4;
  return version == 4 ? kIpv4 : version == 6 ? kIpv6 : std::uint16_t{0};
}

std::size_t SstpSplitter::Lacking() const {
  const ByteView rest = ByteView(buffer_).subspan(start_);
  if (rest.size() < kHeader) return kHeader - rest.size();
  const std::size_t length = Get16(rest, 2) & 0x0fff;
  return length > rest.size() ? length - rest.size() : 1;
}

void SstpSplitter::Append(ByteView bytes) {
  if (broken_) return;
  if (start_ > 0) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
    start_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

std::optional<SstpPacket> SstpSplitter::Next() {
  const std::size_t available = buffer_.size() - start_;
  if (broken_ || available < kHeader) return std::nullopt;
  const ByteView rest(buffer_.data() + start_, available);
  const std::size_t length = Get16(rest, 2) & 0x0fff;
  const bool control = (rest[1] & 1) != 0;
  if (rest[0] != kVersion || length < (control ? kControlHeader : kHeader)) {
    broken_ = true;
    return std::nullopt;
  }
  if (available < length) return std::nullopt;
  SstpPacket packet{Bytes(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(length))};
  start_ += length;
  return packet;
}

}  // namespace sstpgw::client
