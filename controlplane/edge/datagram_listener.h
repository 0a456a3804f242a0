// One UDP socket at a fixed place, for requests: whoever sent one is answered from the very address
// that the request came to, also where the host has many (IP_PKTINFO, IPV6_PKTINFO).
//
// It shares its port with nobody, so that one that is in use is found out. Datagrams may be
// fragmented on their way (RADIUS goes to 4096 octets). What the network reports about answers
// (ICMP) is not asked for.
//
// Threads: everything in the thread of the poller's loop. Nothing here waits.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include "controlplane/edge/poller.h"
#include "controlplane/edge/unique_fd.h"
#include "proto/base/ip_endpoint.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::cp {

class DatagramListener {
 public:
  static constexpr std::size_t kMaxDatagram = 4096;  // of longer ones this much is given

  // Addresses are unmapped: IPv4 is IPv4, whatever the socket is.
  struct Asked {
    IpEndpoint from;
    IpAddress to;  // ours
  };
  // May close and open this, send, and do anything else.
  using Arrived = std::function<void(const Asked& by, ByteView datagram)>;

  // `poller` must outlive this.
  DatagramListener(Poller& poller, Arrived arrived);
  ~DatagramListener() { Close(); }
  DatagramListener(const DatagramListener&) = delete;
  DatagramListener& operator=(const DatagramListener&) = delete;

  // Without an address at all of this host's, of both families where it has both. Port 0: any that
  // is free. Only while closed. kAlreadyExists: the port is in use; kInvalidArgument: not an
  // address of this host; kPermissionDenied: the port is for root; kSystem: something else. The
  // messages are clauses that do not name the place.
  [[nodiscard]] Result<void> Open(const std::optional<IpAddress>& address, std::uint16_t port);
  void Close();
  [[nodiscard]] bool open() const { return fd_.valid(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }  // while open

  // An answer leaves with the source `by.to`. What the kernel does not take is lost: kUnavailable
  // while its queue is full, kSystem. Nothing is sent while closed.
  [[nodiscard]] Result<void> Send(const Asked& by, ByteView datagram);

 private:
  [[nodiscard]] Result<void> Bind(const IpAddress& address, std::uint16_t port, bool both);
  void Read();
  bool ReadOne();

  Poller& poller_;
  Arrived arrived_;
  UniqueFd fd_;
  std::uint16_t port_ = 0;
  bool v6_ = false;           // its family
  std::uint64_t opened_ = 0;  // counts up, so that a turn knows that its socket is gone
  std::unique_ptr<std::array<std::uint8_t, kMaxDatagram>> buffer_;
};

}  // namespace sstpgw::cp
