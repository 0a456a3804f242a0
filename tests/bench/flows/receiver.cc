#include "tests/bench/flows/receiver.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

namespace sstpgw::bench {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kTurn = std::size_t{1} << 20;  // octets of one flow, then the next one
constexpr std::size_t kBurst = 32;                   // packets per recvmmsg
constexpr std::size_t kMaxPayload = 1472;
constexpr auto kSilence = milliseconds(500);  // then nothing more comes

// Until a descriptor is readable or `end` has come.
void Await(std::vector<pollfd>& waiting, Clock::time_point end) {
  const auto left = std::max<std::chrono::nanoseconds>(end - Clock::now(), milliseconds(0));
  const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
  if (ppoll(waiting.data(), waiting.size(), &timeout, nullptr) <= 0) {
    for (pollfd& one : waiting) one.revents = 0;
  }
}

}  // namespace

Received Receive(int control, const Request& request, Source& source, const OnMark& on_mark) {
  const auto say = [&](Mark mark) {
    on_mark(mark);
    Tell(control, mark);
  };
  std::vector<pollfd> waiting;
  for (const int fd : source.fds()) waiting.push_back({fd, POLLIN, 0});
  std::vector<std::uint64_t> now_counts(waiting.size(), 0);
  std::vector<std::uint64_t> first_counts;
  std::uint64_t last_sum = 0;
  Received result;
  Clock::time_point begin;
  Clock::time_point next = Clock::now() + milliseconds(request.warm_ms);
  while (true) {
    Await(waiting, next);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) now_counts[i] += source.Take(i);
    }
    const Clock::time_point now = Clock::now();
    if (now < next) continue;
    const std::uint64_t sum = std::accumulate(now_counts.begin(), now_counts.end(), 0ULL);
    if (first_counts.empty()) {
      first_counts = now_counts;
      begin = next = now;
      say(kBegin);
    } else {
      result.of_each_second.push_back(sum - last_sum);
    }
    last_sum = sum;
    const Clock::time_point end = begin + milliseconds(request.ms);
    if (now >= end) {
      result.seconds = std::chrono::duration<double>(now - begin).count();
      break;
    }
    next = std::min<Clock::time_point>(next + std::chrono::seconds(1), end);
  }
  say(kEnough);
  for (std::size_t i = 0; i < now_counts.size(); ++i) {
    result.octets.push_back(now_counts[i] - first_counts[i]);
  }
  return result;
}

std::uint64_t Connections::Take(std::size_t flow) {
  // The kernel throws it away: the octets are of no use, and copying them would take CPU from what
  // is measured.
  const ssize_t got = recv(fds_[flow], nullptr, kTurn, MSG_DONTWAIT | MSG_TRUNC);
  return got > 0 ? static_cast<std::uint64_t>(got) : 0;
}

std::uint64_t Datagrams::Take(std::size_t flow) {
  thread_local std::vector<char> room(kBurst * kMaxPayload);
  std::array<iovec, kBurst> vectors{};
  std::array<mmsghdr, kBurst> messages{};
  for (std::size_t i = 0; i < kBurst; ++i) {
    vectors[i] = {room.data() + i * kMaxPayload, kMaxPayload};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  std::uint64_t octets = 0;
  const int got = recvmmsg(fds_[flow], messages.data(), kBurst, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < got; ++i) {
    const auto& message = messages[static_cast<std::size_t>(i)];
    std::uint64_t number = 0;
    if (message.msg_len < sizeof(number)) continue;
    std::memcpy(&number, message.msg_hdr.msg_iov->iov_base, sizeof(number));
    if (number == 0) continue;  // the greeting
    ++packets_;
    if (number < highest_) ++disordered_;
    highest_ = std::max(highest_, number);
    octets += message.msg_len;
  }
  return octets;
}

void Datagrams::TakeRest(std::uint64_t sent) {
  const Clock::time_point end = Clock::now() + std::chrono::seconds(3);
  std::vector<pollfd> waiting{{fds_[0], POLLIN, 0}};
  while (packets_ < sent && Clock::now() < end) {
    Await(waiting, std::min<Clock::time_point>(end, Clock::now() + kSilence));
    if (waiting[0].revents == 0) return;
    Take(0);
  }
}

}  // namespace sstpgw::bench
