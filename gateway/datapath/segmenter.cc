#include "gateway/datapath/segmenter.h"

#include <algorithm>
#include <cstring>

#include "gateway/datapath/packet_fields.h"

namespace sstpgw::datapath {
namespace {

// The lengths in the IP header are those of `packet`, and it is no fragment.
bool IsWhole(ByteView packet) {
  if (IpVersion(packet) == 6) {
    return Load16(&packet[kIpv6PayloadLength]) + kIpv6HeaderSize == packet.size();
  }
  return Load16(&packet[kIpv4TotalLength]) == packet.size() &&
         (Load16(&packet[kIpv4Fragment]) & kIpv4FragmentMask) == 0;
}

// Where the transport header begins according to the IP header, if `protocol` follows it
// immediately; 0 if not.
std::size_t TransportOffset(ByteView packet, std::uint8_t protocol) {
  if (IpVersion(packet) == 6) {
    return packet[kIpv6NextHeader] == protocol ? kIpv6HeaderSize : 0;
  }
  const std::size_t size = (packet[0] & 0x0fU) * std::size_t{4};
  return size >= kIpv4HeaderSize && packet[kIpv4Protocol] == protocol ? size : 0;
}

}  // namespace

std::optional<Segmenter> Segmenter::Parse(ByteView bytes) {
  if (bytes.size() < kVnetHeaderSize) return std::nullopt;
  return Parse(ParseVnetHeader(bytes.first<kVnetHeaderSize>()), bytes.subspan(kVnetHeaderSize));
}

std::optional<Segmenter> Segmenter::Parse(const VnetHeader& header, ByteView packet) {
  std::optional<Segmenter> result(Segmenter{packet});
  const bool single = header.gso_type == kVnetGsoNone;
  if (!result->ParseIp() || !(single ? result->ParseSingle(header) : result->ParseSuper(header))) {
    result.reset();
  }
  return result;
}

bool Segmenter::ParseIp() {
  if (packet_.size() < kIpv4HeaderSize) return false;
  const std::uint8_t version = IpVersion(packet_);
  ipv6_ = version == 6;
  return version == 4 || (ipv6_ && packet_.size() >= kIpv6HeaderSize);
}

bool Segmenter::ParseSingle(const VnetHeader& header) {
  segment_size_ = static_cast<std::uint32_t>(packet_.size());
  if ((header.flags & kVnetNeedsChecksum) == 0) return true;
  const std::size_t field = std::size_t{header.checksum_start} + header.checksum_offset;
  // The field is a word of what is summed up, behind the IP header.
  const std::size_t lowest = ipv6_ ? kIpv6HeaderSize : kIpv4HeaderSize;
  if (header.checksum_start < lowest || field + 2 > packet_.size() || field > kMaxIpPacket ||
      header.checksum_offset % 2 != 0) {
    return false;
  }
  kind_ = Kind::kNeedsChecksum;
  transport_ = header.checksum_start;
  checksum_field_ = static_cast<std::uint16_t>(field);
  return true;
}

bool Segmenter::ParseSuper(const VnetHeader& header) {
  const std::uint8_t type = header.gso_type & static_cast<std::uint8_t>(~kVnetGsoEcn);
  const bool tcp = type == kVnetGsoTcpv4 || type == kVnetGsoTcpv6;
  if (!tcp && type != kVnetGsoUdpL4) return false;
  if (tcp && ipv6_ != (type == kVnetGsoTcpv6)) return false;
  if (header.gso_size == 0 || !IsWhole(packet_)) return false;

  const bool partial = (header.flags & kVnetNeedsChecksum) != 0;
  const std::size_t checksum = tcp ? kTcpChecksum : kUdpChecksum;
  std::size_t transport = TransportOffset(packet_, tcp ? kProtocolTcp : kProtocolUdp);
  if (partial) {
    // Behind an IPv6 header there may be extension headers that are not looked at.
    const bool fits =
        ipv6_ ? header.checksum_start >= kIpv6HeaderSize : header.checksum_start == transport;
    if (!fits || header.checksum_offset != checksum) return false;
    transport = header.checksum_start;
  }
  if (transport == 0 || transport + (tcp ? kTcpHeaderSize : kUdpHeaderSize) > packet_.size()) {
    return false;
  }
  std::size_t header_size = transport + kUdpHeaderSize;
  if (tcp) {
    const std::size_t tcp_header = (packet_[transport + kTcpDataOffset] >> 4) * std::size_t{4};
    header_size = transport + tcp_header;
    if (tcp_header < kTcpHeaderSize || header_size > packet_.size()) return false;
  }

  kind_ = tcp ? Kind::kTcp : Kind::kUdp;
  transport_ = static_cast<std::uint16_t>(transport);
  checksum_field_ = static_cast<std::uint16_t>(transport + checksum);
  header_size_ = static_cast<std::uint32_t>(header_size);
  segment_size_ = header.gso_size;
  const std::size_t payload = packet_.size() - header_size;
  segments_ = static_cast<std::uint32_t>(
      std::max<std::size_t>((payload + segment_size_ - 1) / segment_size_, 1));
  PrepareSums(partial);
  return true;
}

// Sums up what is the same in all segments. Length, sequence and flags are left out.
void Segmenter::PrepareSums(bool partial) {
  const ByteView header = packet_.first(header_size_);
  const ByteView transport = header.subspan(transport_);
  transport_sum_ = SumOf(transport);
  if (partial) {
    // The field holds the sum of the pseudo header, with the length of everything.
    transport_sum_.SubtractWord(static_cast<std::uint16_t>(packet_.size() - transport_));
  } else {
    transport_sum_.SubtractWord(Load16(&packet_[checksum_field_]));
    transport_sum_.Add(PseudoSum(packet_, kind_ == Kind::kTcp ? kProtocolTcp : kProtocolUdp));
  }
  if (kind_ == Kind::kTcp) {
    transport_sum_.SubtractWord(Load16(&transport[kTcpSequence]));
    transport_sum_.SubtractWord(Load16(&transport[kTcpSequence + 2]));
    transport_sum_.SubtractWord(Load16(&transport[kTcpDataOffset]));
  } else {
    transport_sum_.SubtractWord(Load16(&transport[kUdpLength]));
  }
  if (!ipv6_) {
    ip_sum_ = SumOf(header.first(transport_));
    ip_sum_.SubtractWord(Load16(&header[kIpv4TotalLength]));
    ip_sum_.SubtractWord(Load16(&header[kIpv4Id]));
    ip_sum_.SubtractWord(Load16(&header[kIpv4Checksum]));
  }
}

std::size_t Segmenter::NextPayload() const {
  return std::min<std::size_t>(segment_size_,
                               packet_.size() - header_size_ - std::size_t{index_} * segment_size_);
}

std::size_t Segmenter::Emit(std::span<std::uint8_t> out) {
  std::size_t size = packet_.size();
  if (kind_ == Kind::kFinished) {
    std::memcpy(out.data(), packet_.data(), size);
  } else if (kind_ == Kind::kNeedsChecksum) {
    size = EmitChecksummed(out.data());
  } else {
    size = EmitSuper(out.data());
  }
  ++index_;
  return size;
}

std::size_t Segmenter::EmitChecksummed(std::uint8_t* out) const {
  std::memcpy(out, packet_.data(), transport_);
  const InternetSum sum = CopyAndSum(packet_.subspan(transport_), out + transport_);
  std::uint16_t checksum = sum.Checksum();
  // No checksum means none only in UDP (RFC 768), but nothing else minds either.
  if (checksum == 0 && checksum_field_ - transport_ == kUdpChecksum) checksum = 0xffff;
  Store16(out + checksum_field_, checksum);
  return packet_.size();
}

void Segmenter::PatchIp(std::uint8_t* ip, std::size_t size) const {
  if (ipv6_) {
    Store16(ip + kIpv6PayloadLength, static_cast<std::uint16_t>(size - kIpv6HeaderSize));
    return;
  }
  const auto length = static_cast<std::uint16_t>(size);
  const auto id = static_cast<std::uint16_t>(Load16(ip + kIpv4Id) + index_);
  InternetSum sum = ip_sum_;
  sum.AddWord(length);
  sum.AddWord(id);
  Store16(ip + kIpv4TotalLength, length);
  Store16(ip + kIpv4Id, id);
  Store16(ip + kIpv4Checksum, sum.Checksum());
}

std::size_t Segmenter::EmitSuper(std::uint8_t* out) {
  const std::size_t before = std::size_t{index_} * segment_size_;
  const std::size_t payload = NextPayload();
  const std::size_t size = header_size_ + payload;
  std::memcpy(out, packet_.data(), header_size_);
  PatchIp(out, size);

  std::uint8_t* const transport = out + transport_;
  const auto length = static_cast<std::uint16_t>(size - transport_);
  InternetSum sum = transport_sum_;
  sum.AddWord(length);  // of the pseudo header
  if (kind_ == Kind::kTcp) {
    const std::uint32_t sequence =
        Load32(transport + kTcpSequence) + static_cast<std::uint32_t>(before);
    std::uint8_t dropped = 0;
    if (index_ + 1 < segments_) dropped |= kTcpFin | kTcpPush;
    if (index_ > 0) dropped |= kTcpCwr;
    transport[kTcpFlags] &= static_cast<std::uint8_t>(~dropped);
    Store32(transport + kTcpSequence, sequence);
    sum.AddLong(sequence);
    sum.AddWord(Load16(transport + kTcpDataOffset));  // and flags
  } else {
    Store16(transport + kUdpLength, length);
    sum.AddWord(length);
  }
  sum.Add(CopyAndSum(packet_.subspan(header_size_ + before, payload), out + header_size_));
  std::uint16_t checksum = sum.Checksum();
  if (checksum == 0 && kind_ == Kind::kUdp) checksum = 0xffff;
  Store16(out + checksum_field_, checksum);
  return size;
}

}  // namespace sstpgw::datapath
