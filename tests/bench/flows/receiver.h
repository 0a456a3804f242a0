// The receiving end of a load: counts payload between two instants of its own clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/bench/flows/control.h"

namespace sstpgw::bench {

// Where the payload comes from: some descriptors, each a flow.
class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual const std::vector<int>& fds() const = 0;
  // All that is there of a flow, or a good deal of it: octets of payload. Does not block.
  virtual std::uint64_t Take(std::size_t flow) = 0;
};

// Takes for warm_ms, says kBegin, counts for ms, says kEnough.
[[nodiscard]] Received Receive(int control, const Request& request, Source& source,
                               const OnMark& on_mark);

// TCP.
class Connections final : public Source {
 public:
  explicit Connections(std::vector<int> fds) : fds_(std::move(fds)) {}
  [[nodiscard]] const std::vector<int>& fds() const override { return fds_; }
  std::uint64_t Take(std::size_t flow) override;

 private:
  std::vector<int> fds_;
};

// UDP, packets as SendUdp makes them.
class Datagrams final : public Source {
 public:
  explicit Datagrams(int fd) : fds_{fd} {}
  [[nodiscard]] const std::vector<int>& fds() const override { return fds_; }
  std::uint64_t Take(std::size_t flow) override;
  // Until `sent` packets have come, or none for half a second, or for three seconds.
  void TakeRest(std::uint64_t sent);
  [[nodiscard]] std::uint64_t packets() const { return packets_; }
  [[nodiscard]] std::uint64_t disordered() const { return disordered_; }

 private:
  std::vector<int> fds_;
  std::uint64_t packets_ = 0, disordered_ = 0, highest_ = 0;
};

}  // namespace sstpgw::bench
