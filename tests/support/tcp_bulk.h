// TCP between two namespaces: so many octets of noise with a hash at both ends, or a flow without
// end whose progress is watched.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "tests/support/namespaces.h"
#include "tests/support/wait_until.h"

namespace sstpgw::test {

struct BulkResult {
  std::uint64_t received = 0;
  std::string sent_sha256;
  std::string received_sha256;
  std::string error;  // empty: both ends went to their end
  double seconds = 0;

  [[nodiscard]] bool Equal(std::uint64_t octets) const {
    return error.empty() && received == octets && sent_sha256 == received_sha256;
  }
};

// From a socket in `from` to one that listens on `address` in `to`. A pause of `timeout` ends it.
[[nodiscard]] BulkResult TransferTcp(const Namespace& from, const Namespace& to,
                                     const std::string& address, std::uint64_t octets,
                                     std::chrono::seconds timeout = std::chrono::seconds(30));

// Sends as fast as TCP lets it, until the object goes.
class TcpFlow {
 public:
  // From `from` to `address`, which is an address of `to`.
  TcpFlow(const Namespace& from, const Namespace& to, const std::string& address);
  ~TcpFlow();
  TcpFlow(const TcpFlow&) = delete;
  TcpFlow& operator=(const TcpFlow&) = delete;

  // Octets that arrived so far.
  [[nodiscard]] std::uint64_t received() const { return received_; }
  // True once `octets` more have arrived.
  bool WaitProgress(std::uint64_t octets, std::chrono::milliseconds timeout = kPatience) const;
  // Octets per second over a while of watching.
  [[nodiscard]] double Rate(std::chrono::milliseconds watched) const;

 private:
  int sender_ = -1;
  int receiver_ = -1;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> received_{0};
  std::thread sending_;
  std::thread receiving_;
};

}  // namespace sstpgw::test
