// Packets towards the client: from what the TUN gave to SSTP frames in a batch.
//
//   auto packet = Segmenter::Parse(read from the TUN);     nullopt: downlink.NoteMalformed()
//   while (!downlink.Append(batch, *packet)) { send the batch's records; batch.Clear(); }
//
// Pure, no allocation per packet; segments are written straight into their frames.
#pragma once

#include <cstdint>

#include "gateway/datapath/frame_batch.h"
#include "gateway/datapath/segmenter.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

struct DownlinkCounters {
  std::uint64_t packets = 0;         // framed; each segment of a super packet is one
  std::uint64_t bytes = 0;           // IP octets of these
  std::uint64_t dropped_closed = 0;  // each segment is one
  // Not IPv4, no IP packet at all, or too large for a frame.
  std::uint64_t dropped_malformed = 0;
  std::uint64_t dropped_interface = 0;  // the kernel could not hand it over

  DownlinkCounters& operator+=(const DownlinkCounters& other);
};

// One per session: the gate and the counters.
class Downlink {
 public:
  // Frames the segments that `packet` still has, or drops and counts them. True: done with it.
  // False: the batch is full; send it, clear it and call again with the same packet.
  [[nodiscard]] bool Append(FrameBatch& batch, Segmenter& packet);
  // What Segmenter::Parse refused.
  void NoteMalformed() { ++counters_.dropped_malformed; }
  // What the interface lost.
  void NoteLost() { ++counters_.dropped_interface; }

  void OpenData() { open_ = true; }
  void ShutData() { open_ = false; }
  [[nodiscard]] const DownlinkCounters& counters() const { return counters_; }

 private:
  bool open_ = false;
  DownlinkCounters counters_;
};

}  // namespace sstpgw::datapath
