// Packets from a client, on their way to its interface: consecutive segments of one TCP flow, or
// datagrams of the same size of one UDP flow, become one super packet that the kernel takes in one
// write. Only what the kernel's cutting turns back into the same packets, bit for bit, is merged;
// everything else passes unchanged.
//
//   coalescer.Begin(options, sink);
//   for (packet : what one read gave) coalescer.Add(packet);
//   coalescer.Flush();                      now the packets' memory may be used again
//
// Order: packets of one flow (addresses, ports, protocol) leave in the order in which they came; a
// packet whose flow is not known leaves after everything before it and before everything after it.
// Different flows may overtake each other.
//
// A super packet ends with a segment that is shorter than the others or has PSH set, when it is
// full (64 segments of UDP, 128 of TCP, 65535 octets), with a packet of its flow that does not
// continue it, when another flow needs its place, and with Flush.
//
// Pure, one per worker: about 36 KiB, no allocation.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "gateway/datapath/flow_packet.h"
#include "gateway/datapath/vnet_header.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

class PacketSink {
 public:
  virtual ~PacketSink() = default;
  // One write to the TUN: `parts` one after the other are a vnet header and a packet. `packets`,
  // `bytes`: how many packets of the client that is, and their IP octets. `parts` and what they
  // view are valid during the call only.
  virtual void OnPacket(std::span<const ByteView> parts, std::size_t packets,
                        std::size_t bytes) = 0;
};

class Coalescer {
 public:
  // Which super packets the interface takes.
  struct Options {
    bool tcp = false;
    bool udp = false;
  };
  static constexpr std::size_t kMaxSegmentsTcp = 128;
  static constexpr std::size_t kMaxSegmentsUdp = 64;  // older kernels refuse more
  static constexpr std::size_t kMaxFlows = 16;        // open at once
  // Of one write: headers, then the payload of each packet.
  static constexpr std::size_t kMaxParts = 1 + kMaxSegmentsTcp;

  Coalescer() = default;
  Coalescer(const Coalescer&) = delete;
  Coalescer& operator=(const Coalescer&) = delete;

  // What is added from here on goes to `sink`, which must live until Flush. Nothing is held when it
  // is called.
  void Begin(Options options, PacketSink& sink);
  // `packet`: any octets; stays valid and unchanged until Flush.
  void Add(ByteView packet);
  // Lets go of everything.
  void Flush();

 private:
  // A super packet in the making.
  struct Group {
    FlowPacket first;
    std::uint32_t count = 0;
    std::uint32_t total = 0;  // octets of the super packet so far
    std::uint32_t bytes = 0;  // octets of the packets so far
    bool verified = false;    // the first packet's checksums were found right
    std::array<ByteView, kMaxParts> parts;
  };

  void Merge(const FlowPacket& packet);
  // The open group of the packet's flow, or kMaxFlows.
  [[nodiscard]] std::size_t Find(const FlowPacket& packet) const;
  [[nodiscard]] static bool Takes(Group& group, const FlowPacket& packet);
  void Open(const FlowPacket& packet);
  void Close(std::size_t index);
  void PassAlone(ByteView packet);
  void EmitMerged(Group& group, bool push);

  Options options_;
  PacketSink* sink_ = nullptr;
  std::array<std::uint32_t, kMaxFlows> hashes_{};  // 0: no group there
  std::size_t open_ = 0;                           // groups
  std::size_t victim_ = 0;                         // the next that makes room
  std::array<Group, kMaxFlows> groups_;
};

}  // namespace sstpgw::datapath
