// How IP packets move between a session that is up and its TUN interface, for one thread:
//
//   packet path         one packet per read and write of the TUN and per TLS record, as ordinary
//                       clients do; plain packets
//   super-packet path   the TUN gives and takes up to 64 KiB of a flow at one time; records filled
//                       to 16 KiB, packets straddling them; few system calls
//
// No allocation per packet. What the TUN does not take is dropped, as by any full interface.
#pragma once

#include <memory>

#include "proto/base/types.h"
#include "tests/client/connection.h"
#include "tests/client/tun_interface.h"

namespace sstpgw::client {

class DataPath {
 public:
  virtual ~DataPath() = default;
  // Moves packets of the TUN to the server, until none waits or the connection has a backlog.
  virtual void FromTun() = 0;
  // A packet of the server; the view stays valid until OnReceiveEnd.
  virtual void OnIpPacket(ByteView packet) = 0;
  virtual void OnReceiveEnd() = 0;
};

// Both: `tun` and `connection` must outlive the path; after Connection::BeginBulk. The TUN was
// created with super-packets for the second, without for the first.
std::unique_ptr<DataPath> MakePacketPath(const TunInterface& tun, Connection& connection);
std::unique_ptr<DataPath> MakeSuperPacketPath(const TunInterface& tun, Connection& connection);

}  // namespace sstpgw::client
