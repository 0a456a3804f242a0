// Where unpredictable octets come from. Pure code gets it handed in; edge/ reads the kernel, tests
// count.
#pragma once

#include <cstdint>
#include <span>

namespace sstpgw {

class Entropy {
 public:
  virtual ~Entropy() = default;
  // Fills all of `out`. Must not fail: an implementation that cannot deliver ends the process.
  virtual void Fill(std::span<std::uint8_t> out) = 0;
};

}  // namespace sstpgw
