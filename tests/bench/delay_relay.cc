// A cable with a delay: a TUN interface in each of two network namespaces; what the kernel gives to
// one of them comes out of the other so much later, in order. Super-packets stay whole, so that
// several Gbit/s fit into a part of a core.
//
//   sstp-bench-delay-relay --netns NAME --netns NAME [--ifname far0] [--delay-ms 10]
//                          [--memory-mib 64]
//
// Prints "ready" when both interfaces are there (down, without addresses), and on SIGTERM one JSON
// object with a list of both directions: packets (super-packets are one) and octets that came out,
// how many the other side refused, the most octets that waited, how often no more were taken in
// because `--memory-mib` was used up (the interface's queue then fills and drops), and how late
// packets left beyond the delay. Root is needed.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int kVnetHeader = 10;
constexpr std::size_t kPacketRoom = kVnetHeader + 65535;
constexpr int kReadsPerTurn = 64;  // then packets that are due have their turn

struct Options {
  std::vector<std::string> netns;
  std::string ifname = "far0";
  double delay_ms = 10;
  std::size_t memory_mib = 64;
};

[[noreturn]] void Die(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

std::int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// The calling thread is in that namespace afterwards.
int MakeTun(const std::string& netns, const std::string& name) {
  const int there = open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC);
  if (there < 0 || setns(there, CLONE_NEWNET) < 0) Die("network namespace " + netns);
  close(there);
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq request{};
  std::copy_n(name.begin(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1), request.ifr_name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  int header = kVnetHeader;
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0 || ioctl(fd, TUNSETVNETHDRSZ, &header) < 0) {
    Die("TUN interface in " + netns);
  }
  constexpr unsigned long kTcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  constexpr unsigned long kUdp = 0x20 | 0x40;  // TUN_F_USO4, TUN_F_USO6: Linux 6.2, newer headers
  if (ioctl(fd, TUNSETOFFLOAD, kTcp | kUdp) < 0 && ioctl(fd, TUNSETOFFLOAD, kTcp) < 0) {
    Die("TUNSETOFFLOAD");
  }
  return fd;
}

struct Counters {
  std::uint64_t packets = 0, octets = 0, refused = 0, most_waiting = 0, full = 0;
  std::int64_t late_ns = 0, latest_ns = 0;
};

// Packets that wait for their time, one behind the other in one piece of memory.
class Line {
 public:
  explicit Line(std::size_t memory) : octets_(memory) {}

  // Where the next packet of up to kPacketRoom is to be put; null: no memory is left.
  std::uint8_t* Room() {
    if (waiting_.empty()) tail_ = 0;
    const std::size_t head = waiting_.empty() ? 0 : waiting_.front().offset;
    if (!waiting_.empty() && tail_ <= head) {
      return head - tail_ > kPacketRoom ? octets_.data() + tail_ : nullptr;
    }
    if (octets_.size() - tail_ >= kPacketRoom) return octets_.data() + tail_;
    if (head <= kPacketRoom) return nullptr;
    tail_ = 0;
    return octets_.data();
  }
  // What was put there.
  void Push(std::size_t size, std::int64_t due_ns) {
    waiting_.push_back({tail_, size, due_ns});
    tail_ += size;
    held_ += size;
  }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::int64_t due_ns() const { return waiting_.front().due_ns; }
  [[nodiscard]] const std::uint8_t* data() const {
    return octets_.data() + waiting_.front().offset;
  }
  [[nodiscard]] std::size_t size() const { return waiting_.front().size; }
  [[nodiscard]] std::size_t held() const { return held_; }
  void Pop() {
    held_ -= waiting_.front().size;
    waiting_.pop_front();
  }

 private:
  struct Waiting {
    std::size_t offset, size;
    std::int64_t due_ns;
  };
  std::vector<std::uint8_t> octets_;
  std::deque<Waiting> waiting_;
  std::size_t tail_ = 0, held_ = 0;
};

