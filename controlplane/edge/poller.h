// Descriptors that one thread watches while it sleeps, and a way for others to wake it. A TaskLoop
// sleeps in one of these, so that whoever owns sockets lives in the app's one thread and needs no
// lock (epoll, level-triggered).
//
// Threads: everything belongs to the thread that calls Wait, except Wake; before that thread
// starts, to whoever makes it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "controlplane/edge/unique_fd.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::cp {

class Poller {
 public:
  using Readable = std::function<void()>;

  // Ends the process if the kernel has no descriptors left for it.
  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // `readable` is called by Dispatch as long as there is something to read, or an error to fetch.
  // The descriptor must stay open until Unwatch. kSystem: the kernel refuses.
  [[nodiscard]] Result<void> Watch(int fd, Readable readable);
  // It is not called again, not even for what Wait has seen already. Also from within callbacks.
  void Unwatch(int fd);

  // Any thread: makes the Wait that runs, or the next one, return.
  void Wake();

  // Until something is readable, somebody calls Wake, or `until`. Calls nothing.
  void Wait(std::optional<TimePoint> until);
  // Calls whose descriptors the last Wait saw.
  void Dispatch();

 private:
  struct Watched {
    std::uint64_t number = 0;  // of this registration
    Readable readable;
  };
  struct Seen {
    int fd = -1;
    std::uint64_t number = 0;
  };

  UniqueFd epoll_fd_;
  UniqueFd wake_fd_;
  std::unordered_map<int, Watched> watched_;
  std::vector<Seen> seen_;
  std::uint64_t last_number_ = 0;
};

}  // namespace sstpgw::cp
