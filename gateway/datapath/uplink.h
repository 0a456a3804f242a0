// TLS plaintext from one client, cut into what it is: first the HTTP head, then SSTP packets; IP
// packets on an open data path leave in their own direction, everything else goes to the session's
// brain. Holds only a partial head or frame between calls. Pure, no allocation per packet.
//
// Secrets: a password may be among what is held; it is wiped when given back, as long as the data
// path is not open.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/datapath/up_pacer.h"
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
  // whose source is the session's address. Only after OpenData. Counted as passed on: tell
  // NoteRefused what the interface did not take. Unlike other views it stays valid until
  // OnIpPacketsEnd returns, so that packets may be collected.
  virtual void OnIpPacket(ByteView packet) = 0;
  // Comes after one or more calls of OnIpPacket, before any other call and before Consume returns.
  virtual void OnIpPacketsEnd() = 0;
};

struct UplinkCounters {
  std::uint64_t packets = 0;  // given to OnIpPacket and not refused
  std::uint64_t bytes = 0;
  // Data protocols: before the crypto binding was valid; after it, but before the data path was
  // ever open; after the data path was shut.
  std::uint64_t dropped_before_binding = 0;
  std::uint64_t dropped_before_activation = 0;
  std::uint64_t dropped_closed = 0;
  std::uint64_t dropped_spoofed = 0;
  std::uint64_t dropped_malformed = 0;
  std::uint64_t dropped_interface = 0;  // refused by the interface
  std::uint64_t dropped_limit = 0;      // by the session's pacer, as a signal to their senders

  // All there were, whatever became of them.
  [[nodiscard]] std::uint64_t data_packets() const {
    return packets + dropped_before_binding + dropped_before_activation + dropped_closed +
           dropped_spoofed + dropped_malformed + dropped_interface + dropped_limit;
  }
  UplinkCounters& operator+=(const UplinkCounters& other);
};

inline constexpr std::size_t kMaxHttpHead = 8192;

class Uplink {
 public:
  Uplink() = default;
  ~Uplink();
  Uplink(const Uplink&) = delete;
  Uplink& operator=(const Uplink&) = delete;

  // Cuts `plaintext` and calls `handler` for each piece in order. A handler may open or shut the
  // data path while it is called: it takes effect with the next packet.
  // `budget`: how many pieces may go to the session's brain, counted down. When it is used up, the
  // rest of `plaintext` is returned and belongs in front of the next call's.
  ByteView Consume(ByteView plaintext, UplinkHandler& handler, std::size_t& budget);
  // All of it, however many pieces there are.
  void Consume(ByteView plaintext, UplinkHandler& handler);

  // Packets that are passed on are charged to `pacer`, which is not owned, and marked or dropped
  // where it says so; nullptr: no limit. Takes effect with the next packet.
  void SetPacer(UpPacer* pacer) { pacer_ = pacer; }
  // The crypto binding is valid.
  void NoteBinding() { bound_ = true; }
  void OpenData(Ipv4Address source);
  void ShutData();
  // The interface did not take `packets` of those given to OnIpPacket, `bytes` IP octets in all.
  void NoteRefused(std::size_t packets, std::size_t bytes);
  [[nodiscard]] const UplinkCounters& counters() const { return counters_; }
  // Octets kept between calls; bounded by kMaxHttpHead.
  [[nodiscard]] std::size_t held() const { return held_.size(); }

 private:
  enum class Phase : std::uint8_t { kHttp, kSstp, kStopped };
  // `finished`: takes the memory of a held piece that packets were given out of.
  ByteView ConsumeAll(ByteView plaintext, UplinkHandler& handler, std::size_t& budget,
                      Bytes& finished);
  // Each returns the octets used up, 0 when more are needed.
  std::size_t ConsumePiece(ByteView bytes, UplinkHandler& handler, std::size_t& budget);
  std::size_t ConsumeHttp(ByteView bytes, UplinkHandler& handler, std::size_t& budget);
  std::size_t ConsumePacket(ByteView bytes, UplinkHandler& handler, std::size_t& budget);
  // What nearly all of a busy stream is, without the detour over the codec: a whole frame with an
  // IPv4 packet and its header in full. 0: anything else, for ConsumePiece to judge.
  std::size_t ConsumeIpv4Frame(ByteView bytes, UplinkHandler& handler);
  // A data packet: false: delivered or dropped already.
  bool IsForSession(ByteView packet, UplinkHandler& handler);
  void DeliverIp(ByteView packet, UplinkHandler& handler);
  // The packet as it is to be passed on; empty: dropped.
  ByteView Pace(ByteView packet);
  void EndIpPackets(UplinkHandler& handler);
  // How much of the piece that has begun in held_ may still be wanted.
  [[nodiscard]] std::size_t Lacking() const;
  // Appends to held_ without leaving a copy of a packet behind in memory.
  void Hold(ByteView bytes);
  void GiveBackHeld();

  Phase phase_ = Phase::kHttp;
  std::optional<Ipv4Address> source_;  // set while the data path is open
  bool bound_ = false;
  bool opened_ = false;     // it was open at some time
  bool delivered_ = false;  // OnIpPacketsEnd is owed
  UpPacer* pacer_ = nullptr;
  std::vector<Bytes> marked_;  // packets that the pacer marked, until OnIpPacketsEnd
  Bytes held_;
  std::size_t searched_ = 0;  // octets of held_ known to hold no end of the HTTP head
  UplinkCounters counters_;
};

}  // namespace sstpgw::datapath
