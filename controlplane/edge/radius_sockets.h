// UDP sockets for RADIUS: many at one time, each known by a number of its owner's, read and written
// in batches (recvmmsg, sendmmsg).
//
// Ports are chosen at random among 10000..65535, where few services have a fixed place. Datagrams
// may be fragmented on their way (RADIUS goes to 4096 octets). What the network reports (ICMP:
// port unreachable and its like) is told to the owner as text and otherwise ignored, since anybody
// can make it up.
//
// Threads: everything in the thread of the poller's loop. Nothing here waits.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "controlplane/edge/poller.h"
#include "controlplane/edge/unique_fd.h"
#include "proto/base/entropy.h"
#include "proto/base/ip_endpoint.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::cp {

class RadiusSockets {
 public:
  using Key = std::uint32_t;
  static constexpr std::size_t kMaxDatagram = 4096;  // of longer ones this much is given

  class Owner {
   public:
    virtual ~Owner() = default;
    // May open, close, send and flush, also close this very socket.
    virtual void Arrived(Key key, const IpEndpoint& from, ByteView datagram) = 0;
    // May do nothing of that.
    virtual void Trouble(Key key, std::string_view why) = 0;
  };

  // All must outlive this.
  RadiusSockets(Poller& poller, Entropy& entropy, Owner& owner);
  ~RadiusSockets();
  RadiusSockets(const RadiusSockets&) = delete;
  RadiusSockets& operator=(const RadiusSockets&) = delete;

  // Bound to `local`, which may be 0.0.0.0 or ::, and with port 0 at a random port. `key` is not in
  // use. kInvalidArgument: the address is not one of this host's; kAlreadyExists: the port is
  // taken; kSystem: something else. The messages name the address.
  [[nodiscard]] Result<void> Open(Key key, const IpEndpoint& local);
  // What was to be sent on it is not sent any more. Unknown keys are ignored.
  void Close(Key key);
  // Queues a datagram; ignored for an unknown key. Flush sends.
  void Send(Key key, const IpEndpoint& to, Bytes datagram);
  // What the kernel does not take is lost, and told as trouble.
  void Flush();

  // Where a socket stands.
  [[nodiscard]] Result<IpEndpoint> LocalOf(Key key) const;
  [[nodiscard]] std::size_t open_sockets() const { return sockets_.size(); }

 private:
  struct Outgoing {
    Key key = 0;
    IpEndpoint to;
    Bytes datagram;
  };
  [[nodiscard]] std::uint16_t RandomPort();
  [[nodiscard]] Result<UniqueFd> Bind(const IpEndpoint& local);
  void Read(Key key);
  // False: nothing came.
  bool ReadBatch(Key key);
  void ReadErrors(Key key);
  void SendBatch(std::span<Outgoing> batch);

  static constexpr std::size_t kBatch = 32;
  Poller& poller_;
  Entropy& entropy_;
  Owner& owner_;
  std::unordered_map<Key, UniqueFd> sockets_;
  std::vector<Outgoing> outgoing_;
  std::vector<std::array<std::uint8_t, kMaxDatagram>> buffers_;  // of one batch
};

// Whether packets may come from this address: it is one of this host's. Errors as Open.
[[nodiscard]] Result<void> CheckLocalAddress(const IpAddress& address);
// The source that the routes give packets to there. kSystem: no route.
[[nodiscard]] Result<IpAddress> SourceTowards(const IpEndpoint& server);

}  // namespace sstpgw::cp
