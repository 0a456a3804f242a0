// A crowd that makes TLS connections to the server and does nothing with them: as many complete
// handshakes as it can, closed at once, and as many begun ones that never go on. Runs in a thread
// of its own while the object lives.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "tests/support/namespaces.h"
#include "tests/support/raw_peer.h"

namespace sstpgw::test {

class HandshakeFlood {
 public:
  struct Size {
    std::size_t complete = 32;    // handshakes in progress at one time
    std::size_t half_open = 256;  // connections that have sent a few octets of their first message
  };
  HandshakeFlood(const Namespace& where, const ServerAddress& server, const Size& size);
  ~HandshakeFlood();
  HandshakeFlood(const HandshakeFlood&) = delete;
  HandshakeFlood& operator=(const HandshakeFlood&) = delete;

  // Handshakes that went to their end.
  [[nodiscard]] std::uint64_t completed() const { return completed_; }
  // Connections begun and left.
  [[nodiscard]] std::uint64_t begun() const { return begun_; }

 private:
  void Run(const Size& size);

  const Namespace& where_;
  const ServerAddress server_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> completed_{0};
  std::atomic<std::uint64_t> begun_{0};
  std::thread thread_;
};

}  // namespace sstpgw::test
