#include "tests/support/wait_until.h"

#include <thread>

namespace sstpgw::test {

bool WaitUntil(const std::function<bool()>& fact, std::chrono::milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!fact()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace sstpgw::test
