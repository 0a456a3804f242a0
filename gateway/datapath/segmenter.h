// Cuts one packet as it was read from a TUN into the finished IP packets it stands for: a super
// packet of TCP or UDP into its segments, anything else into itself, with its checksum finished if
// the kernel left that to the device. Does what a network card does (virtio 1.x, 5.1.6.2):
//
//   every segment  lengths, TCP sequence + octets before it, IPv4 id + index, checksums
//   FIN, PSH       only on the last
//   CWR            only on the first
//
// Reads the packet as if an enemy had made it. Pure, no allocation; a view of the packet, which
// must outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "gateway/datapath/checksum.h"
#include "gateway/datapath/vnet_header.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

class Segmenter {
 public:
  // `bytes`: vnet header and packet. nullopt: not what a kernel could mean, to be counted: no IP
  // packet, offsets beyond it, lengths that contradict each other, a kind that nobody asked for.
  [[nodiscard]] static std::optional<Segmenter> Parse(ByteView bytes);
  [[nodiscard]] static std::optional<Segmenter> Parse(const VnetHeader& header, ByteView packet);

  // Every packet gives at least one segment.
  [[nodiscard]] bool done() const { return index_ == segments_; }
  // Octets of the next segment, IP header included. Not when done().
  [[nodiscard]] std::size_t next_size() const { return header_size_ + NextPayload(); }
  // Segments not yet emitted.
  [[nodiscard]] std::size_t segments_left() const { return segments_ - index_; }
  [[nodiscard]] bool ipv6() const { return ipv6_; }
  // What is being cut; with a whole IP header.
  [[nodiscard]] ByteView packet() const { return packet_; }

  // Writes the next segment to the front of `out`, which has room for next_size() octets and does
  // not overlap the packet. Returns its size. Not when done().
  std::size_t Emit(std::span<std::uint8_t> out);

 private:
  enum class Kind : std::uint8_t { kFinished, kNeedsChecksum, kTcp, kUdp };

  explicit Segmenter(ByteView packet) : packet_(packet) {}
  // Each fills in what it finds; false: makes no sense.
  bool ParseIp();
  bool ParseSingle(const VnetHeader& header);
  bool ParseSuper(const VnetHeader& header);
  void PrepareSums(bool partial);
  [[nodiscard]] std::size_t NextPayload() const;
  void PatchIp(std::uint8_t* ip, std::size_t size) const;
  std::size_t EmitSuper(std::uint8_t* out);
  std::size_t EmitChecksummed(std::uint8_t* out) const;

  ByteView packet_;
  Kind kind_ = Kind::kFinished;
  bool ipv6_ = false;
  std::uint16_t transport_ = 0;       // where TCP or UDP begins; kNeedsChecksum: checksum_start
  std::uint16_t checksum_field_ = 0;  // from the beginning of the packet
  std::uint32_t header_size_ = 0;     // IP and TCP or UDP; 0 when there is nothing to cut
  std::uint32_t segment_size_ = 0;    // payload octets of all but the last
  std::uint32_t segments_ = 1;
  std::uint32_t index_ = 0;
  InternetSum ip_sum_;         // IPv4 header without length, id and checksum
  InternetSum transport_sum_;  // pseudo header and TCP or UDP header without what changes
};

}  // namespace sstpgw::datapath
