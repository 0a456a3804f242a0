// Packets towards the client: from what the TUN gave to SSTP frames in a batch.
//
//   auto packet = Segmenter::Parse(read from the TUN);     nullopt: downlink.NoteMalformed()
//   while (!downlink.Append(batch, *packet)) { send the batch's records; batch.Clear(); }
//
// With MPPE each is encrypted where it lies in its frame. Pure, no allocation per packet; segments
// are written straight into their frames.
#pragma once

#include <cstdint>

#include "gateway/datapath/frame_batch.h"
#include "gateway/datapath/packet_cipher.h"
#include "gateway/datapath/segmenter.h"
#include "gateway/datapath/source_check.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

struct DownlinkCounters {
  std::uint64_t packets = 0;         // framed; each segment of a super packet is one
  std::uint64_t bytes = 0;           // IP octets of these
  std::uint64_t dropped_closed = 0;  // each segment is one
  // No IP packet, or too large for a frame.
  std::uint64_t dropped_malformed = 0;
  std::uint64_t dropped_interface = 0;       // the kernel could not hand it over
  std::uint64_t dropped_not_negotiated = 0;  // IPv4 or IPv6, and the session has only the other
  std::uint64_t dropped_link_local = 0;      // what the host's kernel says for itself
  std::uint64_t dropped_mppe = 0;            // that could not be encrypted

  DownlinkCounters& operator+=(const DownlinkCounters& other);
};

// One per session: the gate and the counters.
class Downlink {
 public:
  // Frames the segments that `packet` still has, or drops and counts them. True: done with it.
  // False: the batch is full; send it, clear it and call again with the same packet.
  [[nodiscard]] bool Append(FrameBatch& batch, Segmenter& packet);
  // A packet of our own, IPv6, at most kMaxPppPayload - kSealOverhead octets; not traffic of the
  // session. False: the batch is full.
  [[nodiscard]] bool AppendOwn(FrameBatch& batch, ByteView packet);
  // What Segmenter::Parse refused.
  void NoteMalformed() { ++counters_.dropped_malformed; }
  // What the interface lost.
  void NoteLost() { ++counters_.dropped_interface; }

  void OpenData(Families families = {}) {
    families_ = families;
    open_ = true;
  }
  // While it is open.
  void SetFamilies(Families families) { families_ = families; }
  void ShutData() { open_ = false; }
  // MPPE is on, from the next packet on. Not owned; nullptr: off.
  void SetSealer(PacketSealer* sealer) { sealer_ = sealer; }
  [[nodiscard]] const DownlinkCounters& counters() const { return counters_; }

 private:
  // Where the next packet of `size` octets is to be written; empty: the batch is full.
  [[nodiscard]] std::span<std::uint8_t> Space(FrameBatch& batch, std::size_t size) const;
  // Frames it. False: it could not be encrypted.
  [[nodiscard]] bool Commit(FrameBatch& batch, codec::PppProtocol protocol,
                            std::span<std::uint8_t> packet);
  // Why the packet is not for the client: the counter of that; nullptr: it is.
  [[nodiscard]] std::uint64_t* Hindrance(const Segmenter& packet);

  bool open_ = false;
  Families families_;
  PacketSealer* sealer_ = nullptr;
  DownlinkCounters counters_;
};

}  // namespace sstpgw::datapath
