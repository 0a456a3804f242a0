// Runs a piece of a test in a network namespace of its own, which goes with it.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <thread>

namespace sstpgw::edge {

// On a thread of its own, since a namespace belongs to a thread: the rest of the program stays
// where it is. Without the privilege `body` does not run and false comes back: skip then.
[[nodiscard]] inline bool InNewNetworkNamespace(const std::function<void()>& body) {
  bool ran = false;
  std::thread thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) return;
    ran = true;
    body();
  });
  thread.join();
  return ran;
}

}  // namespace sstpgw::edge
