// A session's network interface: TUN, layer 3, no packet information header, non-blocking. Comes
// into being down, without address and with IPv6 disabled (if that may be set); the interface goes
// when the descriptor is closed. Everything else is done to it through netlink.h by its index.
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
  kDrained,  // nothing more now
  kFull,     // `packets` or `buffer` is used up; there may be more
  kGone,     // the interface was deleted or the descriptor is unusable
};
struct TunReadOutcome {
  std::size_t packets = 0;
  TunReadStatus status = TunReadStatus::kDrained;
};
struct TunWriteOutcome {
  std::size_t written = 0;
  std::size_t dropped = 0;  // interface down, no memory, not an IP packet
};

class TunDevice {
 public:
  // A read starts only with this much room left in the buffer, so no packet is ever truncated.
  static constexpr std::size_t kPacketRoom = 65536;

  // `name_template`: "ppp%d" takes the lowest free number. The error says what is missing
  // (/dev/net/tun, CAP_NET_ADMIN) and what to do. Settings that may not be written do not hinder,
  // see ipv6_left_on().
  static Result<TunDevice> Create(Kernel& kernel, const std::string& name_template);

  // Reads packets one after the other into `buffer` and points `packets` at them, until the device
  // is empty or either is used up. `buffer` must be at least kPacketRoom long.
  TunReadOutcome ReadBatch(std::span<std::uint8_t> buffer, std::span<ByteView> packets);
  // Writes each packet; one that the kernel refuses is dropped, the others go on.
  TunWriteOutcome WriteBatch(std::span<const ByteView> packets);

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
  std::string ipv6_left_on_;
};

}  // namespace sstpgw::edge
