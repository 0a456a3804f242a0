#include "tests/bench/flows/sender.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sstpgw::bench {
namespace {

constexpr std::size_t kChunk = std::size_t{128} * 1024;  // of one flow, then the next one
constexpr std::size_t kBurst = 16;                       // messages per sendmmsg
constexpr std::size_t kSegments = 16;                    // packets per message, by UDP_SEGMENT
constexpr double kPatience = 0.02;                       // seconds that the sender may be behind

// Of all flows so far.
Sent Segments(const std::vector<int>& flows) {
  Sent sum;
  for (const int fd : flows) {
    tcp_info info{};
    socklen_t length = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0) Die("TCP_INFO");
    sum.packets += info.tcpi_data_segs_out;
    sum.retransmitted += info.tcpi_total_retrans;
  }
  return sum;
}

// A mark if the receiver has said one.
bool HearMark(int control, Mark& mark) {
  const ssize_t got = recv(control, &mark, sizeof(mark), MSG_DONTWAIT);
  if (got == 0) Die("the receiver has gone");
  return got > 0;
}

class Packets {
 public:
  explicit Packets(std::size_t payload) : payload_(payload), octets_(kBurst * kSegments * payload) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      vectors_[i].iov_base = octets_.data() + i * kSegments * payload;
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  // The next `count`, kSegments at most handed to the kernel in one; what it has no room for is not
  // sent later.
  std::uint64_t Send(int fd, std::uint64_t count) {
    std::uint64_t sent = 0;
    while (sent < count) {
      const std::size_t messages = Fill(count - sent);
      const int done = sendmmsg(fd, messages_.data(), static_cast<unsigned>(messages),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
      if (done <= 0) break;
      for (int i = 0; i < done; ++i) {
        const std::uint64_t here = vectors_[static_cast<std::size_t>(i)].iov_len / payload_;
        sent += here;
        next_ += here;
      }
    }
    return sent;
  }

 private:
  // Numbered packets, `count` if they fit; how many messages they are.
  std::size_t Fill(std::uint64_t count) {
    std::uint64_t number = next_;
    std::size_t message = 0;
    for (; message < kBurst && count > 0; ++message) {
      const std::size_t here = std::min<std::size_t>(kSegments, count);
      auto* at = static_cast<char*>(vectors_[message].iov_base);
      for (std::size_t i = 0; i < here; ++i, ++number, at += payload_) {
        std::memcpy(at, &number, sizeof(number));
      }
      vectors_[message].iov_len = here * payload_;
      count -= here;
    }
    return message;
  }

  std::size_t payload_;
  std::uint64_t next_ = 1;
  std::vector<char> octets_;
  std::array<iovec, kBurst> vectors_{};
  std::array<mmsghdr, kBurst> messages_{};
};

}  // namespace

Sent SendTcp(int control, const std::vector<int>& flows, const OnMark& on_mark) {
  const std::vector<char> chunk(kChunk);
  std::vector<pollfd> waiting{{control, POLLIN, 0}};
  for (const int fd : flows) waiting.push_back({fd, POLLOUT, 0});
  Sent before;
  while (true) {
    poll(waiting.data(), waiting.size(), -1);
    for (std::size_t i = 1; i < waiting.size(); ++i) {
      if ((waiting[i].revents & (POLLERR | POLLHUP)) != 0) Die("a flow has broken");
      if (waiting[i].revents == 0) continue;
      [[maybe_unused]] const ssize_t sent =
          send(waiting[i].fd, chunk.data(), chunk.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    Mark mark{};
    if (waiting[0].revents == 0 || !HearMark(control, mark)) continue;
    on_mark(mark);
    const Sent now = Segments(flows);
    if (mark == kBegin) before = now;
    if (mark == kEnough) {
      return {now.packets - before.packets, now.retransmitted - before.retransmitted, 0};
    }
  }
}

Sent SendUdp(int control, int fd, const Request& request, const OnMark& on_mark) {
  Packets packets(request.payload);
  const int segment = static_cast<int>(request.payload);
  if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0) Die("UDP_SEGMENT");
  const double bits = static_cast<double>(request.payload) * 8;
  double per_second = static_cast<double>(request.warm_rate) / bits;
  Clock::time_point last = Clock::now();
  double owed = 1;  // packets
  Sent result;
  std::uint64_t before = 0;
  while (true) {
    const double wait = std::max(0.001, (1 - owed) / per_second);
    const timespec timeout{
        static_cast<time_t>(wait),
        static_cast<long>((wait - static_cast<double>(static_cast<time_t>(wait))) * 1e9)};
    pollfd waiting{control, POLLIN, 0};
    ppoll(&waiting, 1, &timeout, nullptr);
    Mark mark{};
    if (waiting.revents != 0 && HearMark(control, mark)) {
      on_mark(mark);
      if (mark == kEnough) {
        result.packets = result.all - before;
        return result;
      }
      before = result.all;
      per_second = static_cast<double>(request.rate) / bits;
    }
    const Clock::time_point now = Clock::now();
    owed += std::chrono::duration<double>(now - last).count() * per_second;
    owed = std::min(owed, std::max(1.0, kPatience * per_second) + 1);
    last = now;
    const auto due = static_cast<std::uint64_t>(owed);
    result.all += packets.Send(fd, due);
    owed -= static_cast<double>(due);
  }
}

}  // namespace sstpgw::bench
