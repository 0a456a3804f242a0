// Somebody in the middle: takes one TCP connection, makes one to a server, and passes octets both
// ways unchanged until it is told to spoil some.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "tests/support/namespaces.h"
#include "tests/support/raw_peer.h"

namespace sstpgw::test {

class TcpRelay {
 public:
  enum class Direction : std::uint8_t { kToServer, kToClient };

  // Listens on 127.0.0.1 in `where` and connects to `server` from there.
  TcpRelay(const Namespace& where, const ServerAddress& server);
  ~TcpRelay();
  TcpRelay(const TcpRelay&) = delete;
  TcpRelay& operator=(const TcpRelay&) = delete;

  // Where clients go instead of to the server.
  [[nodiscard]] ServerAddress address() const { return {"127.0.0.1", port_}; }
  // One bit is flipped in the last octet of what passes next in this direction.
  void Spoil(Direction direction) { spoil_[static_cast<std::size_t>(direction)] = true; }
  // It was done.
  [[nodiscard]] bool spoilt(Direction direction) const {
    return !spoil_[static_cast<std::size_t>(direction)];
  }

 private:
  // -1: told to stop before one came.
  [[nodiscard]] int AwaitClient() const;
  void Run();
  // False: this side has ended.
  bool Pass(int from, int to, Direction direction);

  int listener_ = -1;
  int server_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::array<std::atomic<bool>, 2> spoil_{};
  std::thread thread_;
};

}  // namespace sstpgw::test
