#include "gateway/edge/wakeup.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace sstpgw::edge {

Result<Wakeup> Wakeup::Create() {
  UniqueFd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd.valid()) return Fail(SystemError("eventfd", errno));
  return Wakeup(std::move(fd));
}

void Wakeup::Signal() const {
  const std::uint64_t one = 1;
  // EAGAIN means the counter is at its limit, so the reader has been woken already.
  while (::write(fd_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

void Wakeup::Drain() const {
  std::uint64_t count = 0;
  while (::read(fd_.get(), &count, sizeof(count)) < 0 && errno == EINTR) {
  }
}

}  // namespace sstpgw::edge
