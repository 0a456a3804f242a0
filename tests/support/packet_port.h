// The raw end of a network interface: IPv4 or IPv6 packets go out and come in exactly as they are
// on the cable, past the namespace's own IP layer. For interfaces of a Veth.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "proto/base/ip.h"
#include "proto/base/types.h"
#include "tests/support/namespaces.h"

namespace sstpgw::test {

// A super-packet: one header, and a payload that the kernel cuts into segments of `segment_size`.
struct SuperPacket {
  enum class Kind { kTcp, kUdp };
  Kind kind = Kind::kTcp;
  Bytes packet;             // as for one packet, lengths for all of it
  std::size_t headers = 0;  // octets of IPv4 and transport header
  std::size_t segment_size = 0;
};

class PacketPort {
 public:
  struct End {
    const Namespace& where;
    std::string interface;
  };
  // Sends from and receives at `here`; `there` is the other end of the cable. What is received are
  // packets to addresses that begin with the three octets of `network`.
  PacketPort(const End& here, const End& there, std::array<std::uint8_t, 3> network);
  // Likewise for IPv6 packets to addresses in `network`, of a length that is a multiple of eight.
  PacketPort(const End& here, const End& there, const Ipv6Prefix& network);
  ~PacketPort();
  PacketPort(const PacketPort&) = delete;
  PacketPort& operator=(const PacketPort&) = delete;

  // The checksums of `packet` stay as they are.
  bool Send(ByteView packet);
  // The transport checksum is finished by the kernel.
  bool Send(const SuperPacket& packet);
  // Appends what came since the last call, in the order in which it came.
  void Receive(std::vector<Bytes>& received);
  // Becomes readable when something came.
  [[nodiscard]] int fd() const { return fd_; }
  // Packets that this port had no room for: the test's own loss.
  [[nodiscard]] std::size_t Overflows() const;

 private:
  PacketPort(const End& here, const End& there, std::uint16_t ethertype, Bytes network);
  bool SendWithHeader(ByteView vnet_header, ByteView packet);

  int fd_ = -1;
  int index_ = 0;
  std::array<std::uint8_t, 6> own_{};
  std::array<std::uint8_t, 6> neighbour_{};
  std::uint16_t ethertype_;
  Bytes network_;  // leading octets of the destination
};

// Checksums, segmentation and merging by the interface itself: off, so that what crosses the cable
// are packets as a wire would carry them.
void DisableOffloads(const Namespace& where, const std::string& interface);

}  // namespace sstpgw::test
