// A listening TCP socket and the connections it takes in. One per worker and address: SO_REUSEPORT
// lets the kernel spread connections over workers.
//
// Addresses: IPv4 or IPv6 text; an IPv4-mapped peer of a dual-stack socket is shown as IPv4.
// Descriptors run out (EMFILE, ENFILE): the waiting connection is taken with a descriptor kept in
// reserve and closed, so that the client learns at once and the loop does not spin.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/edge/event_loop.h"
#include "gateway/edge/kernel.h"
#include "gateway/edge/unique_fd.h"
#include "proto/base/error.h"
#include "proto/base/result.h"

namespace sstpgw::edge {

struct Endpoint {
  std::string address;  // "192.168.10.100", "2001:db8::1"
  std::uint16_t port = 0;
  // "192.168.10.100:49852", "[2001:db8::1]:443"
  [[nodiscard]] std::string ToString() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};
// nullopt: not an IP address.
[[nodiscard]] std::optional<Endpoint> EndpointOf(const sockaddr_storage& address);

struct AcceptedConnection {
  UniqueFd fd;  // non-blocking, close-on-exec, TCP_NODELAY, TCP_NOTSENT_LOWAT
  Endpoint peer;
  Endpoint local;
};

// kAlone fails also where another program listens that would share the port (SO_REUSEPORT, same
// user): the kernel would give it part of the connections.
enum class PortUse : std::uint8_t { kShared, kAlone };

struct AcceptBatch {
  std::vector<AcceptedConnection> connections;
  std::size_t refused = 0;  // closed for want of descriptors
  bool exhausted = false;   // not even that worked: pause before trying again
};

class Listener {
 public:
  static constexpr int kBacklog = 4096;
  // Connections taken per AcceptBatch, so that those already up are not starved.
  static constexpr std::size_t kBatch = 64;

  // kInvalidArgument: `address` is no IP address. kUnsupported: its family is missing in this
  // kernel. kNotFound: no interface has it. kSystem: anything else. The message names address, port
  // and remedy. Port 0: the kernel chooses one, see local().
  static Result<Listener> Open(Kernel& kernel, const std::string& address, std::uint16_t port,
                               PortUse use = PortUse::kShared);
  // All of `addresses`; none given: [::] for IPv4 and IPv6, or 0.0.0.0 where IPv6 is missing.
  static Result<std::vector<Listener>> OpenAll(Kernel& kernel,
                                               const std::vector<std::string>& addresses,
                                               std::uint16_t port, PortUse use = PortUse::kShared);

  // Never blocks. Connections reset while waiting are skipped.
  [[nodiscard]] AcceptBatch Accept();
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const Endpoint& local() const { return local_; }

 private:
  Listener(Kernel& kernel, UniqueFd fd, UniqueFd reserve, Endpoint local);
  // Takes one connection with the reserved descriptor and closes it. False: that failed as well.
  bool RefuseOne();
  [[nodiscard]] std::optional<AcceptedConnection> Prepare(UniqueFd fd,
                                                          const sockaddr_storage& peer);

  Kernel* kernel_;
  UniqueFd fd_;
  UniqueFd reserve_;
  Endpoint local_;
};

// A listener at work on an event loop: hands each connection to `receiver`, pauses kPause when
// descriptors are exhausted. Destroying it closes the listening socket; accepted connections live.
class Acceptor final : private IoHandler, private TimerHandler {
 public:
  static constexpr Duration kPause = std::chrono::milliseconds(100);
  using Receiver = std::function<void(AcceptedConnection)>;

  // `loop` must outlive it.
  static Result<std::unique_ptr<Acceptor>> Create(EventLoop& loop, Listener listener,
                                                  Receiver receiver);
  ~Acceptor() override;
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  [[nodiscard]] const Endpoint& local() const { return listener_.local(); }
  // Connections closed unanswered because descriptors ran out.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  Acceptor(EventLoop& loop, Listener listener, Receiver receiver);
  void OnIo(IoEvents events) override;
  void OnTimer(std::uint64_t cookie) override;

  EventLoop& loop_;
  Listener listener_;
  Receiver receiver_;
  IoHandle handle_;
  TimerHandle pause_;
  std::uint64_t refused_ = 0;
};

}  // namespace sstpgw::edge
