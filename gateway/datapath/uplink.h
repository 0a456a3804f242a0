// TLS plaintext from one client, cut into what it is: first the HTTP head, then SSTP packets; IP
// packets on an open data path leave in their own direction, decrypted where MPPE is on; everything
// else goes to the session's brain. Holds only a partial head or frame between calls. Pure, no
// allocation per packet.
//
// Secrets: a password may be among what is held; it is wiped when given back, as long as the data
// path is not open.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "gateway/codec/ppp_frame.h"
#include "gateway/datapath/packet_cipher.h"
#include "gateway/datapath/source_check.h"
#include "gateway/datapath/up_pacer.h"
#include "gateway/datapath/uplink_counters.h"
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
  // An IPv6 packet for the gateway itself: Router Solicitation, or UDP to port 547; its source is
  // link-local or ::, and no checksum has been looked at.
  virtual bool OnIpv6Control(ByteView packet) = 0;
  // Encrypted packets are lost until the peer has been asked to start its key anew; comes again
  // when it seems not to have heard.
  virtual bool OnMppeOutOfStep() = 0;
  // A whole IPv4 or IPv6 packet (its length lies within the frame; bytes beyond it are cut off)
  // whose source is the session's, or for IPv6 of the link itself (ipv6_scope.h). Only after
  // OpenData. Counted as passed on: tell NoteRefused what the interface did not take. Unlike other
  // views it stays valid until OnIpPacketsEnd returns, so that packets may be collected.
  virtual void OnIpPacket(ByteView packet) = 0;
  // Comes after one or more calls of OnIpPacket, before any other call and before Consume returns.
  virtual void OnIpPacketsEnd() = 0;
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
  void OpenData(SourceCheck sources);
  // While it is open; takes effect with the next packet.
  void SetSources(SourceCheck sources) { sources_ = std::move(sources); }
  void ShutData();
  // MPPE is on, from the next packet on: what comes in plain is dropped. `opener` is not owned;
  // nullptr: off. `room`: where packets lie until OnIpPacketsEnd, at least kMaxSstpPacket octets;
  // uplinks that are not used at the same time may share it.
  void SetOpener(PacketOpener* opener, std::span<std::uint8_t> room = {});
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
  // IP packet, perhaps encrypted, and its header in full. 0: anything else, for ConsumePiece to
  // judge.
  std::size_t ConsumeDataFrame(ByteView bytes, UplinkHandler& handler, std::size_t& budget);
  // A data packet: false: delivered or dropped already.
  bool IsForSession(ByteView packet, UplinkHandler& handler, std::size_t& budget);
  // A frame of IPv4, IPv6 or MPPE.
  void DeliverData(const codec::PppFrame& frame, UplinkHandler& handler, std::size_t& budget);
  void DeliverSealed(ByteView sealed, UplinkHandler& handler, std::size_t& budget);
  void DeliverPlain(const codec::PppFrame& frame, UplinkHandler& handler, std::size_t& budget);
  void DeliverIpv6(ByteView packet, UplinkHandler& handler, std::size_t& budget);
  void PassOn(ByteView packet, UplinkHandler& handler);
  // What was encrypted, in room_; empty: nothing, and counted.
  ByteView Open(ByteView sealed, UplinkHandler& handler, std::size_t& budget);
  // The packet as it is to be passed on; empty: dropped.
  ByteView Pace(ByteView packet);
  void EndIpPackets(UplinkHandler& handler);
  // How much of the piece that has begun in held_ may still be wanted.
  [[nodiscard]] std::size_t Lacking() const;
  // Appends to held_ without leaving a copy of a packet behind in memory.
  void Hold(ByteView bytes);
  void GiveBackHeld();

  Phase phase_ = Phase::kHttp;
  SourceCheck sources_;
  bool open_ = false;
  bool bound_ = false;
  bool opened_ = false;     // it was open at some time
  bool delivered_ = false;  // OnIpPacketsEnd is owed
  UpPacer* pacer_ = nullptr;
  PacketOpener* opener_ = nullptr;
  std::span<std::uint8_t> room_;
  std::size_t room_used_ = 0;  // by packets until OnIpPacketsEnd
  std::vector<Bytes> marked_;  // packets that the pacer marked, until OnIpPacketsEnd
  Bytes held_;
  std::size_t searched_ = 0;  // octets of held_ known to hold no end of the HTTP head
  UplinkCounters counters_;
};

}  // namespace sstpgw::datapath
