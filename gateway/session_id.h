// Session ids of one worker: 16 lower-case hex digits, 8 of them the second the gateway started, 8
// a number that also tells which worker carries the session, so that an order finds its way without
// a shared table.
//
//   number = ((start + count) mod (2^32 / workers - 1)) * workers + worker
//
// `start` is random, so that two starts within one second do not repeat ids either. One worker, not
// thread-safe; the static functions are pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "proto/base/types.h"

namespace sstpgw::gateway {

class SessionIdSource {
 public:
  struct Options {
    std::uint32_t boot_unix_seconds = 0;
    std::uint32_t random_start = 0;
    std::uint32_t worker = 0;   // below `workers`
    std::uint32_t workers = 1;  // 1 or more
  };
  explicit SessionIdSource(const Options& options);

  [[nodiscard]] SessionId Next();
  // The worker named by `id`; nullopt: not an id in this form.
  [[nodiscard]] static std::optional<std::size_t> WorkerOf(const SessionId& id,
                                                           std::uint32_t workers);

 private:
  Options options_;
  std::uint32_t span_;  // ids of this worker before they repeat
  std::uint32_t count_ = 0;
};

}  // namespace sstpgw::gateway
