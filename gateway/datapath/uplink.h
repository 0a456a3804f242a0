// TLS plaintext from one client, cut into what it is: first the HTTP head, then SSTP packets; IP
// packets on an open data path leave in their own direction, everything else goes to the session's
// brain. Holds only a partial head or frame between calls. Pure, no allocation per packet.
#pragma once

#include <cstdint>
#include <optional>

#include "proto/base/ip.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

class UplinkHandler {
 public:
  virtual ~UplinkHandler() = default;
  // Each returns false to stop consuming (the connection is being closed); the rest is dropped.
  // Views are valid during the call only.
  virtual bool OnHttpHead(ByteView head) = 0;
  virtual bool OnHttpHeadTooLong() = 0;
  virtual bool OnSstpPacket(ByteView packet) = 0;
  virtual bool OnUndelineated() = 0;
  // A whole IPv4 packet (version 4, total length within the frame; bytes beyond it are cut off)
  // whose source is the session's address. Only after OpenData.
  virtual void OnIpPacket(ByteView packet) = 0;
};

struct UplinkCounters {
  std::uint64_t packets = 0;  // delivered by OnIpPacket
  std::uint64_t bytes = 0;
  std::uint64_t dropped_before_open = 0;  // data protocol before the data path was ever open
  std::uint64_t dropped_closed = 0;       // data protocol after it was shut
  std::uint64_t dropped_spoofed = 0;
  std::uint64_t dropped_malformed = 0;
};

inline constexpr std::size_t kMaxHttpHead = 8192;

class Uplink {
 public:
  // Cuts `plaintext` and calls `handler` for each piece in order. A handler may open or shut the
  // data path while it is called: it takes effect with the next packet.
  void Consume(ByteView plaintext, UplinkHandler& handler);

  void OpenData(Ipv4Address source);
  void ShutData();
  [[nodiscard]] const UplinkCounters& counters() const { return counters_; }
  // Octets kept between calls; bounded by kMaxHttpHead.
  [[nodiscard]] std::size_t held() const { return held_.size(); }

 private:
  enum class Phase : std::uint8_t { kHttp, kSstp, kStopped };
  // Each returns the octets used up, 0 when more are needed.
  std::size_t ConsumePiece(ByteView bytes, UplinkHandler& handler);
  std::size_t ConsumeHttp(ByteView bytes, UplinkHandler& handler);
  std::size_t ConsumePacket(ByteView bytes, UplinkHandler& handler);
  bool DeliverData(ByteView packet, UplinkHandler& handler);
  void DeliverIp(ByteView packet, UplinkHandler& handler);
  // How much of the piece that has begun in held_ may still be wanted.
  [[nodiscard]] std::size_t Lacking() const;
  void Stop();

  Phase phase_ = Phase::kHttp;
  std::optional<Ipv4Address> source_;  // set while the data path is open
  bool opened_ = false;                // it was open at some time
  Bytes held_;
  std::size_t searched_ = 0;  // octets of held_ known to hold no end of the HTTP head
  UplinkCounters counters_;
};

}  // namespace sstpgw::datapath
