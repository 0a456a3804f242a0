// UDP packets of one size at a steady rate, and a count of those that arrive: faster than iperf3,
// which takes a system call per packet and so cannot bring a gateway to its limit with small
// packets.
//   sstp-bench-udp-pump receive PORT                            until SIGTERM; prints {"packets",
//   "octets"} then sstp-bench-udp-pump send ADDRESS PORT SIZE RATE SECONDS     SIZE: octets of
//   payload; RATE: packets per second; prints
//                                                               {"packets"}: what the kernel took
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kBurst = 32;  // packets per system call
constexpr std::size_t kMaxPayload = 65507;
volatile sig_atomic_t stopped = 0;

int Die(const char* what) {
  std::perror(what);
  return 1;
}

sockaddr_in AddressOf(const char* text, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  if (text != nullptr && inet_pton(AF_INET, text, &address.sin_addr) != 1) {
    std::fprintf(stderr, "%s is no IPv4 address\n", text);
    std::exit(2);
  }
  return address;
}

struct Burst {
  Burst(std::size_t size) : octets(kBurst * size) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      parts[i] = {octets.data() + i * size, size};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }
  std::vector<std::uint8_t> octets;
  std::array<iovec, kBurst> parts{};
  std::array<mmsghdr, kBurst> messages{};
};

int Receive(int port) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int room = 8 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
  const timeval wait{0, 100'000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
  const sockaddr_in here = AddressOf(nullptr, port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof(here)) != 0) return Die("bind");
  Burst burst(kMaxPayload);
  std::uint64_t packets = 0;
  std::uint64_t octets = 0;
  while (stopped == 0) {
    const int got = recvmmsg(fd, burst.messages.data(), kBurst, MSG_WAITFORONE, nullptr);
    if (got < 0 && errno != EAGAIN && errno != EINTR) return Die("recvmmsg");
    for (int i = 0; i < got; ++i) octets += burst.messages[static_cast<std::size_t>(i)].msg_len;
    if (got > 0) packets += static_cast<std::uint64_t>(got);
  }
  std::printf("{\"packets\": %ju, \"octets\": %ju}\n", static_cast<std::uintmax_t>(packets),
              static_cast<std::uintmax_t>(octets));
  return 0;
}

int Send(const char* to, int port, std::size_t size, double rate, double seconds) {
  using Clock = std::chrono::steady_clock;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_in there = AddressOf(to, port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof(there)) != 0)
    return Die("connect");
  Burst burst(size);
  const auto begin = Clock::now();
  std::uint64_t packets = 0;
  for (;;) {
    const double past = std::chrono::duration<double>(Clock::now() - begin).count();
    if (past >= seconds) break;
    const double due = past * rate - static_cast<double>(packets);
    if (due < kBurst) {
      std::this_thread::sleep_for(std::chrono::duration<double>((kBurst - due) / rate));
      continue;
    }
    const int sent = sendmmsg(fd, burst.messages.data(), kBurst, 0);
    // Refused for want of room or because nobody listens yet: lost, like on any network.
    packets += sent > 0 ? static_cast<std::uint64_t>(sent) : kBurst;
  }
  std::printf("{\"packets\": %ju}\n", static_cast<std::uintmax_t>(packets));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "receive" && argc == 3) {
    struct sigaction action {};
    action.sa_handler = [](int) { stopped = 1; };
    sigaction(SIGTERM, &action, nullptr);
    return Receive(std::atoi(argv[2]));
  }
  const double size = argc == 7 ? std::atof(argv[4]) : 0;
  if (mode == "send" && size >= 1 && size <= kMaxPayload && std::atof(argv[5]) > 0) {
    return Send(argv[2], std::atoi(argv[3]), static_cast<std::size_t>(size), std::atof(argv[5]),
                std::atof(argv[6]));
  }
  std::fprintf(stderr, "usage: %s receive PORT | send ADDRESS PORT SIZE RATE SECONDS\n", argv[0]);
  return 2;
}
