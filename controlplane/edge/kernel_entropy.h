// Entropy from the kernel's generator (getrandom). Ends the process if the kernel refuses: there is
// no safe way on without randomness. Threads: any.
#pragma once

#include "proto/base/entropy.h"

namespace sstpgw::cp {

class KernelEntropy final : public Entropy {
 public:
  void Fill(std::span<std::uint8_t> out) override;
};

}  // namespace sstpgw::cp
