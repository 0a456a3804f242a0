#include "gateway/datapath/segmenter.h"

#include <algorithm>
#include <cstring>

#include "gateway/datapath/packet_fields.h"

namespace sstpgw::datapath {
namespace {

bool IsIpPacket(ByteView packet) {
  if (packet.empty()) return false;
  const std::uint8_t version = IpVersion(packet);
  return (version == 4 && packet.size() >= kIpv4HeaderSize) ||
         (version == 6 && packet.size() >= kIpv6HeaderSize);
}

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
  if (!IsIpPacket(packet)) return std::nullopt;
  auto segmenter =
      header.gso_type == kVnetGsoNone ? ParseSingle(header, packet) : ParseSuper(header, packet);
  if (segmenter) segmenter->ipv6_ = IpVersion(packet) == 6;
  return segmenter;
}

std::optional<Segmenter> Segmenter::ParseSingle(const VnetHeader& header, ByteView packet) {
  const bool needs_checksum = (header.flags & kVnetNeedsChecksum) != 0;
  Segmenter single(needs_checksum ? Kind::kNeedsChecksum : Kind::kFinished, packet);
  single.segment_size_ = static_cast<std::uint32_t>(packet.size());
  if (needs_checksum) {
    const std::size_t field = std::size_t{header.checksum_start} + header.checksum_offset;
    // The field is a word of what is summed up, behind the IP header.
    const std::size_t lowest = IpVersion(packet) == 6 ? kIpv6HeaderSize : kIpv4HeaderSize;
    if (header.checksum_start < lowest || field + 2 > packet.size() || field > kMaxIpPacket ||
        header.checksum_offset % 2 != 0) {
      return std::nullopt;
    }
    single.transport_ = header.checksum_start;
    single.checksum_field_ = static_cast<std::uint16_t>(field);
  }
  return single;
}

std::optional<Segmenter> Segmenter::ParseSuper(const VnetHeader& header, ByteView packet) {
  const std::uint8_t type = header.gso_type & static_cast<std::uint8_t>(~kVnetGsoEcn);
  const bool tcp = type == kVnetGsoTcpv4 || type == kVnetGsoTcpv6;
  const std::uint8_t version = IpVersion(packet);
  if (!tcp && type != kVnetGsoUdpL4) return std::nullopt;
  if (tcp && version != (type == kVnetGsoTcpv4 ? 4 : 6)) return std::nullopt;
  if (header.gso_size == 0 || !IsWhole(packet)) return std::nullopt;

  const bool partial = (header.flags & kVnetNeedsChecksum) != 0;
  const std::size_t checksum = tcp ? kTcpChecksum : kUdpChecksum;
  std::size_t transport = TransportOffset(packet, tcp ? kProtocolTcp : kProtocolUdp);
  if (partial) {
    // Behind an IPv6 header there may be extension headers that are not looked at.
    const bool fits = version == 6 ? header.checksum_start >= kIpv6HeaderSize
                                   : header.checksum_start == transport;
    if (!fits || header.checksum_offset != checksum) return std::nullopt;
    transport = header.checksum_start;
  }
  if (transport == 0 || transport + (tcp ? kTcpHeaderSize : kUdpHeaderSize) > packet.size()) {
    return std::nullopt;
  }
  std::size_t header_size = transport + kUdpHeaderSize;
  if (tcp) {
    const std::size_t tcp_header = (packet[transport + kTcpDataOffset] >> 4) * std::size_t{4};
    header_size = transport + tcp_header;
    if (tcp_header < kTcpHeaderSize || header_size > packet.size()) return std::nullopt;
  }

  Segmenter super(tcp ? Kind::kTcp : Kind::kUdp, packet);
  super.transport_ = static_cast<std::uint16_t>(transport);
  super.checksum_field_ = static_cast<std::uint16_t>(transport + checksum);
  super.header_size_ = static_cast<std::uint32_t>(header_size);
  super.segment_size_ = header.gso_size;
  const std::size_t payload = packet.size() - header_size;
  super.segments_ = static_cast<std::uint32_t>(
      std::max<std::size_t>((payload + header.gso_size - 1) / header.gso_size, 1));
  super.PrepareSums(partial);
  return super;
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
  if (IpVersion(packet_) == 4) {
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
