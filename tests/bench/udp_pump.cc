// A UDP stream that fills a path without losing packets: the sender has at most a window of packets
// under way, the receiver tells what has arrived. With a rate it is paced instead, in bursts of one
// millisecond.
//
//   sstp-bench-udp-pump server --port 5301
//   sstp-bench-udp-pump client --host 10.20.0.2 --port 5301 --direction up|down --size 200
//                              --seconds 5 [--window 256] [--rate PACKETS_PER_SECOND] [--gso]
//
// `--size`: octets of the IP packet. `--gso`: the sender hands its kernel 16 packets at one time
// (UDP_SEGMENT). The server serves one stream after the other; what is to be sent and what arrived
// is agreed on over a TCP connection. The client prints one JSON object:
// packets that arrived, packets sent, seconds. Both ends use few system calls, so that most of the
// CPU is left to what is between them.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kIpUdp = 28;     // IPv4 and UDP header
constexpr std::size_t kBurst = 32;     // packets per sendmmsg and recvmmsg
constexpr std::size_t kSegments = 16;  // packets per send with UDP_SEGMENT
constexpr std::size_t kMaxPayload = 1472;
constexpr auto kLostAfter = std::chrono::milliseconds(50);  // nothing arrived: it is lost

// What packets begin with, in the machine's byte order: both ends run on one machine.
enum class Kind : std::uint32_t { kData = 1, kReport };
struct Head {
  Kind kind = Kind::kData;
  std::uint32_t number = 0;  // kData: counts from 1; kReport: the highest that arrived
};
// What the client asks for over the TCP connection that goes along with a stream. The answer is the
// server's UDP port; at the end the sender says there how many it sent, the receiver how many came.
struct Stream {
  std::uint32_t payload = 0, window = 0, rate = 0, gso = 0, down = 0, milliseconds = 0;
  std::uint16_t port = 0;  // UDP
};

struct Options {
  std::string host, direction = "up";
  std::size_t size = 200;
  double seconds = 5;
  unsigned window = 256, rate = 0;
  std::uint16_t port = 5301;
  bool gso = false;
};

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

double Since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Up to kBurst packets at one time.
class Batch {
 public:
  explicit Batch(std::size_t room) : octets_(kBurst * room), room_(room) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      vectors_[i] = {octets_.data() + i * room, room};
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  char* at(std::size_t index) { return octets_.data() + index * room_; }
  void set_size(std::size_t index, std::size_t size) { vectors_[index].iov_len = size; }
  [[nodiscard]] std::size_t size(std::size_t index) const { return messages_[index].msg_len; }
  // How many were sent; fewer than `count` when the kernel has no room.
  std::size_t Send(int fd, std::size_t count) {
    const int sent = sendmmsg(fd, messages_.data(), static_cast<unsigned>(count), 0);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  std::size_t Receive(int fd) {
    const int got = recvmmsg(fd, messages_.data(), kBurst, MSG_DONTWAIT, nullptr);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  }

 private:
  std::vector<char> octets_;
  std::size_t room_;
  std::array<iovec, kBurst> vectors_{};
  std::array<mmsghdr, kBurst> messages_{};
};

bool WaitReadable(int fd, std::chrono::milliseconds timeout) {
  pollfd waiting{fd, POLLIN, 0};
  return poll(&waiting, 1, static_cast<int>(timeout.count())) > 0;
}

template <typename T>
void Tell(int control, const T& value) {
  if (send(control, &value, sizeof(value), MSG_NOSIGNAL) != sizeof(value))
    Die("control connection");
}

template <typename T>
T Hear(int control) {
  T value;
  if (recv(control, &value, sizeof(value), MSG_WAITALL) != sizeof(value)) Die("control connection");
  return value;
}

Head HeadOf(const char* packet) {
  Head head;
  std::memcpy(&head, packet, sizeof(head));
  return head;
}

class Sender {
 public:
  Sender(int fd, const Stream& stream)
      : fd_(fd), stream_(stream), batch_(kMaxPayload * kSegments), reports_(sizeof(Head)) {
    const int segment = static_cast<int>(stream.payload);
    if (stream.gso != 0 &&
        setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0) {
      Die("UDP_SEGMENT");
    }
  }

