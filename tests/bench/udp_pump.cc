// A UDP stream that fills a path without losing packets: the sender has at most a window of packets
// under way, the receiver tells what has arrived. With a rate it is paced instead, in bursts of one
// millisecond.
//
//   sstp-bench-udp-pump server --port 5301
//   sstp-bench-udp-pump client --host 10.20.0.2 --port 5301 --direction up|down --size 200
//                              --seconds 5 [--window 128] [--rate PACKETS_PER_SECOND] [--gso]
//
// `--size`: octets of the IP packet. `--gso`: the sender hands its kernel 16 packets at one time
// (UDP_SEGMENT). The server serves one stream after the other. The client prints one JSON object:
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
enum class Kind : std::uint32_t { kHello = 1, kData, kReport, kEnd };
struct Head {
  Kind kind = Kind::kData;
  std::uint32_t number = 0;  // kData: counts from 1; kReport: the highest that arrived
  std::uint64_t count = 0;   // kReport, kEnd: packets that arrived; kEnd of a sender: packets sent
};
struct Stream {  // in the hello, behind the head
  std::uint32_t payload = 0, window = 0, rate = 0, gso = 0, down = 0, milliseconds = 0;
};

struct Options {
  std::string host, direction = "up";
  std::size_t size = 200;
  double seconds = 5;
  unsigned window = 128, rate = 0;
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

Head HeadOf(const char* packet) {
  Head head;
  std::memcpy(&head, packet, sizeof(head));
  return head;
}

void SendHead(int fd, const Head& head) {
  [[maybe_unused]] const ssize_t sent = send(fd, &head, sizeof(head), 0);
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
    const int off = 0;
    setsockopt(fd_, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof(off));
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
          const Head head{Kind::kData, static_cast<std::uint32_t>(++next), 0};
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

struct Received {
  std::size_t packets = 0;
  std::size_t sent = 0;  // as the sender says
  double seconds = 0;
};

// Until the sender says that it has ended, or nothing has come for two seconds.
Received Receive(int fd, std::uint32_t report_every) {
  Batch batch(kMaxPayload);
  Received received;
  std::uint32_t highest = 0;
  std::uint32_t reported = 0;
  Clock::time_point begin;
  while (WaitReadable(fd, std::chrono::seconds(2))) {
    bool ended = false;
    for (std::size_t got = batch.Receive(fd); got > 0; got = batch.Receive(fd)) {
      for (std::size_t i = 0; i < got; ++i) {
        const Head head = HeadOf(batch.at(i));
        if (head.kind == Kind::kEnd) received.sent = head.count;
        ended = ended || head.kind == Kind::kEnd;
        if (head.kind != Kind::kData) continue;
        if (received.packets++ == 0) begin = Clock::now();
        highest = std::max(highest, head.number);
      }
      received.seconds = Since(begin);
      if (highest - reported >= report_every) {
        SendHead(fd, {Kind::kReport, highest, received.packets});
        reported = highest;
      }
      if (got < kBurst) break;
    }
    if (ended) break;
  }
  return received;
}

// The end may get lost like any packet: said until it is answered.
Head SayEnd(int fd, std::size_t count) {
  std::array<char, kMaxPayload> packet{};
  for (int i = 0; i < 20; ++i) {
    SendHead(fd, {Kind::kEnd, 0, count});
    while (WaitReadable(fd, std::chrono::milliseconds(100))) {
      if (recv(fd, packet.data(), packet.size(), 0) < static_cast<ssize_t>(sizeof(Head))) break;
      if (HeadOf(packet.data()).kind == Kind::kEnd) return HeadOf(packet.data());
    }
  }
  return {};
}

int Socket() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Die("socket");
  const int room = 4 * 1024 * 1024;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0) Die("SO_RCVBUFFORCE");
  return fd;
}

int Serve(const Options& options) {
  const int fd = Socket();
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_port = htons(options.port);
  if (bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof(own)) < 0) Die("bind");
  std::puts("listening");
  std::fflush(stdout);
  while (true) {
    std::array<char, kMaxPayload> packet{};
    sockaddr_in peer{};
    socklen_t length = sizeof(peer);
    const ssize_t size =
        recvfrom(fd, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&peer), &length);
    if (size < static_cast<ssize_t>(sizeof(Head) + sizeof(Stream))) continue;
    if (HeadOf(packet.data()).kind != Kind::kHello) continue;
    Stream stream;
    std::memcpy(&stream, packet.data() + sizeof(Head), sizeof(stream));
    if (connect(fd, reinterpret_cast<sockaddr*>(&peer), length) < 0) Die("connect");
    SendHead(fd, {Kind::kHello, 0, 0});
    if (stream.down != 0) {
      Sender sender(fd, stream);
      sender.Run();
      SayEnd(fd, sender.sent());
    } else {
      SendHead(fd, {Kind::kEnd, 0, Receive(fd, ReportEvery(stream)).packets});
    }
    sockaddr_in nobody{};
    nobody.sin_family = AF_UNSPEC;
    connect(fd, reinterpret_cast<sockaddr*>(&nobody), sizeof(nobody));
  }
}

void SayHello(int fd, const Stream& stream) {
  std::array<char, sizeof(Head) + sizeof(Stream)> hello{};
  const Head head{Kind::kHello, 0, 0};
  std::memcpy(hello.data(), &head, sizeof(head));
  std::memcpy(hello.data() + sizeof(head), &stream, sizeof(stream));
  for (int i = 0; i < 20; ++i) {
    if (send(fd, hello.data(), hello.size(), 0) < 0) Die("send");
    if (WaitReadable(fd, std::chrono::milliseconds(100))) return;
  }
  Die("no answer");
}

int Dial(const Options& options) {
  const int fd = Socket();
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(options.port);
  if (inet_pton(AF_INET, options.host.c_str(), &peer.sin_addr) != 1) Die("host");
  if (connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) < 0) Die("connect");
  const bool down = options.direction == "down";
  const Stream stream{static_cast<std::uint32_t>(options.size - kIpUdp),
                      options.window,
                      options.rate,
                      options.gso ? 1U : 0U,
                      down ? 1U : 0U,
                      static_cast<std::uint32_t>(options.seconds * 1000)};
  SayHello(fd, stream);
  Received received;
  if (down) {
    received = Receive(fd, ReportEvery(stream));
    for (int i = 0; i < 3; ++i) SendHead(fd, {Kind::kEnd, 0, received.packets});
  } else {
    const Clock::time_point begin = Clock::now();
    Sender sender(fd, stream);
    sender.Run();
    received.seconds = Since(begin);
    received.sent = sender.sent();
    received.packets = SayEnd(fd, received.sent).count;
  }
  std::printf("{\"packets\": %zu, \"sent\": %zu, \"seconds\": %.6f}\n", received.packets,
              received.sent, received.seconds);
  return received.packets > 0 ? 0 : 1;
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
