// IP packets framed as SSTP data packets ([MS-SSTP] 2.2.3), back to back in one buffer that belongs
// to a worker, and how they are cut into TLS records.
//
// Two rules for records come from real clients: one takes a single SSTP packet per readable event
// and leaves the rest of a record lying until more octets arrive, hence the last packet of a batch
// has a record of its own; the same one loses its place when an SSTP header is split, hence records
// hold whole packets only.
//
// Pure; memory is taken once, by the constructor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gateway/codec/ppp_frame.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

inline constexpr std::size_t kMaxRecord = 16384;  // plaintext octets of a TLS record (RFC 8446 5.1)

class FrameBatch {
 public:
  static constexpr std::size_t kMaxPacket = codec::kMaxPppPayload;  // 4087 octets of IP

  // `capacity` octets of frames, at least one largest SSTP packet (4095).
  explicit FrameBatch(std::size_t capacity);

  // Where the next IP packet, of `size` octets <= kMaxPacket, is to be written; empty when there is
  // no room for it. Valid until Commit or Clear.
  [[nodiscard]] std::span<std::uint8_t> Space(std::size_t size);
  // Frames what was written to Space(size) and is at least 20 octets long.
  void Commit(codec::PppProtocol protocol, std::size_t size);

  // All whole SSTP packets so far. Valid until the next change.
  [[nodiscard]] ByteView frames() const { return ByteView(buffer_).first(used_); }
  [[nodiscard]] std::size_t packets() const { return packets_; }
  [[nodiscard]] bool empty() const { return packets_ == 0; }
  void Clear();

  // The next TLS record: as many of the packets from number `first` on as fit into `max_record`
  // octets (more than kMaxRecord is not used), at least one; the last of the batch alone. Moves
  // `first` on. Empty when there are no more.
  //   for (size_t first = 0; !(record = batch.NextRecord(first, max)).empty();) send(record);
  [[nodiscard]] ByteView NextRecord(std::size_t& first, std::size_t max_record) const;

 private:
  // Where frame number `index` begins; index == packets_: where the last one ends.
  [[nodiscard]] std::size_t Offset(std::size_t index) const { return offsets_[index]; }

  Bytes buffer_;
  std::vector<std::uint32_t> offsets_;  // one more than there are packets
  std::size_t used_ = 0;
  std::size_t packets_ = 0;
};

}  // namespace sstpgw::datapath