  void Run() {
    const Clock::time_point begin = Clock::now();
    const double seconds = stream_.milliseconds * 1e-3;
    for (double now = 0; now < seconds; now = Since(begin)) {
      TakeReports();
      if (stream_.rate != 0) {
        SendBurst(static_cast<std::size_t>(now * stream_.rate) - sent_);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      } else if (sent_ - arrived_ >= stream_.window) {
        if (!WaitReadable(fd_, kLostAfter)) arrived_ = sent_;
      } else {
        SendBurst(stream_.window - (sent_ - arrived_));
      }
    }
  }
  [[nodiscard]] std::size_t sent() const { return sent_; }

 private:
  void TakeReports() {
    for (std::size_t got = reports_.Receive(fd_); got > 0; got = reports_.Receive(fd_)) {
      for (std::size_t i = 0; i < got; ++i) {
        const Head head = HeadOf(reports_.at(i));
        if (head.kind == Kind::kReport) arrived_ = std::max<std::size_t>(arrived_, head.number);
      }
      if (got < kBurst) return;
    }
  }

  void SendBurst(std::size_t packets) {
    const std::size_t each = stream_.gso != 0 ? kSegments : 1;
    while (packets > 0) {
      std::size_t count = 0;
      std::size_t next = sent_;
      for (; count < kBurst && packets > 0; ++count) {
        const std::size_t here = std::min(each, packets);
        for (std::size_t i = 0; i < here; ++i) {
          const Head head{Kind::kData, static_cast<std::uint32_t>(++next)};
          std::memcpy(batch_.at(count) + i * stream_.payload, &head, sizeof(head));
        }
        batch_.set_size(count, here * stream_.payload);
        packets -= here;
      }
      const std::size_t sent = batch_.Send(fd_, count);
      sent_ = sent == count ? next : std::min(next, sent_ + sent * each);
      if (sent < count) return;
      if (stream_.rate == 0) TakeReports();
    }
  }

  int fd_;
  Stream stream_;
  Batch batch_;
  Batch reports_;
  std::size_t sent_ = 0;
  std::size_t arrived_ = 0;  // the highest number that is known to have arrived
};

// Four reports for a window, so that the sender goes on before the path is empty.
std::uint32_t ReportEvery(const Stream& stream) { return std::max(1U, stream.window / 4); }

struct Outcome {
  std::uint64_t packets = 0;  // that arrived
  std::uint64_t sent = 0;
  double seconds = 0;
};

class Receiver {
 public:
  Receiver(int fd, const Stream& stream)
      : fd_(fd), report_every_(ReportEvery(stream)), batch_(kMaxPayload) {}

  // Until the sender has told its count on `control`, and all have arrived or nothing comes.
  Outcome Run(int control) {
    bool told = false;
    while (!told || outcome_.packets < outcome_.sent) {
      std::array<pollfd, 2> waiting{{{fd_, POLLIN, 0}, {told ? -1 : control, POLLIN, 0}}};
      const auto timeout = told ? kLostAfter : std::chrono::milliseconds(10000);
      if (poll(waiting.data(), waiting.size(), static_cast<int>(timeout.count())) <= 0) break;
      if (waiting[0].revents != 0) TakePackets();
      if (waiting[1].revents == 0) continue;
      outcome_.sent = Hear<std::uint64_t>(control);
      told = true;
    }
    Tell(control, outcome_.packets);
    return outcome_;
  }

 private:
  void TakePackets() {
    for (std::size_t got = kBurst; got == kBurst;) {
      got = batch_.Receive(fd_);
      for (std::size_t i = 0; i < got; ++i) {
        if (outcome_.packets++ == 0) begin_ = Clock::now();
        highest_ = std::max(highest_, HeadOf(batch_.at(i)).number);
      }
      if (highest_ - reported_ >= report_every_) {
        const Head report{Kind::kReport, highest_};
        [[maybe_unused]] const ssize_t sent = send(fd_, &report, sizeof(report), 0);
        reported_ = highest_;
      }
    }
    outcome_.seconds = Since(begin_);
  }

