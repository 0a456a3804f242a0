#include "controlplane/edge/kernel_entropy.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

#include "proto/base/log.h"

namespace sstpgw::cp {

void KernelEntropy::Fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      Log(LogLevel::kError, "getrandom failed: no randomness, cannot go on");
      std::abort();
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace sstpgw::cp
