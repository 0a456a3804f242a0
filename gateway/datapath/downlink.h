// IP packets towards the client: framed as SSTP data packets, back to back in one buffer that
// belongs to a worker, ready to be written to TLS as a whole.
//
//   FrameBatch batch(64 KiB);                  one per worker
//   while (batch.Space() fits) read(tun, batch.Space()), downlink.Commit(batch, size);
//   send batch.frames(); batch.Clear();
//
// Pure, no allocation and no copy per packet.
#pragma once

#include <cstdint>
#include <span>

#include "proto/base/types.h"

namespace sstpgw::datapath {

class FrameBatch {
 public:
  // `capacity` octets, at least one largest SSTP packet (4095).
  explicit FrameBatch(std::size_t capacity);

  // Where the next IP packet may be written: room for kMaxPacket octets, or empty when the batch is
  // full. Valid until Commit, Append or Clear.
  [[nodiscard]] std::span<std::uint8_t> Space();
  // All whole SSTP packets so far. Valid until the next change.
  [[nodiscard]] ByteView frames() const { return ByteView(buffer_).first(used_); }
  // Where the last packet begins: sent as a record of its own, some clients need that.
  [[nodiscard]] std::size_t last_frame_offset() const { return last_; }
  [[nodiscard]] std::size_t packets() const { return packets_; }
  [[nodiscard]] bool empty() const { return used_ == 0; }
  void Clear();

  static constexpr std::size_t kMaxPacket = 4087;  // 4095 less SSTP and PPP header

 private:
  friend class Downlink;
  Bytes buffer_;
  std::size_t used_ = 0;
  std::size_t last_ = 0;
  std::size_t packets_ = 0;
};

struct DownlinkCounters {
  std::uint64_t packets = 0;  // framed
  std::uint64_t bytes = 0;    // IP octets of these
  std::uint64_t dropped_closed = 0;
  std::uint64_t dropped_malformed = 0;  // not IPv4, or no IP packet at all
};

// One per session: the gate and the counters.
class Downlink {
 public:
  // Frames the `size` octets that were written to batch.Space(). False: dropped and counted.
  bool Commit(FrameBatch& batch, std::size_t size);
  // The same with a copy. False also when the batch is full (not counted): flush and try again.
  bool Append(FrameBatch& batch, ByteView packet);

  void OpenData() { open_ = true; }
  void ShutData() { open_ = false; }
  [[nodiscard]] const DownlinkCounters& counters() const { return counters_; }

 private:
  bool open_ = false;
  DownlinkCounters counters_;
};

}  // namespace sstpgw::datapath