  int fd_;
  std::uint32_t report_every_;
  Batch batch_;
  std::uint32_t highest_ = 0;
  std::uint32_t reported_ = 0;
  Clock::time_point begin_ = Clock::now();
  Outcome outcome_;
};

Outcome RunSender(int fd, int control, const Stream& stream) {
  Outcome outcome;
  const Clock::time_point begin = Clock::now();
  Sender sender(fd, stream);
  sender.Run();
  outcome.seconds = Since(begin);
  outcome.sent = sender.sent();
  Tell(control, outcome.sent);
  outcome.packets = Hear<std::uint64_t>(control);
  return outcome;
}

// A UDP socket with room for a window, on any port of the address that `control` has here.
int DataSocket(int control, std::uint16_t& port) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int room = 4 * 1024 * 1024;
  sockaddr_in own{};
  socklen_t length = sizeof(own);
  if (getsockname(control, reinterpret_cast<sockaddr*>(&own), &length) < 0) Die("getsockname");
  own.sin_port = 0;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0 ||
      bind(fd, reinterpret_cast<sockaddr*>(&own), length) < 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) < 0) {
    Die("UDP socket");
  }
  port = ntohs(own.sin_port);
  return fd;
}

void ConnectTo(int fd, sockaddr_in peer, std::uint16_t port) {
  peer.sin_port = htons(port);
  if (connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) < 0) Die("connect");
}

void ServeOne(int control, const sockaddr_in& peer) {
  const auto stream = Hear<Stream>(control);
  std::uint16_t port = 0;
  const int fd = DataSocket(control, port);
  ConnectTo(fd, peer, stream.port);
  Tell(control, port);
  if (stream.down != 0) {
    RunSender(fd, control, stream);
  } else {
    Receiver(fd, stream).Run(control);
  }
  close(fd);
}

int Serve(const Options& options) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_port = htons(options.port);
  if (bind(listener, reinterpret_cast<sockaddr*>(&own), sizeof(own)) < 0 ||
      listen(listener, 8) < 0) {
    Die("listen");
  }
  while (true) {
    sockaddr_in peer{};
    socklen_t length = sizeof(peer);
    const int control = accept(listener, reinterpret_cast<sockaddr*>(&peer), &length);
    if (control < 0) Die("accept");
    ServeOne(control, peer);
    close(control);
  }
}

int Dial(const Options& options) {
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  if (inet_pton(AF_INET, options.host.c_str(), &peer.sin_addr) != 1) Die("host");
  const int control = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ConnectTo(control, peer, options.port);
  Stream stream{.payload = static_cast<std::uint32_t>(options.size - kIpUdp),
                .window = options.window,
                .rate = options.rate,
                .gso = options.gso ? 1U : 0U,
                .down = options.direction == "down" ? 1U : 0U,
                .milliseconds = static_cast<std::uint32_t>(options.seconds * 1000)};
  const int fd = DataSocket(control, stream.port);
  Tell(control, stream);
  ConnectTo(fd, peer, Hear<std::uint16_t>(control));
  const Outcome outcome =
      stream.down != 0 ? Receiver(fd, stream).Run(control) : RunSender(fd, control, stream);
  std::printf("{\"packets\": %ju, \"sent\": %ju, \"seconds\": %.6f}\n",
              static_cast<std::uintmax_t>(outcome.packets),
              static_cast<std::uintmax_t>(outcome.sent), outcome.seconds);
  return outcome.packets > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("A UDP stream that fills a path without losing packets");
  app.require_subcommand(1);
  CLI::App* server = app.add_subcommand("server", "serves until it is killed");
  CLI::App* client = app.add_subcommand("client", "one stream");
  client->add_option("--host", options.host)->required();
  client->add_option("--direction", options.direction)->check(CLI::IsMember({"up", "down"}));
  client->add_option("--size", options.size)->check(CLI::Range(44, 1500));
  client->add_option("--seconds", options.seconds);
  client->add_option("--window", options.window)->check(CLI::Range(64, 100000));
  client->add_option("--rate", options.rate);
  client->add_flag("--gso", options.gso);
  for (CLI::App* both : {server, client}) both->add_option("--port", options.port);
  CLI11_PARSE(app, argc, argv);
  return server->parsed() ? Serve(options) : Dial(options);
}
