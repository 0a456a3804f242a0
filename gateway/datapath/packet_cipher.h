// What the data path asks of MPPE (RFC 3078): one direction of one session each. What stands in a
// frame of protocol 0x00FD:
//
//   MPPE header (2) | encrypted: protocol (2) | packet
//
// Threads: the session's worker.
#pragma once

#include <cstdint>
#include <span>

#include "gateway/codec/ppp_frame.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

// Octets that encryption adds to a packet: MPPE header and protocol field.
inline constexpr std::size_t kSealOverhead = 4;

// Packets towards the client.
class PacketSealer {
 public:
  virtual ~PacketSealer() = default;
  // `frame`: room for kSealOverhead octets, then the packet; encrypted in place. False: it could
  // not be, and must not be sent.
  [[nodiscard]] virtual bool Seal(codec::PppProtocol protocol, std::span<std::uint8_t> frame) = 0;
};

// Packets from the client.
class PacketOpener {
 public:
  enum class Status : std::uint8_t {
    kOpened,
    kBroken,     // nothing that MPPE sends, or waiting for what the peer was told already
    kOutOfStep,  // packets are missing; this one cannot be decrypted, and the peer is to be told
  };
  struct Opened {
    Status status = Status::kBroken;
    ByteView plain;  // protocol field and packet, within `out`
  };
  virtual ~PacketOpener() = default;
  // `frame`: what follows the protocol field 0x00FD, of any size. `out` has at least as much room
  // and does not overlap it.
  virtual Opened Open(ByteView frame, std::span<std::uint8_t> out) = 0;
};

}  // namespace sstpgw::datapath