class Direction {
 public:
  Direction(int from, int to, int stop, const Options& options)
      : from_(from),
        to_(to),
        stop_(stop),
        delay_ns_(static_cast<std::int64_t>(options.delay_ms * 1e6)),
        line_(options.memory_mib << 20) {}

  void Run() {
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    std::array<pollfd, 2> waiting{{{stop_, POLLIN, 0}, {from_, POLLIN, 0}}};
    while ((waiting[0].revents & POLLIN) == 0) {
      Deliver();
      const bool room = TakeIn();
      waiting[1].fd = room ? from_ : -1;
      const std::int64_t left =
          line_.empty() ? 0 : std::max<std::int64_t>(0, line_.due_ns() - NowNs());
      const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
      ppoll(waiting.data(), waiting.size(), line_.empty() ? nullptr : &timeout, nullptr);
    }
  }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  void Deliver() {
    for (std::int64_t now = NowNs(); !line_.empty() && line_.due_ns() <= now; line_.Pop()) {
      counters_.late_ns += now - line_.due_ns();
      counters_.latest_ns = std::max(counters_.latest_ns, now - line_.due_ns());
      const ssize_t written = write(to_, line_.data(), line_.size());
      if (written < 0) {
        ++counters_.refused;
      } else {
        ++counters_.packets;
        counters_.octets += static_cast<std::uint64_t>(written) - kVnetHeader;
      }
    }
  }

  // False: memory is used up.
  bool TakeIn() {
    for (int i = 0; i < kReadsPerTurn; ++i) {
      std::uint8_t* room = line_.Room();
      if (room == nullptr) {
        ++counters_.full;
        return false;
      }
      const ssize_t size = read(from_, room, kPacketRoom);
      if (size < kVnetHeader) break;
      line_.Push(static_cast<std::size_t>(size), NowNs() + delay_ns_);
      counters_.most_waiting = std::max<std::uint64_t>(counters_.most_waiting, line_.held());
    }
    return true;
  }

  int from_, to_, stop_;
  std::int64_t delay_ns_;
  Line line_;
  Counters counters_;
};

void Print(const Counters& c) {
  const double packets = static_cast<double>(std::max<std::uint64_t>(1, c.packets));
  std::printf(
      "{\"packets\": %ju, \"octets\": %ju, \"refused\": %ju, \"most_waiting_octets\": %ju, "
      "\"full\": %ju, \"late_mean_us\": %.1f, \"late_max_us\": %.1f}",
      static_cast<std::uintmax_t>(c.packets), static_cast<std::uintmax_t>(c.octets),
      static_cast<std::uintmax_t>(c.refused), static_cast<std::uintmax_t>(c.most_waiting),
      static_cast<std::uintmax_t>(c.full), static_cast<double>(c.late_ns) * 1e-3 / packets,
      static_cast<double>(c.latest_ns) * 1e-3);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Joins two network namespaces by a cable with a delay");
  app.add_option("--netns", options.netns, "both namespaces")->required()->expected(2);
  app.add_option("--ifname", options.ifname, "the interface's name in both");
  app.add_option("--delay-ms", options.delay_ms, "one way")->check(CLI::Range(0.0, 10000.0));
  app.add_option("--memory-mib", options.memory_mib, "for packets that wait, in each direction")
      ->check(CLI::Range(1, 4096));
  CLI11_PARSE(app, argc, argv);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const int stop = eventfd(0, EFD_CLOEXEC);
  const int a = MakeTun(options.netns[0], options.ifname);
  const int b = MakeTun(options.netns[1], options.ifname);
  Direction there(a, b, stop, options);
  Direction back(b, a, stop, options);
  {
    const std::jthread one([&there] { there.Run(); });
    const std::jthread other([&back] { back.Run(); });
    std::printf("ready\n");
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
    if (eventfd_write(stop, 1) < 0) Die("eventfd");
  }
  std::printf("{\"directions\": [");
  Print(there.counters());
  std::printf(", ");
  Print(back.counters());
  std::printf("]}\n");
  return 0;
}
