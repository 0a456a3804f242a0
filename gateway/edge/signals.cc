#include "gateway/edge/signals.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace sstpgw::edge {
namespace {

sigset_t SetOf(const std::vector<int>& signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

}  // namespace

Result<void> BlockSignals(const std::vector<int>& signals) {
  const sigset_t set = SetOf(signals);
  const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  if (error != 0) return Fail(SystemError("pthread_sigmask", error));
  return {};
}

SignalWatcher::SignalWatcher(EventLoop& loop, UniqueFd fd, Receiver receiver)
    : loop_(loop), fd_(std::move(fd)), receiver_(std::move(receiver)) {}

Result<std::unique_ptr<SignalWatcher>> SignalWatcher::Create(EventLoop& loop,
                                                             const std::vector<int>& signals,
                                                             Receiver receiver) {
  const sigset_t set = SetOf(signals);
  UniqueFd fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.valid()) return Fail(SystemError("signalfd", errno));
  std::unique_ptr<SignalWatcher> watcher(
      new SignalWatcher(loop, std::move(fd), std::move(receiver)));
  SG_ASSIGN_OR_RETURN(watcher->handle_, loop.Add(watcher->fd_.get(), Interest::kRead, *watcher));
  return watcher;
}

SignalWatcher::~SignalWatcher() { loop_.Remove(handle_); }

void SignalWatcher::OnIo(IoEvents /*events*/) {
  signalfd_siginfo info{};
  // One per call: the receiver may destroy this object, and level triggering brings the next.
  ssize_t got = ::read(fd_.get(), &info, sizeof(info));
  while (got < 0 && errno == EINTR) got = ::read(fd_.get(), &info, sizeof(info));
  if (got == static_cast<ssize_t>(sizeof(info))) {
    const Receiver receiver = receiver_;
    receiver(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace sstpgw::edge
