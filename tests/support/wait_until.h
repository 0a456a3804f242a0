// Waiting for facts, never for time: asks again until the fact is there or the time is up.
#pragma once

#include <chrono>
#include <cstdlib>
#include <functional>

namespace sstpgw::test {

// How long a fact may take; an emulated guest is slow.
inline const std::chrono::milliseconds kPatience{std::getenv("SG_GUEST") == nullptr ? 20000
                                                                                    : 180000};

// True as soon as `fact` returns true; false when `timeout` passed. `fact` is asked at least once,
// and again after 10 ms to 200 ms, the longer the more asking costs.
bool WaitUntil(const std::function<bool()>& fact, std::chrono::milliseconds timeout);

}  // namespace sstpgw::test
