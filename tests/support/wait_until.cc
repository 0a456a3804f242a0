#include "tests/support/wait_until.h"

#include <algorithm>
#include <thread>

namespace sstpgw::test {

bool WaitUntil(const std::function<bool()>& fact, std::chrono::milliseconds timeout) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + timeout;
  while (true) {
    const auto asked = Clock::now();
    if (fact()) return true;
    const auto now = Clock::now();
    if (now >= end) return false;
    // Facts that are costly to ask for (a program that has to be run) are asked for less often, so
    // that asking does not keep them from coming true.
    const std::chrono::nanoseconds cost = now - asked;
    std::this_thread::sleep_for(std::clamp<std::chrono::nanoseconds>(
        cost, std::chrono::milliseconds(10), std::chrono::milliseconds(200)));
  }
}

}  // namespace sstpgw::test
