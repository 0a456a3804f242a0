// A session's network interface: TUN, layer 3, non-blocking, every packet with a virtio-net header
// of kVnetHeader octets in front (datapath/vnet_header.h knows what is in it). With super-packets
// the kernel hands over and takes many segments of a flow as one packet of up to 64 KiB, and leaves
// checksums to us; without, packets are plain and finished. Comes into being down, without address
// and with IPv6 disabled (if that may be set); the interface goes when the descriptor is closed.
// Everything else is done to it through netlink.h by its index.
//
// Directions: read = packets the kernel sends to the subscriber, write = packets from the
// subscriber.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "gateway/edge/kernel.h"
#include "gateway/edge/unique_fd.h"
#include "proto/base/error.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

enum class TunReadStatus : std::uint8_t {
  kPacket,
  kDrained,  // nothing now
  kLost,     // the kernel could not hand over this packet, which is gone; go on with the next one
  kGone,     // the interface was deleted or the descriptor is unusable
};
struct TunReadOutcome {
  ByteView packet;  // vnet header and packet, in the caller's buffer
  TunReadStatus status = TunReadStatus::kDrained;
};

// Whose segments may be put together, in both directions; checksums are left to us if any is.
struct TunOffloads {
  bool tcp = false;  // TCP over IPv4 and IPv6
  bool udp = false;  // UDP over both; Linux 6.2 and newer
  friend bool operator==(const TunOffloads&, const TunOffloads&) = default;
};
inline constexpr TunOffloads kAllTunOffloads{.tcp = true, .udp = true};

// What this kernel has of them, found out on an interface that is gone afterwards. The error says
// why none can be made.
[[nodiscard]] Result<TunOffloads> ProbeTunOffloads(Kernel& kernel);

class TunDevice {
 public:
  static constexpr std::size_t kVnetHeader = 10;
  // A read needs this much room, so that no packet is ever truncated.
  static constexpr std::size_t kPacketRoom = kVnetHeader + 65535;

  // `name`: one that nobody has, or a template: "ppp%d" takes the lowest free number.
  // `wanted`: as far as this kernel has them, see offloads(); UDP only together with TCP. The error
  // says what is missing (/dev/net/tun, CAP_NET_ADMIN) and what to do. Settings that may not be
  // written do not hinder, see ipv6_left_on().
  static Result<TunDevice> Create(Kernel& kernel, const std::string& name,
                                  const TunOffloads& wanted);

  // One packet into `buffer`, which has kPacketRoom octets.
  TunReadOutcome Read(std::span<std::uint8_t> buffer);
  // One packet, vnet header first, gathered from at most kMaxParts views. False: the kernel refused
  // it (interface down, no memory, not an IP packet), so it is lost.
  bool Write(std::span<const ByteView> parts);
  static constexpr std::size_t kMaxParts = Kernel::kMaxParts;

  [[nodiscard]] TunOffloads offloads() const { return offloads_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  // As created; a later rename is not reflected here.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] InterfaceIndex index() const { return index_; }
  // Why IPv6 could not be disabled; empty: it is.
  [[nodiscard]] const std::string& ipv6_left_on() const { return ipv6_left_on_; }

 private:
  TunDevice(Kernel& kernel, UniqueFd fd, std::string name, InterfaceIndex index);

  Kernel* kernel_;
  UniqueFd fd_;
  std::string name_;
  InterfaceIndex index_;
  TunOffloads offloads_;
  std::string ipv6_left_on_;
};

}  // namespace sstpgw::edge
