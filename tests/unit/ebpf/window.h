// Judges a limiter: octets that passed in any window of time, against what the rate and the burst
// allow. Exact.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sstpgw {

__extension__ using Wide = __int128;

class Window {
 public:
  explicit Window(std::uint64_t rate) : rate_(rate) {}

  // `octets` passed at `now_ns`, which does not go back. Returns by how many octets, rounded up,
  // the fullest window that ends here is above rate * time.
  std::int64_t Pass(std::uint64_t octets, std::uint64_t now_ns) {
    const Wide allowed = Wide{rate_} * Wide{now_ns};
    lowest_ = first_ ? -allowed : std::min(lowest_, total_ - allowed);
    first_ = false;
    total_ += Wide{octets} * kOctet;
    return static_cast<std::int64_t>((total_ - allowed - lowest_ + kOctet - 1) / kOctet);
  }
  [[nodiscard]] std::uint64_t octets() const { return static_cast<std::uint64_t>(total_ / kOctet); }

 private:
  static constexpr Wide kOctet = 8'000'000'000;

  std::uint64_t rate_;
  bool first_ = true;
  Wide total_ = 0;   // bit/s times ns
  Wide lowest_ = 0;  // of total less allowed, before any pass
};

}  // namespace sstpgw
