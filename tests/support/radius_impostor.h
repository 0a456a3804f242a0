// Somebody on the way to a RADIUS server who sees the requests and does not know the secret: each
// is answered with forged Access-Accepts at once, then passed on, and the server's own answer comes
// behind them.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "tests/support/namespaces.h"

namespace sstpgw::test {

class RadiusImpostor {
 public:
  // What the forged packets promise.
  static constexpr const char* kAddress = "10.66.6.6";

  // Takes requests at `address` and passes them on to `server`, both in `where`.
  RadiusImpostor(const Namespace& where, const std::string& address, const std::string& server,
                 std::uint16_t port = 1812);
  ~RadiusImpostor();
  RadiusImpostor(const RadiusImpostor&) = delete;
  RadiusImpostor& operator=(const RadiusImpostor&) = delete;

  // Datagrams that it made up so far.
  [[nodiscard]] std::size_t forged() const { return forged_; }
  // Answers of the server that it passed back.
  [[nodiscard]] std::size_t passed() const { return passed_; }

 private:
  void Work();

  int front_ = -1;
  int back_ = -1;
  std::atomic<bool> ending_{false};
  std::atomic<std::size_t> forged_{0};
  std::atomic<std::size_t> passed_{0};
  std::thread thread_;
};

}  // namespace sstpgw::test
