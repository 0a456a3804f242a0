// A UDP socket in a namespace that writes many datagrams at one time (UDP_SEGMENT).
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>

#include "proto/base/types.h"
#include "tests/support/namespaces.h"

namespace sstpgw::test {

class UdpSocket {
 public:
  // Bound to `address`.
  UdpSocket(const Namespace& where, const std::string& address, std::uint16_t port);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  // One write that leaves as datagrams of `size` octets, the last one perhaps shorter. False: the
  // kernel did not take it.
  bool Send(const std::string& address, std::uint16_t port, ByteView octets, std::size_t size);
  // The next datagram; empty when none comes.
  Bytes Receive();

 private:
  static sockaddr_in At(const std::string& address, std::uint16_t port);
  int fd_ = -1;
};

}  // namespace sstpgw::test
